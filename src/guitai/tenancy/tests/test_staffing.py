"""People at a merchant: product.md B.14 and what the services must refuse."""

import pytest

from guitai.kernel import scope
from guitai.kernel.errors import GuitaiError, NotAllowed, NotFound
from guitai.kernel.models import AuditEntry
from guitai.tenancy import errors, queries, services
from guitai.tenancy.models import Account, Staff, TillSession
from guitai.tenancy.rules import Permission, Role
from guitai.tenancy.tests.shops import BANS, PASSWORD, PIN, a_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    made = a_shop()
    with scope.tenant(made.merchant_id):
        yield made


def managers_of(store):
    return list(Staff.objects.filter(store_id=store.id, role="store_manager", suspended_at=None))


def test_a_store_has_exactly_one_manager_and_appointing_demotes_the_old_one(shop):
    old = shop.people["store_manager"]
    heir = services.appoint_manager(shop.owner, shop.people["clerk"].id)
    assert [p.id for p in managers_of(shop.store)] == [heir.id]
    old.refresh_from_db()
    assert old.role == Role.CLERK
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"staff.appoint", "staff.demote"} <= verbs


def test_only_the_owner_appoints(shop):
    for key in ("co_manager", "store_manager", "accountant", "clerk"):
        with pytest.raises(NotAllowed):
            services.appoint_manager(shop.member(key), shop.people["clerk"].id)
    assert [p.name for p in managers_of(shop.store)] == ["store_manager"]


def test_a_manager_added_directly_takes_the_place_of_the_old_one(shop):
    services.add_staff(
        shop.owner,
        name="新店長",
        role="store_manager",
        store_id=shop.store.id,
        email="new@example.com",
        password=PASSWORD,
    )
    assert [p.name for p in managers_of(shop.store)] == ["新店長"]


def test_a_manager_moved_to_another_store_replaces_the_manager_there(shop):
    services.appoint_manager(shop.owner, shop.people["clerk"].id, store_id=shop.other_store.id)
    assert [p.name for p in managers_of(shop.other_store)] == ["clerk"]
    assert shop.member("other_manager").role is Role.CLERK


def test_a_manager_needs_a_sign_in(shop):
    pin_only = services.add_staff(
        shop.owner, name="小陳", role="clerk", store_id=shop.store.id, pin=PIN
    )
    with pytest.raises(errors.EmailNeeded):
        services.appoint_manager(shop.owner, pin_only.id)
    services.attach_account(shop.owner, pin_only.id, email="chen@example.com", password=PASSWORD)
    assert services.appoint_manager(shop.owner, pin_only.id).role == Role.STORE_MANAGER


def test_changing_a_role_never_makes_or_unmakes_a_manager(shop):
    with pytest.raises(errors.ManagerByAppointment):
        services.change_role(
            shop.owner, shop.people["store_manager"].id, "clerk", store_id=shop.store.id
        )
    with pytest.raises(errors.ManagerByAppointment):
        services.change_role(
            shop.owner, shop.people["clerk"].id, "store_manager", store_id=shop.store.id
        )


def test_there_is_one_owner_who_cannot_be_suspended_but_can_hand_over(shop):
    owner_id = shop.people["owner"].id
    with pytest.raises(errors.OwnerStays):
        services.suspend_staff(shop.owner, owner_id)
    services.transfer_ownership(shop.owner, shop.people["accountant"].id)
    owners = Staff.objects.filter(role="owner")
    assert [p.id for p in owners] == [shop.people["accountant"].id]
    assert shop.member("owner").role is Role.CO_MANAGER
    with pytest.raises(errors.RoleNotYours):
        services.add_staff(
            shop.member("accountant"), name="二號", role="owner", email="x@example.com"
        )


def test_an_old_owner_cannot_hand_over_twice(shop):
    before = shop.owner
    services.transfer_ownership(before, shop.people["accountant"].id)
    with pytest.raises(errors.OwnerStays):
        services.transfer_ownership(before, shop.people["co_manager"].id)


