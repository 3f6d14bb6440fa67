"""People at a merchant: added, moved, appointed, suspended (product.md B.14)."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from guitai.kernel import audit, clock
from guitai.kernel.constraints import refused_as
from guitai.kernel.errors import NotFound
from guitai.tenancy import queries
from guitai.tenancy.errors import (
    BadRole,
    EmailNeeded,
    EmailTaken,
    ManagerByAppointment,
    OwnerStays,
    PasswordElsewhere,
    StaffSuspended,
    StoreClosed,
    StoreNeeded,
)
from guitai.tenancy.models import Account, Staff, Store
from guitai.tenancy.rules import (
    GRANTABLE,
    NEEDS_ACCOUNT,
    ROLE_NAMES,
    STORE_ROLES,
    Member,
    Permission,
    Role,
)
from guitai.tenancy.services import _inputs
from guitai.tenancy.services._accounts import account_for
from guitai.tenancy.services._inputs import actor_of
from guitai.tenancy.services._people import locked, locked_for, require_managing
from guitai.tenancy.services.pins import hash_pin, refuse_pinless_role
from guitai.tenancy.services.sessions import close_sessions_of


def add_staff(
    member: Member,
    *,
    name: str,
    role: str,
    store_id: UUID | None = None,
    email: str = "",
    password: str = "",
    pin: str = "",
    extra_permissions: Iterable[str] = (),
) -> Staff:
    """Takes a person on: with an e-mail for the desk, with a PIN for the till, or both.

    A ``store_manager`` is appointed, so the store's present one becomes a clerk (B.14.2). An
    e-mail already used at this merchant is refused (B.14.3).
    """
    wanted = _role(role)
    member.require(Permission.MANAGE_STAFF)
    require_managing(member, wanted)
    name = _inputs.line(name, field="name", label="姓名", limit=60)
    if wanted in NEEDS_ACCOUNT and not email.strip():
        raise EmailNeeded(field="email", role=ROLE_NAMES[wanted])
    hashed = _pin_for(wanted, pin)
    with transaction.atomic():
        place = _store_for(member, wanted, store_id)
        account_id = _account_id(email, password, name) if email.strip() else None
        taken = EmailTaken(field="email", value=email.strip())
        with refused_as({"staff_account_once": taken}):
            person = Staff.objects.create(
                name=name,
                # A manager enters as a clerk and is appointed below, in the same transaction.
                role=(Role.CLERK if wanted is Role.STORE_MANAGER else wanted).value,
                store_id=place,
                account_id=account_id,
                pin_hash=hashed,
                extra_permissions=_granted(extra_permissions),
            )
        audit.record(actor_of(member), "staff.add", person, after=_shown(person))
        if wanted is Role.STORE_MANAGER:
            person = appoint_manager(member, person.id)
    return person


def _role(value: str) -> Role:
    try:
        return Role(value)
    except ValueError as error:
        raise BadRole(field="role", value=value[:40]) from error


def _pin_for(role: Role, pin: str) -> str:
    if not pin:
        return ""
    refuse_pinless_role(role)
    return hash_pin(pin)


def _store_for(member: Member, role: Role, store_id: UUID | None) -> UUID | None:
    """The store such a person belongs to; a store manager takes people for his own store only."""
    if role not in STORE_ROLES:
        return None
    if store_id is None:
        raise StoreNeeded(field="store", role=ROLE_NAMES[role])
    store = Store.objects.select_for_update(no_key=True).filter(id=store_id).first()
    if store is None or not member.sees(store_id):
        raise NotFound(field="store")
    if store.closed_at is not None:
        raise StoreClosed(field="store", name=store.name)
    return store_id


def _account_id(email: str, password: str, name: str) -> UUID:
    return account_for(email, password, name).id


def _granted(extra: Iterable[str]) -> list[str]:
    """What may be given to a single person on top of the role; anything else is dropped."""
    return sorted({value for value in extra if value in GRANTABLE})


def _shown(person: Staff) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role,
        "store": str(person.store_id) if person.store_id else None,
        "extra_permissions": list(person.extra_permissions),
    }


def update_staff(
    member: Member, staff_id: UUID, *, name: str, extra_permissions: Iterable[str]
) -> Staff:
    """Name and granted rights. Rights reach the till at the next sign-in (B.14.4)."""
    name = _inputs.line(name, field="name", label="姓名", limit=60)
    with transaction.atomic():
        person = locked_for(member, staff_id)
        before = _shown(person)
        person.name, granted = name, _granted(extra_permissions)
        taken_away = set(person.extra_permissions) - set(granted)
        person.extra_permissions = granted
        _keep(member, person, "staff.change", before)
        if taken_away:
            close_sessions_of(staff_id, "權限變更")
    return person


def _keep(member: Member, person: Staff, verb: str, before: dict[str, object]) -> None:
    after = _shown(person)
    if after != before:
        person.save(update_fields=["name", "role", "store_id", "extra_permissions"])
        audit.record(actor_of(member), verb, person, before=before, after=after)


def change_role(
    member: Member, staff_id: UUID, role: str, *, store_id: UUID | None = None
) -> Staff:
    """Another role or store. Neither makes nor unmakes an owner or a store manager: see below."""
    wanted = _role(role)
    require_managing(member, wanted)
    with transaction.atomic():
        place = _store_for(member, wanted, store_id)
        person = locked_for(member, staff_id)
        if Role.STORE_MANAGER in {wanted, Role(person.role)}:
            raise ManagerByAppointment(field="role")
        if wanted in NEEDS_ACCOUNT and person.account_id is None:
            raise EmailNeeded(field="role", role=ROLE_NAMES[wanted])
        before = _shown(person)
        person.role, person.store_id = wanted.value, place
        _keep(member, person, "staff.role", before)
        close_sessions_of(staff_id, "角色變更")
    return person


def appoint_manager(member: Member, staff_id: UUID, *, store_id: UUID | None = None) -> Staff:
    """Makes a person the one manager of a store (default: his own); the old one becomes a clerk.

    Only the owner may (B.14.2). The store's row is locked first, so two appointments at once come
    one after the other and the store ends with exactly one manager.
    """
    member.require(Permission.APPOINT_MANAGER)
    with transaction.atomic():
        found = queries.staff_member(staff_id)
        place = _store_for(member, Role.STORE_MANAGER, store_id or found.store_id)
        person = locked(staff_id)
        _refuse_as_manager(person)
        _demote(member, Staff.objects.filter(store_id=place).exclude(id=staff_id))
        before = _shown(person)
        person.role, person.store_id = Role.STORE_MANAGER.value, place
        _keep(member, person, "staff.appoint", before)
        if before != _shown(person):
            close_sessions_of(staff_id, "角色變更")
    return person


def _refuse_as_manager(person: Staff) -> None:
    if person.role == Role.OWNER:
        raise OwnerStays
    if person.suspended_at is not None:
        raise StaffSuspended(name=person.name)
    if person.account_id is None:
        raise EmailNeeded(field="email", role=ROLE_NAMES[Role.STORE_MANAGER])


def _demote(member: Member, candidates: "QuerySet[Staff]") -> None:
    found = candidates.filter(role=Role.STORE_MANAGER.value, suspended_at=None)
    for old in found.select_for_update(no_key=True):
        before = _shown(old)
        old.role = Role.CLERK.value
        _keep(member, old, "staff.demote", before)
        close_sessions_of(old.id, "改任店員")


def transfer_ownership(member: Member, staff_id: UUID) -> Staff:
    """The owner hands the merchant to another person with an account and becomes co-manager."""
    if member.role is not Role.OWNER:
        raise OwnerStays
    with transaction.atomic():
        old = locked(member.staff_id)
        heir = locked_for(member, staff_id)
        _refuse_as_manager(heir)
        if old.role != Role.OWNER:
            raise OwnerStays
        before_old, before_heir = _shown(old), _shown(heir)
        old.role = Role.CO_MANAGER.value
        _keep(member, old, "staff.demote", before_old)
        heir.role, heir.store_id = Role.OWNER.value, None
        _keep(member, heir, "staff.own", before_heir)
        close_sessions_of(staff_id, "角色變更")
    return heir


def suspend_staff(member: Member, staff_id: UUID, *, reason: str = "") -> None:
    """停權: acts at once at the desk and closes the person's till sessions."""
    with transaction.atomic():
        person = locked(staff_id)
        if person.role == Role.OWNER:
            raise OwnerStays
        person = locked_for(member, staff_id)
        if person.suspended_at is not None:
            return
        person.suspended_at = clock.now()
        person.save(update_fields=["suspended_at"])
        close_sessions_of(staff_id, "帳號停權")
        audit.record(actor_of(member), "staff.suspend", person, reason=reason)


