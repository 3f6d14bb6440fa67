"""The envelope of every message, and reading fields out of it (agent-protocol.md §2)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from ..errors import REASONS, UNCERTAIN_HINT, AgentError
from ..journal import Job, State
from ..printer.report import moment

Message = Mapping[str, object]
Kind = TypeVar("Kind", str, int, bool, list[Any])
JOB_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def parse(raw: str | bytes) -> Message:
    """One request as an object; ``malformed`` for everything that is none."""
    if isinstance(raw, bytes):
        raise AgentError("malformed", expected="text frame")
    try:
        message = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise AgentError("malformed", expected="JSON") from None
    if not isinstance(message, dict):
        raise AgentError("malformed", expected="object")
    return message


def envelope(message: Message) -> tuple[str, str]:
    """(id, type) of a request; checks the version first."""
    version = message.get("v")
    if type(version) is not int or version != 1:
        raise AgentError("unsupported_version", supported=[1])
    return need(message, "id", str, longest=64), need(message, "type", str, longest=40)


def need(message: Message, name: str, kind: type[Kind], *, longest: int = 200) -> Kind:
    """A field that must be there and be of that kind."""
    value = message.get(name)
    if type(value) is not kind or (isinstance(value, str) and not 0 < len(value) <= longest):
        raise AgentError("malformed", field=name)
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise AgentError("malformed", field=name)
    return value


def maybe(message: Message, name: str, kind: type[Kind], default: Kind, **limits: int) -> Kind:
    """A field that may be absent (or null)."""
    return default if message.get(name) in (None, "") else need(message, name, kind, **limits)


def one_of(message: Message, name: str, allowed: tuple[str, ...]) -> str:
    value = need(message, name, str)
    if value not in allowed:
        raise AgentError("malformed", field=name, allowed=list(allowed))
    return value


def number(message: Message, name: str, default: int, low: int, high: int) -> int:
    value = maybe(message, name, int, default)
    if not low <= value <= high:
        raise AgentError("malformed", field=name, low=low, high=high)
    return value


def job_id(message: Message) -> str:
    value = need(message, "job_id", str, longest=64)
    if not JOB_ID.fullmatch(value):
        raise AgentError("malformed", field="job_id")
    return value


def sha256(message: Message) -> str:
    value = need(message, "sha256", str, longest=64)
    if not SHA256.fullmatch(value):
        raise AgentError("malformed", field="sha256")
    return value


def deadline(message: Message, default: float) -> float:
    """``expires`` as epoch seconds; RFC 3339 with an offset."""
    text = maybe(message, "expires", str, "", longest=40)
    if not text:
        return default
    try:
        moment_given = datetime.fromisoformat(text)
        if moment_given.tzinfo is None:
            raise ValueError("offset missing")
        return moment_given.timestamp()
    except (ValueError, OverflowError):
        raise AgentError("malformed", field="expires") from None


def success(message_id: str, kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    return {"v": 1, "id": message_id, "type": kind, "ok": True, **fields}


def failure(message: Message | None, error: AgentError) -> dict[str, object]:
    """The reply to a request that was refused; id and type as far as they could be read."""
    known = message or {}
    told: dict[str, object] = {"code": error.code, "message": error.message}
    if error.params:
        told["params"] = error.params
    return {"v": 1, "id": _echo(known, "id"), "type": _echo(known, "type"), "ok": False,
            "error": told}  # fmt: skip


def event(kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    return {"v": 1, "event": True, "type": kind, **fields}


def job_json(job: Job) -> dict[str, object]:
    """The job as pages see it (agent-protocol.md §6)."""
    text = REASONS.get(job.reason, "")
    if job.state is State.UNCERTAIN:
        text = f"{text}{UNCERTAIN_HINT}"
    return {
        "job_id": job.job_id,
        "state": job.state.value,
        "reason": job.reason,
        "message": text,
        "copy": job.copy,
        "kind": job.kind,
        "sha256": job.sha256,
        "bytes": job.bytes,
        "submitted_at": moment(job.submitted_at),
        "updated_at": moment(job.updated_at),
        "expires": moment(job.expires),
    }


def dump(message: Mapping[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _echo(message: Message, name: str) -> str | None:
    """What was sent, if it can be sent back as it is."""
    value = message.get(name)
    fits = isinstance(value, str) and len(value) <= 64 and value.isprintable()
    return str(value) if fits else None


def _refuse_constant(text: str) -> None:
    raise ValueError(text)
