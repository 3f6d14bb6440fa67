"""Who stands at the till, as the cold verbs need it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from guitai.kernel import ids, scope, sqlcall
from guitai.kernel.audit import Actor
from guitai.orders.errors import OrderNotFound
from guitai.orders.models import Order
from guitai.tenancy.models import Register, TillSession


@dataclass(frozen=True, slots=True)
class Clerk:
    """A signed-in person at a register of a store."""

    register: Register
    session: TillSession

    @property
    def register_id(self) -> UUID:
        return UUID(str(self.register.id))

    @property
    def actor(self) -> Actor:
        return Actor(kind="register", name=self.session.staff_name, id=self.session.staff_id)


def orders_of(clerk: Clerk) -> QuerySet[Order]:
    """Orders of the clerk's own store: other stores stay hidden (B.14.9)."""
    return Order.objects.filter(store_id=clerk.register.store_id)


def locked_order(clerk: Clerk, order_id: UUID) -> Order:
    found = orders_of(clerk).select_for_update().filter(id=order_id).first()
    if found is None:
        raise OrderNotFound
    return found


def next_event(clerk: Clerk, day: object) -> int:
    """The next ``seq`` of the clerk's register, under the lock of its ledger.

    Taken before the order's lock everywhere, so that no two verbs wait in a ring.
    """
    row = sqlcall.one(
        "SELECT seq FROM public.orders_next_event(%s::uuid, %s::uuid, %s::uuid, %s::date, false)",
        (scope.current(), clerk.register_id, ids.new_id(), day),
    )
    assert row is not None  # the upsert always returns its row
    return int(row[0])
