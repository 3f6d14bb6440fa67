"""Addresses of numbers, invoices, uploads, orders and centres; joined to ``urls.urlpatterns``."""

from django.urls import path, register_converter

from guitai.backoffice.views import centres, invoices, numbers, orders, transmissions
from guitai.invoicing import registry
from guitai.invoicing.ports import Which


def _one_of(name: str, choices: list[str]) -> None:
    """A converter for one of a few words, so that every other address is simply not there."""
    body = {"regex": "|".join(choices), "to_python": _same, "to_url": _same}
    register_converter(type(f"{name.title()}Converter", (), body), name)


def _same(_: object, value: str) -> str:
    return value


_one_of("mig", ["F0401", "F0501"])
_one_of("decision", list(transmissions.DECISIONS))
_one_of("which", [which.value for which in Which])
_one_of("centrekey", list(registry.CENTRES))
_one_of("subject", ["entity", "register"])
_one_of("period", ["[0-9]{5}"])
_one_of("sheet", ["csv", "xlsx"])

urlpatterns = [
    path("numbers/", numbers.numbers, name="numbers"),
    path("numbers/import/", numbers.number_import, name="number-import"),
    path(
        "numbers/<period:period>/blanks.<sheet:kind>",
        numbers.number_blanks,
        name="number-blanks",
    ),
    path(
        "numbers/<period:period>/share/<uuid:entity_id>/",
        numbers.number_share,
        name="number-share",
    ),
    path(
        "numbers/ranges/<uuid:range_id>/take-back/",
        numbers.number_take_back,
        name="number-take-back",
    ),
    path("numbers/ranges/<uuid:range_id>/pause/", numbers.number_pause, name="number-pause"),
    path("numbers/ranges/<uuid:range_id>/resume/", numbers.number_resume, name="number-resume"),
    path(
        "numbers/ranges/<uuid:range_id>/reconcile/",
        numbers.number_reconcile,
        name="number-reconcile",
    ),
    path(
        "numbers/registers/<uuid:register_id>/take/<which:which>/",
        numbers.number_take,
        name="number-take",
    ),
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/export.<sheet:kind>", invoices.invoice_export, name="invoice-export"),
    path("invoices/<uuid:invoice_id>/", invoices.invoice, name="invoice"),
    path("invoices/<uuid:invoice_id>/void/", invoices.invoice_void, name="invoice-void"),
    path("invoices/<uuid:invoice_id>/proof.png", invoices.invoice_proof, name="invoice-proof"),
    path("invoices/<uuid:invoice_id>/<mig:message>.xml", invoices.invoice_xml, name="invoice-xml"),
    path("transmissions/", transmissions.transmissions, name="transmissions"),
    path(
        "transmissions/export.<sheet:kind>",
        transmissions.transmission_export,
        name="transmission-export",
    ),
    path(
        "transmissions/<uuid:transmission_id>/",
        transmissions.transmission,
        name="transmission",
    ),
    path(
        "transmissions/<uuid:transmission_id>/now/",
        transmissions.transmission_now,
        name="transmission-now",
    ),
    path(
        "transmissions/<uuid:transmission_id>/<decision:decision>/",
        transmissions.transmission_decide,
        name="transmission-decide",
    ),
    path(
        "transmissions/accounts/<uuid:account_id>/resume/",
        transmissions.transmission_resume,
        name="transmission-resume",
    ),
    path("orders/", orders.orders, name="orders"),
    path("orders/export.<sheet:kind>", orders.order_export, name="order-export"),
    path("orders/<uuid:order_id>/", orders.order, name="order"),
    path("orders/<uuid:order_id>/handwritten/", orders.order_handwritten, name="order-handwritten"),
    path("centres/", centres.centres, name="centres"),
    path("centres/new/", centres.centre_new, name="centre-new"),
    path("centres/<uuid:account_id>/test/", centres.centre_test, name="centre-test"),
    path(
        "centres/<centrekey:centre>/<subject:kind>/<uuid:owner_id>/",
        centres.centre,
        name="centre",
    ),
]
