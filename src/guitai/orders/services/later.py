"""After the sale: issue it later, type a number, cancel, print again."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from guitai.devices import queries as device_queries
from guitai.devices import services as devices
from guitai.devices.models import PrintJob
from guitai.devices.rules import UNBEGUN, Copy, JobKind
from guitai.invoicing import services as invoicing
from guitai.invoicing.models import Invoice
from guitai.invoicing.rules import InvoiceState
from guitai.kernel import audit, clock, ids, scope, sqlcall
from guitai.orders import rules
from guitai.orders.errors import (
    AlreadyCancelled,
    AlreadyInvoiced,
    ChoiceNeeded,
    LateIssue,
    NothingToPrint,
    OtherRegister,
    ReasonNeeded,
    ZeroInvoice,
)
from guitai.orders.models import Order
from guitai.orders.rules import Choice, InvoiceChoiceKind, OrderState
from guitai.orders.services.clerk import Clerk, locked_order, next_event
from guitai.orders.services.handwritten import keep_number
from guitai.orders.services.printing import lines_of, refuse_long_detail
from guitai.orders.services.sale import plain_choice, random_code
from guitai.payments.models import Tender

REASON_LIMIT = 20
"""mof.md §2.8: CancelReason has 1 to 20 characters."""

PROOFS = [JobKind.PROOF.value, JobKind.COMPANY_PROOF.value]


def issue_later(
    clerk: Clerk, order_id: UUID, now: datetime, choice: Choice | None = None
) -> dict[str, Any]:
    """Issues the invoice of an order of today (X1) that has none: 開立發票 with auto-issue off.

    ``choice`` replaces what was chosen at the sale. Raises ``ORD-LATE``, ``ORD-INVOICED``,
    ``ORD-CANCELLED``, ``ORD-CHOICE-NEEDED``, ``ORD-REGISTER`` and what a sale raises.
    """
    today = clock.in_taipei(now).date()
    with transaction.atomic():
        seq = next_event(clerk, today)
        order = locked_order(clerk, order_id)
        _refuse_settled(order)
        if order.register_id != clerk.register_id:
            raise OtherRegister
        if order.business_day != today:
            raise LateIssue(day=order.business_day.isoformat())
        chosen = choice or Choice(**{**order.invoice_choice, "kind": _kind(order)})
        return _issue(clerk, order, chosen, now, seq)


def _kind(order: Order) -> InvoiceChoiceKind:
    return InvoiceChoiceKind(order.invoice_kind)


def _refuse_settled(order: Order) -> None:
    if order.state == OrderState.CANCELLED:
        raise AlreadyCancelled(number=order.number)
    if order.invoice_number:
        raise AlreadyInvoiced(number=order.invoice_number)


def _issue(clerk: Clerk, order: Order, choice: Choice, now: datetime, seq: int) -> dict[str, Any]:
    invoice = rules.document_of(lines_of(order), order.order_discount, choice, random_code())
    if invoice is None:
        raise ChoiceNeeded(field="invoice.kind")
    invoice_id = ids.new_id()
    issued, remaining, period = _numbered(
        clerk, order, rules.skeleton(invoice), choice.kind.value, invoice_id, now
    )
    order.invoice_id, order.invoice_number = invoice_id, issued["number"]
    order.invoice_period, order.invoice_seq = period, seq
    order.invoice_kind, order.invoice_choice = choice.kind.value, plain_choice(choice)
    order.save(
        update_fields=[
            "invoice_id",
            "invoice_number",
            "invoice_period",
            "invoice_seq",
            "invoice_kind",
            "invoice_choice",
        ]
    )
    audit.record(clerk.actor, "order.issue", order, after={"invoice": issued["number"]})
    kind = rules.proof_kind(invoice)
    company = kind == JobKind.COMPANY_PROOF
    told = rules.too_long_for_paper(len(invoice.lines), company=True) if company else ""
    jobs = []
    if kind and clerk.register.auto_print:
        jobs.append(
            devices.queue_print(clerk.register_id, JobKind(kind), invoice_id, Copy.ORIGINAL, now)
        )
    return {
        "order": {**order_head(order), "notice": told},
        "invoice": issued,
        "print_jobs": [job_head(job) for job in jobs],
        "numbers": {"remaining": remaining},
        "replay": False,
    }


def _numbered(
    clerk: Clerk,
    order: Order,
    document: dict[str, Any],
    kind: str,
    invoice_id: UUID,
    now: datetime,
) -> tuple[dict[str, Any], int, str]:
    lines = [{"product_id": line.product_id, "tax_type": line.tax_type} for line in lines_of(order)]
    row = sqlcall.one(
        "SELECT i.invoice::text, i.remaining, i.period FROM public.orders_issue_document("
        "%(merchant)s::uuid, %(order)s::uuid, %(register)s::uuid, %(now)s::timestamptz, "
        "%(day)s::date, %(seller)s::jsonb, public.orders_zero_rate(%(merchant)s::uuid, "
        "%(lines)s::jsonb, public.orders_member_carrier(%(document)s::jsonb, %(kind)s, "
        "%(member_type)s)), %(invoice)s::uuid, %(transmission)s::uuid, "
        "%(actor)s) AS i",
        {
            "merchant": scope.current(),
            "order": order.id,
            "register": clerk.register_id,
            "now": now,
            "day": order.business_day,
            "seller": _json(_seller(clerk)),
            "lines": _json(lines),
            "document": _json(document),
            "kind": kind,
            "member_type": clerk.register.store.entity.member_carrier_type,
            "invoice": invoice_id,
            "transmission": ids.new_id(),
            "actor": clerk.session.staff_name,
        },
    )
    assert row is not None  # the function returns a row or refuses
    return msgspec.json.decode(row[0]), int(row[1]), str(row[2])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _seller(clerk: Clerk) -> dict[str, str]:
    """The seller in the spelling of ``twinvoice.jsonform``: empty fields left out."""
    entity = clerk.register.store.entity
    given = {
        name: getattr(entity, name)
        for name in ("address", "person_in_charge", "telephone", "email")
        if getattr(entity, name)
    }
    return {"ban": entity.ban, "name": entity.name, **given}


def set_manual_number(clerk: Clerk, order_id: UUID, typed: str, now: datetime) -> dict[str, Any]:
    """補登 a hand-written number; from that moment the order is marked as such (S3.17).

    ``typed`` may be a scanned invoice barcode (B.5.4). Raises ``ORD-NUMBER``,
    ``ORD-NUMBER-PERIOD``, ``ORD-OWN-NUMBER``, ``INV-NUMBER-USED``, ``ORD-INVOICED``.
    """
    with transaction.atomic():
        order = locked_order(clerk, order_id)
        _refuse_settled(order)
        found = rules.hand_written(typed, order.business_day)
        keep_number(order, found, clerk.actor, now, field="number")
        order.invoice_number, order.invoice_period = found.number, found.period
        order.invoice_manual, order.invoice_kind = True, InvoiceChoiceKind.SELF.value
        order.save(
            update_fields=[
                "invoice_number",
                "invoice_period",
                "invoice_manual",
                "invoice_kind",
            ]
        )
        audit.record(clerk.actor, "order.manual_number", order, after={"invoice": found.number})
    return {"order": order_head(order)}


def cancel_order(clerk: Clerk, order_id: UUID, reason: str, now: datetime) -> dict[str, Any]:
    """Cancels a sale and voids its invoice; nothing is done where the void is too late (B.7.2).

    Answers what to give back by method. Raises ``INV-WINDOW`` (an allowance is needed),
    ``ORD-CANCELLED``, ``ORD-REASON``, ``ORD-NOT-FOUND``.
    """
    text = reason.strip()
    if not 1 <= len(text) <= REASON_LIMIT:
        raise ReasonNeeded(field="reason", limit=REASON_LIMIT)
    rules.check_text("reason", "取消原因", text)
    with transaction.atomic():
        seq = next_event(clerk, clock.in_taipei(now).date())
        order = locked_order(clerk, order_id)
        if order.state == OrderState.CANCELLED:
            raise AlreadyCancelled(number=order.number)
        order.invoice_voided = _void(clerk, order, text, now)
        order.state = OrderState.CANCELLED.value
        order.cancelled_at, order.cancelled_by = now, clerk.session.staff_name
        order.cancel_reason, order.cancel_seq = text, seq
        order.cancel_register_id = clerk.register_id
        order.save(
            update_fields=[
                "invoice_voided",
                "state",
                "cancelled_at",
                "cancelled_by",
                "cancel_reason",
                "cancel_seq",
                "cancel_register_id",
            ]
        )
        subjects = [order.id, *([order.invoice_id] if order.invoice_id else [])]
        devices.cancel_waiting(subjects, now, "訂單已取消")
        audit.record(
            clerk.actor,
            "order.cancel",
            order,
            before={"state": OrderState.COMPLETED.value},
            after={"state": OrderState.CANCELLED.value, "invoice_voided": order.invoice_voided},
            reason=text,
        )
    return {"order": order_head(order), "refund": _refund(order)}


def _void(clerk: Clerk, order: Order, reason: str, now: datetime) -> bool:
    invoice_id = (
        Invoice.objects.filter(order_id=order.id, state=InvoiceState.ISSUED)
        .values_list("id", flat=True)
        .first()
    )
    if invoice_id is None:
        # Nothing to void, or voided at the desk before: the shift's figures count it all the same.
        return Invoice.objects.filter(order_id=order.id, state=InvoiceState.VOIDED).exists()
    invoicing.void(invoice_id, reason=reason, actor=clerk.actor, now=now)
    return True


def _refund(order: Order) -> dict[str, int]:
    back: dict[str, int] = {}
    for tender in Tender.objects.filter(order_id=order.id):
        back[tender.method] = back.get(tender.method, 0) + tender.amount
    return back


TWICE = timedelta(seconds=2)
"""A printer is faster than a second click; a person who looks at the paper first is slower."""


def reprint(clerk: Clerk, order_id: UUID, what: str, now: datetime) -> PrintJob:
    """Queues the proof or the detail again; 補印 once anything of it may be on paper.

    A slip that still waits, or was asked for within ``TWICE``, is answered as it is, so that
    pressing twice prints once. One that has not begun at another register is taken back: the person
    is here, and there is one original (mof.md §3.8). Raises ``ORD-NOTHING-TO-PRINT``.
    """
    with transaction.atomic():
        order = locked_order(clerk, order_id)
        if what == "detail":
            refuse_long_detail(order)
            kind, kinds, subject = JobKind.DETAIL, [JobKind.DETAIL.value], order.id
        else:
            kind, kinds, subject = _proof_of(order), PROOFS, order.invoice_id
        known = device_queries.waiting_job(subject, kinds) or device_queries.asked_since(
            subject, kinds, max(order.completed_at, now - TWICE)
        )
        if known is not None and known.register_id == clerk.register_id:
            return known
        if known is not None and known.state in UNBEGUN:
            devices.cancel_waiting([subject], now, f"改由 {clerk.register.name} 列印")
        again = device_queries.may_be_on_paper(subject, kinds)
        copy = Copy.REPRINT if again else Copy.ORIGINAL
        job = devices.queue_print(clerk.register_id, kind, subject, copy, now)
        audit.record(
            clerk.actor, "order.reprint", order, after={"what": kind.value, "copy": copy.value}
        )
    return job


def _proof_of(order: Order) -> JobKind:
    invoice = Invoice.objects.filter(id=order.invoice_id).first() if order.invoice_id else None
    if invoice is None:
        raise NothingToPrint(detail="這筆訂單沒有系統開立的發票，沒有證明聯可以列印。")
    if invoice.state == InvoiceState.VOIDED:
        raise NothingToPrint(detail=f"發票 {invoice.number} 已作廢，不能列印證明聯。")
    if invoice.npoban or not invoice.document.get("print_mark"):
        raise NothingToPrint(
            detail="這張發票已存入載具或捐贈，不印證明聯；需要時可以列印交易明細。"
        )
    business = invoice.buyer_ban != "0000000000"
    return JobKind.COMPANY_PROOF if business else JobKind.PROOF


def order_head(order: Order) -> dict[str, Any]:
    """What every answer says of an order."""
    return {
        "id": order.id,
        "number": order.number,
        "state": order.state,
        "total": order.total,
        "change": order.change,
        "issued_at": order.completed_at,
        "can_issue": can_issue(order),
        "notice": "" if order.total else ZeroInvoice.sentence,
        "invoice_number": order.invoice_number,
        "invoice_manual": order.invoice_manual,
        "invoice_voided": order.invoice_voided,
    }


def can_issue(order: Order) -> bool:
    """Whether 補開發票 makes sense: today's, no number yet, something to pay."""
    return (
        order.state == OrderState.COMPLETED
        and not order.invoice_number
        and order.total > 0
        and order.invoice_kind != InvoiceChoiceKind.SELF
        and order.business_day == clock.today()
    )


def job_head(job: PrintJob) -> dict[str, Any]:
    return {"id": job.id, "kind": job.kind, "copy": job.copy, "state": job.state}
