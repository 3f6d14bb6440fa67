"""Issue: C0401 (and A0401) become one neutral invoice, and every rule of it is judged.

Provider sheet §2.5 for the fields and amounts; mof.md §2 for delivery, tax and donation.
Amounts in whole dollars; quantities and prices as decimal text with at most six places.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from guitai_sandbox.facts import (
    CARRIER_SHAPES,
    CARRIER_TYPE,
    CONSUMER,
    DONATION,
    business_number_ok,
    dashed,
    day_of,
    decimal_of,
    delivery_fault,
    mix_fault,
    moment_of,
    rate_fault,
    tax_is_right,
)
from guitai_sandbox.mirle.layout import Call, require
from guitai_sandbox.mirle.refusal import Refused

_LINE_FIELDS = (
    ("sequence", "B7"),
    ("description", "B2"),
    ("quantity", "B3"),
    ("unit", "B4"),
    ("unit_price", "B5"),
    ("amount", "B6"),
    ("tax_type", "B13"),
    ("remark", "B8"),
    ("related", "B9"),
)


def invoice_of(call: Call) -> dict[str, Any]:
    """Turn a C0401 or A0401 into the neutral invoice; :class:`Refused` at the first fault."""
    invoice = _from_c0401(call) if call.code == "C0401" else _from_a0401(call)
    check_head(invoice)
    check_parties(invoice)
    check_delivery(invoice)
    check_lines(invoice)
    check_amounts(invoice)
    return invoice


def _from_c0401(call: Call) -> dict[str, Any]:
    values = call.values
    get = values.get
    _check_c0401_only(values)
    carrier = {"type": get("A25", ""), "id1": get("A26", ""), "id2": get("A27", "")}
    return {
        "number": values["A2"],
        "seller": call.seller,
        "buyer": values["A5"],
        "buyer_name": values["A6"],
        "date": values["A3"],
        "time": values["A4"],
        "random": values["A30"],
        "type": values["A22"],
        "group": get("A23", ""),
        "print": values["A28"],
        "donate": values["A24"],
        "donation": get("A29", ""),
        "carrier": carrier if any(carrier.values()) else None,
        "buyer_remark": get("A15", ""),
        "clearance": get("A17", ""),
        "bonded": get("A32", ""),
        "zero_reason": get("A33", ""),
        "remark": get("A16", ""),
        "related": get("A31", ""),
        "lines": [{key: one.get(code, "") for key, code in _LINE_FIELDS} for one in values["B"]],
        "totals": _totals(values, "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"),
    }


def _check_c0401_only(values: dict[str, Any]) -> None:
    if values["A19"] and not day_of(values["A19"]):
        raise Refused("S105", f"A19＝{values['A19']}"[:60])
    if not moment_of(values["D4"]):
        raise Refused("S105", f"D4＝{values['D4']}"[:60])
    for place, line in enumerate(values["B"], 1):
        if line["B1"] != str(place):
            raise Refused("S105", f"B1 項次應為 {place}：{line['B1']}"[:60])
        if line.get("B10") and decimal_of(line["B10"]) is None:
            raise Refused("S105", f"B10＝{line['B10']}"[:60])


def _from_a0401(call: Call) -> dict[str, Any]:
    main, amount = call.values["Main"], call.values["Amount"]
    get = main.get
    names = {
        "sequence": "SequenceNumber",
        "description": "Description",
        "quantity": "Quantity",
        "unit": "Unit",
        "unit_price": "UnitPrice",
        "amount": "Amount",
        "tax_type": "TaxType",
        "remark": "Remark",
        "related": "RelateNumber",
    }
    items = call.values["Details"]["ProductItem"]
    if main["Seller"]["Identifier"] != call.seller:
        raise Refused("S105", "Seller/Identifier")
    if main["Buyer"]["Identifier"] == CONSUMER:
        raise Refused("S105", "A0401 的買方須有統一編號")
    return {
        "number": main["InvoiceNumber"],
        "seller": call.seller,
        "buyer": main["Buyer"]["Identifier"],
        "buyer_name": main["Buyer"]["Name"],
        "date": dashed(main["InvoiceDate"]),  # hyphens or none: not public
        "time": main["InvoiceTime"],
        "random": main["RandomNumber"],
        "type": main["InvoiceType"],
        "group": get("GroupMark", ""),
        "print": main["PrintMark"],
        "donate": main["DonateMark"],
        "donation": "",
        "carrier": None,
        "buyer_remark": get("BuyerRemark", ""),
        "clearance": get("CustomsClearanceMark", ""),
        "bonded": get("BondedAreaConfirm", ""),
        "zero_reason": get("ZeroTaxRateReason", ""),
        "remark": get("MainRemark", ""),
        "related": get("RelateNumber", ""),
        "lines": [{key: one.get(name, "") for key, name in names.items()} for one in items],
        "totals": _totals(
            amount,
            "SalesAmount",
            "FreeTaxSalesAmount",
            "ZeroTaxSalesAmount",
            "TaxType",
            "TaxRate",
            "TaxAmount",
            "TotalAmount",
            "DiscountAmount",
        ),
    }


def _totals(values: dict[str, Any], *names: str) -> dict[str, Any]:
    sales, free, zero, tax_type, rate, tax, total, discount = names
    whole = {
        "sales": values[sales],
        "free": values.get(free) or "0",
        "zero": values.get(zero) or "0",
        "tax": values[tax],
        "total": values[total],
        "discount": values.get(discount) or "0",
    }
    amounts: dict[str, Any] = {
        key: int(require(r"\d{1,12}", text, key)) for key, text in whole.items()
    }
    amounts["tax_type"] = require(r"[12349]", values[tax_type], "TaxType")
    amounts["tax_rate"] = require(r"\d(\.\d{1,4})?", values[rate], "TaxRate")
    return amounts


def check_head(invoice: dict[str, Any]) -> None:
    """Judge number, moment, random code and the marks with few values."""
    require(r"[A-Z]{2}\d{8}", invoice["number"], "發票號碼")
    if not day_of(invoice["date"]):
        raise Refused("S105", f"發票日期＝{invoice['date']}"[:60])
    if not moment_of(f"{invoice['date']} {invoice['time']}"):
        raise Refused("S105", f"發票時間＝{invoice['time']}"[:60])
    require(r"\d{4}", invoice["random"], "隨機碼應為四位數字")
    require(r"0[78]", invoice["type"], "類別")
    require(r"\*?", invoice["group"], "彙開註記")
    require(r"[1-4]?", invoice["buyer_remark"], "買受人註記")
    require(r"[1-4]?", invoice["bonded"], "BondedAreaConfirm")
    _check_lengths(invoice)


def _check_lengths(invoice: dict[str, Any]) -> None:
    limits = {"buyer_name": 60, "remark": 200, "related": 20}
    for name, limit in limits.items():
        if len(invoice[name]) > limit:
            raise Refused("S105", f"{name} 超過 {limit} 字")


def check_parties(invoice: dict[str, Any]) -> None:
    """Judge the buyer: ten zeros and ``0000`` for a consumer, else a valid business number."""
    if invoice["buyer"] == CONSUMER:
        if invoice["buyer_name"] != "0000":
            raise Refused("S105", "消費者的買方名稱應為 0000")
    elif not business_number_ok(invoice["buyer"]):
        raise Refused("S105", f"買方統編＝{invoice['buyer']}"[:60])


def check_delivery(invoice: dict[str, Any]) -> None:
    """Judge print mark, carrier and donation together (mof.md §2.1, §7.1)."""
    require(r"[YN]", invoice["print"], "PrintMark")
    require(r"[01]", invoice["donate"], "捐贈註記")
    donated = invoice["donate"] == "1"
    if donated != bool(invoice["donation"]) or (
        donated and not DONATION.fullmatch(invoice["donation"])
    ):
        raise Refused("S602", f"捐贈碼＝{invoice['donation']}"[:60])
    carrier = invoice["carrier"]
    if carrier:
        _check_carrier(**carrier)
    fault = delivery_fault(
        printed=invoice["print"] == "Y",
        carrier=carrier["type"] if carrier else "",
        to_company=invoice["buyer"] != CONSUMER,
        donated=donated,
    )
    if fault:
        raise Refused("S602", fault)


def _check_carrier(type: str, id1: str, id2: str) -> None:
    if not CARRIER_TYPE.fullmatch(type) or not id1 or not id2:
        raise Refused("S602", "載具類別、顯碼、隱碼須齊全")
    if id1 != id1.strip() or id2 != id2.strip():
        raise Refused("S602", "載具前後不可有空白")
    shape = CARRIER_SHAPES.get(type)
    if shape and (id1 != id2 or not shape.fullmatch(id1)):
        raise Refused("S602", f"載具號碼＝{id1}"[:60])


def check_lines(invoice: dict[str, Any]) -> None:
    """Judge every line: names, decimals, sequence, and a quantity that is not zero."""
    seen: set[str] = set()
    for line in invoice["lines"]:
        require(r"\d{1,4}", line["sequence"], "序號")
        if line["sequence"] in seen:
            raise Refused("S105", f"序號重複 {line['sequence']}")
        seen.add(line["sequence"])
        for name in ("quantity", "unit_price", "amount"):
            if decimal_of(line[name]) is None:
                raise Refused("S105", f"{name}＝{line[name]}"[:60])
        if Decimal(line["quantity"]) == 0:
            raise Refused("S105", "數量不得為零")
        if len(line["description"]) > 500 or len(line["unit"]) > 6:
            raise Refused("S105", "品名或單位過長")
        require(r"[1-4]?", line["tax_type"], "課稅別")


def check_amounts(invoice: dict[str, Any]) -> None:
    """Judge sums, tax and the zero-rate marks (mof.md §2.3–§2.6)."""
    totals = invoice["totals"]
    parts = totals["sales"], totals["free"], totals["zero"], totals["tax"]
    if sum(parts) != totals["total"] or not totals["total"]:
        raise Refused("S601", "總計須等於銷售額加稅額且不為零")
    rate = decimal_of(totals["tax_rate"])
    fault = rate_fault(totals["tax_type"], rate) or mix_fault(totals["tax_type"], *parts)
    if fault:
        raise Refused("S601", fault)
    if (invoice["type"] == "08") != (totals["tax_type"] == "4"):
        raise Refused("S601", "類別 08 限特種稅額")
    _check_tax(invoice, rate or Decimal(0))
    _check_sum(invoice)
    zero_rated = bool(totals["zero"])
    if zero_rated != bool(invoice["clearance"]) or zero_rated != bool(invoice["zero_reason"]):
        raise Refused("S601", "通關方式與零稅率原因限零稅率且必填")
    require(r"[12]?", invoice["clearance"], "通關方式")
    require(r"(7[1-9])?", invoice["zero_reason"], "ZeroTaxRateReason")


def _check_tax(invoice: dict[str, Any], rate: Decimal) -> None:
    sales, tax = invoice["totals"]["sales"], invoice["totals"]["tax"]
    if invoice["buyer"] == CONSUMER:
        if tax:
            raise Refused("S601", "消費者發票的稅額應為 0")
    elif invoice["totals"]["tax_type"] in "19" and not tax_is_right(sales, tax, rate):
        raise Refused("S601", f"稅額＝{tax}")


def _check_sum(invoice: dict[str, Any]) -> None:
    """Lines include tax for a consumer; for a company both bases are seen (mof.md §2.3)."""
    totals = invoice["totals"]
    lines = sum(Decimal(line["amount"]) for line in invoice["lines"])
    bases = {totals["total"]}
    if invoice["buyer"] != CONSUMER:
        bases.add(totals["total"] - totals["tax"])
    if all(abs(lines - base) > Decimal("0.5") for base in bases):
        raise Refused("S601", f"明細加總 {lines} 與總金額不符")


def issued_at(invoice: dict[str, Any]) -> datetime:
    """Return the moment of issue, Taipei wall time."""
    moment = moment_of(f"{invoice['date']} {invoice['time']}")
    assert moment is not None  # check_head has judged both
    return moment
