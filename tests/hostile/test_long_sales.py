"""The longest sale there can be, and one line more (mof.md V14: at most 9,999 lines).

Sources: issue "10,000-line sale"; mof.md §3.2 (a detail that is too long is a sheet of its own).
"""

import json
import time

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.catalog.models import Product
from guitai.invoicing.models import Invoice
from guitai.kernel import ids
from guitai.orders.models import OrderLine
from guitai.orders.rules import MAX_LINES
from tests.hostile.doors import DOORS, lane
from tests.hostile.photograph import difference, photograph
from twinvoice import check, jsonform, mig, paper

SECONDS = 20
"""Of processor time for everything one long sale asks for: a guard against work that grows with
the square of the lines, not a benchmark."""


def long_sale(till, lines, *, discount=0, **more):
    """As the page sends it: every line with its own id and its product."""
    latte = till.products["拿鐵"]
    line = {
        "product_id": str(latte.id),
        "name": latte.name,
        "quantity": "1",
        "unit_price": latte.price,
        "discount": 0,
        "tax_type": "1",
    }
    total = latte.price * lines - discount
    return {
        **sale_body(till),
        "lines": [{"id": str(ids.new_id()), **line} for _ in range(lines)],
        "order_discount": discount,
        "tenders": [{"method": "cash", "amount": total, "received": total}],
        "total": total,
        **more,
    }


def sent(till, sale, door=lane):
    return door(till, json.dumps(sale, ensure_ascii=False).encode())


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("lines", "discount"), [(MAX_LINES + 1, 0), (MAX_LINES, 1)])
def test_one_line_too_many_is_refused_whole(till, door, lines, discount):
    """A discount is a line of the invoice, so it counts."""
    before = photograph()
    answer = sent(till, long_sale(till, lines, discount=discount), DOORS[door])
    assert (answer.status, answer.code) == (422, "ORD-LINES")
    assert answer.body["error"]["params"] == {"limit": 9_999, "lines": MAX_LINES + 1}
    assert difference(before, photograph()) == {}


@pytest.fixture
def longest(till):
    """The longest sale of a company, sold."""
    started = time.process_time()
    company = {"kind": "company", "ban": "10458575", "buyer_name": "長買賣有限公司"}
    answer = sent(till, long_sale(till, MAX_LINES, invoice=company))
    assert answer.status == 201, answer.content[:500]
    assert time.process_time() - started < SECONDS
    return answer.body


@pytest.mark.parametrize("door", DOORS)
def test_the_longest_sale_of_as_many_products_goes_through_either_door(till, door):
    with till.shop.tenant():
        made = Product.objects.bulk_create(
            Product(sku=f"L{place}", name=f"長長的商品名稱第 {place} 號", price=10, tax_type="1")
            for place in range(MAX_LINES)
        )
    sale = long_sale(till, MAX_LINES)
    for line, product in zip(sale["lines"], made, strict=True):
        line |= {"product_id": str(product.id), "name": product.name, "unit_price": 10}
    total = 10 * MAX_LINES
    sale |= {"total": total, "tenders": [{"method": "cash", "amount": total}]}
    assert len(json.dumps(sale)) > 2 * 1_048_576
    answer = sent(till, sale, DOORS[door])
    assert (answer.status, answer.body["order"]["total"]) == (201, total)
    with till.shop.tenant():
        Product.objects.update(price=11)
    changed = sent(till, sale | {"id": str(ids.new_id())}, DOORS[door])
    assert changed.code == "ORD-CATALOG-CHANGED"
    assert len(changed.body["error"]["message"]) < 200
    assert f"等 {MAX_LINES} 項" in changed.body["error"]["message"]


def test_the_longest_sale_is_issued_and_can_be_uploaded(till, longest):
    with till.shop.tenant():
        stored = Invoice.objects.get(number=longest["invoice"]["number"])
        assert OrderLine.objects.filter(order_id=longest["order"]["id"]).count() == MAX_LINES
    started = time.process_time()
    document = jsonform.from_json(stored.document)
    assert [f for f in check.faults(document) if f.level == "hard"] == []
    written = mig.write(document)
    assert mig.read(written) == document
    assert len(document.lines) == MAX_LINES
    assert document.totals.total == stored.total == 120 * MAX_LINES
    assert time.process_time() - started < SECONDS


def test_the_till_shows_prints_and_cancels_the_longest_sale(till, longest):
    started = time.process_time()
    page, order = Page.of(till), longest["order"]["id"]
    assert len(page.get(f"orders/{order}").json()["order"]["lines"]) == MAX_LINES
    assert page.get("orders").json()["orders"][0]["id"] == order
    assert page.get("shift").json()["sales"] == 120 * MAX_LINES
    (job,) = longest["print_jobs"]
    slip = page.get(f"print-jobs/{job['id']}").json()["doc"]
    assert f"明細共 {MAX_LINES} 項，另附" in [block.get("text") for block in slip]
    assert [block["block"] for block in slip].count("qr_pair") == 1
    assert page.post(f"orders/{order}/cancel", {"reason": "太多了"}).status_code == 200
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("kind", ["paper", "none_yet"])
def test_a_detail_too_long_for_paper_is_refused_in_words(till, kind):
    lines = paper.LONGEST_DETAIL + 1
    sold = sent(till, long_sale(till, lines, invoice={"kind": kind})).body
    page = Page.of(till)
    before = photograph()
    answer = page.post(f"orders/{sold['order']['id']}/reprint", {"what": "detail"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "ORD-NOTHING-TO-PRINT")
    assert f"{lines} 項" in error["message"]
    assert "後台" in error["message"]
    assert difference(before, photograph()) == {}
