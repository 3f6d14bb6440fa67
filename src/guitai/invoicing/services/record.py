"""Recording what a sale or a person decided: voids, hand-written numbers, print facts.

Issuing itself is ``public.invoicing_record_invoice`` (sql/record_invoice.sql), which the sale path
calls inside its own statement.
"""

import re
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from guitai.invoicing import rules
from guitai.invoicing.errors import AlreadyVoid, BadNumber, InvoiceNotFound, NumberUsed
from guitai.invoicing.models import NUMBER, Invoice, Transmission, VoidDocument
from guitai.invoicing.rules import InvoiceState, Kind
from guitai.kernel import audit, clock
from twinvoice import jsonform
from twinvoice.document import CONSUMER_BAN, Void
from twinvoice.period import Period


@transaction.atomic
def void(
    invoice_id: UUID,
    *,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    closes_on_day: int = 4,
) -> VoidDocument:
    """Voids (作廢) an issued invoice once and queues its F0501 behind its F0401.

    Allowed until 23:59 of day ``closes_on_day`` of the month after the invoice's period (product.md
    B.7.2), never after the 15th (mof.md §5.1). A hand-written invoice is marked, never sent. Raises
    ``InvoiceNotFound``, ``AlreadyVoid``, ``VoidWindowClosed``, ``BadReason``.
    """
    text = rules.check_reason(reason)
    invoice = Invoice.objects.select_for_update().filter(id=invoice_id).first()
    if invoice is None:
        raise InvoiceNotFound()
    if invoice.state == InvoiceState.VOIDED:
        raise AlreadyVoid(number=invoice.number)
    rules.check_void_window(invoice.period, now, closes_on_day)
    # A clock that ran back a little must not make a void older than its invoice.
    moment = max(now, invoice.issued_at)
    document = VoidDocument.objects.create(
        invoice_id=invoice.id,
        voided_at=moment,
        reason=text,
        voided_by=actor.name,
        document=jsonform.to_json(_void_of(invoice, moment, text)),
    )
    Invoice.objects.filter(id=invoice.id, state=InvoiceState.ISSUED).update(
        state=InvoiceState.VOIDED
    )
    if not invoice.manual:
        _queue_void(invoice, document, moment)
    audit.record(
        actor,
        "invoice.void",
        invoice,
        before={"state": InvoiceState.ISSUED},
        after={"state": InvoiceState.VOIDED, "number": invoice.number},
        reason=text,
    )
    return document


def _void_of(invoice: Invoice, moment: datetime, reason: str) -> Void:
    local = clock.in_taipei(moment).replace(microsecond=0, tzinfo=None)
    return Void(
        number=invoice.number,
        invoice_date=invoice.issue_date,
        buyer_ban=invoice.buyer_ban,
        seller_ban=invoice.seller_ban,
        void_date=local.date(),
        void_time=local.time(),
        reason=reason,
    )


def _queue_void(invoice: Invoice, document: VoidDocument, now: datetime) -> Transmission:
    due = rules.due_at(invoice.centre, now)
    return Transmission.objects.create(
        subject_kind="void",
        subject_id=document.id,
        lane=rules.lane_of(invoice.seller_ban, invoice.period, invoice.number),
        position=rules.POSITIONS[Kind.VOID],
        kind=Kind.VOID,
        centre=invoice.centre,
        register_id=invoice.register_id,
        seller_ban=invoice.seller_ban,
        issue_date=clock.in_taipei(now).date(),
        number=invoice.number,
        created_at=now,
        due_at=due,
        next_try_at=due,
    )


def record_manual(
    *,
    order_id: UUID,
    register_id: UUID | None,
    seller_ban: str,
    number: str,
    issue_date: date,
    total: int,
    tax: int,
    actor: audit.Actor,
    now: datetime,
    buyer_ban: str = CONSUMER_BAN,
) -> Invoice:
    """Keeps a hand-written (自行開立) number beside an order; it is never transmitted (S3.16–17).

    Amounts in whole TWD. Raises ``BadNumber`` and ``NumberUsed``.
    """
    typed = number.strip().upper()
    if not re.fullmatch(NUMBER, typed):
        raise BadNumber(field="number")
    try:
        with transaction.atomic():
            invoice = Invoice.objects.create(
                order_id=order_id,
                register_id=register_id,
                seller_ban=seller_ban,
                period=Period.of(issue_date).code,
                number=typed,
                issued_at=now,
                issue_date=issue_date,
                buyer_ban=buyer_ban,
                total=total,
                tax=tax,
                manual=True,
                issued_by=actor.name,
            )
            audit.record(actor, "invoice.manual", invoice, after={"number": typed, "total": total})
    except IntegrityError as error:
        if "invoice_number_once" in str(error):
            raise NumberUsed(number=typed, field="number") from error
        raise
    return invoice


def mark_printed(invoice_id: UUID, *, now: datetime) -> bool:
    """Notes that the proof came out; true for the first time, later ones count as 補印."""
    first = Invoice.objects.filter(id=invoice_id, printed_at__isnull=True).update(printed_at=now)
    if not first:
        found = Invoice.objects.filter(id=invoice_id).update(reprints=F("reprints") + 1)
        if not found:
            raise InvoiceNotFound()
    return bool(first)
