"""The elements of every message, in order, and the strict reader (provider sheet §2.3–§2.6).

One word an element: ``NAME!`` must be there and filled, ``NAME=`` must be there and may be blank,
``NAME?`` may be missing. ``NAME*{…}`` is repeated, at least once; ``NAME{…}`` has children.
Namespaces are ignored, as the real centre seems to (§2.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lxml import etree

from guitai_sandbox.mirle.refusal import Refused

_C0401 = (
    "A1! A2! A3! A4! A5! A6! A7? A8? A9? A10? A11? A12? A13? A14? A15? A16? A17? "
    "A18= A19= A20= A21= A22! A23? A24! A25? A26? A27? A28! A29? A30! A31? A32? A33? "
    "B*{ B1! B2! B3! B4? B5! B6! B7! B8? B9? B10? B11? B12? B13? } "
    "C1! C2! C3! C4! C5! C6! C7! C8? C9? C10? C11? C12? C13? D1! D2! D3! D4! D5="
)
_WHO = "SELLERID! POSID! POSSN! SYSTIME!"
_RANGE = "SELLERID! TYPE! TYPENAME= TAXMONTH! INVOICEHEADER! INVOICESTART! INVOICEEND!"
_VOID = (
    "INVOICE_CODE! POSSN! POSID! INVOICE_NUMBER! INVOICE_DATE! BUYERID! SELLERID! CANCEL_DATE! "
    "CANCEL_TIME! CANCEL_REASON! B_EMAIL_ADDRESS? RETURNTAXDOCUEMTN_NUMBER? REMARK? SYSTIME!"
)
_ALLOWANCE = (
    "INVOICE_CODE! SELLERID! POSSN! POSID! SYSTIME! ALLOWANCENUMBER! ALLOWANCEDATE! S_ADDRESS? "
    "IDENTIFIER! NAME! ADDRESS? PERSONINCHARGE? TELEPHONENUMBER? FACSIMILENUMBER? EMAILADDRESS? "
    "ROLEREMARK? ALLOWANCETYPE! PRODUCTITEM*{ ORIGINALINVOICEDATE! ORIGINALINVOICENUMBER! "
    "ORIGINALSEQUENCENUMBER? ORIGINALDESCRIPTION! QUANTITY! UNIT? UNITPRICE! AMOUNT! TAX! "
    "ALLOWANCESEQUENCENUMBER! TAXTYPE! } TAXAMOUNT! TOTALAMOUNT!"
)
_ALLOWANCE_VOID = (
    "INVOICE_CODE! POSSN! POSID! CANCELALLOWANCENUMBER! ALLOWANCEDATE! BUYERID! SELLERID! "
    "CANCELDATE! CANCELTIME! CANCELREASON! REMARK? SYSTIME!"
)
_ITEM = (
    "Description! Quantity! Unit? UnitPrice! TaxType? Amount! SequenceNumber! Remark? RelateNumber?"
)
_A0401 = (
    "INVOICE_CODE! SELLERID! POSSN! POSID! SYSTIME! Main{ InvoiceNumber! InvoiceDate! InvoiceTime! "
    "Seller{ Identifier! Name! } Buyer{ Identifier! Name! Address? PersonInCharge? } CheckNumber? "
    "BuyerRemark? MainRemark? CustomsClearanceMark? Category? RelateNumber? InvoiceType! "
    "GroupMark? DonateMark! BondedAreaConfirm? Attachment? PrintMark! RandomNumber! "
    "ZeroTaxRateReason? } "
    f"Details{{ ProductItem*{{ {_ITEM} }} }} "
    "Amount{ SalesAmount! FreeTaxSalesAmount? ZeroTaxSalesAmount? TaxType! TaxRate! TaxAmount! "
    "TotalAmount! DiscountAmount? OriginalCurrencyAmount? ExchangeRate? Currency? }"
)
_A0501 = (
    "INVOICE_CODE! POSSN! POSID! CancelInvoiceNumber! InvoiceDate! BuyerId! SellerId! CancelDate! "
    "CancelTime! CancelReason! B_EMAIL_ADDRESS? ReturnTaxDocumentNumber? Remark? SYSTIME!"
)


@dataclass(slots=True)
class Element:
    """One element of a message."""

    name: str
    need: str
    many: bool = False
    inside: Shape | None = None


@dataclass
class Shape:
    """The children of one element, in their order."""

    elements: list[Element] = field(default_factory=list)

    @cached_property
    def places(self) -> dict[str, int]:
        """Position by name."""
        return {element.name: place for place, element in enumerate(self.elements)}

    @cached_property
    def required(self) -> list[Element]:
        """The elements that may not be missing."""
        return [element for element in self.elements if element.need != "?"]


def compile_shape(text: str) -> Shape:
    """Read the little language of this module into a :class:`Shape`."""
    stack = [Shape()]
    for word in text.split():
        if word == "}":
            stack.pop()
        elif word.endswith("{"):
            inside = Shape()
            name = word.rstrip("*{")
            stack[-1].elements.append(Element(name, "=", "*" in word, inside))
            stack.append(inside)
        else:
            stack[-1].elements.append(Element(word[:-1], word[-1]))
    return stack[0]


def _flat(code_field: str, tail: str = "") -> Shape:
    return compile_shape(f"{code_field}! {_WHO} {tail}")


_TAKE = _flat("FUNCTIONCODE")
_LIST = _flat("INVOICE_CODE")
_OWN = _flat("INVOICE_CODE", f"INVOICEDATA{{ {_RANGE} }}")
_CURSOR = "TAXMONTH! INVOICEHEADER! INVOICESTART! INVOICEEND! INVOICENUMBER!"
MESSAGES: dict[tuple[str, str], Shape] = {
    ("INDEX", "A01"): _TAKE,
    ("INDEX", "C01"): _TAKE,
    ("INDEX", "Y01"): _TAKE,
    ("INDEX", "B01"): _flat("FUNCTIONCODE", _CURSOR),
    ("Invoice", "A02"): _LIST,
    ("Invoice", "C02"): _LIST,
    ("INDEX", "A03"): _OWN,
    ("INDEX", "C03"): _OWN,
    ("Invoice", "C0401"): compile_shape(_C0401),
    ("Invoice", "C0501"): compile_shape(_VOID),
    ("Allowance", "D0401"): compile_shape(_ALLOWANCE),
    ("Invoice", "D0501"): compile_shape(_ALLOWANCE_VOID),
    ("Invoice", "A0401"): compile_shape(_A0401),
    ("Invoice", "A0501"): compile_shape(_A0501),
    ("Allowance", "B0401"): compile_shape(_ALLOWANCE),
    ("Invoice", "B0501"): compile_shape(_ALLOWANCE_VOID),
}
CODE_FIELDS = {"INDEX": ("FUNCTIONCODE", "INVOICE_CODE"), "Invoice": ("A1", "INVOICE_CODE")}


@dataclass(slots=True)
class Call:
    """One message as received: its code and its values by element name."""

    code: str
    values: dict[str, Any]
    seller: str
    posid: str
    possn: str


def open_message(body: bytes) -> etree._Element:
    """Parse the body; UTF-8, no document type, no entities of its own. Raises ``S101``."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Refused("S101", "不可含 DOCTYPE")
    try:
        body.decode("utf-8")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, encoding="utf-8")
        return etree.fromstring(body, parser)
    except (UnicodeDecodeError, etree.XMLSyntaxError, ValueError) as error:
        raise Refused("S101", str(error)[:80]) from error


