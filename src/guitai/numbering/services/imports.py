"""Numbers that come in: the platform's file, and ranges that a centre hands out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, clock
from guitai.kernel.audit import Actor
from guitai.kernel.constraints import refused_as
from guitai.numbering import queries
from guitai.numbering.errors import (
    CSV_SENTENCES,
    AllocationFileRefused,
    BadRange,
    NotOurBan,
    PeriodOver,
    RangeOverlap,
    UnknownOwner,
)
from guitai.numbering.models import Allocation, Range
from guitai.numbering.rules import Owner, RangeState, Source
from guitai.numbering.services._locks import lock_seller
from guitai.tenancy.models import BusinessEntity, Register
from twinvoice import track
from twinvoice.faults import Fault
from twinvoice.period import Period


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many rows of the file were new and how many were already known; numbers of the new.

    ``paused`` where some of the new ones are to be compared first (``_add``).
    """

    added: int
    known: int
    numbers: int
    paused: bool


def import_allocation(data: bytes, file_name: str, actor: Actor) -> ImportResult:
    """Imports the platform's allocation CSV, all rows or none (mof.md §4, S2.24).

    Bytes exactly as downloaded (Big5). Rows that are already there are counted as known, so the
    same file can be imported again. Raises ``AllocationFileRefused`` with every row's fault.
    """
    rows, faults = _read(data)
    with transaction.atomic():
        # Locked in one order, so that two imports wait for each other instead of colliding.
        sellers = BusinessEntity.objects.select_for_update(no_key=True).order_by("ban")
        entities = {entity.ban: entity for entity in sellers}
        known = {_key(row) for row in Allocation.objects.filter(ban__in=list(entities))}
        faults += [fault for row in rows if (fault := _refusal(row, entities, known))]
        if faults:
            raise _refused(faults)
        new = [row for row in rows if _key_of(row) not in known]
        added = [
            _add(entities[row.ban].id, row, source=Source.CSV, file_name=file_name, actor=actor)
            for row in new
        ]
    numbers = sum(row.range.count for row in new)
    paused = any(row.state == RangeState.PAUSED for row in added)
    return ImportResult(len(new), len(rows) - len(new), numbers, paused)


def add_range_from_centre(
    register_id: UUID,
    period: str,
    track_letters: str,
    begin: int,
    end: int,
    *,
    centre: str,
    actor: Actor = audit.SYSTEM,
    invoice_type: str = "07",
) -> tuple[Range, bool]:
    """A range that a centre handed to one register: ``(range, whether it is new)``.

    ``period`` five digits, ``begin`` and ``end`` inclusive integers. The same range again for the
    same register is answered with what is there. Raises ``RangeOverlap``, ``BadRange``,
    ``PeriodOver``, ``UnknownOwner``.
    """
    register = _register(register_id)
    span = _span(period, track_letters, begin, end)
    entity = register.store.entity
    known = Range.objects.filter(
        ban=entity.ban, period=period, track=span.track, begin_no=begin, register_id=register_id
    )
    with transaction.atomic():
        lock_seller(entity.id)
        found = known.filter(allocation__end_no=end, allocation__centre=centre).first()
        if found is not None:
            return found, False
        if span.period.last_day < clock.today():
            raise PeriodOver(label=span.period.label)
        row = track.Allocation(entity.ban, "08" if invoice_type == "08" else "07", span)
        added = _add(entity.id, row, source=Source.CENTRE, centre=centre, actor=actor)
        _give(added, register_id)
    return added, True


def _give(row: Range, register_id: UUID) -> None:
    row.owner_kind, row.owner_id, row.register_id = Owner.REGISTER.value, register_id, register_id
    row.save(update_fields=["owner_kind", "owner_id", "register_id"])


def _register(register_id: UUID) -> Register:
    found = (
        Register.objects.select_related("store__entity")
        .filter(id=register_id, retired_at=None)
        .first()
    )
    if found is None:
        raise UnknownOwner
    return found


