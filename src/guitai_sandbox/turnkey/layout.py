"""What a MIG 4.1 file must look like: elements in order, types, lengths (mig-elements.md).

One line an element: its name (``?`` optional, ``*`` repeated) and its type; ``{`` opens children.
This is Turnkey's own check: what fails here goes to ``ERR`` and never reaches the platform.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

_ROLE = """{ Identifier s8-10
 Name s1-60
 Address? s0-100
 PersonInCharge? s0-30
 TelephoneNumber? s0-26
 FacsimileNumber? s0-26
 EmailAddress? s0-400
 CustomerNumber? s0-20
 RoleRemark? s0-40
 }"""
_TAIL = "Reserved1? s0-20\n Reserved2? s0-100"
_F0401 = f"""Main {{
 InvoiceNumber number
 InvoiceDate day
 InvoiceTime time
 Seller {_ROLE}
 Buyer {_ROLE}
 BuyerRemark? [1-4]
 MainRemark? s0-200
 CustomsClearanceMark? [12]
 Category? s0-2
 RelateNumber? s0-20
 InvoiceType 0[78]
 GroupMark? [*]
 DonateMark [01]
 CarrierType? s0-6
 CarrierId1? s0-400
 CarrierId2? s0-400
 PrintMark [YN]
 NPOBAN? s0-10
 RandomNumber? ([0-9]{{4}})?
 BondedAreaConfirm? [1-4]
 ZeroTaxRateReason? 7[1-9]
 {_TAIL}
 }}
 Details {{
 ProductItem*9999 {{
 Description s0-500
 Quantity d20/7
 Unit? s0-6
 UnitPrice d20/7
 TaxType [12349]
 Amount d20/7
 SequenceNumber s0-4
 Remark? s0-120
 RelateNumber? s0-50
 }}
 }}
 Amount {{
 SalesAmount d20/7+
 FreeTaxSalesAmount d20/7
 ZeroTaxSalesAmount d20/7
 TaxType [12349]
 TaxRate rate
 TaxAmount d20/0+
 TotalAmount d20/7+
 DiscountAmount? d20/7+
 OriginalCurrencyAmount? d20/7+
 ExchangeRate? d13/5+
 Currency? [A-Z]{{3}}
 }}"""
_F0501 = f"""CancelInvoiceNumber number
 InvoiceDate day
 BuyerId s0-10
 SellerId s0-10
 CancelDate day
 CancelTime time
 CancelReason s1-20
 ReturnTaxDocumentNumber? s0-60
 Remark? s0-200
 {_TAIL}"""
_F0701 = f"""VoidInvoiceNumber number
 InvoiceDate day
 BuyerId s0-10
 SellerId s0-10
 VoidDate day
 VoidTime time
 VoidReason s1-20
 Remark? s0-200
 {_TAIL}"""
_G0401 = f"""Main {{
 AllowanceNumber s1-16
 AllowanceDate day
 Seller {_ROLE}
 Buyer {_ROLE}
 AllowanceType 2
 OriginalInvoiceSellerId? s0-10
 OriginalInvoiceBuyerId? s0-10
 }}
 Details {{
 ProductItem*9999 {{
 OriginalInvoiceDate day
 OriginalInvoiceNumber number
 OriginalSequenceNumber? s0-4
 OriginalDescription s0-500
 Quantity d20/7
 Unit? s0-6
 UnitPrice d20/7
 Amount d20/7
 Tax d20/0
 AllowanceSequenceNumber s1-4
 TaxType [12349]
 }}
 }}
 Amount {{
 TaxAmount d20/0+
 TotalAmount d20/7+
 }}"""
_G0501 = """CancelAllowanceNumber s1-16
 AllowanceType [12]
 AllowanceDate day
 BuyerId s0-10
 SellerId s0-10
 CancelDate day
 CancelTime time
 CancelReason s1-20
 Remark? s0-200"""
_TRACK = """HeadBan s0-10
 BranchBan s0-10
 InvoiceType 0[78]
 YearMonth month
 InvoiceTrack [A-Z]{2}"""
_SPAN = "InvoiceBeginNo [0-9]{8}\n InvoiceEndNo [0-9]{8}"
_E0401 = f"""Main {{
 {_TRACK}
 {_SPAN}
 }}
 Details {{
 BranchTrackItem*25000 {{
 {_SPAN}
 InvoiceBooklet [0-9]{{1,10}}
 }}
 }}"""
_E0402 = f"""Main {{
 {_TRACK}
 }}
 Details {{
 BranchTrackBlankItem*10000 {{
 {_SPAN}
 }}
 }}"""
_RATES = tuple(Decimal(rate) for rate in ("0", "0.01", "0.02", "0.05", "0.15", "0.25"))


class LocalError(Exception):
    """Turnkey itself refuses the file; carries its ``Err…`` code (mof.md §9.6)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


@dataclass
class Node:
    """One element: a leaf with a test, or a parent with children in their order."""

    name: str
    optional: bool = False
    most: int = 1
    test: Callable[[str], bool] | None = None
    children: list[Node] = field(default_factory=list)


