"""Books from the stock to registers and the web channel, and back."""

from collections.abc import Mapping, Sequence
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
from guitai.numbering.services._locks import lock_range, lock_seller
from guitai.numbering.services._parts import OWNER_FIELDS, OwnerRef, facts, own, part_of
from guitai.tenancy.models import Register
from twinvoice.period import Period


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
        row = lock_range(range_id)
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
        row = lock_range(range_id)
        spare = rules.returnable(row.begin_no, row.end_no, row.next_no, books)
        if row.owner_kind == Owner.STOCK or row.state != RangeState.ACTIVE or spare is None:
            raise NothingToReturn
        before = facts(row)
        if spare.begin == row.begin_no:
            own(row, None)
            row.save(update_fields=OWNER_FIELDS)
            returned = row
        else:
            row.end_no = spare.begin - 1
            row.save(update_fields=["end_no"])
            returned = part_of(row, spare.begin, spare.end, None)
        audit.record(actor, "numbering.take_back", row, before=before, after=facts(returned))
        return returned


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
    before, last = facts(row), row.end_no
    if part.begin == row.begin_no:
        own(row, owner)
        row.end_no = part.end
        row.save(update_fields=[*OWNER_FIELDS, "end_no"])
        given = row
    else:
        row.end_no = part.begin - 1
        row.save(update_fields=["end_no"])
        given = part_of(row, part.begin, part.end, owner)
    if part.end < last:
        part_of(row, part.end + 1, last, None)
    audit.record(actor, "numbering.assign", given, before=before, after=facts(given))
    return given
