"""Every fact can be asked, holds on an empty house, and is seen to break when a row is spoiled."""

import pytest
from django.db import connection

from guitai import invariants
from guitai.kernel import clock, ids

SPOIL = {
    "one_original_proof": (
        "INSERT INTO devices_printjob (merchant_id, id, register_id, kind, subject_id, copy, state,"
        " detail, created_at, changed_at, sha256) VALUES (%(m)s, %(a)s, %(r)s, 'proof', %(s)s,"
        " 'original', 'done', '', %(t)s, %(t)s, ''), (%(m)s, %(b)s, %(r)s, 'proof', %(s)s,"
        " 'original', 'waiting', '', %(t)s, %(t)s, '')"
    ),
    "invoices_have_their_order": (
        "INSERT INTO invoicing_invoice (merchant_id, id, order_id, centre, seller_ban, period,"
        " number, issued_at, issue_date, buyer_ban, carrier_type, npoban, total, tax, state,"
        " manual, issued_by, reprints) VALUES (%(m)s, %(a)s, %(s)s, 'none', '12345675', '11512',"
        " 'AB00000000', %(t)s, '2026-11-21', '0000000000', '', '', 100, 0, 'issued', true, '', 0)"
    ),
}


def test_there_are_facts():
    assert len(invariants.names()) >= 12


@pytest.mark.django_db
def test_all_hold_in_an_empty_house():
    assert invariants.broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SPOIL))
def test_a_spoiled_row_is_named(name):
    values = {key: ids.new_id() for key in "mabrs"} | {"t": clock.now()}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the foreign keys
        cursor.execute(SPOIL[name], values)
        cursor.execute("SET session_replication_role = DEFAULT")
    found = {fact.name: fact for fact in invariants.broken()}
    assert name in found
    assert found[name].count == 1
    assert found[name].sentence in found[name].detail
