"""Who asks: the device by cookie or bearer token, the clerk by the session's header."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, parse_cookie

from guitai.api.errors import BadClock, MissingClock, MissingMark
from guitai.kernel.errors import NotAllowed
from guitai.kernel.moments import moment_of
from guitai.orders.services import Clerk
from guitai.tenancy import queries
from guitai.tenancy.errors import NotBound, SessionClosed
from guitai.tenancy.models import Binding, Register, TillSession

COOKIE = "guitai_till"
MARK = "HTTP_X_GUITAI_TILL"
SESSION = "HTTP_X_GUITAI_SESSION"
CLOCK = "HTTP_X_GUITAI_CLOCK"
COOKIE_LIFE = 400 * 24 * 3600
SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Device:
    """A bound device and the register it holds."""

    merchant_id: UUID
    binding: Binding

    @property
    def register(self) -> Register:
        found: Register = self.binding.register
        return found


def token_of(environ: Mapping[str, Any]) -> str:
    """The device's token of a WSGI environment (Django's ``request.META`` is one).

    By cookie an unsafe request needs the page's own header (CSRF). A bearer token is never sent by
    a browser on its own, so it needs none. Raises ``BIND-NONE`` and ``API-MARK``.
    """
    bearer = _bearer_of(environ)
    if bearer is not None:
        return bearer
    token = parse_cookie(environ.get("HTTP_COOKIE", "")).get(COOKIE, "")
    if not token:
        raise NotBound
    if environ.get("REQUEST_METHOD") not in SAFE and environ.get(MARK) != "1":
        raise MissingMark
    return token


def _bearer_of(environ: Mapping[str, Any]) -> str | None:
    """The bearer token, empty or not; ``None`` for who does not come by one."""
    said = str(environ.get("HTTP_AUTHORIZATION", ""))
    return said[7:].strip() if said.startswith("Bearer ") else None


def session_id_of(environ: Mapping[str, Any]) -> UUID | None:
    """The id in the session's header; ``None`` where it is missing or no UUID."""
    try:
        return UUID(environ.get(SESSION, ""))
    except ValueError:
        return None


def clock_of(environ: Mapping[str, Any]) -> datetime | None:
    """The device's own clock as its page told it.

    An RFC 3339 moment with its offset, for example ``2026-11-21T12:00:00+08:00``. Raises
    ``API-CLOCK`` for everything else, ``API-CLOCK-MISSING`` where a page (it comes by cookie) does
    not tell: its clock stands beside the invoice (B.6.4). ``None`` for a device by bearer token
    without the header, whose paper and screen know no time but ours.
    """
    told = environ.get(CLOCK)
    if told is None:
        if _bearer_of(environ) is None:
            raise MissingClock
        return None
    moment = moment_of(told)
    if moment is None:
        raise BadClock(value=str(told)[:40])
    return moment


def device_of(request: HttpRequest) -> Device:
    """The bound device. Raises ``BIND-NONE``, ``TEN-MERCHANT-SUSPENDED``, ``API-MARK``."""
    return Device(*queries.authenticate_device(token_of(request.META)))


def clerk_of(request: HttpRequest, device: Device, needs: tuple[str, ...]) -> Clerk:
    """The signed-in person with these rights, inside the tenant's scope.

    Raises ``TILL-SESSION`` and ``GT-NOT-ALLOWED``.
    """
    session_id = session_id_of(request.META)
    if session_id is None:
        raise SessionClosed
    session: TillSession = queries.require_session(device.register.id, session_id)
    for permission in needs:
        if permission not in session.permissions:
            raise NotAllowed(permission=permission)
    return Clerk(device.register, session)


def give_cookie(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_LIFE,
        httponly=True,
        samesite="Strict",
        secure=settings.GUITAI_HTTPS,
        path="/",
    )
