"""What the document says is what the server does."""

import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from guitai.api import openapi
from guitai.api.routes import ENDPOINTS
from guitai.config.wsgi import application
from guitai.kernel import clock
from guitai.orders.tests.till import NOON, make_till

DOCUMENT = json.loads(openapi.document())


def test_every_endpoint_is_there():
    found = {
        (method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert len(found) == len(ENDPOINTS)
    assert ("POST", "/api/till/sales") in found
    assert ("POST", "/api/till/orders/{id}/cancel") in found


def test_it_is_served(client):
    response = client.get("/api/openapi.json")
    assert response.json() == DOCUMENT


schema = schemathesis.openapi.from_wsgi(
    "/api/openapi.json", application, config=SchemathesisConfig()
)


@pytest.fixture
def till(db):
    """The requests come straight through WSGI: they must leave the test's connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with clock.moved(NOON):
        yield make_till()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_answers_are_what_the_document_promises(case, till):
    # A body of the right shape may still be refused for what it says (an unknown product).
    but = [positive_data_acceptance]
    headers = {
        "Authorization": f"Bearer {till.token}",
        "X-Guitai-Session": str(till.session.id),
    }
    with clock.moved(NOON):
        case.call_and_validate(headers=headers, excluded_checks=but)
