"""Two real connections at once: binding, appointing, guessing PINs."""

import threading

import pytest
from django.db import connection, transaction

from guitai.kernel import scope
from guitai.kernel.errors import GuitaiError
from guitai.tenancy import errors, services
from guitai.tenancy.models import Binding, Staff
from guitai.tenancy.tests.shops import PASSWORD, PIN, a_shop

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def at_once(merchant_id, *calls):
    """Runs the calls in threads that start together; each one's result or refusal, in order."""
    results = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(place, call):
        try:
            with scope.tenant(merchant_id):
                connection.ensure_connection()
                gate.wait(10)
                results[place] = call()
        except GuitaiError as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_devices_with_the_same_code_one_binds():
    shop = a_shop()
    for _ in range(5):
        with scope.tenant(shop.merchant_id):
            code = services.make_binding_code(shop.owner, shop.register.id).code
        results = at_once(
            shop.merchant_id,
            *(
                lambda name=name, code=code: services.bind_by_code(shop.entity.ban, code, name)
                for name in ("甲", "乙", "丙")
            ),
        )
        refused = [r for r in results if isinstance(r, GuitaiError)]
        assert len(refused) == 2
        assert {r.code for r in refused} <= {"BIND-CODE", "BIND-TAKEN"}
        with scope.tenant(shop.merchant_id):
            assert Binding.objects.filter(released_at=None).count() == 1
            services.unlock(shop.owner, shop.register.id)


def test_two_desks_bind_the_same_register_one_wins():
    shop = a_shop()
    results = at_once(
        shop.merchant_id,
        lambda: services.bind_here(shop.owner, shop.register.id, "甲"),
        lambda: services.bind_here(shop.owner, shop.register.id, "乙"),
    )
    taken = [r for r in results if isinstance(r, errors.BindingTaken)]
    assert len(taken) == 1
    with scope.tenant(shop.merchant_id):
        assert taken[0].params["holder"] == Binding.objects.get(released_at=None).device_name


def test_without_the_lock_both_see_a_free_register():
    """The control: the same two steps without the row lock do race, so the lock is what decides."""
    shop = a_shop()
    seen, both_looked = [], threading.Barrier(2)

    def careless(name):
        with transaction.atomic():
            seen.append(Binding.objects.filter(register_id=shop.register.id).exists())
            both_looked.wait(10)
            with services.devices.refused_as(
                {"binding_one_device": errors.BindingTaken(holder="?")}
            ):
                Binding.objects.create(
                    register_id=shop.register.id, device_name=name, token_hash=name.encode()
                )

    results = at_once(shop.merchant_id, lambda: careless("a"), lambda: careless("b"))
    assert seen == [False, False]
    assert sum(isinstance(r, errors.BindingTaken) for r in results) == 1


def test_two_appointments_at_once_leave_exactly_one_manager():
    shop = a_shop()
    with scope.tenant(shop.merchant_id):
        heirs = [
            services.add_staff(
                shop.owner, name=f"候選{n}", role="clerk", store_id=shop.store.id,
                email=f"heir{n}.{shop.merchant_id.hex[-6:]}@example.com", password=PASSWORD,
            ).id
            for n in range(3)
        ]  # fmt: skip
    for _ in range(5):
        results = at_once(
            shop.merchant_id,
            *(lambda h=h: services.appoint_manager(shop.owner, h) for h in heirs),
        )
        assert not [r for r in results if isinstance(r, BaseException)]
        with scope.tenant(shop.merchant_id):
            acting = Staff.objects.filter(
                store_id=shop.store.id, role="store_manager", suspended_at=None
            )
            assert acting.count() == 1


def test_guesses_at_once_are_all_counted():
    shop = a_shop()
    clerk = shop.people["clerk"].id
    results = at_once(
        shop.merchant_id, *(lambda: services.verify_pin(clerk, "0000") for _ in range(8))
    )
    assert sorted(r.code for r in results) == ["PIN-LOCKED"] * 4 + ["PIN-WRONG"] * 4
    with scope.tenant(shop.merchant_id), pytest.raises(errors.PinLocked):
        services.verify_pin(clerk, PIN)


def test_two_sign_ins_at_one_register_leave_one_session():
    shop = a_shop()
    at_once(
        shop.merchant_id,
        *(
            lambda key=key: services.open_session(shop.register.id, shop.people[key].id, PIN)
            for key in ("clerk", "store_manager")
        ),
    )
    with scope.tenant(shop.merchant_id):
        assert services.sessions.TillSession.objects.filter(closed_at=None).count() == 1
