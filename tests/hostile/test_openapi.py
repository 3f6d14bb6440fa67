"""The till's REST against its own document, by a machine that means harm (schemathesis)."""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from guitai.api.tests.http import Page, sale_body
from guitai.config.wsgi import application
from guitai.kernel import clock, ids
from guitai.orders.tests.till import NOON
from tests.hostile.doors import ask, environ_of

schema = schemathesis.openapi.from_wsgi(
    "/api/openapi.json", application, config=SchemathesisConfig()
)
CODE = re.compile(r"[A-Z]+(-[A-Z0-9]+)+")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HAN = re.compile(r"[\u4e00-\u9fff]")


def says_what_is_wrong(status: int, body: bytes) -> None:
    """Every refusal: a stable code, and a sentence in Chinese without a hole in it."""
    error = json.loads(body)["error"]
    assert CODE.fullmatch(error["code"]), error
    assert HAN.search(error["message"]), error
    assert not re.search(r"（[a-z_]+）|Traceback|None|object at", error["message"]), error
    assert set(error) <= {"code", "message", "field", "params"}
    assert 400 <= status < 500, error


@pytest.fixture
def real(till):
    """An order with its proof, and a parked cart: without them every address with an id is a 404.

    ``real(path)`` is the id that belongs into it.
    """
    page = Page.of(till)
    sold = page.post("sales", sale_body(till)).json()
    known = {"orders": sold["order"]["id"], "print-jobs": sold["print_jobs"][0]["id"]}
    known["parked"] = str(ids.new_id())
    page.send("PUT", f"parked/{known['parked']}", {"label": "x", "cart": {}})
    return lambda path: known[path.removeprefix("/api/till/").split("/")[0]]


def aimed(case, till, real):
    """The case with ids of things that are there, wherever it had well-formed ones at all."""
    if UUID.fullmatch(str(case.path_parameters.get("id", ""))):
        case.path_parameters["id"] = real(case.path)
    lines = case.body.get("lines") if isinstance(case.body, dict) else None
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict) and UUID.fullmatch(str(line.get("product_id"))):
            line["product_id"] = str(till.products["拿鐵"].id)
            line["name"] = "拿鐵"
            line["price_override"] = True
    return case


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_sent_is_answered_as_the_document_says(case, till, real):
    headers = {
        "Authorization": f"Bearer {till.token}",
        "X-Guitai-Session": str(till.session.id),
    }
    with clock.moved(NOON):
        # A body of the right shape may still be refused for what it says (an unknown product).
        answer = aimed(case, till, real).call_and_validate(
            headers=headers, excluded_checks=[positive_data_acceptance]
        )
    if answer.status_code >= 400:
        says_what_is_wrong(answer.status_code, answer.content)


PATHS = ("a\nb/state", "\n", "orders/\x00", "orders/\u2028x", "orders/../state", "sales/", "%2e%2e")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PURGE"])
def test_no_address_below_the_tills_answers_without_a_code(till, method, path):
    """A page that speaks JSON cannot show an HTML page of the server."""
    on_the_wire = f"/api/till/{path}".encode().decode("latin-1")
    answer = ask(application, environ_of(till, b"{}", method=method, path=on_the_wire))
    assert (answer.status, answer.code) == (404, "API-NOT-FOUND")
