"""Signs of life of the agents beside the registers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from guitai.devices.models import AgentBeat
from guitai.devices.rules import is_late, signs_of


def store_beat(
    register_id: UUID,
    *,
    agent_id: str,
    version: str,
    health: object,
    source: str,
    now: datetime,
) -> bool:
    """Keeps the newest report of the agent beside a register; whether it was kept.

    ``health`` is docs/agent-protocol.md's Health as parsed JSON, trusted in nothing
    (``rules.signs_of``); ``source`` is ``page`` or ``relay``; ``now`` is the server's clock. A
    report that was overtaken by a newer one changes nothing. Needs the open tenant scope and a
    register of it.
    """
    signs = signs_of(health, agent_id=agent_id, version=version)
    facts: dict[str, Any] = {
        "agent_id": signs.agent_id,
        "version": signs.version,
        "code": signs.code,
        "message": signs.message,
        "paper": signs.paper,
        "printer": signs.printer,
        "profile": signs.profile,
        "queue_waiting": signs.waiting,
        "queue_uncertain": signs.uncertain,
        "drift_ms": signs.drift_ms,
        "hops": signs.hops,
        "findings": signs.findings,
        "source": source,
        "seen_at": now,
        "told_at": signs.told_at,
        "gone_at": None,
    }
    if source == "page":
        facts["page_at"] = now
    return _replaced(register_id, facts) or _added(register_id, facts)


def store_departure(register_id: UUID, *, agent_id: str, now: datetime) -> bool:
    """Keeps that the relay's line to an agent closed at ``now``; whether that is news.

    What was heard of the agent since stands against it, and so does another agent's report. Needs
    the open tenant scope.
    """
    kept = AgentBeat.objects.filter(register_id=register_id, agent_id=agent_id)
    return kept.filter(seen_at__lte=now, gone_at=None).update(gone_at=now) > 0


def _replaced(register_id: UUID, facts: dict[str, Any]) -> bool:
    """Under the row's lock, so that two roads cannot put the older report last."""
    with transaction.atomic():
        kept = AgentBeat.objects.select_for_update().filter(register_id=register_id).first()
        if kept is None:
            return False
        if _is_echo(kept, facts):
            return False
        told = kept.told_at if kept.agent_id == facts["agent_id"] else None
        if is_late(kept.seen_at, told, facts["seen_at"], facts["told_at"]):
            return False
        AgentBeat.objects.filter(id=kept.id).update(**facts)
    return True


def _is_echo(kept: AgentBeat, facts: dict[str, Any]) -> bool:
    """Whether a report of an agent that went is from before it went.

    The server's clock says so for one that was on its way, the agent's own for one that a till
    page repeats because it has not noticed yet.
    """
    if kept.gone_at is None or kept.agent_id != facts["agent_id"]:
        return False
    if facts["seen_at"] <= kept.gone_at:
        return True
    told = facts["told_at"]
    old = told is not None and kept.told_at is not None and told <= kept.told_at
    return facts["source"] == "page" and old


def _added(register_id: UUID, facts: dict[str, Any]) -> bool:
    """The register's first report; a twin that was quicker is replaced where this one is newer."""
    if AgentBeat.objects.filter(register_id=register_id).exists():
        return False
    try:
        with transaction.atomic():
            AgentBeat.objects.create(register_id=register_id, **facts)
    except IntegrityError as error:
        if "agentbeat_one_row" not in str(error):
            raise
        return _replaced(register_id, facts)
    return True
