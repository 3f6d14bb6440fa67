"""The whole database as it stands, small enough to take before and after every request."""

from typing import Any

from django.db import connection

LEFT_OUT = frozenset({"django_session", "django_migrations"})
"""A session says who looks, not what the shop holds; migrations belong to the tests' set-up."""
GUARDS = frozenset({"axes_accessattempt", "axes_accesslog", "axes_accessfailurelog"})
"""What counts failed sign-ins: a refusal may, and must, leave its mark there."""

_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname
"""
Photograph = dict[str, tuple[int, str]]


def photograph(*, guards: bool = False) -> Photograph:
    """``{table: (rows, checksum over every column of every row)}`` of all merchants at once."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(tuple(_tables(cursor, guards))))
        return {name: (count, digest) for name, count, digest in cursor.fetchall()}


def _tables(cursor: Any, guards: bool) -> list[str]:
    cursor.execute(_TABLES)
    skipped = LEFT_OUT if guards else LEFT_OUT | GUARDS
    return [name for (name,) in cursor.fetchall() if name not in skipped]


def _statement(tables: tuple[str, ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*)::int, "
        f"coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM \"{name}\" t"
        for name in tables
    )


def difference(before: Photograph, after: Photograph) -> dict[str, str]:
    """The tables that are not the same any more, with their counts, for the message of a test."""
    return {
        name: f"{before[name][0]} → {after[name][0]} rows"
        for name in before
        if before[name] != after[name]
    }
