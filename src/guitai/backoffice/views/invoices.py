"""發票: the list over all registers; one invoice with its history, its proof and its XML."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.forms.invoicing import VoidForm
from guitai.backoffice.views.invoicing_base import (
    CONTENT_TYPES,
    actor_of,
    attached,
    confined_to,
    cursor_of,
    exported,
    his_registers,
    kept,
    kept_fields,
    links,
    narrowed,
    next_page,
    typed,
    typed_day,
    typed_id,
)
from guitai.backoffice.words_invoicing import shown_audit, shown_job, shown_sending
from guitai.invoicing import registry, rules
from guitai.invoicing.errors import VoidWindowClosed
from guitai.invoicing.rules import INVOICE_STATE_NAMES, InvoiceState, TransmissionState
from guitai.kernel import clock
from guitai.orders import services as orders
from guitai.reporting import exports, papers
from guitai.reporting.queries import invoices as reads
from guitai.reporting.queries.invoices import InvoiceFilter
from guitai.reporting.queries.numbers import period_tabs
from guitai.reporting.rules import STATE_TONES
from guitai.tenancy.rules import Permission
from twinvoice import codes
from twinvoice.period import Period

VIEW, MANAGE = Permission.VIEW_INVOICES, Permission.MANAGE_INVOICES
S = TransmissionState
UPLOADS = (S.WAITING, S.IN_DOUBT, S.SENT, S.CONFIRMED, S.REJECTED, S.PARKED)


def _wanted(request: Any) -> InvoiceFilter:
    return InvoiceFilter(
        text=typed(request, "q"),
        period=typed(request, "period"),
        day=typed_day(request),
        registers=narrowed(confined_to(request.member), typed_id(request, "register")),
        state=typed(request, "state"),
        upload=typed(request, "upload"),
        kind=typed(request, "kind"),
    )


@desk_page(VIEW, methods=("GET",))
def invoices(request: Any) -> HttpResponse:
    """The list; htmx asks for the table alone while somebody types into the search."""
    wanted = _wanted(request)
    found = reads.page(wanted, cursor_of(request))
    values: dict[str, Any] = {
        "rows": [_row(row) for row in found.rows],
        "next": next_page(request, found.after),
        "wanted": wanted,
        "day": wanted.day.isoformat() if wanted.day else "",
        "register": typed(request, "register"),
        "filtered": wanted != replace(InvoiceFilter(), registers=confined_to(request.member)),
        "query": kept(request),
    }
    if request.htmx:
        return page(request, "invoices/table.html", **values)
    return page(
        request,
        "invoices/list.html",
        **values,
        **_filters(request),
        **_totals(wanted),
        keep=kept_fields(request, "q", "day", "register"),
    )


def _filters(request: Any) -> dict[str, Any]:
    tabs = [
        (tab.code, f"{tab.label}{'・' + tab.word if tab.word else ''}") for tab in period_tabs()
    ]
    names = [(key, word) for key, (word, _) in reads.KINDS.items()]
    today = clock.today().isoformat()
    return {
        "periods": links(request, "period", [("", "全部"), *tabs[:8]]),
        "states": links(
            request,
            "state",
            [("", "全部"), *((s.value, INVOICE_STATE_NAMES[s]) for s in InvoiceState)],
        ),
        "uploads": links(
            request, "upload", [("", "全部"), *((s.value, rules.STATE_NAMES[s]) for s in UPLOADS)]
        ),
        "kinds": links(request, "kind", [("", "全部"), *names]),
        "days": links(request, "day", [("", "全部"), (today, "今天")]),
        "registers": his_registers(request.member),
    }


def _totals(wanted: InvoiceFilter) -> dict[str, Any]:
    """The day's figures by register; only for one day, so that no list counts everything."""
    if wanted.day is None or wanted.text:
        return {"totals": []}
    rows = reads.day_totals(wanted.day, wanted.registers)
    return {
        "totals": rows,
        "sum_count": sum(row.count for row in rows),
        "sum_total": sum(row.total for row in rows),
        "sum_voided": sum(row.voided for row in rows),
        "sum_voided_total": sum(row.voided_total for row in rows),
    }


def _row(row: reads.InvoiceRow) -> dict[str, Any]:
    invoice = row.invoice
    return {
        "invoice": invoice,
        "buyer": _buyer(row),
        "order_number": row.order_number,
        "register": exports.register_name(invoice.register),
        "voided": invoice.state == InvoiceState.VOIDED,
        "sendings": [
            {"text": _short(one), "tone": STATE_TONES[S(one.state)]} for one in row.sendings
        ],
    }


