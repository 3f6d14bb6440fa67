"""Addresses: every edge mounts its own."""

from django.urls import URLPattern, URLResolver, include, path

from guitai.config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("guitai.pos.urls")),
    path("desk/", include("guitai.backoffice.urls")),
    path("account/", include("allauth.urls")),
    path("api/", include("guitai.api.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
