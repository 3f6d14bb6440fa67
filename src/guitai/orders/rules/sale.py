"""Decisions about a sale: prices, discounts, the invoice document. Pure; money in whole TWD.

Sources: product.md B.5 (checkout), B.10 (mixed tax), S3.16-17 (hand-written numbers); mof.md §2
(rules between fields), §13 (V09-V23).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from guitai.kernel import text
from guitai.kernel.errors import GuitaiError
from guitai.kernel.money import MAX_TWD
from guitai.orders import errors
from guitai.orders.rules.choice import (
    MEMBER_TYPE_LATER,
    Choice,
    buyer_of,
    carrier_of,
    checked,
    is_issued,
    is_printed,
)
from guitai.payments import rules as payments
from guitai.payments.rules import Tender
from twinvoice import check, jsonform, paper, tax
from twinvoice.document import Invoice, Line, Seller, TaxType
from twinvoice.faults import Fault

MAX_LINES = 9_999
MAX_QUANTITY = Decimal("999999.999")
LINE_DISCOUNT_NAME = "折扣"
YEARS = (2000, 2199)
"""What a date of a sale can be; beyond lies a broken device, and dates no column gives back."""

_NO_DAY = date(2000, 1, 1)
_ANYBODY = Seller(ban="00000000", name="-")
_DONE_LATER = frozenset({"TWI-V01", "TWI-V07", "TWI-V08"})
"""What number, date, time and seller break: they are written in when the number is taken."""


class OrderState(StrEnum):
    COMPLETED = "completed"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.COMPLETED: frozenset({OrderState.CANCELLED}),
    OrderState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of a sale. ``discount`` is taken off the whole line, not each piece."""

    name: str
    quantity: Decimal
    unit_price: int
    tax_type: str = "1"
    discount: int = 0
    product_id: UUID | None = None
    price_override: bool = False

    @property
    def amount(self) -> int:
        """Before the discount, half up to the dollar."""
        return tax.whole(self.quantity * self.unit_price)


@dataclass(frozen=True, slots=True)
class Sale:
    """What the till sends. ``total`` is what the clerk saw."""

    id: UUID
    started_at: datetime
    lines: tuple[SaleLine, ...]
    tenders: tuple[Tender, ...]
    invoice: Choice
    total: int
    order_discount: int = 0
    note: str = ""
    recognised_on: date | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """What a sale costs. ``gross`` less both discounts is ``total``."""

    gross: int
    line_discount: int
    order_discount: int
    total: int
    change: int


def needs(sale: Sale) -> frozenset[str]:
    """The permissions that this sale takes (product.md B.14.5).

    A line without a product is a price that a person made, so it takes the right to change prices.
    """
    found = {"till.checkout"}
    if any(line.price_override or line.product_id is None for line in sale.lines):
        found.add("till.price_change")
    if any(line.discount for line in sale.lines):
        found.add("till.line_discount")
    if sale.order_discount:
        found.add("till.order_discount")
    return frozenset(found)


def priced(sale: Sale) -> Priced:
    """Checks every figure and text of the sale and adds it up; refuses with ``ORD-…``."""
    if not sale.lines:
        raise errors.NoLines(field="lines")
    _refuse_too_many(len(sale.lines))
    for index, line in enumerate(sale.lines):
        _check_line(index, line)
    check_text("note", "備註", sale.note)
    _check_year("started_at", sale.started_at.date())
    _check_year("recognised_on", sale.recognised_on)
    gross = sum(line.amount for line in sale.lines)
    line_discount = sum(line.discount for line in sale.lines)
    before = gross - line_discount
    if not 0 <= sale.order_discount <= before:
        raise errors.BadDiscount(field="order_discount", discount=sale.order_discount, limit=before)
    total = before - sale.order_discount
    if gross > MAX_TWD:
        raise errors.TotalTooLarge(field="total", total=gross, limit=MAX_TWD)
    if total != sale.total:
        raise errors.PriceChanged(field="total", total=total, seen=sale.total, lines=[])
    change = _checked_tenders(sale.tenders, total)
    return Priced(gross, line_discount, sale.order_discount, total, change)


