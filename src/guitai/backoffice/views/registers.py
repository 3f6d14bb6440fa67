"""Registers: settings, who holds them, unlocking, codes, and opening the till on this device."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page, posted
from guitai.backoffice.forms.shop import (
    DeviceForm,
    InvoiceSettingsForm,
    NewRegisterForm,
    ReasonForm,
    RegisterForm,
)
from guitai.invoicing.registry import name_of
from guitai.kernel.errors import GuitaiError
from guitai.tenancy import queries, services
from guitai.tenancy.models import Register
from guitai.tenancy.rules import Permission

P = Permission
TILL_COOKIE = "guitai_till"
TILL_COOKIE_SECONDS = 400 * 24 * 60 * 60
"""As long as browsers keep any cookie; the binding ends at the desk, not by time (B.15.1)."""


@desk_page(P.REGISTER_SETTINGS, methods=("GET",))
def registers(request: Any) -> HttpResponse:
    retired = request.GET.get("retired") == "1"
    rows = [
        {
            "register": register,
            "held": queries.held_by(register),
            "centre": name_of(register.centre),
            "session": queries.open_session(register.id),
        }
        for register in queries.registers(request.member, retired=retired)
    ]
    return page(
        request,
        "registers.html",
        rows=rows,
        retired=retired,
        may_add=request.member.may(P.MANAGE_SHOP),
        may_unlock=request.member.may(P.UNLOCK_REGISTER),
        may_invoice=request.member.may(P.INVOICE_SETTINGS),
    )


@desk_page(P.MANAGE_SHOP)
def register_new(request: Any) -> HttpResponse:
    stores = list(queries.stores(request.member).filter(closed_at=None))
    if not stores:
        messages.warning(request, "請先新增門市，POS 機必須屬於一家門市。")
        return redirect("desk:store-new")
    form = NewRegisterForm(
        posted(request), stores=stores, initial={"store": request.GET.get("store", "")}
    )
    if request.method == "POST" and form.takes(lambda v: _add(request.member, v)):
        messages.success(request, f"已新增 POS 機「{form.cleaned_data['name']}」。")
        return redirect("desk:registers")
    return page(request, "form.html", form=form, title="新增 POS 機", back="desk:registers")


def _add(member: Any, values: dict[str, Any]) -> None:
    store_id = UUID(values.pop("store"))
    services.add_register(member, store_id=store_id, **values)


@desk_page(P.REGISTER_SETTINGS)
def register(request: Any, register_id: UUID) -> HttpResponse:
    """One register: its data (posted here), its device, its invoice settings."""
    found = queries.register(register_id, request.member)
    form = RegisterForm.of(found, posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.update_register(request.member, register_id, **v)
    ):
        messages.success(request, "POS 機資料已儲存。")
        return redirect("desk:register", register_id)
    return _register_page(request, found, form=form)


def _register_page(
    request: Any, found: Register, *, status: int = 200, **forms: Any
) -> HttpResponse:
    member = request.member
    may_invoice = member.may(P.INVOICE_SETTINGS, found.store_id)
    held = queries.holder(found.id)
    values = {
        "form": RegisterForm.of(found),
        "device_form": DeviceForm(initial={"device_name": found.name}),
        "unlock_form": ReasonForm(),
        "invoice_form": InvoiceSettingsForm.of(found) if may_invoice else None,
        **forms,
    }
    return page(
        request,
        "register.html",
        status=status,
        register=found,
        held=held,
        held_here=held is not None and _holds_here(request, held.id),
        session=queries.open_session(found.id),
        may_unlock=member.may(P.UNLOCK_REGISTER, found.store_id),
        may_manage=member.may(P.MANAGE_SHOP),
        **values,
    )


def _holds_here(request: Any, binding_id: UUID) -> bool:
    """Whether the device in front of us is the one that holds the register."""
    try:
        _, binding = queries.authenticate_device(request.COOKIES.get(TILL_COOKIE, ""))
    except GuitaiError:
        return False
    return bool(binding.id == binding_id)


@desk_page(P.INVOICE_SETTINGS)
def register_invoice(request: Any, register_id: UUID) -> HttpResponse:
    """POS 發票設定（店長專屬）: the owner and that store's manager, by any road (S0.11-12)."""
    found = queries.register(register_id, request.member)
    request.member.require(P.INVOICE_SETTINGS, found.store_id)
    form = InvoiceSettingsForm.of(found, posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.update_invoice_settings(
            request.member, register_id, services.InvoiceSettings(**v)
        )
    ):
        messages.success(request, "POS 發票設定已儲存；收銀台下次更新狀態時生效。")
        return redirect("desk:register", register_id)
    title = f"POS 發票設定（店長專屬）：{found.store.name} {found.name}"
    return page(
        request, "form.html", form=form, title=title, back="desk:register", back_id=register_id
    )


@desk_page(P.UNLOCK_REGISTER, methods=("POST",))
def register_unlock(request: Any, register_id: UUID) -> HttpResponse:
    found = queries.register(register_id, request.member)
    form = ReasonForm(request.POST)
    if form.takes(lambda v: services.unlock(request.member, register_id, reason=v["reason"])):
        messages.success(request, f"「{found.name}」已解鎖，原裝置會看到「POS 未綁定」。")
        return redirect("desk:register", register_id)
    return _register_page(request, found, status=422, unlock_form=form)


@desk_page(P.REGISTER_SETTINGS, methods=("POST",))
def register_code(request: Any, register_id: UUID) -> HttpResponse:
    """Shows a fresh binding code once; it is in no address and no log."""
    found = queries.register(register_id, request.member)
    fresh = services.make_binding_code(request.member, register_id)
    return page(
        request,
        "binding_code.html",
        register=found,
        code=f"{fresh.code[:4]}-{fresh.code[4:]}",
        expires_at=fresh.expires_at,
    )


@desk_page(P.REGISTER_SETTINGS, methods=("POST",))
def register_open_here(request: Any, register_id: UUID) -> HttpResponse:
    """在這台裝置開啟收銀: binds this browser and goes to the till."""
    found = queries.register(register_id, request.member)
    held = queries.holder(register_id)
    if held is not None and _holds_here(request, held.id):
        return HttpResponseRedirect("/pos/")
    form = DeviceForm(request.POST)
    made: list[services.FreshBinding] = []
    if not form.takes(
        lambda v: made.append(
            services.bind_here(
                request.member,
                register_id,
                v["device_name"],
                current_token=request.COOKIES.get(TILL_COOKIE, ""),
            )
        )
    ):
        return _register_page(request, found, status=422, device_form=form)
    answer = HttpResponseRedirect("/pos/")
    answer.set_cookie(
        TILL_COOKIE,
        made[0].token,
        max_age=TILL_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return answer


@desk_page(P.MANAGE_SHOP, methods=("POST",))
def register_retire(request: Any, register_id: UUID) -> HttpResponse:
    queries.register(register_id, request.member)
    services.retire_register(request.member, register_id)
    messages.success(request, "POS 機已停用。")
    return redirect("desk:register", register_id)


@desk_page(P.MANAGE_SHOP, methods=("POST",))
def register_restore(request: Any, register_id: UUID) -> HttpResponse:
    queries.register(register_id, request.member)
    services.restore_register(request.member, register_id)
    messages.success(request, "POS 機已恢復使用。")
    return redirect("desk:register", register_id)
