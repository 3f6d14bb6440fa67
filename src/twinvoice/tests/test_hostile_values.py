"""What was found by attacking the library: values that no sane sender sends, and a fault each.

DESIGN §2.1: bad input is refused by a ``Fault`` with a stable code, never by another error; and
what ``check.faults`` lets pass, ``mig.write`` can write.
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from twinvoice import carrier, check, jsonform, mig, paper, proof, qr, tax
from twinvoice.check import Context, LastIssued, Original, ReadBack
from twinvoice.document import AllowanceLine
from twinvoice.faults import Fault
from twinvoice.period import parse_roc_date
from twinvoice.tests.samples import ALLOWANCE, COMPANY, COMPANY_INVOICE, DAY, PRINTED
from twinvoice.tests.test_track import ROW, big5
from twinvoice.track import allocation_csv_faults

KEY = "FE05F029154F6AA67A78B338ED2F6601"
BEYOND = [Decimal(text) for text in ("9E+999999", "-9E+999999", "sNaN", "NaN", "-Infinity")]


def levels_of(document, context=None):
    return [(fault.code, fault.level) for fault in check.faults(document, context=context)]


def hard_codes_of(document, context=None):
    return {code for code, level in levels_of(document, context) if level == "hard"}


def every_line(document, **changes):
    return replace(document, lines=tuple(replace(line, **changes) for line in document.lines))


# --- decimals beyond all measure --------------------------------------------------------------


@pytest.mark.parametrize("value", BEYOND, ids=str)
@pytest.mark.parametrize("name", ["quantity", "unit_price", "amount"])
def test_decimals_that_cannot_be_added_up_are_a_fault_of_their_line(name, value):
    invoice = every_line(PRINTED, **{name: value})
    assert hard_codes_of(invoice) == {"TWI-V23"}
    first = replace(ALLOWANCE.lines[0], **{name: value})
    twice = replace(ALLOWANCE, lines=(first, replace(first, sequence="2")))
    sold = Context(originals={COMPANY_INVOICE.number: Original(COMPANY_INVOICE)})
    assert "TWI-V23" in hard_codes_of(twice, sold)


@pytest.mark.parametrize("text", ["0E-70", "0E+70", "-0E+3", "-0", "0.0000000000"])
def test_a_zero_is_a_zero_however_it_is_spelt(text):
    gift = replace(PRINTED.lines[0], unit_price=Decimal(text), amount=Decimal(text), sequence="9")
    invoice = replace(PRINTED, lines=(*PRINTED.lines, gift))
    assert check.faults(invoice) == []
    assert b"<UnitPrice>0</UnitPrice>" in mig.write(invoice)
    assert proof.plain_decimal(Decimal(text)) == "0"
    assert tax.whole(Decimal(text)) == 0


@pytest.mark.parametrize("value", [Decimal("1E+20"), Decimal("9E+999999999"), *BEYOND], ids=str)
def test_what_no_message_can_carry_is_no_amount(value):
    with pytest.raises(Fault) as caught:
        tax.lines_for(COMPANY, [tax.Item("商品", value)])
    assert caught.value.code == "TWI-AMOUNT"


def test_the_largest_amount_of_a_message_is_one():
    assert tax.whole(Decimal("99999999999999999999.4")) == 99_999_999_999_999_999_999


@pytest.mark.parametrize("value", [Decimal("1E+61"), Decimal("1E-61"), *BEYOND], ids=str)
def test_paper_and_codes_refuse_what_they_cannot_spell(value):
    invoice = every_line(PRINTED, unit_price=value)
    for show in (paper.transaction_detail, lambda one: proof.qr_pair(one, KEY)):
        with pytest.raises(Fault) as caught:
            show(invoice)
        assert caught.value.code == "TWI-V15"


# --- check ------------------------------------------------------------------------------------


def test_a_time_with_a_zone_is_a_fault_also_where_the_last_invoice_is_known():
    aware = replace(PRINTED, time=PRINTED.time.replace(tzinfo=dt.UTC))
    last = Context(last_issued=LastIssued("AB00000049", DAY, dt.time(9)))
    assert levels_of(aware, last) == [("TWI-V07", "hard")]


def the_last_allowance(tax_left):
    """Twenty books of 10 dollars went back one by one, each with 1 dollar of tax (a tie that
    rounds up); the last one takes the rest of an invoice of 1,200 + 60."""
    line = AllowanceLine(
        DAY, COMPANY_INVOICE.number, "書", Decimal(1), Decimal(10), Decimal(10), 1, "1", unit="本"
    )
    earlier = tuple(
        replace(ALLOWANCE, number=f"E{index}", lines=(line,), tax=1, total=10)
        for index in range(20)
    )
    totals = replace(COMPANY_INVOICE.totals, sales=1200, tax=60, total=1260)
    sold = replace(COMPANY_INVOICE, totals=totals)
    rest = replace(line, unit_price=Decimal(1000), amount=Decimal(1000), tax=tax_left)
    last = replace(ALLOWANCE, number="LAST", lines=(rest,), tax=tax_left, total=1000)
    return last, Context(originals={sold.number: Original(sold, "issued", earlier)})


def test_the_last_allowance_takes_the_tax_that_is_left():
    """mof.md §5.4 and §14.2: Σ tax never exceeds the invoice's, so 40 remain and not 50."""
    assert levels_of(*the_last_allowance(40)) == [("TWI-V28", "warn")]


