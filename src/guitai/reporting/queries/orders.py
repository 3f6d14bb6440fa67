"""The order list of the desk, and one order with its lines, payments and invoices (B.7, B.13)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from guitai.devices import queries as devices
from guitai.devices.models import PrintJob
from guitai.invoicing import queries as invoicing
from guitai.invoicing.models import Invoice
from guitai.kernel import clock
from guitai.kernel.models import AuditEntry
from guitai.orders import queries as orders
from guitai.orders.errors import OrderNotFound
from guitai.orders.models import Order, OrderLine
from guitai.orders.rules import InvoiceChoiceKind, OrderState
from guitai.payments.models import Tender
from guitai.reporting.queries.keyset import Cursor, all_pages, newest
from guitai.reporting.rules import Search, SearchKind, searched
from guitai.tenancy.models import Store

PAGE = 50
AT = "completed_at"
PART_DAYS = 62
"""A part of an order number is looked for in so many days: one period."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the list is filtered by; empty and ``None`` mean any. ``stores`` always confines."""

    stores: tuple[UUID, ...]
    text: str = ""
    day: date | None = None
    state: str = ""
    invoice_kind: str = ""
    register_id: UUID | None = None
    unmarked: bool = False

    @property
    def search(self) -> Search:
        return searched(self.text)


def branches(wanted: OrderFilter) -> list[QuerySet[Order]]:
    """One branch a store: the index of orders begins with the store."""
    base = Order.objects.all()
    exact = {
        "state": wanted.state,
        "invoice_kind": wanted.invoice_kind,
        "register_id": wanted.register_id,
    }
    base = base.filter(**{key: value for key, value in exact.items() if value})
    if wanted.unmarked:
        base = base.filter(orders.unmarked())
    if wanted.day is not None:
        begin = datetime.combine(wanted.day, datetime.min.time(), clock.TAIPEI)
        base = base.filter(completed_at__gte=begin, completed_at__lt=begin + timedelta(days=1))
    return [base.filter(condition) for condition in _conditions(wanted)]


def _has_own_index(wanted: OrderFilter) -> bool:
    """Filters with an index over all stores (migration 0001)."""
    rare = wanted.invoice_kind and wanted.invoice_kind != InvoiceChoiceKind.PAPER
    return bool(rare or wanted.state == OrderState.CANCELLED)


def _conditions(wanted: OrderFilter) -> list[Q]:
    """An invoice's number (typed or scanned), or an order number: whole, or a part of it."""
    search, inside = wanted.search, Q(store_id__in=wanted.stores)
    each = [Q(store_id=store) for store in wanted.stores]
    match search.kind:
        case SearchKind.NOTHING:
            return [inside] if _has_own_index(wanted) else each
        case SearchKind.UNUSABLE:
            return []
        case SearchKind.SCAN:
            found = Q(invoice_number=search.value, invoice_period=search.period)
            return [inside & found]
        case SearchKind.NUMBER:
            return [inside & Q(invoice_number=search.value)]
        case _:
            typed = wanted.text.strip()
            part = Q(number__icontains=typed)
            if wanted.day is None:
                part &= Q(completed_at__gte=clock.now() - timedelta(days=PART_DAYS))
            return [inside & Q(number=typed), *(one & part for one in each)]


@dataclass(frozen=True, slots=True)
class OrderPage:
    rows: list[Order]
    after: Cursor | None


def page(wanted: OrderFilter, after: Cursor | None = None, size: int = PAGE) -> OrderPage:
    """One page, newest first; each order has ``store_name``."""
    keys = newest(branches(wanted), AT, size, after)
    return OrderPage(rows_of(keys.ids), keys.after)


def export(wanted: OrderFilter, limit: int, size: int = 1000) -> Iterator[Order]:
    for ids in all_pages(branches(wanted), AT, size, limit):
        yield from rows_of(ids)


def rows_of(ids: Sequence[UUID]) -> list[Order]:
    """Those orders in the order of ``ids``, with register and ``store_name``."""
    found = (
        Order.objects.filter(id__in=list(ids))
        .defer("answer", "body_hash", "invoice_choice")
        .prefetch_related("register__store")
    )
    by_id = {row.id: row for row in found}
    return [by_id[key] for key in ids]


@dataclass(frozen=True, slots=True)
class OrderDossier:
    """Everything about one order. ``jobs`` are of the order and of its invoices."""

    order: Order
    store: Store
    lines: list[OrderLine]
    tenders: list[Tender]
    invoices: list[Invoice]
    jobs: list[PrintJob]
    audit: list[AuditEntry]


def dossier(order_id: UUID, stores: Sequence[UUID]) -> OrderDossier:
    """Raises ``OrderNotFound`` for what is not of those stores."""
    order = (
        Order.objects.select_related("register").filter(id=order_id, store_id__in=stores).first()
    )
    if order is None:
        raise OrderNotFound
    found = invoicing.of_order(order.id)
    subjects = [order.id, *(one.id for one in found)]
    return OrderDossier(
        order=order,
        store=Store.objects.get(id=order.store_id),
        lines=list(orders.lines(order.id)),
        tenders=list(orders.tenders(order.id)),
        invoices=found,
        jobs=[job for subject in subjects for job in devices.jobs_of(subject)],
        audit=list(AuditEntry.objects.filter(subject_id=order.id).order_by("at", "id")[:200]),
    )
