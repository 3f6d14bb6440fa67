"""PINs at the till: set, verified, locked after five wrong ones for five minutes (rules.PIN_*)."""

from uuid import UUID

from django.contrib.auth.hashers import ScryptPasswordHasher
from django.db import transaction

from guitai.kernel import audit, clock
from guitai.kernel.audit import Actor
from guitai.kernel.errors import GuitaiError
from guitai.tenancy.errors import (
    BadPin,
    PinLocked,
    PinMissing,
    PinNotForRole,
    PinWrong,
    StaffSuspended,
)
from guitai.tenancy.models import Staff
from guitai.tenancy.rules import (
    PIN_TRIES,
    ROLE_NAMES,
    TILL_ROLES,
    Member,
    PinState,
    Role,
    is_pin,
)
from guitai.tenancy.services._inputs import actor_of
from guitai.tenancy.services._people import locked, locked_for


class PinHasher(ScryptPasswordHasher):
    """Django's scrypt with parallelism 1 instead of 5: 45 ms and 16 MB here, instead of 185 ms.

    A clerk waits for it at every change of shift, so it has to stay under 150 ms. scrypt rather
    than PBKDF2, because at the same 45 ms it also costs memory, which is what a graphics card
    lacks. No hash makes 10,000 PINs many: what guards them is the salt (no two people's PINs can
    be compared), the lock after five tries, and that the column is sealed with the server's key
    ring, so that a stolen database alone cannot be searched.
    """

    parallelism = 1


_hasher = PinHasher()


def hash_pin(pin: str) -> str:
    """The salted hash of a PIN of 4 to 8 digits; ``BadPin`` for anything else."""
    if not is_pin(pin):
        raise BadPin(field="pin")
    return _hasher.encode(pin, _hasher.salt())


def set_pin(member: Member, staff_id: UUID, pin: str) -> None:
    """Sets or resets a PIN and lifts its lock: one's own, or that of somebody one manages."""
    hashed = hash_pin(pin)
    with transaction.atomic():
        own = member.staff_id == staff_id
        person = locked(staff_id) if own else locked_for(member, staff_id)
        refuse_pinless_role(Role(person.role))
        person.pin_hash, person.pin_failures, person.pin_locked_until = hashed, 0, None
        person.save(update_fields=["pin_hash", "pin_failures", "pin_locked_until"])
        audit.record(actor_of(member), "staff.pin_set", person)


def refuse_pinless_role(role: Role) -> None:
    """Owner, co-manager and accountant do not use the till (B.14.1)."""
    if role not in TILL_ROLES:
        raise PinNotForRole(field="pin", role=ROLE_NAMES[role])


def verify_pin(staff_id: UUID, pin: str) -> Staff:
    """The person whose PIN this is; else ``PinWrong``, ``PinLocked``, ``PinMissing`` …

    The count of failures is committed before the refusal is raised, hence ``durable``: an outer
    transaction would undo the count. The row stays locked meanwhile, so that guesses at one
    person's PIN come one after the other.
    """
    with transaction.atomic(durable=True):
        person = locked(staff_id)
        refusal = _judged(person, pin)
    if refusal is not None:
        raise refusal
    return person


def _judged(person: Staff, pin: str) -> GuitaiError | None:
    now = clock.now()
    state = PinState(person.pin_failures, person.pin_locked_until)
    if person.suspended_at is not None:
        return StaffSuspended(name=person.name)
    if not person.pin_hash:
        return PinMissing(name=person.name)
    if state.is_locked(now):
        return _locked_refusal(state)
    if is_pin(pin) and _hasher.verify(pin, person.pin_hash):
        _keep(person, PinState(0, None))
        return None
    after = state.after_failure(now)
    _keep(person, after)
    if after.locked_until is None:
        return PinWrong(field="pin", left=PIN_TRIES - after.failures)
    audit.record(Actor(kind="system", name="系統"), "staff.pin_locked", person)
    return _locked_refusal(after)


def _locked_refusal(state: PinState) -> PinLocked:
    assert state.locked_until is not None
    until = clock.in_taipei(state.locked_until).strftime("%H:%M:%S")
    return PinLocked(field="pin", tries=PIN_TRIES, until=until)


def _keep(person: Staff, state: PinState) -> None:
    if (person.pin_failures, person.pin_locked_until) == (state.failures, state.locked_until):
        return
    person.pin_failures, person.pin_locked_until = state.failures, state.locked_until
    person.save(update_fields=["pin_failures", "pin_locked_until"])
