"""Mirle's messages byte for byte: provider-vectors.md §10 (reconstructed there, fake keys)."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from guitai.invoicing.ports import Account, CentreRange, Which
from guitai.invoicing.rules import Outcome
from guitai.kernel import clock, ids
from guitai.providers import contract
from guitai.providers.centres.mirle import MirleCentre, codec
from guitai.providers.centres.mirle.refusals import meaning_of, table
from guitai.providers.centres.mirle.wire import BrokenAnswer, Index, decode, element, read
from guitai.providers.http import NoAnswer, Reply
from twinvoice.document import Void
from twinvoice.faults import Fault

KEY = "00112233445566778899"
ACCOUNT = Account(ids.new_id(), ids.new_id(), "mirle", "12345675", posid="1", channel_key=KEY)
NOW = dt.datetime(2026, 7, 3, 9, 0, tzinfo=clock.TAIPEI)

A01 = (
    "<INDEX><FUNCTIONCODE>A01</FUNCTIONCODE><SELLERID>12345675</SELLERID><POSID>1</POSID>"
    "<POSSN>00112233445566778899</POSSN><SYSTIME>2026-07-03 09:00:00</SYSTIME></INDEX>"
)
A01_REPLY = (
    "<INDEX><FUNCTIONCODE>A01</FUNCTIONCODE><REPLY>1</REPLY><MESSAGE>OK</MESSAGE>"
    "<SELLERID>12345675</SELLERID><POSID>1</POSID><POSSN>00112233445566778899</POSSN>"
    "<SYSTIME>2026-07-03 09:00:01</SYSTIME><USERID></USERID><TAXMONTH>11508</TAXMONTH>"
    "<TYPE>07</TYPE><INVOICEHEADER>AB</INVOICEHEADER><INVOICESTART>00000000</INVOICESTART>"
    "<INVOICEEND>00000249</INVOICEEND></INDEX>"
)
NO_NUMBERS = (
    "<INDEX><FUNCTIONCODE>A01</FUNCTIONCODE><REPLY>0</REPLY><MESSAGE>無可用發票號碼</MESSAGE>"
    "<ERROR_CODE></ERROR_CODE><SELLERID>12345675</SELLERID><POSID>1</POSID>"
    "<POSSN>00112233445566778899</POSSN></INDEX>"
)
# The published sample, without B11 (品號): MIG has no such field, our document does not carry it.
C0401 = (
    "<Invoice><A1>C0401</A1><A2>AB00000036</A2><A3>2026-07-03</A3><A4>18:20:11</A4>"
    "<A5>0000000000</A5><A6>0000</A6><A7></A7><A8></A8><A9></A9><A10></A10><A11></A11><A12></A12>"
    "<A13></A13><A14></A14><A15></A15><A16></A16><A17></A17><A18></A18><A19></A19><A20></A20>"
    "<A21></A21><A22>07</A22><A23></A23><A24>0</A24><A25>3J0002</A25><A26>/TRM+O+P</A26>"
    "<A27>/TRM+O+P</A27><A28>N</A28><A29></A29><A30>4827</A30><A31></A31><A32></A32><A33></A33>"
    "<B><B1>1</B1><B2>拿鐵 大杯</B2><B3>1</B3><B4>杯</B4><B5>105</B5><B6>105</B6><B7>1</B7>"
    "<B8></B8><B9></B9><B10>100</B10><B11></B11><B12></B12><B13>1</B13></B><C1>105</C1><C2>0</C2>"
    "<C3>0</C3><C4>1</C4><C5>0.05</C5><C6>0</C6><C7>105</C7><C8>0</C8><C9></C9><C10></C10>"
    "<C11></C11><C12></C12><C13></C13><D1>12345675</D1><D2>00112233445566778899</D2><D3>1</D3>"
    "<D4>2026-07-04 09:00:00</D4><D5></D5></Invoice>"
)
C0501 = (
    "<Invoice><INVOICE_CODE>C0501</INVOICE_CODE><POSSN>00112233445566778899</POSSN>"
    "<POSID>1</POSID><INVOICE_NUMBER>AB00000036</INVOICE_NUMBER>"
    "<INVOICE_DATE>2026-07-03</INVOICE_DATE><BUYERID>0000000000</BUYERID>"
    "<SELLERID>12345675</SELLERID><CANCEL_DATE>2026-07-04</CANCEL_DATE>"
    "<CANCEL_TIME>10:30:00</CANCEL_TIME><CANCEL_REASON>客戶取消</CANCEL_REASON>"
    "<B_EMAIL_ADDRESS></B_EMAIL_ADDRESS><RETURNTAXDOCUEMTN_NUMBER></RETURNTAXDOCUEMTN_NUMBER>"
    "<REMARK></REMARK><SYSTIME>2026-07-04 10:31:00</SYSTIME></Invoice>"
)


class CannedDoor:
    """Answers every call with the same bytes and keeps what it was asked."""

    def __init__(self, body: str | bytes, status: int = 200, headers=None) -> None:
        self.reply = Reply(status, headers or {}, body.encode() if isinstance(body, str) else body)
        self.calls = []

    def exchange(self, account, call):
        self.calls.append(call)
        return self.reply


def centre_with(body, status=200, headers=None):
    centre = MirleCentre(contract.ListJournal())
    centre.door = CannedDoor(body, status, headers)
    return centre


def options(**values):
    return codec.Options.of(values)


def test_taking_numbers_asks_and_reads_as_recorded():
    centre = centre_with(A01_REPLY)
    answer = centre.take_numbers(ACCOUNT, Which.CURRENT, NOW)
    assert centre.door.calls[0].body.decode() == A01
    assert not centre.door.calls[0].safe  # a repeated A01 would take more numbers
    assert list(answer.ranges) == [CentreRange("11508", "AB", "00000000", "00000249")]


def test_no_numbers_left():
    answer = centre_with(NO_NUMBERS).take_numbers(ACCOUNT, Which.CURRENT, NOW)
    assert (answer.outcome, answer.message) == (Outcome.NO_NUMBERS, "無可用發票號碼")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<INVOICESTART>00000000", "<INVOICESTART>$$000000"),
        ("<INVOICEEND>00000249", "<INVOICEEND>0000249"),
        ("<INVOICEEND>00000249", "<INVOICEEND>00000248"),
        ("<INVOICESTART>00000000", "<INVOICESTART>00000300"),
        ("<INVOICESTART>00000000", "<INVOICESTART>０００００００0"),
        ("<INVOICEHEADER>AB", "<INVOICEHEADER>A1"),
        ("<TAXMONTH>11508", "<TAXMONTH>11510"),
        ("<TYPE>07", "<TYPE>02"),
        ("<SELLERID>12345675", "<SELLERID>99999999"),
    ],
)
def test_a_corrupt_range_is_refused_never_repaired(old, new):
    answer = centre_with(A01_REPLY.replace(old, new)).take_numbers(ACCOUNT, Which.CURRENT, NOW)
    assert (answer.outcome, answer.ranges, answer.code) == (Outcome.INVALID, (), "BAD-RANGE")


def test_an_issue_is_written_as_recorded():
    wire_at = dt.datetime(2026, 7, 4, 9, 0, tzinfo=clock.TAIPEI)
    assert codec.issue(ACCOUNT, contract.invoice("AB"), wire_at, options()).decode() == C0401


def test_a_void_is_written_as_recorded_with_the_protocols_misspelling():
    document = Void(
        "AB00000036",
        dt.date(2026, 7, 3),
        "0000000000",
        "12345675",
        dt.date(2026, 7, 4),
        dt.time(10, 30),
        "客戶取消",
    )
    wire_at = dt.datetime(2026, 7, 4, 10, 31, tzinfo=clock.TAIPEI)
    assert codec.void(ACCOUNT, document, wire_at, options()).decode() == C0501


def test_a_random_code_keeps_its_zero():
    body = codec.issue(ACCOUNT, contract.invoice("AB", random_code="0482"), NOW, options())
    assert b"<A30>0482</A30>" in body


def test_a_company_invoice_names_buyer_and_tax():
    body = codec.issue(ACCOUNT, contract.company_invoice("AB"), NOW, options()).decode()
    for part in (
        f"<A5>{contract.COMPANY}</A5><A6>中文公司</A6>",
        "<C1>1000</C1>",
        "<C6>50</C6><C7>1050</C7>",
        "<B6>800</B6>",
        "<B10>800</B10>",
        "<A28>Y</A28>",
    ):
        assert part in body


def test_the_tax_office_fields_are_blank_unless_asked_for():
    filled = options(send_tax_office_fields=True, tax_office="A", approval_date="2026-01-02")
    body = codec.issue(ACCOUNT, contract.invoice("AB"), NOW, filled).decode()
    assert "<A18>A</A18><A19>2026-01-02</A19><A20></A20><A21></A21>" in body


def test_the_same_invoice_gives_the_same_bytes():
    first, second = (codec.issue(ACCOUNT, contract.invoice("AB"), NOW, options()) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("1.50", "1.5"),
        ("1E+2", "100"),
        ("0.0000005", "0.000001"),
        ("33.3333333", "33.333333"),
        ("-2", "-2"),
        ("0.00", "0"),
    ],
)
def test_decimals_are_plain(value, text):
    assert codec.plain(Decimal(value)) == text


def test_special_characters_are_entities_and_full_width_only_on_request():
    assert element("B2", "<a>&'b'") == "<B2>&lt;a&gt;&amp;'b'</B2>"
    assert element("B2", "<a>&'b'", full_width=True) == "<B2>＜a＞＆＇b＇</B2>"


@pytest.mark.parametrize("text", ["\x00", "\x0b", "\ud800", "\uffff"])
def test_what_xml_cannot_hold_is_refused(text):
    with pytest.raises(Fault):
        element("B2", text)


def test_a_reply_in_cp950_is_read():
    text = NO_NUMBERS.replace("<INDEX>", '<?xml version="1.0" encoding="utf-8"?><INDEX>')
    assert read(text.encode("cp950")).get("MESSAGE") == "無可用發票號碼"
    assert decode("無".encode()) == "無"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"<INDEX><REPLY>1</REPLY>",
        b"<INDEX></INDEX>",
        b"<INDEX><REPLY>2</REPLY></INDEX>",
        b"\xff\xfe\x00",
        b'<!DOCTYPE INDEX [<!ENTITY a "b">]><INDEX><REPLY>1</REPLY></INDEX>',
    ],
)
def test_anything_that_is_no_whole_reply_is_a_doubt(body):
    with pytest.raises(BrokenAnswer):
        read(body)
    answer = centre_with(body).upload_issue(ACCOUNT, contract.parcel(contract.invoice("AB")))
    assert answer.outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (500, Outcome.IN_DOUBT),
        (502, Outcome.IN_DOUBT),
        (504, Outcome.IN_DOUBT),
        (204, Outcome.IN_DOUBT),
        (401, Outcome.AUTH),
        (403, Outcome.AUTH),
        (404, Outcome.NOT_OPEN),
        (301, Outcome.NOT_OPEN),
        (400, Outcome.INVALID),
        (429, Outcome.TEMPORARY),
    ],
)
def test_what_a_status_means(status, outcome):
    centre = centre_with(A01_REPLY, status, {"retry-after": "120"})
    answer = centre.upload_issue(ACCOUNT, contract.parcel(contract.invoice("AB")))
    assert answer.outcome is outcome
    if status == 429:
        assert answer.retry_after == dt.timedelta(seconds=120)


def test_a_reply_about_another_number_is_a_doubt():
    body = "<INDEX><REPLY>1</REPLY><INVOICENUMBER>ZZ99999999</INVOICENUMBER></INDEX>"
    answer = centre_with(body).upload_issue(ACCOUNT, contract.parcel(contract.invoice("AB")))
    assert answer.outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize(
    ("text", "outcome", "compared"),
    [
        ("重複上傳，內容相同", Outcome.DUP_SAME, True),
        ("號碼已存在，內容不同", Outcome.DUP_CONFLICT, True),
        ("發票號碼重複", Outcome.DUP_CONFLICT, False),
        ("此發票已上傳", Outcome.DUP_CONFLICT, False),
        ("驗證失敗", Outcome.AUTH, True),
        ("帳號停用：12345675", Outcome.SUSPENDED, True),
        ("查無原單據：無此發票 AB00000036", Outcome.NOT_FOUND_ORIGINAL, True),
        ("原單據狀態不允許", Outcome.STATE_CONFLICT, True),
        ("發票號碼不在配發區間", Outcome.RANGE_UNKNOWN, True),
        ("系統忙碌，請稍後再試", Outcome.TEMPORARY, True),
        ("", Outcome.INVALID, True),
        ("從沒見過的訊息", Outcome.INVALID, True),
    ],
)
def test_what_a_refusal_means(text, outcome, compared):
    answer = meaning_of(Index({"REPLY": "0", "MESSAGE": text, "ERROR_CODE": "X9"}))
    assert (answer.outcome, answer.compared, answer.code) == (outcome, compared, "X9")


def test_no_text_of_the_table_is_ever_a_plain_success():
    assert all(one.outcome is not Outcome.OK for one in table())


def test_no_answer_is_a_doubt_and_the_account_is_never_shown_with_its_key():
    centre = centre_with("")

    def silent(account, call):
        raise NoAnswer("gone")

    centre.door.exchange = silent
    answer = centre.upload_void(ACCOUNT, contract.parcel(contract.void_of(contract.invoice("AB"))))
    assert answer.outcome is Outcome.IN_DOUBT
    assert KEY not in repr(ACCOUNT)


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": ""},
        {"base_url": "ftp://a"},
        {"base_url": "http://a/"},
        {"posid": ""},
        {"channel_key": "123"},
    ],
)
def test_a_bad_account_is_said(change):
    good = replace(ACCOUNT, base_url="https://xml.example/")
    centre = centre_with("")
    assert centre.faults_of(good) == []
    assert len(centre.faults_of(replace(good, **change))) == 1
