"""Addresses of this edge: the landing page and the till."""

from django.urls import URLPattern, URLResolver, path

from guitai.pos import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("pos/", views.till, name="till"),
]
