"""Business entities, stores and registers."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, clock
from guitai.kernel.constraints import refused_as
from guitai.kernel.errors import BadInput, NotFound
from guitai.kernel.money import MAX_TWD
from guitai.tenancy import queries
from guitai.tenancy.errors import BanTaken, CodeTaken, StoreClosed, StoreHasRegisters
from guitai.tenancy.models import BusinessEntity, Register, Store
from guitai.tenancy.rules import Member, Permission
from guitai.tenancy.services import _inputs
from guitai.tenancy.services._inputs import actor_of
from guitai.tenancy.services.devices import release_for

_ENTITY_LINES = {
    "name": ("營業人名稱", 60, True),
    "address": ("營業地址", 100, True),
    "person_in_charge": ("負責人", 30, False),
    "telephone": ("電話", 26, False),
    "email": ("電子郵件", 400, False),
}
_STORE_LINES = {
    "name": ("門市名稱", 60, True),
    "address": ("門市地址", 100, False),
    "telephone": ("電話", 26, False),
}


def _lines(values: dict[str, str], rules: dict[str, tuple[str, int, bool]]) -> dict[str, str]:
    return {
        field: _inputs.line(values[field], field=field, label=label, limit=limit, required=needed)
        for field, (label, limit, needed) in rules.items()
        if field in values
    }


def add_entity(
    member: Member,
    *,
    ban: str,
    name: str,
    address: str,
    person_in_charge: str = "",
    telephone: str = "",
    email: str = "",
    head_ban: str = "",
    qr_key: str = "",
    member_carrier_type: str = "",
) -> BusinessEntity:
    """A 營業人 that issues. Lengths are those of MIG's Seller (mof.md §1.5); the BAN is checked."""
    member.require(Permission.MANAGE_SHOP)
    typed = {
        "name": name,
        "address": address,
        "person_in_charge": person_in_charge,
        "telephone": telephone,
        "email": email,
    }
    values = _lines(typed, _ENTITY_LINES)
    values["member_carrier_type"] = _inputs.carrier_type(member_carrier_type)
    number = _inputs.business_number(ban)
    head = _inputs.business_number(head_ban, field="head_ban") if head_ban.strip() else ""
    with transaction.atomic():
        with refused_as({"entity_ban_once": BanTaken(field="ban", value=number)}):
            entity = BusinessEntity.objects.create(
                ban=number, head_ban=head, qr_key=_inputs.qr_key(qr_key), **values
            )
        audit.record(actor_of(member), "entity.add", entity, after={"ban": number, **values})
    return entity


def update_entity(member: Member, entity_id: UUID, **typed: str) -> BusinessEntity:
    """Changes what is typed; an empty ``qr_key`` leaves the stored one (it is write-only).

    The BAN never changes: invoices were issued under it. Another BAN is another entity.
    """
    member.require(Permission.MANAGE_SHOP)
    values = _lines(typed, _ENTITY_LINES)
    if "head_ban" in typed:
        head = typed["head_ban"].strip()
        values["head_ban"] = _inputs.business_number(head, field="head_ban") if head else ""
    if "member_carrier_type" in typed:
        values["member_carrier_type"] = _inputs.carrier_type(typed["member_carrier_type"])
    key = _inputs.qr_key(typed.get("qr_key", ""))
    with transaction.atomic():
        entity = BusinessEntity.objects.select_for_update(no_key=True).filter(id=entity_id).first()
        if entity is None:
            raise NotFound
        before, after = _changed(entity, values)
        if key:
            entity.qr_key = key
            after["qr_key"] = "（已更新）"
        if after:
            entity.save()
            audit.record(actor_of(member), "entity.change", entity, before=before, after=after)
    return entity


