"""The thin lane in front of Django for the hot path (DESIGN §5, docs/decisions/0008).

Only ``POST /api/till/sales`` goes through it; the code behind is the view's own
(``guitai.api.sales``), so there is one meaning and two doors. Everything else is Django's.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from guitai.api import auth, sales, wire
from guitai.kernel.errors import GuitaiError

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PATH = "/api/till/sales"


def in_front_of(django: Application) -> Application:
    """``django`` with the lane before it."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return django(environ, start)
        status, body = _sale(environ)
        headers = [
            ("Content-Type", wire.JSON),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    return application


def _sale(environ: dict[str, Any]) -> tuple[int, bytes]:
    try:
        token = auth.token_of(environ)
        body = _body(environ)
    except GuitaiError as error:
        return error.status, wire.encoded(error.as_dict())
    return sales.answered(token, environ, body)


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(wire.announced(environ, wire.SALE_LIMIT))
    return body
