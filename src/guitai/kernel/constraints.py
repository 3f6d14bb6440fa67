"""A constraint of the database that refuses, as the sentence of the room it belongs to."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction
from django.db.utils import IntegrityError
from psycopg import errors as pg

from guitai.kernel.errors import GuitaiError


def name_of(error: IntegrityError) -> str:
    """The constraint behind ``error``; empty where the database named none."""
    cause = error.__cause__
    return (cause.diag.constraint_name or "") if isinstance(cause, pg.Error) else ""


@contextmanager
def refused_as(by_constraint: Mapping[str, GuitaiError]) -> Iterator[None]:
    """Runs the block in a savepoint; a named constraint raises its error, others go on."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = by_constraint.get(name_of(error))
        if refusal is None:
            raise
        raise refusal from error
