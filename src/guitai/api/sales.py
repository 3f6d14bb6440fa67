"""The hot endpoint: one sale, one round trip to the database (DESIGN §3).

``sell`` knows nothing of Django, so that the WSGI lane (config/lane.py) and the ordinary view run
the same code.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse

from guitai.api import edge
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError
from guitai.orders import services as orders
from guitai.orders.errors import BadQuantity
from guitai.orders.rules import Choice, InvoiceChoiceKind, Sale, SaleLine
from guitai.payments.rules import Method, Tender
from guitai.tenancy.errors import NotBound
from guitai.tenancy.rules import split_token

Twd = Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999)]
Text = Annotated[str, msgspec.Meta(max_length=500)]


class LineIn(msgspec.Struct, forbid_unknown_fields=True):
    """One line. ``id`` is the page's own name for it; quantities are decimal text."""

    name: Text
    quantity: Annotated[str, msgspec.Meta(max_length=20)]
    unit_price: Twd
    id: str = ""
    product_id: UUID | None = None
    discount: Twd = 0
    tax_type: Annotated[str, msgspec.Meta(max_length=1)] = "1"
    price_override: bool = False


class TenderIn(msgspec.Struct, forbid_unknown_fields=True):
    method: Method
    amount: Twd
    received: Twd | None = None
    reference: Text = ""


class InvoiceIn(msgspec.Struct, forbid_unknown_fields=True):
    kind: InvoiceChoiceKind
    ban: Text = ""
    buyer_name: Text = ""
    carrier: Text = ""
    carrier_type: Text = ""
    npoban: Text = ""
    print: bool | None = None
    number: Text = ""
    zero_tax_reason: Text = ""
    customs_mark: Text = ""


class SaleIn(msgspec.Struct, forbid_unknown_fields=True):
    """A sale as the till sends it; ``id`` is the UUIDv7 that the till made."""

    id: UUID
    started_at: datetime
    lines: list[LineIn]
    tenders: list[TenderIn]
    invoice: InvoiceIn
    total: Twd
    order_discount: Twd = 0
    note: Text = ""
    recognised_on: date | None = None


_sales = msgspec.json.Decoder(SaleIn)
_FIELDS = tuple(InvoiceIn.__struct_fields__)


def choice_of(given: InvoiceIn) -> Choice:
    return Choice(**{name: getattr(given, name) for name in _FIELDS})


def sell(token: str, session: str, body: bytes) -> tuple[int, bytes]:
    """``(HTTP status, JSON)`` of one sale; errors are answers too."""
    try:
        return 201, _sold(token, session, body).encode()
    except GuitaiError as error:
        return error.status, msgspec.json.encode(error.as_dict())


def _sold(token: str, session: str, body: bytes) -> str:
    parts = split_token(token)
    if parts is None:
        raise NotBound
    if len(body) > edge.MAX_BODY:
        raise edge.TooLarge(limit=f"{edge.MAX_BODY:,}")
    try:
        given = _sales.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise edge.Malformed(detail=str(error)[:200]) from error
    who = orders.Credentials(parts[0], parts[1], _uuid(session))
    return orders.complete_sale(who, _sale(given), hashlib.sha256(body).digest(), clock.now())


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _sale(given: SaleIn) -> Sale:
    if given.started_at.tzinfo is None:
        raise edge.Malformed(detail="started_at 需要時區")
    return Sale(
        id=given.id,
        started_at=given.started_at,
        lines=tuple(_line(line, place) for place, line in enumerate(given.lines, start=1)),
        tenders=tuple(
            Tender(t.method, t.amount, received=t.received, reference=t.reference)
            for t in given.tenders
        ),
        invoice=choice_of(given.invoice),
        total=given.total,
        order_discount=given.order_discount,
        note=given.note,
        recognised_on=given.recognised_on,
    )


def _line(given: LineIn, place: int) -> SaleLine:
    try:
        quantity = Decimal(given.quantity)
    except InvalidOperation:
        raise BadQuantity(line=place, value=given.quantity, field="lines") from None
    return SaleLine(
        name=given.name,
        quantity=quantity,
        unit_price=given.unit_price,
        tax_type=given.tax_type,
        discount=given.discount,
        product_id=given.product_id,
        price_override=given.price_override,
    )


def _view(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise edge.WrongMethod(method=request.method)
    token = edge.token_of(request)
    session = request.headers.get("X-Guitai-Session", "")
    status, body = sell(token, session, edge.body_of(request))
    response = HttpResponse(body, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


sales = edge.guarded(_view)
