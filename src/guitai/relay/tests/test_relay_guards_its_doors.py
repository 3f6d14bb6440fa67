"""Whoever may not: outsiders on every path, floods, dead and slow peers (agent-protocol.md §10)."""

import contextlib
import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from guitai.kernel import clock
from guitai.relay import door, guard, hub, links
from guitai.relay.books import Unavailable
from guitai.relay.guard import Bucket, Drawers, Gate, is_ours
from guitai.relay.tests.rig import KEY, ORIGIN, Rig, Visitor
from guitai.tenancy.errors import MerchantSuspended

BAD = (4401, "bad_ticket")


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.stop()


def refused(page):
    code, frames = page.closed()
    return code, frames[-1]["error"]["code"] if frames else ""


class TestTickets:
    """A page gets to exactly the agent of its ticket, once, from its own origin, in time."""

    @pytest.fixture
    def joined(self, rig):
        joined = rig.books.join()
        agent = rig.agent(joined)
        agent.read()
        return joined, agent

    @pytest.mark.parametrize(
        "changed",
        [
            {"key": b"x" * 32},
            {"issued": time.time() - 61},
            {"issued": time.time() + 600},
            {"origin": "http://127.0.0.1:8000"},
            {"origin": "https://evil.example"},
        ],
        ids=["forged", "expired", "of tomorrow", "another origin of ours", "a foreign origin"],
    )
    def test_refused(self, rig, joined, changed):
        page = rig.page(joined[0], **changed)
        assert refused(page) == BAD
        assert joined[1].silent()

    def test_once(self, rig, joined):
        ticket = rig.ticket(joined[0])
        first, second = rig.stranger(), rig.stranger()
        enter = {"v": 1, "id": "e", "type": "enter", "ticket": ticket}
        first.send(enter)
        joined[1].admit()
        assert first.read()["ok"]
        second.send(enter)
        assert refused(second) == BAD
        assert joined[1].silent()

    def test_none_of_before_the_relay_began(self, rig, joined):
        """Its predecessor may have taken it already; nobody remembers."""
        page = rig.page(joined[0], issued=time.time() - 30)
        assert refused(page) == BAD

    def test_another_merchants_agent_is_not_there(self, rig, joined):
        """The merchant and the agent of a ticket belong together, whatever else is connected."""
        other = rig.books.join()
        theirs = rig.agent(other)
        theirs.read()
        for crossed in ({"merchant": other.merchant}, {"agent": uuid4()}):
            page = rig.page(joined[0], **crossed)
            assert refused(page) == (4404, "agent_away")
        assert joined[1].silent() and theirs.silent()

    @pytest.mark.parametrize(
        "first",
        [
            "", "x", "[]", "{}", b"\x00", '{"v":1}', '{"v":1,"type":"enter","ticket":5}',
            '{"v":2,"type":"enter","ticket":"a.b"}', '{"v":1,"type":"hello","ticket":"a.b"}',
            '{"v":1,"type":"print.submit","id":"1"}', '{"v":1,"type":"enter","ticket":"a.b"}',
            "[" * 100_000,
        ],
    )  # fmt: skip
    def test_nothing_else_opens(self, rig, joined, first):
        page = rig.stranger()
        page.send(first)
        assert refused(page) == BAD
        assert joined[1].silent(0.1)

    def test_who_says_nothing_goes(self, rig, joined, monkeypatch):
        monkeypatch.setattr(door, "ENTER_SECONDS", 0.2)
        assert refused(rig.stranger()) == BAD

    def test_the_agent_is_away(self, rig):
        assert refused(rig.page(rig.books.join())) == (4404, "agent_away")

    def test_eight_pages(self, rig, joined):
        for _ in range(hub.MOST_PAGES):
            rig.page(joined[0])
            joined[1].admit()
        assert refused(rig.page(joined[0])) == (4429, "too_many_pages")


