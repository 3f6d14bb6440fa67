"""Every address of the desk × every role × the outsider, in one table.

``TABLE`` names every url of the desk. A page without an entry fails ``test_every_page_is_named``,
so nobody can add one without saying who may open it.
"""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from guitai.backoffice import urls
from guitai.backoffice.tests.invoicing_table import TABLE as INVOICING
from guitai.catalog import services as catalog
from guitai.catalog.models import Product, ProductImport
from guitai.catalog.rules import ProductDraft
from guitai.devices.models import Agent, JoinCode
from guitai.devices.services import agents
from guitai.kernel import scope
from guitai.kernel.models import AuditEntry
from guitai.tenancy import services
from guitai.tenancy.models import (
    Binding,
    BindingCode,
    BusinessEntity,
    Merchant,
    Register,
    Staff,
    Store,
)

OWNER, CO, MANAGER = "owner", "co_manager", "store_manager"
OTHER, ACCOUNTANT, CLERK, ETICKET = "other_manager", "accountant", "clerk", "eticket_clerk"
ROLES = (OWNER, CO, MANAGER, OTHER, ACCOUNTANT, CLERK, ETICKET)
EVERYBODY = frozenset(ROLES)
HEAD = frozenset({OWNER, CO})
STAFFERS = frozenset({OWNER, CO, MANAGER, OTHER})
OWN_STORE = frozenset({OWNER, CO, MANAGER})
NUMBERS = frozenset({OWNER, CO, ACCOUNTANT})
INVOICES = frozenset({OWNER, CO, MANAGER, OTHER, ACCOUNTANT})
NOBODY = frozenset()

