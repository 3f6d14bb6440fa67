"""Content rules of one MIG message by itself, as platform codes (mof.md §2, §9.6, §13).

Input is what :mod:`guitai_sandbox.turnkey.layout` read; output the neutral document of
docs/sandbox.md. Amounts are whole dollars, quantities and prices decimal text.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from guitai_sandbox.facts import (
    BOOK,
    CARRIER_SHAPES,
    CARRIER_TYPE,
    CONSUMER,
    DONATION,
    business_number_ok,
    dashed,
    day_of,
    delivery_fault,
    mix_fault,
    moment_of,
    rate_fault,
    tax_is_right,
)
from guitai_sandbox.turnkey.codes import PlatformError
from guitai_sandbox.turnkey.layout import LocalError

Values = dict[str, Any]
_LINE = (
    ("sequence", "SequenceNumber"),
    ("description", "Description"),
    ("quantity", "Quantity"),
    ("unit", "Unit"),
    ("unit_price", "UnitPrice"),
    ("amount", "Amount"),
    ("tax_type", "TaxType"),
    ("remark", "Remark"),
    ("related", "RelateNumber"),
)


def check_local(message: str, values: Values) -> None:
    """Turnkey's own content check: an invoice must reach its buyer some way (mof.md §2.1)."""
    if message != "F0401":
        return
    main = values["Main"]
    fault = delivery_fault(
        printed=main["PrintMark"] == "Y",
        carrier=main.get("CarrierType", ""),
        to_company=main["Buyer"]["Identifier"] != CONSUMER,
        donated=main["DonateMark"] == "1",
    )
    if fault:
        raise LocalError("Err008", fault)


def number_of(message: str, values: Values) -> tuple[str, str]:
    """Return the reference of a message for results: its number and its date ``yyyymmdd``."""
    names = {
        "F0501": ("CancelInvoiceNumber", "InvoiceDate"),
        "F0701": ("VoidInvoiceNumber", "InvoiceDate"),
        "G0501": ("CancelAllowanceNumber", "AllowanceDate"),
    }
    if message in names:
        number, day = names[message]
        return values[number], values[day]
    main = values["Main"]
    if message == "F0401":
        return main["InvoiceNumber"], main["InvoiceDate"]
    if message == "G0401":
        return main["AllowanceNumber"], main["AllowanceDate"]
    return f"{main['BranchBan']}-{main['InvoiceTrack']}-{main['InvoiceType']}", ""


def neutral(message: str, values: Values) -> Values:
    """Turn one message into the neutral document and judge everything that needs no memory."""
    return _READERS[message](values)


# -- F0401 ----------------------------------------------------------------------------------------


def _invoice(values: Values) -> Values:
    main = values["Main"]
    carrier = {
        "type": main.get("CarrierType", ""),
        "id1": main.get("CarrierId1", ""),
        "id2": main.get("CarrierId2", ""),
    }
    invoice = {
        "number": main["InvoiceNumber"],
        "seller": main["Seller"]["Identifier"],
        "buyer": main["Buyer"]["Identifier"],
        "buyer_name": main["Buyer"]["Name"],
        "date": dashed(main["InvoiceDate"]),
        "time": main["InvoiceTime"],
        "random": main.get("RandomNumber", ""),
        "type": main["InvoiceType"],
        "group": main.get("GroupMark", ""),
        "print": main["PrintMark"],
        "donate": main["DonateMark"],
        "donation": main.get("NPOBAN", ""),
        "carrier": carrier if any(carrier.values()) else None,
        "buyer_remark": main.get("BuyerRemark", ""),
        "clearance": main.get("CustomsClearanceMark", ""),
        "bonded": main.get("BondedAreaConfirm", ""),
        "zero_reason": main.get("ZeroTaxRateReason", ""),
        "remark": main.get("MainRemark", ""),
        "related": main.get("RelateNumber", ""),
        "lines": [
            {key: item.get(name, "") for key, name in _LINE}
            for item in values["Details"]["ProductItem"]
        ],
        "totals": _totals(values["Amount"]),
    }
    _check_when(invoice["date"], invoice["time"], "InvoiceTime")
    _check_people(invoice, main["Seller"])
    _check_marks(invoice)
    _check_lines(invoice)
    _check_amounts(invoice)
    return invoice


