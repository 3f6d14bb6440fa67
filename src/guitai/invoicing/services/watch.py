"""Watching the clock over documents that are not at their centre, and keeping the journal short."""

from datetime import datetime, timedelta

from django.db import connection

from guitai.invoicing import queries
from guitai.invoicing.services import alarms

KEEP_EXCHANGES = timedelta(days=90)
PRUNE_AT_ONCE = 5_000


def watch(*, now: datetime) -> int:
    """Raises, renews or closes the open merchant's alarms of lateness; returns how many are late.

    36 hours warn, 48 hours are the edge (providers.md §3.5); both say how many and the oldest.
    """
    late, overdue = queries.late(now), queries.overdue(now)
    counts = {"late_48h": late.count(), "late_36h": overdue.count()}
    for kind, hours in (("late_48h", 48), ("late_36h", 36)):
        if not counts[kind]:
            alarms.close(kind, "all", now=now)
            continue
        alarms.raise_alarm(
            "",
            kind=kind,
            key="all",
            sentence=f"有單據超過 {hours} 小時還沒有上傳完成，請到「上傳」查看原因並處理。",
            now=now,
        )
    return counts["late_36h"]


def prune_exchanges(*, now: datetime) -> int:
    """Deletes exchange copies older than 90 days, a few thousand rows a statement."""
    deleted = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM public.invoicing_exchangerecord e USING ("
                "  SELECT merchant_id, id FROM public.invoicing_exchangerecord"
                "  WHERE at < %s LIMIT %s) old "
                "WHERE e.merchant_id = old.merchant_id AND e.id = old.id",
                [now - KEEP_EXCHANGES, PRUNE_AT_ONCE],
            )
            deleted += cursor.rowcount
            if cursor.rowcount < PRUNE_AT_ONCE:
                return deleted
