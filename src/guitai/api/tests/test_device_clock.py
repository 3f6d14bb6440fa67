"""The clock guard: a device whose date is not ours sells nothing (B.6.4, printing.md §6)."""

import io
import json
from datetime import datetime, timedelta

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.config import lane
from guitai.kernel import clock
from guitai.kernel.moments import moment_of
from guitai.kernel.testing import taipei
from guitai.numbering.models import Range
from guitai.orders.errors import ClockWrong
from guitai.orders.models import Order
from guitai.orders.rules import check_clock
from guitai.orders.tests.till import NOON, make_till

MIDNIGHT = taipei(2026, 11, 22, 0, 0, 0)
MONTH_END = taipei(2026, 12, 1, 0, 0, 0)
YEAR_END = taipei(2027, 1, 1, 0, 0, 0)
S = timedelta(seconds=1)
GOOD = NOON.isoformat()


@pytest.mark.parametrize("edge", [MIDNIGHT, MONTH_END, YEAR_END])
@pytest.mark.parametrize(
    ("device", "server", "passes"),
    [
        (-60, 60, True),     # 120 s apart, two dates
        (-61, 60, False),    # 121 s apart, two dates
        (60, -60, True),
        (60, -61, False),
        (-1, 0, True),
        (-1, 120, False),
        (1, 23 * 3600, True),    # a bad clock, one date
        (0, 86_399, True),
        (-86_400, 0, False),
        (86_400 * 31, 0, False),
    ],
)  # fmt: skip
def test_two_dates_pass_only_two_minutes_apart(edge, device, server, passes):
    told, now = edge + device * S, edge + server * S
    if passes:
        check_clock(told, now)
    else:
        with pytest.raises(ClockWrong) as refused:
            check_clock(told, now)
        assert refused.value.params["drift_ms"] == (device - server) * 1000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (121, "約 2 分鐘"),
        (90 * 60, "約 90 分鐘"),
        (2424 * 60, "約 40 小時"),
        (86_400 * 31, "約 31 天"),
    ],
)
def test_how_far_the_clocks_are_apart_is_said_as_people_say_it(seconds, words):
    with pytest.raises(ClockWrong) as refused:
        check_clock(MIDNIGHT - S, MIDNIGHT - S + seconds * S)
    assert words in refused.value.message


def test_the_dates_are_those_of_taipei():
    """00:30 in Taipei is still yesterday in London; a device set to UTC is no fault."""
    now = taipei(2026, 11, 22, 0, 30)
    check_clock(datetime.fromisoformat("2026-11-21T16:30:00+00:00"), now)
    with pytest.raises(ClockWrong):
        check_clock(datetime.fromisoformat("2026-11-22T16:30:00+00:00"), now)


@pytest.mark.parametrize(
    "text",
    ["2026-11-21T12:00:00+08:00", "2026-11-21T04:00:00Z", "2026-11-21t04:00:00.123456789z",
     "2026-11-20T20:00:00.5-08:00"],
)  # fmt: skip
def test_moments_that_are_read(text):
    assert abs(moment_of(text) - NOON) < timedelta(seconds=1)


