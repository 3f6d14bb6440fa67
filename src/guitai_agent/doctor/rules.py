"""From facts to findings: the decision tree of printing.md §6 and product.md S3.1–S3.15. Pure.

Only the root cause is told: a broken hop makes the hops behind it ``unknown``, and what follows
from it (an open cover takes the printer off-line) is left out. Findings about jobs, about the
clock and questions for the person stand beside the way and do not colour its hops.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..knowledge import drift_params, remedy
from .facts import Facts, Plugged

WAY = ("agent", "driver", "port", "printer", "paper")
"""The hops the agent can see, in order; the page adds its own in front."""

OFF_THE_WAY = frozenset(
    ("JOB_WAITING", "JOB_UNCERTAIN", "JOB_EXPIRED", "CLOCK_DRIFT", "CLOCK_DATE")
)
NOTHING_THERE = frozenset(("USB_ABSENT", "NO_PRINTER", "PRN_OTHER", "CONNECTING"))
"""Findings behind which nobody can say how the driver is."""

SIGNATURE = 52
DISABLED = 22
PHANTOM = frozenset((24, 45))
"""Codes of the device manager: signature (S3.5), switched off, remembered but not plugged in."""

DRIFT_MS = 120_000
"""More than this is worth a word, and stops issuing when the dates differ (the clock guard)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A condition that holds now. ``level`` empty: as the book says."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    level: str = ""

    @property
    def severity(self) -> str:
        return self.level or remedy(self.code).level

    @property
    def hop(self) -> str:
        return remedy(self.code).hop


@dataclass(frozen=True, slots=True)
class HopState:
    """One hop: ``ok``, ``warn``, ``error`` or ``unknown``, and the code that made it so."""

    hop: str
    state: str
    code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    hops: tuple[HopState, ...]
    findings: tuple[Found, ...]


def examine(facts: Facts) -> Verdict:
    """Every hop and every finding, the root cause first."""
    way = [*_agent(facts), *_printer(facts), *_suspicions(facts)]
    beside = [*_questions(facts), *_jobs(facts), *_clock(facts)]
    findings = [*way, *beside]
    findings.sort(key=lambda found: ("error", "warn", "ok").index(found.severity))
    if all(found.severity == "ok" for found in findings):
        findings.insert(0, Found("OK"))
    return Verdict(_hops(facts, way), tuple(findings))


# -- the way ------------------------------------------------------------------------------------


def _agent(facts: Facts) -> Iterator[Found]:
    if facts.journal:  # also why an agent does not run
        yield Found(facts.journal.upper())
    if not facts.agent:
        yield Found("AGENT_DOWN")
    elif not facts.paired and not facts.journal:  # the code is printed, which needs the journal
        yield Found("NOT_PAIRED")


def _printer(facts: Facts) -> Iterator[Found]:
    """The one thing that is wrong between the driver and the paper."""
    if facts.link == "unseen":
        return
    if facts.link == "connecting":
        yield Found("CONNECTING")
    elif facts.code == "NO_PRINTER":
        yield _absent(facts)
    elif facts.code == "PORT_GONE":  # also how a port behaves whose driver cannot start
        yield _behind(facts) or Found("PORT_GONE")
    elif facts.code != "OK":
        yield Found(facts.code)
    elif facts.link == "up" and not facts.chosen and len(facts.candidates) > 1:
        yield Found("PRN_SEVERAL", _others(facts))


def _absent(facts: Facts) -> Found:
    """The chosen printer cannot be found: what does the system itself see (S3.2–S3.8)?"""
    if facts.chosen.startswith("tcp:"):
        return Found("NET_UNREACHABLE", {"address": facts.chosen.removeprefix("tcp:")})
    behind = _behind(facts)
    if behind is not None:
        return behind
    there = {each.id for each in facts.candidates}
    if there and facts.chosen not in there:
        return Found("PRN_OTHER", _others(facts))
    nameless = facts.chosen.startswith("serial:") or (not facts.chosen and facts.ports)
    if there or nameless:
        return Found("NO_PRINTER", {"ports": facts.ports})
    return Found("USB_ABSENT")


