"""The clock across midnight, across the end of a period, and backwards.

An invoice bears the day and the track of the moment it is made in Taipei, or there is none and the
till says why. Sources: product.md S2.18-S2.20, S2.26, B.7.2; mof.md §4, §5.1.
"""

from datetime import timedelta

import pytest
from django.db import transaction

from guitai import invariants
from guitai.api.tests.http import Page, sale_body
from guitai.invoicing.models import Invoice, Transmission
from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import csv_row, give_evenly, import_numbers, make_shop
from guitai.orders.models import Order
from guitai.orders.tests.till import NOON, make_till
from tests.hostile.doors import DOORS
from tests.hostile.photograph import difference, photograph
from tests.hostile.test_openapi import says_what_is_wrong

LAST_SECOND = taipei(2026, 12, 31, 23, 59, 59)
NEW_YEAR = taipei(2027, 1, 1, 0, 0, 0)
OLD, NEW = "11512", "11602"


def counter(*, next_period=True, centre="mirle"):
    """A till with 100 numbers AB of 115年11-12月 and, if wanted, 100 CD of 116年01-02月."""
    shop = make_shop(centre=centre)
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 99))
        give_evenly(shop, OLD)
        if next_period:
            import_numbers(shop, csv_row(0, 99, track="CD", months="116/01 ~ 116/02"))
            give_evenly(shop, NEW)
        return make_till(shop)


@pytest.fixture
def till(db, one_connection):
    yield counter()
    assert invariants.broken() == []


def sell(till, now, **more):
    """The answer of the page's sale at that moment."""
    with clock.moved(now):
        return Page.of(till).post("sales", sale_body(till, **more))


def invoice_of(till, answer):
    with till.shop.tenant():
        return Invoice.objects.get(id=answer.json()["invoice"]["id"])


def dated(till, answer):
    """``(number, date, time, period)`` of the stored document."""
    assert answer.status_code in {200, 201}, answer.content
    found = invoice_of(till, answer)
    document = found.document
    assert document["date"] == found.issue_date.isoformat()
    return found.number, document["date"], document["time"], found.period


def refused(till, now, code, **more):
    before = photograph()
    answer = sell(till, now, **more)
    assert difference(before, photograph()) == {}
    assert answer.json()["error"]["code"] == code, answer.json()
    assert answer.status_code == 409
    says_what_is_wrong(answer.status_code, answer.content)
    return answer.json()["error"]


class TestMidnight:
    def test_the_last_second_of_a_period_and_the_first_of_the_next(self, till):
        assert dated(till, sell(till, LAST_SECOND)) == ("AB00000000", "2026-12-31", "23:59:59", OLD)
        assert dated(till, sell(till, NEW_YEAR)) == ("CD00000000", "2027-01-01", "00:00:00", NEW)

    def test_a_day_inside_the_period(self, till):
        first = sell(till, taipei(2026, 11, 30, 23, 59, 59))
        second = sell(till, taipei(2026, 12, 1, 0, 0, 0))
        assert dated(till, first)[:3] == ("AB00000000", "2026-11-30", "23:59:59")
        assert dated(till, second)[:3] == ("AB00000001", "2026-12-01", "00:00:00")
        numbers = [a.json()["order"]["number"] for a in (first, second)]
        assert numbers == ["S1-A01-261130-0001", "S1-A01-261201-0001"]

    def test_begun_before_and_completed_after(self, till):
        """The cart was begun in the old year: the invoice is of the moment it is made."""
        answer = sell(till, NEW_YEAR, started_at="2026-12-31T23:50:00+08:00")
        assert dated(till, answer) == ("CD00000000", "2027-01-01", "00:00:00", NEW)
        with till.shop.tenant():
            order = Order.objects.get()
            assert (order.started_at, order.completed_at) == (
                taipei(2026, 12, 31, 23, 50),
                NEW_YEAR,
            )
            assert order.business_day.isoformat() == "2027-01-01"

    def test_the_moment_it_was_begun_decides_nothing(self, till):
        for started in ("2026-10-31T12:00:00+08:00", "2027-02-01T00:00:00+08:00"):
            answer = sell(till, LAST_SECOND, started_at=started)
            assert dated(till, answer)[1:] == ("2026-12-31", "23:59:59", OLD)

    def test_the_day_it_is_booked_on_decides_nothing(self, till):
        """B.5.9: the recognition date is the reports', not the invoice's."""
        answer = sell(till, LAST_SECOND, recognised_on="2027-01-01")
        assert dated(till, answer)[1] == "2026-12-31"

    def test_sent_again_after_midnight_it_is_the_first_answer(self, till):
        body = sale_body(till)
        with clock.moved(LAST_SECOND):
            first = Page.of(till).post("sales", body).json()
        before = photograph()
        for moment in (NEW_YEAR, NEW_YEAR + timedelta(days=40)):
            with clock.moved(moment):
                again = Page.of(till).post("sales", body).json()
            assert again == {**first, "replay": True}
        assert difference(before, photograph()) == {}

    def test_the_till_shows_the_new_periods_numbers_at_once(self, till):
        sell(till, LAST_SECOND)
        for moment, period, remaining in ((LAST_SECOND, OLD, 99), (NEW_YEAR, NEW, 100)):
            with clock.moved(moment):
                numbers = Page.of(till).get("state").json()["numbers"]
            assert (numbers["period"], numbers["remaining"]) == (period, remaining)

    def test_no_numbers_of_the_new_period(self, db, one_connection):
        till = counter(next_period=False)
        assert sell(till, LAST_SECOND).status_code == 201
        error = refused(till, NEW_YEAR, "NUM-OTHER-PERIOD")
        assert "發票開立錯誤，未收到發票號碼" in error["message"]
        assert "116年01-02月" in error["message"]
        assert refused(till, taipei(2026, 10, 31, 23, 59, 59), "NUM-OTHER-PERIOD")
        # What needs no number is sold all the same.
        assert sell(till, NEW_YEAR, invoice={"kind": "none_yet"}).status_code == 201
        assert invariants.broken() == []

    @pytest.mark.parametrize("door", DOORS)
    def test_midnight_is_taipeis_at_both_doors(self, till, door):
        import json

        with clock.moved(taipei(2027, 1, 1, 7, 59, 59)):  # still 2026 in UTC
            answer = DOORS[door](till, json.dumps(sale_body(till)).encode())
        assert answer.body["invoice"]["number"] == "CD00000000"
        assert answer.body["order"]["number"] == "S1-A01-270101-0001"


