"""Who may knock at all, how often, and what is written down about it (agent-protocol.md §2)."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

SUSPICIOUS = frozenset(
    [
        "malformed",
        "unsupported_version",
        "unknown_type",
        "not_paired",
        "not_authenticated",
        "not_allowed",
        "page_only",
        "bad_token",
        "bad_code",
        "code_expired",
        "too_many_tries",
        "too_many_pairings",
        "bad_doc",
        "hash_mismatch",
        "expired",
        "conflict",
        "queue_full",
        "unknown_job",
        "rate_limited",
        "disk_full",
        "journal_locked",
        "journal_broken",
        "journal_unwritable",
    ]
)
"""Refusals worth a line; the others (no printer, a wrong state) are everyday life."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


def own_hosts(port: int) -> frozenset[str]:
    """The only Host values we answer to: DNS rebinding brings another name."""
    return frozenset(f"{name}:{port}" for name in LOOPBACK_NAMES)


def own_origins(port: int) -> frozenset[str]:
    return frozenset(f"http://{host}" for host in own_hosts(port))


class Bucket:
    """A token bucket: ``burst`` at once, then ``rate`` a second.

    ``refusals`` counts those of late, forgetting ``FORGIVEN`` a second: so it grows for a flood of
    any width, also where a token drops in between, and not for somebody a little too eager.
    """

    FORGIVEN = 10.0

    def __init__(
        self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._level, self._at = burst, clock()
        self.refusals = 0.0

    def take(self) -> bool:
        now = self._clock()
        passed, self._at = now - self._at, now
        self._level = min(self._burst, self._level + passed * self._rate)
        self.refusals = max(0.0, self.refusals - passed * self.FORGIVEN)
        if self._level < 1:
            self.refusals += 1
            return False
        self._level -= 1
        return True


@dataclass
class Tally:
    """How often one thing was refused to one source since the last line about it."""

    written_at: float
    unwritten: int = 0


class Refusals:
    """Writes refusals into the log without letting an attacker fill it.

    The first of a kind from a source is written at once, the following as a count, at most one
    line in ``pause`` seconds; very many sources become "many". What came over the wire is cut and
    quoted; tokens, codes and documents are never passed in. Safe from any thread.
    """

    def __init__(self, pause: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause, self._clock = pause, clock
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._lines = Bucket(100, 5, clock)
        self._lock = threading.Lock()

    def note(self, what: str, source: object) -> None:
        """``what`` is ours (a code), ``source`` theirs (an Origin, a Host)."""
        told = repr(str(source)[:100])
        with self._lock:
            if (what, told) not in self._tallies and not self._lines.take():
                told = "many"
            self._write((what, told))

    def settle(self, source: object) -> None:
        """The source has gone: write down what was only counted."""
        told = repr(str(source)[:100])
        with self._lock:
            for key in [key for key in self._tallies if key[1] == told]:
                tally = self._tallies.pop(key)
                if tally.unwritten:
                    log.warning("refused %s to %s %d times more", *key, tally.unwritten)

    def write_counts(self) -> None:
        """Write down what was counted and has had its pause; to be called now and then."""
        now = self._clock()
        with self._lock:
            for key, tally in self._tallies.items():
                if tally.unwritten and now - tally.written_at >= self._pause:
                    log.warning("refused %s to %s %d times more", *key, tally.unwritten)
                    tally.written_at, tally.unwritten = now, 0
            self._forget_old(now)

    def _write(self, key: tuple[str, str]) -> None:
        now = self._clock()
        tally = self._tallies.get(key)
        if tally is None:
            self._forget_old(now)
            self._tallies[key] = Tally(now)
            log.warning("refused %s to %s", *key)
        elif now - tally.written_at >= self._pause:
            log.warning("refused %s to %s %d times more", *key, tally.unwritten + 1)
            self._tallies[key] = Tally(now)
        else:
            tally.unwritten += 1

    def _forget_old(self, now: float) -> None:
        old = [key for key, tally in self._tallies.items() if now - tally.written_at > 60]
        for key in old:
            del self._tallies[key]
