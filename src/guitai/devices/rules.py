"""Print jobs and the health of the way to the paper. Pure.

Source: printing.md §3 and §6, product.md S3.14, docs/agent-protocol.md.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import metadata
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from guitai.kernel.moments import moment_of


class JobKind(StrEnum):
    PROOF = "proof"
    COMPANY_PROOF = "company_proof"
    DETAIL = "detail"
    SHIFT = "shift"
    ALLOWANCE = "allowance"


class Copy(StrEnum):
    ORIGINAL = "original"
    REPRINT = "reprint"


class JobState(StrEnum):
    """``sent``: handed to the agent, which has it on disk; from then on it is asked by its id.

    ``expired``: its time ran out before the agent began, because the printer was away too long or
    the computer's clock was set forward. A question to a person, like ``uncertain``, but not about
    what lies there: nothing was printed, whatever the clock says. Paper that is still wanted is
    ``sent`` once more, the same job with the mark it had; given up, it leaves the next paper of
    its sale the original (agent-protocol.md §6). A job that has begun never expires.
    """

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset(
        {
            JobState.SENT,
            JobState.DONE,
            JobState.UNCERTAIN,
            JobState.EXPIRED,
            JobState.CANCELLED,
        }
    ),
    JobState.SENT: frozenset(
        {JobState.DONE, JobState.UNCERTAIN, JobState.EXPIRED, JobState.CANCELLED}
    ),
    JobState.EXPIRED: frozenset(
        {JobState.SENT, JobState.DONE, JobState.UNCERTAIN, JobState.CANCELLED}
    ),
    JobState.UNCERTAIN: frozenset({JobState.DONE, JobState.CANCELLED}),
    JobState.DONE: frozenset(),
    JobState.CANCELLED: frozenset(),
}

OPEN = frozenset({JobState.WAITING, JobState.SENT, JobState.UNCERTAIN, JobState.EXPIRED})
"""States that a page lists again after a reload: nothing expires in silence."""


UNBEGUN = (JobState.WAITING, JobState.EXPIRED)
"""Of these nothing is on paper and nothing comes by itself."""


def may_change(before: str, after: str) -> bool:
    return JobState(after) in TRANSITIONS[JobState(before)]


# --- Signs of life: what an agent says of its hops, made safe to keep and to show ---------------

AGENT_MIN_VERSION = "0.1.0"
"""Older agents do not speak the protocol that the till page needs: ``AGENT_OLD``."""
AGENT_LATEST = metadata.version("guitai")
"""Agent and server are one distribution."""
AGENT_PAGE = "/agent/"
"""Where a shop gets the agent from."""

HOPS = ("page", "agent", "driver", "port", "printer", "paper")
"""The way from the till page to the paper (product.md S3.14)."""
AGENT_HOPS = HOPS[1:]
"""Those that an agent tells of (docs/agent-protocol.md §11)."""
HOP_STATES = ("ok", "warn", "error", "unknown")
LEVELS = ("ok", "warn", "error")
PAPERS = ("ok", "near", "end", "unknown")
SOURCES = ("page", "relay")

MOST_FINDINGS = 30
MOST_STEPS = 10
MOST_JOBS = 100_000
MOST_DRIFT_MS = 10 * 366 * 24 * 3600 * 1000
REORDERED = timedelta(minutes=2)
"""So much later a message may arrive over another road; what is older still has a moved clock."""

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_PICTURE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")


@dataclass(frozen=True, slots=True)
class Signs:
    """One report of an agent, bounded: every text cut, every word known or empty."""

    agent_id: str
    version: str
    code: str
    message: str
    paper: str
    printer: str
    profile: str
    waiting: int
    uncertain: int
    drift_ms: int | None
    hops: list[dict[str, str]]
    findings: list[dict[str, Any]]
    told_at: datetime | None


def signs_of(health: object, *, agent_id: str = "", version: str = "") -> Signs:
    """What of a report may be kept. Never raises: what has the wrong shape is left out.

    ``health`` is docs/agent-protocol.md's Health as parsed JSON; ``agent_id`` and ``version`` are
    what the connection knows and win over what the report says.
    """
    said = _object(health)
    printer, queue, clock = (_object(said.get(key)) for key in ("printer", "queue", "clock"))
    device = _object(printer.get("device")) or _object(said.get("device"))
    hops = _hops(said.get("hops"))
    worst = worst_of(hops)
    paper = plain(printer.get("paper"), 10)
    return Signs(
        agent_id=plain(agent_id, 64) or plain(said.get("agent_id"), 64),
        version=plain(version, 20) or plain(said.get("version"), 20),
        code=worst["code"] if worst else _matching(_CODE, said.get("code")),
        message=worst["message"] if worst else plain(said.get("message"), 200),
        paper=paper if paper in PAPERS else "unknown",
        printer=plain(device.get("name"), 80),
        profile=plain(device.get("profile"), 40),
        waiting=_count(queue.get("waiting")) + _count(queue.get("sending")),
        uncertain=_count(queue.get("uncertain")),
        drift_ms=_drift(clock.get("drift_ms")),
        hops=hops,
        findings=_findings(said.get("findings")),
        told_at=moment_of(said.get("time")),
    )


def worst_of(hops: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
    """The first hop in error, else the first with a warning, else the last that is known."""
    for state in ("error", "warn"):
        for hop in hops:
            if hop["state"] == state:
                return hop
    return next((hop for hop in reversed(hops) if hop["state"] == "ok"), None)


def is_late(
    kept_at: datetime, kept_told: datetime | None, now: datetime, told: datetime | None
) -> bool:
    """Whether a report is older than the one that is kept, and so must not replace it.

    ``…_told`` is the agent's own clock, which may have been set back: only a little older is late.
    """
    if now < kept_at:
        return True
    if told is None or kept_told is None:
        return False
    return timedelta() < kept_told - told <= REORDERED


BEAT_EVERY = timedelta(seconds=30)
"""So often an agent (service/outbound.py) and a till page (actions/doctor.mjs) give a sign of life,
whether somebody is signed in or not."""
LOST_AFTER = 2 * BEAT_EVERY + timedelta(seconds=10)
"""Two signs that did not come, and the way of the second: from then on nothing is known."""
WAITED_LONG = timedelta(minutes=2)
DRIFT_MS = 120_000
"""The clock guard's tolerance (orders.rules.check_clock)."""

