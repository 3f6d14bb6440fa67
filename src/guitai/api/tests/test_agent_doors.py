"""Joining, leaving and tickets over HTTP; who may not. docs/agent-protocol.md §10."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from guitai.api.tests.http import Page
from guitai.api.tests.test_doors import everything
from guitai.devices.models import Agent
from guitai.devices.rules import open_ticket
from guitai.devices.services import agents
from guitai.kernel import clock
from guitai.kernel.models import AuditEntry
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders import queries
from guitai.orders.tests.till import NOON, make_till
from guitai.tenancy.models import Binding, Merchant, Register, Store


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


@pytest.fixture
def till(db):
    return make_till(make_shop(registers=2))


def post(path, body=None, *, secure=False, **headers):
    client = Client(enforce_csrf_checks=True)
    text = body if isinstance(body, (str, bytes)) else json.dumps(body or {})
    return client.post(
        f"/api/agent/{path}", text, content_type="application/json", headers=headers, secure=secure
    )


def joining(code, **more):
    return post("join", {"code": code, "agent_id": "9f0c", "name": "PC-1", **more})


def joined(till):
    code = Page.of(till).post("agent-code").json()["code"]
    answer = joining(code, version="0.1.0")
    assert answer.status_code == 200, answer.content
    return answer.json()


def error_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


class TestJoin:
    def test_a_page_brings_in_the_agent_beside_it(self, till):
        given = Page.of(till).post("agent-code").json()
        assert given["server"] == "http://testserver"
        told = joining(given["code"]).json()
        assert told["register"]["name"] == "收銀1"
        assert told["store"]["name"] == "重慶店"
        assert told["relay_url"] == "ws://testserver:8001/agent"
        assert agents.recognise(told["token"]).agent_id == "9f0c"
        assert error_of(joining(given["code"])) == (422, "AGENT-CODE")

    def test_behind_tls_it_is_the_servers_own_name(self, till):
        code = Page.of(till).post("agent-code").json()["code"]
        told = post("join", {"code": code, "agent_id": "9f"}, secure=True)
        assert told.json()["relay_url"] == "wss://testserver/relay/agent"

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"code": "ABCD2345", "agent_id": "9f"}, (422, "AGENT-CODE")),
            ({"code": "ABCD2345", "agent_id": ""}, (422, "API-BODY")),
            ({"code": "ABCD2345"}, (422, "API-BODY")),
            ({"code": 5, "agent_id": "9f"}, (422, "API-BODY")),
            ({"code": "A" * 65, "agent_id": "9f"}, (422, "API-BODY")),
            ({"code": "ABCD2345", "agent_id": "9f", "merchant": "x"}, (422, "API-BODY")),
            ({"code": "ABCD2345", "agent_id": "a\x00"}, (422, "API-BODY")),
            ("{", (400, "API-JSON")),
            (b"\xff", (400, "API-JSON")),
        ],
    )
    def test_refused(self, till, body, refusal):
        Page.of(till).post("agent-code")
        before = everything()
        assert error_of(post("join", body)) == refusal
        assert everything() == before

    def test_no_other_method(self, till):
        for path in ("join", "leave"):
            assert error_of(Client().get(f"/api/agent/{path}")) == (405, "API-METHOD")

    def test_a_suspended_merchant_joins_nobody(self, till):
        code = Page.of(till).post("agent-code").json()["code"]
        Merchant.objects.filter(id=till.shop.merchant).update(suspended_at=NOON)
        assert error_of(joining(code)) == (403, "TEN-MERCHANT-SUSPENDED")
        with till.shop.tenant():
            assert not Agent.objects.exists()


class TestLeave:
    def test_with_its_token(self, till):
        token = joined(till)["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert post("leave", **bearer).json() == {"ok": True}
        assert error_of(post("leave", **bearer)) == (401, "AGENT-TOKEN")

    def test_a_tills_token_is_no_agents(self, till):
        joined(till)
        before = everything()
        for given in ("", "x", till.token, f"{till.shop.merchant}.wrong-wrong-wrong-wrong"):
            answer = post("leave", Authorization=f"Bearer {given}")
            assert error_of(answer) == (401, "AGENT-TOKEN")
        assert error_of(post("leave")) == (401, "AGENT-TOKEN")
        assert everything() == before

    def test_an_agents_token_is_no_tills(self, till):
        page = Page(joined(till)["token"])
        assert error_of(page.get("state")) == (401, "BIND-NONE")


class TestDrawer:
    """What the relay goes by when a page asks for a drawer to be opened (§10.1)."""

    def test_only_a_written_reason_of_who_may_opens_it(self, till):
        beside = make_till(till.shop, 1, permissions=["till.checkout"])

        def reasons(of):
            with of.shop.tenant():
                held = Binding.objects.get(register_id=of.register.id)
                return queries.drawer_reasons(held.id, clock.now() - timedelta(seconds=60))

        assert error_of(Page.of(beside).post("drawer", {"reason": "x"})) == (403, "GT-NOT-ALLOWED")
        assert error_of(Page.of(till).post("drawer", {"reason": " "})) == (422, "ORD-REASON")
        assert reasons(till) == reasons(beside) == {}
        assert Page.of(till).post("drawer", {"reason": "換零錢"}).json() == {"ok": True}
        with till.shop.tenant():
            entry = AuditEntry.objects.get(verb="drawer.open")
        assert (entry.reason, list(reasons(till))) == ("換零錢", [entry.id])
        assert reasons(beside) == {}


class TestTicket:
    def test_to_the_registers_own_agent(self, till):
        joined(till)
        told = Page.of(till).post("relay-ticket").json()
        assert told["url"] == "ws://testserver:8001/page"
        assert told["agent"] == {
            "register_id": str(till.register.id),
            "register_name": "收銀1",
            "name": "PC-1",
            "own": True,
        }
        found = open_ticket(agents.ticket_key(), told["ticket"], clock.now().timestamp())
        with till.shop.tenant():
            assert (found.merchant, found.agent) == (till.shop.merchant, Agent.objects.get().id)
        assert found.origin == "http://testserver"

    def test_two_are_never_the_same(self, till):
        joined(till)
        page = Page.of(till)
        tickets = {page.post("relay-ticket").json()["ticket"] for _ in range(5)}
        assert len(tickets) == 5

    def test_the_printer_of_the_next_counter(self, till):
        """B.17.6: several tablets share one printer, if a person says so."""
        joined(till)
        beside = Page.of(make_till(till.shop, 1))
        refused = beside.post("relay-ticket")
        assert error_of(refused) == (409, "AGENT-NONE")
        (near,) = refused.json()["error"]["params"]["agents"]
        assert (near["own"], near["register_name"]) == (False, "收銀1")
        told = beside.post("relay-ticket", {"agent_of": near["register_id"]}).json()
        assert told["agent"]["register_name"] == "收銀1" and not told["agent"]["own"]

    def test_not_of_another_store_or_merchant(self, till):
        joined(till)
        with till.shop.tenant():
            store = Store.objects.create(entity_id=till.shop.entity.id, code="S2", name="二店")
            there = Register.objects.create(
                store_id=store.id, code="B1", name="收銀", centre="none"
            )
        till.shop.registers.append(there)
        second = make_till(till.shop, 2)
        outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
        wanted = {"agent_of": str(till.register.id)}
        for page in (Page.of(second), Page.of(outsider)):
            answer = page.post("relay-ticket", wanted)
            assert error_of(answer) == (409, "AGENT-NONE")
            assert answer.json()["error"]["params"]["agents"] == []

    def test_not_to_one_that_was_removed(self, till):
        agents.leave(joined(till)["token"])
        assert error_of(Page.of(till).post("relay-ticket")) == (409, "AGENT-NONE")

    def test_origin(self, till, settings):
        """Only an origin that we trust is taken from the page's word."""
        settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example"]
        joined(till)
        for said, origin in (
            ("https://shop.example", "https://shop.example"),
            ("https://evil.example", "http://testserver"),
        ):
            page = Page.of(till)
            answer = page.send("POST", "relay-ticket", {}, Origin=said)
            found = open_ticket(
                agents.ticket_key(), answer.json()["ticket"], clock.now().timestamp()
            )
            assert found.origin == origin
