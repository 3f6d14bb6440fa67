"""The one door out: the only place that opens a connection to somebody else.

It refuses plain HTTP unless the account says otherwise, checks certificates, follows no redirect,
bounds size and time, writes every exchange to the journal with the secrets masked, and tells apart
what matters to a document: *the request never left* from *nobody knows whether it arrived*.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

import httpx
import stamina

from guitai.invoicing.ports import Account, Exchange, Journal
from guitai.kernel import clock

CONNECT_SECONDS = 5.0
TOTAL = timedelta(seconds=30)
"""No exchange takes longer, whatever the other side does."""
ANSWER_LIMIT = 1024 * 1024
MASK = b"********"
SAFE_ATTEMPTS = 3


class Unreachable(Exception):
    """The request certainly never left: no connection, or we refused to send it."""


class NoAnswer(Exception):
    """The request may have arrived, but no whole answer came back."""


class PlainHttpRefused(Unreachable):
    """The address is ``http://`` and the account does not allow that."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``secrets`` are masked in the journal. ``safe``: may be sent again freely."""

    operation: str
    url: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    transmission_id: Any = None
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> timedelta | None:
        """``Retry-After`` in seconds; the date form is not used by any centre we know."""
        text = self.headers.get("retry-after", "")
        return timedelta(seconds=min(int(text), 86_400)) if text.isdigit() else None


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    """One pool for the process. The environment's proxy settings apply; redirects never do."""
    return httpx.Client(
        timeout=httpx.Timeout(20.0, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=4),
        follow_redirects=False,
        headers={"User-Agent": "Guitai"},
    )


@dataclass(slots=True)
class Door:
    """What a provider sends through. ``client`` and ``pause`` are replaced by tests only."""

    journal: Journal
    client: Callable[[], httpx.Client] = _client

    def exchange(self, account: Account, call: Call) -> Reply:
        """Sends ``call`` and returns the whole answer, whatever its status.

        Raises ``Unreachable`` and ``NoAnswer``. A ``safe`` call is tried three times.
        """
        if not call.safe:
            return self._once(account, call)
        retrying = stamina.retry_context(
            on=(Unreachable, NoAnswer), attempts=SAFE_ATTEMPTS, wait_initial=0.2, wait_max=2.0
        )
        for attempt in retrying:
            with attempt:
                return self._once(account, call)
        raise AssertionError("stamina either returns or raises")

    def _once(self, account: Account, call: Call) -> Reply:
        check_address(account, call.url)
        at, started = clock.now(), time.monotonic()
        reply: Reply | None = None
        problem = ""
        try:
            reply = self._talk(call, started)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            problem = _named(error)
            raise Unreachable(problem) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, NoAnswer) as error:
            problem = _named(error)
            raise NoAnswer(problem) from error
        finally:
            self._write(account, call, at, started, reply, problem)
        return reply

    def _talk(self, call: Call, started: float) -> Reply:
        deadline = started + TOTAL.total_seconds()
        with self.client().stream(
            call.method, call.url, content=call.body, headers=dict(call.headers)
        ) as answer:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > ANSWER_LIMIT:
                    raise NoAnswer("answer too large")
                if time.monotonic() > deadline:
                    raise NoAnswer("answer too slow")
            return Reply(answer.status_code, dict(answer.headers), bytes(body))

    def _write(
        self,
        account: Account,
        call: Call,
        at: datetime,
        started: float,
        reply: Reply | None,
        problem: str,
    ) -> None:
        hide = masker(call.secrets)
        self.journal.record(
            Exchange(
                centre=account.centre,
                operation=call.operation,
                at=at,
                milliseconds=int((time.monotonic() - started) * 1000),
                method=call.method,
                url=hide(call.url.encode()).decode("utf-8", "replace"),
                status=reply.status if reply else None,
                problem=hide(problem.encode()).decode("utf-8", "replace"),
                request=hide(call.body),
                response=hide(reply.body) if reply else b"",
                merchant_id=account.merchant_id,
                register_id=account.register_id,
                transmission_id=call.transmission_id,
            )
        )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def check_address(account: Account, url: str) -> None:
    """Refuses an address without a host, of another scheme, or of plain HTTP not allowed."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unreachable(f"not an http address: {url[:80]}")
    if parts.scheme == "http" and not account.allow_plain_http:
        raise PlainHttpRefused("加值中心網址沒有加密（http），須由管理者勾選允許後才會傳送")


def masker(secrets: Sequence[str]) -> Callable[[bytes], bytes]:
    """Replaces every secret, also in its XML and percent-encoded spelling."""
    spellings = {
        form.encode()
        for secret in secrets
        if secret
        for form in (secret, escape(secret), quote(secret, safe=""))
    }
    ordered = sorted(spellings, key=len, reverse=True)

    def hide(text: bytes) -> bytes:
        for spelling in ordered:
            text = text.replace(spelling, MASK)
        return text

    return hide