def _check_year(field: str, day: date | None) -> None:
    if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
        raise errors.BadDate(field=field, value=day.isoformat(), first=YEARS[0], last=YEARS[1])


def _refuse_too_many(lines: int) -> None:
    if lines > MAX_LINES:
        raise errors.TooManyLines(field="lines", limit=MAX_LINES, lines=lines)


def _check_line(index: int, line: SaleLine) -> None:
    place = index + 1
    _check_name(place, line.name)
    if not 0 < line.quantity <= MAX_QUANTITY or _decimals(line.quantity) > 3:
        raise errors.BadQuantity(
            field=f"lines[{index}].quantity", line=place, value=str(line.quantity)[:20]
        )
    if not 0 <= line.unit_price <= MAX_TWD or line.amount > MAX_TWD:
        raise errors.BadPrice(field=f"lines[{index}].unit_price", line=place, limit=MAX_TWD)
    if not 0 <= line.discount <= line.amount:
        raise errors.BadDiscount(
            field=f"lines[{index}].discount", discount=line.discount, limit=line.amount
        )
    if line.tax_type not in {"1", "2", "3"}:
        raise errors.BadTaxType(
            field=f"lines[{index}].tax_type", line=place, value=line.tax_type[:4]
        )


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 99


@lru_cache(maxsize=4096)
def _fault_in(name: str) -> tuple[int, str, str] | None:
    return text.first_fault(name)


def _check_name(place: int, name: str) -> None:
    field = f"lines[{place - 1}].name"
    if not name.strip():
        raise errors.NameMissing(field=field, line=place)
    if len(name) > 100:
        raise errors.TextTooLong(field=field, label="品名", limit=100, length=len(name))
    fault = _fault_in(name)
    if fault:
        at, character, wrong = fault
        raise errors.BadName(field=field, line=place, place=at, character=character, wrong=wrong)


def check_text(field: str, label: str, value: str, limit: int = 200) -> None:
    """One line that a person typed: not too long, nothing invisible (mof.md V23)."""
    if len(value) > limit:
        raise errors.TextTooLong(field=field, label=label, limit=limit, length=len(value))
    fault = _fault_in(value) if value else None
    if fault:
        at, character, wrong = fault
        raise errors.BadNote(field=field, label=label, place=at, character=character, wrong=wrong)


def _checked_tenders(tenders: Sequence[Tender], total: int) -> int:
    """The change to give; refuses what does not add up to ``total``."""
    payments.check(tenders, total)
    for index, tender in enumerate(tenders):
        check_text(f"tenders[{index}].reference", "付款備註", tender.reference, 64)
    return sum(tender.change for tender in tenders)


def document_of(
    lines: Sequence[SaleLine], order_discount: int, choice: Choice, random_code: str
) -> Invoice | None:
    """The invoice without number, date, time and seller; ``None`` for what we do not issue.

    Line discounts become lines of their own behind the line they belong to, so that quantity ×
    price of every line stays true; the order's discount becomes one line per tax type, in
    proportion (B.10.3). Refuses ``ORD-ZERO-INVOICE``, ``ORD-LINES``, ``ORD-TAX-MIX``, the choice's
    own errors, and whatever else mof.md §13 forbids (``ORD-ILLEGAL``).
    """
    checked(choice)
    if not is_issued(choice.kind):
        return None
    net = sum(line.amount - line.discount for line in lines) - order_discount
    if net == 0:
        raise errors.ZeroInvoice(field="invoice.kind")
    invoice = _filled(_items(lines), order_discount, choice, random_code)
    _refuse_illegal(invoice)
    return invoice


def _items(lines: Sequence[SaleLine]) -> list[tax.Item]:
    items: list[tax.Item] = []
    for line in lines:
        kind = cast(TaxType, line.tax_type)
        items.append(
            tax.Item(
                line.name,
                Decimal(line.unit_price),
                _plain(line.quantity),
                tax_type=kind,
                amount=line.amount,
            )
        )
        if line.discount:
            items.append(tax.Item(LINE_DISCOUNT_NAME, Decimal(-line.discount), tax_type=kind))
    return items


