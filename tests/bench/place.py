"""A database of a bench's own, so that no bench measures another one's rows."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg

EMPTY = "bench_empty"


@contextlib.contextmanager
def own_database(name: str) -> Iterator[None]:
    """A fresh, migrated database ``bench_<name>`` of the bench's server; dropped at the end.

    Django speaks to it inside the ``with`` and to its own one again after it.
    """
    from guitai.config import cli

    cli._django()
    made = f"bench_{name}"
    _template()
    _on_the_server(f"DROP DATABASE IF EXISTS {made} WITH (FORCE)")
    _on_the_server(f"CREATE DATABASE {made} TEMPLATE {EMPTY}")
    try:
        with _speaking_to(made):
            yield
    finally:
        _on_the_server(f"DROP DATABASE IF EXISTS {made} WITH (FORCE)")


def run_sql(statement: str, values: dict[str, Any] | None = None) -> int:
    """One statement outside of any transaction; returns how many rows it touched."""
    from django.db import connection

    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def swiftly(statements: list[tuple[str, dict[str, Any]]]) -> None:
    """Fills tables without checking keys, as restoring a backup does; then vacuums them."""
    run_sql("SET session_replication_role = replica")
    for statement, values in statements:
        run_sql(statement, values)
    run_sql("SET session_replication_role = DEFAULT")
    run_sql("VACUUM ANALYZE")


def _template() -> None:
    from guitai.config import cli

    with contextlib.suppress(psycopg.errors.DuplicateDatabase):
        _on_the_server(f"CREATE DATABASE {EMPTY}")
    with _speaking_to(EMPTY):
        cli._migrate()


@contextlib.contextmanager
def _speaking_to(name: str) -> Iterator[None]:
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _on_the_server(statement: str) -> None:
    """Creating and dropping databases runs in no transaction and in none of those databases."""
    from django.db import connection

    known = connection.settings_dict
    with psycopg.connect(
        host=known["HOST"],
        port=known["PORT"] or None,
        user=known["USER"],
        password=known["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as link:
        link.execute(statement)
