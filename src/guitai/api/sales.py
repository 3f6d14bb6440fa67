"""The hot endpoint: one sale, one round trip to the database (DESIGN §3).

``sell`` needs no Django request, so that the WSGI lane (config/lane.py) and the ordinary view run
the same code.
"""

import hashlib
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse

from guitai.api import auth, shapes, wire
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError
from guitai.orders import services as orders
from guitai.tenancy.errors import NotBound
from guitai.tenancy.rules import split_token

_decoder = msgspec.json.Decoder(shapes.SaleIn)


def sell(token: str, session_id: UUID | None, body: bytes) -> str:
    """One sale; the answer as JSON text. Raises what ``orders.services.complete_sale`` raises.

    The body's hash is that of its meaning, not of its spelling: the same sale with other blanks or
    another order of fields is the same sale.
    """
    parts = split_token(token)
    if parts is None:
        raise NotBound
    given = wire.decoded(body, _decoder)
    body_hash = hashlib.sha256(msgspec.json.encode(given)).digest()
    who = orders.Credentials(parts[0], parts[1], session_id)
    return orders.complete_sale(who, given.sale(), body_hash, clock.now())


def answered(token: str, session_id: UUID | None, body: bytes) -> tuple[int, bytes]:
    """``(HTTP status, JSON)``: 201 with the sale, or the refusal."""
    try:
        return 201, sell(token, session_id, body).encode()
    except Exception as error:  # noqa: BLE001 - translated: a code and a sentence, always
        refusal = wire.translated(error)
        return refusal.status, wire.encoded(refusal.as_dict())


def view(request: HttpRequest) -> HttpResponse:
    try:
        token, body = auth.token_of(request.META), wire.body_of(request, wire.SALE_LIMIT)
    except GuitaiError as error:
        return wire.refused(error)
    status, said = answered(token, auth.session_id_of(request.META), body)
    return wire.answer(said, status)
