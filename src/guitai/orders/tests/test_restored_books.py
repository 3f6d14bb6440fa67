"""After a restore no order gets a number that a customer already holds."""

import pytest

from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.orders import services
from guitai.orders.models import RegisterLedger
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
    assert (before.split("-")[-1], after.split("-")[-1]) == ("0001", str(2 + 5000 + 45_000))
    assert after.split("-")[:-1] == before.split("-")[:-1]


def test_a_backup_of_the_day_before_skips_todays(till):
    number(till, NOON)
    restored(till, TOMORROW)
    assert number(till, TOMORROW).endswith("261122-37401")


def test_a_register_that_had_not_sold_yet_skips_too(till):
    restored(till, NOON)
    assert number(till, NOON).endswith("-48201")


def test_the_same_backup_restored_twice_in_one_day_skips_what_was_sold_in_between(till):
    restored(till, NOON)
    sold = {number(till, NOON) for _ in range(3)}
    with till.shop.tenant():
        RegisterLedger.objects.update(day_serial=0)  # the backup again
    restored(till, MORNING)
    assert number(till, MORNING) not in sold


def test_a_fifth_digit_is_no_number_of_this_morning(till):
    """``lpad`` alone would have made 1000 of 10000."""
    number(till, NOON)
    with till.shop.tenant():
        RegisterLedger.objects.update(day_serial=9998)
    assert [number(till, NOON).split("-")[-1] for _ in range(3)] == ["9999", "10000", "10001"]


def test_the_next_day_begins_at_one(till):
    restored(till, NOON)
    assert number(till, TOMORROW).endswith("0001")
