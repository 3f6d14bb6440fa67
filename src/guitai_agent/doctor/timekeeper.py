"""The agent's clock against the server's, as a page or the relay tells it (the clock guard)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from .facts import Clock

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")
KEPT_SECONDS = 1800.0


def uptime() -> float:
    """Seconds that pass also while the machine sleeps, whatever is done to its clock."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; on Windows monotonic counts sleep
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


@dataclass(frozen=True, slots=True)
class Told:
    """The server's time (epoch seconds) at our ``uptime``."""

    server: float
    at: float
    source: str


class Timekeeper:
    """Keeps what was told last. Setting the clock right shows at once: no new telling needed."""

    def __init__(
        self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = uptime
    ) -> None:
        self._clock, self._steady = clock, steady
        self._told: Told | None = None

    def tell(self, server: float, source: str) -> None:
        self._told = Told(server, self._steady(), source)

    def reading(self) -> Clock:
        """The drift now; nothing when the last word is half an hour old."""
        told = self._told
        if told is None or self._steady() - told.at > KEPT_SECONDS:
            return Clock()
        ours, theirs = self._clock(), told.server + self._steady() - told.at
        return Clock(
            drift_ms=round((ours - theirs) * 1000),
            same_date=taipei_date(ours) == taipei_date(theirs),
            source=told.source,
        )


def taipei_date(seconds: float) -> str:
    """The business date of a moment."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(TAIPEI).date().isoformat()
