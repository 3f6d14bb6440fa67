"""Reads of orders, parked carts and shifts. Every one starts from the open tenant scope."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from guitai.devices.models import PrintJob
from guitai.invoicing.models import Invoice
from guitai.invoicing.rules import InvoiceState
from guitai.kernel import clock
from guitai.kernel.models import AuditEntry
from guitai.orders import rules
from guitai.orders.models import (
    Order,
    OrderLine,
    ParkedCart,
    RegisterLedger,
    ShiftClosing,
    ShiftSummary,
)
from guitai.orders.rules import OrderState
from guitai.payments.models import Tender
from guitai.payments.rules import Method
from guitai.tenancy.models import Binding, Register, TillSession

PAGE = 50
PART_DAYS = 62
"""A part of an order number is looked for in so many days: one period, and as the desk does."""
_INVOICE = re.compile(r"[A-Z]{2}[0-9]{8}")


def unmarked() -> Q:
    """Orders that seem to have a hand-written number which nobody marked as one (S3.16).

    The number stands in the note; ``Order``'s constraint forbids it in its own column.
    """
    return Q(state=OrderState.COMPLETED.value, invoice_number="") & Q(
        ~Q(note=""), note__regex=rf"(^|[^A-Za-z0-9]){rules.NOTED}($|[^0-9０-９])"
    )


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """An order and the unmarked number that belongs to it.

    ``certain`` where a manual invoice of the order is kept; else it was read out of the note.
    """

    order: Order
    number: str
    certain: bool


def typed_numbers() -> list[TypedNumber]:
    """Every unmarked number of the merchant, the certain ones first; for the repair command."""
    kept = dict(
        Invoice.objects.filter(manual=True, order_id__isnull=False).values_list(
            "order_id", "number"
        )
    )
    bare = Order.objects.filter(state=OrderState.COMPLETED.value, invoice_number="")
    certain = [TypedNumber(one, kept[one.id], True) for one in bare.filter(id__in=kept)]
    noted = Order.objects.filter(unmarked()).exclude(id__in=kept)
    return certain + [TypedNumber(one, rules.noted_number(one.note), False) for one in noted]


def orders_of_store(store_id: UUID) -> QuerySet[Order]:
    """Orders of one store, newest first."""
    return Order.objects.filter(store_id=store_id).order_by("-completed_at", "-id")


@dataclass(frozen=True, slots=True)
class OrderPage:
    """``after`` is the last order shown; ``None`` where there is no older one."""

    rows: list[Order]
    after: UUID | None


def page(
    store_id: UUID, text: str = "", day: date | None = None, after: UUID | None = None
) -> OrderPage:
    """Orders of one store, newest first, ``PAGE`` at a time, those older than ``after``.

    ``text`` is an order number or a part of it, an invoice number, or a scanned invoice (B.7.6).
    Each way of asking has one index to walk, so that a million orders are as quick as ten.
    """
    found = _found(store_id, text.strip(), day)
    last = order(store_id, after) if after else None
    if last is not None:
        # A row comparison, spelt so that the bound alone is the index's.
        found = found.filter(completed_at__lte=last.completed_at).exclude(
            completed_at=last.completed_at, id__gte=last.id
        )
    rows = list(found[: PAGE + 1])
    return OrderPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def _found(store_id: UUID, text: str, day: date | None) -> QuerySet[Order]:
    """A scan also tells the period, so that a number of another year is not found."""
    found = orders_of_store(store_id)
    if day is not None:
        begin = datetime.combine(day, time.min, clock.TAIPEI)
        # The business day is the day of the sale, and the list's index is by its moment.
        found = found.filter(completed_at__gte=begin, completed_at__lt=begin + timedelta(days=1))
    scan = rules.scanned(text) if text else None
    if scan is not None:
        return found.filter(invoice_number=scan.number, invoice_period=scan.period)
    invoice = text.upper().replace("-", "")
    if _INVOICE.fullmatch(invoice):
        return found.filter(invoice_number=invoice)
    return _by_number(found, text, day) if text else found


def _by_number(found: QuerySet[Order], text: str, day: date | None) -> QuerySet[Order]:
    """The whole number of any time; a part of one of that day, else of the last ``PART_DAYS``."""
    whole = found.filter(number=text)
    if whole.exists():
        return whole
    if day is None:
        found = found.filter(completed_at__gte=clock.now() - timedelta(days=PART_DAYS))
    return found.filter(number__icontains=text)


def order(store_id: UUID, order_id: UUID) -> Order | None:
    return orders_of_store(store_id).filter(id=order_id).first()


def orders_of_subjects(subject_ids: Collection[UUID]) -> dict[UUID, Order]:
    """The order behind each print job's subject: the order itself, or that of the invoice."""
    invoices = Invoice.objects.filter(id__in=subject_ids, order_id__isnull=False)
    behind = dict(invoices.values_list("id", "order_id"))
    wanted = {behind.get(subject, subject) for subject in subject_ids}
    orders = {order.id: order for order in Order.objects.filter(id__in=wanted).defer("answer")}
    found = {subject: orders.get(behind.get(subject, subject)) for subject in subject_ids}
    return {subject: order for subject, order in found.items() if order is not None}


def withdrawn(jobs: Collection[PrintJob]) -> set[UUID]:
    """Those print jobs whose invoice was voided, or whose order was cancelled after they were made.

    What has not begun of them shall not come out. What is asked for of a cancelled order later is
    wanted.
    """
    subjects = {job.subject_id for job in jobs}
    voided = Invoice.objects.filter(id__in=subjects, state=InvoiceState.VOIDED)
    gone = set(voided.values_list("id", flat=True))
    orders = orders_of_subjects(subjects)

    def cancelled(job: PrintJob) -> bool:
        order = orders.get(job.subject_id)
        return bool(order and order.cancelled_at and order.cancelled_at > job.created_at)

    return {job.id for job in jobs if job.subject_id in gone or cancelled(job)}


