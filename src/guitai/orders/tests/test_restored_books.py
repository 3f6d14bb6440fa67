"""After a restore no order gets a number that a customer already holds."""

import pytest

from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.orders import services
from guitai.orders.tests.till import NOON, make_till

MORNING = taipei(2026, 11, 21, 12, 30)
TOMORROW = taipei(2026, 11, 22, 9)


@pytest.fixture
def till(db):
    return make_till()


def number(till, now):
    with clock.moved(now):
        return till.sell(now=now)["order"]["number"]


def restored(till, now):
    with till.shop.tenant(), clock.moved(now):
        services.skip_lost_orders(now)


def test_the_serials_of_the_day_go_on_far_behind(till):
    before = number(till, NOON)
    restored(till, MORNING)
    after = number(till, MORNING)
    assert (before[-4:], after[-4:]) == ("0001", "5002")
    assert after[:-4] == before[:-4]


def test_a_backup_of_the_day_before_skips_todays(till):
    number(till, NOON)
    restored(till, TOMORROW)
    assert number(till, TOMORROW).endswith("261122-5001")


def test_a_register_that_had_not_sold_yet_skips_too(till):
    restored(till, NOON)
    assert number(till, NOON).endswith("5001")


def test_the_next_day_begins_at_one(till):
    restored(till, NOON)
    assert number(till, TOMORROW).endswith("0001")
