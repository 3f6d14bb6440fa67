"""V24–V28: voids, annulments and allowances against what they correct. Source: mof.md §5, §13."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

from twinvoice import tax
from twinvoice.check import basics, texts
from twinvoice.check.context import Context, Original
from twinvoice.document import Allowance, AllowanceLine, AllowanceVoid, Annulment, Invoice, Void
from twinvoice.faults import Fault
from twinvoice.period import Period

_SEQUENCE = re.compile(r"[0-9]{1,4}")
_TOLERANCE = Decimal("0.5")
_ZERO = Decimal(0)


def void_faults(void: Void, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one F0501."""
    yield from _reference(void, "CancelInvoiceNumber", context)
    yield from basics.date_faults("CancelDate", void.void_date)
    yield from basics.time_faults("CancelTime", void.void_time)
    yield from _void_window(void, context)
    if fault := texts.reason_fault("CancelReason", void.reason):
        yield Fault("TWI-V25", fault.path, fault.params)
    if context.consent_stored is False:
        yield Fault("TWI-V25", "CancelInvoiceNumber", {"reason": "no consent on record"})
    original = (context.originals or {}).get(void.number)
    if original is not None:
        yield from _state(original, ("issued",), "CancelInvoiceNumber")
        if original.allowances:
            numbers = ", ".join(allowance.number for allowance in original.allowances)
            yield Fault("TWI-V26", "CancelInvoiceNumber", {"allowances": numbers})
    document_number = void.return_tax_document_number
    if fault := texts.text_fault("ReturnTaxDocumentNumber", document_number, 0, 60):
        yield fault
    yield from texts.text_faults(texts.reserved_texts(void))


