"""One register, one device: codes, binding, unlocking (product.md B.15)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, clock, scope
from guitai.kernel.audit import Actor
from guitai.kernel.constraints import refused_as
from guitai.kernel.errors import NotFound
from guitai.tenancy.errors import (
    BindingCodeRefused,
    BindingTaken,
    NotBound,
    RegisterRetired,
)
from guitai.tenancy.models import Binding, BindingCode, Register
from guitai.tenancy.queries import refuse_suspended
from guitai.tenancy.rules import (
    DEVICE_CODE_ALPHABET,
    DEVICE_CODE_LENGTH,
    DEVICE_CODE_LIFE,
    Member,
    Permission,
    hash_of,
    join_token,
    split_token,
    tidy_device_code,
)
from guitai.tenancy.services import _inputs
from guitai.tenancy.services._inputs import actor_of
from guitai.tenancy.services.sessions import close_sessions_at


@dataclass(frozen=True, slots=True)
class FreshCode:
    """A device code in the clear: shown once, stored only as its hash."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FreshBinding:
    """A new binding with the device's token in the clear: given once, stored as its hash."""

    binding: Binding
    token: str


def fresh_code() -> FreshCode:
    """A code of eight characters for ten minutes; whoever makes it stores its hash."""
    code = "".join(secrets.choice(DEVICE_CODE_ALPHABET) for _ in range(DEVICE_CODE_LENGTH))
    return FreshCode(code, clock.now() + DEVICE_CODE_LIFE)


def make_binding_code(member: Member, register_id: UUID) -> FreshCode:
    """A code of eight characters for ten minutes and one use; older codes stop working."""
    with transaction.atomic():
        register = _locked(register_id)
        member.require(Permission.REGISTER_SETTINGS, register.store_id)
        _refuse_retired(register)
        _expire_codes(register_id)
        fresh = fresh_code()
        BindingCode.objects.create(
            register_id=register_id, code_hash=hash_of(fresh.code), expires_at=fresh.expires_at
        )
        audit.record(actor_of(member), "register.code_made", register)
    return fresh


def bind_by_code(ban: str, code: str, device_name: str) -> FreshBinding:
    """Binds the device that knows the seller's BAN and a fresh code; needs no scope.

    Raises ``BindingCodeRefused`` (the same answer for an unknown BAN, a wrong, used or expired
    code, so that nothing can be learned by trying) or ``BindingTaken`` with the holder's name.
    """
    name = _device_name(device_name)
    merchant_id, code_id = _found_code(ban.strip(), tidy_device_code(code))
    with scope.tenant(merchant_id), transaction.atomic():
        row = BindingCode.objects.get(id=code_id)
        register = _locked(row.register_id)
        row = BindingCode.objects.select_for_update().get(id=code_id)
        if row.used_at is not None or row.expires_at <= clock.now():
            raise BindingCodeRefused(field="code")
        fresh = _bind(register, name, Actor(kind="register", name=name))
        row.used_at = clock.now()
        row.save(update_fields=["used_at"])
    return fresh


def _found_code(ban: str, code: str) -> tuple[UUID, UUID]:
    with scope.across_merchants("a binding code tells which merchant the device belongs to"):
        found = list(
            BindingCode.objects.filter(
                code_hash=hash_of(code),
                used_at=None,
                expires_at__gt=clock.now(),
                register__store__entity__ban=ban,
            ).values_list("merchant_id", "id")[:2]
        )
    if len(found) != 1:
        raise BindingCodeRefused(field="code")
    refuse_suspended(found[0][0])
    return found[0]


def bind_here(
    member: Member, register_id: UUID, device_name: str, *, current_token: str = ""
) -> FreshBinding:
    """Binds the device at which a person of the desk sits.

    ``current_token`` is the token that the device holds now, if any: the register it held is let
    go in the same transaction, because one device stands at one register.
    """
    name = _device_name(device_name)
    with transaction.atomic():
        register = _locked(register_id)
        member.require(Permission.REGISTER_SETTINGS, register.store_id)
        _let_go_of(current_token, actor_of(member))
        return _bind(register, name, actor_of(member))


def _let_go_of(token: str, actor: Actor) -> None:
    parts = split_token(token)
    if parts is None or parts[0] != scope.current():
        return
    held = Binding.objects.select_for_update().filter(token_hash=parts[1], released_at=None).first()
    if held is not None:
        _release(held, actor, "這台裝置改綁別台 POS 機")


def _bind(register: Register, name: str, actor: Actor) -> FreshBinding:
    _refuse_retired(register)
    held = Binding.objects.filter(register_id=register.id, released_at=None).first()
    if held is not None:
        raise BindingTaken(holder=held.device_name, since=held.bound_at.isoformat())
    secret = secrets.token_urlsafe(32)
    # The lock on the register decides; the constraint stands behind it for who forgets the lock.
    with refused_as({"binding_one_device": BindingTaken(holder="另一台裝置")}):
        binding = Binding.objects.create(
            register_id=register.id, device_name=name, token_hash=hash_of(secret)
        )
    audit.record(actor, "register.bind", register, after={"device": name})
    return FreshBinding(binding, join_token(register.merchant_id, secret))


def unlock(member: Member, register_id: UUID, *, reason: str = "") -> None:
    """解鎖: frees the register; the device that held it is told 「POS 未綁定」 (B.15.3).

    Only the owner and that store's manager (S0.11, B.15.3). Raises ``NotBound`` where nobody
    holds it.
    """
    with transaction.atomic():
        register = _locked(register_id)
        member.require(Permission.UNLOCK_REGISTER, register.store_id)
        held = Binding.objects.filter(register_id=register_id, released_at=None).first()
        if held is None:
            raise NotBound
        _expire_codes(register_id)
        _release(held, actor_of(member), reason or "後台解鎖")


def _release(held: Binding, actor: Actor, reason: str) -> None:
    held.released_at, held.released_by = clock.now(), actor.name
    held.save(update_fields=["released_at", "released_by"])
    close_sessions_at(held.register_id, "POS 機已解鎖")
    register = Register.objects.get(id=held.register_id)
    audit.record(
        actor, "register.unlock", register, before={"device": held.device_name}, reason=reason
    )


def release_for(register_id: UUID, actor: Actor, reason: str) -> None:
    """Frees a register that is being retired; within the caller's transaction."""
    _expire_codes(register_id)
    held = Binding.objects.filter(register_id=register_id, released_at=None).first()
    if held is not None:
        _release(held, actor, reason)


def touch(binding: Binding) -> None:
    """Notes that the device was seen, at most once a minute, so that polling stays cheap."""
    now = clock.now()
    if binding.last_seen_at and (now - binding.last_seen_at).total_seconds() < 60:
        return
    Binding.objects.filter(id=binding.id).update(last_seen_at=now)


def _locked(register_id: UUID) -> Register:
    found = Register.objects.select_for_update(no_key=True).filter(id=register_id).first()
    if found is None:
        raise NotFound
    return found


def _refuse_retired(register: Register) -> None:
    if register.retired_at is not None:
        raise RegisterRetired(name=register.name)


def _expire_codes(register_id: UUID) -> None:
    BindingCode.objects.filter(register_id=register_id, used_at=None).update(expires_at=clock.now())


def _device_name(value: str) -> str:
    return _inputs.line(value, field="device_name", label="裝置名稱", limit=60)