def _totals(amount: Values) -> Values:
    names = {
        "sales": "SalesAmount",
        "free": "FreeTaxSalesAmount",
        "zero": "ZeroTaxSalesAmount",
        "tax": "TaxAmount",
        "total": "TotalAmount",
        "discount": "DiscountAmount",
    }
    totals: Values = {key: _whole(amount.get(name, "0"), name) for key, name in names.items()}
    totals["tax_type"], totals["tax_rate"] = amount["TaxType"], amount["TaxRate"]
    return totals


def _whole(text: str, name: str) -> int:
    """Header amounts are whole dollars, not negative (mof.md §2.3)."""
    value = Decimal(text)
    if value < 0 or value != value.to_integral_value():
        raise PlatformError("E0305", name, text)
    return int(value)


def _check_when(day: str, time: str, name: str) -> None:
    """24:00:00 and zones pass the schema, not the platform (mof.md §1.4)."""
    if not moment_of(f"{day} {time}"):
        raise PlatformError("E0305", name, f"{day} {time}")


def _check_people(invoice: Values, seller: Values) -> None:
    if not business_number_ok(invoice["seller"]):
        raise PlatformError("E0101", "Seller", invoice["seller"])
    if not seller.get("Address", "").strip():
        raise PlatformError("E0503", "Seller/Address")
    if invoice["buyer"] != CONSUMER and not business_number_ok(invoice["buyer"]):
        raise PlatformError("E0104", "Buyer", invoice["buyer"])
    if not invoice["buyer_name"].strip():
        raise PlatformError("E0503", "Buyer/Name")


def _check_marks(invoice: Values) -> None:
    if not invoice["random"] and invoice["buyer"] == CONSUMER:
        raise PlatformError("E0503", "RandomNumber")
    donated = invoice["donate"] == "1"
    if donated != bool(invoice["donation"]) or (
        donated and not DONATION.fullmatch(invoice["donation"])
    ):
        raise PlatformError("E1001", "NPOBAN", invoice["donation"])
    if invoice["carrier"]:
        _check_carrier(**invoice["carrier"])


def _check_carrier(type: str, id1: str, id2: str) -> None:
    if id1 != id1.strip() or id2 != id2.strip():
        raise PlatformError("E1005", "CarrierId2", id2)
    if not CARRIER_TYPE.fullmatch(type) or not id1 or not id2:
        raise PlatformError("E0305", "CarrierType", type)
    shape = CARRIER_SHAPES.get(type)
    if shape and (id1 != id2 or not shape.fullmatch(id1)):
        raise PlatformError("E0305", "CarrierId1", id1)


def _check_lines(invoice: Values) -> None:
    seen: set[str] = set()
    for line in invoice["lines"]:
        if not line["sequence"] or not line["description"].strip():
            raise PlatformError("E0503", "ProductItem", line["sequence"])
        if line["sequence"] in seen:
            raise PlatformError("E0220", "SequenceNumber", line["sequence"])
        seen.add(line["sequence"])
        if Decimal(line["quantity"]) == 0:
            raise PlatformError("E0106", "Quantity", line["sequence"])


def _check_amounts(invoice: Values) -> None:
    totals = invoice["totals"]
    parts = totals["sales"], totals["free"], totals["zero"], totals["tax"]
    if not totals["total"]:
        raise PlatformError("E0105", "TotalAmount", "0")
    if sum(parts) != totals["total"]:
        raise PlatformError("E0103", "TotalAmount", str(totals["total"]))
    _check_special(invoice)
    if rate_fault(totals["tax_type"], Decimal(totals["tax_rate"])):
        raise PlatformError("E0225", "TaxRate", totals["tax_rate"])
    if mix_fault(totals["tax_type"], *parts) or not _lines_agree(invoice):
        raise PlatformError("E0305", "TaxType", totals["tax_type"])
    _check_zero_rate(invoice)
    _check_sum(invoice)
    _check_tax(invoice)


