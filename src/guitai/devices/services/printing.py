"""The verbs of print jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from guitai.devices import queries
from guitai.devices.errors import WrongJobState
from guitai.devices.models import PrintJob
from guitai.devices.rules import UNBEGUN, Copy, JobKind, JobState, may_change
from guitai.kernel import ids, scope, sqlcall

NOT_PRINTED = "NOT_PRINTED"
"""The agent's reason for a job that a person said is not on paper (agent-protocol.md §6)."""


def queue_print(
    register_id: UUID, kind: JobKind, subject_id: UUID, copy: Copy, now: datetime
) -> PrintJob:
    """A new slip waiting for the register's printer (``sql/queue_print.sql``)."""
    job_id = ids.new_id()
    sqlcall.one(
        "SELECT public.devices_queue_print(%s::uuid, %s::uuid, %s::uuid, %s, %s::uuid, %s, "
        "%s::timestamptz)",
        (scope.current(), job_id, register_id, kind.value, subject_id, copy.value, now),
    )
    return queries.job(register_id, job_id)


def keep_document(job: PrintJob, doc: list[dict[str, Any]], sha256: str) -> PrintJob:
    """Keeps the first rendering; a later one is thrown away, so that a job is one paper."""
    fresh = PrintJob.objects.filter(id=job.id, doc__isnull=True)
    if fresh.update(doc=doc, sha256=sha256):
        job.doc, job.sha256 = doc, sha256
        return job
    return queries.job(job.register_id, job.id)


def change_state(job: PrintJob, after: str, detail: str, now: datetime) -> bool:
    """Moves the job by ``rules.TRANSITIONS``, compare-and-set; whether anything changed.

    The same state again changes nothing: a page may report twice. Raises ``WrongJobState``.
    """
    before = job.state
    if before == after:
        return False
    if not may_change(before, after):
        raise WrongJobState(before=before, after=after)
    changes: dict[str, Any] = {"state": after, "detail": detail[:200], "changed_at": now}
    # Whoever says that it is not on paper looked for it there: what follows is marked 補印.
    was_sent = after != JobState.CANCELLED or detail == NOT_PRINTED
    if was_sent and job.sent_at is None:
        changes["sent_at"] = now
    if before == JobState.EXPIRED and after == JobState.CANCELLED:
        changes["sent_at"] = None  # It never began, and now never will (rules.JobState).
    if not PrintJob.objects.filter(id=job.id, state=before).update(**changes):
        return change_state(queries.job(job.register_id, job.id), after, detail, now)
    job.state = after
    return True


def cancel_waiting(subject_ids: list[UUID], now: datetime, detail: str) -> int:
    """Takes back slips that have not begun; how many."""
    return int(
        PrintJob.objects.filter(subject_id__in=subject_ids, state__in=UNBEGUN).update(
            state=JobState.CANCELLED.value, detail=detail[:200], changed_at=now, sent_at=None
        )
    )
