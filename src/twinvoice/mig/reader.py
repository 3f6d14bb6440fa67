"""MIG XML to documents: elements in any order, by local name (mof.md §1.3, §1.5, §9.5).

Outgoing messages are read strictly: an element that a document cannot hold is refused, never
dropped. Messages of MIG 3.2 (history) are read too, without the two elements that 4.0 removed.
What the platform sends is read tolerantly, both spellings of its results.

The parser resolves no entity, opens no network, and refuses a document type declaration.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from twinvoice import document as model
from twinvoice.faults import Fault
from twinvoice.period import parse_roc_date

_LIMIT = 20_000_000
"""The platform takes no object over 20 MB (mof.md §9.3)."""

_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\+08:00)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_CODE = re.compile(r"(?:^|:)([A-G][0-9]{4}):([0-9.]+)$")
_REMOVED_IN_40 = ("Attachment", "CheckNumber")


def read(data: bytes) -> model.Document:
    """The document in ``data``. Never gives back half of one.

    Raises ``Fault`` with ``TWI-XML-SIZE`` (over 20 MB), ``TWI-XML-SYNTAX``, ``TWI-XML-DTD``,
    ``TWI-XML-TYPE`` (no message we know), ``TWI-XML-MISSING``, ``TWI-XML-UNKNOWN``,
    ``TWI-XML-DUPLICATE`` or ``TWI-XML-VALUE``; ``path`` names the element.
    """
    root = _parse(data)
    name = etree.QName(root)
    entry = _ROOTS.get(name.localname)
    if entry is None:
        raise Fault("TWI-XML-TYPE", name.localname, {"namespace": name.namespace or ""})
    codes, build = entry
    found = _CODE.search(name.namespace or "")
    if found and codes and found[1] not in codes:
        raise Fault("TWI-XML-TYPE", name.localname, {"namespace": name.namespace})
    return build(_Node(root, ""))


def _parse(data: bytes) -> Any:
    if len(data) > _LIMIT:
        raise Fault("TWI-XML-SIZE", "", {"bytes": len(data), "limit": _LIMIT})
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Fault("TWI-XML-SYNTAX", "", {"reason": str(error)}) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault("TWI-XML-DTD", "", {})
    return root


class _Node:
    """One element: its children by local name, and which of them have been taken."""

    def __init__(self, element: Any, path: str) -> None:
        self.path = path
        self._element = element
        self._children: dict[str, list[Any]] = {}
        for child in element:
            self._children.setdefault(etree.QName(child).localname, []).append(child)

    def _at(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def _one(self, name: str) -> Any:
        found = self._children.pop(name, None)
        if found is None:
            return None
        if len(found) > 1:
            raise Fault("TWI-XML-DUPLICATE", self._at(name), {"count": len(found)})
        return found[0]

    def has(self, name: str) -> bool:
        return name in self._children

    def text(self, name: str) -> str:
        """The text of a mandatory element. Raises ``TWI-XML-MISSING``."""
        element = self._one(name)
        if element is None:
            raise Fault("TWI-XML-MISSING", self._at(name), {})
        if len(element):
            raise self.wrong(name, "elements inside")
        return element.text or ""

    def optional(self, name: str) -> str:
        """The text of an optional element, empty where it is absent."""
        return self.text(name) if self.has(name) else ""

    def value(self, name: str, convert: "Callable[[str], Any]") -> Any:
        """A mandatory element, converted. Raises ``TWI-XML-VALUE``."""
        text = self.text(name)
        try:
            return convert(text.strip())
        except (ValueError, InvalidOperation) as error:
            raise self.wrong(name, text) from error

    def optional_value(self, name: str, convert: "Callable[[str], Any]") -> Any:
        return self.value(name, convert) if self.has(name) else None

    def node(self, name: str) -> "_Node":
        """A mandatory element with elements inside."""
        element = self._one(name)
        if element is None:
            raise Fault("TWI-XML-MISSING", self._at(name), {})
        return _Node(element, self._at(name))

    def nodes(self, name: str) -> "Iterator[_Node]":
        """Every element of that name, counted from 1 in its path."""
        for index, element in enumerate(self._children.pop(name, []), 1):
            yield _Node(element, f"{self._at(name)}[{index}]")

    def wrong(self, name: str, value: object) -> Fault:
        return Fault("TWI-XML-VALUE", self._at(name), {"value": str(value)[:80]})

    def finish(self) -> None:
        """Refuse what nobody asked for. Raises ``TWI-XML-UNKNOWN``."""
        for name in _REMOVED_IN_40:
            self._children.pop(name, None)
        if self._children:
            raise Fault("TWI-XML-UNKNOWN", self._at(next(iter(self._children))), {})


def _date(text: str) -> dt.date:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return dt.date(int(match[1]), int(match[2]), int(match[3]))


def _time(text: str) -> dt.time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return dt.time(int(match[1]), int(match[2]), int(match[3]))


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _whole(text: str) -> int:
    """Whole dollars, however many zeros stand behind the point."""
    value = _decimal(text)
    if value != value.to_integral_value():
        raise ValueError(text)
    return int(value)


def _flag(yes: str, no: str) -> "Callable[[str], bool]":
    def convert(text: str) -> bool:
        if text not in (yes, no):
            raise ValueError(text)
        return text == yes

    return convert


def _role_fields(node: _Node) -> dict[str, str]:
    fields = {
        "ban": node.text("Identifier"),
        "name": node.text("Name"),
        "address": node.optional("Address"),
        "person_in_charge": node.optional("PersonInCharge"),
        "telephone": node.optional("TelephoneNumber"),
        "facsimile": node.optional("FacsimileNumber"),
        "email": node.optional("EmailAddress"),
        "customer_number": node.optional("CustomerNumber"),
        "role_remark": node.optional("RoleRemark"),
    }
    node.finish()
    return fields


def _line(node: _Node, header_type: str) -> model.Line:
    line = model.Line(
        description=node.text("Description"),
        quantity=node.value("Quantity", _decimal),
        unit_price=node.value("UnitPrice", _decimal),
        amount=node.value("Amount", _decimal),
        sequence=node.text("SequenceNumber"),
        # Lines have a tax type of their own only since 4.0.
        tax_type=node.optional("TaxType") or header_type,  # type: ignore[arg-type] # unchecked
        unit=node.optional("Unit"),
        remark=node.optional("Remark"),
        relate_number=node.optional("RelateNumber"),
    )
    node.finish()
    return line


def _totals(node: _Node) -> model.Totals:
    return model.Totals(
        sales=node.value("SalesAmount", _whole),
        free_tax_sales=node.optional_value("FreeTaxSalesAmount", _whole) or 0,
        zero_tax_sales=node.optional_value("ZeroTaxSalesAmount", _whole) or 0,
        tax_type=node.text("TaxType"),  # type: ignore[arg-type] # check.faults judges it
        tax_rate=node.value("TaxRate", _decimal),
        tax=node.value("TaxAmount", _whole),
        total=node.value("TotalAmount", _whole),
    )


def _delivery(main: _Node) -> dict[str, Any]:
    """Print mark, carrier and donation; a DonateMark that contradicts NPOBAN is refused."""
    donated, npoban = main.value("DonateMark", _flag("1", "0")), main.optional("NPOBAN")
    if donated != (npoban != ""):
        raise main.wrong("DonateMark", f"NPOBAN {npoban!r}")
    return {
        "npoban": npoban,
        "print_mark": main.value("PrintMark", _flag("Y", "N")),
        "carrier_type": main.optional("CarrierType"),
        "carrier_id1": main.optional("CarrierId1"),
        "carrier_id2": main.optional("CarrierId2"),
        "random_code": main.optional("RandomNumber"),
    }


def _remarks(main: _Node) -> dict[str, Any]:
    group = main.optional_value("GroupMark", _flag("*", "")) or False
    return {
        "group_mark": group,
        "buyer_remark": main.optional("BuyerRemark"),
        "main_remark": main.optional("MainRemark"),
        "customs_clearance_mark": main.optional("CustomsClearanceMark"),
        "category": main.optional("Category"),
        "relate_number": main.optional("RelateNumber"),
        "bonded_area_confirm": main.optional("BondedAreaConfirm"),
        "zero_tax_rate_reason": main.optional("ZeroTaxRateReason"),
        "reserved1": main.optional("Reserved1"),
        "reserved2": main.optional("Reserved2"),
    }


def _invoice(root: _Node) -> model.Invoice:
    main, details, amount = root.node("Main"), root.node("Details"), root.node("Amount")
    totals = _totals(amount)
    invoice = model.Invoice(
        number=main.text("InvoiceNumber"),
        date=main.value("InvoiceDate", _date),
        time=main.value("InvoiceTime", _time),
        seller=model.Seller(**_role_fields(main.node("Seller"))),
        buyer=model.Buyer(**_role_fields(main.node("Buyer"))),
        lines=tuple(_line(node, totals.tax_type) for node in details.nodes("ProductItem")),
        totals=totals,
        invoice_type=main.text("InvoiceType"),  # type: ignore[arg-type] # check.faults judges it
        **_delivery(main),
        **_remarks(main),
        discount_amount=amount.optional_value("DiscountAmount", _whole),
        original_currency_amount=amount.optional_value("OriginalCurrencyAmount", _decimal),
        exchange_rate=amount.optional_value("ExchangeRate", _decimal),
        currency=amount.optional("Currency"),
    )
    for node in (root, main, details, amount):
        node.finish()
    return invoice


def _void(root: _Node) -> model.Void:
    void = model.Void(
        number=root.text("CancelInvoiceNumber"),
        invoice_date=root.value("InvoiceDate", _date),
        buyer_ban=root.text("BuyerId"),
        seller_ban=root.text("SellerId"),
        void_date=root.value("CancelDate", _date),
        void_time=root.value("CancelTime", _time),
        reason=root.text("CancelReason"),
        return_tax_document_number=root.optional("ReturnTaxDocumentNumber"),
        remark=root.optional("Remark"),
        reserved1=root.optional("Reserved1"),
        reserved2=root.optional("Reserved2"),
    )
    root.finish()
    return void


def _annulment(root: _Node) -> model.Annulment:
    annulment = model.Annulment(
        number=root.text("VoidInvoiceNumber"),
        invoice_date=root.value("InvoiceDate", _date),
        buyer_ban=root.text("BuyerId"),
        seller_ban=root.text("SellerId"),
        annul_date=root.value("VoidDate", _date),
        annul_time=root.value("VoidTime", _time),
        reason=root.text("VoidReason"),
        remark=root.optional("Remark"),
        reserved1=root.optional("Reserved1"),
        reserved2=root.optional("Reserved2"),
    )
    root.finish()
    return annulment


def _allowance_line(node: _Node) -> model.AllowanceLine:
    line = model.AllowanceLine(
        original_date=node.value("OriginalInvoiceDate", _date),
        original_number=node.text("OriginalInvoiceNumber"),
        original_description=node.text("OriginalDescription"),
        quantity=node.value("Quantity", _decimal),
        unit_price=node.value("UnitPrice", _decimal),
        amount=node.value("Amount", _decimal),
        tax=node.value("Tax", _whole),
        sequence=node.text("AllowanceSequenceNumber"),
        tax_type=node.text("TaxType"),  # type: ignore[arg-type] # check.faults judges it
        unit=node.optional("Unit"),
        original_sequence=node.optional("OriginalSequenceNumber"),
    )
    node.finish()
    return line


def _refuse_buyer_issued(node: _Node) -> None:
    """Only allowances issued by the seller are documents here (mof.md §5.4)."""
    if node.has("AllowanceType"):
        node.value("AllowanceType", _flag("2", "2"))


def _allowance(root: _Node) -> model.Allowance:
    main, details, amount = root.node("Main"), root.node("Details"), root.node("Amount")
    _refuse_buyer_issued(main)
    allowance = model.Allowance(
        number=main.text("AllowanceNumber"),
        date=main.value("AllowanceDate", _date),
        seller=model.Seller(**_role_fields(main.node("Seller"))),
        buyer=model.Buyer(**_role_fields(main.node("Buyer"))),
        lines=tuple(_allowance_line(node) for node in details.nodes("ProductItem")),
        tax=amount.value("TaxAmount", _whole),
        total=amount.value("TotalAmount", _whole),
        original_seller_ban=main.optional("OriginalInvoiceSellerId"),
        original_buyer_ban=main.optional("OriginalInvoiceBuyerId"),
    )
    for node in (root, main, details, amount):
        node.finish()
    return allowance


def _allowance_void(root: _Node) -> model.AllowanceVoid:
    _refuse_buyer_issued(root)
    void = model.AllowanceVoid(
        number=root.text("CancelAllowanceNumber"),
        allowance_date=root.value("AllowanceDate", _date),
        buyer_ban=root.text("BuyerId"),
        seller_ban=root.text("SellerId"),
        void_date=root.value("CancelDate", _date),
        void_time=root.value("CancelTime", _time),
        reason=root.text("CancelReason"),
        remark=root.optional("Remark"),
    )
    root.finish()
    return void


def _spans(details: _Node, name: str, *, booklets: bool) -> tuple[model.NumberSpan, ...]:
    spans = []
    for node in details.nodes(name):
        count = node.value("InvoiceBooklet", _whole) if booklets else None
        spans.append(
            model.NumberSpan(node.text("InvoiceBeginNo"), node.text("InvoiceEndNo"), count)
        )
        node.finish()
    return tuple(spans)


def _track_main(main: _Node) -> dict[str, Any]:
    return {
        "head_ban": main.text("HeadBan"),
        "branch_ban": main.text("BranchBan"),
        "invoice_type": main.text("InvoiceType"),
        "period_code": main.text("YearMonth"),
        "track": main.text("InvoiceTrack"),
    }


def _branch_allocation(root: _Node) -> model.BranchAllocation:
    main, details = root.node("Main"), root.node("Details")
    allocation = model.BranchAllocation(
        **_track_main(main),
        begin=main.text("InvoiceBeginNo"),
        end=main.text("InvoiceEndNo"),
        items=_spans(details, "BranchTrackItem", booklets=True),
    )
    for node in (root, main, details):
        node.finish()
    return allocation


def _blank_report(root: _Node) -> model.BlankReport:
    main, details = root.node("Main"), root.node("Details")
    report = model.BlankReport(
        **_track_main(main), items=_spans(details, "BranchTrackBlankItem", booklets=False)
    )
    for node in (root, main, details):
        node.finish()
    return report


def _assignment(root: _Node) -> model.Assignment:
    return model.Assignment(
        ban=root.text("Ban"),
        invoice_type=root.text("InvoiceType"),
        period_code=root.text("YearMonth"),
        track=root.text("InvoiceTrack"),
        begin=root.text("InvoiceBeginNo"),
        end=root.text("InvoiceEndNo"),
        booklets=root.value("InvoiceBooklet", _whole),
    )


def _award(node: _Node) -> model.Award:
    return model.Award(
        number=node.text("InvoiceNumber"),
        date=node.value("InvoiceDate", _date),
        time=node.optional_value("InvoiceTime", _time),
        seller_ban=node.node("Seller").text("Identifier"),
        buyer_ban=node.text("BuyerId"),
        total=node.value("TotalAmount", _whole),
        random_code=node.text("RandomNumber"),
        prize_type=node.text("PrizeType"),
        prize_amount=node.value("PrizeAmount", _whole),
        deposit_mark=node.text("DepositMark"),
        carrier_type=node.optional("CarrierType"),
        carrier_type_name=node.optional("CarrierTypeName"),
        carrier_id1=node.optional("CarrierId1"),
        carrier_id2=node.optional("CarrierId2"),
        redeem_data_type=node.optional("RedeemDataType"),
        prize_data_source=node.optional("PrizeDataSource"),
        print_type=node.optional("PrintType"),
    )


def _award_list(root: _Node) -> model.AwardList:
    main, details = root.node("Main"), root.node("Details")
    return model.AwardList(
        head_ban=main.text("HeadBan"),
        period_code=main.text("YearMonth"),
        award_list_type=main.text("AwardListType"),
        total_count=main.value("TotalRecordCnt", _whole),
        total_amount=main.value("TotalPrizeAmount", _whole),
        receive_begin=main.value("RecAwardBegin", parse_roc_date),
        receive_end=main.value("RecAwardEnd", parse_roc_date),
        awards=tuple(_award(node) for node in details.nodes("PrizeInvoice")),
    )


def _result_line(node: _Node) -> model.ResultLine:
    parameters = [node.optional(f"Parameter{index}") for index in range(5)]
    while parameters and not parameters[-1]:
        parameters.pop()
    return model.ResultLine(
        node.text("Code").strip(), node.optional("Description"), tuple(parameters)
    )


def _process_result(root: _Node) -> model.ProcessResult:
    info = root.node("MessageInfo")
    lines = tuple(_result_line(node) for node in root.node("Result").nodes("Info"))
    if not lines:
        # The schema wants one at least; an answer without a code must never pass for a success.
        raise Fault("TWI-XML-MISSING", "Result/Info", {})
    return model.ProcessResult(
        message_id=info.text("Id"),
        message_type=info.text("MessageType"),
        lines=lines,
        service=info.optional("Service"),
        action=info.optional("Action"),
        size=info.optional_value("Size", _whole) or 0,
    )


_References = tuple[tuple[str, dt.date], ...]


def _count(result: _Node, name: str) -> tuple[int, _References]:
    """Count and references of Total, Good or Failed, in either spelling (mof.md §9.5)."""
    block = result.node(name)
    if block.has("ResultDetailType"):
        block = block.node("ResultDetailType")
    references = [
        (invoice.text("ReferenceNumber"), invoice.value("InvoiceDate", _date))
        for invoices in block.nodes("Invoices")
        for spelling in ("Invoice", "Invocie")
        for invoice in invoices.nodes(spelling)
    ]
    return block.value("Count", _whole), tuple(references)


def _summary_message(node: _Node) -> model.SummaryMessage:
    info = node.node("Info")
    result = node.node("ResultType" if node.has("ResultType") else "Result")
    total, _ = _count(result, "Total")
    good, good_references = _count(result, "Good")
    failed, failed_references = _count(result, "Failed")
    return model.SummaryMessage(
        message_id=info.text("Id"),
        message_type=info.text("MessageType"),
        total=total,
        good=good,
        failed=failed,
        good_references=good_references,
        failed_references=failed_references,
    )


def _summary_result(root: _Node) -> model.SummaryResult:
    messages = root.node("DetailList").nodes("Message")
    return model.SummaryResult(tuple(_summary_message(node) for node in messages))


_ROOTS: dict[str, tuple[tuple[str, ...], Callable[[_Node], model.Document]]] = {
    "Invoice": (("F0401", "C0401", "A0401"), _invoice),
    "CancelInvoice": (("F0501", "C0501", "A0501"), _void),
    "VoidInvoice": (("F0701", "C0701"), _annulment),
    "Allowance": (("G0401", "D0401", "B0401"), _allowance),
    "CancelAllowance": (("G0501", "D0501", "B0501"), _allowance_void),
    "BranchTrack": (("E0401",), _branch_allocation),
    "BranchTrackBlank": (("E0402",), _blank_report),
    "InvoiceAssignNo": (("E0501",), _assignment),
    "Award": (("E0504",), _award_list),
    "ProcessResult": ((), _process_result),
    "SummaryResult": ((), _summary_result),
}
"""Root element → the message codes its namespace may name, and the builder."""
