"""Addresses: every edge mounts its own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from guitai.config import health


def closed(request: HttpRequest) -> HttpResponse:
    """An address of a library that we do not offer."""
    raise Http404


# The desk invites people by e-mail and joins who has an account of that name. Were it changed here,
# by nothing but typing another, anybody with an account could wait under the next one's name.
CLOSED = ("email/", "confirm-email/", "password/set/", "login/code/confirm/")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("guitai.pos.urls")),
    path("desk/", include("guitai.backoffice.urls")),
    *(path(f"account/{address}", closed) for address in CLOSED),
    path("account/", include("allauth.urls")),
    path("api/", include("guitai.api.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
