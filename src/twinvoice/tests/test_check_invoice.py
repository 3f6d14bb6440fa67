"""V01–V23, V31 and V32 for an invoice, each rule broken once (mof.md §2, §13).

Also what the official schema lets through (table at the end of mof-vectors.md §9).
"""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from twinvoice import check, proof
from twinvoice.check import Context, LastIssued, ReadBack
from twinvoice.document import Buyer
from twinvoice.period import Period
from twinvoice.tests.samples import (
    CITIZEN,
    COMPANY_INVOICE,
    MEMBER,
    MOBILE,
    PRINTED,
    SCENARIOS,
    SELLER,
    legal_documents,
)
from twinvoice.tests.strategies import any_document
from twinvoice.track import Allocation, NumberRange

PERIOD = Period.parse("11502")
KEY = "FE05F029154F6AA67A78B338ED2F6601"


def codes_of(document, context=None, level="hard"):
    return [f.code for f in check.faults(document, context=context) if f.level == level]


def with_totals(document=PRINTED, **changes):
    return replace(document, totals=replace(document.totals, **changes))


def with_line(document=PRINTED, **changes):
    first, *rest = document.lines
    return replace(document, lines=(replace(first, **changes), *rest))


def with_seller(**changes):
    return replace(PRINTED, seller=replace(SELLER, **changes))


@pytest.mark.parametrize("case", SCENARIOS)
def test_the_go_live_scenarios_have_no_fault(case):
    assert check.faults(SCENARIOS[case]) == []


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_legal_invoices_have_no_fault(seed):
    for document in legal_documents(500, seed + 100):
        assert check.faults(document) == []


@given(any_document())
@settings(max_examples=100)
def test_no_document_breaks_the_checks(document):
    context = Context(
        today=PRINTED.date,
        own_bans=(SELLER.ban,),
        allocations=(),
        used_numbers=("AB00000050",),
        originals={},
        allowances={},
        read_back=ReadBack("", "", ""),
    )
    for fault in check.faults(document, context=context):
        assert fault.code.startswith("TWI-") and fault.level in ("hard", "warn")


