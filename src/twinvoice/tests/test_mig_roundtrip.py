"""Whatever is written is read back equal; nothing unwritable becomes broken XML."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from twinvoice import mig
from twinvoice.document import NumberSpan, Seller
from twinvoice.faults import Fault
from twinvoice.tests.samples import ALLOCATION_REPORT, BLANK_REPORT, PRINTED
from twinvoice.tests.strategies import outgoing


@given(outgoing())
@settings(max_examples=100)
def test_what_is_written_is_read_back(document):
    data = mig.write(document)
    assert mig.read(data) == document
    assert mig.write(mig.read(data)) == data


def test_elements_come_in_document_order_and_empty_ones_are_left_out():
    assert mig.write(PRINTED).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Invoice xmlns="urn:GEINV:eInvoiceMessage:F0401:4.1"><Main>'
        "<InvoiceNumber>AB00000050</InvoiceNumber><InvoiceDate>20260115</InvoiceDate>"
        "<InvoiceTime>14:05:09</InvoiceTime><Seller><Identifier>04595257</Identifier>"
        "<Name>測試賣方股份有限公司</Name><Address>臺北市中正區測試路1號</Address></Seller>"
        "<Buyer><Identifier>0000000000</Identifier><Name>0000</Name></Buyer>"
        "<InvoiceType>07</InvoiceType><DonateMark>0</DonateMark><PrintMark>Y</PrintMark>"
        "<RandomNumber>0695</RandomNumber></Main><Details>"
        "<ProductItem><Description>葡萄乾吐司</Description><Quantity>1</Quantity>"
        "<UnitPrice>60</UnitPrice><TaxType>1</TaxType><Amount>60</Amount>"
        "<SequenceNumber>1</SequenceNumber></ProductItem>"
        "<ProductItem><Description>松子棗糕</Description><Quantity>1</Quantity>"
        "<UnitPrice>50</UnitPrice><TaxType>1</TaxType><Amount>50</Amount>"
        "<SequenceNumber>2</SequenceNumber></ProductItem></Details>"
        "<Amount><SalesAmount>110</SalesAmount><FreeTaxSalesAmount>0</FreeTaxSalesAmount>"
        "<ZeroTaxSalesAmount>0</ZeroTaxSalesAmount><TaxType>1</TaxType><TaxRate>0.05</TaxRate>"
        "<TaxAmount>0</TaxAmount><TotalAmount>110</TotalAmount></Amount></Invoice>"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+2", "100"), ("1.500", "1.5"), ("-0.0", "0"), ("100", "100"), ("0.0000001", "0.0000001")],
)
def test_numbers_are_plain(value, text):
    line = replace(PRINTED.lines[0], quantity=Decimal(value))
    data = mig.write(replace(PRINTED, lines=(line,)))
    assert f"<Quantity>{text}</Quantity>" in data.decode()


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x1f", "\x0b", "\ud800", "\udfff", "\ufffe"]
)
def test_what_xml_cannot_carry_is_refused_and_named(character):
    line = replace(PRINTED.lines[1], description=f"糕{character}")
    with pytest.raises(Fault) as caught:
        mig.write(replace(PRINTED, lines=(PRINTED.lines[0], line)))
    assert (caught.value.code, caught.value.path) == ("TWI-XML-CHARACTER", "lines[2]/description")
    with pytest.raises(Fault):
        mig.write(replace(PRINTED, seller=Seller("04595257", f"店{character}")))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(PRINTED, time=dt.time(14, 5, 9, 1)),
        replace(PRINTED, time=dt.time(14, 5, 9, tzinfo=dt.UTC)),
        replace(PRINTED, exchange_rate=Decimal("NaN")),
        replace(PRINTED, exchange_rate=Decimal("1E+999999")),
        replace(ALLOCATION_REPORT, items=(NumberSpan("00000000", "00000049"),)),
    ],
)
def test_values_that_have_no_spelling_are_refused(wrong):
    with pytest.raises(Fault) as caught:
        mig.write(wrong)
    assert caught.value.code == "TWI-XML-VALUE"


def test_only_what_a_seller_sends_is_written():
    with pytest.raises(TypeError):
        mig.write(PRINTED.seller)


def test_codes_and_namespaces():
    assert mig.message_code(BLANK_REPORT) == "E0402"
    assert mig.namespace("E0501") == "urn:GEINV:E0501:4.0"
    assert mig.namespace("F0401") == "urn:GEINV:eInvoiceMessage:F0401:4.1"
