"""``guitai mark-typed-numbers``: lists first, marks what is asked for, says what it cannot."""

from uuid import UUID

import pytest

from guitai import invariants
from guitai.config import repairs
from guitai.invoicing.services.record import record_manual
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.orders.models import Order
from guitai.orders.rules import Choice, InvoiceChoiceKind
from guitai.orders.tests.till import NOON, make_till


@pytest.fixture
def old(db):
    """Three orders of older data: a kept invoice, a note, and a note with a number of ours."""
    till = make_till()
    bare = Choice(InvoiceChoiceKind.NONE_YET)
    orders = [
        UUID(till.sell(till.sale(choice=bare, note=note))["order"]["id"])
        for note in ("", "ZZ00000002", "AB00000003")
    ]
    with till.shop.tenant():
        record_manual(
            order_id=orders[0],
            register_id=till.register.id,
            seller_ban=till.shop.entity.ban,
            number="ZZ00000001",
            issue_date=NOON.date(),
            total=120,
            tax=0,
            actor=Actor("person", "林老闆"),
            now=NOON,
        )
    return till, orders


def run(**asked):
    with clock.moved(NOON):
        found = list(repairs.mark_typed_numbers(**asked))
    return {row.number: row.outcome for row in found}


def marks(till, orders):
    with till.shop.tenant():
        return [Order.objects.get(id=one).invoice_number for one in orders]


def test_it_lists_without_touching_anything(old):
    till, orders = old
    assert run(certain=False, noted=False) == dict.fromkeys(
        ("ZZ00000001", "ZZ00000002", "AB00000003"), "listed"
    )
    assert marks(till, orders) == ["", "", ""]


def test_the_certain_ones_are_marked_alone(old):
    till, orders = old
    assert run(certain=True, noted=False) == {
        "ZZ00000001": "marked", "ZZ00000002": "listed", "AB00000003": "listed",
    }  # fmt: skip
    assert marks(till, orders) == ["ZZ00000001", "", ""]
    assert invariants.broken() == []


def test_notes_are_marked_only_where_that_can_be_right(old):
    till, orders = old
    found = run(certain=True, noted=True)
    assert found == {"ZZ00000001": "marked", "ZZ00000002": "marked", "AB00000003": "refused"}
    assert marks(till, orders) == ["ZZ00000001", "ZZ00000002", ""]
    assert run(certain=True, noted=True) == {"AB00000003": "refused"}
