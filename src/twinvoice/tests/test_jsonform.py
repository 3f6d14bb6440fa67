"""Every document survives JSON; anything else is refused with its field named."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from twinvoice import jsonform
from twinvoice.document import Annulment, Buyer, Invoice, Line, Seller, Totals
from twinvoice.faults import Fault
from twinvoice.tests.strategies import any_document

INVOICE = Invoice(
    number="AB00000050",
    date=dt.date(2026, 1, 15),
    time=dt.time(14, 5, 9),
    seller=Seller("04595257", "測試賣方股份有限公司", "臺北市中正區測試路1號"),
    buyer=Buyer(),
    lines=(Line("葡萄乾吐司", Decimal(1), Decimal("60.50"), Decimal("60.5"), "1"),),
    totals=Totals(61, 0, 0, "1", Decimal("0.05"), 0, 61),
    random_code="0695",
    print_mark=True,
)


@given(any_document())
@settings(max_examples=100)
def test_every_document_survives(document):
    text = json.dumps(jsonform.to_json(document), ensure_ascii=False)
    back = jsonform.from_json(json.loads(text))
    assert back == document
    assert json.dumps(jsonform.to_json(back), ensure_ascii=False) == text


def test_the_form_is_the_documented_one():
    assert jsonform.to_json(INVOICE) == {
        "type": "Invoice",
        "form": 1,
        "number": "AB00000050",
        "date": "2026-01-15",
        "time": "14:05:09",
        "seller": {
            "ban": "04595257",
            "name": "測試賣方股份有限公司",
            "address": "臺北市中正區測試路1號",
        },
        "buyer": {"ban": "0000000000", "name": "0000"},
        "lines": [
            {
                "description": "葡萄乾吐司",
                "quantity": "1",
                "unit_price": "60.50",
                "amount": "60.5",
                "sequence": "1",
                "tax_type": "1",
            }
        ],
        "totals": {
            "sales": 61,
            "free_tax_sales": 0,
            "zero_tax_sales": 0,
            "tax_type": "1",
            "tax_rate": "0.05",
            "tax": 0,
            "total": 61,
        },
        "random_code": "0695",
        "print_mark": True,
        "invoice_type": "07",
    }


def changed(**changes):
    data = jsonform.to_json(INVOICE)
    for path, value in changes.items():
        target, parts = data, path.split("__")
        for part in parts[:-1]:
            target = target[int(part) if part.isdigit() else part]
        if value is ...:
            del target[parts[-1]]
        else:
            target[parts[-1]] = value
    return data


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"type": "Invoices"}, "type"),
        ({"type": ["Invoice"]}, "type"),
        ({"type": "Line"}, "type"),
        ({"form": 2}, "form"),
        ({"form": True}, "form"),
        ({"form": ...}, "form"),
        ({"number": ...}, "number"),
        ({"number": 50}, "number"),
        ({"colour": "red"}, "colour"),
        ({"date": "20260115"}, "date"),
        ({"date": "2026-02-31"}, "date"),
        ({"time": "24:00:00"}, "time"),
        ({"time": "14:05:09+08:00"}, "time"),
        ({"print_mark": 1}, "print_mark"),
        ({"totals__total": 61.0}, "totals/total"),
        ({"totals__total": True}, "totals/total"),
        ({"totals__tax_rate": "NaN"}, "totals/tax_rate"),
        ({"totals": None}, "totals/"),
        ({"lines": "ab"}, "lines"),
        ({"lines__0__amount": 60.5}, "lines[0]/amount"),
        ({"lines__0__amount": "1e999999999"}, "lines[0]/amount"),
        ({"lines__0__weight": "1"}, "lines[0]/weight"),
        ({"seller__ban": None}, "seller/ban"),
    ],
)
def test_anything_else_is_refused_with_its_field(changes, path):
    with pytest.raises(Fault) as caught:
        jsonform.from_json(changed(**changes))
    assert (caught.value.code, caught.value.path) == ("TWI-JSON", path)


def test_what_is_no_object_is_refused():
    for data in (None, [], "Invoice", 5):
        with pytest.raises(Fault):
            jsonform.from_json(data)


def test_values_without_a_form_are_not_written():
    with pytest.raises(TypeError):
        jsonform.to_json(INVOICE.seller)
    for wrong in (
        replace(INVOICE, time=dt.time(1, tzinfo=dt.UTC)),
        replace(INVOICE, exchange_rate=Decimal("NaN")),
    ):
        with pytest.raises(Fault) as caught:
            jsonform.to_json(wrong)
        assert caught.value.code == "TWI-JSON"


def test_an_old_object_stays_readable():
    data = {
        "type": "Annulment",
        "form": 1,
        "number": "AB00000051",
        "invoice_date": "2026-01-15",
        "buyer_ban": "0000000000",
        "seller_ban": "04595257",
        "annul_date": "2026-01-16",
        "annul_time": "10:00:00",
        "reason": "載具誤植重傳",
    }
    assert jsonform.from_json(data) == Annulment(
        "AB00000051",
        dt.date(2026, 1, 15),
        "0000000000",
        "04595257",
        dt.date(2026, 1, 16),
        dt.time(10),
        "載具誤植重傳",
    )