BROKEN = [
    ("TWI-V01", replace(PRINTED, number="ab00000050")),
    ("TWI-V01", replace(PRINTED, number="AB0000005０")),
    ("TWI-V07", replace(PRINTED, time=dt.time(14, 5, 9, tzinfo=dt.UTC))),
    ("TWI-V07", replace(PRINTED, time=dt.time(14, 5, 9, 500))),
    ("TWI-V07", replace(PRINTED, date=dt.date(1911, 12, 31))),
    ("TWI-V08", with_seller(ban="0459525")),
    ("TWI-V08", with_seller(ban="04595253")),
    ("TWI-V08", with_seller(address="　 ")),
    ("TWI-V09", replace(PRINTED, buyer=Buyer("00000000AB"))),
    ("TWI-V09", replace(PRINTED, buyer=Buyer("00000000"))),
    ("TWI-V09", replace(COMPANY_INVOICE, buyer=Buyer("12345678", "x"))),
    ("TWI-V12", replace(PRINTED, print_mark=False, npoban="12")),
    ("TWI-V12", replace(PRINTED, print_mark=False, npoban="91A")),
    ("TWI-V13", replace(PRINTED, random_code="695")),
    ("TWI-V13", replace(PRINTED, random_code="")),
    ("TWI-V13", replace(PRINTED, random_code="０６９５")),
    ("TWI-V13", replace(PRINTED, random_code="AAAA")),
    ("TWI-V14", replace(PRINTED, lines=())),
    ("TWI-V14", with_line(sequence="2")),
    ("TWI-V14", with_line(sequence="0")),
    ("TWI-V14", with_line(sequence="10000")),
    ("TWI-V15", with_line(quantity=Decimal(0))),
    ("TWI-V16", with_line(amount=Decimal("61"))),
    ("TWI-V16", with_totals(sales=111, total=111)),
    ("TWI-V16", with_totals(COMPANY_INVOICE, sales=1313, total=1379)),
    ("TWI-V17", with_totals(total=111)),
    ("TWI-V17", with_totals(free_tax_sales=-5, total=105)),
    ("TWI-V17", with_totals(total=Decimal("110.5"))),
    ("TWI-V17", with_totals(tax=Decimal("0.5"))),
    ("TWI-V18", with_totals(tax_type="3", tax_rate=Decimal(0))),
    ("TWI-V18", with_totals(tax_type="9")),
    ("TWI-V18", with_line(tax_type="5")),
    ("TWI-V19", with_totals(tax_rate=Decimal(5))),
    ("TWI-V19", with_totals(tax_rate=Decimal("0.01"))),
    ("TWI-V19", with_totals(tax_rate=Decimal("NaN"))),
    ("TWI-V20", replace(PRINTED, invoice_type="08")),
    ("TWI-V20", replace(PRINTED, invoice_type="05")),
    ("TWI-V21", replace(PRINTED, customs_clearance_mark="1")),
    ("TWI-V21", replace(PRINTED, zero_tax_rate_reason="71")),
    ("TWI-V21", replace(SCENARIOS["16-zero-rated"], customs_clearance_mark="")),
    ("TWI-V21", replace(SCENARIOS["16-zero-rated"], zero_tax_rate_reason="")),
    ("TWI-V21", replace(SCENARIOS["16-zero-rated"], zero_tax_rate_reason="80")),
    ("TWI-V22", with_totals(tax=5, sales=105)),
    ("TWI-V22", with_totals(COMPANY_INVOICE, tax=68, total=1382)),
    ("TWI-V23", with_line(description="")),
    ("TWI-V23", with_line(description=" 　")),
    ("TWI-V23", with_line(description="x" * 501)),
    ("TWI-V23", with_line(description="a\x07b")),
    ("TWI-V23", with_line(description="a\nb")),
    ("TWI-V23", with_line(description="a\ud800")),
    ("TWI-V23", with_line(unit="1234567")),
    ("TWI-V23", with_line(remark="x" * 121)),
    ("TWI-V23", with_line(relate_number="x" * 51)),
    ("TWI-V23", with_line(unit_price=Decimal("0.00000001"))),
    ("TWI-V23", with_line(unit_price=Decimal("NaN"))),
    ("TWI-V23", with_line(quantity=Decimal(10) ** 20)),
    ("TWI-V23", with_seller(name="")),
    ("TWI-V23", with_seller(name="店" * 61)),
    ("TWI-V23", with_seller(email="x" * 401)),
    ("TWI-V23", replace(PRINTED, main_remark="x" * 201)),
    ("TWI-V23", replace(PRINTED, relate_number="x" * 21)),
    ("TWI-V23", replace(PRINTED, category="123")),
    ("TWI-V23", replace(PRINTED, buyer_remark="5")),
    ("TWI-V23", replace(PRINTED, bonded_area_confirm="5")),
    ("TWI-V23", replace(PRINTED, currency="TWN")),
    ("TWI-V23", replace(PRINTED, discount_amount=-1)),
    ("TWI-V23", replace(PRINTED, exchange_rate=Decimal("1.000001"))),
]


@pytest.mark.parametrize(("code", "document"), BROKEN)
def test_each_broken_rule_is_found(code, document):
    assert code in codes_of(document)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (with_line(quantity=Decimal(0)), "Details/ProductItem[1]/Quantity"),
        (replace(PRINTED, random_code="695"), "Main/RandomNumber"),
        (with_totals(total=111), "Amount/TotalAmount"),
        (with_seller(ban="04595253"), "Main/Seller/Identifier"),
    ],
)
def test_the_field_is_named_in_the_spelling_of_mig(change, path):
    assert check.faults(change)[0].path == path


def delivered(*, paper, carrier, business, donated):
    base = COMPANY_INVOICE if business else PRINTED
    return replace(base, print_mark=paper, npoban="919" if donated else "", **(carrier or {}))


