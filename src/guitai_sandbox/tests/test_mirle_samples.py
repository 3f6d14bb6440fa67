"""The samples of provider-vectors §10 are answered as the sheet describes (§2.4–§2.7)."""

from __future__ import annotations

from guitai_sandbox.tests.desk import KEY, SELLER, sample

A01, C0401 = sample("mirle/a01"), sample("mirle/c0401")
C0501, D0401 = sample("mirle/c0501"), sample("mirle/d0401")
WHO = (
    f"<SELLERID>{SELLER}</SELLERID><POSID>1</POSID><POSSN>{KEY}</POSSN>"
    "<SYSTIME>2026-07-05 12:00:00</SYSTIME>"
)
D0501 = (
    f"<Invoice><INVOICE_CODE>D0501</INVOICE_CODE><POSSN>{KEY}</POSSN><POSID>1</POSID>"
    "<CANCELALLOWANCENUMBER>AB0000003601</CANCELALLOWANCENUMBER>"
    "<ALLOWANCEDATE>2026-07-05</ALLOWANCEDATE><BUYERID>0000000000</BUYERID>"
    f"<SELLERID>{SELLER}</SELLERID><CANCELDATE>2026-07-05</CANCELDATE>"
    "<CANCELTIME>11:59:59</CANCELTIME><CANCELREASON>折讓取消</CANCELREASON>"
    "<SYSTIME>2026-07-05 12:00:00</SYSTIME></Invoice>"
)
A0401 = (
    f"<Invoice><INVOICE_CODE>A0401</INVOICE_CODE><SELLERID>{SELLER}</SELLERID>"
    f"<POSSN>{KEY}</POSSN><POSID>1</POSID><SYSTIME>2026-07-05 12:00:00</SYSTIME><Main>"
    "<InvoiceNumber>AB00000040"
    "</InvoiceNumber><InvoiceDate>20260703</InvoiceDate><InvoiceTime>18:20:11</InvoiceTime>"
    f"<Seller><Identifier>{SELLER}</Identifier><Name>範例</Name></Seller>"
    "<Buyer><Identifier>10458575</Identifier><Name>買方</Name></Buyer>"
    "<InvoiceType>07</InvoiceType><DonateMark>0</DonateMark><PrintMark>Y</PrintMark>"
    "<RandomNumber>0482</RandomNumber></Main><Details><ProductItem><Description>商品</Description>"
    "<Quantity>3</Quantity><UnitPrice>438</UnitPrice><Amount>1314</Amount>"
    "<SequenceNumber>1</SequenceNumber></ProductItem></Details><Amount><SalesAmount>1314"
    "</SalesAmount><TaxType>1</TaxType><TaxRate>0.05</TaxRate><TaxAmount>66</TaxAmount>"
    "<TotalAmount>1380</TotalAmount></Amount></Invoice>"
)
A0501 = (
    f"<Invoice><INVOICE_CODE>A0501</INVOICE_CODE><POSSN>{KEY}</POSSN><POSID>1</POSID>"
    "<CancelInvoiceNumber>AB00000040</CancelInvoiceNumber><InvoiceDate>20260703</InvoiceDate>"
    f"<BuyerId>10458575</BuyerId><SellerId>{SELLER}</SellerId><CancelDate>20260704</CancelDate>"
    "<CancelTime>09:00:00</CancelTime><CancelReason>退貨</CancelReason>"
    "<SYSTIME>2026-07-05 12:00:00</SYSTIME></Invoice>"
)


def call(root: str, field: str, code: str, more: str = "") -> str:
    return f"<{root}><{field}>{code}</{field}>{WHO}{more}</{root}>"


def a03(code: str, month: str, begin: str, end: str) -> str:
    data = (
        f"<INVOICEDATA><SELLERID>{SELLER}</SELLERID><TYPE>07</TYPE><TYPENAME></TYPENAME>"
        f"<TAXMONTH>{month}</TAXMONTH><INVOICEHEADER>EF</INVOICEHEADER>"
        f"<INVOICESTART>{begin}</INVOICESTART><INVOICEEND>{end}</INVOICEEND></INVOICEDATA>"
    )
    return call("INDEX", "INVOICE_CODE", code, data)


def test_a01_hands_out_250_numbers_and_never_the_same_twice(desk):
    first, second, third = (desk.post(A01) for _ in range(3))
    assert first["REPLY"] == "1"
    assert (first["TAXMONTH"], first["TYPE"], first["INVOICEHEADER"]) == ("11508", "07", "AB")
    assert (first["INVOICESTART"], first["INVOICEEND"]) == ("00000000", "00000249")
    assert (second["INVOICESTART"], second["INVOICEEND"]) == ("00000250", "00000299")
    assert (first["SELLERID"], first["POSID"], first["POSSN"]) == (SELLER, "1", KEY)
    assert (third["REPLY"], third["MESSAGE"]) == ("0", "無可用發票號碼")


def test_c01_hands_out_the_next_period(desk):
    reply = desk.post(call("INDEX", "FUNCTIONCODE", "C01"))
    assert (reply["REPLY"], reply["TAXMONTH"], reply["INVOICEHEADER"]) == ("1", "11510", "CD")


def test_y01_tells_the_sandbox_time(desk):
    assert desk.post(call("INDEX", "FUNCTIONCODE", "Y01"))["SYSTIME"] == "2026-07-05 12:00:00"


