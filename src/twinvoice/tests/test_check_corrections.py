"""V24–V30: voids, annulments, allowances, branch allocations, blank numbers (mof.md §5, §13)."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from twinvoice import check
from twinvoice.check import Context, Original
from twinvoice.document import (
    Assignment,
    Award,
    AwardList,
    NumberSpan,
    ProcessResult,
    SummaryMessage,
    SummaryResult,
)
from twinvoice.period import Period
from twinvoice.tests.samples import (
    ALLOCATION_REPORT,
    ALLOWANCE,
    ALLOWANCE_VOID,
    BLANK_REPORT,
    COMPANY,
    COMPANY_INVOICE,
    DAY,
    PRINTED,
    SELLER,
    annulment_of,
    void_of,
)
from twinvoice.track import Allocation, NumberRange

VOID = void_of(PRINTED)
ANNULMENT = annulment_of(PRINTED)
KNOWN = Context(originals={PRINTED.number: Original(PRINTED)})
SOLD = Context(originals={COMPANY_INVOICE.number: Original(COMPANY_INVOICE)})
LONG = "x" * 201


def codes_of(document, context=None, level="hard"):
    return [f.code for f in check.faults(document, context=context) if f.level == level]


def original(state="issued", *allowances, invoice=PRINTED):
    return Context(originals={invoice.number: Original(invoice, state, allowances)})


@pytest.mark.parametrize(
    ("code", "document"),
    [
        ("TWI-V01", replace(VOID, number="AB50")),
        ("TWI-V07", replace(VOID, void_time=dt.time(1, tzinfo=dt.UTC))),
        ("TWI-V08", replace(VOID, seller_ban="04595253")),
        ("TWI-V09", replace(VOID, buyer_ban="0000000001")),
        ("TWI-V25", replace(VOID, reason="")),
        ("TWI-V25", replace(VOID, reason="理" * 21)),
        ("TWI-V25", replace(VOID, reason=" \t ")),
        ("TWI-V25", replace(VOID, void_date=DAY - dt.timedelta(days=1))),
        ("TWI-V25", replace(VOID, void_date=dt.date(2026, 3, 16))),
        ("TWI-V23", replace(VOID, remark=LONG)),
        ("TWI-V23", replace(VOID, return_tax_document_number="x" * 61)),
        ("TWI-V23", replace(ANNULMENT, reason="")),
        ("TWI-V23", replace(ANNULMENT, reserved1="x" * 21)),
        ("TWI-V24", replace(ANNULMENT, annul_date=DAY - dt.timedelta(days=1))),
    ],
)
def test_each_broken_rule_is_found(code, document):
    assert codes_of(document) == [code]


def test_a_reason_counts_its_characters_after_collapsing():
    assert codes_of(replace(VOID, reason="退" * 10 + "    " + "貨" * 9)) == []


def test_a_void_may_come_until_the_period_is_filed():
    last_day = replace(VOID, void_date=dt.date(2026, 3, 15))
    late = replace(VOID, void_date=dt.date(2026, 3, 16))
    assert codes_of(last_day) == []
    assert codes_of(late) == ["TWI-V25"]
    assert codes_of(replace(late, return_tax_document_number="財北國稅字1150001")) == []
    earlier = Context(void_deadline=dt.date(2026, 3, 13))
    assert codes_of(last_day, earlier) == ["TWI-V25"]
    later = Context(void_deadline=dt.date(2026, 4, 1))
    assert codes_of(late, later) == ["TWI-V25"]


def test_a_void_needs_consent_where_that_is_known():
    assert codes_of(VOID, Context(consent_stored=False)) == ["TWI-V25"]
    assert codes_of(VOID, Context(consent_stored=True)) == []


@pytest.mark.parametrize(
    ("document", "context", "expected"),
    [
        (VOID, KNOWN, []),
        (VOID, Context(originals={}), ["TWI-V24"]),
        (VOID, original("void"), ["TWI-V24"]),
        (VOID, original("annulled"), ["TWI-V24"]),
        (replace(VOID, invoice_date=dt.date(2026, 1, 14)), KNOWN, ["TWI-V24"]),
        (replace(VOID, buyer_ban="10458575"), KNOWN, ["TWI-V24"]),
        (replace(VOID, seller_ban="10458575"), KNOWN, ["TWI-V24"]),
        (VOID, original("issued", ALLOWANCE), ["TWI-V26"]),
        (ANNULMENT, KNOWN, []),
        (ANNULMENT, original("void"), []),
        (ANNULMENT, original("annulled"), ["TWI-V24"]),
        (ANNULMENT, Context(originals={}), ["TWI-V24"]),
    ],
)
def test_a_correction_fits_its_original(document, context, expected):
    assert codes_of(document, context) == expected


def with_line(**changes):
    return replace(ALLOWANCE, lines=(replace(ALLOWANCE.lines[0], **changes),))


def allowed(amount, tax, number="AB00000053A001"):
    line = replace(ALLOWANCE.lines[0], unit_price=Decimal(amount), amount=Decimal(amount), tax=tax)
    return replace(ALLOWANCE, number=number, lines=(line,), tax=tax, total=amount)


@pytest.mark.parametrize(
    ("code", "document"),
    [
        ("TWI-V27", replace(ALLOWANCE, number="")),
        ("TWI-V27", replace(ALLOWANCE, number="x" * 17)),
        ("TWI-V27", replace(ALLOWANCE, number=" AB53A1")),
        ("TWI-V08", replace(ALLOWANCE, seller=replace(SELLER, address=""))),
        ("TWI-V08", replace(ALLOWANCE, original_seller_ban="04595253")),
        ("TWI-V09", replace(ALLOWANCE, original_buyer_ban="04595253")),
        ("TWI-V01", with_line(original_number="AB53")),
        ("TWI-V24", with_line(original_date=dt.date(2026, 3, 21))),
        ("TWI-V15", with_line(quantity=Decimal(0))),
        ("TWI-V14", with_line(sequence="")),
        ("TWI-V18", with_line(tax_type="9")),
        ("TWI-V23", with_line(original_description="")),
        ("TWI-V23", with_line(original_sequence="00001")),
        ("TWI-V23", with_line(unit_price=Decimal("Infinity"))),
        ("TWI-V28", with_line(tax=24)),
        ("TWI-V28", with_line(tax_type="3")),
        ("TWI-V28", replace(ALLOWANCE, tax=23)),
        ("TWI-V28", replace(ALLOWANCE, total=439)),
        ("TWI-V28", replace(ALLOWANCE, total=Decimal("438.2"))),
        ("TWI-V28", allowed(0, 0)),
    ],
)
def test_each_broken_rule_of_an_allowance_is_found(code, document):
    assert code in codes_of(document)


def test_an_allowance_needs_lines():
    assert "TWI-V14" in codes_of(replace(ALLOWANCE, lines=(), tax=0, total=0))


@pytest.mark.parametrize(
    ("document", "context", "expected"),
    [
        (ALLOWANCE, SOLD, []),
        (ALLOWANCE, Context(originals={}), ["TWI-V24"]),
        (ALLOWANCE, original("void", invoice=COMPANY_INVOICE), ["TWI-V24"]),
        (with_line(original_date=dt.date(2026, 1, 14)), SOLD, ["TWI-V24"]),
        (replace(ALLOWANCE, seller=replace(SELLER, ban="10458574")), SOLD, ["TWI-V24"]),
        (
            replace(
                ALLOWANCE, seller=replace(SELLER, ban="10458574"), original_seller_ban=SELLER.ban
            ),
            SOLD,
            [],
        ),
        (ALLOWANCE, Context(allowance_numbers={ALLOWANCE.number}), ["TWI-V27"]),
        (ALLOWANCE, Context(government_bans={COMPANY.ban}), ["TWI-V27"]),
        (allowed(1314, 66), SOLD, []),
        (allowed(1315, 66), SOLD, ["TWI-V27"]),
        (allowed(1314, 67), SOLD, ["TWI-V27"]),
    ],
)
def test_an_allowance_fits_its_invoice(document, context, expected):
    assert codes_of(document, context) == expected


def test_all_live_allowances_count_together():
    before = original("issued", allowed(876, 44, "AB53A000"), invoice=COMPANY_INVOICE)
    assert codes_of(allowed(438, 22), before) == []
    assert codes_of(allowed(439, 22), before) == ["TWI-V27"]
    # The document itself, met again among the live ones, is not counted twice.
    again = original("issued", allowed(1314, 66), invoice=COMPANY_INVOICE)
    assert codes_of(allowed(1314, 66), again) == []


def test_a_consumers_allowance_splits_the_refund():
    line = replace(ALLOWANCE.lines[0], original_number=PRINTED.number)
    refund = replace(ALLOWANCE, buyer=PRINTED.buyer, lines=(line,))

    def of(amount, tax):
        lines = (replace(line, amount=Decimal(amount), tax=tax),)
        return replace(refund, lines=lines, tax=tax, total=amount)

    assert codes_of(of(105, 5), KNOWN) == []
    assert codes_of(of(106, 5), KNOWN) == ["TWI-V27"]


@pytest.mark.parametrize(
    ("code", "document", "context"),
    [
        ("TWI-V27", replace(ALLOWANCE_VOID, number=""), None),
        ("TWI-V23", replace(ALLOWANCE_VOID, reason=""), None),
        ("TWI-V23", replace(ALLOWANCE_VOID, remark=LONG), None),
        ("TWI-V24", replace(ALLOWANCE_VOID, void_date=DAY), None),
        ("TWI-V24", ALLOWANCE_VOID, Context(allowances={})),
        (
            "TWI-V24",
            replace(ALLOWANCE_VOID, buyer_ban="10458574"),
            Context(allowances={ALLOWANCE.number: ALLOWANCE}),
        ),
    ],
)
def test_each_broken_rule_of_a_voided_allowance_is_found(code, document, context):
    assert codes_of(document, context) == [code]


def test_a_voided_allowance_fits():
    assert codes_of(ALLOWANCE_VOID, Context(allowances={ALLOWANCE.number: ALLOWANCE})) == []


def spans(*pairs, booklets=None):
    return tuple(NumberSpan(f"{begin:08d}", f"{end:08d}", booklets) for begin, end in pairs)


@pytest.mark.parametrize(
    "changes",
    [
        {"period_code": "11501"},
        {"period_code": "1150|"},
        {"track": "A"},
        {"invoice_type": "06"},
        {"begin": "0"},
        {"begin": "00000001"},
        {"end": "00000498"},
        {"items": ()},
        {"items": spans((200, 299), booklets=3)},
        {"items": spans((200, 298), booklets=2)},
        {"items": (NumberSpan("00000200", "00000299"),)},
        {"items": spans((450, 549), booklets=2)},
        {"items": spans((299, 200), booklets=2)},
        {"items": spans((200, 299), (250, 349), booklets=2)},
    ],
)
def test_wrong_branch_allocations(changes):
    found = codes_of(replace(ALLOCATION_REPORT, **changes))
    assert found and set(found) == {"TWI-V29"}


def test_a_branch_allocation_repeats_the_platforms_range():
    whole = NumberRange(Period.parse("11502"), "AB", 0, 499)
    allotted = Allocation(SELLER.ban, "07", whole)
    assert codes_of(ALLOCATION_REPORT, Context(allocations=[allotted])) == []
    smaller = replace(allotted, range=NumberRange(whole.period, "AB", 0, 549))
    assert codes_of(ALLOCATION_REPORT, Context(allocations=[smaller])) == ["TWI-V29"]
    assert codes_of(replace(ALLOCATION_REPORT, head_ban="1")) == ["TWI-V08"]


@pytest.mark.parametrize(
    "changes",
    [
        {"period_code": "11513"},
        {"track": "ab"},
        {"items": ()},
        {"items": spans((5, 4))},
        {"items": (NumberSpan("231", "299"),)},
        {"items": spans((231, 299), (299, 310))},
        {"items": spans(*((index * 2, index * 2) for index in range(10_001)))},
    ],
)
def test_wrong_blank_reports(changes):
    found = codes_of(replace(BLANK_REPORT, **changes))
    assert found and set(found) == {"TWI-V30"}


def test_a_blank_report_comes_after_its_period():
    assert codes_of(BLANK_REPORT, Context(today=dt.date(2026, 2, 28))) == ["TWI-V30"]
    assert codes_of(BLANK_REPORT, Context(today=dt.date(2026, 3, 1))) == []


def test_a_blank_report_holds_allotted_and_unused_numbers_only():
    assert codes_of(BLANK_REPORT, Context(used_numbers={"AB00000230", "AC00000231"})) == []
    assert codes_of(BLANK_REPORT, Context(used_numbers={"AB00000231"})) == ["TWI-V30"]
    branch = Allocation("10458575", "07", NumberRange(Period.parse("11502"), "AB", 200, 299))
    assert codes_of(BLANK_REPORT, Context(allocations=[branch])) == []
    assert codes_of(BLANK_REPORT, Context(allocations=[])) == ["TWI-V30"]


ASSIGNMENT = Assignment("04595257", "07", "11502", "AB", "00000000", "00000499", 10)


def test_assignments_are_whole_books():
    assert codes_of(ASSIGNMENT) == []
    for changes in (
        {"booklets": 9},
        {"end": "00000498"},
        {"begin": "$$000000"},
        {"invoice_type": "7"},
        {"period_code": "11501"},
    ):
        assert codes_of(replace(ASSIGNMENT, **changes)) == ["TWI-RANGE"]
    assert codes_of(replace(ASSIGNMENT, ban="1")) == ["TWI-V08"]


def test_award_lists_add_up():
    award = Award("AB00000051", DAY, SELLER.ban, "0000000000", 110, "0695", "6", 200, "N")
    listed = AwardList(
        SELLER.ban, "11502", "1", 1, 200, dt.date(2026, 4, 6), dt.date(2026, 7, 6), (award,)
    )
    assert codes_of(listed) == []
    for changes in (
        {"total_count": 2},
        {"total_amount": 300},
        {"awards": (replace(award, date=dt.date(2026, 3, 1)),)},
        {"awards": (replace(award, date=dt.date(1, 1, 1)),)},
    ):
        assert codes_of(replace(listed, **changes)) == ["TWI-AWARD"]
    assert codes_of(replace(listed, awards=(replace(award, number="51"),))) == ["TWI-V01"]


def test_a_summary_that_does_not_add_up_is_a_warning():
    message = SummaryMessage("id", "F0401", 2, 1, 1, (("AB00000050", DAY),))
    assert check.faults(SummaryResult((message,))) == []
    for changes in ({"total": 3}, {"good": 0, "failed": 2}):
        wrong = SummaryResult((replace(message, **changes),))
        assert codes_of(wrong, level="warn") == ["TWI-SUMMARY"]
    assert check.faults(ProcessResult("id", "F0401", ())) == []
