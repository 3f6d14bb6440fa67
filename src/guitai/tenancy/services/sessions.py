"""Who stands at the till: sessions opened by PIN on a bound register."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from guitai.kernel import audit, clock
from guitai.kernel.audit import Actor
from guitai.kernel.errors import NotFound
from guitai.tenancy.errors import (
    RegisterRetired,
    StaffSuspended,
    TillNotForRole,
    TillOtherStore,
)
from guitai.tenancy.models import Register, Staff, TillSession
from guitai.tenancy.queries import as_member
from guitai.tenancy.rules import ROLE_NAMES, TILL_ROLES, Role
from guitai.tenancy.services._people import locked
from guitai.tenancy.services.pins import verify_pin


def open_session(register_id: UUID, staff_id: UUID, pin: str) -> TillSession:
    """Signs a person in at a register; whoever stood there before is signed out (B.15.4).

    The rights are a snapshot of this moment (B.14.4): an e-ticket clerk gets no
    ``till.checkout``. Refuses roles without a till (B.14.1), people of other stores, and whatever
    ``verify_pin`` refuses. Must not be called inside a transaction (see ``verify_pin``).
    """
    register = _register(register_id)
    person = Staff.objects.filter(id=staff_id).first()
    if person is None:
        raise NotFound
    _refuse_wrong_place(person, register)
    verify_pin(staff_id, pin)
    with transaction.atomic():
        # Register before person: the order that every verb keeps, so that none waits in a ring.
        register = Register.objects.select_for_update(no_key=True).get(id=register_id)
        person = locked(staff_id)
        _refuse_wrong_place(person, register)
        _close(TillSession.objects.filter(register_id=register_id), "換人登入")
        session = TillSession.objects.create(
            register_id=register_id,
            staff_id=staff_id,
            staff_name=person.name,
            permissions=sorted(p.value for p in as_member(person).permissions),
        )
        audit.record(_actor(session), "till.open", session, after={"register": register.code})
    return session


def _register(register_id: UUID) -> Register:
    found = Register.objects.filter(id=register_id).first()
    if found is None:
        raise NotFound
    return found


def _refuse_wrong_place(person: Staff, register: Register) -> None:
    if register.retired_at is not None:
        raise RegisterRetired(name=register.name)
    if Role(person.role) not in TILL_ROLES:
        raise TillNotForRole(role=ROLE_NAMES[Role(person.role)])
    if person.store_id != register.store_id:
        raise TillOtherStore(name=person.name)
    if person.suspended_at is not None:
        raise StaffSuspended(name=person.name)


def close_session(register_id: UUID, session_id: UUID, *, reason: str = "登出") -> bool:
    """Signs out; ``False`` where that session was closed already."""
    with transaction.atomic():
        found = TillSession.objects.filter(register_id=register_id, id=session_id)
        return _close(found, reason) > 0


def close_sessions_of(staff_id: UUID, reason: str) -> int:
    """Ends every open session of a person; within the caller's transaction."""
    return _close(TillSession.objects.filter(staff_id=staff_id), reason)


def close_sessions_at(register_id: UUID, reason: str) -> int:
    """Ends the open session at a register; within the caller's transaction."""
    return _close(TillSession.objects.filter(register_id=register_id), reason)


def _close(sessions: "QuerySet[TillSession]", reason: str) -> int:
    closed = 0
    for session in sessions.filter(closed_at=None).select_for_update(no_key=True):
        session.closed_at = clock.now()
        session.save(update_fields=["closed_at"])
        audit.record(_actor(session), "till.close", session, reason=reason)
        closed += 1
    return closed


def _actor(session: TillSession) -> Actor:
    return Actor(kind="register", name=session.staff_name, id=session.staff_id)