class TestBackwards:
    def test_by_minutes(self, till):
        sell(till, NOON)
        error = refused(till, NOON - timedelta(minutes=3), "NUM-CLOCK-BACK")
        assert "11:57:00" in error["message"]
        assert dated(till, sell(till, NOON + timedelta(seconds=1)))[0] == "AB00000001"

    def test_by_a_breath_the_invoice_is_of_the_one_before(self, till):
        """Clients read their clock before they wait for the lock (E0209: time never runs back)."""
        sell(till, NOON)
        answer = sell(till, NOON - timedelta(seconds=4))
        assert dated(till, answer)[:3] == ("AB00000001", "2026-11-21", "12:00:00")

    def test_by_a_day(self, till):
        sell(till, NOON)
        refused(till, NOON - timedelta(days=1), "NUM-CLOCK-BACK")

    def test_by_a_breath_over_midnight(self, till):
        """Order and invoice tell the same day."""
        sell(till, taipei(2026, 12, 1, 0, 0, 2))
        answer = sell(till, taipei(2026, 11, 30, 23, 59, 59))
        assert dated(till, answer)[:3] == ("AB00000001", "2026-12-01", "00:00:02")
        with till.shop.tenant():
            order = Order.objects.get(id=answer.json()["order"]["id"])
        assert order.business_day.isoformat() == "2026-12-01"
        assert order.number == "S1-A01-261201-0002"

    def test_over_the_end_of_a_period_by_a_breath(self, till):
        """Two tills of one shop read the second before and after; each is of its own period."""
        sell(till, NEW_YEAR + timedelta(seconds=1))
        answer = sell(till, LAST_SECOND)
        assert dated(till, answer)[:2] == ("AB00000000", "2026-12-31")
        with till.shop.tenant():
            order = Order.objects.get(id=answer.json()["order"]["id"])
        assert order.business_day.isoformat() == "2026-12-31"

    @pytest.mark.parametrize("used", [True, False])
    def test_over_the_end_of_a_period_by_a_day(self, till, used):
        """What was sold in the new year shows that the clock is wrong, whatever is left of AB."""
        if used:
            sell(till, NOON)
        sell(till, NEW_YEAR + timedelta(hours=12))
        refused(till, NEW_YEAR - timedelta(hours=12), "NUM-CLOCK-BACK")

    def test_into_a_period_without_numbers(self, till):
        sell(till, NOON)
        refused(till, taipei(2026, 10, 31, 23, 59, 59), "NUM-OTHER-PERIOD")

    def test_far_into_the_future_and_back(self, till):
        """A broken clock sold nothing, so that the right one goes on as before."""
        sell(till, NOON)
        refused(till, taipei(2038, 1, 19, 3, 14, 8), "NUM-OTHER-PERIOD")
        assert dated(till, sell(till, NOON + timedelta(minutes=1)))[0] == "AB00000001"

    def test_the_rest_of_the_till_goes_on(self, till):
        """Looking, printing, cancelling and closing ask no number."""
        order = sell(till, NOON).json()["order"]["id"]
        with clock.moved(NOON - timedelta(hours=2)):
            page = Page.of(till)
            for path in ("state", "orders", f"orders/{order}", "shift", "parked", "print-jobs"):
                assert page.get(path).status_code == 200, path
            assert page.post(f"orders/{order}/cancel", {"reason": "退"}).status_code == 200
            counted = {"counted_cash": 0}
            assert page.post("shift/summary", counted).status_code == 200


