"""Rows of people under lock, and the question who may touch whom."""

from uuid import UUID

from guitai.kernel.errors import NotFound
from guitai.tenancy.errors import RoleNotYours
from guitai.tenancy.models import Staff
from guitai.tenancy.rules import ROLE_NAMES, Member, Permission, Role, manages


def locked(staff_id: UUID) -> Staff:
    """The person's row under lock. No-key, so that sales that refer to it do not wait."""
    person = Staff.objects.select_for_update(no_key=True).filter(id=staff_id).first()
    if person is None:
        raise NotFound
    return person


def locked_for(member: Member, staff_id: UUID) -> Staff:
    """The row of somebody whom ``member`` manages; people of other stores are not found."""
    member.require(Permission.MANAGE_STAFF)
    person = locked(staff_id)
    if member.store_id is not None and person.store_id != member.store_id:
        raise NotFound
    require_managing(member, Role(person.role))
    return person


def require_managing(member: Member, role: Role) -> None:
    if not manages(member.role, role):
        raise RoleNotYours(role=ROLE_NAMES[role])
