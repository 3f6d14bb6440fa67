"""From a print job to paper: renders the slip once, keeps it, and hears what became of it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from guitai.devices import queries as device_queries
from guitai.devices import services as devices
from guitai.devices.models import PrintJob
from guitai.devices.rules import Copy, JobKind, JobState
from guitai.invoicing import services as invoicing
from guitai.invoicing.models import Invoice as StoredInvoice
from guitai.kernel import clock
from guitai.orders import queries, rules
from guitai.orders.errors import NothingToPrint
from guitai.orders.models import Order, OrderLine, ShiftClosing, ShiftFigures, ShiftSummary
from guitai.orders.rules import SaleLine
from guitai.payments.models import Tender
from guitai.payments.rules import METHOD_NAMES, Method
from guitai.tenancy.models import BusinessEntity, Register, Store
from twinvoice import jsonform, paper
from twinvoice.document import Invoice
from twinvoice.faults import Fault

LIFE = timedelta(hours=24)
"""How long the agent may hold a job before its first byte; here nothing expires by itself."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A job as the agent takes it (docs/agent-protocol.md §6)."""

    job_id: UUID
    kind: str
    copy: str
    state: str
    doc: list[dict[str, Any]]
    sha256: str
    expires: datetime
    withdrawn: bool
    """As ``queries.withdrawn`` says; then nobody may print it."""


def slip_of(job: PrintJob, now: datetime) -> Slip:
    """The job's paper: rendered at the first call, the same bytes at every later one.

    Raises ``ORD-NOTHING-TO-PRINT``; a waiting job that can never be printed is cancelled with it.
    """
    if job.doc is None:
        try:
            doc = paper.to_json(_rendered(job))
        except NothingToPrint as refusal:
            if refusal.params.get("for_good") and job.state == JobState.WAITING:
                devices.change_state(job, JobState.CANCELLED.value, refusal.message, now)
            raise
        job = devices.keep_document(job, doc, sha256_of(doc))
    # What waits here is cancelled with its invoice: the first fetch of a sale is spared the look.
    withdrawn = job.state != JobState.WAITING and job.id in queries.withdrawn([job])
    return Slip(
        job.id, job.kind, job.copy, job.state, job.doc, job.sha256, now + LIFE, withdrawn=withdrawn
    )


def sha256_of(doc: list[dict[str, Any]]) -> str:
    """Lower-case hex over the canonical JSON: keys sorted, no blanks, UTF-8."""
    text = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def report(register_id: UUID, job_id: UUID, state: str, detail: str, now: datetime) -> PrintJob:
    """What the page heard from the agent; the same report twice changes nothing."""
    job = device_queries.job(register_id, job_id)
    changed = devices.change_state(job, state, detail, now)
    proof = job.kind in {JobKind.PROOF.value, JobKind.COMPANY_PROOF.value}
    if changed and proof and state == JobState.DONE:
        invoicing.mark_printed(job.subject_id, now=now)
    return job


def _rendered(job: PrintJob) -> paper.Slip:
    try:
        match JobKind(job.kind):
            case JobKind.PROOF | JobKind.COMPANY_PROOF:
                return _proof(job)
            case JobKind.DETAIL:
                return _detail(job)
            case JobKind.SHIFT:
                return paper.shift_slip(_shift(job))
            case JobKind.ALLOWANCE:
                raise NothingToPrint(detail="折讓單請由後台列印。", for_good=True)
    except Fault as fault:
        raise NothingToPrint(detail=_why(fault), for_good=True) from fault


def _why(fault: Fault) -> str:
    if fault.code == "TWI-PAPER" and "items" in fault.params:
        return _too_long(fault.params["items"])
    return f"這張單據無法列印（{fault.code}），請聯絡客服。"


def _too_long(items: object) -> str:
    most = paper.LONGEST_DETAIL
    return f"明細有 {items} 項，收據紙最多印 {most} 項，請到後台「訂單」開啟這筆訂單列印明細。"


def _proof(job: PrintJob) -> paper.Slip:
    stored = StoredInvoice.objects.get(id=job.subject_id)
    if stored.state == "voided":
        raise NothingToPrint(detail=f"發票 {stored.number} 已作廢，不能列印證明聯。", for_good=True)
    invoice = _document(stored)
    key = _key_of(stored.seller_ban)
    again = job.copy == Copy.REPRINT
    store = _store_name(job.register_id)
    if job.kind == JobKind.PROOF:
        return paper.proof_copy(invoice, key, store_name=store, reprint=again)
    order = Order.objects.filter(id=stored.order_id).first()
    return paper.company_proof(
        invoice,
        key,
        store_name=store,
        reprint=again,
        order_number=order.number if order else "",
        cashier=order.staff_name if order else "",
        tenders=_tenders(order.id) if order else (),
    )


def _document(stored: StoredInvoice) -> Invoice:
    document = jsonform.from_json(stored.document)
    assert isinstance(document, Invoice)  # the column holds nothing else
    return document


