"""The Mirle adapter against the sandbox's Mirle, through the contract of every centre."""

from dataclasses import replace

import httpx
import pytest

from guitai.invoicing.ports import Account, Which
from guitai.invoicing.rules import Outcome
from guitai.kernel import ids
from guitai.providers import contract
from guitai.providers.centres.mirle import MirleCentre
from guitai.providers.contract import NOW, CentreContract, ListJournal
from guitai.providers.http import Door
from guitai.providers.tests.sandbox import BAN, KEY

FAULTS = {
    "lose_reply": ("drop_reply", {}),
    "lose_request": ("close_before_commit", {}),
    "server_error": ("storm_5xx", {"status": 503, "commit": True}),
    "garbage": ("garbage", {}),
    "too_slow": ("slow", {"seconds": 1.0}),
}


class MirleStage:
    at_once = True

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.journal = ListJournal()
        self.centre = MirleCentre(self.journal)
        self.client = httpx.Client(timeout=0.4)
        self.centre.door = Door(self.journal, client=lambda: self.client)
        self.account = Account(
            ids.new_id(),
            ids.new_id(),
            "mirle",
            BAN,
            base_url=sandbox.url,
            posid="1",
            channel_key=KEY,
            allow_plain_http=True,
        )

    def track(self) -> str:
        answer = self.centre.take_numbers(self.account, Which.CURRENT, NOW)
        assert answer.outcome is Outcome.OK, answer
        self.journal.seen.clear()
        return answer.ranges[0].track

    def fault(self, name, **params) -> None:
        name, more = FAULTS.get(name, (name, {}))
        self.sandbox.fault(name, **more, **params)

    def received(self):
        return self.sandbox.documents()

    def verdicts(self):
        return []


@pytest.fixture
def stage(sandbox):
    stage = MirleStage(sandbox)
    yield stage
    stage.client.close()


class TestMirle(CentreContract):
    """The contract; below what only this centre has."""

    def test_without_the_operators_word_nothing_goes_over_plain_http(self, stage):
        account = replace(stage.account, allow_plain_http=False)
        answer = stage.centre.upload_issue(account, contract.parcel(contract.invoice("AB")))
        assert (answer.outcome, answer.code) == (Outcome.NOT_OPEN, "PLAIN-HTTP")
        assert not stage.journal.seen
        assert stage.sandbox.ask("deliveries")["deliveries"] == []

    def test_a_wrong_key_is_told_apart(self, stage):
        track = stage.track()
        account = replace(stage.account, channel_key=KEY[::-1])
        answer = stage.centre.upload_issue(account, contract.parcel(contract.invoice(track)))
        assert answer.outcome is Outcome.AUTH

    def test_nobody_there_means_not_sent(self, stage):
        account = replace(stage.account, base_url="http://127.0.0.1:9/")
        answer = stage.centre.upload_issue(account, contract.parcel(contract.invoice("AB")))
        assert (answer.outcome, answer.code) == (Outcome.TEMPORARY, "UNREACHABLE")

    def test_a_message_worked_twice_is_taken_as_sent(self, stage):
        track = stage.track()
        stage.fault("duplicate", times=1)
        answer = stage.centre.upload_issue(stage.account, contract.parcel(contract.invoice(track)))
        assert answer.outcome is Outcome.DUP_SAME
        assert len(stage.received()) == 1

    def test_numbers_of_the_next_period(self, stage):
        answer = stage.centre.take_numbers(stage.account, Which.NEXT, NOW)
        assert [(one.period_code, one.track, one.begin) for one in answer.ranges] == [
            ("11510", "EF", "00000000")
        ]

    def test_the_dollar_range_is_refused_with_a_sentence(self, stage):
        stage.fault("dollar_range")
        answer = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW)
        assert (answer.outcome, answer.code) == (Outcome.INVALID, "BAD-RANGE")
        assert "$$" in answer.message

    def test_a_range_given_twice_is_the_same_range(self, stage):
        first = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW).ranges
        stage.fault("range_twice", times=1)
        assert stage.centre.take_numbers(stage.account, Which.CURRENT, NOW).ranges == first

    def test_a_skewed_clock_is_seen(self, stage):
        stage.fault("clock_skew", seconds=600)
        answer = stage.centre.server_time(stage.account, NOW)
        assert (answer.moment - NOW).total_seconds() == 600

    def test_own_ranges_and_cursor_are_reported(self, stage):
        own = contract_range("GH", "00000000", "00000049")
        for _ in range(2):
            answer = stage.centre.import_range(stage.account, Which.CURRENT, own, NOW)
            assert (answer.outcome, list(answer.ranges)) == (Outcome.OK, [own])
        listed = stage.centre.list_ranges(stage.account, Which.CURRENT, NOW).ranges
        assert own in listed
        taken = stage.centre.take_numbers(stage.account, Which.CURRENT, NOW).ranges[0]
        answer = stage.centre.report_cursor(stage.account, taken, "00000007", NOW)
        assert answer.outcome is Outcome.OK

    def test_numbers_out_of_order_are_for_a_person(self, stage):
        track = stage.track()
        stage.centre.upload_issue(stage.account, contract.parcel(contract.invoice(track, 50)))
        stage.fault("out_of_order")
        answer = stage.centre.upload_issue(
            stage.account, contract.parcel(contract.invoice(track, 49))
        )
        assert answer.outcome is Outcome.INVALID


def contract_range(track, begin, end):
    from guitai.invoicing.ports import CentreRange

    return CentreRange("11508", track, begin, end)
