"""Each filter of the long lists has an index that serves it in order (300 ms at 2,000,000 rows).

Measured at that size once; here the planner is kept from sorting and scanning, so that a filter
whose condition no longer matches its index fails.
"""

import importlib
from datetime import date

import pytest
from django.db import connection

from guitai.kernel import ids, scope
from guitai.reporting.queries import invoices, orders, sending
from guitai.reporting.queries.invoices import InvoiceFilter
from guitai.reporting.queries.keyset import _head
from guitai.reporting.queries.orders import OrderFilter
from guitai.reporting.queries.sending import SendingFilter

STORE = ids.new_id()


@pytest.fixture(autouse=True)
def planner(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    with scope.tenant(ids.new_id()):
        yield


def plan_of(branch, at):
    return _head(branch, at, 51, None).explain()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (InvoiceFilter(), "invoice_newest"),
        (InvoiceFilter(period="11512"), "invoice_newest"),
        (InvoiceFilter(day=date(2026, 11, 21)), "invoice_newest"),
        (InvoiceFilter(state="voided"), "invoice_desk_voided"),
        (InvoiceFilter(kind="company"), "invoice_desk_company"),
        (InvoiceFilter(kind="citizen"), "invoice_desk_carrier_type"),
        (InvoiceFilter(kind="donation"), "invoice_desk_donation"),
        (InvoiceFilter(kind="manual"), "invoice_desk_manual"),
        (InvoiceFilter(text="22099131"), "invoice_desk_ban"),
        (InvoiceFilter(text="/TRM+O+P"), "invoice_desk_carrier"),
    ],
)
def test_each_filter_of_invoices_has_its_index(wanted, index):
    plan = plan_of(invoices.branches(wanted)[0], invoices.AT)
    assert index in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (OrderFilter(stores=(STORE,)), "order_of_store"),
        (OrderFilter(stores=(STORE,), invoice_kind="donation"), "order_desk_kind"),
        (OrderFilter(stores=(STORE,), state="cancelled"), "order_desk_cancelled"),
    ],
)
def test_each_filter_of_orders_has_its_index(wanted, index):
    assert index in plan_of(orders.branches(wanted)[0], orders.AT)


def test_voids_on_their_way_have_their_index():
    found = sending._found(SendingFilter(kind="F0501"), None)
    assert "transmission_desk_later" in plan_of(found, sending.AT)


def test_every_index_of_the_migration_is_there():
    wanted = importlib.import_module("guitai.reporting.migrations.0001_initial").INDEXES
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        assert set(wanted) <= {row[0] for row in cursor.fetchall()}
