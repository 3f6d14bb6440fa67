"""Reads of print jobs and agents. Every one starts from the open tenant scope."""

from uuid import UUID

from django.db.models import QuerySet

from guitai.devices.errors import JobNotFound
from guitai.devices.models import Agent, AgentBeat, PrintJob
from guitai.devices.rules import OPEN, JobState


def open_jobs(register_id: UUID) -> QuerySet[PrintJob]:
    """Everything at this register whose outcome is still awaited, oldest first."""
    return PrintJob.objects.filter(
        register_id=register_id, state__in=sorted(state.value for state in OPEN)
    ).order_by("created_at", "id")


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


def waiting_job(subject_id: UUID, kinds: list[str]) -> PrintJob | None:
    """A job for this slip that has not left yet."""
    return jobs_of(subject_id).filter(kind__in=kinds, state=JobState.WAITING.value).first()


def beat(register_id: UUID) -> AgentBeat | None:
    return AgentBeat.objects.filter(register_id=register_id).first()


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
