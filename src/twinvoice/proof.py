"""What the proof copy 電子發票證明聯 carries in its three barcodes, written and read.

Sources: mof.md §3.3 (Code 39), §3.4–3.5 (the two QR codes), §3.7 (verification), §14.3–14.4;
printing.md "QR version policy".
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from twinvoice.document import CONSUMER_BAN, Invoice, Line
from twinvoice.faults import Fault
from twinvoice.period import Period, parse_roc_date, roc_date7
from twinvoice.tax import tax_of_inclusive

VERIFICATION_IV = bytes.fromhex("0EDF25C93A28D7B5FF5E45DA42F8A1B8")
"""The initialisation vector that the barcode specification fixes for everybody (mof.md §3.7)."""

BYTE_CAPACITY = {6: 134, 7: 154, 8: 192, 9: 230, 10: 271, 11: 321, 12: 367}
"""Bytes that a QR symbol of that version holds in byte mode at error correction L. The proof's
symbols are never smaller than version 6 (mof.md §3.6), and no pair above 12 fits 57 mm paper."""

COMFORTABLE_BYTES = BYTE_CAPACITY[7]
"""Up to here a module is 4 dots at 384 dots: what every scanner reads (printing.md §0.4)."""

LARGEST_BYTES = BYTE_CAPACITY[10]
"""The largest symbol still worth drawing at 384 dots: 3 dots a module."""

OWN_AREA = "**********"
"""營業人自用區 when unused."""

NO_BUYER = "00000000"
UTF8, BASE64 = "1", "2"

_MOST_DIGITS = 60
_NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}")
_RANDOM = re.compile(r"[0-9]{4}")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_BAN = re.compile(r"[0-9]{8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_LEFT = re.compile(
    r"(?P<number>[A-Z]{2}[0-9]{8})(?P<date>[0-9]{7})(?P<random>[0-9]{4})"
    r"(?P<sales>[0-9A-Fa-f]{8})(?P<total>[0-9A-Fa-f]{8})(?P<buyer>[0-9]{8})(?P<seller>[0-9]{8})"
    r"(?P<verification>[A-Za-z0-9+/=]{24})(?::(?P<rest>.*))?",
    re.DOTALL,
)
_COUNT = re.compile(r"[0-9]{1,9}")
_CODE39 = re.compile(r"([0-9]{3}(?:0[2468]|1[02]))([A-Z]{2}[0-9]{8})([0-9]{4})")


# --- writing ----------------------------------------------------------------------------------


def verification(number: str, random_code: str, key_hex: str) -> str:
    """The 24 characters 加密驗證資訊: Base64 of AES-128-CBC-PKCS7 over number + random code.

    ``key_hex`` is the seller's 32 hex digits from the official genKey (mof.md §3.7).
    Raises ``Fault`` TWI-V01 (number), TWI-V13 (random code) or TWI-KEY; the fault never repeats
    the key.
    """
    plain = _checked_number(number) + _checked_random(random_code)
    padder = padding.PKCS7(128).padder()
    block = padder.update(plain.encode("ascii")) + padder.finalize()
    key = algorithms.AES(_checked_key(key_hex))
    encryptor = Cipher(key, modes.CBC(VERIFICATION_IV)).encryptor()
    return base64.b64encode(encryptor.update(block) + encryptor.finalize()).decode("ascii")


def code39(invoice: Invoice) -> str:
    """The 19 characters of the Code 39, without start and stop: period, number, random code.

    The period is the ROC year and the *even* month of the two-month period, also for an invoice
    of an odd month (mof.md §3.3). Raises ``Fault`` TWI-V01 or TWI-V13.
    """
    period = Period.of(invoice.date).code
    return period + _checked_number(invoice.number) + _checked_random(invoice.random_code)


def qr_pair(invoice: Invoice, key_hex: str, *, byte_limit: int = LARGEST_BYTES) -> tuple[str, str]:
    """The texts of the left and the right QR code, of equal length in UTF-8.

    ``byte_limit`` is the most that one symbol may hold, in bytes. Policy (printing.md §4): all
    items where they fit into ``byte_limit``, in the smallest symbols that take them; otherwise as
    many leading items as fit into 154 bytes (version 7, 4 dots a module), and the true number of
    items stands in the second count. Raises ``Fault`` TWI-V01, TWI-V13, TWI-KEY, TWI-V08 (seller),
    TWI-V09 (buyer), TWI-V17 (amount), TWI-V23 (text that has no UTF-8) or TWI-QR-LIMIT.
    """
    head = qr_head(invoice, verification(invoice.number, invoice.random_code, key_hex))
    if byte_limit < BYTE_CAPACITY[6]:
        raise Fault("TWI-QR-LIMIT", params={"byte_limit": byte_limit, "least": BYTE_CAPACITY[6]})
    return fill_pair(
        head, _leading_items(invoice.lines, byte_limit), len(invoice.lines), byte_limit
    )


def qr_head(invoice: Invoice, cipher: str) -> str:
    """The 77 fixed characters at the start of the left QR code (mof.md §3.4).

    ``cipher`` is the result of ``verification``. Hexadecimal digits are lower case. Raises
    ``Fault`` TWI-V01, TWI-V13, TWI-V08, TWI-V09, TWI-V17 or TWI-AMOUNT (negative).
    """
    return "".join(
        (
            _checked_number(invoice.number),
            roc_date7(invoice.date),
            _checked_random(invoice.random_code),
            _hex(sales_without_tax(invoice), "Amount/SalesAmount"),
            _hex(invoice.totals.total, "Amount/TotalAmount"),
            _checked_ban(invoice.buyer.ban, "TWI-V09", "Main/Buyer/Identifier")
            if invoice.buyer.is_business
            else NO_BUYER,
            _checked_ban(invoice.seller.ban, "TWI-V08", "Main/Seller/Identifier"),
            cipher,
        )
    )


def sales_without_tax(invoice: Invoice) -> int:
    """Tax-exclusive sales in TWD for the QR code, 0 where the tax cannot be separated.

    A consumer's sales include the tax, so it is taken out as the official example does
    (324 of 340; mof.md §2.5); zero-rated and exempt parts carry none. A special rate
    (TaxType 4) is not shown separately anywhere on the invoice, hence 0.
    """
    totals = invoice.totals
    if totals.tax_type == "4":
        return 0
    untaxed = totals.free_tax_sales + totals.zero_tax_sales
    if invoice.buyer.is_business or totals.sales == 0:
        return totals.sales + untaxed
    return totals.sales - tax_of_inclusive(totals.sales) + untaxed


def item_text(line: Line) -> str:
    """``name:quantity:price`` of one line, the way both QR codes list it (mof.md §3.5).

    A colon in the name becomes the full-width one, control characters become blanks.
    """
    name = _CONTROL.sub(" ", line.description).replace(":", "：").strip()
    return f"{name}:{plain_decimal(line.quantity)}:{plain_decimal(line.unit_price)}"


def plain_decimal(value: Decimal) -> str:
    """Digits without exponent, thousands separator or trailing zeros: ``-1.5``, ``100``.

    Raises ``Fault`` TWI-V15 where it is not finite or more than sixty digits away from the point.
    """
    if not value.is_finite() or (value and abs(value.adjusted()) > _MOST_DIGITS):
        raise Fault("TWI-V15", params={"value": f"{value:.6g}"})
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def fill_pair(
    head: str, items: Sequence[str], total_items: int, byte_limit: int = LARGEST_BYTES
) -> tuple[str, str]:
    """Both texts for exactly these items: split at an item's border, padded to equal length.

    The split keeps the longer of the two as short as it can be, with at least one item on the
    left where it fits, as in the official examples. Blanks pad behind the last ``:``
    (mof.md §3.6). Raises ``Fault`` TWI-QR-LIMIT when the items do not fit.
    """
    left = f"{head}:{OWN_AREA}:{len(items)}:{total_items}:{UTF8}:"
    sizes = [_bytes_of(text) + 1 for text in items]
    at = _best_split(_bytes_of(left), sizes, byte_limit)
    if at is None:
        raise Fault("TWI-QR-LIMIT", params={"byte_limit": byte_limit, "items": len(items)})
    left += "".join(f"{text}:" for text in items[:at])
    right = "**" + ":".join(items[at:])
    if at < len(items) and _bytes_of(right) < _bytes_of(left):
        right += ":"
    width = max(_bytes_of(left), _bytes_of(right))
    return _padded(left, width), _padded(right, width)


def _leading_items(lines: Sequence[Line], byte_limit: int) -> list[str]:
    """All items if one symbol pair within ``byte_limit`` takes them, else those that fit V7."""
    everything = _items_within(lines, byte_limit)
    if len(everything) == len(lines) or byte_limit <= COMFORTABLE_BYTES:
        return everything
    return _items_within(lines, COMFORTABLE_BYTES)


def _items_within(lines: Sequence[Line], byte_limit: int) -> list[str]:
    """The longest run of leading items that a pair of ``byte_limit`` bytes each can hold."""
    start = 77 + len(f":{OWN_AREA}:{len(lines)}:{len(lines)}:{UTF8}:")
    items: list[str] = []
    sizes: list[int] = []
    for index, line in enumerate(lines, 1):
        text = item_text(line)
        sizes.append(_bytes_of(text, f"Details/ProductItem[{index}]/Description") + 1)
        if _best_split(start, sizes, byte_limit) is None:
            break
        items.append(text)
    return items


def _best_split(start: int, sizes: Sequence[int], byte_limit: int) -> int | None:
    """How many items stand on the left so that the longer text is shortest; None: does not fit.

    ``start`` is the length of the left text before its items; each size includes one ``:``,
    which the last item on the right does without.
    """
    left, right = start, 2 + sum(sizes)
    best: tuple[int, int] | None = None
    for at in range(len(sizes) + 1):
        longer = max(left, right - 1 if at < len(sizes) else right)
        # Nothing on the left is the last resort: a first item too long for it.
        if longer <= byte_limit and (best is None or best[1] == 0 or longer < best[0]):
            best = (longer, at)
        if at < len(sizes):
            left += sizes[at]
            right -= sizes[at]
    return None if best is None else best[1]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _bytes_of(text))


def _bytes_of(text: str, path: str = "") -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise Fault("TWI-V23", path, {"position": error.start}) from error


def _hex(amount: int, path: str) -> str:
    if not 0 <= amount <= 0xFFFFFFFF:
        raise Fault("TWI-V17", path, {"amount": amount})
    return f"{amount:08x}"


def _checked_number(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise Fault("TWI-V01", "Main/InvoiceNumber", {"number": number})
    return number


def _checked_random(random_code: str) -> str:
    if not _RANDOM.fullmatch(random_code):
        raise Fault("TWI-V13", "Main/RandomNumber", {"random_code": random_code})
    return random_code


def _checked_key(key_hex: str) -> bytes:
    if not _KEY.fullmatch(key_hex):
        raise Fault("TWI-KEY", params={"length": len(key_hex)})
    return bytes.fromhex(key_hex)


def _checked_ban(ban: str, code: str, path: str) -> str:
    if not _BAN.fullmatch(ban):
        raise Fault(code, path, {"ban": ban})
    return ban


# --- reading ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Code39Content:
    """What the one-dimensional barcode says: ``period_code`` is ``11510``, always even."""

    period_code: str
    number: str
    random_code: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item recorded in the QR codes; quantity and price as they were written."""

    name: str
    quantity: str
    price: str


