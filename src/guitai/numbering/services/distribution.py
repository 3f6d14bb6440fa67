"""Books from the stock to registers and the web channel, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, clock
from guitai.kernel.audit import Actor
from guitai.numbering import queries, rules
from guitai.numbering.errors import (
    BadRange,
    NotEnoughBooks,
    NothingToReturn,
    OrderOfNumbers,
    PeriodOver,
    RangeNotFound,
    UnknownOwner,
)
from guitai.numbering.models import Range
from guitai.numbering.rules import Owner, RangeState, Span
from guitai.numbering.services._locks import lock_seller
from guitai.tenancy.models import Register
from twinvoice.period import Period


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


def distribute_evenly(
    entity_id: UUID,
    period: str,
    owners: Sequence[OwnerRef],
    actor: Actor,
    *,
    books: int | None = None,
) -> list[Range]:
    """Shares ``books`` (default: the whole stock) as evenly as whole books of fifty allow."""
    with transaction.atomic():
        stock = _locked_stock(entity_id, period)
        counts = rules.even_books(_wanted(stock, books), len(owners))
        return _hand_out(entity_id, period, stock, owners, counts, actor)


def distribute_by_use(
    entity_id: UUID,
    period: str,
    owners: Sequence[OwnerRef],
    actor: Actor,
    *,
    books: int | None = None,
) -> list[Range]:
    """Shares in proportion to what each owner issued in the two periods before."""
    with transaction.atomic():
        stock = _locked_stock(entity_id, period)
        used = queries.used_by_owner(queries.last_two(Period.parse(period)))
        weights = [used.get(owner.id, 0) for owner in owners]
        counts = rules.books_by_use(_wanted(stock, books), weights)
        return _hand_out(entity_id, period, stock, owners, counts, actor)


def distribute_by_hand(
    entity_id: UUID, period: str, books: Mapping[OwnerRef, int], actor: Actor
) -> list[Range]:
    """As many books as a person says; refuses where the stock has fewer."""
    with transaction.atomic():
        stock = _locked_stock(entity_id, period)
        _wanted(stock, sum(books.values()))
        return _hand_out(entity_id, period, stock, list(books), list(books.values()), actor)


def assign(range_id: UUID, begin: int, end: int, owner: OwnerRef, actor: Actor) -> Range:
    """Exactly the numbers ``begin`` … ``end`` of one stock range, for one owner.

    Need not keep to book borders inside a shop (mof.md §4). Raises ``RangeNotFound`` for what is
    not stock, ``BadRange``, ``OrderOfNumbers``, ``UnknownOwner``, ``PeriodOver``.
    """
    with transaction.atomic():
        row = _lock_behind_seller(range_id)
        if row.owner_kind != Owner.STOCK or row.state != RangeState.ACTIVE:
            raise RangeNotFound
        if not row.begin_no <= begin <= end <= row.end_no:
            raise BadRange(track=row.track, begin=begin, end=end, detail="超出這段庫存號碼")
        _check_period(row.period)
        _check_owners(row.entity_id, [owner])
        floor = queries.floors([owner.id], row.period).get((owner.id, row.track), 0)
        if begin < floor:
            raise OrderOfNumbers
        return _carve(row, Span(row.track, begin, end), owner, actor)


def take_back(range_id: UUID, actor: Actor, *, books: int | None = None) -> Range:
    """Unused whole books, from the end, back to the stock; all of them unless ``books`` says.

    Returns the new stock range. Waits for a number that is just being taken. Raises
    ``NothingToReturn`` where no whole unused book is there.
    """
    with transaction.atomic():
        row = _lock_behind_seller(range_id)
        spare = rules.returnable(row.begin_no, row.end_no, row.next_no, books)
        if row.owner_kind == Owner.STOCK or row.state != RangeState.ACTIVE or spare is None:
            raise NothingToReturn
        before = _facts(row)
        if spare.begin == row.begin_no:
            _own(row, None)
            row.save(update_fields=_OWNER_FIELDS)
            returned = row
        else:
            row.end_no = spare.begin - 1
            row.save(update_fields=["end_no"])
            returned = _part_of(row, spare.begin, spare.end, None)
        audit.record(actor, "numbering.take_back", row, before=before, after=_facts(returned))
        return returned


_OWNER_FIELDS = ["owner_kind", "owner_id", "register_id"]


def _own(row: Range, owner: OwnerRef | None) -> None:
    row.owner_kind = (owner.kind if owner else Owner.STOCK).value
    row.owner_id = owner.id if owner else None
    row.register_id = owner.id if owner and owner.kind is Owner.REGISTER else None


def _lock_behind_seller(range_id: UUID) -> Range:
    """The range under its row lock, after the seller's: the order that every verb here keeps."""
    entity_id = Range.objects.filter(id=range_id).values_list("entity_id", flat=True).first()
    if entity_id is None or not lock_seller(entity_id):
        raise RangeNotFound
    row = Range.objects.select_for_update().filter(id=range_id).first()
    if row is None:
        raise RangeNotFound
    return row


