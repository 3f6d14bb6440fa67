"""Emoji, control characters and worse in every text that reaches an invoice, a slip or the desk.

Sources: product.md B.5.13 (no special symbols or emoji), mof.md V23 (no control characters).
"""

import pytest
from django.urls import reverse

from guitai.api.tests.http import Page, sale_body
from guitai.backoffice.tests import test_access, test_access_invoicing
from guitai.invoicing.models import Invoice, VoidDocument
from guitai.kernel import clock, ids
from guitai.numbering.tests.shop import csv_row, give_evenly, import_numbers, make_shop
from guitai.orders.tests.till import NOON, make_till
from tests.hostile.photograph import difference, photograph
from tests.hostile.test_doors import arguments, undone
from tests.hostile.test_openapi import says_what_is_wrong
from twinvoice import check, jsonform, mig, proof

HOSTILE = {
    "emoji": "拿鐵😀",
    "emoji of two": "👩\u200d🍳",
    "flag": "🇹🇼",
    "bell": "拿\u0007鐵",
    "escape": "\x1b[2J",
    "line break": "拿\n鐵",
    "carriage return": "拿\r鐵",
    "tab": "拿\t鐵",
    "delete": "拿\x7f鐵",
    "C1": "拿\x85鐵",
    "backwards": "\u202e鐵拿",
    "zero width": "拿\u200b鐵",
    "byte order mark": "拿\ufeff鐵",
    "line separator": "拿\u2028鐵",
    "private use": "拿\ue000鐵",
    "no character": "拿\uffff鐵",
    "variation": "拿\ufe0f鐵",
    "symbol outside Big5": "☕",
}
"""What no text may hold. NUL and lone surrogates are refused earlier, by the JSON and the form."""

AT_THE_DESK = ("emoji", "bell", "line break", "backwards", "private use", "symbol outside Big5")
"""One of each kind: the desk's fields are many, and all of them end in the same check."""

FINE = (
    "<b>&\"']]></b>",
    "a:b:c",
    "{0} {name} %s %(x)s",
    "\\u0041\\",
    "𠮷野家",
    "é à ü",
    "=1+1",
    "--;",
)
"""Odd, and lawful: they come back as they went in, everywhere."""


def till_fields(till):
    """``name: (method, path, body with the text at its place)`` for each text that a till sends."""
    page = Page.of(till)
    sold = page.post("sales", sale_body(till)).json()
    order = sold["order"]["id"]
    cart = ids.new_id()
    line = {**sale_body(till)["lines"][0], "product_id": None}
    company = {"kind": "company", "ban": "10458575"}
    return {
        "product name": ("POST", "sales", lambda t: sale_body(till, lines=[{**line, "name": t}])),
        "buyer name": (
            "POST",
            "sales",
            lambda t: sale_body(till, invoice={**company, "buyer_name": t}),
        ),
        "note": ("POST", "sales", lambda t: sale_body(till, note=t)),
        "reference": (
            "POST",
            "sales",
            lambda t: sale_body(till, tenders=[{"method": "card", "amount": 120, "reference": t}]),
        ),
        "cancel reason": ("POST", f"orders/{order}/cancel", lambda t: {"reason": t}),
        "label": ("PUT", f"parked/{cart}", lambda t: {"label": t, "cart": {}}),
        "drawer reason": ("POST", "drawer", lambda t: {"reason": t}),
        "shift reason": (
            "POST",
            "shift/summary",
            lambda t: {"counted_cash": 0, "reason": t},
        ),
        "device name": (
            "POST",
            "bind",
            lambda t: {"ban": "04595257", "code": "ABCD2345", "device_name": t},
        ),
    }


def test_no_text_of_the_till_takes_them(till):
    page, fields, wrong = Page.of(till), till_fields(till), []
    before = photograph()
    for name, (method, path, body) in fields.items():
        for what, text in HOSTILE.items():
            with undone():
                answer = page.send(method, path, body(text))
                changed = difference(before, photograph())
            if answer.status_code != 422 or changed:
                wrong.append((name, what, answer.status_code, changed))
                continue
            says_what_is_wrong(answer.status_code, answer.content)
            assert answer.json()["error"]["field"], (name, what)
    assert wrong == []