@dataclass(frozen=True, slots=True)
class LeftCode:
    """The left QR code. ``buyer_ban`` is ``CONSUMER_BAN`` for a consumer; ``text`` is what
    follows the encoding field, not yet divided into items; counts are None where left empty."""

    number: str
    date: Date
    random_code: str
    sales: int
    total: int
    buyer_ban: str
    seller_ban: str
    verification: str
    own_area: str = OWN_AREA
    recorded: int | None = None
    total_items: int | None = None
    encoding: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class QrContent:
    """Both QR codes together. ``supplement`` is the free 補充說明 behind the items."""

    left: LeftCode
    items: tuple[Item, ...]
    supplement: str = ""


def read_code39(text: str) -> Code39Content:
    """Reads a scanned one-dimensional barcode, with or without its ``*`` signs.

    Raises ``Fault`` TWI-CODE39-READ for anything else, an odd month included (mof.md §3.3).
    """
    found = _CODE39.fullmatch(text.strip().strip("*").upper())
    if found is None:
        raise Fault("TWI-CODE39-READ", params={"text": text[:40]})
    return Code39Content(*found.groups())


def read_left(text: str) -> LeftCode:
    """Reads the left QR code as tolerantly as real receipts need (mof.md §3.5, §14.4).

    Either case of hexadecimal digits, empty counts, no items, no trailing ``:``. Raises ``Fault``
    TWI-QR-READ when the 77 fixed characters or the date are wrong.
    """
    found = _LEFT.fullmatch(text.strip("\r\n"))
    if found is None:
        raise Fault("TWI-QR-READ", params={"text": text[:96]})
    fields = ((found["rest"] or "").split(":", 4) + [""] * 5)[:5]
    return LeftCode(
        number=found["number"],
        date=_roc_date(found["date"]),
        random_code=found["random"],
        sales=int(found["sales"], 16),
        total=int(found["total"], 16),
        buyer_ban=CONSUMER_BAN if found["buyer"] == NO_BUYER else found["buyer"],
        seller_ban=found["seller"],
        verification=found["verification"],
        own_area=fields[0],
        recorded=_count(fields[1]),
        total_items=_count(fields[2]),
        encoding=fields[3].strip(),
        text=fields[4],
    )


