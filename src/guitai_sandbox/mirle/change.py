"""Corrections: void (C0501, A0501), allowance (D0401, B0401) and its void (D0501, B0501).

Provider sheet §2.6 and §2.7; limits of time and amount: mof.md §5.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from guitai_sandbox.facts import (
    CONSUMER,
    dashed,
    day_of,
    decimal_of,
    half_up,
    moment_of,
    period_of,
    void_deadline,
)
from guitai_sandbox.mirle import ledger
from guitai_sandbox.mirle.layout import Call, require
from guitai_sandbox.mirle.refusal import Refused

SELLER_ISSUES_SINCE = date(2025, 1, 1)
_VOID_NAMES = {
    "C0501": (
        "INVOICE_NUMBER",
        "INVOICE_DATE",
        "BUYERID",
        "SELLERID",
        "CANCEL_DATE",
        "CANCEL_TIME",
        "CANCEL_REASON",
        "RETURNTAXDOCUEMTN_NUMBER",
        "REMARK",
    ),
    "A0501": (
        "CancelInvoiceNumber",
        "InvoiceDate",
        "BuyerId",
        "SellerId",
        "CancelDate",
        "CancelTime",
        "CancelReason",
        "ReturnTaxDocumentNumber",
        "Remark",
    ),
}
_KEYS = (
    "number",
    "invoice_date",
    "buyer",
    "seller",
    "date",
    "time",
    "reason",
    "approval",
    "remark",
)


def void_of(call: Call) -> dict[str, Any]:
    """Turn C0501 or A0501 into the neutral void, its own fields judged."""
    names = _VOID_NAMES[call.code]
    void = {key: call.values.get(name, "") for key, name in zip(_KEYS, names, strict=True)}
    if call.code == "A0501":
        void["invoice_date"], void["date"] = map(dashed, (void["invoice_date"], void["date"]))
    require(r"[A-Z]{2}\d{8}", void["number"], names[0])
    if not day_of(void["invoice_date"]):
        raise Refused("S105", f"{names[1]}＝{void['invoice_date']}"[:60])
    _check_moment_and_reason(void)
    return void


def _check_moment_and_reason(change: dict[str, Any]) -> None:
    if not moment_of(f"{change['date']} {change['time']}"):
        raise Refused("S105", f"作廢時間＝{change['date']} {change['time']}"[:60])
    if not 1 <= len(change["reason"].strip()) <= 20:
        raise Refused("S105", "作廢原因應為 1 至 20 字")


def judge_void(
    link: sqlite3.Connection, void: dict[str, Any], content: str, now: datetime
) -> tuple[str, str, str, str]:
    """Judge a void against what was received; mark the invoice void; return the document's key."""
    period = _period(void["invoice_date"])
    invoice = ledger.find(link, void["seller"], "invoice", void["number"], period)
    if invoice is None:
        raise Refused("S501", f"無此發票 {void['number']}")
    key = (void["seller"], "void", void["number"], period)
    ledger.refuse_double(link, key, content)
    _match_void(void, json.loads(invoice["body"]), now)
    if ledger.allowed_so_far(link, void["seller"], void["number"], void["invoice_date"])[0]:
        raise Refused("S502", "已有折讓，請先作廢折讓")
    if now.date() > void_deadline(period) and not void["approval"]:
        raise Refused("S504", void["number"])
    ledger.set_state(link, invoice["id"], "void")
    return key


def _match_void(void: dict[str, Any], invoice: dict[str, Any], now: datetime) -> None:
    same = (void["buyer"], void["invoice_date"]) == (invoice["buyer"], invoice["date"])
    if not same:
        raise Refused("S503", "買方或發票日期")
    moment = f"{void['date']} {void['time']}"
    if moment < f"{invoice['date']} {invoice['time']}" or void["date"] > now.date().isoformat():
        raise Refused("S105", f"作廢時間＝{moment}")


def _period(day: str) -> str:
    return period_of(date.fromisoformat(day))


def allowance_of(call: Call) -> dict[str, Any]:
    """Turn D0401 or B0401 into the neutral allowance, its own fields and sums judged."""
    values = call.values
    day = day_of(values["ALLOWANCEDATE"])
    if not day:
        raise Refused("S105", f"ALLOWANCEDATE＝{values['ALLOWANCEDATE']}"[:60])
    if len(values["ALLOWANCENUMBER"]) > 16:
        raise Refused("S105", "折讓單號碼超過 16 字")
    kind = require(r"[12]", values["ALLOWANCETYPE"], "ALLOWANCETYPE")
    if kind == "1" and day >= SELLER_ISSUES_SINCE:
        raise Refused("S105", "ALLOWANCETYPE 應為 2（賣方開立）")
    if call.code == "B0401" and values["IDENTIFIER"] == CONSUMER:
        raise Refused("S105", f"IDENTIFIER＝{values['IDENTIFIER']}"[:60])
    allowance = {
        "number": values["ALLOWANCENUMBER"],
        "seller": call.seller,
        "buyer": values["IDENTIFIER"],
        "buyer_name": values["NAME"],
        "date": values["ALLOWANCEDATE"],
        "type": kind,
        "lines": [_line_of(one) for one in values["PRODUCTITEM"]],
        "totals": {
            "tax": int(require(r"\d{1,12}", values["TAXAMOUNT"], "TAXAMOUNT")),
            "amount": int(require(r"\d{1,12}", values["TOTALAMOUNT"], "TOTALAMOUNT")),
        },
    }
    _check_allowance_sums(allowance)
    return allowance