def test_a02_reads_again_what_was_handed_out(stocked):
    answer = stocked.raw(call("Invoice", "INVOICE_CODE", "A02")).body.decode()
    assert answer.count("<INVOICEDATA>") == 1
    assert "<INVOICESTART>00000000</INVOICESTART><INVOICEEND>00000249</INVOICEEND>" in answer
    assert "<INVOICEDATA>" not in stocked.raw(call("Invoice", "INVOICE_CODE", "C02")).body.decode()


def test_b01_keeps_a_cursor_that_only_moves_on(stocked):
    def cursor(number: str) -> str:
        more = (
            "<TAXMONTH>11508</TAXMONTH><INVOICEHEADER>AB</INVOICEHEADER>"
            "<INVOICESTART>00000000</INVOICESTART><INVOICEEND>00000249</INVOICEEND>"
            f"<INVOICENUMBER>{number}</INVOICENUMBER>"
        )
        return stocked.post(call("INDEX", "FUNCTIONCODE", "B01", more))["REPLY"]

    assert [cursor(n) for n in ("00000010", "00000010", "00000009", "00000250")] == list("1100")
    assert stocked.control("GET", "state")["grants"][0]["cursor"] == 10


def test_a03_adds_own_ranges_once_and_refuses_an_overlap(desk):
    assert desk.post(a03("A03", "11508", "00000000", "00000049"))["REPLY"] == "1"
    assert desk.post(a03("A03", "11508", "00000000", "00000049"))["REPLY"] == "1"
    assert desk.post(a03("A03", "11508", "00000000", "00000099"))["REPLY"] == "0"
    assert desk.post(a03("A03", "11508", "00000051", "00000099"))["REPLY"] == "0"
    assert desk.post(a03("C03", "11508", "00000100", "00000149"))["REPLY"] == "0"
    assert desk.post(a03("C03", "11510", "00000100", "00000149"))["REPLY"] == "1"
    own = C0401.replace("AB00000036", "EF00000007")
    assert desk.post(own)["REPLY"] == "1"


def test_issue_void_and_allowance_samples(stocked):
    issued = stocked.post(C0401)
    assert (issued["REPLY"], issued["FUNCTIONCODE"]) == ("1", "C0401")
    assert (issued["INVOICENUMBER"], issued["INVOICEDATE"]) == ("AB00000036", "2026-07-03")
    allowed = stocked.post(D0401)
    assert (allowed["REPLY"], allowed["ALLOWANCENUMBER"]) == ("1", "AB0000003601")
    assert (stocked.post(C0501)["REPLY"], stocked.reason()) == ("0", "S502")
    assert stocked.post(D0501)["REPLY"] == "1"
    assert stocked.post(C0501)["REPLY"] == "1"
    assert (stocked.post(D0401)["REPLY"], stocked.reason()) == ("0", "S401")


def test_company_messages(stocked):
    issued = stocked.post(A0401)
    assert issued["REPLY"] == "1", issued
    allowance = D0401.replace("D0401", "B0401").replace("0000000000", "10458575")
    assert stocked.post(allowance.replace("AB00000036<", "AB00000040<"))["REPLY"] == "1"
    cancel = D0501.replace("D0501", "B0501").replace("0000000000", "10458575")
    assert stocked.post(cancel)["REPLY"] == "1"
    assert stocked.post(A0501)["REPLY"] == "1"


def test_a_void_before_its_invoice_is_refused(stocked):
    reply = stocked.post(C0501)
    assert (reply["REPLY"], stocked.reason()) == ("0", "S501")
    assert "AB00000036" in reply["MESSAGE"]
    assert stocked.control("GET", "documents")["documents"] == []


def test_a_double_is_refused_in_different_words_for_same_and_other_content(stocked):
    stocked.post(C0401)
    later = C0401.replace("<D4>2026-07-04 09:00:00", "<D4>2026-07-04 09:07:00")
    other = C0401.replace("4827", "4828")
    same, different = stocked.post(later), stocked.post(other)
    assert (same["REPLY"], different["REPLY"]) == ("0", "0")
    assert same["MESSAGE"] == "重複上傳，內容相同：AB00000036"
    assert different["MESSAGE"] == "號碼已存在，內容不同：AB00000036"
    assert stocked.post(C0501)["REPLY"] == "1"
    assert stocked.post(C0501)["MESSAGE"] == "重複上傳，內容相同：AB00000036"
    changed = stocked.post(C0501.replace("客戶取消", "打錯"))
    assert changed["MESSAGE"] == "號碼已存在，內容不同：AB00000036"


def test_state_shows_the_invoice_as_neutral_json(stocked):
    stocked.post(C0401)
    stocked.post(C0401)
    (one,) = stocked.control("GET", "documents?number=AB00000036")["documents"]
    expected = {
        "kind": "invoice",
        "number": "AB00000036",
        "seller": SELLER,
        "buyer": "0000000000",
        "date": "2026-07-03",
        "time": "18:20:11",
        "random": "4827",
        "carrier": {"type": "3J0002", "id1": "/TRM+O+P", "id2": "/TRM+O+P"},
        "donation": "",
        "print": "N",
        "period": "11508",
        "register": "1",
        "state": "live",
        "deliveries": 2,
        "late": False,
    }
    assert {key: one[key] for key in expected} == expected
    assert one["totals"]["total"] == 105 and one["lines"][0]["description"] == "拿鐵 大杯"
    book = stocked.control("GET", "ledger")
    assert book["accepted_twice"] == [] and book["refused"] == 1
    assert book["ranges"][0]["received"] == 1
