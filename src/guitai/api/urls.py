"""Addresses of this edge."""

from collections.abc import Iterator
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from guitai.api import openapi, wire
from guitai.api.agents import AGENT_ENDPOINTS
from guitai.api.endpoints import Route
from guitai.api.errors import NoSuchAddress
from guitai.api.routes import ENDPOINTS


def _document(request: HttpRequest) -> HttpResponse:
    return wire.answer(openapi.document())


@csrf_exempt
def _nowhere(request: HttpRequest) -> HttpResponse:
    return wire.refused(NoSuchAddress())


def _routes() -> Iterator[URLPattern]:
    by_path = sorted(ENDPOINTS, key=lambda endpoint: endpoint.path)
    for address, endpoints in groupby(by_path, key=lambda endpoint: endpoint.path):
        yield path(f"till/{address}", Route(tuple(endpoints)))


urlpatterns: list[URLPattern | URLResolver] = [
    path("openapi.json", _document, name="openapi"),
    *_routes(),
    *(path(f"agent/{endpoint.path}", Route((endpoint,))) for endpoint in AGENT_ENDPOINTS),
    # A line break in the address too: whoever speaks JSON to us is answered in JSON.
    re_path(r"^[\s\S]*$", _nowhere),
]