@pytest.mark.parametrize(
    ("who", "whom"),
    [
        ("co_manager", "store_manager"),
        ("co_manager", "owner"),
        ("store_manager", "accountant"),
        ("store_manager", "store_manager"),
        ("accountant", "clerk"),
        ("clerk", "eticket_clerk"),
        ("eticket_clerk", "clerk"),
    ],
)
def test_nobody_manages_an_equal_or_a_higher_role(shop, who, whom):
    target = shop.people[whom]
    with pytest.raises(GuitaiError) as caught:
        services.suspend_staff(shop.member(who), target.id)
    assert caught.value.status in {403, 404, 409}
    target.refresh_from_db()
    assert target.suspended_at is None


def test_a_manager_reaches_only_his_own_store(shop):
    outsider = shop.member("other_manager")
    clerk = shop.people["clerk"]
    with pytest.raises(NotFound):
        services.suspend_staff(outsider, clerk.id)
    with pytest.raises(NotFound):
        services.add_staff(outsider, name="甲", role="clerk", store_id=shop.store.id, pin=PIN)
    with pytest.raises(NotFound):
        services.set_pin(outsider, clerk.id, "1111")


def test_suspending_ends_the_tills_session_and_the_desk_at_once(shop):
    clerk = shop.people["clerk"]
    session = services.open_session(shop.register.id, clerk.id, PIN)
    services.suspend_staff(shop.member("store_manager"), clerk.id, reason="離職")
    session.refresh_from_db()
    assert session.closed_at is not None
    assert queries.member_of(clerk.account_id, shop.merchant_id) is None
    with pytest.raises(errors.SessionClosed):
        queries.require_session(shop.register.id, session.id)
    with pytest.raises(errors.StaffSuspended):
        services.open_session(shop.register.id, clerk.id, PIN)
    services.restore_staff(shop.owner, clerk.id)
    assert queries.member_of(clerk.account_id, shop.merchant_id).role is Role.CLERK


def test_a_suspended_manager_comes_back_as_a_clerk_where_the_place_is_taken(shop):
    old = shop.people["store_manager"]
    services.suspend_staff(shop.owner, old.id)
    assert managers_of(shop.store) == []
    services.appoint_manager(shop.owner, shop.people["clerk"].id)
    services.restore_staff(shop.owner, old.id)
    assert [p.name for p in managers_of(shop.store)] == ["clerk"]
    assert shop.member("store_manager").role is Role.CLERK


def test_an_e_mail_is_used_once_at_a_merchant(shop):
    taken = shop.email("accountant")
    with pytest.raises(errors.EmailTaken) as caught:
        services.add_staff(
            shop.owner, name="乙", role="accountant", email=taken.upper(), password=PASSWORD
        )
    assert caught.value.field == "email"
    assert not Staff.objects.filter(name="乙").exists()


def test_an_account_of_another_merchant_keeps_its_password(shop):
    other = a_shop("海邊書店", BANS[1])
    address = shop.email("accountant")
    with scope.tenant(other.merchant_id):
        services.add_staff(
            other.owner,
            name="兼職會計",
            role="accountant",
            email=address,
            password="Another-pass-1",
        )
        theirs = Staff.objects.get(name="兼職會計")
        assert Account.objects.get(email=address).check_password(PASSWORD)
        with pytest.raises(errors.PasswordElsewhere):
            services.reset_password(other.owner, theirs.id, "Another-pass-1")
    account = Account.objects.get(email=address)
    assert [m.merchant_name for m in queries.memberships(account.id)] == ["小城咖啡", "海邊書店"]


def test_roles_of_the_desk_need_an_e_mail_and_roles_of_the_till_a_store(shop):
    with pytest.raises(errors.EmailNeeded):
        services.add_staff(shop.owner, name="丙", role="accountant")
    with pytest.raises(errors.StoreNeeded):
        services.add_staff(shop.owner, name="丙", role="clerk", pin=PIN)
    with pytest.raises(errors.PinNotForRole):
        services.add_staff(
            shop.owner, name="丙", role="accountant", email="c@example.com",
            password=PASSWORD, pin=PIN,
        )  # fmt: skip
    with pytest.raises(errors.BadRole):
        services.add_staff(shop.owner, name="丙", role="emperor")