def _line_of(item: dict[str, str]) -> dict[str, Any]:
    for name in ("QUANTITY", "UNITPRICE"):
        if decimal_of(item[name]) is None:
            raise Refused("S105", f"{name}＝{item[name]}"[:60])
    if not day_of(item["ORIGINALINVOICEDATE"]):
        raise Refused("S105", f"ORIGINALINVOICEDATE＝{item['ORIGINALINVOICEDATE']}"[:60])
    return {
        "sequence": require(r"\d{1,4}", item["ALLOWANCESEQUENCENUMBER"], "序號"),
        "invoice_number": require(r"[A-Z]{2}\d{8}", item["ORIGINALINVOICENUMBER"], "原發票號碼"),
        "invoice_date": item["ORIGINALINVOICEDATE"],
        "invoice_sequence": item.get("ORIGINALSEQUENCENUMBER", ""),
        "description": item["ORIGINALDESCRIPTION"],
        "quantity": item["QUANTITY"],
        "unit": item.get("UNIT", ""),
        "unit_price": item["UNITPRICE"],
        "amount": int(require(r"\d{1,12}", item["AMOUNT"], "AMOUNT")),
        "tax": int(require(r"\d{1,12}", item["TAX"], "TAX")),
        "tax_type": require(r"[1-4]", item["TAXTYPE"], "TAXTYPE"),
    }


def _check_allowance_sums(allowance: dict[str, Any]) -> None:
    lines, totals = allowance["lines"], allowance["totals"]
    if len({line["sequence"] for line in lines}) != len(lines):
        raise Refused("S105", "序號重複")
    for name in ("amount", "tax"):
        if sum(line[name] for line in lines) != totals[name]:
            raise Refused("S601", f"折讓明細加總不符 {name}")
    for line in lines:
        tax = half_up(Decimal(line["amount"]) * Decimal("0.05")) if line["tax_type"] == "1" else 0
        if abs(line["tax"] - tax) > 1:  # the last allowance of an invoice takes the odd dollar
            raise Refused("S601", f"折讓稅額＝{line['tax']}")


def judge_allowance(
    link: sqlite3.Connection, allowance: dict[str, Any], content: str, now: datetime
) -> tuple[str, str, str, str]:
    """Judge an allowance against the invoices it names; return the document's key."""
    key = (allowance["seller"], "allowance", allowance["number"], "")
    ledger.refuse_double(link, key, content)
    if allowance["date"] > now.date().isoformat():
        raise Refused("S305", f"折讓日期 {allowance['date']}")
    wanted = {(line["invoice_number"], line["invoice_date"]) for line in allowance["lines"]}
    for number, day in sorted(wanted):
        _judge_against(link, allowance, number, day)
    return key


def _judge_against(
    link: sqlite3.Connection, allowance: dict[str, Any], number: str, day: str
) -> None:
    row = ledger.find(link, allowance["seller"], "invoice", number, _period(day))
    if row is None:
        raise Refused("S501", f"無此發票 {number}")
    if row["state"] != "live":
        raise Refused("S502", f"發票已作廢 {number}")
    invoice = json.loads(row["body"])
    if (invoice["date"], invoice["buyer"]) != (day, allowance["buyer"]):
        raise Refused("S503", "買方或發票日期")
    if allowance["date"] < day:
        raise Refused("S105", "折讓日期早於發票日期")
    mine = [line for line in allowance["lines"] if line["invoice_number"] == number]
    _, before, tax_before = ledger.allowed_so_far(link, allowance["seller"], number, day)
    amount = before + sum(line["amount"] for line in mine)
    tax = tax_before + sum(line["tax"] for line in mine)
    totals = invoice["totals"]
    separate = totals["tax"] > 0  # a company's invoice names its tax, a consumer's contains it
    if amount + tax > totals["total"] or (separate and tax > totals["tax"]):
        raise Refused("S505", number)


def allowance_void_of(call: Call) -> dict[str, Any]:
    """Turn D0501 or B0501 into the neutral void of an allowance, its own fields judged."""
    values = call.values
    change = {
        "number": values["CANCELALLOWANCENUMBER"],
        "allowance_date": values["ALLOWANCEDATE"],
        "buyer": values["BUYERID"],
        "seller": values["SELLERID"],
        "date": values["CANCELDATE"],
        "time": values["CANCELTIME"],
        "reason": values["CANCELREASON"],
        "remark": values.get("REMARK", ""),
    }
    _check_moment_and_reason(change)
    return change


def judge_allowance_void(
    link: sqlite3.Connection, change: dict[str, Any], content: str, now: datetime
) -> tuple[str, str, str, str]:
    """Judge the void of an allowance; mark the allowance void; return the document's key."""
    allowance = ledger.find(link, change["seller"], "allowance", change["number"])
    if allowance is None:
        raise Refused("S501", f"無此折讓單 {change['number']}")
    key = (change["seller"], "allowance_void", change["number"], "")
    ledger.refuse_double(link, key, content)
    body = json.loads(allowance["body"])
    if (body["date"], body["buyer"]) != (change["allowance_date"], change["buyer"]):
        raise Refused("S503", "買方或折讓日期")
    if not body["date"] <= change["date"] <= now.date().isoformat():
        raise Refused("S105", f"作廢日期＝{change['date']}")
    ledger.set_state(link, allowance["id"], "void")
    return key
