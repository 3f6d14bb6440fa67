"""What lets a drawer open over the relay, by the real database (agent-protocol.md §10.1)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from guitai.kernel import clock
from guitai.numbering.tests.shop import OTHER_BAN, csv_row, give_evenly, import_numbers, make_shop
from guitai.orders import queries, services
from guitai.orders.tests.till import NOON, make_till
from guitai.payments.rules import Method, Tender
from guitai.relay.books import DRAWER_WITHIN
from guitai.tenancy.models import Binding

LATER = NOON + timedelta(seconds=1)
SINCE = LATER - DRAWER_WITHIN


def open_shop(**more):
    shop = make_shop(registers=2, **more)
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 99, ban=more.get("ban", csv_row.__kwdefaults__["ban"])))
        give_evenly(shop)
    return shop


@pytest.fixture
def tills(db):
    """Two counters of one shop, each with its device and its clerk."""
    shop = open_shop()
    return make_till(shop, 0), make_till(shop, 1)


def device(till):
    with till.shop.tenant():
        return Binding.objects.get(register_id=till.register.id, released_at=None).id


def reasons(till, binding=None, since=SINCE):
    """As asked within the till's own shop."""
    with till.shop.tenant():
        return queries.drawer_reasons(binding or device(till), since)


def write_down(till, at=LATER):
    with till.shop.tenant(), clock.moved(at):
        services.record_drawer(till.clerk, "換零錢")


def test_nothing_was_written_down(tills):
    assert reasons(tills[0]) == {}
    assert reasons(tills[0], uuid4()) == {}


def test_a_cash_sale_is_one_reason_however_often_it_is_answered(tills):
    till = tills[1]
    sale = till.sale()
    first = till.sell(sale, LATER)
    known = reasons(till)
    assert list(known.values()) == [LATER] and str(*known) == first["order"]["id"]
    again = till.sell(sale, LATER + timedelta(seconds=59))
    assert again["replay"]
    assert reasons(till) == known
    assert reasons(till, since=LATER + timedelta(seconds=1)) == {}


def test_a_part_in_cash_is_enough_and_a_card_is_none(tills):
    till = tills[0]
    till.sell(till.sale(tenders=(Tender(Method.CARD, 120),)), LATER)
    assert reasons(till) == {}
    parts = (Tender(Method.CARD, 100), Tender(Method.CASH, 20))
    till.sell(till.sale(tenders=parts), LATER)
    assert list(reasons(till).values()) == [LATER]


def test_each_written_reason_counts_until_it_is_old(tills):
    till = tills[0]
    write_down(till)
    write_down(till)
    assert list(reasons(till).values()) == [LATER, LATER]
    assert reasons(till, since=LATER + timedelta(milliseconds=1)) == {}


def test_the_neighbours_reasons_are_not_ours(tills):
    """Whoever prints at a counter opens its drawer for their own sales, not for that counter's."""
    mine, theirs = tills
    theirs.sell(now=LATER)
    write_down(theirs)
    assert len(reasons(theirs)) == 2 and reasons(mine) == {}


def test_another_merchant_knows_nothing_of_them(tills):
    till = tills[0]
    till.sell(now=LATER)
    write_down(till)
    stranger = make_till(open_shop(name="別家", ban=OTHER_BAN))
    assert reasons(stranger, device(till)) == {}
    assert reasons(stranger) == {}
    assert reasons(till, device(stranger)) == {}


def test_a_device_that_was_unlocked_opens_nothing_nor_its_successor_for_it(tills):
    till = tills[0]
    till.sell(now=LATER)
    write_down(till)
    old = device(till)
    with till.shop.tenant():
        Binding.objects.filter(id=old).update(released_at=LATER)
        Binding.objects.create(
            register_id=till.register.id,
            device_name="平板",
            token_hash=b"2" * 32,
            bound_at=LATER + timedelta(seconds=1),
        )
    assert reasons(till, old) == {} and reasons(till) == {}
