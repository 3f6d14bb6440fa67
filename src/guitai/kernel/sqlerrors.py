"""Refusals raised inside the database, as the errors of the room they belong to.

A function refuses with ``RAISE EXCEPTION USING ERRCODE = 'GT000', MESSAGE = '<code>', DETAIL =
'<json params>'``; ``refusals(...)`` around the call turns that into the error class of that code.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as pg

from guitai.kernel.errors import GuitaiError

SQLSTATE = "GT000"


def _known() -> dict[str, type[GuitaiError]]:
    found: dict[str, type[GuitaiError]] = {}
    waiting = [GuitaiError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found


def translated(error: BaseException) -> GuitaiError | None:
    """The refusal behind a database error, or ``None`` where it is something else."""
    cause = error if isinstance(error, pg.Error) else error.__cause__
    if not isinstance(cause, pg.Error) or cause.sqlstate != SQLSTATE:
        return None
    kind = _known()[cause.diag.message_primary or ""]
    params = json.loads(cause.diag.message_detail or "{}")
    return kind(field=params.pop("field", ""), **params)


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        refusal = translated(error)
        if refusal is None:
            raise
        raise refusal from error