def _locked_stock(entity_id: UUID, period: str) -> list[Range]:
    _check_period(period)
    if not lock_seller(entity_id):
        raise UnknownOwner
    return list(queries.stock_ranges(entity_id, period).select_for_update())


def _spans(stock: Sequence[Range]) -> list[Span]:
    return [Span(row.track, row.begin_no, row.end_no) for row in stock]


def _wanted(stock: Sequence[Range], books: int | None) -> int:
    available = rules.books_in(_spans(stock))
    if books is not None and not 0 <= books <= available:
        raise NotEnoughBooks(available=available, wanted=books)
    return available if books is None else books


def _check_period(period: str) -> None:
    parsed = Period.parse(period)
    if parsed.last_day < clock.today():
        raise PeriodOver(label=parsed.label)


def _check_owners(entity_id: UUID, owners: Sequence[OwnerRef]) -> None:
    """Registers must be in use and sell for this seller; the web channel is the seller's own."""
    registers = [owner.id for owner in owners if owner.kind is Owner.REGISTER]
    found = Register.objects.filter(
        id__in=registers, retired_at=None, store__entity_id=entity_id
    ).count()
    webs = {owner.id for owner in owners if owner.kind is Owner.WEB}
    if found != len(set(registers)) or webs - {entity_id} or len({*owners}) != len(owners):
        raise UnknownOwner


def _hand_out(
    entity_id: UUID,
    period: str,
    stock: list[Range],
    owners: Sequence[OwnerRef],
    books: Sequence[int],
    actor: Actor,
) -> list[Range]:
    _check_owners(entity_id, owners)
    highest = queries.floors([owner.id for owner in owners], period)
    floors = {
        (index, track): number
        for index, owner in enumerate(owners)
        for (owner_id, track), number in highest.items()
        if owner_id == owner.id
    }
    try:
        shares = rules.plan(_spans(stock), books, floors)
    except ValueError as error:
        raise OrderOfNumbers from error
    given: list[Range] = []
    for share in shares:
        given += _carve_all(stock, share.span, owners[share.index], actor)
    return given


def _carve_all(stock: list[Range], span: Span, owner: OwnerRef, actor: Actor) -> list[Range]:
    """Gives ``span`` to ``owner``, from all the stock rows that it touches."""
    given = []
    for row in list(stock):
        begin, end = max(row.begin_no, span.begin), min(row.end_no, span.end)
        if row.track != span.track or begin > end:
            continue
        stock.remove(row)
        last = row.end_no
        given.append(_carve(row, Span(row.track, begin, end), owner, actor))
        if row.id != given[-1].id:
            stock.append(row)
        rest = Range.objects.filter(allocation_id=row.allocation_id, begin_no=end + 1).first()
        if end < last and rest is not None:
            stock.append(rest)
    return given


def _carve(row: Range, part: Span, owner: OwnerRef, actor: Actor) -> Range:
    """Cuts ``part`` out of a stock row: at most one row before and one after it stay stock."""
    before, last = _facts(row), row.end_no
    if part.begin == row.begin_no:
        _own(row, owner)
        row.end_no = part.end
        row.save(update_fields=[*_OWNER_FIELDS, "end_no"])
        given = row
    else:
        row.end_no = part.begin - 1
        row.save(update_fields=["end_no"])
        given = _part_of(row, part.begin, part.end, owner)
    if part.end < last:
        _part_of(row, part.end + 1, last, None)
    audit.record(actor, "numbering.assign", given, before=before, after=_facts(given))
    return given


def _part_of(row: Range, begin: int, end: int, owner: OwnerRef | None) -> Range:
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
        state=row.state,
    )
    _own(part, owner)
    part.save(force_insert=True)
    return part


def _facts(row: Range) -> dict[str, Any]:
    return {
        "track": row.track,
        "begin": row.begin_no,
        "end": row.end_no,
        "owner_kind": row.owner_kind,
        "owner_id": str(row.owner_id) if row.owner_id else None,
    }