class TestDoors:
    @pytest.mark.parametrize(
        "origin",
        [None, "null", "https://evil.example", "http://localhost.evil.example",
         "http://evil@localhost:8000", "file://", "http://", "ftp://localhost", "x" * 3000],
    )  # fmt: skip
    def test_no_page_of_another_site(self, rig, origin):
        with pytest.raises(InvalidStatus) as refusal:
            rig.stranger(origin=origin)
        assert refusal.value.response.status_code == 403

    @pytest.mark.parametrize("token", [None, "x", "x.y", "{0}.wrong", "{0}."])
    def test_no_made_up_agent(self, rig, token):
        joined = rig.books.join()
        given = token and token.format(joined.merchant)
        with pytest.raises(InvalidStatus) as refusal:
            rig.open.enter_context(Visitor(rig, "/agent", token=given))
        assert refusal.value.response.status_code == 401

    def test_no_browser_as_an_agent(self, rig):
        joined = rig.books.join()
        with pytest.raises(InvalidStatus) as refusal:
            rig.agent(joined, origin=ORIGIN)
        assert refusal.value.response.status_code == 403

    @pytest.mark.parametrize(
        ("failure", "status"), [(MerchantSuspended(), 403), (Unavailable("gone"), 503)]
    )
    def test_the_books_say_no_or_nothing(self, rig, failure, status):
        joined = rig.books.join()
        rig.books.failure = failure
        with pytest.raises(InvalidStatus) as refusal:
            rig.agent(joined)
        assert refusal.value.response.status_code == status

    @pytest.mark.parametrize("path", ["/", "/agents", "/relay", "/page/", "/../agent"])
    def test_nothing_else_is_there(self, rig, path):
        with pytest.raises(InvalidStatus) as refusal:
            rig.open.enter_context(Visitor(rig, path, origin=ORIGIN))
        assert refusal.value.response.status_code == 404

    def test_the_proxy_may_keep_its_prefix(self, rig):
        joined = rig.books.join()
        agent = rig.open.enter_context(Visitor(rig, "/relay/agent", token=joined.token))
        assert agent.read()["type"] == "welcome"

    def test_strangers_are_counted(self, rig, monkeypatch):
        monkeypatch.setattr(door, "MOST_STRANGERS", 2)
        rig.stranger(), rig.stranger()
        time.sleep(0.1)
        with pytest.raises(InvalidStatus) as refusal:
            rig.stranger()
        assert refusal.value.response.status_code == 503

    def test_it_is_alive(self, rig):
        import urllib.request

        with urllib.request.urlopen(f"http://127.0.0.1:{rig.port}/healthz", timeout=5) as answer:
            assert answer.status == 200


class TestMerchantsNeverMeet:
    def test_an_agent_reaches_its_own_pages_only(self, rig):
        _, mine, page, name = rig.pair()
        _, theirs, other, _ = rig.pair()
        event = {"v": 1, "event": True, "type": "job.state"}
        theirs.send({"peer": name, "message": event})
        theirs.send({"peer": name, "close": True})
        theirs.send({"peer": "p999", "message": event})
        assert page.silent() and other.silent()
        mine.send({"peer": name, "message": event})
        assert page.read() == event

    def test_a_page_cannot_name_another_peer(self, rig):
        _, mine, _, _ = rig.pair()
        _, theirs, other, name = rig.pair()
        mine_frames_before = mine.silent(0.1)
        other.send({"peer": "p1", "enter": {"id": "1"}, "v": 1, "id": "2", "type": "x"})
        frame = theirs.until(lambda f: "message" in f)
        assert frame["peer"] == name and set(frame) == {"peer", "message"}
        assert mine_frames_before and mine.silent(0.2)

    def test_events_before_the_page_left_do_not_reach_the_next(self, rig):
        joined, agent, page, name = rig.pair()
        page.socket.close()
        assert agent.until(lambda f: f.get("leave"))["peer"] == name
        rig.page(joined)
        assert agent.admit() != name