def _span(period: str, letters: str, begin: int, end: int) -> track.NumberRange:
    try:
        return track.NumberRange(Period.parse(period), letters, begin, end)
    except Fault as fault:
        raise BadRange(track=letters, begin=begin, end=end, detail=str(fault)) from fault


def _add(
    entity_id: UUID,
    row: track.Allocation,
    *,
    source: Source,
    actor: Actor,
    centre: str = "",
    file_name: str = "",
    now: datetime | None = None,
) -> Range:
    """One allocation and the stock range that covers all of it.

    Paused where the books were restored in this period: it may have been issued from already.
    """
    same = {
        "entity_id": entity_id,
        "ban": row.ban,
        "invoice_type": row.invoice_type,
        "period": row.period.code,
        "track": row.track,
        "begin_no": row.range.begin,
        "end_no": row.range.end,
        "centre": centre,
    }
    taken = RangeOverlap(track=row.track, begin=row.range.begin_digits, end=row.range.end_digits)
    moment = now or clock.now()
    by_name = {"allocation_never_overlaps": taken, "range_never_overlaps": taken}
    state = RangeState.PAUSED if queries.is_restored(row.period.code) else RangeState.ACTIVE
    with refused_as(by_name):
        allocation = Allocation.objects.create(
            **same,
            source=source.value,
            file_name=file_name[:200],
            imported_by=actor.name[:100],
            imported_at=moment,
        )
        added = Range.objects.create(
            **same,
            allocation_id=allocation.id,
            next_no=row.range.begin,
            state=state.value,
            created_at=moment,
        )
    audit.record(actor, "numbering.import", allocation, after=_facts(allocation))
    return added


def _facts(row: Allocation) -> dict[str, Any]:
    return {
        "ban": row.ban,
        "period": row.period,
        "track": row.track,
        "begin": row.begin_no,
        "end": row.end_no,
        "source": row.source,
    }


_Key = tuple[str, str, str, str, int, int]


def _key(row: Allocation) -> _Key:
    return row.ban, row.invoice_type, row.period, row.track, row.begin_no, row.end_no


def _key_of(row: track.Allocation) -> _Key:
    span = row.range
    return row.ban, row.invoice_type, row.period.code, row.track, span.begin, span.end


RowFault = dict[str, Any]


def _read(data: bytes) -> tuple[list[track.Allocation], list[RowFault]]:
    faults = track.allocation_csv_faults(data)
    if faults:
        return [], [_row_fault(fault) for fault in faults]
    return track.read_allocation_csv(data), []


def _row_fault(fault: Fault) -> RowFault:
    params = {key: str(value)[:40] for key, value in fault.params.items()}
    sentence = CSV_SENTENCES[fault.code]
    shown = {"column": "", "value": "", "other_row": "", **params}
    return {
        "row": int(str(fault.params.get("row", 1))),
        "code": fault.code,
        "message": sentence.format_map(shown),
    }


def _refusal(
    row: track.Allocation, entities: dict[str, BusinessEntity], known: set[_Key]
) -> RowFault | None:
    """What this merchant has against a well-formed row: not its BAN, a past period, an overlap."""
    span = row.range
    if row.ban not in entities:
        return {"row": row.row, "code": NotOurBan.code, "message": NotOurBan(ban=row.ban).message}
    if _key_of(row) in known:
        return None
    if row.period.last_day < clock.today():
        over = PeriodOver(label=row.period.label)
        return {"row": row.row, "code": over.code, "message": over.message}
    overlap = any(
        (ban, period, letters) == (row.ban, row.period.code, row.track)
        and begin <= span.end
        and span.begin <= end
        for ban, _, period, letters, begin, end in known
    )
    if overlap:
        error = RangeOverlap(track=row.track, begin=span.begin_digits, end=span.end_digits)
        return {"row": row.row, "code": error.code, "message": error.message}
    return None


def _refused(faults: list[RowFault]) -> AllocationFileRefused:
    faults = sorted(faults, key=lambda fault: fault["row"])
    first = f"第 {faults[0]['row']} 列 {faults[0]['message']}"
    return AllocationFileRefused(count=len(faults), first=first, rows=faults[:200], field="file")