def read_pair(left: str, right: str) -> QrContent:
    """Reads both codes, in whichever order they were scanned.

    Raises ``Fault`` TWI-QR-READ when neither is a left code, the other is not a right code
    (``**`` in front), or a Base64 text is broken.
    """
    if left.startswith("**"):
        left, right = right, left
    if not right.startswith("**"):
        raise Fault("TWI-QR-READ", params={"text": right[:96]})
    head = read_left(left)
    text = head.text + right[2:]
    if head.encoding == BASE64:
        text = _from_base64(text)
    return QrContent(head, *_items_of(text, head.recorded))


def _items_of(text: str, recorded: int | None) -> tuple[tuple[Item, ...], str]:
    fields = [field.strip() for field in text.split(":")]
    while fields and not fields[-1]:
        fields.pop()
    count = len(fields) // 3 if recorded is None else min(recorded, len(fields) // 3)
    items = tuple(Item(*fields[at : at + 3]) for at in range(0, 3 * count, 3))
    return items, ":".join(fields[3 * count :])


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text.strip(), validate=True).decode("utf-8")
    except ValueError as error:  # binascii.Error, UnicodeDecodeError, or text beyond ASCII
        raise Fault("TWI-QR-READ", params={"text": text[:96]}) from error


def _roc_date(digits: str) -> Date:
    try:
        return parse_roc_date(digits)
    except Fault as error:
        raise Fault("TWI-QR-READ", params={"date": digits}) from error


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if _COUNT.fullmatch(text) else None
