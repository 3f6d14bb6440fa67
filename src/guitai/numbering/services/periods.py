"""Ranges paused and resumed by a person, and closed when their period is over."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from guitai.kernel import audit, clock
from guitai.kernel.audit import Actor
from guitai.numbering.errors import PeriodNotOver, RangeNotFound, WrongRangeState
from guitai.numbering.models import Range
from guitai.numbering.rules import RangeState, may_change
from twinvoice.period import Period


def pause(range_id: UUID, actor: Actor, reason: str = "") -> Range:
    """Nobody issues from this range until it is resumed."""
    return _change(range_id, RangeState.PAUSED, actor, reason)


def resume(range_id: UUID, actor: Actor, reason: str = "") -> Range:
    return _change(range_id, RangeState.ACTIVE, actor, reason)


def pause_all(actor: Actor, reason: str) -> int:
    """Pauses every active range of the open merchant that is not used up; how many were."""
    with transaction.atomic():
        active = Range.objects.select_for_update().filter(
            state=RangeState.ACTIVE.value, next_no__lte=F("end_no")
        )
        rows = list(active.order_by("id"))
        for row in rows:
            _move(row, RangeState.PAUSED, actor, reason)
    return len(rows)


def close_period(period: str, actor: Actor = audit.SYSTEM) -> int:
    """Closes every range of a finished period; how many were closed.

    From then on nothing of it can be issued or moved and ``queries.unissued`` is final. Closing
    again closes nothing more. Raises ``PeriodNotOver``.
    """
    parsed = Period.parse(period)
    if clock.today() <= parsed.last_day:
        raise PeriodNotOver(label=parsed.label, last_day=parsed.last_day.isoformat())
    open_states = [RangeState.ACTIVE.value, RangeState.PAUSED.value]
    with transaction.atomic():
        rows = list(
            Range.objects.select_for_update()
            .filter(period=period, state__in=open_states)
            .order_by("id")
        )
        for row in rows:
            _move(row, RangeState.CLOSED, actor, "")
    return len(rows)


def _change(range_id: UUID, after: RangeState, actor: Actor, reason: str) -> Range:
    with transaction.atomic():
        row = Range.objects.select_for_update().filter(id=range_id).first()
        if row is None:
            raise RangeNotFound
        return _move(row, after, actor, reason)


def _move(row: Range, after: RangeState, actor: Actor, reason: str) -> Range:
    before = row.state
    if not may_change(before, after):
        raise WrongRangeState(before=before, after=after.value)
    row.state = after.value
    row.save(update_fields=["state"])
    audit.record(
        actor,
        "numbering.state",
        row,
        before={"state": before},
        after={"state": after.value},
        reason=reason,
    )
    return row
