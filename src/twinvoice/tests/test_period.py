"""Vectors of mof-vectors.md §4 and §8; deadlines of mof.md §5.1, §6, §8.1."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinvoice.faults import Fault
from twinvoice.period import Period, parse_roc_date, roc_date7

DATES = [
    ("2010-01-01", "0990101", "09902", "99年01-02月"),
    ("2011-12-31", "1001231", "10012", "100年11-12月"),
    ("2013-05-23", "1020523", "10206", "102年05-06月"),
    ("2019-09-17", "1080917", "10810", "108年09-10月"),
    ("2021-10-31", "1101031", "11010", "110年09-10月"),
    ("2024-01-15", "1130115", "11302", "113年01-02月"),
    ("2024-12-31", "1131231", "11312", "113年11-12月"),
    ("2025-01-01", "1140101", "11402", "114年01-02月"),
    ("2026-08-14", "1150814", "11508", "115年07-08月"),
]


@pytest.mark.parametrize(("date", "roc", "code", "label"), DATES)
def test_period_of_a_date(date, roc, code, label):
    day = dt.date.fromisoformat(date)
    period = Period.of(day)
    assert (roc_date7(day), period.code, period.label) == (roc, code, label)
    assert parse_roc_date(roc) == day
    assert day in period


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("11510", "11510"),
        ("1150910", "11510"),
        ("1150708", "11508"),
        ("115年09-10月", "11510"),
        ("115年09-10月期", "11510"),
        ("99年01-02月", "09902"),
        ("110/01 ~ 110/02", "11002"),
        ("115/07~115/08", "11508"),
        ("115/07-08", "11508"),
        (" 115/07～115/08 ", "11508"),
    ],
)
def test_every_spelling_is_read(text, code):
    assert Period.parse(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11509",
        "11500",
        "11514",
        "1151011",
        "1150909",
        "1150912",
        "115/08-09",
        "115/12 ~ 116/01",
        "115/01 ~ 116/02",
        "202610",
        "115年9月",
        "00002",
        "１１５１０",
        "11510 11512",
        None,
    ],
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Fault) as caught:
        Period.parse(text)
    assert caught.value.code == "TWI-PERIOD"


def test_days_and_deadlines():
    period = Period.parse("11502")
    assert (period.first_day, period.last_day) == (dt.date(2026, 1, 1), dt.date(2026, 2, 28))
    assert period.void_deadline == dt.date(2026, 3, 4)
    assert period.blank_report_deadline == dt.date(2026, 3, 10)
    assert period.filing_deadline == dt.date(2026, 3, 15)
    assert period.draw_date == dt.date(2026, 3, 25)
    assert (period.claim_begin, period.claim_end) == (dt.date(2026, 4, 6), dt.date(2026, 7, 5))
    assert period.code7 == "1150102"


def test_the_year_turns():
    last = Period.parse("11512")
    assert last.next().code == "11602"
    assert last.next().previous() == last
    assert last.filing_deadline == dt.date(2027, 1, 15)
    assert Period.parse("11302").last_day == dt.date(2024, 2, 29)
    assert last < last.next()


def test_a_day_that_is_not_in_the_calendar_is_refused():
    for text in ("1150231", "1021340", "115/13/01", "115091", "9150910x"):
        with pytest.raises(Fault) as caught:
            parse_roc_date(text)
        assert caught.value.code == "TWI-ROC-DATE"
    assert parse_roc_date("115年9月10日") == parse_roc_date("115-09-10") == dt.date(2026, 9, 10)


def test_before_the_republic_there_is_no_period():
    with pytest.raises(Fault):
        Period.of(dt.date(1911, 12, 31))


@given(st.dates(dt.date(1912, 3, 1), dt.date(2900, 12, 31)))
def test_each_spelling_leads_back(day):
    period = Period.of(day)
    for text in (period.code, period.code7, period.label):
        assert Period.parse(text) == period
    assert period.first_day <= day <= period.last_day
    assert period.next().first_day == period.last_day + dt.timedelta(days=1)
    assert period.previous() < period < period.next()
