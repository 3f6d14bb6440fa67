"""The proof copy 電子發票證明聯 and the transaction detail 交易明細 (mof.md §3.1–3.2, §3.8)."""

import re
from collections.abc import Sequence
from decimal import Decimal

from twinvoice import codes
from twinvoice.document import Invoice, Line
from twinvoice.faults import Fault
from twinvoice.paper.blocks import Block, Code39, Columns, Cut, Feed, QrPair, Rule, Slip, Text
from twinvoice.period import Period
from twinvoice.proof import code39, plain_decimal, qr_pair

TITLE = "電子發票證明聯"
REPRINT = "補印"
RETURN_NOTE = "退貨請憑電子發票證明聯正本辦理"

LONGEST_DETAIL = 400
"""Items of one slip: whatever their names, it stays below the agent's 256 kB message, and three
to ten metres of paper are enough. A longer detail is a sheet of its own (decision 0009)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")


def proof_copy(
    invoice: Invoice,
    key_hex: str,
    *,
    store_name: str = "",
    reprint: bool = False,
    prize_claim: bool = False,
) -> Slip:
    """The proof copy with its cut: the lines of mof.md §3.2 in the order of the law.

    The seller's name stands on top, ``store_name`` below it where it differs. ``reprint`` marks it
    補印, which every print after the first must be. ``prize_claim`` permits printing a consumer's
    invoice that was stored on a carrier, for the winner (mof.md §3.8). Raises ``Fault``
    TWI-PRINT-DONATED or TWI-PRINT-CARRIER where no proof may be printed, and the faults of
    ``proof.qr_pair``.
    """
    _check_printable(invoice, prize_claim)
    return (*_proof_blocks(invoice, key_hex, store_name, reprint), Cut())


def transaction_detail(
    invoice: Invoice,
    *,
    store_name: str = "",
    order_number: str = "",
    cashier: str = "",
    tenders: Sequence[tuple[str, int]] = (),
    joined: bool = False,
) -> Slip:
    """The transaction detail: items, totals, for a company also the taxes, and the remark.

    ``tenders`` are pairs of a name and an amount in TWD (現金, 1000). ``joined`` leaves out the
    heading that a separate slip needs, for printing below the proof. Ends with a cut. More than
    ``LONGEST_DETAIL`` items are no slip: joined, a line tells that they are attached (mof.md §3.2
    has them on or with the proof); alone, raises ``Fault`` TWI-PAPER.
    """
    return (
        *_detail_heading(invoice, store_name, joined),
        *_detail_facts(order_number, cashier),
        Rule(),
        *_items(invoice, joined),
        Rule(),
        *_detail_sums(invoice),
        *(Columns(clean(name), f"{amount:,}") for name, amount in tenders),
        *_remarks(invoice),
        Text(RETURN_NOTE),
        Cut(),
    )


def company_proof(
    invoice: Invoice,
    key_hex: str,
    *,
    store_name: str = "",
    reprint: bool = False,
    prize_claim: bool = False,
    order_number: str = "",
    cashier: str = "",
    tenders: Sequence[tuple[str, int]] = (),
) -> Slip:
    """The proof with its detail joined below it, without a cut between.

    A company's detail is part of its proof copy (product.md B.6.3, mof.md §3.2). Raises the
    faults of ``proof_copy``.
    """
    _check_printable(invoice, prize_claim)
    detail = transaction_detail(
        invoice, order_number=order_number, cashier=cashier, tenders=tenders, joined=True
    )
    return (*_proof_blocks(invoice, key_hex, store_name, reprint), Feed(16), Rule(), *detail)


def clean(text: str) -> str:
    """One printable line: control characters and line breaks become single blanks."""
    return _CONTROL.sub(" ", text).strip()


def tax_type_name(code: str) -> str:
    """課稅別 in words: ``應稅``, ``零稅率`` …; raises ``Fault`` TWI-V18 for an unknown one."""
    return _named("tax_types", code, "TWI-V18")


def _named(code_list: str, code: str, fault: str) -> str:
    entry = codes.load(code_list).get(code)
    if entry is None:
        raise Fault(fault, params={"code": code})
    return entry.zh


def _check_printable(invoice: Invoice, prize_claim: bool) -> None:
    if invoice.is_donated:
        raise Fault("TWI-PRINT-DONATED", "Main/DonateMark", {"npoban": invoice.npoban})
    if invoice.carrier_type and not invoice.buyer.is_business and not prize_claim:
        raise Fault("TWI-PRINT-CARRIER", "Main/CarrierType", {"carrier": invoice.carrier_type})


def _proof_blocks(
    invoice: Invoice, key_hex: str, store_name: str, reprint: bool
) -> tuple[Block, ...]:
    left, right = qr_pair(invoice, key_hex)
    return (
        *_names(invoice, store_name),
        Text(TITLE + (REPRINT if reprint else ""), scale=2, align="centre"),
        Text(Period.of(invoice.date).label, scale=2, bold=True, align="centre"),
        Text(hyphenated(invoice.number), scale=2, bold=True, align="centre"),
        _date_line(invoice),
        Columns(f"隨機碼 {invoice.random_code}", f"總計 {invoice.totals.total}"),
        _party_line(invoice),
        Code39(code39(invoice)),
        QrPair(left, right),
    )


def _names(invoice: Invoice, store_name: str) -> tuple[Block, ...]:
    """Who sells (mof.md §3.2: 營業人企業識別標章 / seller name), then at which of his stores."""
    seller, store = clean(invoice.seller.name), clean(store_name)
    names = (seller, store) if store and store != seller else (seller,)
    return tuple(Text(name, bold=True, align="centre") for name in names)


def _date_line(invoice: Invoice) -> Block:
    moment = f"{invoice.date:%Y-%m-%d} {invoice.time:%H:%M:%S}"
    if not invoice.buyer.is_business:
        return Text(moment)
    # 25 is the filing format of general tax; a special-tax invoice shows the bare word.
    return Columns(moment, "格式 25" if invoice.invoice_type == "07" else "格式")


def _party_line(invoice: Invoice) -> Block:
    seller = f"賣方 {invoice.seller.ban}"
    if not invoice.buyer.is_business:
        return Text(seller)
    return Columns(seller, f"買方 {invoice.buyer.ban}")


def hyphenated(number: str) -> str:
    """An invoice number as it is printed: ``AB-11223344``."""
    return f"{number[:2]}-{number[2:]}"


def _detail_heading(invoice: Invoice, store_name: str, joined: bool) -> tuple[Block, ...]:
    heading: tuple[Block, ...] = (Text("交易明細", bold=True, align="centre"),)
    if not joined:
        heading = (*_names(invoice, store_name), *heading)
        heading += (
            Text(f"{invoice.date:%Y-%m-%d} {invoice.time:%H:%M:%S}"),
            Text(f"發票號碼 {hyphenated(invoice.number)}"),
            _party_line(invoice),
        )
    if invoice.buyer.is_business and invoice.buyer.name not in ("", "0000", invoice.buyer.ban):
        heading += (Text(f"買受人 {clean(invoice.buyer.name)}"),)
    return heading


def _detail_facts(order_number: str, cashier: str) -> tuple[Block, ...]:
    facts = (("訂單編號", order_number), ("收銀員", cashier))
    return tuple(Text(f"{name} {clean(value)}") for name, value in facts if value)


def _items(invoice: Invoice, joined: bool) -> tuple[Block, ...]:
    count = len(invoice.lines)
    if count <= LONGEST_DETAIL:
        return tuple(block for line in invoice.lines for block in _item_blocks(line, invoice))
    if not joined:
        raise Fault("TWI-PAPER", "Details", {"items": count, "most": LONGEST_DETAIL})
    return (Text(f"明細共 {count} 項，另附", bold=True),)


def _item_blocks(line: Line, invoice: Invoice) -> tuple[Block, ...]:
    unit = clean(line.unit)
    quantity = f"  {plain_decimal(line.quantity)}{unit} x {money(line.unit_price)}"
    mark = _tax_mark(line) if invoice.buyer.is_business or invoice.totals.tax_type == "9" else ""
    remark = (Text(f"  {clean(line.remark)}"),) if line.remark else ()
    return (
        Text(clean(line.description)),
        *remark,
        Columns(quantity, f"{money(line.amount)}{mark}"),
    )


def _tax_mark(line: Line) -> str:
    """TX taxable, TZ zero-rated or exempt, as on the slips of mof.md §3.2."""
    return " TZ" if line.tax_type in ("2", "3") else " TX"


def _detail_sums(invoice: Invoice) -> tuple[Block, ...]:
    totals = invoice.totals
    count = Columns("品項數", f"{len(invoice.lines)}")
    total = Columns("總計", f"{totals.total:,}", bold=True)
    tax_type = Columns("課稅別", tax_type_name(totals.tax_type))
    if not invoice.buyer.is_business and totals.tax_type != "9":
        return (count, total, *((tax_type,) if totals.tax_type != "1" else ()))
    return (
        count,
        tax_type,
        Columns("應稅銷售額", f"{totals.sales:,}"),
        Columns("零稅率銷售額", f"{totals.zero_tax_sales:,}"),
        Columns("免稅銷售額", f"{totals.free_tax_sales:,}"),
        Columns("稅額", f"{totals.tax:,}"),
        total,
    )


def _remarks(invoice: Invoice) -> tuple[Block, ...]:
    found: list[Block] = []
    if invoice.customs_clearance_mark:
        name = _named("customs_marks", invoice.customs_clearance_mark, "TWI-V21")
        found.append(Text(f"通關方式 {name}"))
    if invoice.main_remark:
        found.append(Text(f"備註 {clean(invoice.main_remark)}"))
    return tuple(found)


def money(value: Decimal) -> str:
    """An amount with thousands separators, without trailing zeros: ``1,234.5``."""
    return f"{Decimal(plain_decimal(value)):,f}"