def lines(order_id: UUID) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(order_id=order_id).order_by("position")


def tenders(order_id: UUID) -> QuerySet[Tender]:
    return Tender.objects.filter(order_id=order_id).order_by("position")


def parked(register_id: UUID, now: datetime) -> QuerySet[ParkedCart]:
    """Carts set aside at a register that are not too old, newest first."""
    return ParkedCart.objects.filter(register_id=register_id, expires_at__gt=now).order_by(
        "-parked_at"
    )


def drawer_reasons(binding_id: UUID, since: datetime) -> dict[UUID, datetime]:
    """Why the cash drawer may open for a device: ``{id: moment}`` of what was written down of it.

    Those are the sales with cash and the openings with a reason (``services.record_drawer``) of its
    register, since that moment and since the device holds it. Empty where it holds none any more.
    """
    held = Binding.objects.filter(
        id=binding_id, released_at=None, register__retired_at=None
    ).select_related("register")
    binding = held.first()
    if binding is None:
        return {}
    register, since = binding.register, max(since, binding.bound_at)
    # The store leads the index that is walked here.
    sales = Order.objects.filter(
        store_id=register.store_id, register_id=register.id, completed_at__gte=since
    )
    sold = dict(sales.values_list("id", "completed_at"))
    paid = Tender.objects.filter(order_id__in=sold, method=Method.CASH.value)
    asked = AuditEntry.objects.filter(
        verb="drawer.open",
        at__gte=since,
        subject_id__in=TillSession.objects.filter(register_id=register.id).values("id"),
    )
    cash = {one: sold[one] for one in paid.values_list("order_id", flat=True)}
    return cash | dict(asked.values_list("id", "at"))


def last_summary(register_id: UUID) -> ShiftSummary | None:
    rows = ShiftSummary.objects.filter(register_id=register_id)
    return rows.order_by("-to_seq", "-end_at").first()


def open_summaries(register_id: UUID) -> QuerySet[ShiftSummary]:
    """Summaries that no closing covers yet, oldest first."""
    return ShiftSummary.objects.filter(register_id=register_id, closing_id=None).order_by(
        "to_seq", "end_at"
    )


def closings_on(register_id: UUID, day: date) -> int:
    return ShiftClosing.objects.filter(register_id=register_id, business_day=day).count()


@dataclass(frozen=True, slots=True)
class Figures:
    """One register since its last summary; whole TWD (B.11.4-5).

    ``sales`` is gross, ``cancelled_amount`` is what to subtract; ``tenders`` are net by method.
    """

    from_seq: int
    to_seq: int
    begin_at: datetime
    end_at: datetime
    orders: int
    sales: int
    cancelled_orders: int
    cancelled_amount: int
    invoices: int
    invoice_amount: int
    voided_invoices: int
    voided_amount: int
    first_number: str
    last_number: str
    tenders: list[dict[str, Any]]
    cash_float: int
    expected_cash: int


def figures(register: Register, now: datetime) -> Figures:
    """What happened at ``register`` from the last summary to now, this register only (B.11.3)."""
    before = last_summary(register.id)
    ledger = RegisterLedger.objects.filter(register_id=register.id).first()
    low, high = before.to_seq if before else 0, ledger.seq if ledger else 0
    sold = Order.objects.filter(register_id=register.id, seq__gt=low, seq__lte=high)
    cancelled = Order.objects.filter(
        cancel_register_id=register.id, cancel_seq__gt=low, cancel_seq__lte=high
    )
    invoiced = Order.objects.filter(
        register_id=register.id, invoice_seq__gt=low, invoice_seq__lte=high
    ).order_by("invoice_seq")
    voided = cancelled.filter(invoice_voided=True)
    first = sold.order_by("seq").first()
    by_method = _tenders(sold, cancelled)
    cash_float = before.cash_left if before else register.default_float
    cash = next((entry["amount"] for entry in by_method if entry["method"] == "cash"), 0)
    numbers = list(invoiced.values_list("invoice_number", flat=True)[:1])
    last = list(invoiced.reverse().values_list("invoice_number", flat=True)[:1])
    return Figures(
        low,
        high,
        before.end_at if before else (first.completed_at if first else now),
        now,
        *_count(sold),
        *_count(cancelled),
        *_count(invoiced),
        *_count(voided),
        numbers[0] if numbers else "",
        last[0] if last else "",
        by_method,
        cash_float,
        cash_float + cash,
    )


def _count(orders: QuerySet[Order]) -> tuple[int, int]:
    found = orders.order_by().aggregate(count=Count("id"), amount=Sum("total"))
    return int(found["count"]), int(found["amount"] or 0)


def _tenders(sold: QuerySet[Order], cancelled: QuerySet[Order]) -> list[dict[str, Any]]:
    """Net by method: what came in, less what cancelled orders gave back."""
    net: dict[str, dict[str, Any]] = {}
    for orders, sign in ((sold, 1), (cancelled, -1)):
        rows = (
            Tender.objects.filter(order_id__in=orders.order_by().values("id"))
            .values("method")
            .annotate(count=Count("id"), amount=Sum("amount"))
        )
        for row in rows:
            entry = net.setdefault(
                row["method"], {"method": row["method"], "count": 0, "amount": 0}
            )
            entry["count"] += row["count"] if sign > 0 else 0
            entry["amount"] += sign * row["amount"]
    return sorted(net.values(), key=lambda entry: entry["method"])