BAD = [
    "", "now", "1700000000", "2026-11-21", "2026-11-21T12:00:00", "20261121T120000Z",
    "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T24:00:01Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-21T12:00:00+08:00\t1",
    "２０２６-11-21T12:00:00Z", "2026-11-21T12:00:00+99:99", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_moments_that_are_not(text):
    assert moment_of(text) is None


@pytest.fixture
def till(db):
    return make_till()


def by_view(till, body, told):
    answer = Page.of(till).send("POST", "sales", body, **{"X-Guitai-Clock": told})
    return answer.status_code, answer.json()


def by_lane(till, body, told):
    page = {"HTTP_COOKIE": f"guitai_till={till.token}", "HTTP_X_GUITAI_TILL": "1"}
    return through_lane(till, body, page | ({} if told is None else {"HTTP_X_GUITAI_CLOCK": told}))


def through_lane(till, body, more):
    raw = json.dumps(body).encode()
    environ = {
        "PATH_INFO": lane.PATH,
        "REQUEST_METHOD": "POST",
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": io.BytesIO(raw),
        "HTTP_X_GUITAI_SESSION": str(till.session.id),
        **more,
    }
    started = []
    said = lane.in_front_of(lambda *_: [])(environ, lambda status, _: started.append(status))
    return int(started[0][:3]), json.loads(b"".join(said))


@pytest.fixture(params=[by_view, by_lane], ids=["view", "lane"])
def sell(request, till):
    return lambda body, told=GOOD: request.param(till, body, told)


def rows(till):
    with till.shop.tenant():
        return Order.objects.count(), list(Range.objects.values_list("next_no", flat=True))


def test_a_device_of_another_day_sells_nothing(sell, till):
    before = rows(till)
    with clock.moved(NOON):
        status, said = sell(sale_body(till), "2026-11-20T12:00:00+08:00")
    assert (status, said["error"]["code"]) == (422, "ORD-CLOCK")
    assert "2026-11-20" in said["error"]["message"]
    assert "2026-11-21" in said["error"]["message"]
    assert said["error"]["params"]["drift_ms"] == -86_400_000
    assert rows(till) == before


@pytest.mark.parametrize("edge", [MIDNIGHT, MONTH_END])
def test_a_sale_over_the_edge_of_a_day(sell, till, edge):
    with clock.moved(edge + 60 * S):
        status, _ = sell(sale_body(till), (edge - 61 * S).isoformat())
        assert status == 422
        status, said = sell(sale_body(till), (edge - 60 * S).isoformat())
    assert status == 201
    with till.shop.tenant():
        assert Order.objects.get(id=said["order"]["id"]).business_day == edge.date()


def test_a_page_always_tells_its_clock(sell, till):
    before = rows(till)
    with clock.moved(NOON):
        status, said = sell(sale_body(till), None)
    assert (status, said["error"]["code"]) == (400, "API-CLOCK-MISSING")
    assert "重新整理" in said["error"]["message"]
    assert rows(till) == before


def test_a_device_by_bearer_token_goes_by_the_servers_clock(till):
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {till.token}"}
    with clock.moved(NOON):
        assert through_lane(till, sale_body(till), bearer)[0] == 201
        wrong = {**bearer, "HTTP_X_GUITAI_CLOCK": "2026-11-20T12:00:00+08:00"}
        status, said = through_lane(till, sale_body(till), wrong)
    assert (status, said["error"]["code"]) == (422, "ORD-CLOCK")


@pytest.mark.parametrize("told", [text for text in BAD if text and text.isascii()])
def test_a_malformed_clock_is_told(sell, till, told):
    before = rows(till)
    with clock.moved(NOON):
        status, said = sell(sale_body(till), told)
    assert (status, said["error"]["code"]) == (400, "API-CLOCK")
    assert rows(till) == before


def test_what_was_sold_is_answered_again_whatever_the_clock_says(sell, till):
    body = sale_body(till)
    with clock.moved(NOON):
        _, first = sell(body)
        before = rows(till)
        status, again = sell(body, "2020-01-01T00:00:00Z")
        assert (status, again) == (201, {**first, "replay": True})
        status, other = sell({**body, "note": "外帶"}, "2020-01-01T00:00:00Z")
    assert (status, other["error"]["code"]) == (409, "ORD-REUSED")
    assert rows(till) == before


def test_a_stranger_learns_nothing_by_a_wrong_clock(till):
    body = sale_body(till)
    with clock.moved(NOON):
        Page.of(till).post("sales", body)
        stranger = Page(f"{till.shop.merchant}.{'x' * 40}", till.session.id)
        answer = stranger.send("POST", "sales", body, **{"X-Guitai-Clock": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "BIND-NONE")


def test_issuing_later_asks_the_clock_too(till):
    with till.shop.tenant():
        till.register.auto_issue = False
        till.register.save(update_fields=["auto_issue"])
    page = Page.of(till)
    with clock.moved(NOON):
        order = page.post("sales", sale_body(till)).json()["order"]["id"]
        untold = page.send("POST", f"orders/{order}/issue", {}, **{"X-Guitai-Clock": None})
        assert (untold.status_code, untold.json()["error"]["code"]) == (400, "API-CLOCK-MISSING")
        wrong = page.send(
            "POST", f"orders/{order}/issue", {}, **{"X-Guitai-Clock": "2026-11-22T12:00:00+08:00"}
        )
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "ORD-CLOCK")
        right = page.send(
            "POST", f"orders/{order}/issue", {}, **{"X-Guitai-Clock": "2026-11-21T12:01:00+08:00"}
        )
        assert right.status_code == 200
