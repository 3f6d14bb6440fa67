from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guitai.invoicing import registry, rules
from guitai.invoicing.errors import BadReason, VoidWindowClosed
from guitai.invoicing.rules import Finding, Outcome, TransmissionState
from guitai.invoicing.tests.shop import at

S = TransmissionState


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("doubted", [False, True])
@pytest.mark.parametrize("attempts", [1, 50])
def test_every_outcome_leads_to_an_allowed_state(outcome, doubted, attempts):
    step = rules.after_upload(outcome, doubted=doubted, attempts=attempts)
    assert step.state in rules.TRANSITIONS[S.IN_FLIGHT]
    assert step.again == (step.state in {S.WAITING, S.IN_DOUBT})


@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize("may_probe", [False, True])
def test_every_finding_leads_to_an_allowed_state(finding, may_probe):
    step = rules.after_asking(finding, may_probe=may_probe)
    assert step.state in rules.TRANSITIONS[S.IN_DOUBT]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_after_a_doubt_nothing_counts_as_never_sent_or_as_refused(outcome):
    """A refusal of the second sending says nothing about the first (in doubt is asked)."""
    step = rules.after_upload(outcome, doubted=True, attempts=2)
    if outcome is not Outcome.NOT_FOUND_ORIGINAL:
        assert step.state not in {S.WAITING, S.REJECTED}
    assert (step.state is S.SENT) == (outcome in {Outcome.OK, Outcome.DUP_SAME})


@pytest.mark.parametrize(
    ("outcome", "state", "pause"),
    [
        (Outcome.OK, S.SENT, False),
        (Outcome.DUP_SAME, S.SENT, False),
        (Outcome.DUP_CONFLICT, S.PARKED, False),
        (Outcome.IN_DOUBT, S.IN_DOUBT, False),
        (Outcome.TEMPORARY, S.WAITING, False),
        (Outcome.AUTH, S.WAITING, True),
        (Outcome.CLOCK, S.WAITING, True),
        (Outcome.SUSPENDED, S.WAITING, True),
        (Outcome.NOT_OPEN, S.WAITING, True),
        (Outcome.NO_NUMBERS, S.PARKED, False),
        (Outcome.RANGE_UNKNOWN, S.PARKED, False),
        (Outcome.NOT_FOUND_ORIGINAL, S.WAITING, False),
        (Outcome.STATE_CONFLICT, S.REJECTED, False),
        (Outcome.INVALID, S.REJECTED, False),
    ],
)
def test_the_table_of_the_first_sending(outcome, state, pause):
    step = rules.after_upload(outcome, doubted=False, attempts=1)
    assert (step.state, step.pause) == (state, pause)


def test_a_duplicate_without_comparison_is_asked_where_asking_is_possible():
    step = rules.after_upload(Outcome.DUP_CONFLICT, doubted=False, attempts=1, ask=True)
    assert step == rules.Step(S.IN_DOUBT, again=True)


def test_no_state_leads_back_from_confirmed_and_flight_starts_only_from_waiting_or_doubt():
    assert rules.TRANSITIONS[S.CONFIRMED] == frozenset()
    sources = {state for state, targets in rules.TRANSITIONS.items() if S.IN_FLIGHT in targets}
    assert sources == {S.WAITING, S.IN_DOUBT}


@pytest.mark.parametrize(
    ("state", "finding", "after"),
    [
        (S.SENT, Finding.CONFIRMED, S.CONFIRMED),
        (S.SENT, Finding.REJECTED, S.REJECTED),
        (S.SENT, Finding.DIFFERENT, S.PARKED),
        (S.IN_DOUBT, Finding.CONFIRMED, S.CONFIRMED),
        (S.PARKED, Finding.CONFIRMED, S.CONFIRMED),
        (S.CONFIRMED, Finding.REJECTED, None),
        (S.CONFIRMED, Finding.DIFFERENT, None),
        (S.REJECTED, Finding.REJECTED, None),
        (S.REJECTED, Finding.CONFIRMED, None),
        (S.WAITING, Finding.CONFIRMED, None),
        (S.IN_FLIGHT, Finding.CONFIRMED, None),
        (S.SENT, Finding.UNKNOWN, None),
    ],
)
def test_what_a_result_file_changes(state, finding, after):
    assert rules.after_result(state, finding) is after


@pytest.mark.parametrize(
    ("period", "now", "open_"),
    [
        ("11510", "2026-11-04 23:59", True),  # B.7.2
        ("11510", "2026-11-05 00:00", False),
        ("11512", "2027-01-04 23:59", True),
        ("11512", "2027-01-05 00:00", False),
        ("11510", "2026-09-01 00:00", True),
    ],
)
def test_the_void_window_closes_after_the_4th(period, now, open_):
    if open_:
        rules.check_void_window(period, at(now))
    else:
        with pytest.raises(VoidWindowClosed):
            rules.check_void_window(period, at(now))


def test_no_setting_opens_the_window_past_the_filing_on_the_15th():
    assert rules.void_deadline("11510", 13) == date(2026, 11, 13)
    assert rules.void_deadline("11510", 28) == date(2026, 11, 15)
    assert rules.void_deadline("11510", 31) == date(2026, 11, 15)


@pytest.mark.parametrize("reason", ["", "   ", "一" * 21, "a\nb", "a\x00b"])
def test_bad_reasons_are_refused(reason):
    with pytest.raises(BadReason):
        rules.check_reason(reason)


def test_a_reason_is_trimmed_and_may_have_20_characters():
    assert rules.check_reason(f"  {'退' * 20} ") == "退" * 20


@given(attempts=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_backoff_grows_and_stays_between_its_bounds(attempts, jitter):
    pause = rules.backoff(attempts, jitter)
    assert rules.FIRST_PAUSE * 0.75 <= pause <= rules.LONGEST_PAUSE * 1.25
    assert rules.backoff(attempts + 1, jitter) >= pause


def test_legal_deadlines_are_days_after_the_issue():
    assert rules.legal_deadline(date(2026, 7, 3), business=False) == at("2026-07-05 23:59") + (
        timedelta(seconds=59)
    )
    assert rules.legal_deadline(date(2026, 7, 3), business=True).date() == date(2026, 7, 10)


def test_every_centre_has_a_name_and_a_provider():
    assert set(registry.CENTRES) == set(rules.CENTRE_NAMES)
