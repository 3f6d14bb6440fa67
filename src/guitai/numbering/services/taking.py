"""Taking the next number: thin callers of ``sql/take_number.sql``."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from guitai.kernel import scope, sqlcall


@dataclass(frozen=True, slots=True)
class Taken:
    """A number that now belongs to the open transaction; lost again if that rolls back.

    ``issued_at`` is the moment to write on the invoice: at or after every earlier number's.
    ``remaining`` counts what the owner has left in this period.
    """

    number: str
    range_id: UUID
    period: str
    remaining: int
    centre: str
    issued_at: datetime
    invoice_type: str


def take_number(register_id: UUID, now: datetime, day: date | None = None) -> Taken:
    """The register's next number of today's period (Taipei), under the row lock of its range.

    ``day`` is the date wanted for the invoice; anything but today is refused. Raises the
    ``NUM-…`` errors, all with their own code (``errors.py``).
    """
    row = sqlcall.one(
        "SELECT * FROM public.numbering_take_number(%s::uuid, %s::uuid, %s::timestamptz, %s::date)",
        (scope.current(), register_id, now, day),
    )
    assert row is not None  # the function returns a row or refuses
    return Taken(*row)


def take_web_number(entity_id: UUID, centre: str, now: datetime) -> Taken:
    """The next number of a seller's web channel."""
    row = sqlcall.one(
        "SELECT * FROM public.numbering_take_web_number(%s::uuid, %s::uuid, %s, %s::timestamptz)",
        (scope.current(), entity_id, centre, now),
    )
    assert row is not None  # the function returns a row or refuses
    return Taken(*row)