def test_what_the_agent_says_is_kept_as_it_is(till):
    """A machine's own words reach no invoice; losing its report would be worse than a bell."""
    page = Page.of(till)
    job = page.post("sales", sale_body(till)).json()["print_jobs"][0]["id"]
    for text in HOSTILE.values():
        with undone():
            report = {"state": "uncertain", "detail": text}
            assert page.post(f"print-jobs/{job}/state", report).status_code == 200
            assert page.get("print-jobs").json()["jobs"][0]["detail"] == text
            beat = {"agent_id": text, "version": text, "code": text, "message": text}
            assert page.post("agent", beat).status_code == 200
            assert page.get("state").status_code == 200


# Why somebody did it: free words that stay in the audit trail.
REMARKS = {
    ("register-unlock", "reason"),
    ("staff-suspend", "reason"),
    ("transmission-decide", "reason"),
}


@pytest.mark.parametrize("module", ["test_access", "test_access_invoicing"])
def test_no_form_of_the_desk_takes_them(desk, shop, module, request, settings, tmp_path):
    """Told at the field, or as a page with a sentence; and nothing is kept."""
    (tmp_path / "turnkey").mkdir()
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "turnkey")
    with clock.moved(NOON):
        name = "desk_things" if module == "test_access" else "counter_things"
        things = request.getfixturevalue(name)
        table = {"test_access": test_access, "test_access_invoicing": test_access_invoicing}[module]
        browser, wrong = desk(shop, "owner"), []
        before = photograph()
        for page, (method, given, posted, _) in table.TABLE.items():
            if method != "POST":
                continue
            address = reverse(f"desk:{page}", kwargs=arguments(module, given, things))
            form = test_access.filled(posted, things) if module == "test_access" else posted
            for field in form:
                for what in AT_THE_DESK:
                    with undone():
                        answer = browser.post(address, {**form, field: HOSTILE[what]})
                        changed = difference(before, photograph())
                    kept = changed and (page, field) not in REMARKS
                    if answer.status_code >= 500 or kept:
                        wrong.append((page, field, what, answer.status_code, changed))
    assert wrong == []


@pytest.mark.parametrize("text", FINE)
def test_odd_but_lawful_text_comes_back_as_it_went_in(till, text):
    """On the order, in the XML, on the slip; nothing is read as a mark-up or a pattern."""
    line = {**sale_body(till)["lines"][0], "product_id": None, "name": text}
    company = {"kind": "company", "ban": "10458575", "buyer_name": text}
    page = Page.of(till)
    reference = [{"method": "card", "amount": 120, "reference": text}]
    sold = page.post(
        "sales", sale_body(till, lines=[line], invoice=company, note=text, tenders=reference)
    )
    assert sold.status_code == 201, sold.content
    order = page.get(f"orders/{sold.json()['order']['id']}").json()["order"]
    assert (order["lines"][0]["name"], order["note"]) == (text, text)
    assert order["tenders"][0]["reference"] == text
    with till.shop.tenant():
        document = jsonform.from_json(Invoice.objects.get().document)
    assert (document.lines[0].description, document.buyer.name) == (text, text)
    assert [f for f in check.faults(document) if f.level == "hard"] == []
    assert mig.read(mig.write(document)) == document
    slip = page.get(f"print-jobs/{sold.json()['print_jobs'][0]['id']}").json()["doc"]
    assert text in [block.get("text") for block in slip]
    (pair,) = [block for block in slip if block["block"] == "qr_pair"]
    read = proof.read_pair(pair["left"], pair["right"])
    assert [item.name for item in read.items] == [text.replace(":", "：")]
    cancelled = page.post(f"orders/{order['id']}/cancel", {"reason": text[:20]})
    assert cancelled.status_code == 200, cancelled.content
    with till.shop.tenant():
        void = jsonform.from_json(VoidDocument.objects.get().document)
    assert mig.read(mig.write(void)) == void
    assert void.reason == text[:20].strip()


def test_a_cart_belongs_to_its_register(db):
    """Another register of the same merchant cannot take a cart by naming its id."""
    shop = make_shop(registers=2)
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 199))
        give_evenly(shop)
        mine, beside = Page.of(make_till(shop, 0)), Page.of(make_till(shop, 1))
        cart = f"parked/{ids.new_id()}"
        assert mine.send("PUT", cart, {"label": "我的", "cart": {"a": 1}}).status_code == 200
        before = photograph()
        answer = beside.send("PUT", cart, {"label": "搶走", "cart": {}})
        assert answer.status_code in {404, 409}, answer.content
        says_what_is_wrong(answer.status_code, answer.content)
        assert beside.send("DELETE", cart).status_code == 404
        assert difference(before, photograph()) == {}
        (kept,) = mine.get("parked").json()["parked"]
        assert (kept["label"], kept["cart"]) == ("我的", {"a": 1})
