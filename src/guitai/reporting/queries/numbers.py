"""Invoice numbers by period, seller and owner: stock, forecast, warnings, plans (S2.26, F.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import F

from guitai.invoicing import registry
from guitai.invoicing.ports import Ability
from guitai.kernel import clock
from guitai.numbering import queries as numbering
from guitai.numbering import rules
from guitai.numbering.models import Allocation, Range
from guitai.numbering.rules import Owner, RangeState, Span
from guitai.numbering.services import OwnerRef
from guitai.tenancy import queries as tenancy
from guitai.tenancy.models import BusinessEntity, Register
from twinvoice.period import Period
from twinvoice.track import BOOK

WEB_NAME = "網路通路"
STOCK_NAME = "庫存（未分配）"


@dataclass(frozen=True, slots=True)
class PeriodTab:
    """One period that can be looked at; ``word`` is empty for an ordinary earlier one."""

    code: str
    label: str
    word: str


def period_tabs() -> list[PeriodTab]:
    """This period and the next always, and every other one of which there are numbers."""
    now = numbering.current_period()
    words = {now.code: "本期", now.next().code: "下一期"}
    codes = {*words, *numbering.periods()}
    return [
        PeriodTab(code, Period.parse(code).label, words.get(code, ""))
        for code in sorted(codes, reverse=True)
    ]


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One owner's numbers of the period; ``forecast`` only in the period that runs."""

    kind: str
    id: UUID | None
    name: str
    register: Register | None
    total: int
    used: int
    remaining: int
    forecast: rules.Forecast | None
    trouble: "Trouble | None"
    can_take: bool

    @property
    def share(self) -> int:
        """Percent used, for the bar."""
        return round(100 * self.used / self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an owner cannot issue (``bad``) or soon will not (``warn``), and the way out.

    ``way`` is where the cure is done: ``import``, ``distribute``, ``take``, ``resume``, ``centre``.
    """

    tone: str
    why: str
    cure: str
    way: str


@dataclass(frozen=True, slots=True)
class SellerNumbers:
    """One business entity in one period."""

    entity: BusinessEntity
    owners: list[OwnerLine]
    ranges: list[Range]
    allocations: list[Allocation]
    total: int = 0
    used: int = 0
    books_free: int = 0


@dataclass(slots=True)
class _Facts:
    """What the lines of a period are made of, read once for all owners."""

    period: Period
    now: Period
    ranges: list[Range]
    used_lately: dict[UUID, int]
    had_before: frozenset[UUID]
    other_periods: dict[UUID, list[str]] = field(default_factory=dict)

    def of(self, owner_id: UUID) -> list[Range]:
        return [row for row in self.ranges if row.owner_id == owner_id]


def _facts(period: Period) -> _Facts:
    now = numbering.current_period()
    before = now.previous().code
    owned = Range.objects.filter(owner_id__isnull=False)
    others: dict[UUID, list[str]] = {}
    usable = owned.filter(state=RangeState.ACTIVE.value, next_no__lte=F("end_no"))
    for owner, code in usable.exclude(period=period.code).values_list("owner_id", "period"):
        others.setdefault(owner, []).append(code)
    return _Facts(
        period,
        now,
        list(numbering.ranges(period.code).select_related("register__store", "entity")),
        numbering.used_by_owner([now.code, before]),
        frozenset(owned.filter(period=before).values_list("owner_id", flat=True)),
        others,
    )


def period_view(period: Period) -> list[SellerNumbers]:
    """Every seller's numbers of ``period``: who holds what, how long it lasts, what is wrong."""
    facts = _facts(period)
    registers = list(tenancy.registers())
    given = list(numbering.allocations(period.code))
    return [_seller(entity, registers, given, facts) for entity in tenancy.entities()]


def _seller(
    entity: BusinessEntity,
    registers: Sequence[Register],
    given: Sequence[Allocation],
    facts: _Facts,
) -> SellerNumbers:
    ranges = [row for row in facts.ranges if row.entity_id == entity.id]
    owners = [_register_line(r, facts) for r in registers if r.store.entity_id == entity.id]
    retired = {r.register for r in ranges if r.register and r.register.retired_at}
    owners += [_register_line(r, facts) for r in sorted(retired, key=lambda r: r.code)]
    web = facts.of(entity.id)
    if web:
        owners.append(_line(Owner.WEB, entity.id, WEB_NAME, None, web, facts))
    stock = [row for row in ranges if row.owner_kind == Owner.STOCK]
    if stock:
        owners.append(_line(Owner.STOCK, None, STOCK_NAME, None, stock, facts))
    return SellerNumbers(
        entity,
        owners,
        ranges,
        [row for row in given if row.entity_id == entity.id],
        total=sum(line.total for line in owners),
        used=sum(line.used for line in owners),
        books_free=rules.books_in(_spans(stock)),
    )


def _spans(rows: Sequence[Range]) -> list[Span]:
    return [
        Span(row.track, row.begin_no, row.end_no)
        for row in rows
        if row.state == RangeState.ACTIVE.value
    ]


def _register_line(register: Register, facts: _Facts) -> OwnerLine:
    name = f"{register.store.name} {register.name}"
    return _line(Owner.REGISTER, register.id, name, register, facts.of(register.id), facts)


def _line(
    kind: Owner,
    owner_id: UUID | None,
    name: str,
    register: Register | None,
    rows: Sequence[Range],
    facts: _Facts,
) -> OwnerLine:
    remaining = sum(_left(row) for row in rows if row.state == RangeState.ACTIVE.value)
    forecast = None
    if owner_id is not None and facts.period == facts.now and kind is not Owner.STOCK:
        forecast = _forecast(owner_id, remaining, facts)
    return OwnerLine(
        kind.value,
        owner_id,
        name,
        register,
        total=sum(row.end_no - row.begin_no + 1 for row in rows),
        used=sum(row.next_no - row.begin_no for row in rows),
        remaining=remaining,
        forecast=forecast,
        trouble=_trouble(register, rows, remaining, forecast, facts) if register else None,
        can_take=register is not None and _can_take(register, facts),
    )


def _left(row: Range) -> int:
    """Numbers that nobody has issued yet."""
    return 0 if row.state == RangeState.UNBOOKED.value else int(row.end_no - row.next_no + 1)


def _forecast(owner_id: UUID, remaining: int, facts: _Facts) -> rules.Forecast:
    """As ``numbering.queries.forecast_of``, from facts that were read for all owners at once."""
    today = clock.today()
    before = facts.now.previous()
    since = before.first_day if owner_id in facts.had_before else facts.now.first_day
    used = facts.used_lately.get(owner_id, 0)
    to_go = (facts.now.last_day - today).days + 1
    return rules.forecast(remaining, used, (today - since).days + 1, to_go)


def _can_take(register: Register, facts: _Facts) -> bool:
    abilities = registry.abilities_of(register.centre)
    if facts.period == facts.now:
        return Ability.TAKE_NUMBERS in abilities
    return facts.period == facts.now.next() and Ability.TAKE_NEXT_PERIOD in abilities


def _trouble(
    register: Register,
    rows: Sequence[Range],
    remaining: int,
    forecast: rules.Forecast | None,
    facts: _Facts,
) -> Trouble | None:
    if register.retired_at or facts.period < facts.now:
        return None
    if facts.period == facts.now:
        return _cannot_issue(register, rows, remaining, facts) or _running_out(forecast)
    if remaining:
        return None
    return Trouble(
        "warn",
        f"還沒有{facts.period.label}的號碼。",
        f"字軌要在 {facts.period.first_day:%m/%d} 之前匯入並分配（S2.24），否則當天無法開立。",
        "take" if _can_take(register, facts) else "distribute",
    )


def _cannot_issue(
    register: Register, rows: Sequence[Range], remaining: int, facts: _Facts
) -> Trouble | None:
    """Why the till would say 「發票開立錯誤，未收到發票號碼」 at this register (S2.26)."""
    if register.centre not in registry.CENTRES:
        why, cure, way = "還沒有連接加值中心。", "請設定加值中心；在那之前只能自行開立。", "centre"
    elif remaining:
        return None
    elif any(row.state == RangeState.PAUSED.value and _left(row) for row in rows):
        cure = "按「恢復」後即可開立；資料庫剛還原過，要先按「核對」。"
        why, way = "號碼已暫停使用。", "resume"
    elif rows and not any(_left(row) for row in rows):
        why, cure = "本期號碼已用完。", "再分配一本，或由加值中心取號。"
        way = "take" if _can_take(register, facts) else "distribute"
    elif register.id in facts.other_periods:
        labels = "、".join(Period.parse(c).label for c in sorted(facts.other_periods[register.id]))
        why, cure = f"只有 {labels}的號碼，不同期別不能使用。", "請匯入並分配本期字軌。"
        way = "import"
    else:
        why, cure = "沒有本期的號碼。", "請匯入字軌並分配給這台，或由加值中心取號。"
        way = "take" if _can_take(register, facts) else "import"
    return Trouble("bad", why, cure, way)


def _running_out(forecast: rules.Forecast | None) -> Trouble | None:
    if forecast is None or not forecast.short:
        return None
    days = "少於一本" if forecast.days_left is None else f"約可用 {forecast.days_left} 天"
    return Trouble(
        "warn", f"號碼快用完：剩 {forecast.remaining} 號，{days}。", "請再分配一本。", "distribute"
    )


# --- sharing out


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may get books of one seller, with what was issued in the two periods before."""

    ref: OwnerRef
    name: str
    used_before: int
    remaining: int


def candidates(entity_id: UUID, period: Period) -> list[Candidate]:
    """The seller's registers in use, and its web channel."""
    used = numbering.used_by_owner(numbering.last_two(period))
    left = {row.owner_id: row.remaining for row in numbering.stock(period.code)}
    found = [
        (OwnerRef.register(register.id), f"{register.store.name} {register.name}")
        for register in tenancy.registers()
        if register.store.entity_id == entity_id
    ]
    found.append((OwnerRef.web(entity_id), WEB_NAME))
    return [
        Candidate(ref, name, used.get(ref.id, 0), left.get(ref.id, 0) or 0) for ref, name in found
    ]


def books_free(entity_id: UUID, period: Period) -> int:
    """Whole books in the seller's unassigned stock."""
    return rules.books_in(_spans(list(numbering.stock_ranges(entity_id, period.code))))


def proposal(way: str, books: int, owners: Sequence[Candidate]) -> list[int]:
    """Books for each owner: ``even``, or by ``use`` in the two periods before (S0.24)."""
    if way == "use":
        return rules.books_by_use(books, [owner.used_before for owner in owners])
    return rules.even_books(books, len(owners))


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What one owner would get."""

    owner: Candidate
    books: int
    spans: list[Span]

    @property
    def numbers(self) -> int:
        return self.books * BOOK


def plan(
    entity_id: UUID, period: Period, books: Mapping[OwnerRef, int], owners: Sequence[Candidate]
) -> list[PlanLine] | None:
    """Exactly what ``distribute_by_hand`` would do with the stock of now.

    ``None`` where the books do not fit: too few, or all below what an owner holds already.
    """
    asked = [owner for owner in owners if books.get(owner.ref)]
    counts = [books[owner.ref] for owner in asked]
    highest = numbering.floors([owner.ref.id for owner in asked], period.code)
    floors = {
        (index, track): number
        for index, owner in enumerate(asked)
        for (owner_id, track), number in highest.items()
        if owner_id == owner.ref.id
    }
    stock = _spans(list(numbering.stock_ranges(entity_id, period.code)))
    try:
        shares = rules.plan(stock, counts, floors)
    except ValueError:
        return None
    return [
        PlanLine(owner, counts[index], [s.span for s in shares if s.index == index])
        for index, owner in enumerate(asked)
    ]


# --- blanks


def blanks(period: Period) -> list[numbering.BlankSpan]:
    """Numbers that a finished period left unissued (S2.15); empty while it runs."""
    return numbering.unissued(period.code) if period.last_day < clock.today() else []


def ranges_open(period: Period) -> int:
    """Ranges of the period that are not closed yet: until then its blanks are not final."""
    states = [RangeState.ACTIVE.value, RangeState.PAUSED.value]
    return Range.objects.filter(period=period.code, state__in=states).count()