def _key_of(ban: str) -> str:
    key = BusinessEntity.objects.filter(ban=ban).values_list("qr_key", flat=True).first()
    if not key:
        raise NothingToPrint(
            detail="尚未設定 QR Code 的 AES 金鑰，無法列印證明聯；請到後台「營業人」填寫。"
        )
    return str(key)


def _store_name(register_id: UUID) -> str:
    store = Register.objects.filter(id=register_id).values("store_id")
    return str(Store.objects.filter(id__in=store).values_list("name", flat=True).get())


def _tenders(order_id: UUID) -> list[tuple[str, int]]:
    rows = Tender.objects.filter(order_id=order_id).order_by("position")
    return [(METHOD_NAMES[Method(row.method)], row.amount) for row in rows]


def refuse_long_detail(order: Order) -> None:
    """Raises ``ORD-NOTHING-TO-PRINT`` where the detail is no slip (decision 0009)."""
    stored = StoredInvoice.objects.filter(id=order.invoice_id).first() if order.invoice_id else None
    if stored is not None and stored.document:
        items = len(stored.document["lines"])
    else:
        items = rules.items_of(lines_of(order), order.order_discount)
    told = rules.too_long_for_paper(items)
    if told:
        raise NothingToPrint(detail=told, for_good=True)


def lines_of(order: Order) -> list[SaleLine]:
    """The stored lines as the rules know them."""
    return [
        SaleLine(
            name=line.name,
            quantity=line.quantity.normalize(),
            unit_price=line.unit_price,
            tax_type=line.tax_type,
            discount=line.discount,
            product_id=line.product_id,
            price_override=line.price_override,
        )
        for line in OrderLine.objects.filter(order_id=order.id).order_by("position")
    ]


def _detail(job: PrintJob) -> paper.Slip:
    order = Order.objects.get(id=job.subject_id)
    refuse_long_detail(order)
    stored = StoredInvoice.objects.filter(id=order.invoice_id).first()
    store = _store_name(job.register_id)
    if stored is None:
        return _plain_detail(order, store)
    return paper.transaction_detail(
        _document(stored),
        store_name=store,
        order_number=order.number,
        cashier=order.staff_name,
        tenders=_tenders(order.id),
    )


def _plain_detail(order: Order, store: str) -> paper.Slip:
    """The items of an order that has no invoice of ours."""
    lines = list(OrderLine.objects.filter(order_id=order.id).order_by("position"))
    if len(lines) > paper.LONGEST_DETAIL:
        raise NothingToPrint(detail=_too_long(len(lines)), for_good=True)
    blocks: list[paper.Block] = [
        paper.Text(store, bold=True, align="centre"),
        paper.Text("交易明細", bold=True, align="centre"),
        paper.Text(f"{clock.in_taipei(order.completed_at):%Y-%m-%d %H:%M:%S}"),
        paper.Text(f"訂單編號 {order.number}"),
        paper.Text(f"收銀員 {order.staff_name}"),
        paper.Rule(),
    ]
    for line in lines:
        blocks.append(paper.Text(line.name))
        quantity = f"  {line.quantity.normalize():f} x {line.unit_price:,}"
        blocks.append(paper.Columns(quantity, f"{line.amount:,}"))
        if line.discount:
            blocks.append(paper.Columns("  折扣", f"-{line.discount:,}"))
    if order.order_discount:
        blocks.append(paper.Columns("整單折扣", f"-{order.order_discount:,}"))
    blocks += [paper.Rule(), paper.Columns("總計", f"{order.total:,}", bold=True)]
    blocks += [paper.Columns(name, f"{amount:,}") for name, amount in _tenders(order.id)]
    return (*blocks, paper.Cut())


def _shift(job: PrintJob) -> paper.ShiftSummary:
    closing = ShiftClosing.objects.filter(id=job.subject_id).first()
    row: ShiftFigures = closing or ShiftSummary.objects.get(id=job.subject_id)
    register = Register.objects.get(id=row.register_id)
    return paper.ShiftSummary(
        store=_store_name(row.register_id),
        register=register.name,
        cashier=row.staff_name,
        serial=row.serial,
        begin=clock.in_taipei(row.begin_at),
        end=clock.in_taipei(row.end_at),
        orders=row.orders,
        # The slip's sales are net of cancelled orders (B.11.4).
        sales=row.sales - row.cancelled_amount,
        cancelled_orders=row.cancelled_orders,
        cancelled_amount=row.cancelled_amount,
        invoices=row.invoices,
        invoice_amount=row.invoice_amount,
        voided_invoices=row.voided_invoices,
        voided_amount=row.voided_amount,
        cash_float=row.cash_float,
        expected_cash=row.expected_cash,
        counted_cash=row.counted_cash,
        cash_taken=row.taken_out,
        cash_left=row.cash_left,
        tenders=tuple(
            paper.TenderSum(METHOD_NAMES[Method(t["method"])], t["count"], t["amount"])
            for t in row.tenders
        ),
        first_number=row.first_number,
        last_number=row.last_number,
        difference_reason=row.reason,
        closing=closing is not None,
        summaries=closing.summaries if closing else 1,
    )
