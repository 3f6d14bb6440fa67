"""Deferring a job by its name, in the transaction of what caused it.

Callers name the job and never import it, so news can travel upward without an import
(DESIGN §2.3). Behind it stands procrastinate on the same database.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def defer(
    job: str,
    *,
    at: datetime | None = None,
    lock: str | None = None,
    once: str | None = None,
    **args: Any,
) -> int | None:
    """Queues ``job`` with JSON-plain ``args``. ``once`` keeps a single waiting job of that key.

    Returns the job's id, or ``None`` where ``once`` found one already waiting.
    """
    configured = app.configure_task(job, schedule_at=at, lock=lock, queueing_lock=once)
    try:
        # A savepoint, so that "already waiting" does not spoil the caller's transaction.
        with transaction.atomic():
            return configured.defer(**args)
    except AlreadyEnqueued:
        return None
