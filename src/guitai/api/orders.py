"""Orders at the till: list, look, issue later, cancel, print again, hand-written numbers."""

from datetime import date
from typing import Any
from uuid import UUID

from guitai.api import auth, shapes
from guitai.api.endpoints import Call
from guitai.api.errors import WrongShape
from guitai.api.printing import jobs_out
from guitai.devices import queries as devices
from guitai.invoicing import queries as invoicing
from guitai.invoicing.models import Invoice
from guitai.invoicing.rules import INVOICE_STATE_NAMES, STATE_NAMES, InvoiceState, TransmissionState
from guitai.kernel import clock
from guitai.orders import queries, rules, services
from guitai.orders.errors import OrderNotFound, ZeroInvoice
from guitai.orders.models import Order
from guitai.orders.rules import OrderState
from guitai.payments.rules import METHOD_NAMES, Method
from twinvoice import carrier
from twinvoice.faults import Fault
from twinvoice.period import Period

STATE_WORDS = {OrderState.COMPLETED: "已完成", OrderState.CANCELLED: "已取消"}


def listed(call: Call) -> shapes.OrdersOut:
    """Newest first, fifty a page; ``next`` begins the following one, by the last order shown."""
    found = queries.page(
        call.clerk.register.store_id, call.query("search")[:400], _day(call), _after(call)
    )
    return shapes.OrdersOut(
        orders=[shapes.OrderEntry(**_entry(row)) for row in found.rows], next=found.after
    )


def _after(call: Call) -> UUID | None:
    text = call.query("after")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise WrongShape(field="after", detail="不是正確的 UUID") from error


def _day(call: Call) -> date | None:
    text = call.query("day")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongShape(field="day", detail="日期格式為 2026-11-21") from error


def _entry(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "state": order.state,
        "state_text": STATE_WORDS[OrderState(order.state)],
        "total": order.total,
        "issued_at": order.completed_at,
        "recognised_on": order.recognised_on,
        "register_id": order.register_id,
        "staff_name": order.staff_name,
        "invoice_kind": order.invoice_kind,
        "invoice_number": order.invoice_number,
        "invoice_manual": order.invoice_manual,
        "invoice_voided": order.invoice_voided,
        "can_issue": services.can_issue(order),
    }


def detail(call: Call) -> shapes.OrderOut:
    order = queries.order(call.clerk.register.store_id, call.ids["id"])
    if order is None:
        raise OrderNotFound
    invoices = invoicing.of_order(order.id)
    return shapes.OrderOut(
        order=shapes.OrderDetail(
            **_entry(order),
            gross=order.gross,
            line_discount=order.line_discount,
            order_discount=order.order_discount,
            change=order.change,
            note=order.note,
            notice="" if order.total else ZeroInvoice.sentence,
            cancelled_at=order.cancelled_at,
            cancelled_by=order.cancelled_by,
            cancel_reason=order.cancel_reason,
            invoice=_invoice(invoices[-1]) if invoices else None,
            lines=[_line(line) for line in queries.lines(order.id)],
            tenders=[_tender(tender) for tender in queries.tenders(order.id)],
            print_jobs=jobs_out(
                [
                    job
                    for subject in (order.id, order.invoice_id)
                    if subject
                    for job in devices.jobs_of(subject)
                ]
            ),
        )
    )


def _invoice(row: Invoice) -> shapes.OrderInvoice:
    document = row.document or {}
    sending = invoicing.sendings_of([row.id]).get(row.id)
    voided = row.state == InvoiceState.VOIDED
    return shapes.OrderInvoice(
        id=None if row.manual else row.id,
        number=row.number,
        period_label=Period.parse(row.period).label,
        manual=row.manual,
        voided=voided,
        state=row.state,
        state_text=INVOICE_STATE_NAMES[InvoiceState(row.state)],
        random_code=document.get("random_code"),
        buyer_ban="" if row.buyer_ban == "0000000000" else row.buyer_ban,
        carrier=_masked(document),
        npoban=row.npoban,
        printable=bool(document.get("print_mark")) and not voided,
        upload_state=sending.state if sending else "",
        upload_text=STATE_NAMES[TransmissionState(sending.state)] if sending else "",
    )


def _masked(document: dict[str, Any]) -> str:
    """A carrier is personal: half hidden on screens (mof.md §11)."""
    kind, id1 = document.get("carrier_type", ""), document.get("carrier_id1", "")
    try:
        return carrier.of(kind, id1, document.get("carrier_id2", "")).masked if kind else ""
    except Fault:
        return "***"


def _line(line: Any) -> shapes.OrderLineOut:
    return shapes.OrderLineOut(
        product_id=line.product_id,
        name=line.name,
        quantity=f"{line.quantity.normalize():f}",
        unit_price=line.unit_price,
        amount=line.amount,
        discount=line.discount,
        tax_type=line.tax_type,
    )


def _tender(tender: Any) -> shapes.TenderOut:
    return shapes.TenderOut(
        method=tender.method,
        name=METHOD_NAMES[Method(tender.method)],
        amount=tender.amount,
        received=tender.received,
        reference=tender.reference,
    )


def issue(call: Call) -> dict[str, Any]:
    body: shapes.IssueIn = call.body
    now = clock.now()
    rules.check_clock(auth.clock_of(call.request.META), now)
    choice = body.invoice.choice() if body.invoice else None
    return services.issue_later(call.clerk, call.ids["id"], now, choice)


def cancel(call: Call) -> dict[str, Any]:
    return services.cancel_order(call.clerk, call.ids["id"], call.body.reason, clock.now())


def reprint(call: Call) -> dict[str, Any]:
    job = services.reprint(call.clerk, call.ids["id"], call.body.what, clock.now())
    return {"print_jobs": [services.job_head(job)]}


def manual_number(call: Call) -> dict[str, Any]:
    return services.set_manual_number(call.clerk, call.ids["id"], call.body.number, clock.now())
