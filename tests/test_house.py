"""The house rules that a machine can check (DESIGN §2, §4, §8)."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from guitai.kernel.models import TenantModel

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(p for p in (ROOT / "src").rglob("*.py") if "migrations" not in p.parts)
# People and merchants themselves belong to no merchant.
# A result file speaks of a whole Turnkey, not of one merchant.
GLOBAL_TABLES = {"tenancy.Account", "tenancy.Merchant", "invoicing.ResultRead"}

LEADING_COLUMNS = """
    SELECT i.relname, ix.indisprimary, a.attname
    FROM pg_index ix
    JOIN pg_class i ON i.oid = ix.indexrelid
    JOIN pg_class t ON t.oid = ix.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ix.indkey[0]
    WHERE t.relname = %s AND (ix.indisunique OR ix.indisexclusion)
"""
REFERENCES = """
    SELECT c.conname, a.attname
    FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
    WHERE t.relname = %s AND c.contype = 'f'
"""


def our_models():
    return [m for m in apps.get_models() if m.__module__.startswith("guitai.")]


def rows(sql, table):
    with connection.cursor() as cursor:
        cursor.execute(sql, [table])
        return cursor.fetchall()


def test_every_table_is_a_tenants_or_named_as_global():
    strangers = {m._meta.label for m in our_models() if not issubclass(m, TenantModel)}
    assert strangers - GLOBAL_TABLES == set()


@pytest.mark.django_db
def test_the_merchant_leads_every_key():
    tables = [m._meta.db_table for m in our_models() if issubclass(m, TenantModel)]
    assert len(tables) > 8
    wrong = []
    for table in tables:
        keys = rows(LEADING_COLUMNS, table)
        assert any(primary for _, primary, _ in keys), f"{table} has no primary key"
        wrong += [(table, name) for name, _, first in keys if first != "merchant_id"]
        wrong += [
            (table, name) for name, first in rows(REFERENCES, table) if first != "merchant_id"
        ]
    assert wrong == []


@pytest.mark.django_db
def test_references_have_their_constraint():
    missing = []
    for model in our_models():
        named = {name for name, _ in rows(REFERENCES, model._meta.db_table)}
        for field in model._meta.private_fields + model._meta.local_fields:
            if type(field).__name__ == "TenantForeignKey":
                wanted = f"{model._meta.db_table}_{field.name}_ref"
                missing += [] if wanted in named else [wanted]
    assert missing == []


def functions():
    for path in SOURCES:
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_are_short():
    lengths = list(functions())
    assert [(str(p), n, k) for p, n, k in lengths if k > 70] == []
    assert sorted(k for _, _, k in lengths)[len(lengths) // 2] <= 12


def test_files_are_short():
    long = [
        (str(p.relative_to(ROOT)), n)
        for p in [*SOURCES, *(ROOT / "src").rglob("*.mjs"), *(ROOT / "src").rglob("*.sql")]
        if (n := p.read_text(encoding="utf-8").count("\n")) > 600
    ]
    assert long == []


def test_every_package_can_be_read_without_the_shared_folder():
    """Nothing that ships may need ``../shared``; only tests may look there, and skip by name."""
    users = [
        str(p.relative_to(ROOT))
        for p in SOURCES
        if "tests" not in p.parts and "shared/" in p.read_text(encoding="utf-8")
    ]
    assert users == []