# name: (method, arguments, what is posted, who may). "@clerk" is the id of that thing.
TABLE = {
    "home": ("GET", {}, None, EVERYBODY),
    "me": ("POST", {}, {"pin": "9753"}, EVERYBODY),
    "entities": ("GET", {}, None, HEAD),
    "entity-new": (
        "POST",
        {},
        {"ban": "04595257", "name": "新公司", "address": "臺北市"},
        HEAD,
    ),
    "entity": (
        "POST",
        {"entity_id": "@entity"},
        {"name": "改名公司", "address": "臺北市"},
        HEAD,
    ),
    "stores": ("GET", {}, None, STAFFERS),
    "store-new": ("POST", {}, {"entity": "@entity", "code": "C03", "name": "丙店"}, HEAD),
    "store": ("POST", {"store_id": "@store"}, {"name": "改名店"}, OWN_STORE),
    "store-close": ("POST", {"store_id": "@store"}, {}, HEAD),
    "store-reopen": ("POST", {"store_id": "@store"}, {}, HEAD),
    "registers": ("GET", {}, None, STAFFERS),
    "register-new": ("POST", {}, {"store": "@store", "code": "9", "name": "九號機"}, HEAD),
    "register": (
        "POST",
        {"register_id": "@register"},
        {"name": "改名機", "default_float": "100"},
        OWN_STORE,
    ),
    "register-invoice": (
        "POST",
        {"register_id": "@register"},
        {"centre": "none"},
        frozenset({OWNER, MANAGER}),
    ),
    "register-unlock": (
        "POST",
        {"register_id": "@register"},
        {"reason": "換機"},
        frozenset({OWNER, MANAGER}),
    ),
    "register-code": ("POST", {"register_id": "@register"}, {}, OWN_STORE),
    "register-open-here": (
        "POST",
        {"register_id": "@free_register"},
        {"device_name": "這台"},
        OWN_STORE,
    ),
    "register-retire": ("POST", {"register_id": "@register"}, {}, HEAD),
    "register-restore": ("POST", {"register_id": "@register"}, {}, HEAD),
    "devices": ("GET", {}, None, STAFFERS),
    "device": ("GET", {"register_id": "@register"}, None, OWN_STORE),
    "device-picture": ("GET", {"name": "paper-roll"}, None, STAFFERS),
    "device-agent-code": ("POST", {"register_id": "@register"}, {}, OWN_STORE),
    "device-agent-remove": ("POST", {"agent_id": "@agent"}, {}, OWN_STORE),
    "staff": ("GET", {}, None, STAFFERS),
    "staff-new": (
        "POST",
        {},
        {"name": "新人", "role": "clerk", "store": "@store", "pin": "1357"},
        OWN_STORE,
    ),
    "staff-one": ("POST", {"staff_id": "@clerk"}, {"name": "改名"}, OWN_STORE),
    "staff-pin": ("POST", {"staff_id": "@clerk"}, {"pin": "1357"}, OWN_STORE),
    "staff-password": ("POST", {"staff_id": "@clerk"}, {"password": "another-horse-8"}, OWN_STORE),
    "staff-account": (
        "POST",
        {"staff_id": "@pin_only"},
        {"email": "fresh@example.com", "password": "another-horse-8"},
        OWN_STORE,
    ),
    "staff-role": (
        "POST",
        {"staff_id": "@clerk"},
        {"role": "eticket_clerk", "store": "@store"},
        OWN_STORE,
    ),
    "staff-appoint": ("POST", {"staff_id": "@clerk"}, {}, frozenset({OWNER})),
    "staff-suspend": ("POST", {"staff_id": "@clerk"}, {"reason": "離職"}, OWN_STORE),
    "staff-restore": ("POST", {"staff_id": "@suspended"}, {}, OWN_STORE),
    "staff-transfer": ("POST", {"staff_id": "@accountant"}, {}, frozenset({OWNER})),
    "products": ("GET", {}, None, STAFFERS),
    "product-new": (
        "POST",
        {},
        {"sku": "N-1", "name": "新品", "price": "5", "tax_type": "1"},
        STAFFERS,
    ),
    "product": (
        "POST",
        {"product_id": "@product"},
        {"sku": "P-1", "name": "改名", "price": "6", "tax_type": "1"},
        STAFFERS,
    ),
    "product-export": ("GET", {"kind": "csv"}, None, STAFFERS),
    "product-template": ("GET", {"kind": "xlsx"}, None, STAFFERS),
    "product-import": ("GET", {}, None, STAFFERS),
    "product-import-preview": ("GET", {"import_id": "@import"}, None, frozenset({OWNER})),
    "product-import-apply": ("POST", {"import_id": "@import"}, {}, frozenset({OWNER})),
    "audit": ("GET", {}, None, NUMBERS),
}
# Outside every merchant; tested one by one below.
ELSEWHERE = {"choose", "platform", "platform-new", "platform-suspend", "platform-restore"}
# Pages that say 409 or take the person back with a sentence, instead of an own status.
SOFT = {"product-import-apply"}


def names_of(patterns):
    return {pattern.name for pattern in patterns}


def test_every_page_is_named():
    assert names_of(urls.urlpatterns) == set(TABLE) | ELSEWHERE | set(OTHERS)


def test_every_page_has_passed_the_door():
    open_ones = [p.name for p in urls.urlpatterns if not hasattr(p.callback, "desk_permissions")]
    assert open_ones == []


# Whoever adds pages from another module adds a table of this shape beside it and joins it here.
OTHERS = INVOICING


@pytest.fixture
def things(shop):
    """What the addresses point at, all of one merchant."""
    with scope.tenant(shop.merchant_id):
        free = services.add_register(shop.owner, store_id=shop.store.id, code="2", name="二號機")
        services.bind_here(shop.owner, shop.register.id, "櫃台 A")
        pin_only = services.add_staff(
            shop.owner, name="只有PIN", role="clerk", store_id=shop.store.id, pin="1357"
        )
        suspended = services.add_staff(
            shop.owner, name="停權者", role="clerk", store_id=shop.store.id, pin="1357"
        )
        services.suspend_staff(shop.owner, suspended.id)
        product = catalog.add_product(shop.owner, ProductDraft(sku="P-1", name="商品", price=5))
        code = agents.open_join_code(shop.register.id, shop.owner).code
        agent = agents.join(code, agent_id="9f0c", name="櫃台電腦", version="0.1.0").agent
        waiting = catalog.upload(shop.owner, "sku,name,price\nI-1,匯入,9\n".encode(), "a.csv")
    return {
        "entity": shop.entity.id,
        "store": shop.store.id,
        "register": shop.register.id,
        "free_register": free.id,
        "clerk": shop.people["clerk"].id,
        "accountant": shop.people["accountant"].id,
        "pin_only": pin_only.id,
        "suspended": suspended.id,
        "agent": agent.id,
        "product": product.id,
        "import": waiting.id,
    }


