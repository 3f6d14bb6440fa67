import pytest
from django.db import IntegrityError, transaction
from psycopg.errors import ForeignKeyViolation

from guitai.invoicing import rules
from guitai.invoicing.errors import BadDocument, NumberUsed
from guitai.invoicing.models import Invoice, Transmission, VoidDocument
from guitai.invoicing.tests import shop as shops
from guitai.kernel import scope
from guitai.tenancy.models import Register

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return shops.open_shop()


def test_an_invoice_and_its_transmission_are_recorded_together(shop):
    answer = shops.record(shop)
    with scope.tenant(shop.merchant):
        invoice = Invoice.objects.get()
        sending = Transmission.objects.get()
    assert answer["number"] == invoice.number == "AB00000036"
    assert (invoice.period, invoice.total, invoice.tax, invoice.state) == (
        "11508",
        105,
        0,
        "issued",
    )
    assert (invoice.carrier_type, invoice.npoban, invoice.buyer_ban) == ("3J0002", "", "0000000000")
    assert invoice.document == shops.invoice_json()
    assert str(sending.id) == answer["transmission_id"]
    assert (sending.state, sending.kind, sending.position) == ("waiting", "F0401", 0)
    assert sending.lane == rules.lane_of(shops.BAN, "11508", "AB00000036")


@pytest.mark.parametrize(
    ("centre", "now", "due"),
    [
        ("mirle", "2026-07-03 18:20", "2026-07-04 09:00"),
        ("mirle", "2026-08-31 23:59", "2026-09-01 09:00"),  # S2.20
        ("mirle", "2026-07-03 00:00", "2026-07-04 09:00"),
        ("turnkey", "2026-07-03 18:20", "2026-07-03 18:20"),
        ("none", "2026-07-03 18:20", "2026-07-03 18:20"),
    ],
)
def test_the_database_and_python_agree_when_a_document_is_due(shop, centre, now, due):
    answer = shops.record(shop, centre=centre, now=shops.at(now))
    with scope.tenant(shop.merchant):
        found = Transmission.objects.get(id=answer["transmission_id"])
    assert found.due_at == found.next_try_at == shops.at(due)
    assert rules.due_at(centre, shops.at(now)) == shops.at(due)


def test_a_number_is_used_once_in_its_period_only(shop):
    shops.record(shop)
    with pytest.raises(NumberUsed) as refused, transaction.atomic():
        shops.record(shop)
    assert refused.value.params == {"number": "AB00000036"}
    shops.record(shop, shops.invoice_json(date="2026-09-01"))
    with scope.tenant(shop.merchant):
        assert sorted(Invoice.objects.values_list("period", flat=True)) == ["11508", "11510"]
        assert Transmission.objects.count() == 2


def test_another_merchant_may_hold_the_same_number(shop):
    shops.record(shop)
    other = shops.open_shop("別家")
    shops.record(other)
    with scope.tenant(other.merchant):
        assert Invoice.objects.count() == 1


def test_a_register_of_another_merchant_is_refused_by_the_database(shop):
    other = shops.open_shop("別家")
    with scope.tenant(other.merchant):
        foreign = Register.objects.get().id
    with pytest.raises(ForeignKeyViolation), transaction.atomic():
        shops.record(shops.Shop(shop.merchant, shop.entity, foreign))


@pytest.mark.parametrize("missing", ["number", "date", "seller", "buyer", "totals"])
def test_an_incomplete_document_is_refused_and_nothing_is_written(shop, missing):
    document = shops.invoice_json()
    del document[missing]
    with pytest.raises(BadDocument), transaction.atomic():
        shops.record(shop, document)
    with scope.tenant(shop.merchant):
        assert not Invoice.objects.exists()
        assert not Transmission.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"number": "AB00000037"},
        {"total": 1},
        {"buyer_ban": "12345675"},
        {"document": {"a": 1}},
        {"issue_date": "2026-07-04"},
    ],
)
def test_an_issued_invoice_never_changes(shop, change):
    shops.record(shop)
    with scope.tenant(shop.merchant):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invoice.objects.update(**change)
        assert Invoice.objects.get().document == shops.invoice_json()


def test_an_issued_invoice_is_never_deleted_but_may_be_marked_printed(shop):
    shops.record(shop)
    with scope.tenant(shop.merchant):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invoice.objects.all().delete()
        assert Invoice.objects.update(printed_at=shops.NOW, reprints=1) == 1


def test_no_void_exists_yet(shop):
    shops.record(shop)
    with scope.tenant(shop.merchant):
        assert not VoidDocument.objects.exists()
