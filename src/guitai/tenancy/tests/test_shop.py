"""Business entities, stores, registers and the setting that belongs to the store manager."""

import pytest

from guitai.kernel import scope
from guitai.kernel.audit import Actor
from guitai.kernel.errors import GuitaiError, NotAllowed
from guitai.kernel.models import AuditEntry
from guitai.tenancy import errors, queries, services
from guitai.tenancy.models import BusinessEntity, Merchant, Register
from guitai.tenancy.services import InvoiceSettings
from guitai.tenancy.tests.shops import BANS, PASSWORD, a_shop

pytestmark = pytest.mark.django_db

OFF = InvoiceSettings(auto_issue=False, auto_print=False, print_detail=True, centre="mirle")


@pytest.fixture
def shop():
    made = a_shop()
    with scope.tenant(made.merchant_id):
        yield made


@pytest.mark.parametrize(
    "ban", ["", "1234567", "12345678", "00000000", "１２３４５６７５", "abcdefgh"]
)
def test_a_wrong_ban_is_refused_at_its_field(shop, ban):
    with pytest.raises(errors.BadBan) as caught:
        services.add_entity(shop.owner, ban=ban, name="測試", address="臺北市")
    assert caught.value.field == "ban"
    assert BusinessEntity.objects.count() == 1


def test_a_ban_stands_once_at_a_merchant_and_may_stand_at_another(shop):
    with pytest.raises(errors.BanTaken):
        services.add_entity(shop.owner, ban=BANS[0], name="測試", address="臺北市")
    assert a_shop("海邊書店", BANS[0])


def test_the_qr_key_is_sealed_kept_when_left_empty_and_not_in_the_audit(shop):
    key = "0123456789ABCDEF0123456789abcdef"
    services.update_entity(shop.owner, shop.entity.id, qr_key=key)
    services.update_entity(shop.owner, shop.entity.id, qr_key="", name="新名字")
    assert queries.entity(shop.entity.id).qr_key == key.upper()
    assert key.upper() not in repr(list(AuditEntry.objects.values()))
    with pytest.raises(errors.BadQrKey):
        services.update_entity(shop.owner, shop.entity.id, qr_key="xyz")


def test_the_class_of_member_carriers_is_the_sellers_own_and_may_be_taken_back(shop):
    services.update_entity(shop.owner, shop.entity.id, member_carrier_type=" ej0113 ")
    assert queries.entity(shop.entity.id).member_carrier_type == "EJ0113"
    services.update_entity(shop.owner, shop.entity.id, name="新名字")
    assert queries.entity(shop.entity.id).member_carrier_type == "EJ0113"
    services.update_entity(shop.owner, shop.entity.id, member_carrier_type="")
    assert queries.entity(shop.entity.id).member_carrier_type == ""
    before = AuditEntry.objects.filter(verb="entity.change").count()
    assert before == 3


@pytest.mark.parametrize(
    "typed",
    ["EJ011", "EJ01133", "EJ 113", "ＥＪ０１１３", "3J0002", "cq0001", "EJ011A", "會員0001"],
)
def test_a_class_that_is_none_or_a_public_carriers_is_refused(shop, typed):
    for act in (
        lambda: services.update_entity(shop.owner, shop.entity.id, member_carrier_type=typed),
        lambda: services.add_entity(
            shop.owner, ban=BANS[1], name="測試", address="臺北市", member_carrier_type=typed
        ),
    ):
        with pytest.raises(errors.BadCarrierType) as caught:
            act()
        assert (caught.value.code, caught.value.field) == (
            "TEN-CARRIER-TYPE", "member_carrier_type",
        )  # fmt: skip
    assert BusinessEntity.objects.get().member_carrier_type == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "小城🍵"), ("name", ""), ("name", "長" * 61), ("address", "臺北\n市"),
        ("person_in_charge", "長" * 31), ("telephone", "0" * 27),
    ],
)  # fmt: skip
def test_lines_that_an_invoice_cannot_carry_are_refused(shop, field, value):
    values = {"name": "測試", "address": "臺北市", field: value}
    with pytest.raises(GuitaiError) as caught:
        services.add_entity(shop.owner, ban=BANS[1], **values)
    assert caught.value.field == field


