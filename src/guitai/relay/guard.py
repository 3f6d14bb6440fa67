"""Who may knock, and how often: origins, rates, tickets that were used."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from guitai.devices.rules import BadTicket, Ticket, open_ticket

BURST, RATE = 100.0, 30.0
"""A page's messages: so many at once, then so many a second (agent-protocol.md §2)."""
MOST_REFUSALS = 300
SETTINGS = ("device.select", "scanner.select")


class Bucket:
    """A token bucket that remembers how often in a row it was empty."""

    def __init__(
        self,
        burst: float = BURST,
        rate: float = RATE,
        clock: Callable[[], float] = time.monotonic,
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

    @property
    def flooded(self) -> bool:
        return self.refused_in_a_row > MOST_REFUSALS


def is_ours(origin: str) -> bool:
    """Whether a page of that origin can be the server's own at all."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or parts.path or "@" in parts.netloc:
        return False
    host, _ = split_domain_port(parts.netloc)
    return bool(host) and validate_host(host, settings.ALLOWED_HOSTS)


def sets_up(message: Mapping[str, Any]) -> bool:
    """Whether it chooses what is plugged in at a register, and does not only use it.

    The doctor's ``use`` takes another printer in place of the chosen one.
    """
    kind = message.get("type")
    return kind in SETTINGS or (kind == "diag.fix" and message.get("name") == "use")


class Gate:
    """Opens tickets: each once, and none that is older than this process.

    What was used is remembered in memory only. A ticket made before we began may have been used at
    our predecessor, so it is refused; the page fetches another.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key, self._clock = key, clock
        self._began = time.monotonic()
        self._used: dict[str, float] = {}

    def admit(self, text: str, origin: str) -> Ticket:
        """The ticket of a page of that origin; raises ``BadTicket``."""
        now = self._clock()
        ticket = open_ticket(self._key, text, now)
        if ticket.origin != origin:
            raise BadTicket("origin")
        # By our age, not by a moment kept: the clock may be set meanwhile.
        if ticket.issued < now - (time.monotonic() - self._began):
            raise BadTicket("before us")
        self._forget(now)
        if ticket.nonce in self._used:
            raise BadTicket("used")
        self._used[ticket.nonce] = ticket.expires
        return ticket

    def _forget(self, now: float) -> None:
        """They come in time order, more or less: the oldest are in front."""
        for nonce, expires in list(self._used.items()):
            if expires > now:
                return
            del self._used[nonce]
