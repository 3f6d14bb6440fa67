"""One table of endpoints: it routes, authenticates, decodes and documents (openapi.py)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse

from guitai.api import auth, wire
from guitai.api.auth import Device
from guitai.api.errors import WrongMethod, WrongShape
from guitai.kernel import scope
from guitai.orders.services import Clerk

NOBODY, DEVICE, CLERK = "nobody", "device", "clerk"


@dataclass(slots=True)
class Call:
    """One request on its way to its handler. ``ids`` are the UUIDs of the address."""

    request: HttpRequest
    body: Any = None
    ids: Mapping[str, UUID] = field(default_factory=dict)
    _device: Device | None = None
    _clerk: Clerk | None = None

    @property
    def device(self) -> Device:
        assert self._device is not None  # the endpoint asks for one
        return self._device

    @property
    def clerk(self) -> Clerk:
        assert self._clerk is not None  # the endpoint asks for one
        return self._clerk

    def query(self, name: str, default: str = "") -> str:
        """A parameter behind the question mark; refuses what no text column can hold."""
        text = str(self.request.GET.get(name, default))
        if "\x00" in text:
            raise WrongShape(field=name, detail="不能含有 NUL 字元")
        return text

    @property
    def register_id(self) -> UUID:
        return UUID(str(self.device.register.id))


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter behind the question mark, or an optional header, for the document."""

    name: str
    words: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``path`` in Django's spelling below /api/till/; ``needs`` are permissions of the clerk.

    ``raw`` answers instead of everything (the hot path, which does its own steps).
    """

    method: str
    path: str
    summary: str
    answer: Any
    handler: Handler | None = None
    body: Any = None
    who: str = CLERK
    needs: tuple[str, ...] = ()
    status: int = 200
    query: tuple[Query, ...] = ()
    headers: tuple[Query, ...] = ()
    raw: Callable[[HttpRequest], HttpResponse] | None = None
    extra: Mapping[int, str] = field(default_factory=dict)

    def serve(self, request: HttpRequest, ids: Mapping[str, UUID]) -> HttpResponse:
        if self.raw is not None:
            return self.raw(request)
        try:
            return self._serve(Call(request, ids=ids))
        except Exception as error:  # noqa: BLE001 - translated: a code and a sentence, always
            return wire.refused(wire.translated(error))

    def _serve(self, call: Call) -> HttpResponse:
        assert self.handler is not None  # an endpoint is raw or handled
        self._refuse_unknown(call.request)
        if self.who == NOBODY:
            self._read(call)
            return self._answered(self.handler(call))
        call._device = auth.device_of(call.request)
        with scope.tenant(call.device.merchant_id):
            if self.who == CLERK:
                call._clerk = auth.clerk_of(call.request, call.device, self.needs)
            self._read(call)
            return self._answered(self.handler(call))

    def _refuse_unknown(self, request: HttpRequest) -> None:
        """Parameters that the document does not name: a typo must not look like an answer."""
        for name in sorted(set(request.GET) - {query.name for query in self.query}):
            raise WrongShape(field=name[:40], detail=f"有不認得的參數「{name[:40]}」")

    def _read(self, call: Call) -> None:
        if self.body is not None:
            raw = wire.body_of(call.request)
            call.body = wire.decoded(raw or b"{}", msgspec.json.Decoder(self.body))

    def _answered(self, result: Any) -> HttpResponse:
        if isinstance(result, HttpResponse):
            return result
        # Through the struct, so that what is sent is what the document says.
        shaped = msgspec.convert(msgspec.to_builtins(result), self.answer)
        return wire.answer(wire.encoded(shaped), self.status)


class Route:
    """All methods of one address."""

    csrf_exempt = True
    """The page's header stands in (auth.token_of): no Django session is involved."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self.by_method = {endpoint.method: endpoint for endpoint in endpoints}

    def __call__(self, request: HttpRequest, **ids: UUID) -> HttpResponse:
        endpoint = self.by_method.get(request.method or "")
        if endpoint is None:
            response = wire.refused(WrongMethod(method=request.method))
            response["Allow"] = ", ".join(sorted(self.by_method))
            return response
        return endpoint.serve(request, ids)
