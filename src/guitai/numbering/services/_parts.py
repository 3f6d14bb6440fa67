"""Who a range belongs to, and ranges cut in two."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from guitai.numbering.models import Range
from guitai.numbering.rules import Owner, RangeState

OWNER_FIELDS = ["owner_kind", "owner_id", "register_id"]


@dataclass(frozen=True, slots=True)
class OwnerRef:
    """Who gets numbers: a register by its id, or the web channel by its seller's id."""

    kind: Owner
    id: UUID

    @classmethod
    def register(cls, register_id: UUID) -> "OwnerRef":
        return cls(Owner.REGISTER, register_id)

    @classmethod
    def web(cls, entity_id: UUID) -> "OwnerRef":
        return cls(Owner.WEB, entity_id)


def own(row: Range, owner: OwnerRef | None) -> None:
    row.owner_kind = (owner.kind if owner else Owner.STOCK).value
    row.owner_id = owner.id if owner else None
    row.register_id = owner.id if owner and owner.kind is Owner.REGISTER else None


def owner_of(row: Range) -> OwnerRef | None:
    return OwnerRef(Owner(row.owner_kind), row.owner_id) if row.owner_id else None


def part_of(
    row: Range, begin: int, end: int, owner: OwnerRef | None, state: RangeState | None = None
) -> Range:
    """A new row with the same seller and provenance for numbers that ``row`` has given up."""
    part = Range(
        merchant_id=row.merchant_id,
        allocation_id=row.allocation_id,
        entity_id=row.entity_id,
        ban=row.ban,
        invoice_type=row.invoice_type,
        period=row.period,
        track=row.track,
        begin_no=begin,
        end_no=end,
        next_no=begin,
        centre=row.centre,
        state=(state or row.state),
    )
    own(part, owner)
    part.save(force_insert=True)
    return part


def facts(row: Range) -> dict[str, Any]:
    return {
        "track": row.track,
        "begin": row.begin_no,
        "end": row.end_no,
        "owner_kind": row.owner_kind,
        "owner_id": str(row.owner_id) if row.owner_id else None,
    }
