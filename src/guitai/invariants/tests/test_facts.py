"""Every fact can be asked, holds in a lived-in house, and breaks when a row is spoiled."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from guitai import invariants
from guitai.invoicing import services as invoicing
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.orders.tests.till import NOON, make_till

# %(kept)s and %(gone)s are invoices of one register, the second one voided; in that order.
SPOIL = {
    "allocations_are_covered": "UPDATE numbering_allocation SET end_no = end_no + 50",
    "invoices_are_transmitted_once": (
        "DELETE FROM invoicing_transmission WHERE kind = 'F0401' AND subject_id = %(kept)s"
    ),
    "invoices_have_their_order": (
        "UPDATE orders_order SET invoice_number = '' WHERE invoice_id = %(kept)s"
    ),
    "issued_on_its_own_day": (
        "UPDATE invoicing_invoice SET issued_at = issued_at + interval '1 day' WHERE id = %(gone)s"
    ),
    "numbers_follow_time": (
        "UPDATE invoicing_invoice SET issued_at = issued_at - interval '1 hour' WHERE id = %(gone)s"
    ),
    "numbers_inside_their_range": (
        "UPDATE invoicing_invoice SET range_id = gen_random_uuid() WHERE id = %(kept)s"
    ),
    "numbers_without_gap": (
        "UPDATE numbering_range SET next_no = next_no + 1 WHERE next_no > begin_no"
    ),
    "one_original_proof": (
        "INSERT INTO devices_printjob (merchant_id, id, register_id, kind, subject_id, copy, state,"
        " detail, created_at, changed_at, sha256) SELECT merchant_id, gen_random_uuid(),"
        " register_id, kind, subject_id, copy, 'waiting', '', created_at, changed_at, ''"
        " FROM devices_printjob WHERE kind = 'proof' AND subject_id = %(kept)s"
    ),
    "orders_agree_with_invoices": (
        "UPDATE orders_order SET invoice_id = gen_random_uuid() WHERE invoice_id = %(kept)s"
    ),
    "orders_are_paid": "UPDATE payments_tender SET amount = amount + 1 WHERE order_id = %(order)s",
    "typed_numbers_are_marked": (
        "INSERT INTO invoicing_invoice (merchant_id, id, order_id, centre, seller_ban, period,"
        " number, issued_at, issue_date, buyer_ban, carrier_type, npoban, total, tax, state,"
        " manual, issued_by, reprints) SELECT merchant_id, gen_random_uuid(), order_id, 'none',"
        " seller_ban, '11510', number, issued_at, issue_date, buyer_ban, '', '', total, tax,"
        " 'issued', true, '', 0 FROM invoicing_invoice WHERE id = %(kept)s"
    ),
    "void_never_overtakes_issue": (
        "UPDATE invoicing_transmission SET state = 'sent' WHERE kind = 'F0501'"
    ),
    "voids_have_their_document": ("DELETE FROM invoicing_voiddocument WHERE invoice_id = %(gone)s"),
}


@pytest.fixture
def lived_in(db):
    """Two sales on one register; the later invoice is voided."""
    till = make_till()
    kept, gone = till.sell(), till.sell(now=NOON + timedelta(seconds=5))
    later = NOON + timedelta(minutes=1)
    with till.shop.tenant(), clock.moved(later):
        void = UUID(gone["invoice"]["id"])
        invoicing.void(void, reason="打錯", actor=Actor("person", "林老闆"), now=later)
    return {"kept": kept["invoice"]["id"], "gone": gone["invoice"]["id"]} | {
        "order": kept["order"]["id"]
    }


def test_every_fact_has_its_spoiled_row():
    assert sorted(SPOIL) == sorted(invariants.names())
    assert len(SPOIL) >= 12


def test_all_hold_in_a_lived_in_house(lived_in):
    assert invariants.broken() == []


@pytest.mark.parametrize("name", sorted(SPOIL))
def test_a_spoiled_row_is_named(lived_in, name):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past keys and triggers
        cursor.execute(SPOIL[name], lived_in)
        assert cursor.rowcount == 1
        cursor.execute("SET session_replication_role = DEFAULT")
    found = {fact.name: fact for fact in invariants.broken()}
    assert name in found
    assert found[name].count == 1
    assert found[name].sentence in found[name].detail