class TestAgents:
    def test_a_second_connection_replaces_the_first(self, rig):
        joined, first, page, _ = rig.pair()
        second = rig.agent(joined)
        assert second.read()["type"] == "welcome"
        assert first.closed()[0] == 4409
        assert page.closed()[0] == 4404
        rig.page(joined)
        second.admit()

    def test_its_pages_hear_that_it_went(self, rig):
        _, agent, page, _ = rig.pair()
        agent.socket.close()
        assert page.closed()[0] == 4404

    def test_a_beat_is_stored_and_the_time_told(self, rig):
        joined, agent, _, _ = rig.pair()
        agent.send({"v": 1, "type": "beat", "health": {"version": "0.1.0"}})
        told = agent.until(lambda f: f.get("type") == "time")
        assert abs(datetime.fromisoformat(told["time"]).timestamp() - time.time()) < 5
        assert rig.books.stored == [(joined.id, {"version": "0.1.0"})]

    def test_of_many_beats_the_newest_is_stored(self, rig):
        _, agent, _, _ = rig.pair()
        rig.books.slow = 0.5
        for number in range(50):
            agent.send({"v": 1, "type": "beat", "health": {"n": number}})
        stored = rig.books.stored
        while not stored or stored[-1][1] != {"n": 49}:
            agent.until(lambda f: f.get("type") == "time")
        assert len(stored) < 10

    def test_a_removed_one_has_to_go(self, rig):
        joined, agent, page, _ = rig.pair()
        del rig.books.known[joined.token]
        agent.send({"v": 1, "type": "beat", "health": {}})
        assert agent.closed()[0] == 4403
        assert page.closed()[0] == 4404

    def test_also_when_it_never_says_a_word(self, rig, monkeypatch):
        monkeypatch.setattr(door, "LOOK_SECONDS", 0.1)
        joined = rig.books.join()
        agent = rig.agent(joined)
        del rig.books.known[joined.token]
        assert agent.closed()[0] == 4403

    def test_a_page_whose_device_was_unlocked_has_to_go(self, rig):
        joined, agent, page, name = rig.pair()
        stolen = uuid4()
        other = rig.page(joined, binding=stolen)
        agent.admit()
        assert other.read()["ok"]
        rig.books.unlocked.add(stolen)
        agent.send({"v": 1, "type": "beat", "health": {}})
        assert other.closed()[0] == 4403
        agent.send({"peer": name, "message": {"v": 1, "event": True, "type": "x"}})
        assert page.read()["type"] == "x"

    def test_a_beat_that_cannot_be_stored_ends_nothing(self, rig):
        _, agent, page, name = rig.pair()
        rig.books.failure = Unavailable("gone")
        agent.send({"v": 1, "type": "beat", "health": {}})
        page.send({"v": 1, "id": "1", "type": "x"})
        assert agent.until(lambda f: "message" in f)["peer"] == name
        time.sleep(0.2)
        rig.books.failure = None
        agent.send({"v": 1, "type": "beat", "health": {"late": 1}})
        agent.until(lambda f: f.get("type") == "time")
        assert [health for _, health in rig.books.stored] == [{"late": 1}]

    @pytest.mark.parametrize("frame", ["", "x", "[]", '{"peer":5}', b"\xff", '{"type":[]}'])
    def test_nonsense_of_an_agent_is_left_out(self, rig, frame):
        _, agent, page, name = rig.pair()
        agent.send(frame)
        agent.send({"peer": name, "message": {"v": 1, "event": True, "type": "x"}})
        assert page.read()["type"] == "x"


class TestTooMuch:
    def test_a_message_may_be_so_large_and_no_larger(self, rig):
        _, agent, page, _ = rig.pair()
        fits = {"v": 1, "id": "1", "type": "x", "pad": ""}
        fits["pad"] = "x" * (links.LARGEST_MESSAGE - len(json.dumps(fits)))
        page.send(fits)
        assert agent.until(lambda f: "message" in f)["message"] == fits
        page.send({**fits, "pad": fits["pad"] + "x"})
        assert page.closed()[0] == 1009

    def test_a_flood_is_answered_and_then_ended(self, rig):
        _, _, page, _ = rig.pair(max_queue=None)
        with contextlib.suppress(ConnectionClosed):
            for number in range(2000):
                page.send({"v": 1, "id": str(number), "type": "x"})
        code, frames = page.closed()
        assert code == 1008
        assert {frame["error"]["code"] for frame in frames} == {"rate_limited"}
        assert int(frames[0]["id"]) >= 99

    @pytest.mark.parametrize(
        "raw", ["x", "[]", '"text"', "1", "NaN", '{"a":NaN}', b"{}", "[" * 9999]
    )
    def test_what_is_no_message_goes_no_further(self, rig, raw):
        _, agent, page, _ = rig.pair()
        page.send(raw)
        assert page.read()["error"]["code"] == "malformed"
        assert agent.silent(0.1)

    def test_an_agent_that_does_not_read_makes_its_pages_wait_and_no_others(self, rig, monkeypatch):
        monkeypatch.setattr(links, "MOST_BYTES", 400_000)
        joined = rig.books.join()
        stuck = rig.agent(joined, max_queue=1)
        page = rig.page(joined)
        name = stuck.admit()
        _, good, other, good_name = rig.pair()
        del name
        answers = []
        for number in range(60):
            page.send({"v": 1, "id": str(number), "type": "x", "pad": "x" * 200_000})
        end = time.monotonic() + 10
        while "agent_busy" not in answers and time.monotonic() < end:
            answers.append(page.read().get("error", {}).get("code"))
        assert "agent_busy" in answers
        other.send({"v": 1, "id": "1", "type": "x"})
        began = time.monotonic()
        assert good.until(lambda f: "message" in f)["peer"] == good_name
        assert time.monotonic() - began < 1

    def test_a_page_that_does_not_read_is_let_go(self, rig, monkeypatch):
        monkeypatch.setattr(links, "MOST_BYTES", 400_000)
        _, agent, page, name = rig.pair()
        event = {"v": 1, "event": True, "type": "x", "pad": "x" * 100_000}
        for _ in range(400):
            agent.send({"peer": name, "message": event})
        assert agent.until(lambda f: f.get("leave"), 20)["peer"] == name
        del page


