"""One register, one device (product.md B.15) and who stands at it."""

from datetime import UTC, datetime, timedelta

import pytest

from guitai.kernel import clock, scope
from guitai.kernel.errors import NotAllowed
from guitai.kernel.models import AuditEntry
from guitai.tenancy import errors, queries, services
from guitai.tenancy.models import Binding, BindingCode, TillSession
from guitai.tenancy.tests.shops import BANS, PIN, a_shop

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


MERCHANT = "01994c9e-0000-7000-8000-000000000000"  # of the right shape, and nobody's


@pytest.fixture
def shop():
    return a_shop()


def code_for(shop, register=None):
    with scope.tenant(shop.merchant_id):
        return services.make_binding_code(shop.owner, (register or shop.register).id).code


def bound(shop, name="櫃台 A"):
    return services.bind_by_code(shop.entity.ban, code_for(shop), name)


def test_a_code_binds_and_the_token_opens_the_register(shop):
    fresh = bound(shop)
    merchant_id, binding = queries.authenticate_device(fresh.token)
    assert merchant_id == shop.merchant_id
    assert binding.register.id == shop.register.id
    assert binding.register.store.name == "中正店"
    assert binding.register.store.entity.ban == shop.entity.ban


def test_the_database_holds_neither_token_nor_code(shop):
    code = code_for(shop)
    fresh = services.bind_by_code(shop.entity.ban, code, "櫃台 A")
    with scope.tenant(shop.merchant_id):
        stored = repr(list(Binding.objects.values())) + repr(list(BindingCode.objects.values()))
        stored += repr(list(AuditEntry.objects.values()))
    assert code not in stored
    assert fresh.token.split(".")[1] not in stored


def test_a_second_device_is_told_who_holds_the_register(shop):
    bound(shop)
    with pytest.raises(errors.BindingTaken) as caught:
        bound(shop, "櫃台 B")
    assert caught.value.message == "此 POS 機目前由 [櫃台 A] 使用中"
    assert caught.value.code == "BIND-TAKEN"
    assert caught.value.status == 409


def test_a_refused_bind_does_not_burn_the_code(shop):
    bound(shop)
    code = code_for(shop)
    with pytest.raises(errors.BindingTaken):
        services.bind_by_code(shop.entity.ban, code, "櫃台 B")
    with scope.tenant(shop.merchant_id):
        assert BindingCode.objects.filter(used_at=None).count() == 1


def test_a_code_serves_once(shop):
    code = code_for(shop)
    services.bind_by_code(shop.entity.ban, code, "櫃台 A")
    with scope.tenant(shop.merchant_id):
        services.unlock(shop.owner, shop.register.id)
    with pytest.raises(errors.BindingCodeRefused):
        services.bind_by_code(shop.entity.ban, code, "櫃台 B")


def test_a_code_lives_ten_minutes(shop):
    with clock.moved(NOON):
        code = code_for(shop)
    with clock.moved(NOON + timedelta(minutes=10)), pytest.raises(errors.BindingCodeRefused):
        services.bind_by_code(shop.entity.ban, code, "櫃台 A")
    with clock.moved(NOON + timedelta(minutes=9, seconds=59)):
        assert services.bind_by_code(shop.entity.ban, code, "櫃台 A")


def test_a_newer_code_replaces_the_older_one(shop):
    old, new = code_for(shop), code_for(shop)
    with pytest.raises(errors.BindingCodeRefused):
        services.bind_by_code(shop.entity.ban, old, "櫃台 A")
    assert services.bind_by_code(shop.entity.ban, new, "櫃台 A")


def test_the_code_may_be_typed_sloppily_but_the_ban_must_fit(shop):
    code = code_for(shop)
    with pytest.raises(errors.BindingCodeRefused):
        services.bind_by_code(BANS[1], code, "櫃台 A")
    typed = f" {code[:4].lower()}-{code[4:].lower()} "
    assert services.bind_by_code(shop.entity.ban, typed, "櫃台 A")


@pytest.mark.parametrize("key", ["owner", "store_manager"])
def test_owner_and_that_stores_manager_unlock(shop, key):
    fresh = bound(shop)
    with scope.tenant(shop.merchant_id):
        services.unlock(shop.member(key), shop.register.id, reason="主機故障")
        entry = AuditEntry.objects.get(verb="register.unlock")
        assert (entry.before, entry.reason) == ({"device": "櫃台 A"}, "主機故障")
    with pytest.raises(errors.NotBound):
        queries.authenticate_device(fresh.token)
    assert bound(shop, "櫃台 B")


@pytest.mark.parametrize(
    "key", ["co_manager", "other_manager", "accountant", "clerk", "eticket_clerk"]
)
def test_nobody_else_unlocks(shop, key):
    fresh = bound(shop)
    with scope.tenant(shop.merchant_id), pytest.raises(NotAllowed):
        services.unlock(shop.member(key), shop.register.id)
    assert queries.authenticate_device(fresh.token)


def test_unlocking_ends_the_session_at_the_register(shop):
    bound(shop)
    with scope.tenant(shop.merchant_id):
        session = services.open_session(shop.register.id, shop.people["clerk"].id, PIN)
        services.unlock(shop.owner, shop.register.id)
        session.refresh_from_db()
        assert session.closed_at is not None


