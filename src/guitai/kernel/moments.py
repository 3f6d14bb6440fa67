"""Moments as other machines write them. Pure: no clock is read here."""

import re
from datetime import date, datetime

from guitai.kernel.clock import TAIPEI

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def moment_of(value: object) -> datetime | None:
    """An RFC 3339 moment with its offset, aware; ``None`` for everything else."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value.upper())
        day_of(moment)
    except (ValueError, OverflowError):
        return None
    return moment


def day_of(moment: datetime) -> date:
    """The business date of a moment: Taipei's."""
    return moment.astimezone(TAIPEI).date()