def annulment_faults(annulment: Annulment, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one F0701; a void invoice may be annulled too (§5.3)."""
    yield from _reference(annulment, "VoidInvoiceNumber", context)
    yield from basics.date_faults("VoidDate", annulment.annul_date)
    yield from basics.time_faults("VoidTime", annulment.annul_time)
    if annulment.annul_date < annulment.invoice_date:
        yield Fault("TWI-V24", "VoidDate", {"reason": "before the invoice"})
    if fault := texts.reason_fault("VoidReason", annulment.reason):
        yield fault
    original = (context.originals or {}).get(annulment.number)
    if original is not None:
        yield from _state(original, ("issued", "void"), "VoidInvoiceNumber")
    yield from texts.text_faults(texts.reserved_texts(annulment))


def _void_window(void: Void, context: Context) -> Iterator[Fault]:
    """V25: until the period is filed, later only with the tax office's approval (§5.1)."""
    if void.void_date < void.invoice_date:
        yield Fault("TWI-V25", "CancelDate", {"reason": "before the invoice"})
    if void.return_tax_document_number.strip() or not basics.has_period(void.invoice_date):
        return
    deadline = Period.of(void.invoice_date).filing_deadline
    if context.void_deadline is not None:
        deadline = min(deadline, context.void_deadline)
    if void.void_date > deadline:
        yield Fault("TWI-V25", "CancelDate", {"deadline": deadline.isoformat()})


def _reference(document: Void | Annulment, path: str, context: Context) -> Iterator[Fault]:
    """Number, BANs and date, by themselves and against the original (V24)."""
    if fault := basics.number_fault(path, document.number):
        yield fault
    yield from basics.date_faults("InvoiceDate", document.invoice_date)
    seller, buyer = document.seller_ban, document.buyer_ban
    yield from basics.seller_faults("SellerId", seller, context)
    yield from basics.buyer_faults("BuyerId", buyer, seller, context)
    if context.originals is None:
        return
    original = context.originals.get(document.number)
    if original is None:
        yield Fault("TWI-V24", path, {"value": document.number, "reason": "unknown"})
        return
    invoice = original.invoice
    yield from _same("InvoiceDate", document.invoice_date, invoice.date)
    yield from _same("BuyerId", buyer, invoice.buyer.ban)
    yield from _same("SellerId", seller, invoice.seller.ban)


def _same(path: str, value: object, original: object) -> Iterator[Fault]:
    if value != original:
        yield Fault("TWI-V24", path, {"value": str(value), "original": str(original)})


def _state(original: Original, allowed: tuple[str, ...], path: str) -> Iterator[Fault]:
    if original.state not in allowed:
        yield Fault("TWI-V24", path, {"state": original.state})


def allowance_faults(allowance: Allowance, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one G0401."""
    yield from _allowance_number(allowance.number, context)
    yield from basics.date_faults("Main/AllowanceDate", allowance.date)
    seller, buyer = allowance.seller, allowance.buyer
    yield from basics.seller_faults("Main/Seller/Identifier", seller.ban, context)
    if not seller.address.strip():
        yield Fault("TWI-V08", "Main/Seller/Address", {"value": seller.address})
    yield from basics.buyer_faults("Main/Buyer/Identifier", buyer.ban, seller.ban, context)
    if buyer.ban in context.government_bans:
        params = {"value": buyer.ban, "reason": "government"}
        yield Fault("TWI-V27", "Main/Buyer/Identifier", params)
    yield from _original_bans(allowance)
    yield from _allowance_lines(allowance)
    yield from _allowance_sums(allowance)
    yield from _against_originals(allowance, context)
    yield from texts.text_faults(texts.allowance_texts(allowance))


def _allowance_number(number: str, context: Context) -> Iterator[Fault]:
    path = "Main/AllowanceNumber"
    if texts.text_fault(path, number, 1, 16) or number != number.strip():
        yield Fault("TWI-V27", path, {"value": number})
    elif number in (context.allowance_numbers or ()):
        yield Fault("TWI-V27", path, {"value": number, "reason": "used before"})


def _original_bans(allowance: Allowance) -> Iterator[Fault]:
    """OriginalInvoice…Id, for an invoice issued under another BAN (mof.md §1.7)."""
    if allowance.original_seller_ban:
        yield from basics.seller_faults(
            "Main/OriginalInvoiceSellerId", allowance.original_seller_ban, Context()
        )
    if allowance.original_buyer_ban:
        yield from basics.buyer_faults(
            "Main/OriginalInvoiceBuyerId", allowance.original_buyer_ban, "", Context()
        )


def _allowance_lines(allowance: Allowance) -> Iterator[Fault]:
    if not 1 <= len(allowance.lines) <= 9999:
        yield Fault("TWI-V14", "Details", {"lines": len(allowance.lines)})
    seen: set[str] = set()
    for index, line in enumerate(allowance.lines, 1):
        path = f"Details/ProductItem[{index}]"
        sequence = line.sequence
        if not _SEQUENCE.fullmatch(sequence) or int(sequence) == 0 or sequence in seen:
            yield Fault("TWI-V14", f"{path}/AllowanceSequenceNumber", {"value": sequence})
        seen.add(sequence)
        yield from _allowance_line(line, path, allowance.date)


def _allowance_line(line: AllowanceLine, path: str, date: dt.date) -> Iterator[Fault]:
    if fault := basics.number_fault(f"{path}/OriginalInvoiceNumber", line.original_number):
        yield fault
    yield from basics.date_faults(f"{path}/OriginalInvoiceDate", line.original_date)
    if line.original_date > date:
        yield Fault("TWI-V24", f"{path}/OriginalInvoiceDate", {"reason": "after the allowance"})
    named = (("Quantity", line.quantity), ("UnitPrice", line.unit_price), ("Amount", line.amount))
    wrong = [
        fault
        for name, value in named
        if (fault := texts.decimal_fault(f"{path}/{name}", value)) is not None
    ]
    yield from wrong
    if wrong:
        return
    if line.quantity == 0:
        yield Fault("TWI-V15", f"{path}/Quantity", {"value": "0"})
    yield from _allowance_tax(line, path)


def _allowance_tax(line: AllowanceLine, path: str) -> Iterator[Fault]:
    """V28: whole dollars, one more or less than the rate yields.

    Less than that is only worth a warning: the last allowance of an invoice takes the tax that
    is left, because earlier ones were rounded up (mof.md §5.4, §14.2).
    """
    if line.tax_type not in ("1", "2", "3", "4"):
        yield Fault("TWI-V18", f"{path}/TaxType", {"value": line.tax_type})
        return
    expected = tax.whole(line.amount * tax.RATE) if line.tax_type == "1" else 0
    tolerance = 1 if line.tax_type == "1" else 0
    if type(line.tax) is not int or line.tax < 0 or line.amount < 0:
        params = {"value": str(line.tax), "amount": str(line.amount)}
        yield Fault("TWI-V28", f"{path}/Tax", params)
    elif abs(line.tax - expected) > tolerance:
        level = "warn" if line.tax < expected else "hard"
        yield Fault("TWI-V28", f"{path}/Tax", {"value": line.tax, "expected": expected}, level)


def _allowance_sums(allowance: Allowance) -> Iterator[Fault]:
    header = {"Amount/TaxAmount": allowance.tax, "Amount/TotalAmount": allowance.total}
    wrong = [path for path, value in header.items() if type(value) is not int or value < 0]
    for path in wrong:
        yield Fault("TWI-V28", path, {"value": str(header[path])})
    if wrong or not all(texts.summable(line.amount) for line in allowance.lines):
        return
    amount = sum((line.amount for line in allowance.lines), _ZERO)
    if abs(amount - allowance.total) > _TOLERANCE:
        params = {"value": allowance.total, "lines": str(amount)}
        yield Fault("TWI-V28", "Amount/TotalAmount", params)
    taxes = sum(line.tax for line in allowance.lines)
    if taxes != allowance.tax:
        yield Fault("TWI-V28", "Amount/TaxAmount", {"value": allowance.tax, "lines": taxes})
    if allowance.total + allowance.tax == 0:
        yield Fault("TWI-V28", "Amount/TotalAmount", {"value": 0})


def _against_originals(allowance: Allowance, context: Context) -> Iterator[Fault]:
    """V24 and V27: each invoice is known, alive, the same parties', and not exceeded."""
    if context.originals is None:
        return
    for number in dict.fromkeys(line.original_number for line in allowance.lines):
        original = context.originals.get(number)
        if original is None:
            params = {"value": number, "reason": "unknown"}
            yield Fault("TWI-V24", "Details/ProductItem/OriginalInvoiceNumber", params)
            continue
        yield from _state(original, ("issued",), "Details/ProductItem/OriginalInvoiceNumber")
        yield from _same_parties(allowance, original.invoice)
        lines = [line for line in allowance.lines if line.original_number == number]
        for line in lines:
            path = "Details/ProductItem/OriginalInvoiceDate"
            yield from _same(path, line.original_date, original.invoice.date)
        yield from _not_exceeded(lines, original, allowance.number)


def _same_parties(allowance: Allowance, invoice: Invoice) -> Iterator[Fault]:
    seller = allowance.original_seller_ban or allowance.seller.ban
    buyer = allowance.original_buyer_ban or allowance.buyer.ban
    yield from _same("Main/Seller/Identifier", seller, invoice.seller.ban)
    yield from _same("Main/Buyer/Identifier", buyer, invoice.buyer.ban)


def _not_exceeded(lines: list[AllowanceLine], original: Original, own: str) -> Iterator[Fault]:
    """V27: all live allowances together stay within the invoice, in amount and in tax.

    A consumer's invoice shows no tax: there amount and tax together stay within its total.
    """
    earlier = [
        line
        for allowance in original.allowances
        if allowance.number != own
        for line in allowance.lines
        if line.original_number == original.invoice.number
    ]
    if not all(texts.summable(line.amount) for line in earlier + lines):
        return
    header = original.invoice.totals
    amount = sum((line.amount for line in earlier + lines), _ZERO)
    taxes = sum(line.tax for line in earlier + lines)
    params = {"invoice": original.invoice.number, "amount": str(amount), "tax": taxes}
    if not original.invoice.buyer.is_business:
        if amount + taxes > header.total + _TOLERANCE:
            yield Fault("TWI-V27", "Amount/TotalAmount", {**params, "limit": header.total})
        return
    limit = header.total - header.tax
    if amount > limit + _TOLERANCE:
        yield Fault("TWI-V27", "Amount/TotalAmount", {**params, "limit": limit})
    if taxes > header.tax:
        yield Fault("TWI-V27", "Amount/TaxAmount", {**params, "limit": header.tax})


def allowance_void_faults(void: AllowanceVoid, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one G0501; V24 where the live allowances are known."""
    path = "CancelAllowanceNumber"
    if texts.text_fault(path, void.number, 1, 16) or void.number != void.number.strip():
        yield Fault("TWI-V27", path, {"value": void.number})
    yield from basics.date_faults("AllowanceDate", void.allowance_date)
    yield from basics.date_faults("CancelDate", void.void_date)
    yield from basics.time_faults("CancelTime", void.void_time)
    if void.void_date < void.allowance_date:
        yield Fault("TWI-V24", "CancelDate", {"reason": "before the allowance"})
    yield from basics.seller_faults("SellerId", void.seller_ban, context)
    yield from basics.buyer_faults("BuyerId", void.buyer_ban, void.seller_ban, context)
    if fault := texts.reason_fault("CancelReason", void.reason):
        yield fault
    if fault := texts.text_fault("Remark", void.remark, 0, 200):
        yield fault
    if context.allowances is None:
        return
    allowance = context.allowances.get(void.number)
    if allowance is None:
        yield Fault("TWI-V24", path, {"value": void.number, "reason": "unknown"})
        return
    yield from _same("AllowanceDate", void.allowance_date, allowance.date)
    yield from _same("BuyerId", void.buyer_ban, allowance.buyer.ban)
    yield from _same("SellerId", void.seller_ban, allowance.seller.ban)
