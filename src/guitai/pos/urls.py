"""Addresses of this edge: the landing page, the till, and its copy of the book of conditions."""

from django.urls import URLPattern, URLResolver, path

from guitai.pos import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.landing, name="landing"),
    path("pos/", views.till, name="till"),
    path("pos/remedies.json", views.book, name="remedies"),
    path("pos/pictures/<slug:name>.svg", views.picture, name="picture"),
]
