"""The hot endpoint: one sale, one round trip to the database (DESIGN §3).

``sell`` needs no Django request, so that the WSGI lane (config/lane.py) and the ordinary view run
the same code.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse

from guitai.api import auth, shapes, wire
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError
from guitai.orders import services as orders
from guitai.orders.errors import ClockWrong
from guitai.orders.rules import check_clock
from guitai.tenancy.errors import NotBound
from guitai.tenancy.rules import split_token

_decoder = msgspec.json.Decoder(shapes.SaleIn)


def sell(
    token: str, session_id: UUID | None, body: bytes, device_clock: datetime | None = None
) -> str:
    """One sale; the answer as JSON text. Raises what ``orders.services.complete_sale`` raises.

    Raises ``ORD-CLOCK`` where the device's date is not ours; a sale that is already here is
    answered again even then, because nothing is issued any more.

    The body's hash is that of its meaning, not of its spelling: the same sale with other blanks or
    another order of fields is the same sale.
    """
    parts = split_token(token)
    if parts is None:
        raise NotBound
    given = wire.decoded(body, _decoder)
    body_hash = hashlib.sha256(msgspec.json.encode(given)).digest()
    who, now = orders.Credentials(parts[0], parts[1], session_id), clock.now()
    try:
        check_clock(device_clock, now)
    except ClockWrong:
        answer = orders.replayed(who, given.id, body_hash)
        if answer is None:
            raise
        return answer
    return orders.complete_sale(who, given.sale(), body_hash, now)


def answered(token: str, environ: Mapping[str, Any], body: bytes) -> tuple[int, bytes]:
    """``(HTTP status, JSON)``: 201 with the sale, or the refusal.

    ``environ`` is the WSGI environment: who stands there, and what the device's clock says.
    """
    try:
        session_id, device_clock = auth.session_id_of(environ), auth.clock_of(environ)
        return 201, sell(token, session_id, body, device_clock).encode()
    except Exception as error:  # noqa: BLE001 - translated: a code and a sentence, always
        refusal = wire.translated(error)
        return refusal.status, wire.encoded(refusal.as_dict())


def view(request: HttpRequest) -> HttpResponse:
    try:
        token, body = auth.token_of(request.META), wire.body_of(request, wire.SALE_LIMIT)
    except GuitaiError as error:
        return wire.refused(error)
    status, said = answered(token, request.META, body)
    return wire.answer(said, status)