PUBLIC = (MOBILE, CITIZEN)
TABLE = [
    # paper, carriers, business, donated, verdict — the rows of mof.md §2.1
    (True, (None,), False, False, True),
    (True, (None,), True, False, True),
    (True, (MOBILE, CITIZEN, MEMBER), False, False, False),
    (True, (MOBILE, CITIZEN, MEMBER), False, True, False),
    (True, (None,), False, True, False),
    (True, (None,), True, True, False),
    (True, PUBLIC, True, False, True),
    (True, (MEMBER,), True, False, False),
    (False, (MEMBER,), True, False, False),
    (False, (MOBILE, CITIZEN, MEMBER), False, False, True),
    (False, (MOBILE, CITIZEN, MEMBER), False, True, True),
    (False, (None,), False, True, True),
    (False, (None,), False, False, False),
    (False, PUBLIC, True, False, True),
    (False, (None,), True, False, True),
    (False, (None, MOBILE), True, True, False),
]


@pytest.mark.parametrize(
    ("paper", "carrier", "business", "donated", "verdict"),
    [
        (paper, carrier, business, donated, verdict)
        for paper, carriers, business, donated, verdict in TABLE
        for carrier in carriers
    ],
)
def test_the_delivery_table(paper, carrier, business, donated, verdict):
    document = delivered(paper=paper, carrier=carrier, business=business, donated=donated)
    assert codes_of(document) == ([] if verdict else ["TWI-V10"])


@pytest.mark.parametrize(
    "changes",
    [
        {"carrier_type": "3J0002"},
        {"carrier_id1": "/TRM+O+P"},
        {"carrier_type": "3J0002", "carrier_id1": "/TRM+O+P"},
        MOBILE | {"carrier_id2": "/TRM+O+Q"},
        MOBILE | {"carrier_id1": "/trm+o+p", "carrier_id2": "/trm+o+p"},
        CITIZEN | {"carrier_id1": "TP0300000123456", "carrier_id2": "TP0300000123456"},
        MEMBER | {"carrier_id2": "x "},
        MEMBER | {"carrier_id2": "　x"},
        MEMBER | {"carrier_id2": "x" * 401},
        MEMBER | {"carrier_type": "EJ113"},
    ],
)
def test_wrong_carriers(changes):
    assert codes_of(replace(PRINTED, print_mark=False, **changes)) == ["TWI-V11"]


def test_warnings_do_not_forbid():
    assert codes_of(with_line(unit_price=Decimal(70)), level="warn") == ["TWI-V15"]
    assert codes_of(with_line(unit_price=Decimal(70))) == []
    near = with_totals(COMPANY_INVOICE, tax=67, total=1381)
    assert (codes_of(near), codes_of(near, level="warn")) == ([], ["TWI-V22"])
    own = replace(COMPANY_INVOICE, buyer=Buyer(SELLER.ban, "自己"))
    assert (codes_of(own), codes_of(own, level="warn")) == ([], ["TWI-V09"])


def test_the_special_rate():
    lines = tuple(replace(line, tax_type="4") for line in PRINTED.lines)
    totals = replace(PRINTED.totals, tax_type="4", tax_rate=Decimal("0.25"))
    special = replace(PRINTED, lines=lines, totals=totals, invoice_type="08")
    assert check.faults(special) == []
    assert codes_of(replace(special, invoice_type="07")) == ["TWI-V20"]
    assert codes_of(with_totals(special, tax=5, sales=105)) != []
    assert codes_of(with_totals(special, tax_rate=Decimal("0.01"))) == ["TWI-V19"]


def test_lines_that_include_the_tax_are_a_choice():
    inclusive = with_line(COMPANY_INVOICE, amount=Decimal(1380), unit_price=Decimal(460))
    assert codes_of(inclusive) == ["TWI-V16"]
    assert codes_of(inclusive, Context(company_lines="inclusive")) == []


def test_both_roundings_of_a_companys_tax_are_right():
    """A total of 10 holds no tax, 10 exclusive are taxed 1 (mof.md §2.4): neither is a fault."""
    for tax in (0, 1):
        document = replace(
            with_totals(COMPANY_INVOICE, sales=10, tax=tax, total=10 + tax),
            lines=(
                replace(COMPANY_INVOICE.lines[0], amount=Decimal(10), unit_price=Decimal("3.3333")),
            ),
        )
        assert check.faults(document) == []


ALLOTTED = Allocation(SELLER.ban, "07", NumberRange(PERIOD, "AB", 50, 99))


