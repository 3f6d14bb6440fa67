"""Reads of invoice numbers. Every one starts from the open tenant scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from guitai.kernel import clock
from guitai.numbering.models import Allocation, Range, RestoredBooks
from guitai.numbering.rules import Forecast, Owner, RangeState, Span, forecast, merged
from twinvoice.period import Period

_LEFT = F("end_no") - F("next_no") + 1
_USED = F("next_no") - F("begin_no")

NOT_CONNECTED = "none"
"""The setting of a register without a centre: only 自行開立 (B.5.3)."""


def allocations(period: str | None = None) -> QuerySet[Allocation]:
    """What was allotted, newest period first."""
    found = Allocation.objects.order_by("-period", "ban", "track", "begin_no")
    return found.filter(period=period) if period else found


def ranges(period: str | None = None) -> QuerySet[Range]:
    """All ranges with their registers, ascending inside each period."""
    found = Range.objects.select_related("register__store").order_by(
        "-period", "ban", "track", "begin_no"
    )
    return found.filter(period=period) if period else found


def periods() -> list[str]:
    """Periods of which there are numbers, newest first."""
    found = Range.objects.values_list("period", flat=True).distinct()
    return sorted(found, reverse=True)


def current_period() -> Period:
    return Period.of(clock.today())


@dataclass(frozen=True, slots=True)
class OwnerStock:
    """What one owner has of one seller's numbers in a period; counts of numbers."""

    entity_id: UUID
    owner_kind: str
    owner_id: UUID | None
    total: int
    used: int
    remaining: int


def stock(period: str) -> list[OwnerStock]:
    """Who holds how many numbers of ``period``: registers, web channels and the unassigned stock.

    ``remaining`` counts active ranges only, so that paused and closed numbers do not look usable.
    """
    rows = (
        Range.objects.filter(period=period)
        .values("entity_id", "owner_kind", "owner_id")
        .annotate(
            total=Sum(F("end_no") - F("begin_no") + 1),
            used=Sum(_USED),
            remaining=Sum(_LEFT, filter=Q(state=RangeState.ACTIVE.value), default=0),
        )
        .order_by("entity_id", "owner_kind", "owner_id")
    )
    return [OwnerStock(**row) for row in rows]


def remaining(owner_id: UUID, period: str) -> int:
    """Numbers that the owner can still issue in ``period``."""
    found = Range.objects.filter(
        owner_id=owner_id, period=period, state=RangeState.ACTIVE.value
    ).aggregate(left=Sum(_LEFT))
    return int(found["left"] or 0)


def paused(owner_id: UUID, period: str) -> int:
    """Numbers of ``period`` that the owner holds and may not issue until they are resumed."""
    found = Range.objects.filter(
        owner_id=owner_id, period=period, state=RangeState.PAUSED.value
    ).aggregate(left=Sum(_LEFT))
    return int(found["left"] or 0)


def is_restored(period: str) -> bool:
    """Whether the books were restored during ``period``: the backup may not know all its numbers.

    Numbers of an earlier period cannot be issued any more, those of a later one not yet.
    """
    days = RestoredBooks.objects.values_list("restored_at", flat=True)
    return any(Period.of(clock.in_taipei(day).date()).code == period for day in days)


def centre_of(register_id: UUID, centre: str, period: str) -> str:
    """Where the register's next invoice goes: its range's own centre, else ``centre``, its setting.

    ``none`` stays ``none``: a register that is not connected takes no number at all (B.5.3). The
    order is that of ``numbering_take_from`` (sql/take_number.sql).
    """
    if centre == NOT_CONNECTED:
        return centre
    usable = Range.objects.filter(
        owner_id=register_id,
        period=period,
        invoice_type="07",
        state=RangeState.ACTIVE.value,
        next_no__lte=F("end_no"),
    ).annotate(fresh=Q(next_no=F("begin_no")))
    own = usable.order_by("fresh", "track", "begin_no").values_list("centre", flat=True).first()
    return own or centre


def used_by_owner(period_codes: Iterable[str]) -> dict[UUID, int]:
    """How many numbers each owner issued in those periods together."""
    rows = (
        Range.objects.filter(period__in=list(period_codes), owner_id__isnull=False)
        .values("owner_id")
        .annotate(used=Sum(_USED))
    )
    return {row["owner_id"]: int(row["used"] or 0) for row in rows}


def last_two(period: Period) -> list[str]:
    """The two periods before ``period``, as the average use looks back (VTEAM, S0.24)."""
    before = period.previous()
    return [before.code, before.previous().code]


def forecast_of(owner_id: UUID, today: date | None = None) -> Forecast:
    """Will the owner's numbers last to the end of the period? From this and the last period's use.

    Days without a history count from the start of the period before (providers.md §3.5).
    """
    day = today or clock.today()
    period = Period.of(day)
    before = period.previous()
    used = used_by_owner([period.code, before.code]).get(owner_id, 0)
    had_before = Range.objects.filter(owner_id=owner_id, period=before.code).exists()
    since = before.first_day if had_before else period.first_day
    days_to_go = (period.last_day - day).days + 1
    return forecast(remaining(owner_id, period.code), used, (day - since).days + 1, days_to_go)


@dataclass(frozen=True, slots=True)
class BlankSpan:
    """Numbers of a period that were never issued; ``begin`` and ``end`` are inside."""

    entity_id: UUID
    ban: str
    invoice_type: str
    span: Span


def unissued(period: str) -> list[BlankSpan]:
    """Every number of ``period`` that is not issued, as few spans as possible.

    Voided numbers are used and do not appear (mof.md §4), nor do unbooked ones. Numbers of a range
    are issued without a gap from its begin, so what is not issued is each range's tail, and the
    whole stock.
    """
    found: dict[tuple[UUID, str, str], list[Span]] = {}
    left = Range.objects.filter(period=period, next_no__lte=F("end_no"))
    rows = left.exclude(state=RangeState.UNBOOKED.value).values_list(
        "entity_id", "ban", "invoice_type", "track", "next_no", "end_no"
    )
    for entity_id, ban, invoice_type, track, begin, end in rows:
        found.setdefault((entity_id, ban, invoice_type), []).append(Span(track, begin, end))
    return [
        BlankSpan(*seller, span)
        for seller, spans in sorted(found.items(), key=lambda item: item[0][1:])
        for span in merged(spans)
    ]


def is_own(number: str, period: str) -> bool:
    """Whether ``AB12345678`` lies inside numbers that were allotted to this merchant."""
    digits = int(number[2:])
    return Allocation.objects.filter(
        period=period, track=number[:2], begin_no__lte=digits, end_no__gte=digits
    ).exists()


def floors(owner_ids: Iterable[UUID], period: str) -> dict[tuple[UUID, str], int]:
    """(owner, track) → one past the highest number it holds: what it may be given from there on."""
    rows = (
        Range.objects.filter(owner_id__in=list(owner_ids), period=period)
        .order_by("owner_id", "track", "end_no")
        .values_list("owner_id", "track", "end_no")
    )
    return {(owner, track): end + 1 for owner, track, end in rows}


def stock_ranges(entity_id: UUID, period: str) -> QuerySet[Range]:
    """Unassigned, active ranges of a seller, ascending."""
    return Range.objects.filter(
        entity_id=entity_id,
        period=period,
        owner_kind=Owner.STOCK.value,
        state=RangeState.ACTIVE.value,
    ).order_by("track", "begin_no")
