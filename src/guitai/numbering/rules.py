"""Decisions about invoice numbers: owners, states, distribution, take-back, forecast. Pure.

Sources: mof.md §4 (books of 50, one stream ascending in time, blank numbers), §14.6; product.md
S2.15-S2.26; providers.md §3.2, §3.5. Numbers are integers 0 … 99,999,999; both ends of a span are
inside; a period is its five digits (``11512``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twinvoice.track import BOOK, books_by_weight

LAST = 99_999_999


class Owner(StrEnum):
    """Who may issue from a range: one register, the web channel of one seller, or nobody yet."""

    REGISTER = "register"
    WEB = "web"
    STOCK = "stock"


class RangeState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    REPORTED = "reported"
    # Issued, but a restored backup has lost their invoices: neither to be used nor blank.
    UNBOOKED = "unbooked"


TRANSITIONS: Mapping[RangeState, frozenset[RangeState]] = {
    RangeState.ACTIVE: frozenset({RangeState.PAUSED, RangeState.CLOSED}),
    RangeState.PAUSED: frozenset({RangeState.ACTIVE, RangeState.CLOSED}),
    # A closed period is never opened again; its blank numbers are reported (mof.md §4 E0402).
    RangeState.CLOSED: frozenset({RangeState.REPORTED}),
    RangeState.REPORTED: frozenset(),
    RangeState.UNBOOKED: frozenset(),
}


class Source(StrEnum):
    """Where an allotment came from: the platform's file, or handed out by a centre."""

    CSV = "csv"
    CENTRE = "centre"


def may_change(before: str, after: str) -> bool:
    return RangeState(after) in TRANSITIONS[RangeState(before)]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Consecutive numbers of one track: ``begin`` and ``end`` are both inside."""

    track: str
    begin: int
    end: int

    @property
    def count(self) -> int:
        return self.end - self.begin + 1


def whole_books(span: Span) -> Span | None:
    """The part of ``span`` that lies on book borders (…00/…50 to …49/…99), if there is one."""
    begin = -(-span.begin // BOOK) * BOOK
    end = (span.end + 1) // BOOK * BOOK - 1
    return Span(span.track, begin, end) if begin <= end else None


def returnable(begin: int, end: int, next_no: int, books: int | None = None) -> Span | None:
    """What a register can give back of its range: unused whole books, from the end.

    ``books`` limits how many; ``None`` means all of them. A begun book stays, so that the numbers
    of one stream keep their order (mof.md §4).
    """
    spare = whole_books(Span("", max(begin, next_no), end))
    if spare is None or spare.end != end or books == 0:
        return None
    if books is None:
        return spare
    return Span("", max(spare.begin, end + 1 - books * BOOK), end)


def unbooked(free: Span, part: Span, *, in_order: bool) -> str:
    """Which end of ``part`` is wrong, "first" or "last", as issued out of ``free``; "" where none.

    ``in_order`` where one stream issued them: then they begin at the next number (mof.md §4).
    """
    if not free.begin <= part.begin <= free.end or (in_order and part.begin != free.begin):
        return "first"
    return "" if part.begin <= part.end <= free.end else "last"


def merged(spans: Sequence[Span]) -> list[Span]:
    """Sorted, with neighbours that touch joined into one."""
    result: list[Span] = []
    for span in sorted(spans):
        last = result[-1] if result else None
        if last and last.track == span.track and last.end + 1 == span.begin:
            result[-1] = Span(last.track, last.begin, span.end)
        else:
            result.append(span)
    return result


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a plan: these numbers go to the owner at ``index`` of the list that was asked for."""

    index: int
    span: Span


Floors = Mapping[tuple[int, str], int]
"""(owner's index, track) → first number this owner may still be given: one past its highest.

Inside one stream the number order must follow time (LAW-用 §8, E0209), so nobody is given
numbers below those already issued from or waiting at the same owner.
"""


def plan(stock: Sequence[Span], books: Sequence[int], floors: Floors | None = None) -> list[Share]:
    """Cuts ``stock`` so that owner *i* gets ``books[i]`` whole books, front to back.

    Each owner's books stay as contiguous as the stock allows. Stock that an owner may not have
    because of its floor is left for the others. Raises ``ValueError`` where the books do not fit.
    """
    free = [found for span in merged(stock) if (found := whole_books(span))]
    shares: list[Share] = []
    for index, wanted in enumerate(books):
        taken, free = _take(
            free, wanted, {t: n for (i, t), n in (floors or {}).items() if i == index}
        )
        shares.extend(Share(index, span) for span in taken)
    return shares


def _take(free: list[Span], wanted: int, floor: Mapping[str, int]) -> tuple[list[Span], list[Span]]:
    """``wanted`` books off the front of ``free`` at or above ``floor``, and what is left."""
    taken: list[Span] = []
    left: list[Span] = []
    for span in free:
        first = max(span.begin, -(-floor.get(span.track, 0) // BOOK) * BOOK)
        usable = max(0, (span.end + 1 - first) // BOOK)
        count = min(wanted, usable)
        if not count:
            left.append(span)
            continue
        last = first + count * BOOK - 1
        taken.append(Span(span.track, first, last))
        wanted -= count
        left.extend(
            Span(span.track, begin, end)
            for begin, end in ((span.begin, first - 1), (last + 1, span.end))
            if begin <= end
        )
    if wanted:
        raise ValueError(f"{wanted} books are missing")
    return taken, left


def books_in(stock: Sequence[Span]) -> int:
    """Whole books of fifty in the stock."""
    return sum(
        found.count // BOOK for span in merged(stock) if (found := whole_books(span)) is not None
    )


def even_books(books: int, owners: int) -> list[int]:
    """As even as whole books allow; the first owners get the odd ones."""
    return books_by_weight(books, [1] * owners) if owners else []


def books_by_use(books: int, used: Sequence[int]) -> list[int]:
    """In proportion to how many were issued before; evenly where nothing was (S0.24, VTEAM).

    Everybody gets at least one book while there are enough: a register without a history must
    be able to open.
    """
    owners = len(used)
    if not owners:
        return []
    if books < owners or not sum(used):
        return even_books(books, owners)
    spare = books_by_weight(books - owners, used)
    return [1 + extra for extra in spare]


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long numbers last. ``days_left`` is ``None`` where nothing is used."""

    remaining: int
    per_day: float
    days_left: int | None
    short: bool


def forecast(remaining: int, issued: int, days: int, days_to_go: int) -> Forecast:
    """From ``issued`` numbers in ``days`` days: do ``remaining`` last ``days_to_go`` more days?

    ``short`` also where fewer than one book or two days' average remain (providers.md §3.5).
    """
    per_day = issued / days if days > 0 else 0.0
    days_left = int(remaining / per_day) if per_day else None
    low = remaining < max(BOOK, 2 * per_day)
    return Forecast(
        remaining, per_day, days_left, low or (days_left is not None and days_left < days_to_go)
    )