def test_the_last_allowance_takes_no_more_than_is_left():
    assert hard_codes_of(*the_last_allowance(50)) == {"TWI-V27"}
    assert hard_codes_of(*the_last_allowance(52)) == {"TWI-V27", "TWI-V28"}


def read_back(invoice, **changes):
    left, right = proof.qr_pair(invoice, KEY)
    return Context(read_back=replace(ReadBack(proof.code39(invoice), left, right), **changes))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (":葡萄乾吐司:", ":松子棗糕:"),
        (":1:60:", ":2:60:"),
        (":1:60:", ":1:61:"),
        (":2:2:", ":2:3:"),
    ],
    ids=["name", "quantity", "price", "count"],
)
def test_items_of_another_invoice_in_the_left_code_disagree(old, new):
    """V32 and self-check 8(7)–(9): the QR codes equal the uploaded data, items included."""
    left, _ = proof.qr_pair(PRINTED, KEY)
    assert old in left
    seen = read_back(PRINTED, qr_left=left.replace(old, new))
    assert hard_codes_of(PRINTED, seen) == {"TWI-V32"}


@pytest.mark.parametrize("right", ["**", "**別家商品:9:9", "**松子棗糕:1:50:多一項:1:1"])
def test_the_right_code_of_another_invoice_disagrees(right):
    left, _ = proof.qr_pair(PRINTED, KEY)
    both = read_back(PRINTED, qr_left=left.replace(":2:2:", ":3:2:"), qr_right=right)
    one = read_back(PRINTED, qr_right=right)
    assert hard_codes_of(PRINTED, both) == {"TWI-V32"}
    assert hard_codes_of(PRINTED, one) == ({"TWI-V32"} if "松子" not in right else set())


def test_the_proof_of_a_long_invoice_agrees_with_what_it_lists():
    names = ("冒號:在中間", " 前後空白 ", "換\n行", "🍞", "大小中日本")
    line = PRINTED.lines[0]
    lines = tuple(
        replace(line, description=names[index % 5], sequence=str(index + 1)) for index in range(90)
    )
    totals = replace(PRINTED.totals, sales=5400, total=5400)
    invoice = replace(PRINTED, lines=lines, totals=totals)
    assert hard_codes_of(invoice, read_back(invoice)) == {"TWI-V23"}  # the line break alone


# --- reading ----------------------------------------------------------------------------------