SERVER_LEVELS = {
    "AGENT_SILENT": "error",
    "AGENT_OLD": "error",
    "JOB_UNCERTAIN": "error",
    "JOB_EXPIRED": "warn",
    "JOB_WAITING": "warn",
    "CLOCK_DRIFT": "warn",
}
"""What the server sees by itself, in the order of telling; words in guitai_agent.knowledge."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Slips of a register whose outcome is awaited; ``oldest`` of those that wait."""

    waiting: int = 0
    sent: int = 0
    uncertain: int = 0
    expired: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """``state``: ok | warn | error | unknown (heard, but a part of the way was not told of)
    | silent (lost while somebody works there) | away (lost, and nobody signed in: it may well be
    switched off) | never (nothing heard yet) | none (prints nothing).

    ``codes`` are the server's own findings.
    """

    state: str
    codes: tuple[str, ...] = ()

    @property
    def is_trouble(self) -> bool:
        return self.state not in {"ok", "none"}

    @property
    def is_lost(self) -> bool:
        """Whatever was told before may be over."""
        return self.state in {"silent", "away"}


class Beat(Protocol):
    """What of a kept report decides (``models.AgentBeat``)."""

    version: str
    drift_ms: int | None
    hops: list[dict[str, str]]
    findings: list[dict[str, Any]]
    queue_uncertain: int
    seen_at: datetime
    gone_at: datetime | None


def standing(
    beat: Beat | None, *, prints: bool, opened_at: datetime | None, queue: Queue, now: datetime
) -> Standing:
    """How the way to the paper stands at one register.

    ``prints``: whether the register is set to have a printer; ``opened_at`` when the session that
    is open there began. A lost agent has ``LOST_AFTER`` from then on to come back before it is
    called silent: computers are switched on when the shop opens.
    """
    if beat is None:
        return Standing("never" if prints else "none")
    lost = is_lost(beat, now)
    silent = lost and opened_at is not None and now - opened_at > LOST_AFTER
    told = {finding["code"] for finding in beat.findings}
    seen = {
        "AGENT_SILENT": silent,
        "AGENT_OLD": is_older(beat.version, AGENT_MIN_VERSION),
        "JOB_UNCERTAIN": bool(queue.uncertain or beat.queue_uncertain),
        "JOB_EXPIRED": bool(queue.expired),
        "JOB_WAITING": queue.oldest is not None and now - queue.oldest > WAITED_LONG,
        "CLOCK_DRIFT": abs(beat.drift_ms or 0) > DRIFT_MS and "CLOCK_DATE" not in told,
    }
    codes = tuple(code for code in SERVER_LEVELS if seen[code] and code not in told)
    if lost:
        return Standing("silent" if silent else "away", codes)
    levels = {hop["state"] for hop in beat.hops} | {one["level"] for one in beat.findings}
    levels |= {SERVER_LEVELS[code] for code in codes}
    known = {hop["hop"] for hop in beat.hops if hop["state"] != "unknown"}
    calm = "ok" if known.issuperset(AGENT_HOPS) else "unknown"
    return Standing(next((level for level in ("error", "warn") if level in levels), calm), codes)


def is_lost(beat: Beat, now: datetime) -> bool:
    """Whether nobody can say how it is now: the line was closed, or two signs did not come."""
    return beat.gone_at is not None or now - beat.seen_at > LOST_AFTER


def plain(value: object, limit: int) -> str:
    """Text that a database and a page can hold: no control signs, cut; empty for no text."""
    if not isinstance(value, str):
        return ""
    kept = (c for c in value[: limit * 2] if c.isprintable() and not "\ud800" <= c <= "\udfff")
    return "".join(kept).strip()[:limit]