def call(browser, name, things):
    method, arguments, posted, _ = TABLE[name]
    address = reverse(f"desk:{name}", kwargs=filled(arguments, things))
    return (
        browser.get(address) if method == "GET" else browser.post(address, filled(posted, things))
    )


def filled(values, things):
    """``@clerk`` becomes the id of that thing; everything else is meant as it stands."""
    return {k: things[v[1:]] if v.startswith("@") else v for k, v in values.items()}


KEPT = (
    BusinessEntity,
    Store,
    Register,
    Binding,
    BindingCode,
    Staff,
    Product,
    ProductImport,
    Agent,
    JoinCode,
)


def everything(merchant_id):
    """All rows that the desk can change, for comparing before and after."""
    with scope.tenant(merchant_id):
        rows = [list(model.objects.order_by("id").values()) for model in KEPT]
        return repr(rows), AuditEntry.objects.count()


ALLOWED = sorted((name, role) for name, row in TABLE.items() for role in row[3])
# Allowed, yet nothing to change there: already so, or refused by a rule and told on the page.
IDLE = {"store-close", "store-reopen", "register-restore"}
NO_TILL = {OWNER, CO, ACCOUNTANT}


@pytest.mark.parametrize(("name", "role"), ALLOWED)
def test_who_may_does(desk, shop, things, name, role):
    before = everything(shop.merchant_id)
    answer = call(desk(shop, role), name, things)
    assert answer.status_code in {200, 302}, answer.content.decode()[:2000]
    changes = TABLE[name][0] == "POST" and name not in IDLE
    if name == "me" and role in NO_TILL:
        changes = False
    assert (everything(shop.merchant_id) != before) == changes


@pytest.mark.parametrize("name", sorted(name for name in TABLE if TABLE[name][3] != EVERYBODY))
def test_who_may_not_changes_nothing(desk, shop, things, name):
    before = everything(shop.merchant_id)
    for role in set(ROLES) - TABLE[name][3]:
        answer = call(desk(shop, role), name, things)
        if (name, role) in TOLD_AT_THE_FIELD:
            assert answer.status_code == 200
            assert "is-wrong" in answer.content.decode()
        elif name in SOFT and answer.status_code == 302:
            assert answer.headers["Location"] == reverse("desk:product-import")
        else:
            assert answer.status_code in {403, 404, 409}, (role, answer.content.decode()[:2000])
        assert everything(shop.merchant_id) == before, role


# The other store's manager may take people on, but not for this store: his list lacks it.
TOLD_AT_THE_FIELD = {("staff-new", OTHER)}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_each_page_for_the_owner_of_another_merchant(desk, shop, outside, things, name):
    """With our ids in his hand he finds nothing; his own lists show nothing of ours."""
    before = everything(shop.merchant_id)
    answer = call(desk(outside, OWNER), name, things)
    if any(value.startswith("@") for value in TABLE[name][1].values()):
        assert answer.status_code in {302, 404, 409}
        if answer.status_code == 302:
            assert name in SOFT
    for mark in (str(shop.merchant_id), "小城咖啡", "P-1", shop.email("clerk")):
        assert mark not in answer.content.decode(errors="replace")
    assert everything(shop.merchant_id) == before


@pytest.mark.parametrize("name", sorted(set(TABLE) | {"choose"}))
def test_each_page_for_who_is_not_signed_in(shop, things, name):
    before = everything(shop.merchant_id)
    answer = (
        Client().get(reverse("desk:choose")) if name == "choose" else call(Client(), name, things)
    )
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")
    assert everything(shop.merchant_id) == before


