"""PINs: shape, salt, seal, lock after five for five minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from guitai.kernel import clock, scope
from guitai.tenancy import errors, services
from guitai.tenancy.models import Staff
from guitai.tenancy.services.pins import hash_pin
from guitai.tenancy.tests.shops import PIN, a_shop

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def shop():
    made = a_shop()
    with scope.tenant(made.merchant_id):
        yield made


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "１２３４", " 1234", "-123"])
def test_a_pin_is_four_to_eight_ascii_digits(shop, pin):
    with pytest.raises(errors.BadPin) as caught:
        services.set_pin(shop.owner, shop.people["clerk"].id, pin)
    assert caught.value.field == "pin"


@pytest.mark.parametrize("pin", ["1234", "87654321"])
def test_a_pin_of_either_length_signs_in(shop, pin):
    clerk = shop.people["clerk"]
    services.set_pin(shop.member("store_manager"), clerk.id, pin)
    assert services.verify_pin(clerk.id, pin).id == clerk.id


def test_equal_pins_have_different_hashes_and_are_sealed_in_the_table(shop):
    assert hash_pin("1234") != hash_pin("1234")
    with connection.cursor() as cursor:
        cursor.execute(
            "select pin_hash from tenancy_staff where merchant_id = %s and id = %s",
            [shop.merchant_id, shop.people["clerk"].id],
        )
        stored = cursor.fetchone()[0]
    assert not stored.startswith("scrypt$")
    assert Staff.objects.get(id=shop.people["clerk"].id).pin_hash.startswith("scrypt$16384$")


def test_five_wrong_ones_lock_for_five_minutes_and_the_count_survives_the_refusal(shop):
    clerk = shop.people["clerk"].id
    with clock.moved(NOON):
        left = []
        for _ in range(4):
            with pytest.raises(errors.PinWrong) as wrong:
                services.verify_pin(clerk, "0000")
            left.append(wrong.value.params["left"])
        assert left == [4, 3, 2, 1]
        with pytest.raises(errors.PinLocked) as locked:
            services.verify_pin(clerk, "0000")
        assert "12:05:00" in locked.value.message
        with pytest.raises(errors.PinLocked):
            services.verify_pin(clerk, PIN)
    with clock.moved(NOON + timedelta(minutes=4, seconds=59)), pytest.raises(errors.PinLocked):
        services.verify_pin(clerk, PIN)
    with clock.moved(NOON + timedelta(minutes=5)):
        assert services.verify_pin(clerk, PIN)


def test_a_right_one_clears_the_count(shop):
    clerk = shop.people["clerk"].id
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(errors.PinWrong):
                services.verify_pin(clerk, "0000")
        assert services.verify_pin(clerk, PIN)


def test_one_persons_lock_does_not_stop_another(shop):
    for _ in range(5):
        with pytest.raises((errors.PinWrong, errors.PinLocked)):
            services.verify_pin(shop.people["clerk"].id, "0000")
    assert services.open_session(shop.register.id, shop.people["store_manager"].id, PIN)


def test_the_manager_lifts_the_lock_with_a_new_pin(shop):
    clerk = shop.people["clerk"].id
    for _ in range(5):
        with pytest.raises((errors.PinWrong, errors.PinLocked)):
            services.verify_pin(clerk, "0000")
    services.set_pin(shop.member("store_manager"), clerk, "1357")
    assert services.verify_pin(clerk, "1357")


def test_owner_co_manager_and_accountant_have_no_pin(shop):
    for key in ("owner", "co_manager", "accountant"):
        with pytest.raises(errors.PinNotForRole):
            services.set_pin(shop.member(key), shop.people[key].id, "1234")


def test_without_a_pin_the_sentence_says_who_helps(shop):
    fresh = services.add_staff(shop.owner, name="小林", role="clerk", store_id=shop.store.id)
    with pytest.raises(errors.PinMissing) as caught:
        services.open_session(shop.register.id, fresh.id, "1234")
    assert "小林" in caught.value.message