ANSWER = """<ProcessResult xmlns="urn:GEINV:ProcessResult:4.1"><MessageInfo><Id>i</Id><Size>1</Size>
<MessageType>F0401</MessageType></MessageInfo><Result>{}</Result></ProcessResult>"""


def test_an_answer_without_a_code_is_no_success():
    """mof.md §9.5: Result/Info 1..10000, and 00000 is success."""
    with pytest.raises(Fault) as caught:
        mig.read(ANSWER.format("").encode())
    assert (caught.value.code, caught.value.path) == ("TWI-XML-MISSING", "Result/Info")
    answer = mig.read(ANSWER.format("<Info><Code>00000</Code></Info>").encode())
    assert [line.code for line in answer.lines] == ["00000"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((ROW.replace("一般稅", "一般\r稅"),), "TWI-CSV-VALUE"),
        ((ROW.replace("\r\n", "\r\r\n"),), "TWI-CSV-VALUE"),
        ((ROW.replace("12345678", "1" * 200_000),), "TWI-CSV-VALUE"),
        ((ROW, "\r\n", ROW.replace("KD", "KE")), "TWI-CSV-EDITED"),
    ],
    ids=["lone CR in a cell", "doubled CR", "endless cell", "blank line"],
)
def test_a_broken_allocation_file_is_a_fault_by_row(rows, code):
    found = allocation_csv_faults(big5(*rows))
    assert [fault.code for fault in found] == [code]
    assert len(str(found[0])) < 300


def test_the_row_of_a_quote_counts_lines_as_an_editor_does():
    odd = ROW.replace("KD", "K\x1cD")
    (fault,) = allocation_csv_faults(big5(odd, ROW.replace("KD", '"KE"')))
    assert (fault.code, fault.params["row"]) == ("TWI-CSV-EDITED", 3)


HEAD = "AB112233441020523999900000144000001540000000001234567ydXZt4LAN1UHN/j1juVcRA=="


def test_a_base64_text_beyond_ascii_is_not_read():
    with pytest.raises(Fault) as caught:
        proof.read_pair(f"{HEAD}:**********:1:1:2:乾電池", "**")
    assert caught.value.code == "TWI-QR-READ"


def test_a_count_of_thousands_of_digits_counts_nothing():
    assert proof.read_left(f"{HEAD}:**********:{'9' * 5000}:3:1:").recorded is None


def test_there_is_no_year_before_the_first():
    for read in (parse_roc_date, lambda text: proof.read_left(f"{HEAD[:10]}{text}{HEAD[17:]}")):
        assert read("0010101")
        with pytest.raises(Fault):
            read("0000101")


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("field", ["number", "lines", "seller", "date"])
def test_json_nested_without_end_is_a_fault(field):
    with pytest.raises(Fault) as caught:
        jsonform.from_json({**jsonform.to_json(PRINTED), field: nested(100_000)})
    assert caught.value.code == "TWI-JSON"


def test_what_cannot_be_read_again_is_not_written():
    for text in ("1E+1000", "1E-1000", "NaN"):
        with pytest.raises(Fault) as caught:
            jsonform.to_json(replace(PRINTED, exchange_rate=Decimal(text)))
        assert caught.value.code == "TWI-JSON"


def test_the_form_is_an_integer():
    with pytest.raises(Fault):
        jsonform.from_json({**jsonform.to_json(PRINTED), "form": 1.0})


@pytest.mark.parametrize("value", [None, 5, b"AB"])
def test_a_carrier_id_is_a_text(value):
    with pytest.raises(Fault) as caught:
        carrier.MemberCarrier("EJ0113", value)
    assert caught.value.code == "TWI-CARRIER-ID"


def test_a_lone_surrogate_is_not_drawn():
    with pytest.raises(Fault) as caught:
        qr.pair("\ud800", "**")
    assert caught.value.code == "TWI-V23"