def _check_special(invoice: Values) -> None:
    totals = invoice["totals"]
    if (invoice["type"] == "08") != (totals["tax_type"] == "4"):
        raise PlatformError("E0226", "TaxType", totals["tax_type"])
    if invoice["type"] == "08" and totals["tax"]:
        raise PlatformError("E0224", "TaxAmount", str(totals["tax"]))


def _lines_agree(invoice: Values) -> bool:
    """Lines all of one type give that type; taxable with one other kind gives 9 (mof.md §2.6)."""
    kinds = {line["tax_type"] for line in invoice["lines"]}
    if invoice["totals"]["tax_type"] == "9":
        other = "3" if invoice["totals"]["free"] else "2"
        return kinds == {"1", other}
    return kinds == {invoice["totals"]["tax_type"]}


def _check_zero_rate(invoice: Values) -> None:
    if invoice["totals"]["zero"]:
        for name in ("clearance", "zero_reason"):
            if not invoice[name]:
                raise PlatformError("E0228", name)
    elif invoice["clearance"] or invoice["zero_reason"]:
        raise PlatformError("E0112", "CustomsClearanceMark", invoice["clearance"])


def _check_sum(invoice: Values) -> None:
    """Lines include tax for a consumer; for a company both bases are seen (mof.md §2.3)."""
    totals = invoice["totals"]
    lines = sum((Decimal(line["amount"]) for line in invoice["lines"]), Decimal(0))
    bases = {totals["total"]}
    if invoice["buyer"] != CONSUMER:
        bases.add(totals["total"] - totals["tax"])
    if all(abs(lines - base) > Decimal("0.5") for base in bases):
        raise PlatformError("E0103", "ProductItem/Amount", str(lines))


def _check_tax(invoice: Values) -> None:
    totals = invoice["totals"]
    if invoice["buyer"] == CONSUMER:
        right = totals["tax"] == 0
    elif totals["tax_type"] in "19":
        right = tax_is_right(totals["sales"], totals["tax"], Decimal("0.05"))
    else:
        right = totals["tax"] == 0
    if not right:
        raise PlatformError("E0305", "TaxAmount", str(totals["tax"]))


# -- changes --------------------------------------------------------------------------------------


def _void(values: Values) -> Values:
    return _change(values, "Cancel", "CancelInvoiceNumber") | {
        "invoice_date": dashed(values["InvoiceDate"]),
        "approval": values.get("ReturnTaxDocumentNumber", ""),
    }


def _annul(values: Values) -> Values:
    return _change(values, "Void", "VoidInvoiceNumber") | {
        "invoice_date": dashed(values["InvoiceDate"])
    }


def _allowance_void(values: Values) -> Values:
    return _change(values, "Cancel", "CancelAllowanceNumber") | {
        "allowance_date": dashed(values["AllowanceDate"])
    }


def _change(values: Values, prefix: str, number: str) -> Values:
    change = {
        "number": values[number],
        "buyer": values["BuyerId"],
        "seller": values["SellerId"],
        "date": dashed(values[f"{prefix}Date"]),
        "time": values[f"{prefix}Time"],
        "reason": values[f"{prefix}Reason"],
        "remark": values.get("Remark", ""),
    }
    _check_when(change["date"], change["time"], f"{prefix}Time")
    return change


