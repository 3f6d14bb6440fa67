"""What a person decides about a document that the engine will not decide alone."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from guitai.invoicing.errors import BadReason, BadTransition, TransmissionNotFound
from guitai.invoicing.models import Transmission
from guitai.invoicing.rules import STATE_NAMES, TransmissionState
from guitai.invoicing.services import sqlcalls
from guitai.invoicing.services.sqlcalls import Decision
from guitai.kernel import audit

S = TransmissionState


def send_again(transmission_id: UUID, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """Queues a parked or refused document once more, with the same content.

    Raises ``TransmissionNotFound``, ``BadTransition`` and ``BadReason``.
    """
    _decide(transmission_id, {S.PARKED, S.REJECTED}, S.WAITING, "重送", actor, reason, now)


def confirm_present(
    transmission_id: UUID, *, actor: audit.Actor, reason: str, now: datetime
) -> None:
    """Marks a parked document as sent: a person saw it at the centre with the same content."""
    _decide(transmission_id, {S.PARKED}, S.SENT, "標記為已上傳", actor, reason, now)


def give_up(transmission_id: UUID, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """Closes a parked document as refused: it is handled outside of the system."""
    _decide(transmission_id, {S.PARKED}, S.REJECTED, "結案", actor, reason, now)


def park(transmission_id: UUID, *, actor: audit.Actor, reason: str, now: datetime) -> None:
    """Holds a waiting document back until a person releases it with ``send_again``."""
    _decide(transmission_id, {S.WAITING}, S.PARKED, "暫停上傳", actor, reason, now)


@transaction.atomic
def _decide(
    transmission_id: UUID,
    allowed: set[TransmissionState],
    after: TransmissionState,
    verb: str,
    actor: audit.Actor,
    reason: str,
    now: datetime,
) -> None:
    if not reason.strip():
        raise BadReason(field="reason")
    row = Transmission.objects.select_for_update().filter(id=transmission_id).first()
    if row is None:
        raise TransmissionNotFound()
    state = TransmissionState(row.state)
    decision = Decision(row.merchant_id, row.id, state, after, note=reason.strip())
    if state not in allowed or not sqlcalls.decide(now, actor.name, [decision]):
        raise BadTransition(state=STATE_NAMES[state], verb=verb)
    audit.record(
        actor,
        f"transmission.{after}",
        row,
        before={"state": state},
        after={"state": after, "number": row.number},
        reason=reason.strip(),
    )