def is_older(version: str, than: str) -> bool:
    """Whether a version is certainly older; an unreadable one is."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = plain(value, 100)
    return text if pattern.fullmatch(text) else ""


def _count(value: object) -> int:
    return min(value, MOST_JOBS) if type(value) is int and value > 0 else 0


def _drift(value: object) -> int | None:
    if type(value) is not int:
        return None
    return max(-MOST_DRIFT_MS, min(MOST_DRIFT_MS, value))


def _listed(value: object, most: int) -> list[Mapping[str, Any]]:
    return [_object(one) for one in value[:most]] if isinstance(value, list) else []


def _hops(value: object) -> list[dict[str, str]]:
    """The known hops in the order of the way, each once."""
    found: dict[str, dict[str, str]] = {}
    for row in _listed(value, 20):
        name, state = plain(row.get("hop"), 10), plain(row.get("state"), 10)
        if name in HOPS and name not in found:
            found[name] = {
                "hop": name,
                "state": state if state in HOP_STATES else "unknown",
                "code": _matching(_CODE, row.get("code")),
                "message": plain(row.get("message"), 200),
                "since": _since(row.get("since")),
            }
    return [found[name] for name in HOPS if name in found]


def _since(value: object) -> str:
    moment = moment_of(value)
    return moment.isoformat() if moment else ""


def _findings(value: object) -> list[dict[str, Any]]:
    found = (_finding(row) for row in _listed(value, MOST_FINDINGS))
    return [finding for finding in found if finding["code"]]


def _finding(row: Mapping[str, Any]) -> dict[str, Any]:
    """A code that this server does not know keeps the words that came with it."""
    level, hop = plain(row.get("level"), 10), plain(row.get("hop"), 10)
    said = row.get("steps")
    steps = said[:MOST_STEPS] if isinstance(said, list) else []
    return {
        "code": _matching(_CODE, row.get("code")),
        "level": level if level in LEVELS else "warn",
        "hop": hop if hop in {*HOPS, "clock", "server"} else "",
        "message": plain(row.get("message"), 200),
        "steps": [text for text in (plain(step, 200) for step in steps) if text],
        "picture": _matching(_PICTURE, row.get("picture")),
        "since": _since(row.get("since")),
    }


# --- Agents that joined, and the relay (docs/agent-protocol.md §10) -----------------------------

JOIN_HANDLE_LENGTH = 3
"""The first letters find the code, so that a wrong guess is counted on it. Five guesses at the
other five: 5 / 31^5 = 1 in 5.7 million, whoever tries for the ten minutes that a code lives."""
JOIN_TRIES = 5

TICKET_SECONDS = 60.0
LONGEST_TICKET = 2048


class BadTicket(ValueError):
    """Not ours, or its time is over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets one page speak to one agent over the relay. ``issued`` is epoch seconds.

    ``agent`` and ``binding`` are rows: the agent to reach and the device that asked.
    """

    merchant: UUID
    agent: UUID
    binding: UUID
    origin: str
    issued: float
    nonce: str

    @property
    def expires(self) -> float:
        return self.issued + TICKET_SECONDS


def sign_ticket(key: bytes, ticket: Ticket) -> str:
    """The ticket as text: payload and HMAC-SHA256, both base64url, with a dot between."""
    payload = _packed(json.dumps(asdict(ticket), default=str).encode())
    return f"{payload}.{_packed(_mac(key, payload))}"


def open_ticket(key: bytes, text: str, now: float) -> Ticket:
    """The ticket again; ``BadTicket`` where the key did not sign it or it is not valid now."""
    payload, dot, given = text.partition(".")
    if not dot or len(text) > LONGEST_TICKET or not text.isascii():
        raise BadTicket("shape")
    if not hmac.compare_digest(_packed(_mac(key, payload)), given):
        raise BadTicket("signature")
    said = json.loads(_unpacked(payload))
    ticket = Ticket(
        merchant=UUID(said["merchant"]),
        agent=UUID(said["agent"]),
        binding=UUID(said["binding"]),
        origin=str(said["origin"]),
        issued=float(said["issued"]),
        nonce=str(said["nonce"]),
    )
    if not ticket.issued <= now < ticket.expires:
        raise BadTicket("time")
    return ticket


def relay_address(public: str, host: str, port: int, *, secure: bool) -> str:
    """The relay's address as pages and agents know it, without a path.

    ``public`` (of the operator) wins. Behind TLS it is /relay of the same host, because only the
    reverse proxy has the certificate; else the relay's own port beside the server's.
    """
    if public:
        return public.rstrip("/")
    if secure:
        return f"wss://{host}/relay"
    name = urlsplit(f"//{host}").hostname or "127.0.0.1"
    return f"ws://{f'[{name}]' if ':' in name else name}:{port}"


def _mac(key: bytes, payload: str) -> bytes:
    return hmac.new(key, payload.encode(), hashlib.sha256).digest()


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise BadTicket("shape") from error
