"""Parked carts 掛單: at most 100 a register, each for 24 hours (product.md B.5.10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from guitai.kernel import clock
from guitai.orders import queries
from guitai.orders.errors import ParkedNotFound, TooManyParked
from guitai.orders.models import ParkedCart
from guitai.orders.rules import check_text
from guitai.orders.services.clerk import Clerk, next_event

LIMIT = 100
LIFE = timedelta(hours=24)


def park(
    clerk: Clerk, cart_id: UUID, label: str, cart: dict[str, Any], now: datetime
) -> ParkedCart:
    """Keeps a cart, or replaces what was kept under the same id.

    Raises ``PARK-FULL``, and ``PARK-NOT-FOUND`` for the id of another register's cart.
    """
    check_text("label", "掛單名稱", label, 60)
    with transaction.atomic():
        # The ledger's lock makes counting and adding one step.
        next_event(clerk, clock.in_taipei(now).date())
        ParkedCart.objects.filter(register_id=clerk.register_id, expires_at__lte=now).delete()
        kept = ParkedCart.objects.filter(id=cart_id).first()
        if kept is not None and kept.register_id != clerk.register_id:
            raise ParkedNotFound
        if kept is None:
            if queries.parked(clerk.register_id, now).count() >= LIMIT:
                raise TooManyParked(limit=LIMIT)
            kept = ParkedCart(id=cart_id, register_id=clerk.register_id)
        kept.label, kept.cart = label.strip()[:60], cart
        kept.parked_by, kept.parked_at, kept.expires_at = clerk.session.staff_name, now, now + LIFE
        kept.save()
    return kept


def unpark(clerk: Clerk, cart_id: UUID, now: datetime) -> None:
    """Takes a cart out. Raises ``PARK-NOT-FOUND``."""
    found = queries.parked(clerk.register_id, now).filter(id=cart_id)
    if not found.delete()[0]:
        raise ParkedNotFound
