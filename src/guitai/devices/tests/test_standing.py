"""How the way to the paper stands: silence, age, queues and clocks as the server sees them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from guitai.devices.rules import AGENT_HOPS, SERVER_LEVELS, Queue, standing
from guitai.kernel.testing import taipei
from guitai_agent import knowledge

NOON = taipei(2026, 11, 21)
S = timedelta(seconds=1)
EMPTY = Queue()


def way(*states):
    """The agent's hops in these states, the rest of them ok."""
    told = [*states, *["ok"] * (len(AGENT_HOPS) - len(states))]
    return [{"hop": hop, "state": state} for hop, state in zip(AGENT_HOPS, told, strict=True)]


@dataclass
class Beat:
    seen_at: datetime = NOON
    version: str = "0.1.0"
    drift_ms: int | None = 0
    hops: list = field(default_factory=way)
    findings: list = field(default_factory=list)
    queue_uncertain: int = 0
    gone_at: datetime | None = None


def stands(beat, *, now=NOON, prints=True, opened_at=None, queue=EMPTY):
    return standing(beat, prints=prints, opened_at=opened_at, queue=queue, now=now)


def test_nothing_heard_yet_is_told_only_where_something_is_expected():
    assert stands(None).state == "never"
    assert stands(None).is_trouble
    assert stands(None, prints=False).state == "none"
    assert not stands(None, prints=False).is_trouble


@pytest.mark.parametrize(
    ("quiet", "opened", "state"),
    [
        (70, 3600, "ok"),
        (71, 3600, "silent"),
        (70, None, "ok"),            # an agent that runs beats at rest as well
        (71, None, "away"),
        (23 * 3600, None, "away"),
        (12 * 3600, 60, "away"),     # the shop has just opened: not green, and not yet red
        (12 * 3600, 70, "away"),
        (12 * 3600, 71, "silent"),
        (71, 71, "silent"),
    ],
)  # fmt: skip
def test_silence_while_somebody_works_and_while_nobody_does(quiet, opened, state):
    opened_at = None if opened is None else NOON - opened * S
    found = stands(Beat(seen_at=NOON - quiet * S), opened_at=opened_at)
    assert found.state == state
    assert ("AGENT_SILENT" in found.codes) == (state == "silent")
    assert found.is_lost == (state != "ok")
    assert found.is_trouble == (state != "ok")


@pytest.mark.parametrize(("opened", "state"), [(None, "away"), (60, "away"), (3600, "silent")])
def test_an_agent_whose_line_closed_is_lost_at_once(opened, state):
    opened_at = None if opened is None else NOON - opened * S
    assert stands(Beat(gone_at=NOON), opened_at=opened_at).state == state
    assert stands(Beat(gone_at=None), opened_at=opened_at).state == "ok"


@pytest.mark.parametrize(
    ("hops", "levels", "state"),
    [
        (["ok", "ok"], [], "ok"),
        (["ok", "unknown"], [], "unknown"),
        (["warn", "unknown"], [], "warn"),
        (["ok", "error", "unknown"], [], "error"),
        (["ok", "warn"], [], "warn"),
        (["warn", "error"], [], "error"),
        (["ok"], ["warn"], "warn"),
        (["ok"], ["ok"], "ok"),
        (["warn"], ["error"], "error"),
    ],
)
def test_the_worst_decides(hops, levels, state):
    beat = Beat(
        hops=way(*hops),
        findings=[{"code": f"X{i}", "level": one} for i, one in enumerate(levels)],
    )
    assert stands(beat).state == state


@pytest.mark.parametrize("told", [[], way()[:1], way()[:4], [{"hop": "page", "state": "ok"}]])
def test_a_way_that_was_not_told_whole_is_not_called_good(told):
    found = stands(Beat(hops=told))
    assert found.state == "unknown"
    assert found.is_trouble and not found.is_lost


@pytest.mark.parametrize(
    ("beat", "queue", "codes", "state"),
    [
        (Beat(version="0.0.9"), EMPTY, ("AGENT_OLD",), "error"),
        (Beat(version=""), EMPTY, ("AGENT_OLD",), "error"),
        (Beat(queue_uncertain=1), EMPTY, ("JOB_UNCERTAIN",), "error"),
        (Beat(), Queue(uncertain=1), ("JOB_UNCERTAIN",), "error"),
        (Beat(), Queue(expired=1), ("JOB_EXPIRED",), "warn"),
        (Beat(), Queue(waiting=1, oldest=NOON - 120 * S), (), "ok"),
        (Beat(), Queue(waiting=1, oldest=NOON - 121 * S), ("JOB_WAITING",), "warn"),
        (Beat(drift_ms=120_000), EMPTY, (), "ok"),
        (Beat(drift_ms=-120_001), EMPTY, ("CLOCK_DRIFT",), "warn"),
        (Beat(drift_ms=None), EMPTY, (), "ok"),
    ],
)
def test_what_the_server_sees_by_itself(beat, queue, codes, state):
    found = stands(beat, queue=queue)
    assert (found.codes, found.state) == (codes, state)


def test_what_the_agent_tells_is_not_told_twice():
    told = [{"code": code, "level": "error"} for code in ("JOB_UNCERTAIN", "CLOCK_DATE")]
    found = stands(Beat(findings=told, drift_ms=86_400_000), queue=Queue(uncertain=1))
    assert found.codes == ()
    assert found.state == "error"


def test_each_code_of_the_server_has_its_words():
    for code, level in SERVER_LEVELS.items():
        assert knowledge.remedy(code).level == level
        assert knowledge.remedy(code).steps
