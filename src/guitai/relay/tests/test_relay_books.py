"""What the relay asks of the real database, from its own threads. docs/agent-protocol.md §10."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError, connections

from guitai.devices.errors import AgentUnknown
from guitai.devices.models import AgentBeat
from guitai.devices.services import agents
from guitai.kernel import clock
from guitai.kernel.audit import Actor
from guitai.kernel.models import AuditEntry
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders.services import Clerk, record_drawer
from guitai.relay import books as module
from guitai.relay.books import Books, Unavailable
from guitai.tenancy.errors import MerchantSuspended
from guitai.tenancy.models import Binding, Merchant, Staff, TillSession
from guitai.tenancy.rules import Role, hash_of, permissions_of

HEALTH = {
    "version": "9.9.9",
    "agent_id": "not mine",
    "hops": [
        {"hop": "paper", "state": "error", "code": "PAPER_END", "message": "紙張用完，請換紙。"}
    ],
}


@pytest.fixture
def shop(transactional_db):
    return make_shop()


@pytest.fixture
def books():
    made = Books()
    yield made

    def close():
        connections.close_all()

    for _ in range(module.THREADS * 4):  # each thread of the pool has a connection of its own
        made._pool.submit(close).result()
    made.close()


def joined(shop):
    with shop.tenant():
        code = agents.open_join_code(shop.register.id, Actor(kind="register", name="x")).code
    return agents.join(code, agent_id="9f", name="PC", version="0.1.0")


def test_a_token_is_known_with_its_register_and_store(shop, books):
    fresh = joined(shop)
    found = asyncio.run(books.recognise(fresh.token))
    assert (found.merchant, found.id) == (shop.merchant, fresh.agent.id)
    assert (found.register, found.store, found.agent_id) == ("收銀1", "重慶店", "9f")


def test_strangers_are_told_apart_from_a_database_that_is_gone(shop, books, monkeypatch):
    fresh = joined(shop)
    with pytest.raises(AgentUnknown):
        asyncio.run(books.recognise(f"{uuid4()}.{fresh.token.partition('.')[2]}"))
    Merchant.objects.filter(id=shop.merchant).update(suspended_at="2026-11-21T00:00:00Z")
    with pytest.raises(MerchantSuspended):
        asyncio.run(books.recognise(fresh.token))

    def gone(token):
        raise OperationalError("the database went away")

    monkeypatch.setattr(agents, "recognise", gone)
    with pytest.raises(Unavailable):
        asyncio.run(books.recognise(fresh.token))


def test_a_beat_is_kept_for_its_own_register_under_its_own_name(shop, books):
    other = make_shop(name="別家", ban=OTHER_BAN)
    agent = asyncio.run(books.recognise(joined(shop).token))
    assert asyncio.run(books.keep(agent, HEALTH, [])).joined
    with shop.tenant():
        (beat,) = AgentBeat.objects.all()
        assert (beat.register_id, beat.agent_id, beat.source) == (shop.register.id, "9f", "relay")
        assert (beat.code, beat.version) == ("PAPER_END", "9.9.9")
    with other.tenant():
        assert not AgentBeat.objects.exists()


@pytest.mark.parametrize("health", [5, "x", [], {"hops": 5}, {"time": "soon", "printer": []}])
def test_nonsense_of_an_agent_breaks_nothing(shop, books, health):
    agent = asyncio.run(books.recognise(joined(shop).token))
    assert asyncio.run(books.keep(agent, health, [])).joined


def test_a_removed_agent_is_not_heard(shop, books):
    fresh = joined(shop)
    agent = asyncio.run(books.recognise(fresh.token))
    agents.leave(fresh.token)
    assert not asyncio.run(books.keep(agent, HEALTH, [])).joined
    with shop.tenant():
        assert not AgentBeat.objects.exists()


def test_who_is_still_bound_in_this_shop_only(shop, books):
    agent = asyncio.run(books.recognise(joined(shop).token))
    other = make_shop(name="別家", ban=OTHER_BAN)
    with shop.tenant():
        mine = Binding.objects.create(
            register_id=shop.register.id, device_name="平板", token_hash=b"1" * 32
        )
    with other.tenant():
        theirs = Binding.objects.create(
            register_id=other.register.id, device_name="平板", token_hash=b"2" * 32
        )
    standing = asyncio.run(books.keep(agent, None, [mine.id, theirs.id, uuid4()]))
    assert standing.bound == {mine.id}
    with shop.tenant():
        assert not AgentBeat.objects.exists()


def device_at(register, mark):
    return Binding.objects.create(
        register_id=register.id, device_name=mark, token_hash=hash_of(mark)
    )


def stands_at(register, role):
    """A person of that role signs in there; who stood there before is gone."""
    TillSession.objects.filter(register_id=register.id).update(closed_at=clock.now())
    person, _ = Staff.objects.get_or_create(
        role=role.value, store_id=register.store_id, defaults={"name": role.value}
    )
    return TillSession.objects.create(
        register_id=register.id,
        staff_id=person.id,
        staff_name=person.name,
        permissions=sorted(permissions_of(role)),
    )


def test_who_may_choose_the_printer_of_a_register(transactional_db, books):
    """Everybody at that register; at another one the store manager, while signed in (S0.14)."""
    shop = make_shop(registers=2)
    agent = asyncio.run(books.recognise(joined(shop).token))
    with shop.tenant():
        own, beside = (device_at(r, r.name) for r in shop.registers)

    def may(binding):
        return asyncio.run(books.may_set_up(agent, binding.id))

    assert (may(own), may(beside)) == (True, False)
    with shop.tenant():
        for register in shop.registers:
            stands_at(register, Role.CLERK)
    assert (may(own), may(beside)) == (True, False)
    with shop.tenant():
        session = stands_at(shop.registers[1], Role.STORE_MANAGER)
    assert may(beside)
    with shop.tenant():
        TillSession.objects.filter(id=session.id).update(closed_at=clock.now())
    assert not may(beside)
    with shop.tenant():
        stands_at(shop.registers[1], Role.STORE_MANAGER)
        Binding.objects.all().update(released_at=clock.now())
    assert (may(own), may(beside)) == (False, False)


def test_a_manager_of_another_shop_chooses_nothing_here(transactional_db, books):
    shop, other = make_shop(), make_shop(name="別家", ban=OTHER_BAN)
    agent = asyncio.run(books.recognise(joined(shop).token))
    with other.tenant():
        stranger = device_at(other.register, "平板")
        stands_at(other.register, Role.STORE_MANAGER)
    assert not asyncio.run(books.may_set_up(agent, stranger.id))


def test_why_a_drawer_may_open_is_known_for_a_minute_and_to_its_merchant_only(
    transactional_db, books
):
    shop, other = make_shop(registers=2), make_shop(name="別家", ban=OTHER_BAN)
    agent, stranger = (asyncio.run(books.recognise(joined(one).token)) for one in (shop, other))
    with shop.tenant():
        beside = device_at(shop.registers[1], "平板")
        session = stands_at(shop.registers[1], Role.STORE_MANAGER)
        record_drawer(Clerk(shop.registers[1], session), "換零錢")
        entry = AuditEntry.objects.get(verb="drawer.open")

    def known(by, after):
        with clock.moved(entry.at + after):
            return asyncio.run(books.drawer_reasons(by, beside.id))

    assert known(agent, module.DRAWER_WITHIN) == {entry.id: entry.at}
    assert known(agent, module.DRAWER_WITHIN + timedelta(seconds=1)) == {}
    assert known(stranger, timedelta()) == {}


def test_too_many_questions_are_refused_and_not_piled_up(books, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    with pytest.raises(Unavailable, match="too many"):
        asyncio.run(books.recognise("x.y"))


def test_a_departure_is_kept_for_its_own_register(shop, books):
    agent = asyncio.run(books.recognise(joined(shop).token))
    asyncio.run(books.keep(agent, HEALTH, []))
    closed = clock.now()
    asyncio.run(books.part(agent, closed))
    with shop.tenant():
        assert AgentBeat.objects.get().gone_at == closed
    asyncio.run(books.keep(agent, HEALTH, []))
    with shop.tenant():
        assert AgentBeat.objects.get().gone_at is None
