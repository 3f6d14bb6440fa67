"""Trying at once what the engine would try later (product.md F.3 (1): retry from the desk)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from guitai.invoicing.errors import BadTransition, StillUnderway, TransmissionNotFound
from guitai.invoicing.models import Transmission, TransmissionEvent
from guitai.invoicing.rules import STATE_NAMES, TransmissionState
from guitai.kernel import audit

REST = timedelta(minutes=1)
"""No call takes longer (``Centre.call_limit``): before that an answer may still be on its way."""
_MAY = frozenset({TransmissionState.WAITING, TransmissionState.IN_DOUBT})


@transaction.atomic
def try_now(transmission_id: UUID, *, actor: audit.Actor, now: datetime) -> None:
    """A waiting document is sent, one in doubt is asked about, with the worker's next tick.

    Also ahead of a centre's batch (S2.19). What comes before it in its lane still goes first.
    Raises ``TransmissionNotFound``, ``BadTransition`` and ``StillUnderway``.
    """
    row = Transmission.objects.select_for_update().filter(id=transmission_id).first()
    if row is None:
        raise TransmissionNotFound()
    state = TransmissionState(row.state)
    if state not in _MAY:
        raise BadTransition(state=STATE_NAMES[state], verb="立即重試")
    if state is TransmissionState.IN_DOUBT and _underway(row, now):
        raise StillUnderway()
    if row.next_try_at <= now:
        return
    Transmission.objects.filter(merchant_id=row.merchant_id, id=row.id, state=row.state).update(
        next_try_at=now
    )
    audit.record(
        actor,
        "transmission.try_now",
        row,
        before={"next_try_at": row.next_try_at.isoformat()},
        after={"next_try_at": now.isoformat(), "number": row.number},
    )


def _underway(row: Transmission, now: datetime) -> bool:
    """Whether it is being asked about, or was sent so recently that an answer may yet come."""
    if row.claimed_by is not None:
        return True
    return TransmissionEvent.objects.filter(transmission_id=row.id, at__gt=now - REST).exists()