def restore_staff(member: Member, staff_id: UUID, *, reason: str = "") -> Staff:
    """恢復. A suspended manager whose store has another one by now comes back as a clerk."""
    with transaction.atomic():
        found = queries.staff_member(staff_id, member)
        if found.store_id is not None:
            Store.objects.select_for_update(no_key=True).get(id=found.store_id)
        person = locked_for(member, staff_id)
        if person.suspended_at is None:
            return person
        before = _shown(person)
        if person.role == Role.STORE_MANAGER and person.store_id in queries.managers():
            person.role = Role.CLERK.value
        person.suspended_at = None
        person.save(update_fields=["suspended_at", "role"])
        audit.record(
            actor_of(member),
            "staff.restore",
            person,
            before=before,
            after=_shown(person),
            reason=reason,
        )
    return person


def attach_account(member: Member, staff_id: UUID, *, email: str, password: str) -> Staff:
    """Gives a person who had only a PIN a sign-in for the desk."""
    with transaction.atomic():
        person = locked_for(member, staff_id)
        if person.account_id is not None:
            raise EmailTaken(field="email", value=email.strip())
        account = account_for(email, password, person.name)
        person.account_id = account.id
        with refused_as({"staff_account_once": EmailTaken(field="email", value=account.email)}):
            person.save(update_fields=["account_id"])
        audit.record(actor_of(member), "staff.account", person, after={"email": account.email})
    return person


def reset_password(member: Member, staff_id: UUID, password: str) -> None:
    """A new password for somebody one manages, whose account belongs to this merchant alone."""
    with transaction.atomic():
        person = locked_for(member, staff_id)
        if person.account_id is None:
            raise EmailNeeded(field="email", role=ROLE_NAMES[Role(person.role)])
        account = Account.objects.select_for_update().get(id=person.account_id)
        if account.is_operator or len(queries.memberships(account.id)) > 1:
            raise PasswordElsewhere
        account.set_password(_inputs.password(password, account))
        account.save(update_fields=["password"])
        audit.record(actor_of(member), "staff.password_reset", person)
