"""訂單: the list over all stores a person sees, and one order with everything about it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.forms.invoicing import NumberForm
from guitai.backoffice.views.invoicing_base import (
    actor_of,
    cursor_of,
    exported,
    his_registers,
    kept,
    kept_fields,
    links,
    next_page,
    typed,
    typed_day,
    typed_id,
)
from guitai.backoffice.words_invoicing import shown_audit, shown_job
from guitai.catalog.rules import TAX_TYPE_NAMES, TaxType
from guitai.invoicing.rules import INVOICE_STATE_NAMES, InvoiceState
from guitai.kernel import clock
from guitai.orders import services
from guitai.orders.rules import InvoiceChoiceKind, OrderState, noted_number
from guitai.payments.rules import METHOD_NAMES, Method
from guitai.reporting import exports
from guitai.reporting.queries import orders as reads
from guitai.reporting.queries.orders import OrderDossier, OrderFilter
from guitai.tenancy import queries as tenancy
from guitai.tenancy.rules import Permission
from guitai_agent import knowledge

VIEW = Permission.VIEW_ORDERS
K = InvoiceChoiceKind
STATES = {OrderState.COMPLETED: "完成", OrderState.CANCELLED: "已取消"}
CHOICES = {
    K.PAPER: "紙本",
    K.COMPANY: "公司統編",
    K.MOBILE_BARCODE: "手機條碼",
    K.CITIZEN_CERTIFICATE: "自然人憑證",
    K.MEMBER: "會員載具",
    K.DONATION: "捐贈",
    K.SELF: "自行開立",
    K.NONE_YET: "尚未開立",
}


def _stores(request: Any) -> list[Any]:
    return list(tenancy.stores(request.member))


def _wanted(request: Any) -> OrderFilter:
    chosen = typed_id(request, "store")
    ids = tuple(store.id for store in _stores(request))
    return OrderFilter(
        stores=tuple(one for one in ids if chosen in {None, one}),
        text=typed(request, "q"),
        day=typed_day(request),
        state=typed(request, "state"),
        invoice_kind=typed(request, "invoice"),
        register_id=typed_id(request, "register"),
        unmarked=typed(request, "check") == "unmarked",
    )


@desk_page(VIEW, methods=("GET",))
def orders(request: Any) -> HttpResponse:
    """The list; htmx asks for the table alone while somebody types into the search."""
    wanted = _wanted(request)
    found = reads.page(wanted, cursor_of(request))
    values: dict[str, Any] = {
        "rows": [_row(order) for order in found.rows],
        "next": next_page(request, found.after),
        "wanted": wanted,
        "day": wanted.day.isoformat() if wanted.day else "",
        "query": kept(request),
        "part_days": reads.PART_DAYS,
        "may_invoices": request.member.may(Permission.VIEW_INVOICES),
    }
    if request.htmx:
        return page(request, "orders/table.html", **values)
    stores = _stores(request)
    return page(
        request,
        "orders/list.html",
        **values,
        keep=kept_fields(request, "q", "day", "register"),
        register=typed(request, "register"),
        registers=his_registers(request.member),
        stores=links(request, "store", [("", "全部"), *((str(s.id), s.name) for s in stores)]),
        states=links(request, "state", [("", "全部"), *((k.value, v) for k, v in STATES.items())]),
        kinds=links(
            request, "invoice", [("", "全部"), *((k.value, v) for k, v in CHOICES.items())]
        ),
        checks=links(request, "check", [("", "全部"), ("unmarked", "疑似未標記自行開立")]),
        days=links(request, "day", [("", "全部"), (clock.today().isoformat(), "今天")]),
    )


def _row(order: Any) -> dict[str, Any]:
    return {
        "order": order,
        "choice": CHOICES[K(order.invoice_kind)],
        "cancelled": order.state == OrderState.CANCELLED,
        # What a day cannot mend any more: sold, and neither numbered nor hand-written (B.5.6).
        "no_invoice": order.state == OrderState.COMPLETED and not order.invoice_number,
        "today": order.business_day == clock.today(),
        "noted": "" if order.invoice_number else noted_number(order.note),
    }


@desk_page(VIEW, methods=("GET",))
def order_export(request: Any, kind: str) -> HttpResponse:
    """The filter's orders as a file."""
    rows = reads.export(_wanted(request), exports.LIMITS[kind] + 1)
    return exported(exports.orders(rows), kind, f"orders-{clock.today().isoformat()}")


@desk_page(VIEW, methods=("GET",))
def order(request: Any, order_id: UUID) -> HttpResponse:
    return _order_page(request, order_id)


@desk_page(Permission.MANAGE_INVOICES, methods=("POST",))
def order_handwritten(request: Any, order_id: UUID) -> HttpResponse:
    """標記為自行開立: for a number that was written down elsewhere (S3.16-17)."""
    stores = [store.id for store in _stores(request)]
    form = NumberForm(request.POST)
    if not form.takes(
        lambda values: services.mark_handwritten(
            order_id,
            values["number"],
            stores=stores,
            actor=actor_of(request.member),
            now=clock.now(),
        )
    ):
        return _order_page(request, order_id, form, status=422)
    messages.success(request, "已標記為「自行開立」，訂單與報表都看得到這個號碼。")
    return redirect("desk:order", order_id)


def _may_mark(request: Any, found: OrderDossier) -> bool:
    return (
        request.member.may(Permission.MANAGE_INVOICES)
        and found.order.state == OrderState.COMPLETED
        and not found.order.invoice_number
    )


def _kept_number(found: OrderDossier) -> str:
    """A hand-written invoice that the order itself does not know of."""
    return next((one.number for one in found.invoices if one.manual), "")


def _order_page(
    request: Any, order_id: UUID, form: NumberForm | None = None, *, status: int = 200
) -> HttpResponse:
    found = reads.dossier(order_id, [store.id for store in _stores(request)])
    row, may = _row(found.order), _may_mark(request, found)
    number = "" if found.order.invoice_number else _kept_number(found) or row["noted"]
    return page(
        request,
        "orders/one.html",
        status=status,
        found=found,
        lines=[
            {
                "line": line,
                "quantity": f"{line.quantity.normalize():f}",
                "net": line.amount - line.discount,
                "tax": TAX_TYPE_NAMES[TaxType(line.tax_type)],
            }
            for line in found.lines
        ],
        tenders=[
            {"tender": one, "method": METHOD_NAMES[Method(one.method)]} for one in found.tenders
        ],
        invoices=[
            {"invoice": one, "state": INVOICE_STATE_NAMES[InvoiceState(one.state)]}
            for one in found.invoices
        ],
        jobs=[shown_job(job) for job in found.jobs],
        audit=[shown_audit(entry) for entry in found.audit],
        may_invoices=request.member.may(Permission.VIEW_INVOICES),
        **{**row, "noted": number},
        unmarked=knowledge.remedy("INV_MANUAL_UNMARKED"),
        number_form=(form or NumberForm(initial={"number": number})) if may else None,
    )
