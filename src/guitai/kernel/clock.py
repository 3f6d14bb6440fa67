"""The one clock. Business dates are those of Asia/Taipei, whatever the machine is set to.

Tests move it with ``moved``; a whole demo or crash test moves every process at once by writing a
number of seconds into the file that ``GUITAI_CLOCK_OFFSET_FILE`` names.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TAIPEI = ZoneInfo("Asia/Taipei")

_moved: ContextVar[datetime | None] = ContextVar("guitai_clock", default=None)


def _offset() -> timedelta:
    name = os.environ.get("GUITAI_CLOCK_OFFSET_FILE")
    if not name or not Path(name).exists():
        return timedelta()
    return timedelta(seconds=float(Path(name).read_text().strip() or 0))


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _moved.get() or datetime.now(UTC) + _offset()


def today() -> date:
    """Today's business date in Taipei."""
    return in_taipei(now()).date()


def in_taipei(moment: datetime) -> datetime:
    return moment.astimezone(TAIPEI)


@contextmanager
def moved(moment: datetime) -> Iterator[None]:
    """Holds the clock at ``moment`` (aware) inside the block; for tests."""
    if moment.tzinfo is None:
        raise ValueError("the clock takes aware moments only")
    token = _moved.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _moved.reset(token)