def name_of(element: etree._Element) -> str:
    """Return the local name; refuse comments and processing instructions."""
    if not isinstance(element.tag, str):
        raise Refused("S103", "註解或處理指令")
    return element.tag.rpartition("}")[2]


def identify(root: etree._Element) -> tuple[str, str]:
    """Return root name and message code; raise ``S102`` for what nobody knows."""
    kind = name_of(root)
    first = root[0] if len(root) else None
    label = name_of(first) if first is not None else ""
    code = (first.text or "") if first is not None else ""
    known = label in CODE_FIELDS.get(kind, ("INVOICE_CODE",))
    if not known or (kind, code) not in MESSAGES:
        raise Refused("S102", f"{kind}/{label}={code}"[:60])
    return kind, code


def read_values(element: etree._Element, shape: Shape) -> dict[str, Any]:
    """Read the children of ``element`` strictly; raises ``S103`` and ``S104``."""
    values: dict[str, Any] = {}
    last = -1
    for child in element:
        name = name_of(child)
        place = shape.places.get(name, -1)
        if place < 0:
            raise Refused("S103", f"不明欄位 {name}")
        part = shape.elements[place]
        if place < last or (place == last and not part.many):
            raise Refused("S103", f"欄位重複或順序不符 {name}")
        last = place
        _take(values, part, child)
    for part in shape.required:
        if part.name not in values:
            raise Refused("S104", part.name)
    return values


def _take(values: dict[str, Any], part: Element, child: etree._Element) -> None:
    if child.attrib:
        raise Refused("S103", f"{part.name} 不可有屬性")
    if part.inside is not None:
        inner = read_values(child, part.inside)
        if part.many:
            values.setdefault(part.name, []).append(inner)
        else:
            values[part.name] = inner
        return
    if len(child):
        raise Refused("S103", f"{part.name} 不可有子欄位")
    text = child.text or ""
    if part.need == "!" and not text.strip():
        raise Refused("S104", part.name)
    values[part.name] = text


def read_call(body: bytes) -> Call:
    """Read one posted message into a :class:`Call`, or raise :class:`Refused`."""
    root = open_message(body)
    kind, code = identify(root)
    try:
        values = read_values(root, MESSAGES[kind, code])
    except Refused as refused:
        refused.message = code
        raise
    who = ("D1", "D3", "D2") if code == "C0401" else ("SELLERID", "POSID", "POSSN")
    seller = values.get(who[0]) or values.get("SellerId", "")
    return Call(code, values, seller, values[who[1]], values[who[2]])


def content_of(call: Call) -> dict[str, Any]:
    """Return what the document says: without the moment of upload, keys and blank fields."""
    skip = {"D2", "D3", "D4", "D5", "SYSTIME", "POSSN", "POSID"}
    return {key: value for key, value in _filled(call.values).items() if key not in skip}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, list):
            kept[key] = [_filled(one) for one in value]
        elif isinstance(value, dict):
            kept[key] = _filled(value)
        elif value:
            kept[key] = value
    return kept


def require(pattern: str, text: str, name: str) -> str:
    """Return ``text`` when it is exactly of this shape (ASCII digits); raise ``S105`` else."""
    if not re.fullmatch(pattern, text, re.ASCII):
        raise Refused("S105", f"{name}＝{text}"[:60])
    return text