def _allowance(values: Values) -> Values:
    main, amount = values["Main"], values["Amount"]
    allowance = {
        "number": main["AllowanceNumber"],
        "seller": main["Seller"]["Identifier"],
        "buyer": main["Buyer"]["Identifier"],
        "buyer_name": main["Buyer"]["Name"],
        "date": dashed(main["AllowanceDate"]),
        "type": main["AllowanceType"],
        "lines": [_allowance_line(item) for item in values["Details"]["ProductItem"]],
        "totals": {
            "tax": _whole(amount["TaxAmount"], "TaxAmount"),
            "amount": _whole(amount["TotalAmount"], "TotalAmount"),
        },
    }
    if not day_of(allowance["date"]):
        raise PlatformError("E0305", "AllowanceDate", allowance["date"])
    sequences = [line["sequence"] for line in allowance["lines"]]
    if len(set(sequences)) != len(sequences):
        raise PlatformError("E0220", "AllowanceSequenceNumber")
    for name in ("amount", "tax"):
        gap = sum(Decimal(line[name]) for line in allowance["lines"]) - allowance["totals"][name]
        if abs(gap) > Decimal("0.5"):
            raise PlatformError("E0305", name, str(allowance["totals"][name]))
    return allowance


def _allowance_line(item: Values) -> Values:
    line = {
        "sequence": item["AllowanceSequenceNumber"],
        "invoice_number": item["OriginalInvoiceNumber"],
        "invoice_date": dashed(item["OriginalInvoiceDate"]),
        "invoice_sequence": item.get("OriginalSequenceNumber", ""),
        "description": item["OriginalDescription"],
        "quantity": item["Quantity"],
        "unit": item.get("Unit", ""),
        "unit_price": item["UnitPrice"],
        "amount": item["Amount"],
        "tax": int(Decimal(item["Tax"])),
        "tax_type": item["TaxType"],
    }
    if not day_of(line["invoice_date"]):
        raise PlatformError("E0305", "OriginalInvoiceDate", line["invoice_date"])
    if Decimal(line["quantity"]) == 0:
        raise PlatformError("E0106", "Quantity", line["sequence"])
    return line


# -- number messages ------------------------------------------------------------------------------


def _track(values: Values) -> Values:
    main = values["Main"]
    return {
        "head": main["HeadBan"],
        "seller": main["BranchBan"],
        "type": main["InvoiceType"],
        "period": main["YearMonth"],
        "track": main["InvoiceTrack"],
        "number": number_of("E0402", values)[0],
    }


def _spans(items: list[Values]) -> list[list[int]]:
    """Read the items as [begin, end]; backwards or overlapping ones are E0609."""
    spans = sorted([int(one["InvoiceBeginNo"]), int(one["InvoiceEndNo"])] for one in items)
    for place, (begin, end) in enumerate(spans):
        if begin > end or (place and begin <= spans[place - 1][1]):
            raise PlatformError("E0609", "InvoiceBeginNo", f"{begin:08d}")
    return spans


def _branch(values: Values) -> Values:
    branch, items = _track(values), values["Details"]["BranchTrackItem"]
    main = [int(values["Main"][name]) for name in ("InvoiceBeginNo", "InvoiceEndNo")]
    branch |= {"main": main, "spans": _spans(items)}
    for one in items:
        begin, end = int(one["InvoiceBeginNo"]), int(one["InvoiceEndNo"])
        if not main[0] <= begin <= end <= main[1]:
            raise PlatformError("E0603", "InvoiceBeginNo", one["InvoiceBeginNo"])
        if end - begin + 1 != BOOK * int(one["InvoiceBooklet"]):
            raise PlatformError("E0608", "InvoiceBooklet", one["InvoiceBooklet"])
    return branch


def _blank(values: Values) -> Values:
    return _track(values) | {"spans": _spans(values["Details"]["BranchTrackBlankItem"])}


_READERS: dict[str, Callable[[Values], Values]] = {
    "F0401": _invoice,
    "F0501": _void,
    "F0701": _annul,
    "G0401": _allowance,
    "G0501": _allowance_void,
    "E0401": _branch,
    "E0402": _blank,
}
