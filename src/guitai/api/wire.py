"""Bytes in, bytes out: JSON bodies, answers and errors of the till's REST."""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from psycopg import InterfaceError as RawInterfaceError
from psycopg import OperationalError as RawOperationalError

from guitai.api.errors import Busy, Internal, NotJson, TooLarge, WrongShape
from guitai.kernel.errors import GuitaiError

log = logging.getLogger(__name__)

LIMIT = 1_048_576
"""Bytes of a body."""
SALE_LIMIT = 4 * LIMIT
"""Bytes of a sale: 9,999 lines of 400 bytes each, what a line with an id and a long name takes."""

JSON = "application/json"
DATABASE_GONE = (OperationalError, InterfaceError, RawOperationalError, RawInterfaceError)
_AT = re.compile(r"^(?P<what>.*) - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_NUL = b"\\u0000"
_encoder = msgspec.json.Encoder()
_Body = TypeVar("_Body")


def body_of(request: HttpRequest, limit: int = LIMIT) -> bytes:
    """The raw body; refuses what is too large before reading it.

    Raises ``API-TOO-LARGE`` and, where the length is no number, ``API-JSON``.
    """
    announced(request.META, limit)
    body = request.body
    if len(body) > limit:
        raise TooLarge(limit=limit)
    return body


def announced(environ: Mapping[str, Any], limit: int = LIMIT) -> int:
    """Bytes of the body as the request's head says; 0 where it says nothing."""
    length = environ.get("CONTENT_LENGTH") or "0"
    # isdigit alone takes ² and other scripts' digits.
    if not (length.isascii() and length.isdigit()):
        raise NotJson(detail="Content-Length")
    if len(length) > 15 or int(length) > limit:
        raise TooLarge(limit=limit)
    return int(length)


def decoded(body: bytes, decoder: "msgspec.json.Decoder[_Body]") -> _Body:
    """The body as its struct. Raises ``API-JSON`` and, naming the field, ``API-BODY``."""
    if _NUL in body:
        # PostgreSQL holds it neither in text nor in jsonb, and no screen can show it.
        raise WrongShape(detail="不能含有 NUL 字元")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        what, field = _split(str(error))
        raise WrongShape(field=field, detail=_in_words(what)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(detail=str(error)[:120]) from error


def _split(message: str) -> tuple[str, str]:
    match = _AT.match(message)
    return (match["what"], match["path"]) if match else (message, "")


_WORDS = (
    (re.compile(r"Object missing required field `(.+)`"), r"缺少欄位「\1」"),
    (re.compile(r"Object contains unknown field `(.+)`"), r"有不認得的欄位「\1」"),
    (re.compile(r"Expected `(.+?)`, got `(.+?)`"), r"型別應為 \1，送來的是 \2"),
    (re.compile(r"Expected `str` of length <= (\d+)"), r"最多 \1 個字"),
    (re.compile(r"Expected `int` >= (-?\d+)"), r"不能小於 \1"),
    (re.compile(r"Expected `int` <= (-?\d+)"), r"不能大於 \1"),
    (re.compile(r"Expected `str` matching regex.*"), "格式不正確"),
    (re.compile(r"Expected `datetime` with a timezone component"), "時間必須帶時區"),
    (re.compile(r"Invalid UUID"), "不是正確的 UUID"),
    (re.compile(r"Invalid enum value '?(.*?)'?$"), r"沒有「\1」這個選項"),
    (re.compile(r"Invalid RFC3339 encoded (datetime|date)"), "日期時間格式不正確"),
)


def _in_words(what: str) -> str:
    for pattern, words in _WORDS:
        found, count = pattern.subn(words, what, count=1)
        if count:
            return found[:200]
    return what[:200]


def encoded(value: Any) -> bytes:
    return _encoder.encode(value)


def answer(body: bytes, status: int = 200) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type=JSON)
    response["Cache-Control"] = "no-store"
    return response


def refused(error: GuitaiError) -> HttpResponse:
    """The one shape of every refusal (``kernel.errors``)."""
    return answer(encoded(error.as_dict()), error.status)


def translated(error: Exception) -> GuitaiError:
    """What the caller is told of anything that went wrong; the unexpected is logged under a ref."""
    if isinstance(error, GuitaiError):
        return error
    if isinstance(error, DATABASE_GONE):
        log.warning("the database did not answer", exc_info=error)
        return Busy()
    ref = secrets.token_hex(4)
    log.error("unexpected failure %s", ref, exc_info=error)
    return Internal(ref=ref)
