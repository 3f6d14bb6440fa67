"""The cards of the dashboard: one function a card, one line in ``CARDS``.

A card looks at what its person may see and answers ``None`` where it has nothing to say to him.
Order is the order of the tuple: what is wrong comes first by its ``tone``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time

from django.db.models import Count, Q, Sum
from django.urls import reverse

from guitai.backoffice.views.devices import shown_registers
from guitai.backoffice.views.invoicing_base import confined_to
from guitai.catalog.models import Product
from guitai.invoicing.rules import STATE_NAMES, TransmissionState
from guitai.kernel import clock, money
from guitai.numbering import queries as numbering
from guitai.orders.models import Order
from guitai.reporting.queries import numbers as number_reads
from guitai.reporting.queries import sending as sending_reads
from guitai.tenancy import queries
from guitai.tenancy.rules import Member, Permission


@dataclass(frozen=True, slots=True)
class Line:
    """One statement under the figure; ``tone`` is good, warn, bad or empty; words, not colour."""

    text: str
    tone: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """``figure`` is the one thing to see; ``href`` leads to the documents behind it."""

    title: str
    figure: str
    unit: str = ""
    href: str = ""
    lines: list[Line] = field(default_factory=list)


def sales_today(member: Member) -> Card | None:
    """Today's orders, cancellations aside; a store's own people see their store (B.14.9)."""
    if not member.may(Permission.VIEW_ORDERS):
        return None
    stores = queries.stores(member).values_list("id", flat=True)
    midnight = datetime.combine(clock.today(), time.min, clock.TAIPEI)
    # By store and moment, as the index of the orders lies: millions of older ones cost nothing.
    found = Order.objects.filter(store_id__in=list(stores), completed_at__gte=midnight)
    completed = Q(state="completed")
    sums = found.aggregate(
        count=Count("id", filter=completed),
        total=Sum("total", filter=completed),
        cancelled=Count("id", filter=~completed),
        invoiced=Count("id", filter=completed & ~Q(invoice_number="")),
    )
    lines = [
        Line(f"{sums['count']:,} 筆訂單"),
        Line(f"{sums['invoiced']:,} 筆已開發票"),
        Line(f"{sums['cancelled']:,} 筆取消", "warn" if sums["cancelled"] else ""),
    ]
    address = f"{reverse('desk:orders')}?day={clock.today().isoformat()}"
    return Card("今日銷售", money.shown(sums["total"] or 0), "元", address, lines)


def registers(member: Member) -> Card | None:
    """Which registers are held by a device; those that nobody holds are named."""
    if not member.may(Permission.REGISTER_SETTINGS):
        return None
    rows = list(queries.registers(member))
    free = [row for row in rows if queries.held_by(row) is None]
    lines = [
        Line(f"{row.store.name} {row.name}：尚未綁定", "warn", _register(row.id))
        for row in free[:4]
    ]
    if not rows:
        lines = [Line("還沒有 POS 機，請先新增。", "warn", reverse("desk:registers"))]
    elif not free:
        lines = [Line("全部都已綁定裝置", "good")]
    figure = f"{len(rows) - len(free)} / {len(rows)}"
    return Card("POS 機使用中", figure, "台", reverse("desk:registers"), lines)


def _register(register_id: object) -> str:
    return reverse("desk:register", args=[register_id])


def devices(member: Member) -> Card | None:
    """Registers whose way to the paper is in trouble, with the cause and a link to the cure."""
    if not member.may(Permission.REGISTER_SETTINGS):
        return None
    rows = [row for row in shown_registers(list(queries.registers(member))) if row["beat"]]
    wrong = [row for row in rows if row["standing"].is_trouble]
    lines = [
        Line(
            f"{row['register'].store.name} {row['register'].name}：{row['cause']}",
            row["tone"],
            reverse("desk:device", args=[row["register"].id]),
        )
        for row in wrong
    ]
    if not rows:
        lines = [Line("還沒有列印程式回報過")]
    lines = lines[:4] or [Line("從列印程式到紙張都正常", "good")]
    figure = f"{len(rows) - len(wrong)} / {len(rows)}"
    return Card("設備正常", figure, "台", reverse("desk:devices"), lines)


def stores_without_manager(member: Member) -> Card | None:
    """門市 without 店長: nobody there could unlock a register (B.15.3)."""
    if not member.may(Permission.MANAGE_SHOP):
        return None
    managers = queries.managers()
    stores = list(queries.stores(member).filter(closed_at=None))
    lines = [
        Line(f"{store.name}：尚未指派店長", "warn", reverse("desk:store", args=[store.id]))
        for store in stores
        if store.id not in managers
    ]
    lines = lines[:4] or [Line("每家門市都有店長", "good")]
    return Card("門市", f"{len(stores)}", "家", reverse("desk:stores"), lines)


def products(member: Member) -> Card | None:
    if not member.may(Permission.MANAGE_PRODUCTS):
        return None
    sums = Product.objects.aggregate(
        on_sale=Count("id", filter=Q(active=True)),
        without=Count("id", filter=Q(active=True, barcode="")),
    )
    lines = [Line(f"{sums['without']:,} 項沒有條碼，只能用搜尋")] if sums["without"] else []
    if not sums["on_sale"]:
        lines = [Line("還沒有商品，可由 Excel 匯入", "warn", reverse("desk:product-import"))]
    return Card("販售中商品", f"{sums['on_sale']:,}", "項", reverse("desk:products"), lines)


def numbers(member: Member) -> Card | None:
    """What is left of this period's numbers, and who cannot issue (S2.26)."""
    if not member.may(Permission.MANAGE_NUMBERS):
        return None
    owners = [
        line
        for seller in number_reads.period_view(numbering.current_period())
        for line in seller.owners
        if line.id is not None
    ]
    lines = [
        Line(f"{line.name}：{line.trouble.why}", line.trouble.tone, reverse("desk:numbers"))
        for line in owners
        if line.trouble
    ]
    lines = lines[:4] or [Line("每台 POS 機都有號碼", "good")]
    left = sum(line.remaining for line in owners)
    return Card("本期剩餘發票號碼", f"{left:,}", "號", reverse("desk:numbers"), lines)


def sending(member: Member) -> Card | None:
    """What has not reached its centre, and what of it a person must decide."""
    if not member.may(Permission.VIEW_INVOICES):
        return None
    registers_seen = confined_to(member)
    rows = sending_reads.counts(registers_seen, clock.now())
    late = sending_reads.lateness(registers_seen, clock.now())
    address = reverse("desk:transmissions")
    stuck = [
        (f"{sum(row.by_state.get(state, 0) for row in rows):,} 筆{STATE_NAMES[state]}", state)
        for state in (TransmissionState.PARKED, TransmissionState.REJECTED)
        if any(row.by_state.get(state) for row in rows)
    ]
    lines = [Line(text, "bad", f"{address}?state={state}") for text, state in stuck]
    if late.late:
        lines.append(Line(f"{late.late:,} 筆已逾 48 小時", "bad", f"{address}?late=48"))
    if late.warned:
        lines.append(Line(f"{late.warned:,} 筆已逾 36 小時", "warn", f"{address}?late=36"))
    lines = lines or [Line("沒有需要處理的", "good")]
    return Card("尚未送達加值中心", f"{sum(row.unsent for row in rows):,}", "筆", address, lines)


CARDS: tuple[Callable[[Member], Card | None], ...] = (
    sales_today,
    numbers,
    sending,
    registers,
    devices,
    stores_without_manager,
    products,
)


def cards_for(member: Member) -> list[Card]:
    found = (make(member) for make in CARDS)
    return [card for card in found if card is not None]
