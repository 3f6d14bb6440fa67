"""V14–V22: the lines of an invoice and its sums. Source: mof.md §2.3–§2.6, §13."""

import re
from collections.abc import Iterator
from decimal import Decimal

from twinvoice import codes, tax
from twinvoice.check.context import Context
from twinvoice.check.texts import decimal_fault, summable
from twinvoice.document import Invoice, Line, Totals
from twinvoice.faults import Fault

_SEQUENCE = re.compile(r"[0-9]{1,4}")
_TOLERANCE = Decimal("0.5")
_ZERO = Decimal(0)
_MOST_LINES = 9999
_SPECIAL_OR_EXEMPT = ("3", "4")


def line_faults(invoice: Invoice) -> Iterator[Fault]:
    """V14, V15 and the digits of V23, line by line."""
    if not 1 <= len(invoice.lines) <= _MOST_LINES:
        yield Fault("TWI-V14", "Details", {"lines": len(invoice.lines)})
    seen: set[str] = set()
    for index, line in enumerate(invoice.lines, 1):
        path = f"Details/ProductItem[{index}]"
        sequence = line.sequence
        if not _SEQUENCE.fullmatch(sequence) or int(sequence) == 0 or sequence in seen:
            yield Fault("TWI-V14", f"{path}/SequenceNumber", {"value": sequence})
        seen.add(sequence)
        wrong_digits = list(_digits(line, path))
        yield from wrong_digits
        if not wrong_digits:
            yield from _product(line, path)


def _digits(line: Line, path: str) -> Iterator[Fault]:
    named = (("Quantity", line.quantity), ("UnitPrice", line.unit_price), ("Amount", line.amount))
    for name, value in named:
        if fault := decimal_fault(f"{path}/{name}", value):
            yield fault


def _product(line: Line, path: str) -> Iterator[Fault]:
    if line.quantity == 0:
        yield Fault("TWI-V15", f"{path}/Quantity", {"value": "0"})
    elif abs(line.quantity * line.unit_price - line.amount) > 1:
        product = line.quantity * line.unit_price
        params = {"amount": str(line.amount), "product": str(product)}
        yield Fault("TWI-V15", f"{path}/Amount", params, "warn")


def sum_faults(invoice: Invoice, context: Context) -> Iterator[Fault]:
    """V16 and V17: lines against header, header against itself."""
    header = invoice.totals
    amounts = _named(header)
    wrong = [(path, value) for path, value in amounts.items() if not _is_whole(value)]
    for path, value in wrong:
        yield Fault("TWI-V17", path, {"value": str(value)})
    if wrong or not all(summable(line.amount) for line in invoice.lines):
        return
    expected = header.sales + header.free_tax_sales + header.zero_tax_sales + header.tax
    if header.total != expected:
        params = {"value": header.total, "expected": expected}
        yield Fault("TWI-V17", "Amount/TotalAmount", params)
    if header.total == 0:
        yield Fault("TWI-V17", "Amount/TotalAmount", {"value": 0})
    for path, lines, value in _pairs(invoice, context):
        if abs(lines - value) > _TOLERANCE:
            yield Fault("TWI-V16", path, {"value": value, "lines": str(lines)})


def _named(header: Totals) -> dict[str, int]:
    return {
        "Amount/SalesAmount": header.sales,
        "Amount/FreeTaxSalesAmount": header.free_tax_sales,
        "Amount/ZeroTaxSalesAmount": header.zero_tax_sales,
        "Amount/TaxAmount": header.tax,
        "Amount/TotalAmount": header.total,
    }


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value < 10**20


def _pairs(invoice: Invoice, context: Context) -> Iterator[tuple[str, Decimal, int]]:
    """Path, sum of the lines, and the header amount that must equal it."""
    header, sums = invoice.totals, tax.sum_by_type(invoice.lines)
    if invoice.buyer.is_business and context.company_lines == "inclusive":
        yield "Amount/TotalAmount", sum(sums.values(), _ZERO), header.total
        return
    free, zero = sums.pop("3", _ZERO), sums.pop("2", _ZERO)
    yield "Amount/SalesAmount", sum(sums.values(), _ZERO), header.sales
    yield "Amount/FreeTaxSalesAmount", free, header.free_tax_sales
    yield "Amount/ZeroTaxSalesAmount", zero, header.zero_tax_sales


def tax_faults(invoice: Invoice) -> Iterator[Fault]:
    """V18–V22: tax types, rates, the special rate, zero rate and the tax itself."""
    yield from _types(invoice)
    yield from _rate(invoice.totals, invoice.invoice_type)
    yield from _special(invoice)
    yield from _zero_rated(invoice)
    yield from _tax(invoice)


def _types(invoice: Invoice) -> Iterator[Fault]:
    header, kinds = invoice.totals.tax_type, {line.tax_type for line in invoice.lines}
    try:
        expected = tax.header_tax_type(kinds)
    except Fault:
        yield Fault("TWI-V18", "Details", {"types": ", ".join(sorted(kinds))})
        return
    if header != expected:
        yield Fault("TWI-V18", "Amount/TaxType", {"value": header, "expected": expected})


def _rate(header: Totals, invoice_type: str) -> Iterator[Fault]:
    known = codes.load("tax_types").get(header.tax_type)
    rates = [Decimal(rate) for rate in known.more["rates"]] if known else []
    if not header.tax_rate.is_finite() or header.tax_rate not in rates:
        params = {"value": str(header.tax_rate), "tax_type": header.tax_type}
        yield Fault("TWI-V19", "Amount/TaxRate", params)


def _special(invoice: Invoice) -> Iterator[Fault]:
    header = invoice.totals
    special = invoice.invoice_type == "08"
    if invoice.invoice_type not in ("07", "08"):
        yield Fault("TWI-V20", "Main/InvoiceType", {"value": invoice.invoice_type})
    elif special and header.tax_type not in _SPECIAL_OR_EXEMPT:
        yield Fault("TWI-V20", "Amount/TaxType", {"value": header.tax_type, "invoice_type": "08"})
    elif not special and header.tax_type == "4":
        yield Fault("TWI-V20", "Amount/TaxType", {"value": "4", "invoice_type": "07"})
    if header.tax_type == "4" and header.tax != 0:
        yield Fault("TWI-V20", "Amount/TaxAmount", {"value": header.tax})


def _zero_rated(invoice: Invoice) -> Iterator[Fault]:
    zero = invoice.totals.tax_type == "2" or any(line.tax_type == "2" for line in invoice.lines)
    fields = (
        ("Main/CustomsClearanceMark", invoice.customs_clearance_mark, "customs_marks"),
        ("Main/ZeroTaxRateReason", invoice.zero_tax_rate_reason, "zero_tax_reasons"),
    )
    for path, value, known in fields:
        if (zero and value not in codes.load(known)) or (not zero and value):
            yield Fault("TWI-V21", path, {"value": value, "zero_rated": zero})


def _tax(invoice: Invoice) -> Iterator[Fault]:
    """V22: for a company half up from the sales, or from a total that includes the tax."""
    header = invoice.totals
    if not (_is_whole(header.sales) and _is_whole(header.tax)) or header.tax_type == "4":
        return
    expected = 0
    if invoice.buyer.is_business and header.tax_type in ("1", "9"):
        if header.tax == tax.tax_of_inclusive(header.sales + header.tax):
            return
        expected = tax.tax_of_exclusive(header.sales)
    if header.tax != expected:
        near = expected and abs(header.tax - expected) == 1
        params = {"value": header.tax, "expected": expected}
        yield Fault("TWI-V22", "Amount/TaxAmount", params, "warn" if near else "hard")
