"""Every endpoint × who may not: no cookie, a stranger's, a released device, no session, no right.

Each of them must refuse with its code and change nothing at all.
"""

import pytest
from django.apps import apps

from guitai.api.endpoints import CLERK, NOBODY
from guitai.api.routes import ENDPOINTS
from guitai.api.tests.http import Page, sale_body
from guitai.kernel import clock, scope
from guitai.kernel.models import TenantModel
from guitai.numbering.tests.shop import OTHER_BAN, csv_row, give_evenly, import_numbers, make_shop
from guitai.orders.models import ParkedCart
from guitai.orders.tests.till import EVERYTHING, NOON, make_till, new_id
from guitai.tenancy.models import Binding, TillSession

CLOSED = [endpoint for endpoint in ENDPOINTS if endpoint.who != NOBODY]
WITH_CLERK = [endpoint for endpoint in CLOSED if endpoint.who == CLERK]


def name_of(endpoint):
    return f"{endpoint.method} {endpoint.path}"


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


@pytest.fixture
def till(db):
    return make_till()


class Things:
    """An order, a print job and a parked cart of the till, and a good body for each endpoint."""

    def __init__(self, till) -> None:
        sold = Page.of(till).post("sales", sale_body(till)).json()
        self.order, self.job = sold["order"]["id"], sold["print_jobs"][0]["id"]
        self.cart = str(new_id())
        Page.of(till).send("PUT", f"parked/{self.cart}", {"label": "x", "cart": {}})
        self.bodies = {
            "sales": sale_body(till),
            "sign-in": {"staff_id": str(till.session.staff_id), "pin": "1234"},
            "check": {"ban": "04595257"},
            "agent": {"agent_id": "9f"},
            "orders/<uuid:id>/cancel": {"reason": "退貨"},
            "orders/<uuid:id>/reprint": {"what": "detail"},
            "orders/<uuid:id>/manual-number": {"number": "ZZ12345678"},
            "print-jobs/<uuid:id>/state": {"state": "done"},
            "parked/<uuid:id>": {"label": "y", "cart": {"a": 1}},
            "shift/summary": {"counted_cash": 120},
            "drawer": {"reason": "換零錢"},
        }

    def ask(self, page, endpoint):
        one = {"orders": self.order, "print-jobs": self.job, "parked": self.cart}
        path = endpoint.path.replace("<uuid:id>", one.get(endpoint.path.split("/")[0], ""))
        body = self.bodies.get(endpoint.path, {}) if endpoint.method in {"POST", "PUT"} else None
        return page.send(endpoint.method, path, body)


def everything():
    """Every row of every tenant's table, as it stands."""
    models = [m for m in apps.get_models() if issubclass(m, TenantModel)]
    with scope.across_merchants("the test compares the whole database"):
        return {
            model._meta.label: sorted(
                (tuple(map(str, row)) for row in model.objects.values_list()), key=str
            )
            for model in models
        }


def refused(response, status, code):
    found = response.json()["error"]
    assert (response.status_code, found["code"]) == (status, code), found
    assert found["message"]


@pytest.mark.parametrize("endpoint", CLOSED, ids=name_of)
class TestDevice:
    def test_nobody_without_a_cookie(self, till, endpoint):
        things = Things(till)
        before = everything()
        refused(things.ask(Page(session=till.session.id), endpoint), 401, "BIND-NONE")
        assert everything() == before

    @pytest.mark.parametrize("token", ["", "x", "x.y", "{0}.", "{0}.wrong-wrong-wrong-wrong"])
    def test_no_made_up_token(self, till, endpoint, token):
        things = Things(till)
        before = everything()
        page = Page(token.format(till.shop.merchant), till.session.id)
        refused(things.ask(page, endpoint), 401, "BIND-NONE")
        assert everything() == before

    def test_no_released_device(self, till, endpoint):
        things = Things(till)
        with till.shop.tenant():
            Binding.objects.update(released_at=NOON, released_by="店長")
        before = everything()
        refused(things.ask(Page.of(till), endpoint), 401, "BIND-NONE")
        assert everything() == before

    def test_no_secret_under_another_merchants_name(self, till, endpoint):
        things = Things(till)
        outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
        before = everything()
        mixed = f"{till.shop.merchant}.{outsider.secret}"
        refused(things.ask(Page(mixed, outsider.session.id), endpoint), 401, "BIND-NONE")
        assert everything() == before

    def test_no_suspended_merchant(self, till, endpoint):
        from guitai.tenancy.models import Merchant

        things = Things(till)
        Merchant.objects.filter(id=till.shop.merchant).update(suspended_at=NOON)
        before = everything()
        refused(things.ask(Page.of(till), endpoint), 403, "TEN-MERCHANT-SUSPENDED")
        assert everything() == before

    def test_no_other_site(self, till, endpoint):
        if endpoint.method == "GET":
            pytest.skip("reading changes nothing")
        things = Things(till)
        before = everything()
        page = Page(till.token, till.session.id, mark=False)
        refused(things.ask(page, endpoint), 403, "API-MARK")
        assert everything() == before