def test_the_error_names_the_character(shop):
    with pytest.raises(errors.BadText) as caught:
        services.update_store(shop.owner, shop.store.id, name="中正😀店")
    assert "第 3 個字 😀（U+1F600） 是表情符號" in caught.value.message


def test_codes_are_unique_where_they_must_be(shop):
    with pytest.raises(errors.CodeTaken):
        services.add_store(shop.owner, entity_id=shop.entity.id, code="A01", name="甲")
    with pytest.raises(errors.CodeTaken):
        services.add_register(shop.owner, store_id=shop.store.id, code="1", name="甲")
    with pytest.raises(errors.BadCode):
        services.add_store(shop.owner, entity_id=shop.entity.id, code="../A", name="甲")
    assert services.add_register(shop.owner, store_id=shop.other_store.id, code="2", name="甲")


@pytest.mark.parametrize("key", ["owner", "store_manager"])
def test_owner_and_store_manager_change_the_invoice_settings(shop, key):
    services.update_invoice_settings(shop.member(key), shop.register.id, OFF)
    register = Register.objects.get(id=shop.register.id)
    assert (register.auto_issue, register.auto_print, register.print_detail) == (False, False, True)
    assert register.centre == "mirle"
    entry = AuditEntry.objects.get(verb="register.invoice_settings")
    assert entry.before["auto_issue"] is True
    assert entry.after["auto_issue"] is False


@pytest.mark.parametrize(
    "key", ["co_manager", "other_manager", "accountant", "clerk", "eticket_clerk"]
)
def test_nobody_else_changes_the_invoice_settings(shop, key):
    with pytest.raises(NotAllowed):
        services.update_invoice_settings(shop.member(key), shop.register.id, OFF)
    assert Register.objects.get(id=shop.register.id).auto_issue is True


def test_the_manager_changes_his_stores_data_and_no_others(shop):
    manager = shop.member("store_manager")
    services.update_store(manager, shop.store.id, telephone="02-2345-6789")
    assert queries.store(shop.store.id).telephone == "02-2345-6789"
    with pytest.raises(NotAllowed):
        services.update_store(manager, shop.other_store.id, telephone="1")
    with pytest.raises(NotAllowed):
        services.add_store(manager, entity_id=shop.entity.id, code="C03", name="丙")


def test_a_store_closes_when_its_registers_are_retired(shop):
    with pytest.raises(errors.StoreHasRegisters):
        services.close_store(shop.owner, shop.store.id)
    services.retire_register(shop.owner, shop.register.id)
    services.close_store(shop.owner, shop.store.id)
    with pytest.raises(errors.StoreClosed):
        services.restore_register(shop.owner, shop.register.id)
    with pytest.raises(errors.StoreClosed):
        services.add_register(shop.owner, store_id=shop.store.id, code="9", name="九")
    services.reopen_store(shop.owner, shop.store.id)
    services.restore_register(shop.owner, shop.register.id)
    assert queries.register(shop.register.id).retired_at is None


def test_saving_without_a_change_leaves_no_trace(shop):
    before = AuditEntry.objects.count()
    services.update_store(shop.owner, shop.store.id, name="中正店")
    assert AuditEntry.objects.count() == before


def test_only_system_and_operator_open_a_merchant():
    with pytest.raises(NotAllowed):
        services.create_merchant_with_owner(
            "甲", "a@example.com", PASSWORD, owner_name="乙", by=Actor(kind="person", name="丙")
        )
    assert not Merchant.objects.exists()


def test_a_merchant_with_a_refused_owner_is_not_left_behind():
    with pytest.raises(errors.BadEmail):
        services.create_merchant_with_owner("甲", "not-an-address", PASSWORD, owner_name="乙")
    assert not Merchant.objects.exists()
