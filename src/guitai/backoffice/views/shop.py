"""Business entities and stores."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page, posted
from guitai.backoffice.forms.shop import EntityForm, StoreForm
from guitai.kernel.errors import GuitaiError
from guitai.tenancy import queries, services
from guitai.tenancy.rules import Permission

MANAGE = Permission.MANAGE_SHOP


@desk_page(MANAGE, methods=("GET",))
def entities(request: Any) -> HttpResponse:
    return page(request, "entities.html", entities=queries.entities().prefetch_related("stores"))


@desk_page(MANAGE)
def entity_new(request: Any) -> HttpResponse:
    form = EntityForm(posted(request))
    if request.method == "POST" and form.takes(lambda v: services.add_entity(request.member, **v)):
        messages.success(request, f"已新增營業人「{form.cleaned_data['name']}」。")
        return redirect("desk:entities")
    return page(request, "form.html", form=form, title="新增營業人", back="desk:entities")


@desk_page(MANAGE)
def entity(request: Any, entity_id: UUID) -> HttpResponse:
    found = queries.entity(entity_id)
    form = EntityForm.of(found, posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.update_entity(
            request.member, entity_id, **{k: t for k, t in v.items() if k != "ban"}
        )
    ):
        messages.success(request, f"已儲存營業人「{form.cleaned_data['name']}」。")
        return redirect("desk:entities")
    return page(request, "form.html", form=form, title=found.name, back="desk:entities")


@desk_page(MANAGE, Permission.REGISTER_SETTINGS, methods=("GET",))
def stores(request: Any) -> HttpResponse:
    managers = queries.managers()
    rows = [
        {"store": store, "manager": managers.get(store.id)}
        for store in queries.stores(request.member).prefetch_related("registers")
    ]
    return page(request, "stores.html", rows=rows, may_add=request.member.may(MANAGE))


@desk_page(MANAGE)
def store_new(request: Any) -> HttpResponse:
    entities_here = list(queries.entities())
    if not entities_here:
        messages.warning(request, "請先新增營業人，門市必須屬於一個營業人。")
        return redirect("desk:entity-new")
    form = StoreForm(posted(request), entities=entities_here)
    if request.method == "POST" and form.takes(lambda v: _add_store(request.member, v)):
        messages.success(request, f"已新增門市「{form.cleaned_data['name']}」。")
        return redirect("desk:stores")
    return page(request, "form.html", form=form, title="新增門市", back="desk:stores")


def _add_store(member: Any, values: dict[str, str]) -> None:
    entity_id = UUID(values.pop("entity"))
    services.add_store(member, entity_id=entity_id, **values)


@desk_page(MANAGE, Permission.REGISTER_SETTINGS)
def store(request: Any, store_id: UUID) -> HttpResponse:
    found = queries.store(store_id, request.member)
    form = StoreForm.of(found, posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.update_store(
            request.member,
            store_id,
            name=v["name"],
            address=v["address"],
            telephone=v["telephone"],
        )
    ):
        messages.success(request, f"已儲存門市「{form.cleaned_data['name']}」。")
        return redirect("desk:stores")
    return page(
        request,
        "store.html",
        form=form,
        store=found,
        manager=queries.managers().get(store_id),
        registers=queries.registers(request.member).filter(store_id=store_id),
        may_manage=request.member.may(MANAGE),
    )


@desk_page(MANAGE, methods=("POST",))
def store_close(request: Any, store_id: UUID) -> HttpResponse:
    return _store_verb(request, store_id, services.close_store, "門市已設為歇業。")


@desk_page(MANAGE, methods=("POST",))
def store_reopen(request: Any, store_id: UUID) -> HttpResponse:
    return _store_verb(request, store_id, services.reopen_store, "門市已恢復營業。")


def _store_verb(request: Any, store_id: UUID, verb: Any, done: str) -> HttpResponse:
    queries.store(store_id, request.member)
    try:
        verb(request.member, store_id)
        messages.success(request, done)
    except GuitaiError as error:
        messages.error(request, error.message)
    return redirect("desk:store", store_id)