@pytest.mark.parametrize("endpoint", WITH_CLERK, ids=name_of)
class TestClerk:
    @pytest.mark.parametrize("session", ["", "x", "0192d3a0-0000-7000-8000-000000000000"])
    def test_nobody_without_a_session(self, till, endpoint, session):
        things = Things(till)
        before = everything()
        refused(things.ask(Page(till.token, session), endpoint), 401, "TILL-SESSION")
        assert everything() == before

    def test_no_ended_session(self, till, endpoint):
        things = Things(till)
        with till.shop.tenant():
            TillSession.objects.update(closed_at=NOON)
        before = everything()
        refused(things.ask(Page.of(till), endpoint), 401, "TILL-SESSION")
        assert everything() == before

    def test_no_session_of_another_register(self, db, endpoint):
        shop = make_shop(registers=2)
        import_numbers(shop, csv_row(0, 199))
        give_evenly(shop)
        till, beside = make_till(shop, 0), make_till(shop, 1)
        things = Things(till)
        before = everything()
        page = Page(till.token, beside.session.id)
        refused(things.ask(page, endpoint), 401, "TILL-SESSION")
        assert everything() == before

    def test_nobody_without_the_right(self, till, endpoint):
        things = Things(till)
        rights = [right for right in EVERYTHING if right not in endpoint.needs]
        assert len(rights) < len(EVERYTHING)
        with till.shop.tenant():
            TillSession.objects.update(permissions=rights)
        before = everything()
        response = things.ask(Page.of(till), endpoint)
        refused(response, 403, "GT-NOT-ALLOWED")
        assert response.json()["error"]["params"]["permission"] in endpoint.needs
        assert everything() == before


OF_ORDERS = [endpoint for endpoint in CLOSED if endpoint.path.startswith("orders/")]
OF_ONE = [endpoint for endpoint in CLOSED if "<uuid:id>" in endpoint.path]


@pytest.mark.parametrize("endpoint", OF_ONE, ids=name_of)
def test_a_strangers_row_does_not_exist(till, endpoint):
    things = Things(till)
    outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
    with till.shop.tenant():
        mine = everything()
    response = things.ask(Page.of(outsider), endpoint)
    if endpoint.method == "PUT":
        # The id is the page's own: the stranger gets a cart of his, ours stays.
        assert response.status_code == 200
        with till.shop.tenant():
            assert ParkedCart.objects.get().label == "x"
        return
    assert response.status_code == 404, response.content
    assert everything() == mine


@pytest.mark.parametrize(
    "endpoint", [e for e in OF_ONE if e.path.startswith("orders")], ids=name_of
)
def test_another_stores_order_does_not_exist(till, endpoint):
    """B.14.9: other stores' orders stay hidden, inside one merchant too."""
    from guitai.tenancy.models import Register, Store

    things = Things(till)
    with till.shop.tenant():
        store = Store.objects.create(entity_id=till.shop.entity.id, code="S2", name="二店")
        till.shop.registers.append(
            Register.objects.create(store_id=store.id, code="B01", name="收銀", centre="turnkey")
        )
    there = make_till(till.shop, 1)
    before = everything()
    refused(things.ask(Page.of(there), endpoint), 404, "ORD-NOT-FOUND")
    assert everything() == before
