"""Agents join by a short code; tickets let pages in. agent-protocol.md §10, product.md B.17.6."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from guitai.devices import queries, rules
from guitai.devices.errors import AgentNotFound, AgentUnknown, JoinCodeRefused
from guitai.devices.models import Agent, JoinCode
from guitai.devices.rules import BadTicket, Ticket, open_ticket, relay_address, sign_ticket
from guitai.devices.services import agents
from guitai.kernel import clock, scope
from guitai.kernel.audit import Actor
from guitai.kernel.errors import NotAllowed, NotFound
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.tenancy.errors import MerchantSuspended, RegisterRetired
from guitai.tenancy.models import Binding, Merchant
from guitai.tenancy.rules import is_device_code
from guitai.tenancy.tests.shops import a_shop

NOON = taipei(2026, 11, 21)
TILL = Actor(kind="register", name="收銀1")
KEY = b"k" * 32


@pytest.fixture(autouse=True)
def _noon():
    with clock.moved(NOON):
        yield


@pytest.fixture
def shop(db):
    return make_shop(registers=2)


def fresh_code(shop, index=0):
    with shop.tenant():
        return agents.open_join_code(shop.registers[index].id, TILL).code


def joined(shop, index=0, name="PC-1"):
    return agents.join(fresh_code(shop, index), agent_id="9f", name=name, version="0.1.0")


def try_to_join(code):
    with pytest.raises(JoinCodeRefused) as refusal:
        agents.join(code, agent_id="9f", name="x", version="")
    return refusal.value


def counts(shop):
    with shop.tenant():
        return Agent.objects.filter(removed_at=None).count(), Agent.objects.count()


class TestCode:
    def test_it_turns_into_a_token_that_is_known_again(self, shop):
        code = fresh_code(shop)
        assert is_device_code(code)
        typed = f" {code[:4].lower()}-{code[4:]} "
        fresh = agents.join(typed, agent_id="9f", name="PC-1", version="0.1.0")
        found = agents.recognise(fresh.token)
        assert (found.id, found.register_id) == (fresh.agent.id, shop.register.id)
        assert found.register.store.name == "重慶店"
        with shop.tenant():
            row = Agent.objects.get()
            assert fresh.token.partition(".")[2].encode() not in bytes(row.token_hash)

    def test_once(self, shop):
        code = fresh_code(shop)
        agents.join(code, agent_id="9f", name="", version="")
        assert try_to_join(code).code == "AGENT-CODE"
        assert counts(shop) == (1, 1)

    def test_ten_minutes(self, shop):
        code = fresh_code(shop)
        with clock.moved(NOON + timedelta(minutes=10)):
            try_to_join(code)
        with clock.moved(NOON + timedelta(minutes=9, seconds=59)):
            agents.join(code, agent_id="9f", name="", version="")

    def test_five_tries_wear_it_out_and_four_do_not(self, shop):
        for wrong_ones, works in ((4, True), (5, False)):
            code = fresh_code(shop)
            wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
            for _ in range(wrong_ones):
                try_to_join(wrong)
            if works:
                agents.join(code, agent_id="9f", name="", version="")
            else:
                try_to_join(code)

    def test_a_newer_one_ends_the_older(self, shop):
        older = fresh_code(shop)
        newer = fresh_code(shop)
        try_to_join(older)
        agents.join(newer, agent_id="9f", name="", version="")

    @pytest.mark.parametrize(
        "text", ["", "A", "AAAAAAA", "AAAAAAAAA", "AAAA000O", "台台台台台台台台", "x" * 5000]
    )
    def test_what_is_no_code_costs_nobody_a_try(self, shop, text):
        fresh_code(shop)
        try_to_join(text)
        with shop.tenant():
            assert JoinCode.objects.get().tries == 0

    def test_a_shared_handle_keeps_shops_apart(self, shop):
        """Two merchants whose codes begin alike: each code joins its own shop only."""
        other = make_shop(name="別家", ban=OTHER_BAN)
        mine, theirs = fresh_code(shop), fresh_code(other)
        alike = mine[:3] + theirs[3:] if theirs[3:] != mine[3:] else mine[:3] + "ZZZZZ"
        with other.tenant():
            JoinCode.objects.update(handle=alike[:3], code_hash=agents.hash_of(alike))
        fresh = agents.join(alike, agent_id="9f", name="", version="")
        assert fresh.agent.merchant_id == other.merchant
        assert counts(shop) == (0, 0)
        assert (
            agents.join(mine, agent_id="9f", name="", version="").agent.merchant_id == shop.merchant
        )


class TestAgent:
    def test_the_next_one_takes_the_place(self, shop):
        first, second = joined(shop), joined(shop, name="PC-2")
        with pytest.raises(AgentUnknown):
            agents.recognise(first.token)
        assert agents.recognise(second.token).name == "PC-2"
        assert counts(shop) == (1, 2)

    def test_two_registers_have_two(self, shop):
        one, two = joined(shop, 0), joined(shop, 1)
        assert {agents.recognise(t.token).register_id for t in (one, two)} == {
            register.id for register in shop.registers
        }
        with shop.tenant():
            near = queries.agents_of_store(shop.store.id)
            assert [agent.register.code for agent in near] == ["A01", "A02"]

    @pytest.mark.parametrize(
        "token", ["", "x", "x.y", "{0}.", "{0}.wrong-wrong-wrong-wrong", "{0}." + "台" * 20]
    )
    def test_no_made_up_token(self, shop, token):
        joined(shop)
        with pytest.raises(AgentUnknown):
            agents.recognise(token.format(shop.merchant))

    def test_no_secret_under_another_merchants_name(self, shop):
        secret = joined(shop).token.partition(".")[2]
        other = make_shop(name="別家", ban=OTHER_BAN)
        with pytest.raises(AgentUnknown):
            agents.recognise(f"{other.merchant}.{secret}")

    def test_not_of_a_suspended_merchant(self, shop):
        token, code = joined(shop).token, fresh_code(shop)
        Merchant.objects.filter(id=shop.merchant).update(suspended_at=NOON)
        with pytest.raises(MerchantSuspended):
            agents.recognise(token)
        with pytest.raises(MerchantSuspended):
            agents.join(code, agent_id="9f", name="", version="")

    def test_not_of_a_retired_register(self, shop):
        token = joined(shop).token
        with shop.tenant():
            type(shop.register).objects.filter(id=shop.register.id).update(retired_at=NOON)
            with pytest.raises(RegisterRetired):
                agents.open_join_code(shop.register.id, TILL)
        with pytest.raises(AgentUnknown):
            agents.recognise(token)

    def test_it_leaves_by_itself(self, shop):
        token = joined(shop).token
        agents.leave(token)
        with pytest.raises(AgentUnknown):
            agents.leave(token)
        assert counts(shop) == (0, 1)

    def test_names_are_cut_and_cleaned(self, shop):
        code = fresh_code(shop)
        fresh = agents.join(
            code, agent_id="a\x00b" * 90, name="機\x00" + "機" * 90, version="9" * 90
        )
        assert (len(fresh.agent.agent_id), len(fresh.agent.name)) == (64, 60)
        assert "\x00" not in fresh.agent.agent_id + fresh.agent.name

    def test_unlocked_devices_are_not_bound(self, shop):
        with shop.tenant():
            rows = [
                Binding.objects.create(
                    register_id=r.id, device_name="平板", token_hash=bytes(32 - i)
                )
                for i, r in enumerate(shop.registers)
            ]
            Binding.objects.filter(id=rows[1].id).update(released_at=NOON)
            assert agents.still_bound([*(row.id for row in rows), uuid4()]) == {rows[0].id}


class TestPeople:
    """Who at the desk may: those with the register's settings at that store, nobody else."""

    @pytest.fixture
    def home(self, db):
        return a_shop()

    def everybody(self, home):
        return [key for key in home.people if home.people[key].account_id]

    def test_each_role(self, home):
        with scope.tenant(home.merchant_id):
            register = home.register
            for key in self.everybody(home):
                member = home.member(key)
                may = member.may(agents.Permission.REGISTER_SETTINGS, register.store_id)
                if may:
                    agents.open_join_code(register.id, member)
                    continue
                before = JoinCode.objects.count()
                with pytest.raises(NotAllowed):
                    agents.open_join_code(register.id, member)
                assert JoinCode.objects.count() == before

    def test_removing(self, home):
        with scope.tenant(home.merchant_id):
            register = home.register
            code = agents.open_join_code(register.id, home.member("owner")).code
        fresh = agents.join(code, agent_id="9f", name="PC", version="")
        with scope.tenant(home.merchant_id):
            for key in self.everybody(home):
                member = home.member(key)
                if not member.may(agents.Permission.REGISTER_SETTINGS, register.store_id):
                    with pytest.raises((NotAllowed, AgentNotFound)):
                        agents.remove(fresh.agent.id, member)
            assert agents.recognise(fresh.token).id == fresh.agent.id
            agents.remove(fresh.agent.id, home.member("owner"))
            agents.remove(fresh.agent.id, home.member("owner"))
        with pytest.raises(AgentUnknown):
            agents.recognise(fresh.token)

    def test_an_outsider_finds_nothing(self, home):
        with scope.tenant(home.merchant_id):
            register = home.register
            code = agents.open_join_code(register.id, home.member("owner")).code
        fresh = agents.join(code, agent_id="9f", name="PC", version="")
        other = a_shop("別家", "12345675")
        with scope.tenant(other.merchant_id):
            with pytest.raises(AgentNotFound):
                agents.remove(fresh.agent.id, other.member("owner"))
            with pytest.raises(NotFound):
                agents.open_join_code(register.id, other.member("owner"))
        assert agents.recognise(fresh.token).id == fresh.agent.id