def _short(one: Any) -> str:
    """The issue is what every invoice has; only what comes after it is named."""
    words = rules.STATE_NAMES[S(one.state)]
    return words if one.position == 0 else f"{rules.KIND_NAMES[rules.Kind(one.kind)]}：{words}"


def _buyer(row: reads.InvoiceRow) -> str:
    """Who got it how, in one cell; carriers are masked."""
    invoice = row.invoice
    parts = []
    if invoice.buyer_ban != "0000000000":
        parts.append(f"統編 {invoice.buyer_ban}")
    if invoice.carrier_type:
        parts.append(f"{carrier_name(invoice.carrier_type)} {row.carrier}")
    if invoice.npoban:
        parts.append(f"捐贈 {invoice.npoban}")
    return "・".join(parts) or ("自行開立" if invoice.manual else "紙本")


def carrier_name(code: str) -> str:
    entry = codes.load("carrier_types").get(code)
    return entry.zh if entry is not None else f"載具 {code}"


@desk_page(VIEW, methods=("GET",))
def invoice_export(request: Any, kind: str) -> HttpResponse:
    """The filter's invoices as a file."""
    rows = reads.export(_wanted(request), exports.LIMITS[kind] + 1)
    return exported(exports.invoices(rows), kind, f"invoices-{clock.today().isoformat()}")


@desk_page(VIEW, methods=("GET",))
def invoice(request: Any, invoice_id: UUID) -> HttpResponse:
    return _invoice_page(request, invoice_id, VoidForm())


def _invoice_page(
    request: Any, invoice_id: UUID, form: VoidForm, status: int = 200
) -> HttpResponse:
    found = reads.dossier(invoice_id, confined_to(request.member))
    stored, document = found.invoice, papers.document_of(found.invoice)
    kind = stored.carrier_type
    return page(
        request,
        "invoices/one.html",
        status=status,
        found=found,
        invoice=stored,
        document=document,
        period=Period.parse(stored.period),
        register=exports.register_name(stored.register),
        centre=registry.name_of(stored.centre),
        carrier_name=carrier_name(kind) if kind else "",
        no_proof=papers.why_no_proof(stored),
        sendings=[shown_sending(one, clock.now()) for one in found.sendings],
        jobs=[shown_job(job) for job in found.jobs],
        audit=[shown_audit(entry) for entry in found.audit],
        void_form=form,
        **_void_choice(request, stored),
    )


def _void_choice(request: Any, stored: Any) -> dict[str, Any]:
    """Whether the form is shown, and if not, why and what to do instead."""
    deadline = rules.void_deadline(stored.period)
    why = ""
    try:
        rules.check_void_window(stored.period, clock.now())
    except VoidWindowClosed as error:
        why = error.message
    may = request.member.may(MANAGE) and stored.state == InvoiceState.ISSUED
    return {"may_void": may and not why, "void_refusal": why if may else "", "deadline": deadline}


@desk_page(MANAGE, methods=("POST",))
def invoice_void(request: Any, invoice_id: UUID) -> HttpResponse:
    """作廢 inside the window (B.7.2); the refusal after it says that an allowance is needed."""
    reads.one(invoice_id, confined_to(request.member))
    form = VoidForm(request.POST)
    done = form.takes(
        lambda values: orders.void_invoice(
            invoice_id,
            reason=values["reason"],
            actor=actor_of(request.member),
            now=clock.now(),
        )
    )
    if not done:
        return _invoice_page(request, invoice_id, form, status=422)
    messages.success(request, "發票已作廢，作廢單會排在開立之後上傳。")
    return redirect("desk:invoice", invoice_id)


@desk_page(VIEW, methods=("GET",))
def invoice_proof(request: Any, invoice_id: UUID) -> HttpResponse:
    """The picture of the proof, as the printer draws it."""
    stored = reads.one(invoice_id, confined_to(request.member))
    answer = HttpResponse(papers.proof_png(stored), content_type=CONTENT_TYPES["png"])
    answer["Cache-Control"] = "private, no-store"
    return answer


@desk_page(VIEW, methods=("GET",))
def invoice_xml(request: Any, invoice_id: UUID, message: str) -> HttpResponse:
    """MIG 4.1 of the invoice or of its void."""
    stored = reads.one(invoice_id, confined_to(request.member))
    return attached(papers.xml_of(stored, message), "xml", f"{message}-{stored.number}.xml")
