"""Slips that are no longer wanted: voided at the desk, or cancelled at another till.

product.md B.7.2; DESIGN §4: the agent may hold them unbegun, and only a page can take them back.
"""

from uuid import UUID

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.invoicing.models import Invoice
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import csv_row, give_evenly, import_numbers, make_shop
from guitai.orders import services
from guitai.orders.tests.till import NOON, make_till

LATER = taipei(2026, 11, 21, 12, 5)


@pytest.fixture
def till(db):
    till = make_till()
    with till.shop.tenant():
        type(till.register).objects.update(print_detail=True)
    return till


@pytest.fixture
def page(till):
    with clock.moved(NOON):
        yield Page.of(till)


def listed(page):
    return {job["kind"]: job for job in page.get("print-jobs?state=waiting").json()["jobs"]}


def sold(till, page, state="sent"):
    answer = page.post("sales", sale_body(till)).json()
    if state != "waiting":
        for job in answer["print_jobs"]:
            assert page.get(f"print-jobs/{job['id']}").json()["withdrawn"] is False
            page.post(f"print-jobs/{job['id']}/state", {"state": state, "detail": "agent-1"})
    return answer


def void(till, invoice_id):
    with till.shop.tenant():
        services.void_invoice(
            UUID(invoice_id), reason="打錯", actor=Actor("person", "會計"), now=LATER
        )


def test_a_void_at_the_desk_withdraws_the_proof_that_an_agent_holds(till, page):
    answer = sold(till, page)
    assert {job["withdrawn"] for job in listed(page).values()} == {False}
    void(till, answer["invoice"]["id"])
    jobs = listed(page)
    assert jobs["proof"]["withdrawn"] is True
    assert jobs["detail"]["withdrawn"] is False  # the goods were sold all the same
    assert page.get(f"print-jobs/{jobs['proof']['id']}").json()["withdrawn"] is True


def test_what_has_not_left_the_server_is_cancelled_there(till, page):
    answer = sold(till, page, "waiting")
    void(till, answer["invoice"]["id"])
    assert list(listed(page)) == ["detail"]


def test_an_order_cancelled_elsewhere_withdraws_proof_and_detail_but_not_what_is_asked_later(
    till, page
):
    answer = sold(till, page)
    order = answer["order"]["id"]
    with clock.moved(LATER):
        assert page.post(f"orders/{order}/cancel", {"reason": "退貨"}).status_code == 200
        assert {job["withdrawn"] for job in listed(page).values()} == {True}
    for job in listed(page).values():
        page.post(f"print-jobs/{job['id']}/state", {"state": "cancelled", "detail": "TAKEN_BACK"})
    with clock.moved(taipei(2026, 11, 21, 12, 9)):
        page.post(f"orders/{order}/reprint", {"what": "detail"})
        assert listed(page)["detail"]["withdrawn"] is False


def test_the_order_says_it_as_well(till, page):
    answer = sold(till, page)
    void(till, answer["invoice"]["id"])
    jobs = page.get(f"orders/{answer['order']['id']}").json()["order"]["print_jobs"]
    assert {job["kind"]: job["withdrawn"] for job in jobs} == {"proof": True, "detail": False}
    with till.shop.tenant():
        assert Invoice.objects.get().printed_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["waiting", "expired"])
def test_a_slip_asked_for_at_the_next_register_is_the_one_original(state):
    """mof.md §3.8: what has not begun at the first register is taken back there."""
    shop = make_shop(registers=2)
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 99))
        give_evenly(shop)
        tills = [make_till(shop, index) for index in (0, 1)]
        first, second = map(Page.of, tills)
        answer = first.post("sales", sale_body(tills[0])).json()
        path = f"print-jobs/{answer['print_jobs'][0]['id']}"
        for word in [] if state == "waiting" else ["sent", "expired"]:
            first.post(f"{path}/state", {"state": word, "detail": "agent-1"})
        asked = second.post(f"orders/{answer['order']['id']}/reprint", {"what": "proof"}).json()
        assert asked["print_jobs"][0]["copy"] == "original"
        assert first.get(path).json()["state"] == "cancelled"
        assert listed(first) == {}
        refused = first.post(f"{path}/state", {"state": "sent", "detail": "agent-1"})
        assert refused.status_code == 409