class TestTicket:
    made = Ticket(uuid4(), uuid4(), uuid4(), "https://shop.example", 1000.0, "n1")

    def test_what_was_signed_is_read(self):
        assert open_ticket(KEY, sign_ticket(KEY, self.made), 1000.0) == self.made
        assert open_ticket(KEY, sign_ticket(KEY, self.made), 1059.9) == self.made

    @pytest.mark.parametrize("now", [999.9, 1060.0, 5000.0])
    def test_sixty_seconds_and_not_before(self, now):
        with pytest.raises(BadTicket, match="time"):
            open_ticket(KEY, sign_ticket(KEY, self.made), now)

    def test_every_changed_letter_is_noticed(self):
        text = sign_ticket(KEY, self.made)
        for place in range(len(text)):
            other = "A" if text[place] != "A" else "B"
            changed = text[:place] + other + text[place + 1 :]
            with pytest.raises(BadTicket):
                open_ticket(KEY, changed, 1000.0)

    def test_another_key_and_an_own_payload(self):
        with pytest.raises(BadTicket, match="signature"):
            open_ticket(b"x" * 32, sign_ticket(KEY, self.made), 1000.0)
        payload = rules._packed(json.dumps({"merchant": str(uuid4())}).encode())
        with pytest.raises(BadTicket):
            open_ticket(KEY, f"{payload}.{payload}", 1000.0)

    @pytest.mark.parametrize("text", ["", ".", "a", "a.b", "台.台", "." * 9, "a" * 5000 + ".b"])
    def test_nonsense(self, text):
        with pytest.raises(BadTicket):
            open_ticket(KEY, text, 1000.0)


@pytest.mark.parametrize(
    ("public", "host", "secure", "address"),
    [
        ("", "127.0.0.1:8000", False, "ws://127.0.0.1:8001"),
        ("", "[::1]:8000", False, "ws://[::1]:8001"),
        ("", "localhost", False, "ws://localhost:8001"),
        ("", "shop.example", True, "wss://shop.example/relay"),
        ("", "shop.example:8443", True, "wss://shop.example:8443/relay"),
        ("wss://relay.example/", "shop.example", True, "wss://relay.example"),
    ],
)
def test_where_the_relay_is(public, host, secure, address):
    assert relay_address(public, host, 8001, secure=secure) == address
