"""Verbs of the desk on orders and their invoices."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from guitai.devices import services as devices
from guitai.invoicing import services as invoicing
from guitai.invoicing.models import Invoice
from guitai.kernel import audit
from guitai.kernel.audit import Actor
from guitai.orders import rules
from guitai.orders.errors import AlreadyCancelled, AlreadyInvoiced, OrderNotFound
from guitai.orders.models import Order
from guitai.orders.rules import HandWritten, InvoiceChoiceKind, OrderState
from guitai.orders.services.handwritten import keep_number


def void_invoice(invoice_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """作廢 at the desk: voids the invoice and takes back its proof where none has left yet.

    Raises what ``invoicing.services.void`` raises.
    """
    with transaction.atomic():
        invoicing.void(invoice_id, reason=reason, actor=actor, now=now)
        devices.cancel_waiting([invoice_id], now, "發票已作廢")


def mark_handwritten(
    order_id: UUID, typed: str, *, stores: Collection[UUID], actor: Actor, now: datetime
) -> Order:
    """補標記自行開立: a number that was typed elsewhere becomes the order's own (S3.16-17).

    Where a hand-written invoice of this order is already kept, its number is taken and ``typed``
    must agree or be empty. ``stores`` are those that the person sees. Raises ``ORD-NOT-FOUND``,
    ``ORD-CANCELLED``, ``ORD-INVOICED``, ``ORD-NUMBER``, ``ORD-NUMBER-PERIOD``, ``ORD-OWN-NUMBER``
    and ``INV-NUMBER-USED``.
    """
    with transaction.atomic():
        found = Order.objects.select_for_update().filter(id=order_id, store_id__in=list(stores))
        order = found.first()
        if order is None:
            raise OrderNotFound
        if order.state == OrderState.CANCELLED:
            raise AlreadyCancelled(number=order.number)
        if order.invoice_number:
            raise AlreadyInvoiced(number=order.invoice_number)
        before = {"invoice_kind": order.invoice_kind, "invoice_manual": order.invoice_manual}
        number = _kept(order, typed) or _keep(order, typed, actor, now)
        order.invoice_number, order.invoice_period = number.number, number.period
        order.invoice_manual, order.invoice_kind = True, InvoiceChoiceKind.SELF.value
        order.save(
            update_fields=["invoice_number", "invoice_period", "invoice_manual", "invoice_kind"]
        )
        audit.record(
            actor,
            "order.manual_number",
            order,
            before=before,
            after={
                "invoice": number.number,
                "invoice_kind": order.invoice_kind,
                "invoice_manual": True,
            },
            reason="後台補標記「自行開立」",
        )
    return order


def _kept(order: Order, typed: str) -> HandWritten | None:
    """The hand-written invoice that is kept beside an order that does not know of it."""
    kept = Invoice.objects.filter(order_id=order.id, manual=True).first()
    if kept is None:
        return None
    if typed.strip() and rules.hand_written(typed, order.business_day).number != kept.number:
        raise AlreadyInvoiced(field="number", number=kept.number)
    return HandWritten(kept.number, kept.period)


def _keep(order: Order, typed: str, actor: Actor, now: datetime) -> HandWritten:
    number = rules.hand_written(typed, order.business_day)
    keep_number(order, number, actor, now, field="number")
    return number
