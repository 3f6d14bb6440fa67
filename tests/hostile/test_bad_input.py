"""Sales that nobody may make, through both doors: the same clear error, and nothing written.

Sources: issue "Bad input"; docs/till-api.md §1, §2, §3 (the sale); mof.md §13 (V13-V23).
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from guitai import invariants
from guitai.api.tests.http import sale_body
from guitai.kernel import clock
from guitai.kernel.money import MAX_TWD
from guitai.kernel.testing import taipei
from guitai.orders.tests.till import NOON, Till, make_till
from tests.hostile.doors import DOORS, Answer, lane, view
from tests.hostile.photograph import difference, photograph
from tests.hostile.test_openapi import says_what_is_wrong

BIG = 1_048_576
DEEP = 100_000
Change = Callable[[dict[str, Any]], Any]


def change(**fields: Any) -> Change:
    """A sale with these fields instead; ``lines__name`` reaches into the first line."""

    def changed(body: dict[str, Any]) -> dict[str, Any]:
        for name, value in fields.items():
            place, _, inner = name.partition("__")
            if not inner:
                body[place] = value
            elif isinstance(body[place], list):
                body[place][0][inner] = value
            else:
                body[place][inner] = value
        return body

    return changed


def raw(field: str, token: str) -> Change:
    """A sale whose ``field`` is spelled so in the JSON text."""

    def spelled(body: dict[str, Any]) -> bytes:
        text = json.dumps(change(**{field: "@here@"})(body), ensure_ascii=False)
        return text.replace('"@here@"', token).encode("utf-8", "surrogatepass")

    return spelled


def without(field: str) -> Change:
    return lambda body: {name: value for name, value in body.items() if name != field}


JSON = 400, "API-JSON"
SHAPE = 422, "API-BODY"
LARGE = 413, "API-TOO-LARGE"

NO_JSON: dict[str, tuple[bytes, tuple[int, str]]] = {
    "nothing": (b"", JSON),
    "blanks": (b" \r\n\t ", JSON),
    "half": (b'{"id": "0192', JSON),
    "two": (b"{} {}", SHAPE),
    "a form": (b"id=1&total=120", JSON),
    "latin-1": ('{"note": "café"}'.encode("latin-1"), JSON),
    "big5": ('{"note": "拿鐵"}'.encode("cp950"), JSON),
    "utf-16": ('{"note": "拿鐵"}'.encode("utf-16"), JSON),
    "byte order mark": (b"\xef\xbb\xbf{}", JSON),
    "overlong": (b'{"note": "\xc0\xaf"}', JSON),
    "surrogate in UTF-8": (b'{"note": "\xed\xa0\x80"}', JSON),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", JSON),
    "NUL": (b"\x00" * 64, JSON),
    "NaN": (b"NaN", JSON),
    "single quotes": (b"{'id': 1}", JSON),
    "comment": (b'{/* */"id": 1}', JSON),
    "trailing comma": (b'{"id": 1,}', SHAPE),
    "a list": (b"[]", SHAPE),
    "a text": (b'"sale"', SHAPE),
    "a number": (b"1e999", SHAPE),
    "deep lists": (b"[" * DEEP, SHAPE),
    "deep objects": (b'{"lines":' * DEEP, SHAPE),
    "as large as can be": (b'{"note":"' + b"x" * (BIG - 11) + b'"}', SHAPE),
    "too large": (b'{"note":"' + b"x" * (BIG * 8) + b'"}', LARGE),
}

CHANGED: dict[str, tuple[Change, tuple[int, str]]] = {
    # Money that is not whole dollars.
    "float money": (raw("total", "120.0"), SHAPE),
    "money with an exponent": (raw("total", "1.2e2"), SHAPE),
    "money in words": (change(total="120"), SHAPE),
    "money true": (change(total=True), SHAPE),
    "money null": (change(total=None), SHAPE),
    "NaN money": (raw("total", "NaN"), JSON),
    "infinite money": (raw("total", "Infinity"), JSON),
    "endless money": (raw("total", "9" * 5000), SHAPE),
    "2^63": (change(total=2**63), SHAPE),
    "2^64": (change(total=2**64), SHAPE),
    "-2^63": (change(total=-(2**63)), SHAPE),
    "negative total": (change(total=-120), SHAPE),
    "negative price": (change(lines__unit_price=-120), SHAPE),
    "negative discount": (change(lines__discount=-1), SHAPE),
    "negative order discount": (change(order_discount=-1), SHAPE),
    "negative tender": (change(tenders__amount=-120), SHAPE),
    "negative received": (change(tenders__received=-1), SHAPE),
    "more than an invoice holds": (change(total=MAX_TWD + 1), SHAPE),
    "price × quantity beyond": (
        change(lines__unit_price=MAX_TWD, lines__quantity="2", total=MAX_TWD),
        (422, "ORD-PRICE"),
    ),
    "sum beyond": (
        lambda body: (
            body
            | {
                "lines": [
                    {"name": "金", "quantity": "1", "unit_price": MAX_TWD, "tax_type": "1"},
                    {"name": "金", "quantity": "1", "unit_price": MAX_TWD, "tax_type": "1"},
                ],
                "total": MAX_TWD,
            }
        ),
        (422, "ORD-TOTAL"),
    ),
    # Quantities.
    "quantity 0": (change(lines__quantity="0"), (422, "ORD-QUANTITY")),
    "quantity 0.000": (change(lines__quantity="0.000"), (422, "ORD-QUANTITY")),
    "quantity -1": (change(lines__quantity="-1"), SHAPE),
    "quantity of many decimals": (change(lines__quantity="1.0000000001"), SHAPE),
    "quantity of many digits": (change(lines__quantity="1000000"), SHAPE),
    "quantity 1e9": (change(lines__quantity="1e9"), SHAPE),
    "quantity ١ (Arabic)": (change(lines__quantity="١"), SHAPE),
    "quantity １ (full width)": (change(lines__quantity="１"), SHAPE),
    "quantity with a line break": (change(lines__quantity="1\n"), SHAPE),
    "quantity as a number": (change(lines__quantity=1), SHAPE),
    "quantity NaN": (change(lines__quantity="NaN"), SHAPE),
    # Sums.
    "line discount > line": (change(lines__discount=121), (422, "ORD-DISCOUNT")),
    "order discount > order": (change(order_discount=121, total=0), (422, "ORD-DISCOUNT")),
    "another total": (change(total=119), (409, "ORD-PRICE-CHANGED")),
    "tenders short": (
        change(tenders=[{"method": "card", "amount": 119}]),
        (422, "PAY-SUM"),
    ),
    "tenders over": (
        change(
            tenders=[{"method": "card", "amount": 120}, {"method": "cash", "amount": 1}],
        ),
        (422, "PAY-SUM"),
    ),
    "no tender": (change(tenders=[]), (422, "PAY-SUM")),
    "a tender of nothing": (
        change(tenders=[{"method": "cash", "amount": 0}, {"method": "card", "amount": 120}]),
        (422, "PAY-TENDER"),
    ),
    "received too little": (change(tenders__received=119), (422, "PAY-TENDER")),
    "tenders beyond all numbers": (
        change(tenders=[{"method": "card", "amount": MAX_TWD}] * 2_000),
        (422, "PAY-SUM"),
    ),
    # Shapes.
    "no lines": (change(lines=[]), (422, "ORD-NO-LINES")),
    "lines null": (change(lines=None), SHAPE),
    "a line null": (change(lines=[None]), SHAPE),
    "extra field": (change(surprise=1), SHAPE),
    "extra field of a line": (change(lines__surprise=1), SHAPE),
    "extra field __proto__": (lambda body: body | {"__proto__": {"total": 1}}, SHAPE),
    "without id": (without("id"), SHAPE),
    "without total": (without("total"), SHAPE),
    "without invoice": (without("invoice"), SHAPE),
    "id of no UUID": (change(id="' OR 1=1 --"), SHAPE),
    "unknown kind": (change(invoice__kind="free"), SHAPE),
    "unknown method": (change(tenders__method="gold"), SHAPE),
    "tax type 4": (change(lines__tax_type="4"), SHAPE),
    "started nowhere": (change(started_at="yesterday"), SHAPE),
    "started without offset": (change(started_at="2026-11-21T12:00:00"), SHAPE),
    "started on Feb 30": (change(started_at="2026-02-30T12:00:00+08:00"), SHAPE),
    "started in year 1": (
        change(started_at="0001-01-01T00:00:00+08:00"),
        (422, "ORD-DATE"),
    ),
    "started in year 9999": (
        change(started_at="9999-12-31T23:59:59-08:00"),
        (422, "ORD-DATE"),
    ),
    "recognised in year 9999": (change(recognised_on="9999-12-31"), (422, "ORD-DATE")),
    # Texts.
    "emoji": (change(lines__name="拿鐵🥛"), (422, "ORD-NAME")),
    "escaped emoji": (raw("note", '"\\ud83d\\ude00"'), (422, "ORD-TEXT")),
    "lone surrogate": (raw("note", '"\\ud800"'), JSON),
    "lone surrogate, second": (raw("lines__name", '"\\udfff"'), JSON),
    "escaped NUL": (raw("note", '"\\u0000"'), SHAPE),
    "NUL in the text": (raw("note", '"\x00"'), JSON),
    "line break in the text": (raw("note", '"a\nb"'), JSON),
    "escaped line break": (change(note="a\nb"), (422, "ORD-TEXT")),
    "blank name": (change(lines__name="\u3000 "), (422, "ORD-NAME-MISSING")),
    "long name": (change(lines__name="長" * 101), (422, "ORD-TEXT-LONG")),
    "very long name": (change(lines__name="長" * 100_000), SHAPE),
}


def both(till: Till | None, body: bytes, **environ: str) -> tuple[Answer, Answer]:
    return view(till, body, **environ), lane(till, body, **environ)


def mismatches(till: Till, cases: dict[str, tuple[bytes, tuple[int, str]]]) -> list[Any]:
    """Each case through both doors; what was not refused as expected, or differed, or wrote."""
    found: list[Any] = []
    before = photograph()
    for name, (body, expected) in cases.items():
        first, second = both(till, body)
        if (first.status, first.code) != expected:
            found.append((name, first.status, first.content[:300]))
            continue
        if (first.status, first.content) != (second.status, second.content):
            found.append((name, "the lane says otherwise", second.status, second.content[:300]))
        says_what_is_wrong(first.status, first.content)
    changed = difference(before, photograph())
    return found + ([changed] if changed else [])


def encoded(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def test_what_is_no_json_or_no_sale(till):
    assert mismatches(till, NO_JSON) == []


def test_sales_that_are_wrong_in_one_place(till):
    good = sale_body(till)
    cases = {
        name: (encoded(changed(copy.deepcopy(good))), expected)
        for name, (changed, expected) in CHANGED.items()
    }
    assert mismatches(till, cases) == []
    # The control: what all of them were made of is sold.
    assert view(till, encoded(good)).status == 201


ENVIRON: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "no length": ({"CONTENT_LENGTH": ""}, JSON),
    "length missing": ({"CONTENT_LENGTH": None}, JSON),
    "length of no number": ({"CONTENT_LENGTH": "abc"}, JSON),
    "negative length": ({"CONTENT_LENGTH": "-1"}, JSON),
    "length in other digits": ({"CONTENT_LENGTH": "１２"}, JSON),
    "length ²": ({"CONTENT_LENGTH": "²"}, JSON),
    "huge length": ({"CONTENT_LENGTH": "9" * 30}, LARGE),
    "shorter than said": ({"CONTENT_LENGTH": "1000000"}, (201, "")),
    "cut off": ({"CONTENT_LENGTH": "50"}, JSON),
    "no cookie": ({"HTTP_COOKIE": ""}, (401, "BIND-NONE")),
    "broken cookie": ({"HTTP_COOKIE": 'guitai_till="\x00;;=;'}, (401, "BIND-NONE")),
    "cookie of no token": ({"HTTP_COOKIE": "guitai_till=a.b.c"}, (401, "BIND-NONE")),
    "no mark": ({"HTTP_X_GUITAI_TILL": None}, (403, "API-MARK")),
    "other mark": ({"HTTP_X_GUITAI_TILL": "0"}, (403, "API-MARK")),
    "no session": ({"HTTP_X_GUITAI_SESSION": None}, (401, "TILL-SESSION")),
    "session of no UUID": ({"HTTP_X_GUITAI_SESSION": "\x00"}, (401, "TILL-SESSION")),
    "empty bearer": ({"HTTP_AUTHORIZATION": "Bearer "}, (401, "BIND-NONE")),
    "bearer of no ASCII": ({"HTTP_AUTHORIZATION": "Bearer ÿþ.ÿ"}, (401, "BIND-NONE")),
    "another scheme": ({"HTTP_AUTHORIZATION": "Basic eDp4"}, (201, "")),
    "form's content type": ({"CONTENT_TYPE": "multipart/form-data; boundary=x"}, (201, "")),
    "text's content type": ({"CONTENT_TYPE": "text/plain; charset=big5"}, (201, "")),
}


@pytest.mark.parametrize("name", ENVIRON)
def test_what_surrounds_the_sale_is_read_alike_at_both_doors(till, name):
    environ, (status, code) = ENVIRON[name]
    body = encoded(sale_body(till))
    before = photograph()
    first, second = both(till, body, **environ)
    assert first.status == second.status == status, (first.content, second.content)
    if code:
        assert first.code == second.code == code
        assert difference(before, photograph()) == {}
    else:
        assert second.body == {**first.body, "replay": True}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_only_a_post_is_a_sale(till, method):
    before = photograph()
    first, second = both(till, encoded(sale_body(till)), method=method)
    assert (first.status, first.content) == (second.status, second.content)
    assert first.status == 405
    assert first.headers["Allow"] == second.headers["Allow"] == "POST"
    assert difference(before, photograph()) == {}


class TestReplay:
    def test_the_winner_is_answered_at_either_door(self, till):
        for first, second in ((view, lane), (lane, view)):
            body = encoded(sale_body(till))
            won = first(till, body)
            before = photograph()
            again = second(till, body)
            assert (won.status, again.status) == (201, 201)
            assert again.body == {**won.body, "replay": True}
            assert difference(before, photograph()) == {}

    def test_another_spelling_is_the_same_sale(self, till):
        sale = sale_body(till)
        won = lane(till, encoded(sale)).body
        backwards = json.dumps(dict(reversed(sale.items())), indent=3, ensure_ascii=False)
        upper = json.dumps({**sale, "id": sale["id"].upper()})
        for body in (backwards, upper):
            for door in DOORS.values():
                assert door(till, body.encode()).body == {**won, "replay": True}

    @pytest.mark.parametrize(
        "other",
        [
            change(note="x"),
            change(started_at="2026-11-21T12:00:01+08:00"),
            change(tenders=[{"method": "card", "amount": 120}]),
            change(invoice={"kind": "none_yet"}),
            change(invoice={"kind": "donation", "npoban": "919"}),
            change(lines__quantity="1.0"),
            change(tenders__received=121),
        ],
        ids=range(7),
    )
    def test_another_content_under_the_same_key_is_refused(self, till, other):
        sale = sale_body(till)
        assert view(till, encoded(sale)).status == 201
        before = photograph()
        changed = encoded(other(copy.deepcopy(sale)))
        for door in DOORS.values():
            answer = door(till, changed)
            assert (answer.status, answer.code) == (409, "ORD-REUSED")
        assert difference(before, photograph()) == {}

    def test_of_a_doubled_key_in_the_json_the_last_counts_at_both_doors(self, till):
        """RFC 8259 leaves it open; what counts is that nobody reads the two differently."""
        sale = sale_body(till)
        doubled = encoded(sale)[:-1] + b', "total": 1}'
        before = photograph()
        first, second = both(till, doubled)
        assert first.content == second.content
        assert (first.status, first.code) == (409, "ORD-PRICE-CHANGED")
        assert difference(before, photograph()) == {}


def test_a_sale_that_went_wrong_in_the_middle_leaves_its_number_and_its_key(till):
    """Refused for its number's sake or its content's: the same key still sells afterwards."""
    sale = sale_body(till)
    wrong = {**sale, "lines": [{**sale["lines"][0], "name": "別的"}]}
    assert lane(till, encoded(wrong)).code == "ORD-CATALOG-CHANGED"
    sold = lane(till, encoded(sale))
    assert sold.status == 201
    assert sold.body["invoice"]["number"] == "AB00000000"
    assert sold.body["numbers"]["remaining"] == 99


REFUSED_LATE = {
    # name: (what the sale says, code); all of them get as far as the database.
    "own number": ({"invoice": {"kind": "self", "number": "AB00000099"}}, "ORD-OWN-NUMBER"),
    "number twice": ({"invoice": {"kind": "self", "number": "ZZ00000001"}}, "INV-NUMBER-USED"),
    "catalogue": ({"lines__name": "別的"}, "ORD-CATALOG-CHANGED"),
    "no reason": ({"lines__tax_type": "2", "lines__product_id": None}, "ORD-ZERO-RATE"),
    "no number": ({}, "NUM-OTHER-PERIOD"),
}


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_in_the_middle_is_taken_back_by_the_database_itself():
    """Without the test's own transaction around it: what is committed is what is there."""
    with clock.moved(NOON):
        till = make_till()
        used = sale_body(till, invoice={"kind": "self", "number": "ZZ00000001"})
        assert lane(till, encoded(used)).status == 201
    before = photograph()
    for name, (fields, code) in REFUSED_LATE.items():
        moment = taipei(2027, 1, 1) if name == "no number" else NOON
        with clock.moved(moment):
            body = encoded(change(**fields)(sale_body(till)))
            for door, ask in DOORS.items():
                assert ask(till, body).code == code, (name, door)
        assert difference(before, photograph()) == {}, name
    assert invariants.broken() == []
