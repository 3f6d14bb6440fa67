"""Calling the functions that live in ``sql/``: prepared, one round trip, refusals as errors.

Django's own cursor never prepares and asks the connection for its health first (stack.md §8.1), so
hot statements go through here.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, LiteralString

import psycopg
from django.db import connection, transaction

from guitai.kernel import sqlerrors

Params = Sequence[Any] | Mapping[str, Any]


def one(statement: LiteralString, params: Params, *, retry: bool = False) -> tuple[Any, ...] | None:
    """The first row of ``statement``. A refusal of the function is raised as its room's error.

    Outside a transaction the statement commits by itself. ``retry`` says that doing it twice is
    harmless (idempotent by key): then a connection that died while idle is replaced once.
    """
    try:
        return _run(statement, params)
    except psycopg.OperationalError:
        if not retry or connection.in_atomic_block or not _is_broken():
            raise
        connection.close()
        return _run(statement, params)


def _run(statement: LiteralString, params: Params) -> tuple[Any, ...] | None:
    connection.ensure_connection()
    with sqlerrors.refusals(), _savepoint():
        cursor = psycopg.Cursor(connection.connection)
        return cursor.execute(statement, params, prepare=True).fetchone()


def _savepoint() -> AbstractContextManager[None]:
    """Inside somebody's transaction a refusal must not spoil what was done before."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _is_broken() -> bool:
    return connection.connection is not None and connection.connection.closed
