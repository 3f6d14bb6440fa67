"""The sandbox's idea of now: Taipei wall time that tests can move, hold and give back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")  # no daylight saving since 1979


class Clock:
    """Naive Taipei wall time = the machine's time + an offset, or one held moment."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.held: datetime | None = None

    def now(self) -> datetime:
        """Return the moment as naive Taipei wall time with microseconds."""
        return self.held or _real() + self.offset

    def today(self) -> date:
        """Return the Taipei date."""
        return self.now().date()

    def move(self, order: dict[str, object]) -> None:
        """Obey one order: ``reset``, ``now`` (ISO moment), ``today`` (ISO date), ``add_seconds``.

        With ``hold`` true the clock stands still there. Raises ``ValueError`` on anything else.
        """
        unknown = set(order) - {"reset", "now", "today", "add_seconds", "hold"}
        if unknown or not order:
            raise ValueError(f"clock order not understood: {sorted(unknown)}")
        target = self._target(order)
        self.offset = target - _real() if not order.get("reset") else timedelta()
        self.held = target if order.get("hold") else None

    def _target(self, order: dict[str, object]) -> datetime:
        if order.get("reset"):
            return _real()
        target = self.now()
        if "now" in order:
            target = datetime.fromisoformat(str(order["now"]))
            if target.tzinfo:
                target = target.astimezone(TAIPEI).replace(tzinfo=None)
        if "today" in order:
            target = datetime.combine(date.fromisoformat(str(order["today"])), target.time())
        return target + timedelta(seconds=float(str(order.get("add_seconds", 0))))

    def dump(self) -> dict[str, object]:
        """Return the state to keep in the database."""
        held = self.held.isoformat() if self.held else None
        return {"offset": self.offset.total_seconds(), "held": held}

    def load(self, state: dict[str, object]) -> None:
        """Take over a state made by :meth:`dump`."""
        self.offset = timedelta(seconds=float(str(state["offset"])))
        self.held = datetime.fromisoformat(str(state["held"])) if state["held"] else None


def _real() -> datetime:
    return datetime.now(UTC).astimezone(TAIPEI).replace(tzinfo=None)
