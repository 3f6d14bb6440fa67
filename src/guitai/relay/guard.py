"""Who may knock, and how often: origins, rates, tickets that were used."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from guitai.devices.rules import BadTicket, Ticket, open_ticket
from guitai.relay.books import DRAWER_WITHIN

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


class Once:
    """What works once, and not at all where it is older than this process.

    What was used is remembered in memory only: what was made before we began may have been used at
    our predecessor. All moments are epoch seconds.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._used: dict[str, float] = {}

    def take(self, name: str, made: float, expires: float, now: float) -> str:
        """Uses it; why it is worth nothing, or empty."""
        if expires <= now:  # and may be forgotten already
            return "time"
        # By our age, not by a moment kept: the clock may be set meanwhile.
        if made < now - (time.monotonic() - self._began):
            return "before us"
        self._forget(now)
        if name in self._used:
            return "used"
        self._used[name] = expires
        return ""

    def _forget(self, now: float) -> None:
        """They come in time order, more or less: the oldest are in front."""
        for name, expires in list(self._used.items()):
            if expires > now:
                return
            del self._used[name]


class Gate:
    """Opens tickets, each once; a page whose ticket is refused fetches another."""

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        self._key, self._clock = key, clock
        self._once = Once()

    def admit(self, text: str, origin: str) -> Ticket:
        """The ticket of a page of that origin; raises ``BadTicket``."""
        now = self._clock()
        ticket = open_ticket(self._key, text, now)
        if ticket.origin != origin:
            raise BadTicket("origin")
        if fault := self._once.take(ticket.nonce, ticket.issued, ticket.expires, now):
            raise BadTicket(fault)
        return ticket


class Drawers:
    """Lets a drawer open once for each reason that the server wrote down."""

    def __init__(self) -> None:
        self._once = Once()

    def may_open(self, reasons: Mapping[UUID, datetime], now: float) -> bool:
        """Uses the oldest reason that nobody used."""
        for reason, at in sorted(reasons.items(), key=lambda each: each[1]):
            expires = at.timestamp() + DRAWER_WITHIN.total_seconds()
            if not self._once.take(str(reason), at.timestamp(), expires, now):
                return True
        return False
