"""Hand-written numbers are marked as such, wherever they were typed (product.md S3.16-17, L1)."""

import importlib
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from guitai import invariants
from guitai.invoicing.models import Invoice
from guitai.invoicing.services.record import record_manual
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.kernel.errors import GuitaiError
from guitai.kernel.models import AuditEntry
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders import queries, services
from guitai.orders.models import Order
from guitai.orders.rules import Choice, InvoiceChoiceKind, noted_number
from guitai.orders.tests.till import NOON, make_till, new_id

OWNER = Actor("person", "林老闆")
NONE_YET = Choice(InvoiceChoiceKind.NONE_YET)


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


@pytest.fixture
def till(db):
    return make_till()


def sold(till, note="", choice=NONE_YET):
    answer = till.sell(till.sale(choice=choice, note=note))
    return UUID(answer["order"]["id"])


def mark(till, order_id, number="", **more):
    given = {"stores": [till.shop.store.id], "actor": OWNER, "now": NOON, **more}
    with till.shop.tenant():
        return services.mark_handwritten(order_id, number, **given)


@pytest.mark.parametrize(
    ("note", "number"),
    [
        ("發票 ZZ12345678", "ZZ12345678"),
        ("zz-12345678 補", "ZZ12345678"),
        ("手寫ＺＺ－１２３４５６７８號", "ZZ12345678"),
        ("ZZ 12345678", "ZZ12345678"),
        ("", ""),
        ("外帶", ""),
        ("統編12345675", ""),
        ("條碼 XZZ12345678", ""),
        ("卡號 ZZ123456789", ""),
        ("Z12345678", ""),
    ],
)
def test_numbers_in_notes_are_found_alike_by_rules_and_by_the_list(till, note, number):
    assert noted_number(note) == number
    order_id = sold(till, note)
    with till.shop.tenant():
        assert Order.objects.filter(queries.unmarked()).exists() == bool(number)
    assert order_id


def test_what_has_a_number_or_was_cancelled_is_no_suspect(till):
    sold(till, "ZZ12345678", Choice(InvoiceChoiceKind.PAPER))
    sold(till, "ZZ12345679", Choice(InvoiceChoiceKind.SELF, number="ZZ12345679"))
    gone = sold(till, "ZZ12345670")
    with till.shop.tenant():
        services.cancel_order(till.clerk, gone, "退貨", NOON)
        assert not Order.objects.filter(queries.unmarked()).exists()


def test_the_mark_is_set_with_its_invoice_and_its_audit(till):
    order_id = sold(till, "ZZ12345678")
    order = mark(till, order_id, "zz-12345678")
    assert (order.invoice_number, order.invoice_period) == ("ZZ12345678", "11512")
    with till.shop.tenant():
        kept = Order.objects.get(id=order_id)
        assert (kept.invoice_manual, kept.invoice_kind) == (True, "self")
        assert Invoice.objects.get(order_id=order_id).manual
        entry = AuditEntry.objects.get(verb="order.manual_number")
        assert (entry.actor_name, entry.before["invoice_manual"]) == ("林老闆", False)
        assert not Order.objects.filter(queries.unmarked()).exists()
    assert invariants.broken() == []


def test_a_kept_invoice_that_the_order_does_not_know_is_taken_over(till):
    """Older data: the point of sale has the number, the order shows none (L1 as it was)."""
    order_id = sold(till)
    with till.shop.tenant():
        record_manual(
            order_id=order_id,
            register_id=till.register.id,
            seller_ban=till.shop.entity.ban,
            number="ZZ12345678",
            issue_date=NOON.date(),
            total=120,
            tax=0,
            actor=OWNER,
            now=NOON,
        )
    assert "typed_numbers_are_marked" in {fact.name for fact in invariants.broken()}
    with pytest.raises(GuitaiError) as refused:
        mark(till, order_id, "ZZ99999999")
    assert refused.value.code == "ORD-INVOICED"
    assert mark(till, order_id).invoice_number == "ZZ12345678"
    assert invariants.broken() == []


@pytest.mark.parametrize(
    ("number", "code"),
    [("", "ORD-NUMBER"), ("12345678", "ORD-NUMBER"), ("AB00000001", "ORD-OWN-NUMBER")],
)
def test_a_wrong_number_is_refused_and_nothing_changes(till, number, code):
    order_id = sold(till, "ZZ12345678")
    with pytest.raises(GuitaiError) as refused:
        mark(till, order_id, number)
    assert refused.value.code == code
    with till.shop.tenant():
        assert not Order.objects.get(id=order_id).invoice_manual
        assert not Invoice.objects.filter(order_id=order_id).exists()


def test_who_does_not_see_the_store_marks_nothing(till):
    order_id = sold(till, "ZZ12345678")
    with pytest.raises(GuitaiError) as refused:
        mark(till, order_id, "ZZ12345678", stores=[new_id()])
    assert refused.value.code == "ORD-NOT-FOUND"
    other = make_shop(name="別家", ban=OTHER_BAN)
    with other.tenant(), pytest.raises(GuitaiError) as refused:
        services.mark_handwritten(
            order_id, "ZZ12345678", stores=[till.shop.store.id], actor=OWNER, now=NOON
        )
    assert refused.value.code == "ORD-NOT-FOUND"
    with till.shop.tenant():
        assert not Order.objects.get(id=order_id).invoice_manual


@pytest.mark.parametrize("settled", ["issued", "cancelled"])
def test_what_is_settled_is_not_marked(till, settled):
    issued = settled == "issued"
    order_id = sold(till, choice=Choice(InvoiceChoiceKind.PAPER) if issued else NONE_YET)
    if not issued:
        with till.shop.tenant():
            services.cancel_order(till.clerk, order_id, "退貨", NOON)
    with pytest.raises(GuitaiError) as refused:
        mark(till, order_id, "ZZ12345678")
    assert refused.value.code == ("ORD-INVOICED" if issued else "ORD-CANCELLED")


def test_a_number_without_a_mark_cannot_be_written(till):
    order_id = sold(till)
    with till.shop.tenant(), pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order_id).update(invoice_number="ZZ12345678")


def test_older_data_is_marked_before_the_rule_holds(till):
    """What the migration does with rows of a time without the constraint."""
    order_id = sold(till)
    with till.shop.tenant(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order DROP CONSTRAINT order_number_is_ours_or_marked")
        Order.objects.filter(id=order_id).update(invoice_number="ZZ12345678")
        assert [fact.name for fact in invariants.broken()] == ["typed_numbers_are_marked"]
        cursor.execute(
            importlib.import_module("guitai.orders.migrations.0003_typed_numbers_are_marked").MARK
        )
        assert invariants.broken() == []
        kept = Order.objects.get(id=order_id)
        assert (kept.invoice_manual, kept.invoice_kind) == (True, "self")
        transaction.set_rollback(True)
