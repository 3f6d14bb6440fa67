"""An order whose invoice the desk voided, cancelled at the till (product.md B.7.2, B.11.4)."""

from uuid import UUID

import pytest

from guitai.invoicing import services as invoicing
from guitai.invoicing.models import Transmission
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.orders import queries
from guitai.orders.services.later import cancel_order
from guitai.orders.tests.till import NOON, make_till


@pytest.mark.django_db
def test_a_void_of_the_desk_counts_in_the_order_and_in_the_shift():
    till = make_till()
    sold = till.sell()
    with till.shop.tenant(), clock.moved(NOON):
        desk = Actor("person", "林老闆")
        invoicing.void(UUID(sold["invoice"]["id"]), reason="打錯", actor=desk, now=NOON)
        answer = cancel_order(till.clerk, UUID(sold["order"]["id"]), "退貨", NOON)
        shift = queries.figures(till.clerk.register, NOON)
        assert Transmission.objects.filter(kind="F0501").count() == 1
    assert answer["order"]["invoice_voided"] is True
    assert (shift.voided_invoices, shift.voided_amount) == (1, 120)


@pytest.mark.django_db
def test_an_order_without_an_invoice_voids_nothing():
    till = make_till()
    with till.shop.tenant():
        type(till.register).objects.update(auto_issue=False)
    sold = till.sell()
    with till.shop.tenant(), clock.moved(NOON):
        answer = cancel_order(till.clerk, UUID(sold["order"]["id"]), "退貨", NOON)
        shift = queries.figures(till.clerk.register, NOON)
    assert answer["order"]["invoice_voided"] is False
    assert (shift.cancelled_orders, shift.voided_invoices) == (1, 0)
