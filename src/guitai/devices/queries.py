"""Reads of print jobs and agents. Every one starts from the open tenant scope."""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from guitai.devices.errors import JobNotFound
from guitai.devices.models import Agent, AgentBeat, PrintJob
from guitai.devices.rules import OPEN, UNBEGUN, JobState, Queue
from guitai.kernel import ids

RECENT = timedelta(days=3)
_OPEN = sorted(state.value for state in OPEN)


def open_jobs(register_id: UUID) -> QuerySet[PrintJob]:
    """Everything at this register whose outcome is still awaited, oldest first."""
    return PrintJob.objects.filter(register_id=register_id, state__in=_OPEN).order_by(
        "created_at", "id"
    )


def job(register_id: UUID, job_id: UUID) -> PrintJob:
    """A job of that register; ``JobNotFound`` for every other one."""
    found = PrintJob.objects.filter(register_id=register_id, id=job_id).first()
    if found is None:
        raise JobNotFound
    return found


def jobs_of(subject_id: UUID) -> QuerySet[PrintJob]:
    return PrintJob.objects.filter(subject_id=subject_id).order_by("created_at", "id")


def may_be_on_paper(subject_id: UUID, kinds: list[str]) -> bool:
    """Whether one of these slips ever left for a printer, however it ended."""
    return jobs_of(subject_id).filter(kind__in=kinds, sent_at__isnull=False).exists()


def asked_since(subject_id: UUID, kinds: list[str], moment: datetime) -> PrintJob | None:
    """The last job for this slip that was made after ``moment`` and that nobody has a doubt of."""
    made = jobs_of(subject_id).filter(kind__in=kinds, created_at__gt=moment)
    return made.filter(state__in=[JobState.SENT.value, JobState.DONE.value]).last()


def waiting_job(subject_id: UUID, kinds: list[str]) -> PrintJob | None:
    """A job for this slip that has not begun: it has not left yet, or its time ran out there."""
    return jobs_of(subject_id).filter(kind__in=kinds, state__in=UNBEGUN).first()


def beat(register_id: UUID) -> AgentBeat | None:
    return AgentBeat.objects.filter(register_id=register_id).first()


def beats(register_ids: Iterable[UUID]) -> dict[UUID, AgentBeat]:
    """The newest report of each of those registers that has one."""
    found = AgentBeat.objects.filter(register_id__in=list(register_ids))
    return {beat.register_id: beat for beat in found}


def queues(register_ids: Iterable[UUID]) -> dict[UUID, Queue]:
    """What waits, is under way or is uncertain at each of those registers that has any."""
    rows = (
        PrintJob.objects.filter(register_id__in=list(register_ids), state__in=_OPEN)
        .values("register_id")
        .annotate(
            waiting=Count("id", filter=Q(state=JobState.WAITING.value)),
            sent=Count("id", filter=Q(state=JobState.SENT.value)),
            uncertain=Count("id", filter=Q(state=JobState.UNCERTAIN.value)),
            expired=Count("id", filter=Q(state=JobState.EXPIRED.value)),
            oldest=Min("created_at", filter=Q(state=JobState.WAITING.value)),
        )
    )
    return {
        row["register_id"]: Queue(
            row["waiting"], row["sent"], row["uncertain"], row["expired"], row["oldest"]
        )
        for row in rows
    }


def recent_jobs(register_id: UUID, limit: int = 30) -> list[PrintJob]:
    """The register's newest jobs of the last days, whatever became of them, newest first.

    By key: keys lie in time order, so that a year of jobs costs nothing.
    """
    since = ids.first_of(time.time() - RECENT.total_seconds())
    rows = PrintJob.objects.filter(register_id=register_id, id__gte=since).defer("doc")
    return list(rows.order_by("-id")[:limit])


def jobs_in(register_id: UUID, state: str) -> QuerySet[PrintJob]:
    """The register's newest 200 jobs in one state."""
    rows = PrintJob.objects.filter(register_id=register_id, state=state)
    return rows.order_by("-created_at", "-id")[:200]


def agents() -> QuerySet[Agent]:
    """Agents that joined and were not removed, with register and store."""
    found = Agent.objects.filter(removed_at=None, register__retired_at=None)
    return found.select_related("register__store").order_by("register__code", "id")


def agents_of_store(store_id: UUID) -> QuerySet[Agent]:
    """Whom the pages of one store may choose from (product.md B.17.6)."""
    return agents().filter(register__store_id=store_id)