@pytest.mark.parametrize("password", ["short1", "12345678901", "password"])
def test_a_weak_password_is_refused_at_its_field(shop, password):
    with pytest.raises(errors.BadPassword) as caught:
        services.add_staff(
            shop.owner, name="丁", role="accountant", email="d@example.com", password=password
        )
    assert caught.value.field == "password"
    assert not Account.objects.filter(email="d@example.com").exists()


@pytest.mark.parametrize("name", ["", "  ", "小😀明", "阿\u0007明", "甲\u200b乙", "長" * 61])
def test_a_bad_name_is_refused_at_its_field(shop, name):
    with pytest.raises(GuitaiError) as caught:
        services.add_staff(shop.owner, name=name, role="clerk", store_id=shop.store.id)
    assert caught.value.field == "name"


def test_rights_beyond_the_role_are_only_those_that_may_be_granted(shop):
    services.update_staff(
        shop.owner,
        shop.people["clerk"].id,
        name="clerk",
        extra_permissions=["till.order_discount", "desk.manage_shop", "nonsense"],
    )
    rights = shop.member("clerk").permissions
    assert Permission.ORDER_DISCOUNT in rights
    assert Permission.MANAGE_SHOP not in rights


def test_taking_a_right_away_ends_the_session_that_still_has_it(shop):
    clerk = shop.people["clerk"]
    services.update_staff(
        shop.owner, clerk.id, name="clerk", extra_permissions=["till.order_discount"]
    )
    session = services.open_session(shop.register.id, clerk.id, PIN)
    assert "till.order_discount" in session.permissions
    services.update_staff(shop.owner, clerk.id, name="clerk", extra_permissions=[])
    session.refresh_from_db()
    assert session.closed_at is not None


def test_a_clerk_moves_to_another_store(shop):
    clerk = shop.people["clerk"]
    services.change_role(shop.owner, clerk.id, "clerk", store_id=shop.other_store.id)
    with pytest.raises(errors.TillOtherStore):
        services.open_session(shop.register.id, clerk.id, PIN)
    assert services.open_session(shop.other_register.id, clerk.id, PIN)


def test_the_outsider_changes_nothing():
    ours, theirs = a_shop(), a_shop("海邊書店", BANS[1])
    target = ours.people["clerk"]
    attempts = [
        lambda: services.suspend_staff(theirs.owner, target.id),
        lambda: services.set_pin(theirs.owner, target.id, "9999"),
        lambda: services.appoint_manager(theirs.owner, target.id),
        lambda: services.reset_password(theirs.owner, target.id, "Another-pass-1"),
        lambda: services.transfer_ownership(theirs.owner, target.id),
        lambda: services.open_session(theirs.register.id, target.id, PIN),
        lambda: services.unlock(theirs.owner, ours.register.id),
        lambda: services.update_store(theirs.owner, ours.store.id, name="偷"),
        lambda: services.add_register(theirs.owner, store_id=ours.store.id, code="9", name="x"),
    ]
    with scope.tenant(ours.merchant_id):
        before = list(Staff.objects.order_by("id").values())
    with scope.tenant(theirs.merchant_id):
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()
    with scope.tenant(ours.merchant_id):
        assert list(Staff.objects.order_by("id").values()) == before
        assert not TillSession.objects.exists()


def test_every_change_is_in_the_audit_trail_without_secrets(shop):
    clerk = shop.people["clerk"]
    services.set_pin(shop.owner, clerk.id, "8642")
    services.reset_password(shop.owner, clerk.id, "Another-pass-1")
    services.suspend_staff(shop.owner, clerk.id, reason="離職")
    found = AuditEntry.objects.filter(subject_id=clerk.id).order_by("at", "id")
    verbs = [entry.verb for entry in found]
    assert verbs == ["staff.add", "staff.pin_set", "staff.password_reset", "staff.suspend"]
    assert found.last().actor_name == "王大業"
    assert found.last().reason == "離職"
    everything = repr(list(AuditEntry.objects.values()))
    assert "8642" not in everything
    assert "Another-pass-1" not in everything
