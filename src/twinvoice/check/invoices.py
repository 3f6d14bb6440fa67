"""V01–V13, V21, V23 and V32 for an invoice (F0401). Source: mof.md §2.1, §2.2, §13."""

import re
from collections.abc import Iterator
from decimal import Decimal

from twinvoice import carrier, codes
from twinvoice.check import amounts, basics, texts
from twinvoice.check.context import Context, ReadBack
from twinvoice.document import Invoice
from twinvoice.faults import Fault
from twinvoice.period import Period, roc_date7
from twinvoice.proof import item_text, read_pair, sales_without_tax
from twinvoice.track import InvoiceNumber

_RANDOM = re.compile(r"[0-9]{4}")
_QR_LEFT = re.compile(
    r"(?P<number>[A-Z]{2}[0-9]{8})(?P<date>[0-9]{7})(?P<random>[0-9]{4})(?P<sales>[0-9A-Fa-f]{8})"
    r"(?P<total>[0-9A-Fa-f]{8})(?P<buyer>[0-9]{8})(?P<seller>[0-9]{8})[A-Za-z0-9+/=]{24}:.*",
    re.DOTALL,
)


def invoice_faults(invoice: Invoice, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one F0401, in the order of the catalogue."""
    yield from _number(invoice, context)
    yield from basics.date_faults("Main/InvoiceDate", invoice.date)
    yield from basics.time_faults("Main/InvoiceTime", invoice.time)
    yield from _parties(invoice, context)
    yield from _delivery(invoice)
    yield from _carrier(invoice)
    if invoice.npoban and not _is_donation(invoice.npoban):
        yield Fault("TWI-V12", "Main/NPOBAN", {"value": invoice.npoban})
    if not _RANDOM.fullmatch(invoice.random_code):
        yield Fault("TWI-V13", "Main/RandomNumber", {"value": invoice.random_code})
    yield from amounts.line_faults(invoice)
    yield from amounts.sum_faults(invoice, context)
    yield from amounts.tax_faults(invoice)
    yield from texts.text_faults(texts.invoice_texts(invoice))
    yield from _enumerations(invoice)
    yield from _memo(invoice)
    if context.read_back is not None and basics.has_period(invoice.date):
        yield from _printed(invoice, context.read_back)


def _number(invoice: Invoice, context: Context) -> Iterator[Fault]:
    path = "Main/InvoiceNumber"
    if fault := basics.number_fault(path, invoice.number):
        yield fault
        return
    number = InvoiceNumber.parse(invoice.number)
    if context.allocations is not None and basics.has_period(invoice.date):
        seller, kind = invoice.seller.ban, invoice.invoice_type
        period = Period.of(invoice.date)
        yield from basics.allocation_of(number, seller, kind, period, context)
    if not context.reissue:
        yield from _sequence(invoice, context)
    if context.today is not None:
        late = invoice.date > context.today
        early = invoice.date < context.today and not context.reissue
        if late or early:
            params = {"value": invoice.date.isoformat(), "today": context.today.isoformat()}
            yield Fault("TWI-V06", "Main/InvoiceDate", params)


def _sequence(invoice: Invoice, context: Context) -> Iterator[Fault]:
    """V04 and V05."""
    path, last = "Main/InvoiceNumber", context.last_issued
    if invoice.number in (context.used_numbers or ()):
        yield Fault("TWI-V04", path, {"value": invoice.number})
    if last is None:
        return
    # Only numbers of one track can be compared.
    if invoice.number[:2] == last.number[:2] and invoice.number <= last.number:
        yield Fault("TWI-V05", path, {"value": invoice.number, "last": last.number})
    # A zone is V07's business; with one the two times could not be compared.
    times = (invoice.time.replace(tzinfo=None), last.time.replace(tzinfo=None))
    if (invoice.date, times[0]) < (last.date, times[1]):
        yield Fault("TWI-V05", "Main/InvoiceTime", {"last": f"{last.date} {last.time}"})


def _parties(invoice: Invoice, context: Context) -> Iterator[Fault]:
    seller = invoice.seller
    yield from basics.seller_faults("Main/Seller/Identifier", seller.ban, context)
    if not seller.address.strip():
        yield Fault("TWI-V08", "Main/Seller/Address", {"value": seller.address})
    path = "Main/Buyer/Identifier"
    yield from basics.buyer_faults(path, invoice.buyer.ban, seller.ban, context)


def _delivery(invoice: Invoice) -> Iterator[Fault]:
    """V10: the table of mof.md §2.1. A company without paper and carrier is let pass (unsure)."""
    business, donated = invoice.buyer.is_business, invoice.is_donated
    carried = bool(invoice.carrier_type or invoice.carrier_id1 or invoice.carrier_id2)
    reason = ""
    if business and donated:
        reason = "a company invoice cannot be donated"
    elif invoice.print_mark and donated:
        reason = "printed and donated"
    elif invoice.print_mark and carried and not business:
        reason = "printed and on a carrier"
    elif business and carried and invoice.carrier_type not in carrier.PUBLIC_TYPES:
        reason = "a company invoice takes public carriers only"
    elif not (business or donated or carried or invoice.print_mark):
        reason = "neither printed, carried nor donated"
    if reason:
        yield Fault("TWI-V10", "Main/PrintMark", {"reason": reason})


def _carrier(invoice: Invoice) -> Iterator[Fault]:
    """V11: type and both ids, of the right shape."""
    kind, id1, id2 = invoice.carrier_type, invoice.carrier_id1, invoice.carrier_id2
    if not (kind or id1 or id2):
        return
    for name, value in (("CarrierType", kind), ("CarrierId1", id1), ("CarrierId2", id2)):
        if not value:
            yield Fault("TWI-V11", f"Main/{name}", {"reason": "missing"})
            return
    try:
        carrier.of(kind, id1, id2)
    except Fault as fault:
        yield Fault("TWI-V11", fault.path, {**fault.params, "rule": fault.code})


def _is_donation(code: str) -> bool:
    try:
        carrier.DonationCode(code)
    except Fault:
        return False
    return True


def _enumerations(invoice: Invoice) -> Iterator[Fault]:
    fields = (
        ("Main/BuyerRemark", invoice.buyer_remark, "buyer_remarks"),
        ("Main/BondedAreaConfirm", invoice.bonded_area_confirm, "bonded_areas"),
        ("Amount/Currency", invoice.currency, "currencies"),
    )
    for path, value, known in fields:
        if value and value not in codes.load(known):
            yield Fault("TWI-V23", path, {"value": value})


def _memo(invoice: Invoice) -> Iterator[Fault]:
    """Memo amounts: not negative, and within the digits of the schema."""
    discount, rate = invoice.discount_amount, invoice.exchange_rate
    fields = (
        ("Amount/DiscountAmount", None if discount is None else Decimal(discount), 20, 7),
        ("Amount/OriginalCurrencyAmount", invoice.original_currency_amount, 20, 7),
        ("Amount/ExchangeRate", rate, 13, 5),
    )
    for path, value, digits, fraction in fields:
        if value is None:
            continue
        if fault := texts.decimal_fault(path, value, digits=digits, fraction=fraction):
            yield fault
        elif value < 0:
            yield Fault("TWI-V23", path, {"value": str(value)})


def _printed(invoice: Invoice, seen: ReadBack) -> Iterator[Fault]:
    """V32: what a scanner read from the paper against the document (mof.md §3.3–§3.5)."""
    code39 = Period.of(invoice.date).code + invoice.number + invoice.random_code
    if seen.code39 != code39:
        yield Fault("TWI-V32", "Code39", {"value": seen.code39, "expected": code39})
    if not seen.qr_right.startswith("**"):
        yield Fault("TWI-V32", "QrRight", {"value": seen.qr_right[:2], "expected": "**"})
    match = _QR_LEFT.fullmatch(seen.qr_left)
    if match is None:
        yield Fault("TWI-V32", "QrLeft", {"value": seen.qr_left[:80]})
        return
    for name, expected in _qr_values(invoice).items():
        value = match[name].lower() if name in ("sales", "total") else match[name]
        if value not in expected:
            params = {"field": name, "value": match[name], "expected": expected[0]}
            yield Fault("TWI-V32", "QrLeft", params)
    if seen.qr_right.startswith("**"):
        yield from _printed_items(invoice, seen)


def _printed_items(invoice: Invoice, seen: ReadBack) -> Iterator[Fault]:
    """The items of both codes are the first lines of the invoice, and both counts are true."""
    try:
        content = read_pair(seen.qr_left, seen.qr_right)
        lines = [item_text(line) for line in invoice.lines[: len(content.items)]]
    except Fault as fault:
        yield Fault("TWI-V32", "QrItems", {"reason": str(fault)})
        return
    counts = (content.left.recorded, content.left.total_items)
    expected = (len(content.items), len(invoice.lines))
    if counts != expected:
        yield Fault("TWI-V32", "QrItems", {"value": counts, "expected": expected})
    items = [f"{item.name}:{item.quantity}:{item.price}" for item in content.items]
    for index, item in enumerate(items):
        wanted = lines[index] if index < len(lines) else None
        if item != wanted:
            yield Fault("TWI-V32", f"QrItems[{index + 1}]", {"value": item, "expected": wanted})


def _qr_values(invoice: Invoice) -> dict[str, tuple[str, ...]]:
    """Accepted values per field; sales may be zeros where the tax is not separated (§2.5)."""
    total = invoice.totals.total
    consumer = not invoice.buyer.is_business
    zeros = ("00000000",)
    return {
        "number": (invoice.number,),
        "date": (roc_date7(invoice.date),),
        "random": (invoice.random_code,),
        "sales": (f"{sales_without_tax(invoice):08x}",) + (zeros if consumer else ()),
        "total": (f"{total:08x}",),
        "buyer": zeros if consumer else (invoice.buyer.ban,),
        "seller": (invoice.seller.ban,),
    }
