"""Pages without data: the landing page, the till (which asks the REST for everything) and the book
of conditions, whose words and pictures the till shows for what only a page can see."""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_safe

from guitai.devices import rules
from guitai_agent import knowledge

STATIC = Path(__file__).resolve().parent / "static"


@cache
def modules() -> tuple[str, ...]:
    """The till's ES modules by their static names, so that the page can ask for all at once."""
    return tuple(sorted(str(path.relative_to(STATIC)) for path in STATIC.rglob("*.mjs")))


def content_security_policy(ports: list[int], relay: str = "") -> str:
    """Nothing but our own files, our own server with its relay, and the agent on the loopback.

    ``blob:`` is for pictures that an agent newer than the server draws itself; in an ``<img>`` a
    drawing can run nothing.
    """
    agents = " ".join(
        [*(f"http://127.0.0.1:{port} ws://127.0.0.1:{port}" for port in ports), source(relay)]
    ).strip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"font-src 'self'; manifest-src 'self'; connect-src 'self' {agents}; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def source(relay: str) -> str:
    """The relay's scheme, host and port: nothing else of an address belongs into a policy."""
    parts = urlsplit(relay)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


@never_cache
@require_safe
def till(request: HttpRequest) -> HttpResponse:
    """The till page. It holds no data of any merchant; the REST decides who sees what."""
    ports = settings.GUITAI_AGENT_PORTS
    context = {"agent_ports": ",".join(map(str, ports)), "modules": modules()}
    response = render(request, "pos/till.html", context)
    relay = rules.relay_address(
        settings.GUITAI_RELAY_URL,
        request.get_host(),
        settings.GUITAI_RELAY_PORT,
        secure=request.is_secure(),
    )
    response["Content-Security-Policy"] = content_security_policy(ports, relay)
    return response


@cache
def conditions() -> tuple[bytes, str]:
    """The book as JSON (``remedies`` by code, names of ``pictures``, and ``linux``: what stands
    in a step's place there) and its version."""
    remedies = {code: asdict(remedy) for code, remedy in knowledge.remedies().items()}
    table = {"remedies": remedies, "pictures": sorted(drawings()), "linux": knowledge.on_linux()}
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:16]}"'


def drawings() -> set[str]:
    """The names of all pictures in the book, those of single models too."""
    folder = files(knowledge.__name__).joinpath("pictures")
    return (
        {file.name.removesuffix(".svg") for file in folder.iterdir()} if folder.is_dir() else set()
    )


@require_safe
@condition(etag_func=lambda request: conditions()[1])
def book(request: HttpRequest) -> HttpResponse:
    """``/pos/remedies.json``: the words for every condition (docs/decisions/0010)."""
    answer = HttpResponse(conditions()[0], content_type="application/json")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """One drawing of the book, for an ``<img>``; opened by itself it may run nothing either."""
    try:
        svg = knowledge.picture(name)
    except KeyError:
        raise Http404(name) from None
    answer = HttpResponse(svg, content_type="image/svg+xml")
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    answer["Cache-Control"] = "max-age=3600"
    return answer


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """``/``: where to go."""
    response = render(request, "pos/landing.html")
    response["Content-Security-Policy"] = content_security_policy([])
    return response
