"""Tenants: opened and switched off by the platform's operator."""

from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, clock, scope
from guitai.kernel.audit import SYSTEM, Actor
from guitai.kernel.errors import NotAllowed, NotFound
from guitai.tenancy import queries
from guitai.tenancy.models import Account, Merchant, Staff
from guitai.tenancy.rules import Member, Role
from guitai.tenancy.services import _inputs
from guitai.tenancy.services._accounts import account_for


def create_merchant_with_owner(
    name: str, email: str, password: str, *, owner_name: str, by: Actor = SYSTEM
) -> Member:
    """A new tenant with its one owner, who is returned as the ``Member`` for what follows.

    Where the e-mail has an account already, that account becomes the owner and keeps its
    password. ``by`` must be the system or the platform's operator.
    """
    if by.kind not in {"system", "operator"}:
        raise NotAllowed
    name = _inputs.line(name, field="name", label="商家名稱", limit=60)
    owner_name = _inputs.line(owner_name, field="owner_name", label="擁有者姓名", limit=60)
    with transaction.atomic():
        merchant = Merchant.objects.create(name=name)
        with scope.tenant(merchant.id):
            account = account_for(email, password, owner_name)
            person = Staff.objects.create(
                account_id=account.id, name=owner_name, role=Role.OWNER.value
            )
            audit.record(by, "merchant.create", merchant, after={"name": name})
            audit.record(by, "staff.add", person, after={"role": Role.OWNER.value})
    return queries.as_member(person)


def create_operator(email: str, password: str, *, name: str) -> Account:
    """An account of the platform's operator; made at the command line only."""
    account = account_for(email, password, name)
    Account.objects.filter(id=account.id).update(is_operator=True)
    account.is_operator = True
    return account


def suspend_merchant(operator: Actor, merchant_id: UUID, reason: str) -> None:
    """Switches a tenant off: nobody gets to its desk, no device to its tills."""
    _switch(operator, merchant_id, "merchant.suspend", reason, off=True)


def restore_merchant(operator: Actor, merchant_id: UUID, reason: str) -> None:
    _switch(operator, merchant_id, "merchant.restore", reason, off=False)


def _switch(operator: Actor, merchant_id: UUID, verb: str, reason: str, *, off: bool) -> None:
    if operator.kind != "operator":
        raise NotAllowed
    reason = _inputs.line(reason, field="reason", label="原因", limit=200)
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update().filter(id=merchant_id).first()
        if merchant is None:
            raise NotFound
        if (merchant.suspended_at is not None) == off:
            return
        merchant.suspended_at = clock.now() if off else None
        merchant.save(update_fields=["suspended_at"])
        with scope.tenant(merchant_id):
            audit.record(operator, verb, merchant, reason=reason)
