"""Writing the audit trail: one call in the transaction that made the change."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from guitai.kernel.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``kind``: person · register · system · operator."""

    kind: str
    name: str
    id: UUID | None = None


SYSTEM = Actor(kind="system", name="系統")


def record(
    actor: Actor,
    verb: str,
    subject: Any,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Appends one entry. ``subject`` is a model instance; secrets never go into before/after."""
    return AuditEntry.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        verb=verb,
        subject_kind=subject._meta.label_lower,
        subject_id=subject.id,
        before=before,
        after=after,
        reason=reason,
    )
