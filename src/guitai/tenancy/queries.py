"""Reads of people, places and devices. Every one starts from the open tenant scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Prefetch, QuerySet

from guitai.kernel import scope
from guitai.kernel.errors import NotFound
from guitai.tenancy.errors import MerchantSuspended, NotBound, SessionClosed
from guitai.tenancy.models import (
    Account,
    Binding,
    BusinessEntity,
    Merchant,
    Register,
    Staff,
    Store,
    TillSession,
)
from guitai.tenancy.rules import (
    TILL_ROLES,
    Member,
    Permission,
    Role,
    permissions_of,
    split_token,
)

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Membership:
    """One merchant that an account may enter."""

    merchant_id: UUID
    merchant_name: str
    staff_id: UUID
    role: Role
    suspended: bool


def memberships(account_id: UUID) -> list[Membership]:
    """Where an account works, suspended people and merchants marked; by the merchant's name."""
    with scope.across_merchants("a person's own list of merchants at sign-in"):
        staff = list(Staff.objects.filter(account_id=account_id))
    names = {m.id: m for m in Merchant.objects.filter(id__in=[s.merchant_id for s in staff])}
    found = [
        Membership(
            person.merchant_id,
            names[person.merchant_id].name,
            person.id,
            Role(person.role),
            bool(person.suspended_at or names[person.merchant_id].suspended_at),
        )
        for person in staff
    ]
    return sorted(found, key=lambda m: m.merchant_name)


def member_of(account_id: UUID, merchant_id: UUID) -> Member | None:
    """The account's rights at that merchant, read anew; ``None`` for outsiders and suspended."""
    with scope.tenant(merchant_id):
        person = Staff.objects.filter(account_id=account_id, suspended_at=None).first()
    if person is None:
        return None
    if Merchant.objects.filter(id=merchant_id, suspended_at=None).exists():
        return as_member(person)
    return None


def as_member(person: Staff) -> Member:
    role = Role(person.role)
    extra = frozenset(Permission(p) for p in person.extra_permissions if p in set(Permission))
    return Member(
        merchant_id=person.merchant_id,
        staff_id=person.id,
        name=person.name,
        role=role,
        permissions=permissions_of(role, extra),
        store_id=person.store_id,
        account_id=person.account_id,
    )


def merchant() -> Merchant:
    return Merchant.objects.get(id=scope.current())


def merchants() -> QuerySet[Merchant]:
    """All tenants; for the platform operator only, who is checked by the caller."""
    return Merchant.objects.order_by("name", "id")


def entities() -> QuerySet[BusinessEntity]:
    return BusinessEntity.objects.order_by("ban")


def entity(entity_id: UUID) -> BusinessEntity:
    return _one(entities().filter(id=entity_id))


def stores(member: Member | None = None) -> QuerySet[Store]:
    """Stores with their entity; only his own for who is confined to one (B.14.9)."""
    found = Store.objects.select_related("entity").order_by("code")
    if member is not None and member.store_id is not None:
        found = found.filter(id=member.store_id)
    return found


def store(store_id: UUID, member: Member | None = None) -> Store:
    return _one(stores(member).filter(id=store_id))


def managers() -> dict[UUID, Staff]:
    """The acting manager of each store that has one, by store id."""
    found = Staff.objects.filter(role=Role.STORE_MANAGER, suspended_at=None)
    return {person.store_id: person for person in found if person.store_id}


def registers(member: Member | None = None, *, retired: bool = False) -> QuerySet[Register]:
    """Registers with store and entity, each with ``held_by``: a list of none or one binding."""
    active = Binding.objects.filter(released_at=None)
    found = Register.objects.select_related("store__entity").prefetch_related(
        Prefetch("bindings", queryset=active, to_attr="held_by")
    )
    if not retired:
        found = found.filter(retired_at=None)
    if member is not None and member.store_id is not None:
        found = found.filter(store_id=member.store_id)
    return found.order_by("store__code", "code")


def register(register_id: UUID, member: Member | None = None) -> Register:
    return _one(registers(member, retired=True).filter(id=register_id))


def holder(register_id: UUID) -> Binding | None:
    """The device that holds the register, or ``None``."""
    return Binding.objects.filter(register_id=register_id, released_at=None).first()


def held_by(register: Register) -> Binding | None:
    """The holder of a register that came from ``registers()``, without asking the database."""
    found: list[Binding] = getattr(register, "held_by")  # noqa: B009 - set by the prefetch alone
    return found[0] if found else None


def open_session(register_id: UUID) -> TillSession | None:
    return TillSession.objects.filter(register_id=register_id, closed_at=None).first()


def require_session(register_id: UUID, session_id: UUID) -> TillSession:
    """The open session of that id at that register; ``SessionClosed`` for everything else."""
    found = TillSession.objects.filter(
        register_id=register_id, id=session_id, closed_at=None
    ).first()
    if found is None:
        raise SessionClosed
    return found


def till_staff(store_id: UUID) -> QuerySet[Staff]:
    """Who may sign in at that store's registers: not suspended and with a PIN."""
    return (
        Staff.objects.filter(store_id=store_id, role__in=list(TILL_ROLES), suspended_at=None)
        .exclude(pin_hash="")
        .order_by("name")
    )


def staff(member: Member | None = None) -> QuerySet[Staff]:
    """Everybody; only the people of his store for who is confined to one."""
    found = Staff.objects.select_related("store").order_by("role", "name", "id")
    if member is not None and member.store_id is not None:
        found = found.filter(store_id=member.store_id)
    return found


def staff_member(staff_id: UUID, member: Member | None = None) -> Staff:
    return _one(staff(member).filter(id=staff_id))


def emails(people: Iterable[Staff]) -> dict[UUID, str]:
    """E-mail of each person who has an account, by staff id."""
    by_account = {p.account_id: p.id for p in people if p.account_id}
    found = Account.objects.filter(id__in=by_account).values_list("id", "email")
    return {by_account[account]: email for account, email in found}


def authenticate_device(token: str) -> tuple[UUID, Binding]:
    """``(merchant_id, binding)`` of a till's token; the binding knows register, store, entity.

    Opens its own scope, because the token is what tells the merchant. Raises ``NotBound`` for an
    unknown or released device and ``MerchantSuspended`` where the merchant is switched off.
    """
    parts = split_token(token)
    if parts is None:
        raise NotBound
    merchant_id, token_hash = parts
    with scope.tenant(merchant_id):
        binding = (
            Binding.objects.select_related("register__store__entity")
            .filter(token_hash=token_hash, released_at=None, register__retired_at=None)
            .first()
        )
    if binding is None:
        raise NotBound
    refuse_suspended(merchant_id)
    return merchant_id, binding


def refuse_suspended(merchant_id: UUID) -> None:
    """Raises ``TEN-MERCHANT-SUSPENDED`` where the merchant is switched off."""
    if not Merchant.objects.filter(id=merchant_id, suspended_at=None).exists():
        raise MerchantSuspended


def _one(found: QuerySet[Row]) -> Row:
    row = found.first()
    if row is None:
        raise NotFound
    return row
