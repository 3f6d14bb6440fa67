"""Strictness of the Mirle face: every required field, every content rule (provider sheet §2.5)."""

from __future__ import annotations

import re

import pytest

from guitai_sandbox.tests.desk import KEY, SELLER, sample

A01, C0401 = sample("mirle/a01"), sample("mirle/c0401")
C0501, D0401 = sample("mirle/c0501"), sample("mirle/d0401")
# copied from the sheet, not from the code under test
REQUIRED = (
    *(f"A{n}" for n in (1, 2, 3, 4, 5, 6, 18, 19, 20, 21, 22, 24, 28, 30)),
    *(f"B{n}" for n in (1, 2, 3, 5, 6, 7)),
    *(f"C{n}" for n in range(1, 8)),
    *(f"D{n}" for n in range(1, 6)),
)
BLANK_ALLOWED = ("A18", "A19", "A20", "A21", "D5")
VOID_FIELDS = (
    "INVOICE_CODE",
    "POSSN",
    "POSID",
    "INVOICE_NUMBER",
    "INVOICE_DATE",
    "BUYERID",
    "SELLERID",
    "CANCEL_DATE",
    "CANCEL_TIME",
    "CANCEL_REASON",
    "SYSTIME",
)
ALLOWANCE_FIELDS = (
    "INVOICE_CODE",
    "SELLERID",
    "POSSN",
    "POSID",
    "SYSTIME",
    "ALLOWANCENUMBER",
    "ALLOWANCEDATE",
    "IDENTIFIER",
    "NAME",
    "ALLOWANCETYPE",
    "ORIGINALINVOICEDATE",
    "ORIGINALINVOICENUMBER",
    "ORIGINALDESCRIPTION",
    "QUANTITY",
    "UNITPRICE",
    "AMOUNT",
    "TAX",
    "ALLOWANCESEQUENCENUMBER",
    "TAXTYPE",
    "TAXAMOUNT",
    "TOTALAMOUNT",
)


def put(text: str, **values: str) -> str:
    """Change the text of elements that occur once."""
    for name, value in values.items():
        text, count = re.subn(rf"<{name}>[^<]*</{name}>", f"<{name}>{value}</{name}>", text)
        assert count == 1, name
    return text


def without(text: str, name: str) -> str:
    short, count = re.subn(rf"<{name}>[^<]*</{name}>", "", text)
    assert count == 1, name
    return short


def refused(desk, body: str) -> str:
    reply = desk.post(body)
    assert reply["REPLY"] == "0", reply
    assert reply["MESSAGE"] and reply["ERROR_CODE"] == desk.reason()
    return desk.reason()


def nothing_kept(desk) -> bool:
    return desk.control("GET", "documents")["documents"] == []


@pytest.mark.parametrize("name", REQUIRED)
def test_c0401_without_a_required_field_is_refused(stocked, name):
    assert refused(stocked, without(C0401, name)) in ("S104", "S102")
    assert nothing_kept(stocked)


@pytest.mark.parametrize("name", [n for n in REQUIRED if n not in BLANK_ALLOWED])
def test_c0401_with_a_blank_required_field_is_refused(stocked, name):
    assert refused(stocked, put(C0401, **{name: " "})) in ("S104", "S102")


@pytest.mark.parametrize("name", VOID_FIELDS)
def test_c0501_without_a_required_field_is_refused(stocked, name):
    stocked.post(C0401)
    assert refused(stocked, without(C0501, name)) in ("S104", "S102")


@pytest.mark.parametrize("name", ALLOWANCE_FIELDS)
def test_d0401_without_a_required_field_is_refused(stocked, name):
    stocked.post(C0401)
    assert refused(stocked, without(D0401, name)) in ("S104", "S102")


@pytest.mark.parametrize("name", ["FUNCTIONCODE", "SELLERID", "POSID", "POSSN", "SYSTIME"])
def test_a01_without_a_required_field_is_refused(desk, name):
    assert refused(desk, without(A01, name)) in ("S104", "S102")