@pytest.mark.parametrize("name", sorted(n for n, row in TABLE.items() if row[0] == "POST"))
def test_each_change_needs_the_csrf_token(desk, shop, things, name):
    before = everything(shop.merchant_id)
    answer = call(desk(shop, OWNER, enforce_csrf_checks=True), name, things)
    assert answer.status_code == 403
    assert everything(shop.merchant_id) == before


VERBS = sorted(
    p.name for p in urls.urlpatterns
    if p.name in TABLE and TABLE[p.name][0] == "POST" and TABLE[p.name][1]
    and p.name not in {"entity", "store", "register", "register-invoice", "staff-one", "product"}
)  # fmt: skip


@pytest.mark.parametrize("name", VERBS)
def test_a_link_never_changes_anything(desk, shop, things, name):
    before = everything(shop.merchant_id)
    kwargs = filled(TABLE[name][1], things)
    answer = desk(shop, OWNER).get(reverse(f"desk:{name}", kwargs=kwargs))
    assert answer.status_code == 405
    assert everything(shop.merchant_id) == before


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "name", ["platform", "platform-new", "platform-suspend", "platform-restore"]
)
def test_no_member_is_the_operator(desk, shop, name, role):
    kwargs = {"merchant_id": shop.merchant_id} if name.endswith(("suspend", "restore")) else {}
    browser, address = desk(shop, role), reverse(f"desk:{name}", kwargs=kwargs)
    answer = browser.post(address, {"reason": "x"}) if kwargs else browser.get(address)
    assert answer.status_code == 403
    assert Merchant.objects.get(id=shop.merchant_id).suspended_at is None


def test_the_operator_lists_opens_and_switches_merchants_but_enters_none(operator, shop):
    listed = operator.get(reverse("desk:platform")).content.decode()
    assert "小城咖啡" in listed
    assert operator.get(reverse("desk:home")).headers["Location"] == reverse("desk:platform")
    made = operator.post(
        reverse("desk:platform-new"),
        {
            "name": "新商家",
            "owner_name": "林",
            "email": "lin@example.com",
            "password": "long-horse-7",
        },
    )
    assert made.status_code == 302
    assert Merchant.objects.filter(name="新商家").exists()
    switch = reverse("desk:platform-suspend", args=[shop.merchant_id])
    assert operator.post(switch, {"reason": ""}).status_code == 302
    assert Merchant.objects.get(id=shop.merchant_id).suspended_at is None
    operator.post(switch, {"reason": "欠費"})
    assert Merchant.objects.get(id=shop.merchant_id).suspended_at is not None
    operator.post(reverse("desk:platform-restore", args=[shop.merchant_id]), {"reason": "已繳"})
    assert Merchant.objects.get(id=shop.merchant_id).suspended_at is None
    unknown = reverse("desk:platform-suspend", args=[uuid4()])
    assert operator.post(unknown, {"reason": "x"}).status_code == 404


def test_a_suspended_person_is_out_at_the_next_click(desk, shop):
    browser = desk(shop, CLERK)
    assert browser.get(reverse("desk:home")).status_code == 200
    with scope.tenant(shop.merchant_id):
        services.suspend_staff(shop.owner, shop.people[CLERK].id)
    assert browser.get(reverse("desk:home")).status_code == 403


def test_a_person_of_two_merchants_chooses_and_cannot_choose_a_third(desk, shop, outside):
    with scope.tenant(outside.merchant_id):
        services.add_staff(
            outside.owner, name="兼職", role="accountant", email=shop.email("accountant")
        )
    browser = desk(shop, ACCOUNTANT)
    session = browser.session
    del session["desk_merchant"]
    session.save()
    assert browser.get(reverse("desk:home")).headers["Location"] == reverse("desk:choose")
    shown = browser.get(reverse("desk:choose")).content.decode()
    assert "小城咖啡" in shown
    assert "海邊書店" in shown
    assert browser.post(reverse("desk:choose"), {"merchant": str(uuid4())}).status_code == 404
    browser.post(reverse("desk:choose"), {"merchant": str(outside.merchant_id)})
    assert "海邊書店" in browser.get(reverse("desk:home")).content.decode()
