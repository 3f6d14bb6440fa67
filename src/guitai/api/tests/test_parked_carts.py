"""Carts that wait at a register. docs/till-api.md, product.md B.5.10."""

from guitai.api.tests.http import Page
from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.orders.tests.till import NOON, make_till, new_id


def error(response):
    return response.status_code, response.json()["error"]["code"]


def test_kept_for_a_day_and_at_most_a_hundred(db):
    with clock.moved(NOON):
        page = Page.of(make_till())
        first = str(new_id())
        body = {"label": "3 號桌", "cart": {"lines": [1, 2]}}
        assert page.send("PUT", f"parked/{first}", body).status_code == 200
        page.send("PUT", f"parked/{first}", {**body, "label": "4 號桌"})
        found = page.get("parked").json()["parked"]
        assert [(p["label"], p["cart"]) for p in found] == [("4 號桌", {"lines": [1, 2]})]
        for _ in range(99):
            page.send("PUT", f"parked/{new_id()}", body)
        assert error(page.send("PUT", f"parked/{new_id()}", body)) == (409, "PARK-FULL")
        assert page.send("DELETE", f"parked/{first}").json() == {"ok": True}
        assert error(page.send("DELETE", f"parked/{first}")) == (404, "PARK-NOT-FOUND")
        with clock.moved(taipei(2026, 11, 22, 12, 0)):
            assert page.get("parked").json()["parked"] == []