def test_changing_clerks_keeps_the_binding_and_ends_the_first_session(shop):
    fresh = bound(shop)
    with scope.tenant(shop.merchant_id):
        first = services.open_session(shop.register.id, shop.people["clerk"].id, PIN)
        second = services.open_session(shop.register.id, shop.people["store_manager"].id, PIN)
        with pytest.raises(errors.SessionClosed):
            queries.require_session(shop.register.id, first.id)
        assert queries.require_session(shop.register.id, second.id).staff_name == "store_manager"
        assert TillSession.objects.filter(closed_at=None).count() == 1
    assert queries.authenticate_device(fresh.token)


def test_an_e_ticket_clerk_has_no_checkout(shop):
    with scope.tenant(shop.merchant_id):
        session = services.open_session(shop.register.id, shop.people["eticket_clerk"].id, PIN)
    assert session.permissions == ["till.redeem"]


@pytest.mark.parametrize("key", ["owner", "co_manager", "accountant"])
def test_roles_without_a_till_cannot_open_one(shop, key):
    with scope.tenant(shop.merchant_id), pytest.raises(errors.TillNotForRole):
        services.open_session(shop.register.id, shop.people[key].id, PIN)


def test_people_of_another_store_cannot_open_this_till(shop):
    with scope.tenant(shop.merchant_id), pytest.raises(errors.TillOtherStore):
        services.open_session(shop.register.id, shop.people["other_manager"].id, PIN)


def test_closing_a_session_twice_is_told_apart(shop):
    with scope.tenant(shop.merchant_id):
        session = services.open_session(shop.register.id, shop.people["clerk"].id, PIN)
        assert services.close_session(shop.register.id, session.id) is True
        assert services.close_session(shop.register.id, session.id) is False


def test_the_desk_binds_this_device_and_lets_go_of_the_register_it_held(shop):
    with scope.tenant(shop.merchant_id):
        second = services.add_register(shop.owner, store_id=shop.store.id, code="2", name="二號機")
        member = shop.member("store_manager")
        first = services.bind_here(member, shop.register.id, "櫃台電腦")
        moved = services.bind_here(member, second.id, "櫃台電腦", current_token=first.token)
        assert queries.holder(shop.register.id) is None
        assert queries.holder(second.id).id == moved.binding.id
    with pytest.raises(errors.NotBound):
        queries.authenticate_device(first.token)


def test_binding_here_when_held_changes_nothing(shop):
    with scope.tenant(shop.merchant_id):
        second = services.add_register(shop.owner, store_id=shop.store.id, code="2", name="二號機")
        services.bind_here(shop.owner, second.id, "別台")
        own = services.bind_here(shop.owner, shop.register.id, "櫃台電腦")
        with pytest.raises(errors.BindingTaken):
            services.bind_here(shop.owner, second.id, "櫃台電腦", current_token=own.token)
    assert queries.authenticate_device(own.token)[1].register_id == shop.register.id


@pytest.mark.parametrize("key", ["other_manager", "accountant", "clerk", "eticket_clerk"])
def test_who_may_not_set_up_registers_makes_no_code_and_binds_nothing(shop, key):
    with scope.tenant(shop.merchant_id):
        with pytest.raises(NotAllowed):
            services.make_binding_code(shop.member(key), shop.register.id)
        with pytest.raises(NotAllowed):
            services.bind_here(shop.member(key), shop.register.id, "x")
        assert not BindingCode.objects.exists()
        assert not Binding.objects.exists()


@pytest.mark.parametrize(
    "token", ["", ".", "abc", f"{MERCHANT}.", f"{MERCHANT}.short", f"x.{'a' * 43}", "é" * 60]
)
def test_a_malformed_token_is_no_device(token):
    with pytest.raises(errors.NotBound):
        queries.authenticate_device(token)


def test_a_token_of_one_merchant_opens_nothing_at_another(shop):
    other = a_shop("海邊書店", BANS[1])
    secret = bound(shop).token.split(".")[1]
    with pytest.raises(errors.NotBound):
        queries.authenticate_device(f"{other.merchant_id}.{secret}")


def test_a_retired_register_is_let_go_and_cannot_be_bound(shop):
    fresh = bound(shop)
    with scope.tenant(shop.merchant_id):
        services.retire_register(shop.owner, shop.register.id)
        with pytest.raises(errors.RegisterRetired):
            services.make_binding_code(shop.owner, shop.register.id)
    with pytest.raises(errors.NotBound):
        queries.authenticate_device(fresh.token)


def test_a_suspended_merchant_sells_nothing(shop):
    from guitai.kernel.audit import Actor

    fresh = bound(shop)
    operator = Actor(kind="operator", name="營運")
    services.suspend_merchant(operator, shop.merchant_id, "欠費")
    with pytest.raises(errors.MerchantSuspended):
        queries.authenticate_device(fresh.token)
    assert queries.member_of(shop.owner.account_id, shop.merchant_id) is None
    services.restore_merchant(operator, shop.merchant_id, "已繳費")
    assert queries.authenticate_device(fresh.token)


def test_seen_is_noted_at_most_once_a_minute(shop):
    binding = bound(shop).binding
    with scope.tenant(shop.merchant_id):
        for seconds, expected in ((0, 0), (59, 0), (61, 61)):
            with clock.moved(NOON + timedelta(seconds=seconds)):
                services.touch(Binding.objects.get(id=binding.id))
            seen = Binding.objects.get(id=binding.id).last_seen_at
            assert seen == NOON + timedelta(seconds=expected)