def _behind(facts: Facts) -> Found | None:
    """What the system says of a printer that cannot be reached; None: nothing."""
    if facts.chosen.startswith("tcp:"):
        return None
    found = (_plugged(device, facts) for device in facts.plugged)
    return next((each for each in found if each is not None), None)


def _plugged(device: Plugged, facts: Facts) -> Found | None:
    """A printer is plugged in and yet cannot be opened; None: this one explains nothing."""
    if device.problem in PHANTOM or device.kind == "hid":  # Posiflex drawers and readers are HID
        return None
    if device.problem == SIGNATURE:
        return Found("DRV_SIGNATURE", {"problem": SIGNATURE})
    if device.problem == DISABLED:
        return Found("DRV_DISABLED", {"problem": DISABLED})
    if device.problem is not None or device.kind == "none":
        return Found("DRV_MISSING", {"problem": device.problem} if device.problem else {})
    if device.kind == "printer_class" and not facts.chosen.startswith("usblp:"):
        return Found("USB_WRONG_MODE")
    return None


def _suspicions(facts: Facts) -> Iterator[Found]:
    """What only the past or a person tells; worth saying while the printer can be reached."""
    if facts.link != "up":
        return
    if facts.past.blank:
        yield Found("BLANK_SUSPECT")
    if facts.past.jam:
        told = {"covers": facts.past.covers, "cutters": facts.past.cutters}
        yield Found("JAM_SUSPECT", told)


def _named(facts: Facts) -> list[dict[str, str]]:
    return [{"id": each.id, "name": each.name} for each in facts.candidates]


def _others(facts: Facts) -> dict[str, object]:
    names = "、".join(each.name for each in facts.candidates)
    return {"candidates": _named(facts), "names": names}


# -- beside the way -----------------------------------------------------------------------------


def _questions(facts: Facts) -> Iterator[Found]:
    if facts.code in ("OK", "PAPER_NEAR") and facts.link == "up":
        if facts.past.ask == "readable":
            yield Found("TEST_PRINTED")
        elif facts.past.ask == "noise" and not facts.past.jam:
            yield Found("TEST_READABLE")


def _jobs(facts: Facts) -> Iterator[Found]:
    queue = facts.queue
    if queue.uncertain:
        yield Found("JOB_UNCERTAIN", {"count": queue.uncertain})
    if queue.expired:
        yield Found("JOB_EXPIRED", {"count": queue.expired})
    if queue.stuck:
        yield Found("JOB_WAITING", {"count": queue.stuck, "reason": queue.reason})


def _clock(facts: Facts) -> Iterator[Found]:
    drift = facts.clock.drift_ms
    if drift is None or abs(drift) <= DRIFT_MS:
        return
    code = "CLOCK_DRIFT" if facts.clock.same_date else "CLOCK_DATE"
    yield Found(code, drift_params(drift))


# -- hops ---------------------------------------------------------------------------------------


def _hops(facts: Facts, way: list[Found]) -> tuple[HopState, ...]:
    """Green up to the first break, its colour there, unknown behind it.

    A stopped agent hides nothing: whoever asks without one has looked at the printer directly,
    or says that it could not (``link`` is ``unseen``).
    """
    states, broken = [], False
    unseen = facts.link == "unseen"
    blind = any(found.code in NOTHING_THERE for found in way)
    for hop in WAY:
        worst = _worst(way, hop)
        if broken or (blind and hop == "driver") or (unseen and hop != "agent"):
            states.append(HopState(hop, "unknown", ""))
        elif worst is None:
            states.append(HopState(hop, "ok", "OK"))
        else:
            states.append(HopState(hop, worst.severity, worst.code))
        blocks = worst is not None and (worst.severity == "error" or worst.code == "CONNECTING")
        broken = broken or (blocks and hop != "agent")
    return tuple(states)


def _worst(way: list[Found], hop: str) -> Found | None:
    here = [found for found in way if found.hop == hop]
    order = ("error", "warn", "ok")
    return min(here, key=lambda found: order.index(found.severity), default=None)
