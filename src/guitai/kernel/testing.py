"""Small helpers that tests of every room share."""

from datetime import datetime

from guitai.kernel.clock import TAIPEI


def taipei(
    year: int, month: int, day: int, hour: int = 12, minute: int = 0, second: int = 0
) -> datetime:
    """That wall-clock moment in Taipei, aware."""
    return datetime(year, month, day, hour, minute, second, tzinfo=TAIPEI)
