"""The few facts both faces need, worked out here again so that no mistake is shared with a client.

Sources: mof.md §2.4 (tax), §4 (period), §10 (business number), provider sheet §3.2 (books of 50).
Amounts are whole New Taiwan dollars; dates are Taipei dates.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CONSUMER = "0" * 10
BOOK = 50
TAX_TYPES = frozenset("12349")
TAX_RATES = tuple(Decimal(rate) for rate in ("0", "0.01", "0.02", "0.05", "0.15", "0.25"))
CARRIER_SHAPES = {
    "3J0002": re.compile(r"/[0-9A-Z.+\-]{7}"),
    "CQ0001": re.compile(r"[A-Z]{2}\d{14}"),
}
CARRIER_TYPE = re.compile(r"[A-Z0-9][A-Z0-9]\d{4}")
DONATION = re.compile(r"\d{3,7}")
NUMBER = re.compile(r"[A-Z]{2}\d{8}", re.ASCII)
PERIOD = re.compile(r"\d{3}(0[2468]|1[02])", re.ASCII)
_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)


def business_number_ok(text: str) -> bool:
    """Say whether ``text`` is a valid 8-digit business number (mof.md §10: divisible by 5)."""
    if not re.fullmatch(r"\d{8}", text, re.ASCII) or text == "00000000":
        return False
    products = [int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=True)]
    total = sum(product // 10 + product % 10 for product in products)
    return total % 5 == 0 or (text[6] == "7" and (total - 9) % 5 == 0)


def period_of(day: date) -> str:
    """Return the period of ``day`` as ROC year and even month: 2026-07-03 is ``11508``."""
    return f"{day.year - 1911:03d}{day.month + day.month % 2:02d}"


def next_period(code: str) -> str:
    """Return the period after ``code``."""
    year, month = int(code[:3]), int(code[3:]) + 2
    return f"{year + 1:03d}02" if month > 12 else f"{year:03d}{month:02d}"


def void_deadline(code: str) -> date:
    """Return the last day on which an invoice of the period may be voided (mof.md §5.1)."""
    following = next_period(code)
    return date(int(following[:3]) + 1911, int(following[3:]) - 1, 15)


def half_up(value: Decimal) -> int:
    """Round to whole dollars, halves away from zero (mof.md §2.4)."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def tax_is_right(sales: int, tax: int, rate: Decimal) -> bool:
    """Say whether the tax follows from either legal direction: exclusive or inclusive price."""
    gross = Decimal(sales + tax)
    return tax in (half_up(sales * rate), half_up(gross * rate / (1 + rate)))


def decimal_of(text: str, places: int = 6) -> Decimal | None:
    """Read a plain decimal with at most ``places`` digits after the point, else ``None``."""
    if not re.fullmatch(rf"-?\d{{1,13}}(\.\d{{1,{places}}})?", text, re.ASCII):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def day_of(text: str) -> date | None:
    """Read a calendar date written exactly as ``2026-07-03``, else ``None``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def moment_of(text: str) -> datetime | None:
    """Read a Taipei wall-clock moment written exactly as ``2026-07-03 18:20:11``, else ``None``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if str(moment) == text and len(text) == 19 else None


def dashed(text: str) -> str:
    """Turn a MIG date ``20260703`` into ``2026-07-03``; anything else stays as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text


def delivery_fault(*, printed: bool, carrier: str, to_company: bool, donated: bool) -> str | None:
    """Judge the delivery table of mof.md §2.1; return what is wrong, or ``None``."""
    public = carrier in CARRIER_SHAPES
    if to_company:
        if donated:
            return "有統編的發票不可捐贈"
        if carrier and not public:
            return "有統編的發票只能使用手機條碼或自然人憑證"
        return None
    if printed:
        return "已列印證明聯不可有載具或捐贈" if carrier or donated else None
    return None if carrier or donated else "未列印時必須有載具或捐贈"


def mix_fault(tax_type: str, sales: int, free: int, zero: int, tax: int) -> str | None:
    """Judge which of the three amounts may be filled for a tax type (mof.md §2.6)."""
    allowed = {
        "1": not free and not zero,
        "2": not sales and not free and not tax,
        "3": not sales and not zero and not tax,
        "4": not free and not zero and not tax,
        "9": bool(sales) and bool(free) != bool(zero),
    }
    return None if allowed[tax_type] else "課稅別與銷售額欄位不符"


def rate_fault(tax_type: str, rate: Decimal | None) -> str | None:
    """Judge the rate of a tax type (mof.md §13 V19)."""
    allowed = {
        "1": ("0.05",),
        "2": ("0",),
        "3": ("0",),
        "4": ("0.02", "0.05", "0.15", "0.25"),
        "9": ("0.05",),
    }[tax_type]
    return None if rate in [Decimal(one) for one in allowed] else "課稅別與稅率不符"