def _tester(kind: str) -> Callable[[str], bool]:
    length = re.fullmatch(r"s(\d+)-(\d+)", kind)
    if length:
        low, high = int(length[1]), int(length[2])
        return lambda text: low <= len(text) <= high
    decimals = re.fullmatch(r"d(\d+)/(\d+)(\+?)", kind)
    if decimals:
        return _decimal_tester(int(decimals[1]), int(decimals[2]), bool(decimals[3]))
    if kind == "rate":
        return lambda text: bool(re.fullmatch(r"\d+(\.\d+)?", text)) and Decimal(text) in _RATES
    pattern = {
        "number": r"[A-Z]{2}[0-9]{8}",
        "day": r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
        "time": r"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|24:00:00)(Z|[+-][0-9]{2}:[0-9]{2})?",
        "month": r"[0-9]{3}(0[2468]|1[02])",
    }.get(kind, kind)
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _decimal_tester(total: int, fraction: int, positive: bool) -> Callable[[str], bool]:
    shape = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")

    def test(text: str) -> bool:
        match = shape.fullmatch(text)
        if not match or not (match[2] or match[3]):
            return False
        whole, places = match[2].lstrip("0"), (match[3] or "").rstrip("0")
        fits = len(whole) + len(places) <= total and len(places) <= fraction
        return fits and not (positive and match[1] == "-" and (whole or places))

    return test


def _compile(text: str) -> list[Node]:
    stack: list[list[Node]] = [[]]
    words = text.split()
    while words:
        word = words.pop(0)
        if word == "}":
            stack.pop()
            continue
        name, _, most = word.partition("*")
        node = Node(name.rstrip("?"), name.endswith("?"), int(most or 1))
        stack[-1].append(node)
        kind = words.pop(0)
        if kind == "{":
            stack.append(node.children)
        else:
            node.test = _tester(kind)
    return stack[0]


ROOTS = {
    "F0401": ("Invoice", _compile(_F0401)),
    "F0501": ("CancelInvoice", _compile(_F0501)),
    "F0701": ("VoidInvoice", _compile(_F0701)),
    "G0401": ("Allowance", _compile(_G0401)),
    "G0501": ("CancelAllowance", _compile(_G0501)),
    "E0401": ("BranchTrack", _compile(_E0401)),
    "E0402": ("BranchTrackBlank", _compile(_E0402)),
}


def parse(data: bytes) -> etree._Element:
    """Parse one whole file; UTF-8 and no document type. Raises ``Err004`` for anything else."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise LocalError("Err004", "不可含 DOCTYPE")
    try:
        data.decode("utf-8")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        root = etree.fromstring(data, parser)
    except (UnicodeDecodeError, etree.XMLSyntaxError, ValueError) as error:
        raise LocalError("Err004", f"剖析錯誤：{error}"[:200]) from error
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        raise LocalError("Err004", "編碼應為 UTF-8")
    return root


def read(message: str, data: bytes) -> dict[str, Any]:
    """Check one file against the layout of its folder's message; return its values by element.

    Repeated elements become lists. Raises :class:`LocalError` at the first fault.
    """
    root = parse(data)
    name, nodes = ROOTS[message]
    space, _, local = root.tag.rpartition("}")
    want = f"urn:GEINV:eInvoiceMessage:{message}:4.1"
    if space.lstrip("{") != want:
        versioned = space.startswith(f"{{urn:GEINV:eInvoiceMessage:{message}:")
        raise LocalError("Err019" if versioned else "Err028", f"命名空間應為 {want}")
    if local != name:
        raise LocalError("Err028", f"根元素應為 {name}：{local}")
    return _children(root, nodes, f"{{{want}}}", local)


def _children(element: etree._Element, nodes: list[Node], space: str, path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    rest = [child for child in element if isinstance(child.tag, str)]
    place = 0
    for node in nodes:
        found = []
        while place < len(rest) and rest[place].tag == space + node.name:
            found.append(_value(rest[place], node, space, f"{path}/{node.name}"))
            place += 1
            if node.most == 1:
                break
        if not found and not node.optional:
            raise LocalError("Err008", f"缺少或順序不符：{path}/{node.name}")
        if len(found) > node.most:
            raise LocalError("Err008", f"超過 {node.most} 筆：{path}/{node.name}")
        if found:
            values[node.name] = found if node.most > 1 else found[0]
    if place < len(rest):
        raise LocalError("Err008", f"不明、重複或順序不符：{path}/{rest[place].tag}")
    return values


def _value(element: etree._Element, node: Node, space: str, path: str) -> Any:
    if element.attrib:
        raise LocalError("Err008", f"不可有屬性：{path}")
    if node.test is None:
        if (element.text or "").strip():
            raise LocalError("Err008", f"不可有文字：{path}")
        return _children(element, node.children, space, path)
    text = element.text or ""
    if len(element) or not node.test(text):
        raise LocalError("Err008", f"內容不符：{path}＝{text[:40]}")
    return text