COMPANY = {"A5": "10458575", "A6": "買方", "C1": "100", "C6": "5"}
ZERO = {"C1": "0", "C3": "105", "C4": "2", "C5": "0"}
CONTENT = {
    "number in small letters": ({"A2": "ab00000036"}, "S105"),
    "number of another track": ({"A2": "ZZ00000036"}, "S303"),
    "number not handed out yet": ({"A2": "AB00000250"}, "S303"),
    "date without hyphens": ({"A3": "20260703"}, "S105"),
    "date that does not exist": ({"A3": "2026-02-31"}, "S105"),
    "date of another period": ({"A3": "2026-06-30"}, "S304"),
    "tomorrow": ({"A3": "2026-07-06", "D4": "2026-07-07 00:00:00"}, "S305"),
    "issued after its upload": ({"D4": "2026-07-03 18:20:10"}, "S305"),
    "24 o'clock": ({"A4": "24:00:00"}, "S105"),
    "nine zeros for a consumer": ({"A5": "000000000"}, "S105"),
    "consumer with a name": ({"A6": "王小明"}, "S105"),
    "wrong buyer number": ({**COMPANY, "A5": "12345678"}, "S105"),
    "unknown type": ({"A22": "05"}, "S105"),
    "type 08 without special tax": ({"A22": "08"}, "S601"),
    "random code of three digits": ({"A30": "482"}, "S105"),
    "random code of letters": ({"A30": "AAAA"}, "S105"),
    "random code in full-width digits": ({"A30": "４８２７"}, "S105"),
    "print mark y": ({"A28": "y"}, "S105"),
    "printed with a carrier": ({"A28": "Y"}, "S602"),
    "wrong mobile barcode": ({"A26": "/trm+o+p", "A27": "/trm+o+p"}, "S602"),
    "two different mobile barcodes": ({"A27": "/ABC1234"}, "S602"),
    "carrier without hidden code": ({"A27": ""}, "S602"),
    "no way to the consumer": ({"A25": "", "A26": "", "A27": ""}, "S602"),
    "donated without a code": ({"A24": "1"}, "S602"),
    "code without donation": ({"A29": "919"}, "S602"),
    "donation code of two digits": ({"A24": "1", "A29": "12"}, "S602"),
    "company donates": ({**COMPANY, "A24": "1", "A29": "919"}, "S602"),
    "quantity zero": ({"B3": "0"}, "S105"),
    "seven decimals": ({"B5": "105.0000001"}, "S105"),
    "first line is number 2": ({"B1": "2"}, "S105"),
    "sequence with letters": ({"B7": "A"}, "S105"),
    "amount with decimals": ({"C1": "105.0"}, "S105"),
    "negative amount": ({"C1": "-105"}, "S105"),
    "tax on a consumer": ({"C1": "100", "C6": "5"}, "S601"),
    "total differs": ({"C7": "106"}, "S601"),
    "lines differ": ({"B6": "104"}, "S601"),
    "rate 5": ({"C5": "5"}, "S601"),
    "wrong company tax": ({**COMPANY, "C1": "99", "C6": "6"}, "S601"),
    "zero rate without reason": ({**ZERO, "A17": "2"}, "S601"),
    "zero rate without customs mark": ({**ZERO, "A33": "71"}, "S601"),
    "customs mark without zero rate": ({"A17": "1", "A33": "71"}, "S601"),
    "mixed without a second part": ({"C4": "9"}, "S601"),
    "wrong key": ({"D2": "0" * 20}, "S201"),
    "unknown machine": ({"D3": "2"}, "S201"),
    "unknown seller": ({"D1": "04595257"}, "S201"),
    "upload moment without seconds": ({"D4": "2026-07-04 09:00"}, "S105"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_c0401_content(stocked, name):
    changes, code = CONTENT[name]
    assert refused(stocked, put(C0401, **changes)) == code
    assert nothing_kept(stocked)


GOOD = {
    "company, tax exclusive lines": {**COMPANY, "B5": "100", "B6": "100"},
    "company, tax inclusive lines": COMPANY,
    "zero rate": {**ZERO, "A17": "2", "A33": "71"},
    "exempt": {"C1": "0", "C2": "105", "C4": "3", "C5": "0"},
    "mixed": {"C1": "5", "C2": "100", "C4": "9"},
    "printed": {"A25": "", "A26": "", "A27": "", "A28": "Y"},
    "donated with carrier": {"A24": "1", "A29": "168001"},
    "member carrier": {"A25": "EM0015", "A26": "a@example.com", "A27": "a@example.com"},
    "citizen certificate": {
        "A25": "CQ0001",
        "A26": "AB12345678901234",
        "A27": "AB12345678901234",
    },
    "leading zeros of the random code": {"A30": "0482"},
    "first and last number": {"A2": "AB00000249"},
}


@pytest.mark.parametrize("name", GOOD)
def test_c0401_that_is_right_is_accepted(stocked, name):
    reply = stocked.post(put(C0401, **GOOD[name]))
    assert reply["REPLY"] == "1", reply


SHAPES = {
    "other root": (C0401.replace("Invoice>", "INVOICE>"), "S102"),
    "unknown code": (put(C0401, A1="C0402"), "S102"),
    "unknown field": (C0401.replace("<A7>", "<A99></A99><A7>"), "S103"),
    "doubled field": (C0401.replace("<A7>", "<A6>0000</A6><A7>"), "S103"),
    "order": (C0401.replace("<A7></A7><A8></A8>", "<A8></A8><A7></A7>"), "S103"),
    "attribute": (C0401.replace("<A2>", '<A2 x="1">'), "S103"),
    "comment": (C0401.replace("<A7>", "<!-- --><A7>"), "S103"),
    "half a message": (C0401[:400], "S101"),
    "document type": ('<!DOCTYPE a [<!ENTITY b "c">]>' + C0401, "S101"),
    "empty": ("", "S101"),
    "json": ("{}", "S101"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(stocked, name):
    body, code = SHAPES[name]
    assert refused(stocked, body) == code


def test_big5_body_is_refused(stocked):
    assert b"<REPLY>0</REPLY>" in stocked.raw(C0401.encode("cp950")).body
    assert stocked.reason() == "S101"


def test_namespaces_are_ignored(stocked):
    stocked.post(C0401)
    space = '<Allowance xmlns="urn:GEINV:eInvoiceMessage:D0401:3.0">'
    assert stocked.post(D0401.replace("<Allowance>", space))["REPLY"] == "1"


def test_media_types(stocked):
    form = stocked.raw(C0401, **{"content-type": "application/x-www-form-urlencoded"})
    assert b"<REPLY>1</REPLY>" in form.body
    assert stocked.raw(C0401, **{"content-type": "application/json"}).status == 415
    assert stocked.raw(C0401, **{"content-type": "text/xml; charset=big5"}).status == 415


VOIDS = {
    "other buyer": ({"BUYERID": "10458575"}, "S503"),
    "other day of the same period": ({"INVOICE_DATE": "2026-07-04"}, "S503"),
    "other period": ({"INVOICE_DATE": "2026-05-03"}, "S501"),
    "before the invoice": ({"CANCEL_DATE": "2026-07-03", "CANCEL_TIME": "18:20:10"}, "S105"),
    "24 o'clock": ({"CANCEL_TIME": "24:00:00"}, "S105"),
    "tomorrow": ({"CANCEL_DATE": "2026-07-06"}, "S105"),
    "long reason": ({"CANCEL_REASON": "字" * 21}, "S105"),
}


@pytest.mark.parametrize("name", VOIDS)
def test_void_content(stocked, name):
    stocked.post(C0401)
    changes, code = VOIDS[name]
    assert refused(stocked, put(C0501, **changes)) == code
    assert stocked.control("GET", "documents")["documents"][0]["state"] == "live"


def test_void_after_the_fifteenth_needs_an_approval(stocked):
    stocked.post(C0401)
    stocked.control("POST", "clock", now="2026-09-16T00:00:01", hold=True)
    assert refused(stocked, C0501) == "S504"
    assert stocked.post(put(C0501, RETURNTAXDOCUEMTN_NUMBER="財北國稅1"))["REPLY"] == "1"


ALLOWANCES = {
    "other buyer": ({"IDENTIFIER": "10458575"}, "S503"),
    "too much": ({"AMOUNT": "101", "TOTALAMOUNT": "101"}, "S505"),
    "sum differs": ({"TOTALAMOUNT": "99"}, "S601"),
    "tax differs": ({"TAX": "8", "TAXAMOUNT": "8"}, "S601"),
    "issued by the buyer": ({"ALLOWANCETYPE": "1"}, "S105"),
    "number too long": ({"ALLOWANCENUMBER": "A" * 17}, "S105"),
    "unknown invoice": ({"ORIGINALINVOICENUMBER": "AB00000037"}, "S501"),
    "tomorrow": ({"ALLOWANCEDATE": "2026-07-06"}, "S305"),
}


@pytest.mark.parametrize("name", ALLOWANCES)
def test_allowance_content(stocked, name):
    stocked.post(C0401)
    changes, code = ALLOWANCES[name]
    assert refused(stocked, put(D0401, **changes)) == code


def test_allowances_together_stay_within_the_invoice(stocked):
    stocked.post(C0401)
    part = put(D0401, AMOUNT="60", TOTALAMOUNT="60", TAX="3", TAXAMOUNT="3")
    assert stocked.post(part)["REPLY"] == "1"
    assert refused(stocked, put(part, ALLOWANCENUMBER="AB0000003602")) == "S505"


def test_no_allowance_on_a_voided_invoice(stocked):
    stocked.post(C0401)
    stocked.post(C0501)
    assert refused(stocked, D0401) == "S502"


def test_suspended_account(stocked):
    stocked.control("POST", "sellers", ban=SELLER, state="suspended")
    assert refused(stocked, C0401) == "S202"
    stocked.control("POST", "sellers", ban=SELLER)
    assert stocked.post(C0401)["REPLY"] == "1"


def test_a_number_belongs_to_the_machine_that_took_it(stocked):
    other = [{"posid": "2", "possn": KEY[::-1]}]
    stocked.control("POST", "sellers", ban=SELLER, machines=other)
    assert refused(stocked, put(C0401, D2=KEY[::-1], D3="2")) == "S303"


def test_late_uploads_are_taken_and_marked(stocked):
    stocked.control("POST", "clock", now="2026-07-06T00:00:00", hold=True)
    stocked.post(C0401)
    (one,) = stocked.control("GET", "documents")["documents"]
    assert one["late"] is True