def _changed(row: Any, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sets what differs on ``row``; what was and what is, for the audit."""
    differing = {field: value for field, value in values.items() if getattr(row, field) != value}
    before = {field: getattr(row, field) for field in differing}
    for field, value in differing.items():
        setattr(row, field, value)
    return before, differing


def add_store(
    member: Member,
    *,
    entity_id: UUID,
    code: str,
    name: str,
    address: str = "",
    telephone: str = "",
) -> Store:
    member.require(Permission.MANAGE_SHOP)
    values = _lines({"name": name, "address": address, "telephone": telephone}, _STORE_LINES)
    queries.entity(entity_id)
    tidied = _inputs.code(code)
    with transaction.atomic():
        with refused_as({"store_code_once": CodeTaken(field="code", value=tidied)}):
            store = Store.objects.create(entity_id=entity_id, code=tidied, **values)
        audit.record(actor_of(member), "store.add", store, after={"code": tidied, **values})
    return store


def update_store(member: Member, store_id: UUID, **typed: str) -> Store:
    """Name, address, telephone: headquarters, or that store's manager (B.14.6)."""
    _require_store(member, store_id)
    values = _lines(typed, _STORE_LINES)
    with transaction.atomic():
        store = _locked_store(store_id)
        before, after = _changed(store, values)
        if after:
            store.save(update_fields=list(after))
            audit.record(actor_of(member), "store.change", store, before=before, after=after)
    return store


def _require_store(member: Member, store_id: UUID) -> None:
    if not member.may(Permission.MANAGE_SHOP, store_id):
        member.require(Permission.REGISTER_SETTINGS, store_id)


def _locked_store(store_id: UUID) -> Store:
    store = Store.objects.select_for_update(no_key=True).filter(id=store_id).first()
    if store is None:
        raise NotFound
    return store


def close_store(member: Member, store_id: UUID) -> None:
    """歇業: refused while a register of the store is still in use."""
    member.require(Permission.MANAGE_SHOP)
    with transaction.atomic():
        store = _locked_store(store_id)
        if Register.objects.filter(store_id=store_id, retired_at=None).exists():
            raise StoreHasRegisters(name=store.name)
        if store.closed_at is None:
            store.closed_at = clock.now()
            store.save(update_fields=["closed_at"])
            audit.record(actor_of(member), "store.close", store)


def reopen_store(member: Member, store_id: UUID) -> None:
    member.require(Permission.MANAGE_SHOP)
    with transaction.atomic():
        store = _locked_store(store_id)
        if store.closed_at is not None:
            store.closed_at = None
            store.save(update_fields=["closed_at"])
            audit.record(actor_of(member), "store.reopen", store)


@dataclass(frozen=True, slots=True)
class InvoiceSettings:
    """POS 發票設定（店長專屬）: S0.10–S0.12, B.6.1. ``centre`` is a provider's key or ``none``."""

    auto_issue: bool
    auto_print: bool
    print_detail: bool
    centre: str


def add_register(
    member: Member,
    *,
    store_id: UUID,
    code: str,
    name: str,
    centre: str = "none",
    printer_profile: str = "",
    default_float: int = 0,
) -> Register:
    """A POS machine. Its invoice switches start as issue on, print on, detail off (B.6.1)."""
    member.require(Permission.MANAGE_SHOP)
    name = _inputs.line(name, field="name", label="POS 機名稱", limit=60)
    tidied = _inputs.code(code)
    _money(default_float, "default_float")
    with transaction.atomic():
        store = _locked_store(store_id)
        if store.closed_at is not None:
            raise StoreClosed(name=store.name)
        with refused_as({"register_code_once": CodeTaken(field="code", value=tidied)}):
            register = Register.objects.create(
                store_id=store_id,
                code=tidied,
                name=name,
                centre=centre,
                printer_profile=printer_profile,
                default_float=default_float,
            )
        audit.record(actor_of(member), "register.add", register, after={"code": tidied})
    return register


def _money(value: int, field: str) -> None:
    if not 0 <= value <= min(MAX_TWD, 2_147_483_647):
        raise BadInput(field=field, detail="金額需為 0 以上的整數。")


def update_register(
    member: Member, register_id: UUID, *, name: str, printer_profile: str, default_float: int
) -> Register:
    """Name, printer and float: who may set up that store's registers."""
    values: dict[str, Any] = {
        "name": _inputs.line(name, field="name", label="POS 機名稱", limit=60),
        "printer_profile": printer_profile,
        "default_float": default_float,
    }
    _money(default_float, "default_float")
    return _change_register(
        member, register_id, Permission.REGISTER_SETTINGS, "register.change", values
    )


def update_invoice_settings(
    member: Member, register_id: UUID, settings: InvoiceSettings
) -> Register:
    """Only the owner and the store's own manager, never a co-manager (S0.11–S0.12)."""
    values: dict[str, Any] = {
        "auto_issue": settings.auto_issue,
        "auto_print": settings.auto_print,
        "print_detail": settings.print_detail,
        "centre": settings.centre,
    }
    return _change_register(
        member, register_id, Permission.INVOICE_SETTINGS, "register.invoice_settings", values
    )


def _change_register(
    member: Member, register_id: UUID, permission: Permission, verb: str, values: dict[str, Any]
) -> Register:
    with transaction.atomic():
        register = _locked_register(register_id)
        member.require(permission, register.store_id)
        before, after = _changed(register, values)
        if after:
            register.save(update_fields=list(after))
            audit.record(actor_of(member), verb, register, before=before, after=after)
    return register


def _locked_register(register_id: UUID) -> Register:
    register = Register.objects.select_for_update(no_key=True).filter(id=register_id).first()
    if register is None:
        raise NotFound
    return register


def retire_register(member: Member, register_id: UUID) -> None:
    """停用: its device is let go and nobody can bind it until it is restored."""
    member.require(Permission.MANAGE_SHOP)
    with transaction.atomic():
        register = _locked_register(register_id)
        if register.retired_at is not None:
            return
        release_for(register_id, actor_of(member), "POS 機停用")
        register.retired_at = clock.now()
        register.save(update_fields=["retired_at"])
        audit.record(actor_of(member), "register.retire", register)


def restore_register(member: Member, register_id: UUID) -> None:
    member.require(Permission.MANAGE_SHOP)
    with transaction.atomic():
        register = _locked_register(register_id)
        store = Store.objects.get(id=register.store_id)
        if store.closed_at is not None:
            raise StoreClosed(name=store.name)
        if register.retired_at is not None:
            register.retired_at = None
            register.save(update_fields=["retired_at"])
            audit.record(actor_of(member), "register.restore", register)
