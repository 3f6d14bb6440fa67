"""Reading: the sample messages of mof-vectors.md §9 and §10, tolerance, and refusals."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from twinvoice import mig
from twinvoice.document import (
    Assignment,
    Award,
    AwardList,
    NumberSpan,
    ProcessResult,
    ResultLine,
    SummaryMessage,
    SummaryResult,
)
from twinvoice.faults import Fault
from twinvoice.tests.samples import (
    ALLOCATION_REPORT,
    ALLOWANCE_VOID,
    BLANK_REPORT,
    COMPANY_INVOICE,
    PRINTED,
    SCENARIOS,
    annulment_of,
    void_of,
)

DAY = dt.date(2026, 1, 15)
E0501 = (
    '<InvoiceAssignNo xmlns="urn:GEINV:E0501:4.0"><Ban>04595257</Ban>'
    "<InvoiceType>07</InvoiceType><YearMonth>11502</YearMonth><InvoiceTrack>AB</InvoiceTrack>"
    "<InvoiceBeginNo>00000000</InvoiceBeginNo><InvoiceEndNo>00000499</InvoiceEndNo>"
    "<InvoiceBooklet>10</InvoiceBooklet></InvoiceAssignNo>"
)
E0504 = (
    '<Award xmlns="urn:GEINV:eInvoiceMessage:E0504:4.0"><Main><HeadBan>04595257</HeadBan>'
    "<YearMonth>11502</YearMonth><AwardListType>1</AwardListType>"
    "<TotalRecordCnt>1</TotalRecordCnt><TotalPrizeAmount>200</TotalPrizeAmount>"
    "<RecAwardBegin>1150406</RecAwardBegin><RecAwardEnd>1150706</RecAwardEnd></Main><Details>"
    "<PrizeInvoice><InvTrack>AB</InvTrack><InvoiceNumber>AB00000051</InvoiceNumber>"
    "<InvoiceDate>20260115</InvoiceDate><InvoiceTime>14:05:09</InvoiceTime>"
    "<Seller><Identifier>04595257</Identifier><Name>測試賣方股份有限公司</Name></Seller>"
    "<BuyerId>0000000000</BuyerId><TotalAmount>110</TotalAmount><CarrierType>3J0002</CarrierType>"
    "<CarrierTypeName>手機條碼</CarrierTypeName><CarrierId1>/TRM+O+P</CarrierId1>"
    "<CarrierId2>/TRM+O+P</CarrierId2><RandomNumber>0695</RandomNumber><PrizeType>6</PrizeType>"
    "<PrizeAmount>200</PrizeAmount><DepositMark>N</DepositMark><RedeemDataType>1</RedeemDataType>"
    "<PrizeDataSource>1</PrizeDataSource><PrintType>1</PrintType></PrizeInvoice></Details></Award>"
)
ROUTING = (
    "<RoutingInfo><From><PartyId>12345678</PartyId><Description>sender</Description></From>"
    "<FromVAC><RoutingId>FROM-VAC</RoutingId></FromVAC><To><PartyId>0000000000</PartyId></To>"
    "<ToVAC><RoutingId>TO-VAC</RoutingId></ToVAC></RoutingInfo>"
)
MESSAGE = (
    "<Id>4.1-F0401-20260824-141623456-550e8400</Id><Size>0012345</Size>"
    "<MessageType>F0401</MessageType><Service>S</Service><Action>C0401</Action>"
)
PROCESS = (
    "<ProcessResult{ns}>" + ROUTING + f"<MessageInfo>{MESSAGE}</MessageInfo>"
    "<Result><Info><Code>E0103</Code><Description>…</Description>"
    "<Parameter0>InvoiceNumber</Parameter0><Parameter1>AB12345678</Parameter1></Info>"
    "<Info><Code>00000</Code></Info></Result></ProcessResult>"
)
REFERENCE = "<ReferenceNumber>{number}</ReferenceNumber><InvoiceDate>{date}</InvoiceDate>"
GOOD = REFERENCE.format(number="AB12345678", date="20260824")
FAILED = REFERENCE.format(number="AB12345679", date="2026-08-24")
SUMMARY_IN_THE_WILD = (
    '<SummaryResult xmlns="urn:GEINV:SummaryResult:4.1">' + ROUTING + "<DetailList><Message>"
    f"<Info>{MESSAGE}</Info><ResultType>"
    "<Total><ResultDetailType><Count>2</Count></ResultDetailType></Total>"
    "<Good><ResultDetailType><Count>1</Count><Invoices><Invoice>" + GOOD + "</Invoice></Invoices>"
    "</ResultDetailType></Good><Failed><ResultDetailType><Count>1</Count><Invoices><Invoice>"
    + FAILED
    + "</Invoice></Invoices></ResultDetailType></Failed></ResultType></Message></DetailList>"
    "</SummaryResult>"
)
SUMMARY_OF_THE_SCHEMA = (
    '<SummaryResult xmlns="urn:GEINV:SummaryResult:4.0">' + ROUTING + "<DetailList><Message>"
    f"<Info>{MESSAGE}</Info><Result><Total><Count>2</Count></Total>"
    "<Good><Count>1</Count><Invoices><Invocie>" + GOOD + "</Invocie></Invoices></Good>"
    "<Failed><Count>1</Count><Invoices><Invocie>" + FAILED + "</Invocie></Invoices></Failed>"
    "</Result></Message></DetailList></SummaryResult>"
)


def test_an_assignment():
    assert mig.read(E0501.encode()) == Assignment(
        "04595257", "07", "11502", "AB", "00000000", "00000499", 10
    )


def test_an_award_list():
    award = Award(
        number="AB00000051",
        date=DAY,
        time=dt.time(14, 5, 9),
        seller_ban="04595257",
        buyer_ban="0000000000",
        total=110,
        random_code="0695",
        prize_type="6",
        prize_amount=200,
        deposit_mark="N",
        carrier_type="3J0002",
        carrier_type_name="手機條碼",
        carrier_id1="/TRM+O+P",
        carrier_id2="/TRM+O+P",
        redeem_data_type="1",
        prize_data_source="1",
        print_type="1",
    )
    assert mig.read(E0504.encode()) == AwardList(
        "04595257", "11502", "1", 1, 200, dt.date(2026, 4, 6), dt.date(2026, 7, 6), (award,)
    )


@pytest.mark.parametrize(
    "namespace",
    ["", ' xmlns="urn:GEINV:ProcessResult:4.0"', ' xmlns="urn:GEINV:ProcessResult:4.1"'],
)
def test_a_process_result_of_any_namespace(namespace):
    assert mig.read(PROCESS.format(ns=namespace).encode()) == ProcessResult(
        message_id="4.1-F0401-20260824-141623456-550e8400",
        message_type="F0401",
        lines=(
            ResultLine("E0103", "…", ("InvoiceNumber", "AB12345678")),
            ResultLine("00000"),
        ),
        service="S",
        action="C0401",
        size=12345,
    )


@pytest.mark.parametrize("text", [SUMMARY_IN_THE_WILD, SUMMARY_OF_THE_SCHEMA])
def test_a_summary_in_either_spelling(text):
    day = dt.date(2026, 8, 24)
    assert mig.read(text.encode()) == SummaryResult(
        (
            SummaryMessage(
                "4.1-F0401-20260824-141623456-550e8400",
                "F0401",
                2,
                1,
                1,
                (("AB12345678", day),),
                (("AB12345679", day),),
            ),
        )
    )


def test_a_summary_may_count_nothing():
    text = SUMMARY_OF_THE_SCHEMA.replace("<Count>1", "<Count>0").replace("<Count>2", "<Count>0")
    assert mig.read(text.encode()).messages[0].good == 0


SAMPLES = {
    "F0501": (
        '<CancelInvoice xmlns="urn:GEINV:eInvoiceMessage:F0501:4.1">'
        "<CancelInvoiceNumber>AB00000050</CancelInvoiceNumber><InvoiceDate>20260115</InvoiceDate>"
        "<BuyerId>0000000000</BuyerId><SellerId>04595257</SellerId>"
        "<CancelDate>20260116</CancelDate><CancelTime>10:00:00</CancelTime>"
        "<CancelReason>全額退貨</CancelReason></CancelInvoice>",
        void_of(PRINTED),
    ),
    "F0701": (
        '<VoidInvoice xmlns="urn:GEINV:eInvoiceMessage:F0701:4.1">'
        "<VoidInvoiceNumber>AB00000050</VoidInvoiceNumber><InvoiceDate>20260115</InvoiceDate>"
        "<BuyerId>0000000000</BuyerId><SellerId>04595257</SellerId>"
        "<VoidDate>20260116</VoidDate><VoidTime>11:00:00</VoidTime>"
        "<VoidReason>載具誤植重傳</VoidReason></VoidInvoice>",
        annulment_of(PRINTED),
    ),
    "G0501": (
        '<CancelAllowance xmlns="urn:GEINV:eInvoiceMessage:G0501:4.1">'
        "<CancelAllowanceNumber>AB00000053A001</CancelAllowanceNumber>"
        "<AllowanceType>2</AllowanceType><AllowanceDate>20260320</AllowanceDate>"
        "<BuyerId>10458575</BuyerId><SellerId>04595257</SellerId>"
        "<CancelDate>20260321</CancelDate><CancelTime>09:30:00</CancelTime>"
        "<CancelReason>折讓金額誤植</CancelReason></CancelAllowance>",
        ALLOWANCE_VOID,
    ),
    "E0401": (
        '<BranchTrack xmlns="urn:GEINV:eInvoiceMessage:E0401:4.1"><Main>'
        "<HeadBan>04595257</HeadBan><BranchBan>10458575</BranchBan><InvoiceType>07</InvoiceType>"
        "<YearMonth>11502</YearMonth><InvoiceTrack>AB</InvoiceTrack>"
        "<InvoiceBeginNo>00000000</InvoiceBeginNo><InvoiceEndNo>00000499</InvoiceEndNo></Main>"
        "<Details><BranchTrackItem><InvoiceBeginNo>00000200</InvoiceBeginNo>"
        "<InvoiceEndNo>00000299</InvoiceEndNo><InvoiceBooklet>2</InvoiceBooklet>"
        "</BranchTrackItem></Details></BranchTrack>",
        ALLOCATION_REPORT,
    ),
    "E0402": (
        '<BranchTrackBlank xmlns="urn:GEINV:eInvoiceMessage:E0402:4.1"><Main>'
        "<HeadBan>04595257</HeadBan><BranchBan>10458575</BranchBan><InvoiceType>07</InvoiceType>"
        "<YearMonth>11502</YearMonth><InvoiceTrack>AB</InvoiceTrack></Main>"
        "<Details><BranchTrackBlankItem><InvoiceBeginNo>00000231</InvoiceBeginNo>"
        "<InvoiceEndNo>00000299</InvoiceEndNo></BranchTrackBlankItem></Details></BranchTrackBlank>",
        BLANK_REPORT,
    ),
}


@pytest.mark.parametrize("code", SAMPLES)
def test_the_validated_samples_are_read_and_written_alike(code):
    text, document = SAMPLES[code]
    assert mig.read(text.encode()) == document
    assert mig.write(document).decode().split("\n", 1)[1] == text


ISSUED = mig.write(PRINTED).decode()


def refused(text):
    with pytest.raises(Fault) as caught:
        mig.read(text if isinstance(text, bytes) else text.encode())
    return caught.value.code, caught.value.path


def test_elements_may_come_in_any_order_with_blanks_and_comments():
    number = "<InvoiceNumber>AB00000050</InvoiceNumber>"
    shuffled = ISSUED.replace(number, "<!-- nothing -->\n  ").replace(
        "</Main>", f"\n{number}<?go on?></Main>"
    )
    assert mig.read(shuffled.encode()) == PRINTED


def test_zeros_and_zones_of_others_are_understood():
    text = (
        ISSUED.replace("<TotalAmount>110<", "<TotalAmount>110.0000000<")
        .replace("<TaxRate>0.05<", "<TaxRate>0.0500<")
        .replace("14:05:09", "14:05:09+08:00")
        .replace("<RandomNumber>", "<CarrierType/><NPOBAN></NPOBAN><RandomNumber>")
    )
    assert mig.read(text.encode()) == PRINTED


def test_history_in_mig_32_is_read():
    text = (
        ISSUED.replace("F0401:4.1", "C0401:3.2")
        .replace("<TaxType>1</TaxType><Amount>", "<Amount>")
        .replace("<FreeTaxSalesAmount>0</FreeTaxSalesAmount>", "")
        .replace("<DonateMark>", "<CheckNumber>x</CheckNumber><DonateMark>")
    )
    assert mig.read(text.encode()) == PRINTED


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("<Main>", "<Main><Colour>red</Colour>", "TWI-XML-UNKNOWN", "Main/Colour"),
        ("<PrintMark>Y</PrintMark>", "", "TWI-XML-MISSING", "Main/PrintMark"),
        ("<Main>", "<Main><PrintMark>Y</PrintMark>", "TWI-XML-DUPLICATE", "Main/PrintMark"),
        ("<PrintMark>Y", "<PrintMark>y", "TWI-XML-VALUE", "Main/PrintMark"),
        ("<DonateMark>0", "<DonateMark>1", "TWI-XML-VALUE", "Main/DonateMark"),
        ("20260115", "20260231", "TWI-XML-VALUE", "Main/InvoiceDate"),
        ("14:05:09", "24:00:00", "TWI-XML-VALUE", "Main/InvoiceTime"),
        ("14:05:09", "14:05:09Z", "TWI-XML-VALUE", "Main/InvoiceTime"),
        ("14:05:09", "14:05", "TWI-XML-VALUE", "Main/InvoiceTime"),
        ("<TotalAmount>110", "<TotalAmount>110.5", "TWI-XML-VALUE", "Amount/TotalAmount"),
        ("<TotalAmount>110", "<TotalAmount>1e2", "TWI-XML-VALUE", "Amount/TotalAmount"),
        ("<TotalAmount>110", "<TotalAmount>NaN", "TWI-XML-VALUE", "Amount/TotalAmount"),
        (
            "<UnitPrice>50",
            "<UnitPrice>",
            "TWI-XML-VALUE",
            "Details/ProductItem[2]/UnitPrice",
        ),
        (
            "<Description>松子棗糕",
            "<Description><b>糕</b>",
            "TWI-XML-VALUE",
            "Details/ProductItem[2]/Description",
        ),
        ("F0401:4.1", "A0101:4.1", "TWI-XML-TYPE", "Invoice"),
        ("Invoice xmlns", "Receipt xmlns", "TWI-XML-SYNTAX", ""),
        ("</Main>", "", "TWI-XML-SYNTAX", ""),
        ("<Name>0000", "<Name>&#0;", "TWI-XML-SYNTAX", ""),
    ],
)
def test_broken_messages_are_refused_with_their_element(old, new, code, path):
    assert refused(ISSUED.replace(old, new, 1)) == (code, path)


def test_what_is_no_message_is_refused():
    assert refused(b"<html/>") == ("TWI-XML-TYPE", "html")
    for data in (b"", b"PK\x03\x04", b"{}", "發票".encode("cp950")):
        assert refused(data) == ("TWI-XML-SYNTAX", "")
    assert refused(b" " * 20_000_001) == ("TWI-XML-SIZE", "")


def test_an_allowance_issued_by_the_buyer_is_refused():
    text = SAMPLES["G0501"][0].replace("<AllowanceType>2", "<AllowanceType>1")
    assert refused(text) == ("TWI-XML-VALUE", "AllowanceType")


def test_the_parser_opens_nothing(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0000")
    doctype = f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    text = ISSUED.replace("<Invoice ", doctype + "<Invoice ").replace("<Name>0000", "<Name>&x;")
    assert refused(text) == ("TWI-XML-DTD", "")
    bomb = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    text = ISSUED.replace("<Invoice ", f'<!DOCTYPE I [<!ENTITY a0 "a">{bomb}]><Invoice ')
    assert refused(text)[0] in ("TWI-XML-DTD", "TWI-XML-SYNTAX")


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_a_document_or_a_fault(data):
    with pytest.raises(Fault) as caught:
        mig.read(data)
    assert caught.value.code.startswith("TWI-XML-")


@given(st.integers(0, len(ISSUED) - 1), st.integers(0, 200))
def test_a_torn_message_is_never_half_read(start, length):
    data = (ISSUED[:start] + ISSUED[start + length :]).encode()
    try:
        document = mig.read(data)
    except Fault as fault:
        assert fault.code.startswith("TWI-XML-")
    else:
        # What was cut lay in a text or was optional: the rest is all there.
        assert mig.read(mig.write(document)) == document


def names(element):
    return " ".join(etree.QName(child).localname for child in element)


# The order of the elements, as the official schemas document it (mof.md §1.5–§1.7).
ORDER = {
    "07-mobile-barcode": (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer InvoiceType DonateMark CarrierType "
        "CarrierId1 CarrierId2 PrintMark RandomNumber"
    ),
    "08-donation": (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer InvoiceType DonateMark PrintMark "
        "NPOBAN RandomNumber"
    ),
    "16-zero-rated": (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer CustomsClearanceMark InvoiceType "
        "DonateMark PrintMark RandomNumber ZeroTaxRateReason"
    ),
    "02-print": (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer MainRemark RelateNumber InvoiceType "
        "DonateMark PrintMark RandomNumber"
    ),
}


@pytest.mark.parametrize("case", ORDER)
def test_the_head_keeps_the_documented_order(case):
    main = etree.fromstring(mig.write(SCENARIOS[case]))[0]
    assert names(main) == ORDER[case]


def test_every_field_of_an_invoice_has_its_place():
    """All optional elements at once, in the order of mof.md §1.5."""
    full = replace(
        COMPANY_INVOICE,
        buyer_remark="1",
        main_remark="備",
        customs_clearance_mark="2",
        category="01",
        relate_number="R1",
        group_mark=True,
        carrier_type="3J0002",
        carrier_id1="/ABC1234",
        carrier_id2="/ABC1234",
        npoban="919",
        bonded_area_confirm="1",
        zero_tax_rate_reason="71",
        reserved1="a",
        reserved2="b",
        discount_amount=10,
        original_currency_amount=Decimal("45.50"),
        exchange_rate=Decimal("30.33"),
        currency="USD",
    )
    root = etree.fromstring(mig.write(full))
    assert names(root[0]) == (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer BuyerRemark MainRemark "
        "CustomsClearanceMark Category RelateNumber InvoiceType GroupMark DonateMark CarrierType "
        "CarrierId1 CarrierId2 PrintMark NPOBAN RandomNumber BondedAreaConfirm ZeroTaxRateReason "
        "Reserved1 Reserved2"
    )
    assert names(root[2]) == (
        "SalesAmount FreeTaxSalesAmount ZeroTaxSalesAmount TaxType TaxRate TaxAmount TotalAmount "
        "DiscountAmount OriginalCurrencyAmount ExchangeRate Currency"
    )
    assert mig.read(mig.write(full)) == full


def test_spans_need_no_booklets_in_a_blank_report():
    assert mig.read(mig.write(BLANK_REPORT)).items == (NumberSpan("00000231", "00000299"),)