def test_a_dead_peer_is_noticed(rig):
    """Its pings stay unanswered; 15 s and 15 s in the shop, shorter here."""
    assert door.PING_SECONDS * 2 <= 45
    _, agent, page, _ = rig.pair()

    async def hurry():
        for connection in rig.relay._server.connections:
            connection.ping_interval = connection.ping_timeout = 0.1
            connection.keepalive_task.cancel()
            connection.start_keepalive()

    agent.socket.protocol.receive_data = lambda data: None  # it reads, and answers nothing
    rig.run(hurry())
    assert page.closed()[0] == 4404


class TestRules:
    def test_bucket(self):
        now = [0.0]
        bucket = Bucket(2, 1, lambda: now[0])
        assert [bucket.take() for _ in range(3)] == [True, True, False]
        now[0] = 1.0
        assert [bucket.take(), bucket.take()] == [True, False]
        for _ in range(guard.MOST_REFUSALS):
            bucket.take()
        assert bucket.flooded

    @pytest.mark.parametrize(
        ("origin", "ours"),
        [("http://localhost:8000", True), ("http://127.0.0.1", True), ("http://[::1]:80", True),
         ("https://shop.example", True), ("https://shop.example:444", False), ("", False),
         ("http://localhost/x", False), ("javascript:alert(1)", False)],
    )  # fmt: skip
    def test_origins(self, settings, origin, ours):
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
        settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example"]
        assert is_ours(origin) is ours

    def test_used_tickets_are_forgotten_when_they_are_worthless(self, rig):
        now = [1000.0]
        gate = Gate(KEY, lambda: now[0])
        gate._once._began -= 10_000
        joined = rig.books.join()
        for moment in range(1000, 1600):
            now[0] = float(moment)
            gate.admit(rig.ticket(joined, issued=now[0]), ORIGIN)
        assert len(gate._once._used) <= 61

    def test_a_drawer_opens_once_for_each_reason_while_it_is_fresh(self):
        now = clock.now().timestamp() + 1000
        drawers = Drawers()
        drawers._once._began -= 10_000

        def ago(seconds):
            return datetime.fromtimestamp(now - seconds, UTC)

        first, second = {uuid4(): ago(30)}, {uuid4(): ago(20)}
        assert [drawers.may_open(first | second, now) for _ in range(3)] == [True, True, False]
        # The older one went first; at its end it is over, and not fresh again for being forgotten.
        assert not drawers.may_open(first, now + 30)
        assert not drawers.may_open({uuid4(): ago(60)}, now)
        assert not drawers.may_open({}, now)


CHOOSING = [
    {"type": "device.select", "device_id": "usb:0d3a:0400:A1"},
    {"type": "scanner.select", "device_id": ""},
    {"type": "diag.fix", "name": "use"},
]
USING = [
    {"type": "device.list"},
    {"type": "device.reset"},
    {"type": "diag.fix", "name": "redetect"},
    {"type": "print.submit", "name": "use"},
    {"type": ["device.select"]},
]