def test_the_number_lies_in_an_own_allocation():
    assert codes_of(PRINTED, Context(allocations=[ALLOTTED])) == []
    assert codes_of(PRINTED, Context(allocations=[])) == ["TWI-V02"]
    for wrong in (
        replace(ALLOTTED, ban="10458575"),
        replace(ALLOTTED, invoice_type="08"),
        replace(ALLOTTED, range=NumberRange(PERIOD, "AC", 50, 99)),
        replace(ALLOTTED, range=NumberRange(PERIOD, "AB", 100, 149)),
    ):
        assert codes_of(PRINTED, Context(allocations=[wrong])) == ["TWI-V02"]
    other = replace(ALLOTTED, range=NumberRange(PERIOD.next(), "AB", 50, 99))
    assert codes_of(PRINTED, Context(allocations=[other])) == ["TWI-V03"]
    assert codes_of(PRINTED, Context(allocations=[other, ALLOTTED])) == []


def test_numbers_are_used_once_and_ascend():
    assert codes_of(PRINTED, Context(used_numbers={"AB00000050"})) == ["TWI-V04"]
    last = LastIssued("AB00000049", PRINTED.date, PRINTED.time)
    assert codes_of(PRINTED, Context(last_issued=last)) == []
    for wrong in (
        replace(last, number="AB00000050"),
        replace(last, time=dt.time(14, 5, 10)),
        replace(last, date=PRINTED.date + dt.timedelta(days=1)),
    ):
        assert codes_of(PRINTED, Context(last_issued=wrong)) == ["TWI-V05"]
    assert codes_of(PRINTED, Context(last_issued=replace(last, number="AA99999999"))) == []


def test_only_todays_date_unless_sent_again():
    day = dt.timedelta(days=1)
    assert codes_of(PRINTED, Context(today=PRINTED.date)) == []
    for today in (PRINTED.date - day, PRINTED.date + day):
        assert codes_of(PRINTED, Context(today=today)) == ["TWI-V06"]
    again = Context(today=PRINTED.date + day, reissue=True, used_numbers={"AB00000050"})
    assert codes_of(PRINTED, again) == []
    assert codes_of(PRINTED, replace(again, today=PRINTED.date - day)) == ["TWI-V06"]


def test_a_strange_branch_is_refused():
    assert codes_of(PRINTED, Context(own_bans={SELLER.ban})) == []
    assert codes_of(PRINTED, Context(own_bans={"10458575"})) == ["TWI-V08"]


def test_the_schemas_verdict_is_a_fault():
    seen = []

    def refuse(data):
        seen.append(data)
        return "line 1: no"

    (fault,) = check.faults(PRINTED, context=Context(schema_error=refuse))
    assert (fault.code, fault.params["reason"]) == ("TWI-V31", "line 1: no")
    assert seen[0].startswith(b"<?xml")
    assert check.faults(PRINTED, context=Context(schema_error=lambda data: None)) == []


def read_back(document):
    return ReadBack(proof.code39(document), *proof.qr_pair(document, KEY))


@pytest.mark.parametrize(
    "case", ["01-1-consumer", "01-2-company", "15-taxable", "18-mixed-company"]
)
def test_a_right_proof_agrees(case):
    document = SCENARIOS[case]
    assert codes_of(document, Context(read_back=read_back(document))) == []


def test_sales_may_be_zeros_for_a_consumer():
    seen = read_back(PRINTED)
    left = seen.qr_left[:21] + "00000000" + seen.qr_left[29:]
    assert codes_of(PRINTED, Context(read_back=replace(seen, qr_left=left))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"number": "AB00000051"},
        {"random_code": "0696"},
        {"date": dt.date(2026, 3, 1)},
        {"totals": replace(PRINTED.totals, total=111)},
        {"seller": replace(SELLER, ban="10458575")},
    ],
)
def test_a_proof_of_another_invoice_disagrees(change):
    seen = read_back(replace(PRINTED, **change))
    assert "TWI-V32" in codes_of(PRINTED, Context(read_back=seen))


def test_unreadable_symbols_disagree():
    seen = Context(read_back=ReadBack("", "", ""))
    assert codes_of(PRINTED, seen) == ["TWI-V32"] * 3


def test_what_is_no_document_is_not_checked():
    with pytest.raises(TypeError):
        check.faults(SELLER)
