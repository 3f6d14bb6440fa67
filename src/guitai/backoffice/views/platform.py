"""The platform operator: the merchants, opened and switched off. He enters none of them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import operator_page, page, posted
from guitai.backoffice.forms.people import MerchantForm
from guitai.backoffice.views.paging import paged
from guitai.kernel import scope
from guitai.kernel import text as names
from guitai.kernel.audit import Actor
from guitai.kernel.errors import GuitaiError
from guitai.tenancy import queries, services
from guitai.tenancy.models import Register, Staff


def _actor(request: Any) -> Actor:
    return Actor(kind="operator", name=request.user.name or request.user.email, id=request.user.id)


@operator_page(methods=("GET",))
def platform(request: Any) -> HttpResponse:
    search = request.GET.get("q", "").strip()[:60]
    found = queries.merchants()
    if search:
        found = found.none() if names.first_fault(search) else found.filter(name__icontains=search)
    rows = paged(request, found)
    ids = [merchant.id for merchant in rows]
    with scope.across_merchants("the platform operator's list of merchants"):
        registers = _counts(Register.objects.filter(retired_at=None, merchant_id__in=ids))
        people = _counts(Staff.objects.filter(suspended_at=None, merchant_id__in=ids))
    for merchant in rows:
        merchant.registers = registers.get(merchant.id, 0)
        merchant.people = people.get(merchant.id, 0)
    return page(request, "platform.html", rows=rows, search=search)


def _counts(found: Any) -> dict[UUID, int]:
    return dict(found.values_list("merchant_id").annotate(count=Count("id")).order_by())


@operator_page()
def platform_new(request: Any) -> HttpResponse:
    form = MerchantForm(posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.create_merchant_with_owner(
            v["name"],
            v["email"],
            v["password"],
            owner_name=v["owner_name"],
            by=_actor(request),
        )
    ):
        messages.success(request, f"已建立商家「{form.cleaned_data['name']}」。")
        return redirect("desk:platform")
    return page(request, "form.html", form=form, title="新增商家", back="desk:platform")


@operator_page(methods=("POST",))
def platform_suspend(request: Any, merchant_id: UUID) -> HttpResponse:
    return _switch(request, merchant_id, services.suspend_merchant, "商家已停用。")


@operator_page(methods=("POST",))
def platform_restore(request: Any, merchant_id: UUID) -> HttpResponse:
    return _switch(request, merchant_id, services.restore_merchant, "商家已恢復。")


def _switch(request: Any, merchant_id: UUID, verb: Any, done: str) -> HttpResponse:
    try:
        verb(_actor(request), merchant_id, request.POST.get("reason", ""))
    except GuitaiError as error:
        if error.status == 404:
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("desk:platform")
