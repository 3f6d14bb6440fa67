"""Every address of numbers, invoices, uploads, orders and centres × every role × the outsider."""

import pytest
from django.test import Client
from django.urls import reverse

from guitai.backoffice import urls_invoicing
from guitai.backoffice.tests.counter import CARRIER, KEY, open_counter
from guitai.backoffice.tests.invoicing_table import OWNER, ROLES, TABLE
from guitai.invoicing.models import CentreAccount, Invoice, Transmission, VoidDocument
from guitai.invoicing.rules import TransmissionState
from guitai.kernel import clock, scope
from guitai.kernel.models import AuditEntry
from guitai.numbering.models import Allocation, Range
from guitai.numbering.services import pause
from guitai.orders.models import Order
from guitai.orders.rules import InvoiceChoiceKind
from guitai.orders.tests.till import NOON
from guitai.tenancy import services as tenancy

KEPT = (Allocation, Range, Invoice, VoidDocument, Transmission, Order, CentreAccount)


@pytest.fixture(autouse=True)
def noon(settings, tmp_path):
    (tmp_path / "turnkey").mkdir()
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "turnkey")
    with clock.moved(NOON):
        yield


@pytest.fixture
def things(shop):
    """What the addresses point at, all of one merchant and of its first store."""
    counter = open_counter(shop)
    order, invoice = counter.sell()
    _, stuck = counter.sell(InvoiceChoiceKind.MOBILE_BARCODE, carrier=CARRIER)
    bare, _ = counter.sell(InvoiceChoiceKind.NONE_YET)
    parked = counter.put(stuck, TransmissionState.PARKED, provider_code="DUP")
    with scope.tenant(shop.merchant_id):
        free = tenancy.add_register(shop.owner, store_id=shop.store.id, code="7", name="七號機")
        folder = CentreAccount.objects.create(
            centre="turnkey",
            entity_id=shop.entity.id,
            register_id=shop.register.id,
            seller_ban=shop.entity.ban,
        )
        CentreAccount.objects.filter(id=counter.account.id).update(state="paused", problem="金鑰")
        row = Range.objects.get()
        half = Range.objects.create(
            **{
                name: getattr(row, name)
                for name in ("allocation_id", "entity_id", "ban", "period", "owner_kind")
            },
            track="ZZ",
            begin_no=0,
            end_no=49,
            next_no=0,
            owner_id=row.owner_id,
            register_id=row.register_id,
        )
        pause(half.id, counter.till.clerk.actor)
    return {
        "entity": shop.entity.id,
        "register": shop.register.id,
        "free_register": free.id,
        "range": row.id,
        "paused_range": half.id,
        "order": order,
        "bare_order": bare,
        "invoice": invoice,
        "waiting": counter.sending(invoice).id,
        "parked": parked,
        "account": counter.account.id,
        "folder_account": folder.id,
    }


def call(browser, name, things):
    method, arguments, posted, _ = TABLE[name]
    kwargs = {k: v[1:] if v.startswith("=") else things[v] for k, v in arguments.items()}
    address = reverse(f"desk:{name}", kwargs=kwargs)
    return browser.get(address) if method == "GET" else browser.post(address, posted)


def everything(merchant_id):
    with scope.tenant(merchant_id):
        rows = [list(model.objects.order_by("id").values()) for model in KEPT]
        # Encrypted anew at each write, so what is compared is the clear text.
        return repr(rows), AuditEntry.objects.count()


def test_the_table_names_every_page_of_the_module():
    assert {pattern.name for pattern in urls_invoicing.urlpatterns} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("role", ROLES)
def test_each_page_for_each_role(desk, shop, things, name, role):
    before = everything(shop.merchant_id)
    answer = call(desk(shop, role), name, things)
    if role in TABLE[name][3]:
        assert answer.status_code in {200, 302}, answer.content.decode()[:2000]
        return
    assert answer.status_code in {403, 404}, answer.content.decode()[:2000]
    assert everything(shop.merchant_id) == before


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_page_for_the_owner_of_another_merchant(desk, shop, outside, things, name):
    before = everything(shop.merchant_id)
    answer = call(desk(outside, OWNER), name, things)
    if any(not v.startswith("=") for v in TABLE[name][1].values()):
        assert answer.status_code == 404
    shown = answer.content.decode(errors="replace")
    for mark in (str(shop.merchant_id), "小城咖啡", "AB0000", KEY, CARRIER, "centre.example"):
        assert mark not in shown
    assert everything(shop.merchant_id) == before


LISTS = ("invoices", "transmissions", "orders", "invoice-export", "centres")


@pytest.mark.parametrize("name", LISTS)
def test_the_other_stores_manager_finds_nothing_of_ours_in_his_lists(desk, shop, things, name):
    shown = call(desk(shop, "other_manager"), name, {**things})
    body = shown.content
    assert b"AB0000" not in body
    assert b"centre.example" not in body
    assert "中正店" not in body.decode(errors="replace")


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_page_for_who_is_not_signed_in(shop, things, name):
    before = everything(shop.merchant_id)
    answer = call(Client(), name, things)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")
    assert everything(shop.merchant_id) == before


@pytest.mark.parametrize("name", sorted(n for n, row in TABLE.items() if row[0] == "POST"))
def test_each_change_needs_the_csrf_token(desk, shop, things, name):
    before = everything(shop.merchant_id)
    answer = call(desk(shop, OWNER, enforce_csrf_checks=True), name, things)
    assert answer.status_code == 403
    assert everything(shop.merchant_id) == before


# These also show a form by GET.
FORMS = {"number-share", "number-reconcile", "centre"}
VERBS = sorted(n for n, row in TABLE.items() if row[0] == "POST" and n not in FORMS)


@pytest.mark.parametrize("name", VERBS)
def test_a_link_never_changes_anything(desk, shop, things, name):
    before = everything(shop.merchant_id)
    arguments = TABLE[name][1]
    kwargs = {k: v[1:] if v.startswith("=") else things[v] for k, v in arguments.items()}
    assert desk(shop, OWNER).get(reverse(f"desk:{name}", kwargs=kwargs)).status_code == 405
    assert everything(shop.merchant_id) == before