def _plain(quantity: Decimal) -> Decimal:
    """1.500 → 1.5, 2.000 → 2: as people write it."""
    whole = quantity.to_integral_value()
    return whole if whole == quantity else quantity.normalize()


def _filled(
    items: Sequence[tax.Item], order_discount: int, choice: Choice, random_code: str
) -> Invoice:
    buyer = buyer_of(choice)
    try:
        lines = _without_nothing(tax.lines_for(buyer, items, discount=order_discount))
        totals = tax.totals(lines, buyer)
    except Fault as fault:
        raise _translated(fault) from fault
    _refuse_too_many(len(lines))
    carrier = carrier_of(choice)
    return Invoice(
        number="",
        date=_NO_DAY,
        time=time(),
        seller=_ANYBODY,
        buyer=buyer,
        lines=lines,
        totals=totals,
        random_code=random_code,
        print_mark=is_printed(choice),
        carrier_type=carrier.carrier_type if carrier else "",
        carrier_id1=carrier.id1 if carrier else "",
        carrier_id2=carrier.id2 if carrier else "",
        npoban=choice.npoban,
        customs_clearance_mark=choice.customs_mark,
        zero_tax_rate_reason=choice.zero_tax_reason,
    )


def _without_nothing(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Sequence numbers anew: gifts at 0 stay, they are on the receipt too."""
    return tuple(replace(line, sequence=str(place)) for place, line in enumerate(lines, 1))


def _translated(fault: Fault) -> GuitaiError:
    if fault.code == "TWI-TAX-MIX":
        return errors.TaxMix(field="lines")
    if fault.code == "TWI-TAX-NEGATIVE":
        return errors.BadDiscount(field="order_discount", discount="", limit="")
    return errors.IllegalInvoice(detail=fault.code, faults=[fault.code])


def _refuse_illegal(invoice: Invoice) -> None:
    """mof.md §13 over the document; V21 (zero rate) waits for the products' own reasons."""
    hard = [
        fault
        for fault in check.faults(invoice)
        if fault.level == "hard" and fault.code not in _DONE_LATER | {"TWI-V21"}
    ]
    if hard:
        codes = sorted({fault.code for fault in hard})
        raise errors.IllegalInvoice(detail="、".join(codes), faults=codes)


def skeleton(invoice: Invoice) -> dict[str, Any]:
    """The document's JSON form without what is written in when the number is taken.

    That is also the class of a member's carrier, which is the seller's (mof.md §7.1).
    """
    form = jsonform.to_json(invoice)
    late = ["number", "date", "time", "seller"]
    if invoice.carrier_type == MEMBER_TYPE_LATER:
        late.append("carrier_type")
    for name in late:
        form.pop(name, None)
    return form


def proof_kind(invoice: Invoice) -> str:
    """What is printed for it: ``proof``, ``company_proof`` (detail joined, B.6.3) or nothing."""
    if not invoice.print_mark:
        return ""
    return "company_proof" if invoice.buyer.is_business else "proof"


def items_of(lines: Sequence[SaleLine], order_discount: int) -> int:
    """Items of the detail of an order without an invoice of ours: discounts have lines too."""
    return len(lines) + sum(1 for line in lines if line.discount) + bool(order_discount)


def too_long_for_paper(items: int, *, company: bool = False) -> str:
    """What to tell where the detail is no slip (decision 0009); empty where it is one.

    A company's detail belongs to its proof copy (mof.md §3.2), so it must be handed over.
    """
    if items <= paper.LONGEST_DETAIL:
        return ""
    if company:
        return (
            f"明細共 {items} 項，證明聯只印總計並註明另附；"
            "請到後台「發票」開啟這張發票，用印表機列印明細，一併交給買受人。"
        )
    return (
        f"交易明細共 {items} 項，超過單據可列印的 {paper.LONGEST_DETAIL} 項；"
        "請到後台「訂單」開啟這筆訂單，用印表機列印明細。"
    )
