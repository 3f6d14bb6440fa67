"""疑似未標記自行開立 at the desk: found by a filter, mended on the order's page (S3.16-17)."""

import pytest
from django.urls import reverse

from guitai.backoffice.tests.counter import open_counter
from guitai.devices import queries as devices
from guitai.kernel import clock, scope
from guitai.orders.models import Order
from guitai.orders.rules import Choice, InvoiceChoiceKind
from guitai.orders.tests.till import NOON
from guitai_agent import knowledge

TOLD = knowledge.remedy("INV_MANUAL_UNMARKED").message


@pytest.fixture(autouse=True)
def _noon():
    with clock.moved(NOON):
        yield


@pytest.fixture
def counter(shop):
    return open_counter(shop)


def sell(counter, note):
    sale = counter.till.sale(choice=Choice(InvoiceChoiceKind.NONE_YET), note=note)
    return counter.till.sell(sale)["order"]


def order_of(shop, order_id):
    with scope.tenant(shop.merchant_id):
        return Order.objects.get(id=order_id)


def test_from_the_filter_to_the_mark(desk, shop, counter):
    noted, plain = sell(counter, "發票 yy-12345678"), sell(counter, "外帶")
    browser = desk(shop, "accountant")
    page = browser.get(reverse("desk:orders") + "?check=unmarked").content.decode()
    assert noted["number"] in page
    assert "YY12345678" in page
    assert plain["number"] not in page
    page = browser.get(reverse("desk:order", args=[noted["id"]])).content.decode()
    assert TOLD in page
    assert 'value="YY12345678"' in page
    address = reverse("desk:order-handwritten", args=[noted["id"]])
    assert browser.post(address, {"number": "YY12345678"}).status_code == 302
    page = browser.get(reverse("desk:order", args=[noted["id"]])).content.decode()
    assert TOLD not in page
    assert "自行開立" in page
    assert address not in page
    page = browser.get(reverse("desk:orders") + "?check=unmarked").content.decode()
    assert noted["number"] not in page


def test_a_wrong_number_is_told_at_its_field(desk, shop, counter):
    noted = sell(counter, "YY12345678")
    address = reverse("desk:order-handwritten", args=[noted["id"]])
    answer = desk(shop, "owner").post(address, {"number": "123"})
    assert answer.status_code == 422
    assert "numberform_number_error" in answer.content.decode()
    assert not order_of(shop, noted["id"]).invoice_manual


def test_who_may_only_look_marks_nothing(desk, shop, outside, counter):
    noted = sell(counter, "YY12345678")
    page = desk(shop, "store_manager").get(reverse("desk:order", args=[noted["id"]]))
    address = reverse("desk:order-handwritten", args=[noted["id"]])
    assert address not in page.content.decode()
    for house, role, status in ((shop, "store_manager", 403), (outside, "owner", 404)):
        assert desk(house, role).post(address, {"number": "YY12345678"}).status_code == status
    assert not order_of(shop, noted["id"]).invoice_manual


def test_a_void_at_the_desk_takes_back_the_waiting_proof(desk, shop, counter):
    _, invoice = counter.sell()
    desk(shop, "accountant").post(reverse("desk:invoice-void", args=[invoice]), {"reason": "打錯"})
    with scope.tenant(shop.merchant_id):
        assert [job.state for job in devices.jobs_of(invoice)] == ["cancelled"]