class TestLater:
    """What is done to an order on another side of midnight than the sale."""

    def later(self, till, now, path, body=None):
        with clock.moved(now):
            return Page.of(till).post(path, body or {})

    def test_an_invoice_is_made_on_the_day_of_the_sale_or_not_at_all(self, till):
        answer = sell(till, LAST_SECOND - timedelta(hours=1), invoice={"kind": "none_yet"})
        path = f"orders/{answer.json()['order']['id']}/issue"
        paper = {"invoice": {"kind": "paper"}}
        before = photograph()
        refused = self.later(till, NEW_YEAR, path, paper)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ORD-LATE")
        assert difference(before, photograph()) == {}
        made = self.later(till, LAST_SECOND, path, paper)
        assert dated(till, made)[:2] == ("AB00000000", "2026-12-31")

    def test_a_number_typed_the_day_after_is_of_the_period_of_the_sale(self, till):
        answer = sell(till, LAST_SECOND, invoice={"kind": "self"})
        path = f"orders/{answer.json()['order']['id']}/manual-number"
        assert self.later(till, NEW_YEAR, path, {"number": "ZZ12345678"}).status_code == 200
        with till.shop.tenant():
            found = Invoice.objects.get()
        assert (found.period, found.issue_date.isoformat()) == (OLD, "2026-12-31")

    @pytest.mark.parametrize(
        ("sold", "last"),
        [
            (taipei(2026, 11, 1, 0, 0, 0), taipei(2027, 1, 4, 23, 59, 59)),
            (LAST_SECOND, taipei(2027, 1, 4, 23, 59, 59)),
            (NEW_YEAR, taipei(2027, 3, 4, 23, 59, 59)),
        ],
    )
    def test_the_window_of_a_void_closes_with_the_fourth(self, till, sold, last):
        """B.7.2: the 4th of the month after the period, 23:59 in Taipei."""
        answer = sell(till, sold)
        path = f"orders/{answer.json()['order']['id']}/cancel"
        before = photograph()
        for late in (last + timedelta(seconds=1), last + timedelta(days=30)):
            refused = self.later(till, late, path, {"reason": "退貨"})
            error = refused.json()["error"]
            assert (refused.status_code, error["code"]) == (409, "INV-WINDOW")
            assert "折讓" in error["message"]
        assert difference(before, photograph()) == {}
        assert self.later(till, last, path, {"reason": "退貨"}).status_code == 200
        with till.shop.tenant():
            assert Invoice.objects.get().state == "voided"

    def test_without_an_invoice_an_order_is_cancelled_at_any_time(self, till):
        answer = sell(till, LAST_SECOND, invoice={"kind": "none_yet"})
        path = f"orders/{answer.json()['order']['id']}/cancel"
        late = taipei(2027, 6, 1)
        assert self.later(till, late, path, {"reason": "退貨"}).status_code == 200

    def test_it_is_due_at_nine_of_the_next_day_under_its_own_date(self, till):
        """S2.19-S2.20: sold at 23:59 of the last day, sent at 09:00 of the first."""
        last, first = sell(till, LAST_SECOND), sell(till, NEW_YEAR)
        with till.shop.tenant():
            due = {
                t.number: (t.due_at, t.issue_date.isoformat()) for t in Transmission.objects.all()
            }
        assert due[dated(till, last)[0]] == (taipei(2027, 1, 1, 9), "2026-12-31")
        assert due[dated(till, first)[0]] == (taipei(2027, 1, 2, 9), "2027-01-01")


def test_a_shift_over_midnight_counts_every_sale_once(till):
    sell(till, LAST_SECOND)
    sell(till, NEW_YEAR)
    with clock.moved(NEW_YEAR + timedelta(minutes=1)):
        page = Page.of(till)
        assert page.get("shift").json()["sales"] == 240
        done = page.post("shift/summary", {"counted_cash": 240, "close": True})
        assert done.status_code == 200, done.content
        assert page.get("shift").json()["sales"] == 0
    with transaction.atomic():
        assert invariants.broken() == []