class TestOtherRegisters:
    """What is plugged in at a register is chosen there, or by who may set registers up."""

    @pytest.mark.parametrize("asked", CHOOSING)
    def test_a_guest_chooses_nothing(self, rig, asked):
        guest = uuid4()
        rig.books.guests.add(guest)
        _, agent, page, _ = rig.pair(ticket={"binding": guest})
        page.send({"v": 1, "id": "7", **asked})
        refusal = page.read()
        assert (refusal["id"], refusal["type"], refusal["ok"]) == ("7", asked["type"], False)
        assert refusal["error"]["code"] == "other_register"
        assert "店長" in refusal["error"]["message"]
        assert agent.silent()

    @pytest.mark.parametrize("asked", USING, ids=lambda asked: str(asked["type"]))
    def test_a_guest_uses_everything(self, rig, asked):
        guest = uuid4()
        rig.books.guests.add(guest)
        _, agent, page, name = rig.pair(ticket={"binding": guest})
        page.send({"v": 1, "id": "7", **asked})
        passed = agent.until(lambda f: "message" in f)
        assert passed == {"peer": name, "message": {"v": 1, "id": "7", **asked}}

    def test_people_change_while_the_line_stands(self, rig):
        here = uuid4()
        _, agent, page, _ = rig.pair(ticket={"binding": here})
        page.send({"v": 1, "id": "1", **CHOOSING[0]})
        assert agent.until(lambda f: "message" in f)["message"]["id"] == "1"
        rig.books.guests.add(here)
        page.send({"v": 1, "id": "2", **CHOOSING[0]})
        assert page.read()["error"]["code"] == "other_register"

    def test_without_the_books_nobody_chooses(self, rig):
        _, agent, page, _ = rig.pair()
        rig.books.failure = Unavailable("gone")
        page.send({"v": 1, "id": "7", **CHOOSING[0]})
        assert page.read()["error"]["code"] == "unconfirmed"
        assert agent.silent()


class TestDrawers:
    """For a cash sale or a written reason, once each (agent-protocol.md §10.1)."""

    @pytest.fixture
    def here(self):
        return uuid4()

    @pytest.fixture
    def counter(self, rig, here):
        return rig.pair(ticket={"binding": here})

    def opened(self, agent, page, **more):
        page.send({"v": 1, "id": "7", "type": "drawer.open", **more})
        return agent.until(lambda f: "message" in f)["message"] == {
            "v": 1, "id": "7", "type": "drawer.open", **more
        }  # fmt: skip

    def refusal(self, agent, page, **more):
        page.send({"v": 1, "id": "8", "type": "drawer.open", **more})
        said = page.read()
        assert (said["id"], said["type"], said["ok"]) == ("8", "drawer.open", False)
        assert agent.silent(0.1)
        return said["error"]

    @pytest.mark.parametrize("asked", [{}, {"drawer": 2}, {"reason": "換零錢"}, {"drawer": None}])
    def test_not_for_the_asking(self, counter, asked):
        _, agent, page, _ = counter
        refusal = self.refusal(agent, page, **asked)
        assert refusal["code"] == "drawer_not_granted"
        assert "設備" in refusal["message"] and "原因" in refusal["message"]

    def test_each_reason_opens_once(self, rig, counter, here):
        _, agent, page, _ = counter
        rig.books.written(here)
        assert self.opened(agent, page)
        assert self.refusal(agent, page)["code"] == "drawer_not_granted"
        rig.books.written(here)
        rig.books.written(here)
        assert self.opened(agent, page) and self.opened(agent, page, drawer=2)
        assert self.refusal(agent, page)["code"] == "drawer_not_granted"

    def test_not_once_more_over_another_line_or_another_agent(self, rig, counter, here):
        joined, agent, page, _ = counter
        rig.books.written(here)
        assert self.opened(agent, page)
        again = rig.page(joined, binding=here)
        agent.admit()
        assert again.read()["ok"]
        assert self.refusal(agent, again)["code"] == "drawer_not_granted"
        _, elsewhere, there, _ = rig.pair(ticket={"binding": here})
        assert self.refusal(elsewhere, there)["code"] == "drawer_not_granted"

    def test_not_for_the_reason_of_another_device(self, rig, counter):
        _, agent, page, _ = counter
        rig.books.written(uuid4())
        assert self.refusal(agent, page)["code"] == "drawer_not_granted"

    def test_none_of_before_the_relay_began(self, rig, counter, here):
        """Its predecessor may have opened for it already; nobody remembers."""
        _, agent, page, _ = counter
        rig.books.written(here, clock.now() - timedelta(seconds=50))
        assert self.refusal(agent, page)["code"] == "drawer_not_granted"

    def test_not_without_the_books(self, rig, counter, here):
        _, agent, page, _ = counter
        rig.books.written(here)
        rig.books.failure = Unavailable("gone")
        assert self.refusal(agent, page)["code"] == "unconfirmed"
        rig.books.failure = None
        assert self.opened(agent, page)
