"""Addresses of this edge: landing page, till with its book of conditions, agent's installers."""

from django.urls import URLPattern, URLResolver, path

from guitai.pos import agentfiles, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("pos/", views.till, name="till"),
    path("agent/", agentfiles.page, name="agent-page"),
    path("agent/<str:name>", agentfiles.fetch, name="agent-file"),
    path("pos/remedies.json", views.book, name="remedies"),
    path("pos/pictures/<slug:name>.svg", views.picture, name="picture"),
]
