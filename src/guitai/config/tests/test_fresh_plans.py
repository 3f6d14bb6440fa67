"""A database that has just been made finds rows by their whole key, from the first sale on."""

import json

import pytest
from django.db import connection

from guitai.config import cli
from guitai.kernel import ids, planner, scope
from guitai.tenancy.models import BusinessEntity

pytestmark = pytest.mark.django_db
KEYS = """
SELECT t.relname, i.relname, array_agg(a.attname::text ORDER BY k.place),
       array_agg(format_type(a.atttypid, NULL) ORDER BY k.place)
  FROM pg_index x
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_class t ON t.oid = x.indrelid
  CROSS JOIN unnest(x.indkey::int[]) WITH ORDINALITY AS k(number, place)
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
 WHERE t.relname = ANY (%s) AND x.indisunique AND x.indpred IS NULL
 GROUP BY t.relname, i.relname
"""
FORGET = """
SELECT pg_clear_attribute_stats(schemaname::text, tablename::text, attname::text, inherited)
  FROM pg_stats WHERE tablename = ANY (%s)
"""


@pytest.fixture
def fresh(db):
    """Empty tables that were never analyzed; plans are those that a connection keeps."""
    connection.ensure_connection()
    if connection.connection.info.server_version < planner.TELLABLE:
        pytest.skip("the planner can be told from PostgreSQL 18 on")
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(planner.tables())} CASCADE")
        cursor.execute(FORGET, [planner.tables()])
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield cursor


def looks_up_by(cursor, statement, types):
    """The indexes in the plan that a prepared ``statement`` keeps."""
    cursor.execute(f"PREPARE looked ({', '.join(types)}) AS {statement}")
    cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE looked ({', '.join(['NULL'] * len(types))})")
    plan = cursor.fetchone()[0]
    cursor.execute("DEALLOCATE looked")
    return set(_indexes(json.loads(plan) if isinstance(plan, str) else plan))


def _indexes(plan):
    if isinstance(plan, list):
        for part in plan:
            yield from _indexes(part)
    elif isinstance(plan, dict):
        if "Index Name" in plan:
            yield plan["Index Name"]
        for part in plan.values():
            yield from _indexes(part)


def test_every_row_is_found_by_a_whole_key_of_its_table(fresh):
    cli._migrate()
    fresh.execute(KEYS, [planner.tables()])
    keys = fresh.fetchall()
    assert ("orders_order", "order_number_once") in {row[:2] for row in keys}
    for table, _, columns, types in keys:
        where = " AND ".join(f'"{column}" = ${n}' for n, column in enumerate(columns, start=1))
        found = looks_up_by(fresh, f"SELECT 1 FROM {table} WHERE {where}", types)
        whole = {key for at, key, cols, _ in keys if at == table and set(cols) <= set(columns)}
        assert found <= whole, (table, columns, found)
        assert found, (table, columns)


def test_a_register_finds_its_own_numbers_among_those_of_the_shop(fresh):
    cli._migrate()
    statement = """SELECT * FROM numbering_range WHERE merchant_id = $1 AND owner_id = $2
        AND period = $3 AND state = 'active' AND next_no <= end_no FOR UPDATE"""
    found = looks_up_by(fresh, statement, ["uuid", "uuid", "text"])
    assert found == {"range_of_owner"}


def test_what_analyze_has_found_is_left_alone(fresh):
    for _ in range(3):
        with scope.tenant(ids.new_id()):
            for ban in ("12345675", "04595257"):
                BusinessEntity.objects.create(ban=ban, name="甲", address="臺北市")
    fresh.execute("ANALYZE tenancy_businessentity")
    cli._migrate()
    fresh.execute(
        "SELECT n_distinct FROM pg_stats"
        " WHERE tablename = 'tenancy_businessentity' AND attname = 'merchant_id'"
    )
    assert fresh.fetchall() == [(-0.5,)]
