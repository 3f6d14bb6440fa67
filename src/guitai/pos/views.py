"""Two pages without data: the landing page and the till, which asks the REST for everything."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

STATIC = Path(__file__).resolve().parent / "static"


@cache
def modules() -> tuple[str, ...]:
    """The till's ES modules by their static names, so that the page can ask for all at once."""
    return tuple(sorted(str(path.relative_to(STATIC)) for path in STATIC.rglob("*.mjs")))


def content_security_policy(ports: list[int]) -> str:
    """Nothing but our own files, our own server, and the agent on this computer's loopback."""
    agents = " ".join(f"http://127.0.0.1:{port} ws://127.0.0.1:{port}" for port in ports)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"manifest-src 'self'; connect-src 'self' {agents}; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


@never_cache
@require_safe
def till(request: HttpRequest) -> HttpResponse:
    """The till page. It holds no data of any merchant; the REST decides who sees what."""
    ports = settings.GUITAI_AGENT_PORTS
    context = {"agent_ports": ",".join(map(str, ports)), "modules": modules()}
    response = render(request, "pos/till.html", context)
    response["Content-Security-Policy"] = content_security_policy(ports)
    return response


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """``/``: where to go."""
    response = render(request, "pos/landing.html")
    response["Content-Security-Policy"] = content_security_policy([])
    return response
