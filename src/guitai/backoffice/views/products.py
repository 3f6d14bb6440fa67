"""Products: list, search, edit, import, export."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page, posted
from guitai.backoffice.forms.products import ProductForm, UploadForm
from guitai.backoffice.views.paging import filter_links, kept_query, paged
from guitai.catalog import queries, services
from guitai.catalog.errors import ImportGone, ProductChanged
from guitai.catalog.queries import ProductFilter
from guitai.catalog.rules import COLUMNS, TAX_TYPE_NAMES, TaxType
from guitai.kernel import clock, money
from guitai.kernel.errors import GuitaiError
from guitai.tenancy.rules import Permission

MANAGE = Permission.MANAGE_PRODUCTS
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN_FAULTS = 500
SHOWN_CHANGES = 100


@desk_page(MANAGE, methods=("GET",))
def products(request: Any) -> HttpResponse:
    """The list; htmx asks for the table alone while somebody types into the search."""
    chosen = ProductFilter(
        search=request.GET.get("q", "")[:100],
        tax_type=request.GET.get("tax", ""),
        state=request.GET.get("state", ""),
    )
    rows = paged(request, queries.products(chosen))
    for product in rows:
        product.tax_name = TAX_TYPE_NAMES[TaxType(product.tax_type)]
        product.price_shown = money.shown(product.price)
    taxes = [("", "全部稅別"), *((tax.value, name) for tax, name in TAX_TYPE_NAMES.items())]
    return page(
        request,
        "products/table.html" if request.htmx else "products/list.html",
        rows=rows,
        chosen=chosen,
        filtered=bool(chosen.search or chosen.tax_type or chosen.state),
        states=filter_links(
            request, "state", [("", "全部"), ("active", "販售中"), ("inactive", "停售")]
        ),
        taxes=filter_links(request, "tax", taxes),
        query=kept_query(request),
    )


@desk_page(MANAGE)
def product_new(request: Any) -> HttpResponse:
    form = ProductForm(posted(request), initial={"active": True})
    if request.method == "POST" and form.takes(
        lambda v: services.add_product(request.member, form.draft())
    ):
        messages.success(request, f"已新增商品「{form.cleaned_data['name']}」。")
        return redirect("desk:product-new" if "again" in request.POST else "desk:products")
    return page(request, "products/edit.html", form=form, title="新增商品", product=None)


@desk_page(MANAGE)
def product(request: Any, product_id: UUID) -> HttpResponse:
    found = queries.product(product_id)
    form = ProductForm.of(found, posted(request))
    if request.method == "POST":
        try:
            if form.is_valid():
                services.update_product(
                    request.member, product_id, form.draft(), seen_at=form.cleaned_data["seen_at"]
                )
                messages.success(request, f"已儲存商品「{form.cleaned_data['name']}」。")
                return redirect("desk:products")
        except ProductChanged as error:
            messages.error(request, error.message)
            return redirect("desk:product", product_id)
        except GuitaiError as error:
            form.refuse(error)
    return page(request, "products/edit.html", form=form, title=found.name, product=found)


@desk_page(MANAGE, methods=("GET",))
def product_export(request: Any, kind: str) -> HttpResponse:
    """All products of the merchant as a file."""
    day = clock.today().isoformat()
    if kind == "xlsx":
        return _file(services.export_xlsx(), XLSX, f"products-{day}.xlsx")
    return _file(services.export_csv(), CSV, f"products-{day}.csv")


@desk_page(MANAGE, methods=("GET",))
def product_template(request: Any, kind: str) -> HttpResponse:
    if kind == "xlsx":
        return _file(services.template_xlsx(), XLSX, "products-template.xlsx")
    return _file(services.template_csv(), CSV, "products-template.csv")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@desk_page(MANAGE)
def product_import(request: Any) -> HttpResponse:
    """Step one: the file. It is kept and looked at, nothing is changed."""
    form = UploadForm(posted(request), request.FILES or None)
    kept: list[Any] = []

    def keep(values: dict[str, Any]) -> None:
        upload = values["file"]
        kept.append(services.upload(request.member, upload.read(), upload.name))

    if request.method == "POST" and form.takes(keep):
        return redirect("desk:product-import-preview", kept[0].id)
    return page(request, "products/import.html", form=form, columns=list(COLUMNS.values()))


@desk_page(MANAGE, methods=("GET",))
def product_import_preview(request: Any, import_id: UUID) -> HttpResponse:
    """Step two: what the file would do, or what is wrong with it, row by row."""
    waiting = queries.waiting_import(import_id)
    if waiting.uploaded_by != request.member.staff_id:
        raise ImportGone
    seen = services.preview(bytes(waiting.content), waiting.filename)
    return page(
        request,
        "products/preview.html",
        waiting=waiting,
        seen=seen,
        faults=seen.faults[:SHOWN_FAULTS],
        more_faults=max(0, len(seen.faults) - SHOWN_FAULTS),
        changed=[_changes(change) for change in seen.changed[:SHOWN_CHANGES]],
        more_changed=max(0, len(seen.changed) - SHOWN_CHANGES),
        new=seen.new[:SHOWN_CHANGES],
        more_new=max(0, len(seen.new) - SHOWN_CHANGES),
    )


def _changes(change: services.Change) -> dict[str, Any]:
    return {
        "row": change.row,
        "draft": change.draft,
        "fields": [
            {
                "label": COLUMNS[f],
                "before": _said(f, old),
                "after": _said(f, getattr(change.draft, f)),
            }
            for f, old in change.before.items()
        ],
    }


def _said(field: str, value: Any) -> str:
    if field == "tax_type":
        return TAX_TYPE_NAMES[TaxType(value)]
    if field == "active":
        return "是" if value else "否"
    if field == "price":
        return f"{value:,}"
    return str(value) or "（空白）"


@desk_page(MANAGE, methods=("POST",))
def product_import_apply(request: Any, import_id: UUID) -> HttpResponse:
    """Step three: all of it, or nothing."""
    try:
        done = services.apply(request.member, import_id)
    except ImportGone as error:
        messages.error(request, error.message)
        return redirect("desk:product-import")
    except GuitaiError as error:
        messages.error(request, error.message)
        return redirect("desk:product-import-preview", import_id)
    messages.success(
        request,
        f"匯入完成：新增 {len(done.new):,} 項、更新 {len(done.changed):,} 項、"
        f"未變 {done.unchanged:,} 項。",
    )
    return redirect("desk:products")
