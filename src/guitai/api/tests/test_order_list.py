"""The till's list of orders: page by page, by number and by day (product.md B.7.6)."""

from datetime import timedelta

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import (
    OTHER_BAN,
    csv_row,
    give_evenly,
    import_numbers,
    make_shop,
)
from guitai.orders import queries
from guitai.orders.models import Order
from guitai.orders.tests.till import NOON, make_till


@pytest.fixture
def till(db):
    return make_till()


@pytest.fixture
def page(till):
    return Page.of(till)


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def sell(till, page):
    return page.post("sales", sale_body(till)).json()


def ids(page, **query):
    answer = page.client.get("/api/till/orders", query, headers=page.headers).json()
    return [row["id"] for row in answer["orders"]], answer["next"]


def test_every_page_once_and_in_order(till, page, monkeypatch):
    """Also where sales have one moment, and while new ones come in."""
    monkeypatch.setattr(queries, "PAGE", 3)
    sold = []
    for place in range(8):
        with clock.moved(NOON + timedelta(minutes=place // 3)):
            sold.append(sell(till, page)["order"]["id"])
    seen, after = [], ""
    for sizes in (3, 3, 2):
        rows, after = ids(page, after=after or "")
        assert len(rows) == sizes
        seen += rows
        with clock.moved(NOON + timedelta(hours=1)):
            sell(till, page)
    assert after is None
    with till.shop.tenant():
        order = Order.objects.filter(id__in=sold).order_by("-completed_at", "-id")
        assert seen == [str(key) for key in order.values_list("id", flat=True)]


def test_a_page_begins_only_after_an_order_of_this_store(till, page):
    mine = sell(till, page)["order"]["id"]
    stranger = make_till(make_shop(name="別家", ban=OTHER_BAN))
    with stranger.shop.tenant():
        import_numbers(stranger.shop, csv_row(0, 49, ban=OTHER_BAN))
        give_evenly(stranger.shop)
    theirs = sell(stranger, Page.of(stranger))["order"]["id"]
    assert ids(page, after=theirs) == ([mine], None)
    assert ids(page, after=mine) == ([], None)


def test_a_part_of_a_number_is_looked_for_in_one_period_or_one_day(till, page):
    sold = sell(till, page)["order"]
    mine = ([sold["id"]], None)
    with clock.moved(NOON + timedelta(days=61)):
        assert ids(page, search=sold["number"][-4:].lower()) == mine
    with clock.moved(NOON + timedelta(days=63)):
        assert ids(page, search=sold["number"][-4:]) == ([], None)
        assert ids(page, search=sold["number"][-4:], day="2026-11-21") == mine
        assert ids(page, search=sold["number"], day="2026-11-21") == mine
        assert ids(page, search=sold["number"]) == mine
        assert ids(page, search=sold["number"], day="2026-11-22") == ([], None)


def test_a_day_is_a_day_of_taipei(till, page):
    with clock.moved(taipei(2026, 11, 21, 23, 59, 59)):
        early = sell(till, page)["order"]["id"]
    with clock.moved(taipei(2026, 11, 22, 0, 0, 0)):
        late = sell(till, page)["order"]["id"]
    assert ids(page, day="2026-11-22") == ([late], None)
    assert ids(page, day="2026-11-21") == ([early], None)
