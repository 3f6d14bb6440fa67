"""Who may knock at all: Host, Origin, rate (agent-protocol.md §2)."""

import time
from collections.abc import Callable

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def own_hosts(port: int) -> frozenset[str]:
    """The only Host values we answer to: DNS rebinding brings another name."""
    return frozenset(f"{name}:{port}" for name in LOOPBACK_NAMES)


def own_origins(port: int) -> frozenset[str]:
    return frozenset(f"http://{host}" for host in own_hosts(port))


class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second."""

    def __init__(
        self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._level, self._at = burst, clock()
        self.refused_in_a_row = 0

    def take(self) -> bool:
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1:
            self.refused_in_a_row += 1
            return False
        self._level -= 1
        self.refused_in_a_row = 0
        return True
