"""A verdict as the JSON that pages, relay and desk read (agent-protocol.md §11)."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..knowledge import Remedy, remedy
from ..printer.report import Report, device_json, moment
from .facts import Facts
from .rules import Found, HopState, Verdict

Health = dict[str, object]


@dataclass
class Since:
    """Remembers when each thing that is told now began."""

    _began: dict[tuple[str, ...], float] = field(default_factory=dict)

    def keep(self, keys: list[tuple[str, ...]], now: float) -> Mapping[tuple[str, ...], float]:
        """The beginnings of ``keys``; all others are forgotten."""
        self._began = {key: self._began.get(key, now) for key in keys}
        return self._began


def stamp(verdict: Verdict, since: Since, now: float) -> Mapping[tuple[str, ...], float]:
    """When each hop's state and each finding began (seconds since the epoch)."""
    hops = [("hop", each.hop, each.state, each.code) for each in verdict.hops]
    return since.keep([*hops, *(("finding", each.code) for each in verdict.findings)], now)


def hop_json(state: HopState, began: float) -> dict[str, object]:
    message = remedy(state.code).message if state.code not in ("", "OK") else ""
    return {
        "hop": state.hop,
        "state": state.state,
        "code": state.code,
        "message": message,
        "since": moment(began),
    }


def finding_json(found: Found, model: str, began: float) -> dict[str, object]:
    """One finding in the words of the book for that model and for this computer."""
    words = remedy(found.code, model).on(sys.platform)
    return {
        "code": found.code,
        "level": found.severity,
        "hop": words.hop,
        "message": words.say(found.params),
        "steps": list(words.steps),
        "picture": words.picture,
        "fix": {"name": words.fix.name, "label": words.fix.label} if words.fix else None,
        "ask": _ask_json(words),
        "params": dict(found.params),
        "since": moment(began),
    }


def health_json(
    verdict: Verdict,
    facts: Facts,
    report: Report,
    began: Mapping[tuple[str, ...], float],
    about: Mapping[str, object],
) -> Health:
    """The whole answer; ``about`` brings version, agent_id, time and server."""
    hops = [hop_json(each, began["hop", each.hop, each.state, each.code]) for each in verdict.hops]
    findings = [
        finding_json(each, facts.model, began["finding", each.code]) for each in verdict.findings
    ]
    queue = facts.queue
    return {
        "hops": hops,
        "findings": findings,
        "printer": report.as_json(),
        "queue": {
            "waiting": queue.waiting,
            "sending": queue.sending,
            "uncertain": queue.uncertain,
        },
        "device": device_json(report.device) if report.device else None,
        "clock": {"drift_ms": facts.clock.drift_ms, "source": facts.clock.source or None},
        **about,
    }


def _ask_json(words: Remedy) -> dict[str, str] | None:
    ask = words.ask
    if ask is None:
        return None
    return {"id": ask.id, "question": ask.question, "yes": ask.yes, "no": ask.no}
