"""The agent's way to its server, against a relay and a server of the test's own (§10.2, §10.3)."""

import asyncio
import errno
import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from websockets.sync.server import serve

from guitai_agent import datadir
from guitai_agent.app import Agent, Options
from guitai_agent.errors import AgentError
from guitai_agent.journal import digest
from guitai_agent.service import outbound
from guitai_agent.service.handler import Peer
from guitai_agent.service.joining import (
    Membership,
    MembershipFile,
    checked_relay,
    checked_server,
    is_near,
)
from guitai_agent.tests.rig import QUICK, until
from guitai_agent.tests.slips import proof
from twinvoice import paper


class FakeServer:
    """Both halves of a server: HTTP for joining, a WebSocket that the test speaks by hand."""

    def __init__(self):
        self.answer, self.asked, self.status = {}, [], 101
        self.on_join = lambda: None
        self.lines: queue.Queue = queue.Queue()
        self._relay = serve(self._line, "127.0.0.1", 0, process_request=self._at_the_door)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        for server in (self._relay, self._http):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def relay_url(self):
        return f"ws://127.0.0.1:{self._relay.socket.getsockname()[1]}/agent"

    def joined(self, **more):
        told = {"register": {"name": "收銀1"}, "store": {"name": "重慶店"}}
        self.answer = {"token": "m.secret-1", **told, "relay_url": self.relay_url, **more}

    def line(self, seconds=10):
        """The next connection of the agent, greeted."""
        socket = self.lines.get(timeout=seconds)
        told = {"v": 1, "type": "welcome", "time": "2026-11-21T10:00:00+00:00"}
        socket.send(json.dumps(told))
        return Line(socket)

    def stop(self):
        self._relay.shutdown()
        self._http.shutdown()
        self._http.server_close()

    def _at_the_door(self, connection, request):
        self.asked.append(("socket", request.headers.get("Authorization"), None))
        return None if self.status == 101 else connection.respond(self.status, "no")

    def _line(self, socket):
        self.lines.put(socket)
        self.hold(socket)

    @staticmethod
    def hold(socket):
        while socket.state.name == "OPEN":
            time.sleep(0.02)

    def _door(fake):
        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.asked.append((self.path, self.headers.get("Authorization"), json.loads(body)))
                if self.path.endswith("/join"):
                    fake.on_join()
                status = 422 if "error" in fake.answer else fake.answer.get("status", 200)
                self.send_response(status)
                for name, value in fake.answer.get("headers", {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(fake.answer).encode())

            def log_message(self, *args):
                """Quiet."""

        return Door


class Line:
    """The relay's end of one connection."""

    def __init__(self, socket):
        self.socket = socket

    def send(self, frame):
        self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    def until(self, wanted, seconds=8):
        end = time.monotonic() + seconds
        while True:
            frame = json.loads(self.socket.recv(timeout=max(end - time.monotonic(), 0.01)))
            if wanted(frame):
                return frame

    def enter(self, name="p1", origin=""):
        self.send({"peer": name, "enter": {"id": "e1", "origin": origin}})
        return self.reply(name, "e1")

    def ask(self, kind, name="p1", **fields):
        self.send({"peer": name, "message": {"v": 1, "id": kind, "type": kind, **fields}})
        return self.reply(name, kind)

    def reply(self, name, message_id):
        wanted = self.until(
            lambda f: f.get("peer") == name and f.get("message", {}).get("id") == message_id
        )
        return wanted["message"]


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def agent(tmp_path, monkeypatch):
    monkeypatch.setattr(outbound, "FIRST_PAUSE", 0.1)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    options = Options(tmp_path, "virtual", ports=(0,), timings=QUICK, finder=list)
    running = Agent(options)
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(20)
    until(lambda: running.worker.report.online)
    yield running
    asyncio.run_coroutine_threadsafe(running.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)


def owner():
    return Peer("http://127.0.0.1:1", lambda news: None, owner_origin=True, role="owner")


def ask(agent, kind, peer=None, **fields):
    request = json.dumps({"v": 1, "id": "1", "type": kind, **fields})
    return agent.handler.handle(peer or owner(), request)


def join(agent, server, **more):
    return ask(agent, "agent.join", server=server.url, code="ABCD2345", **more)


@pytest.fixture
def line(agent, server):
    server.joined()
    assert join(agent, server)["ok"]
    return server.line()


def state(agent):
    return ask(agent, "agent.server")["server"]["state"]


class TestJoining:
    def test_the_token_is_kept_for_its_owner_only(self, agent, server, tmp_path):
        server.joined()
        told = join(agent, server, name="PC-1")
        assert told["server"]["store"] == "重慶店"
        path, _, body = server.asked[0]
        assert path == "/api/agent/join"
        assert (body["code"], body["name"]) == ("ABCD2345", "PC-1")
        assert body["agent_id"] == agent.desk.agent_id
        assert (tmp_path / "relay.json").stat().st_mode & 0o777 == 0o600
        assert MembershipFile(tmp_path).now.token == "m.secret-1"
        server.line()
        until(lambda: state(agent) == "connected")
        assert server.asked[-1][:2] == ("socket", "Bearer m.secret-1")

    def test_the_server_says_no_in_its_own_words(self, agent, server):
        server.answer = {"error": {"code": "AGENT-CODE", "message": "連線碼不正確。"}}
        error = join(agent, server)["error"]
        assert error["code"] == "server_refused"
        assert error["params"] == {"reason": "AGENT-CODE", "message": "連線碼不正確。"}
        assert state(agent) == "none"

    @pytest.mark.parametrize(
        "more",
        [{"token": 5}, {"register": None}, {"relay_url": ""}, {"relay_url": "https://x"},
         {"relay_url": "ws://u@127.0.0.1/agent"}, {"relay_url": "ws://[::1"}, {"store": []}],
    )  # fmt: skip
    def test_nonsense_of_a_server_is_refused(self, agent, server, more):
        server.joined(**more)
        assert join(agent, server)["error"]["code"] == "server_refused"
        assert agent.outbound.state()["state"] == "none"

    def test_a_redirect_is_not_followed(self, agent, server):
        server.answer = {"status": 307, "headers": {"Location": f"{server.url}/elsewhere"}}
        assert join(agent, server)["error"]["params"]["reason"] == "HTTP 307"
        assert [path for path, *_ in server.asked] == ["/api/agent/join"]

    def test_nobody_there(self, agent):
        refused = ask(agent, "agent.join", server="http://127.0.0.1:1", code="ABCD2345")
        assert refused["error"]["code"] == "server_unreachable"

    def test_plain_http_beyond_the_house_needs_a_word(self, agent):
        refused = ask(agent, "agent.join", server="http://shop.example", code="ABCD2345")
        assert refused["error"]["code"] == "insecure_server"

    def test_a_page_brings_its_own_server_only(self, agent, server):
        server.joined()
        agent.pairing.preset("t" * 40, server.url)
        page = Peer(server.url, lambda news: None)
        assert ask(agent, "auth", page, token="t" * 40)["ok"]
        other = ask(agent, "agent.join", page, server="http://127.0.0.1:9", code="ABCD2345")
        assert other["error"]["code"] == "not_allowed"
        by_word = ask(agent, "agent.join", page, server=server.url, code="X", insecure=True)
        assert by_word["error"]["code"] == "not_allowed"
        assert ask(agent, "agent.leave", page)["error"]["code"] == "not_allowed"
        assert ask(agent, "agent.join", page, server=server.url, code="ABCD2345")["ok"]

    def test_a_page_never_moves_the_agent_elsewhere(self, agent, server):
        server.joined()
        join(agent, server)
        origin = "http://127.0.0.1:9"
        agent.pairing.preset("t" * 40, origin)
        page = Peer(origin, lambda news: None)
        ask(agent, "auth", page, token="t" * 40)
        refused = ask(agent, "agent.join", page, server=origin, code="ABCD2345")
        assert refused["error"]["code"] == "joined_elsewhere"

    def test_leaving_tells_the_server_and_forgets(self, agent, server, line, tmp_path):
        assert ask(agent, "agent.leave")["ok"]
        until(lambda: state(agent) == "none")
        assert server.asked[-1][:2] == ("/api/agent/leave", "Bearer m.secret-1")
        assert not (tmp_path / "relay.json").exists()
        assert ask(agent, "agent.leave")["error"]["code"] == "not_joined"


class TestJoiningWithoutRoom:
    """A code and a working connection are spent only for what can be kept."""

    def test_a_full_disk_is_found_before_the_server_is_asked(
        self, agent, server, line, tmp_path, monkeypatch
    ):
        until(lambda: state(agent) == "connected")
        before = (tmp_path / "relay.json").read_text()
        asked = list(server.asked)
        with monkeypatch.context() as disk:
            disk.setattr(datadir.os, "fsync", no_room)
            refused = join(agent, server)["error"]
        assert (refused["code"], "磁碟空間不足" in refused["message"]) == ("disk_full", True)
        assert server.asked == asked and state(agent) == "connected"
        assert (tmp_path / "relay.json").read_text() == before
        assert line.enter()["ok"]  # the line is up as it was
        server.joined(token="m.secret-2")
        assert join(agent, server)["ok"]
        server.line()
        assert sorted(path.name for path in tmp_path.glob(".relay*")) == []

    def test_what_was_granted_and_cannot_be_kept_is_given_back(self, agent, server, monkeypatch):
        server.joined()
        server.on_join = lambda: monkeypatch.setattr(datadir.os, "fsync", no_room)
        refused = join(agent, server)["error"]
        assert refused["code"] == "join_not_kept"
        assert "新的連線碼" in refused["message"] and "再試一次" not in refused["message"]
        assert server.asked[-1][:2] == ("/api/agent/leave", "Bearer m.secret-1")
        assert state(agent) == "none"

    def test_what_was_granted_with_nonsense_is_given_back_too(self, agent, server):
        server.joined(relay_url="https://x")
        assert join(agent, server)["error"]["code"] == "server_refused"
        assert server.asked[-1][:2] == ("/api/agent/leave", "Bearer m.secret-1")

    def test_a_refusal_leaves_no_trace_on_the_disk(self, agent, server, tmp_path):
        server.answer = {"error": {"code": "AGENT-CODE", "message": "連線碼不正確。"}}
        assert not join(agent, server)["ok"]
        assert list(tmp_path.glob("*relay*")) == []

    def test_a_long_answer_fits_into_the_room_that_was_tried(self, agent, server):
        server.joined(token="m." + "s" * 5_000)
        assert join(agent, server)["error"]["code"] == "server_refused"


def no_room(descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")


class TestPages:
    def test_enter_is_answered_like_auth(self, agent, line):
        told = line.enter()
        assert told["ok"] and told["type"] == "enter"
        assert told["agent_id"] == agent.desk.agent_id
        assert {"version", "time", "printer", "jobs"} <= set(told)

    def test_it_prints_and_hears_of_it(self, agent, server, line):
        doc = list(paper.to_json(proof()))
        line.enter(origin=server.url)
        job = {"job_id": "relay-job-1", "doc": doc, "sha256": digest(doc), "copy": "original"}
        assert line.ask("print.submit", **job)["ok"]
        line.until(lambda f: f.get("message", {}).get("job", {}).get("state") == "done")
        # The same job over loopback is a replay: the page's origin is the server's.
        agent.pairing.preset("t" * 40, server.url)
        page = Peer(server.url, lambda news: None)
        ask(agent, "auth", page, token="t" * 40)
        assert ask(agent, "print.submit", page, **job)["replay"] is True

    def test_an_origin_that_is_not_the_servers_sees_nothing_of_loopback(self, agent, line):
        doc = list(paper.to_json(proof()))
        agent.pairing.preset("t" * 40, "https://bank.example")
        page = Peer("https://bank.example", lambda news: None)
        ask(agent, "auth", page, token="t" * 40)
        job = {"job_id": "their-job-1", "doc": doc, "sha256": digest(doc), "copy": "original"}
        ask(agent, "print.submit", page, **job)
        line.enter(origin="https://bank.example")
        assert line.ask("print.get", job_id="their-job-1")["error"]["code"] == "unknown_job"
        assert line.ask("print.list")["jobs"] == []

    @pytest.mark.parametrize("kind", ["pair", "auth", "pairing.open", "agent.leave", "agent.join"])
    def test_no_page_from_afar_does_what_is_the_owners(self, agent, line, kind):
        line.enter()
        fields = {"code": "123456", "token": "x", "server": "http://127.0.0.1:1"}
        assert line.ask(kind, **fields)["error"]["code"] == "not_allowed"

    def test_a_slow_page_holds_up_no_other(self, agent, line, monkeypatch):
        slow = threading.Event()
        agent.handler.learn({"test.slow": lambda peer, message: (slow.wait(5), {})[1]})
        line.enter("p1")
        line.enter("p2")
        line.send({"peer": "p1", "message": {"v": 1, "id": "s", "type": "test.slow"}})
        began = time.monotonic()
        assert line.ask("printer.get", "p2")["ok"]
        assert time.monotonic() - began < 2
        slow.set()
        assert line.reply("p1", "s")["ok"]

    def test_a_flood_ends_the_page_and_not_the_line(self, agent, line):
        line.enter("p1")
        line.enter("p2")
        for number in range(700):
            line.send({"peer": "p1", "message": {"v": 1, "id": str(number), "type": "hello"}})
        line.until(lambda f: f.get("peer") == "p1" and f.get("close"), 20)
        assert line.ask("printer.get", "p2")["ok"]

    def test_a_reply_that_is_too_large_ends_nothing(self, agent, line):
        agent.handler.learn({"test.large": lambda peer, message: {"pad": "店" * 100_000}})
        line.enter()
        assert line.ask("test.large")["error"]["code"] == "too_large"
        assert line.ask("printer.get")["ok"]

    def test_who_left_is_forgotten(self, agent, line):
        line.enter("p1")
        before = len(agent.handler._peers)
        line.send({"peer": "p1", "leave": True})
        until(lambda: len(agent.handler._peers) == before - 1)
        line.send({"peer": "p1", "message": {"v": 1, "id": "1", "type": "hello"}})
        assert line.enter("p2")["ok"]

    @pytest.mark.parametrize(
        "frame", ["", "[]", "x", b"\x00", '{"peer":5}', '{"type":5}', '{"type":"time"}',
                  '{"peer":"p1","enter":5}', '{"peer":"zz","message":{}}',
                  '{"type":"time","time":"x"}'],
    )  # fmt: skip
    def test_nonsense_of_the_relay_is_left_out(self, agent, line, frame):
        line.send(frame)
        assert line.enter("p9")["ok"]

    def test_the_relays_time_is_the_servers(self, agent, line):
        line.send({"v": 1, "type": "time", "time": "2031-01-01T00:00:00+00:00"})
        until(lambda: agent.desk.doctor.health()["clock"]["source"] == "server")

    def test_beats_at_once_and_at_every_change(self, agent, line):
        beat = line.until(lambda f: f.get("type") == "beat")["health"]
        assert beat["agent_id"] == agent.desk.agent_id and beat["hops"]
        agent.virtual.set_fault("paper_end", True)
        agent.worker.wake()
        line.until(
            lambda f: (
                f.get("type") == "beat"
                and any(hop["code"] == "PAPER_END" for hop in f["health"]["hops"])
            )
        )


class TestForEver:
    def test_it_comes_back(self, agent, server, line):
        line.socket.close()
        assert server.line().enter()["ok"]

    def test_pages_are_let_go_with_the_line(self, agent, server, line):
        line.enter("p1")
        line.enter("p2")
        held = len(agent.handler._peers)
        line.socket.close()
        server.line()
        until(lambda: len(agent.handler._peers) == held - 2)

    def test_a_removed_agent_stops_and_says_so(self, agent, server, line, tmp_path):
        server.status = 401
        line.socket.close()
        until(lambda: state(agent) == "refused")
        knocked = len(server.asked)
        assert MembershipFile(tmp_path).now.refused
        assert agent.desk.doctor.health()["server"]["state"] == "refused"
        assert "移除" in agent.desk.doctor.health()["server"]["message"]
        time.sleep(0.5)
        assert len(server.asked) == knocked
        server.status = 101
        server.joined(token="m.secret-2")
        assert join(agent, server)["ok"]
        server.line()
        until(lambda: state(agent) == "connected")

    @pytest.mark.parametrize("status", [403, 500, 503])
    def test_any_other_answer_is_tried_again(self, agent, server, line, status):
        server.status = status
        line.socket.close()
        until(lambda: state(agent) == "away")
        server.status = 101
        server.line()
        until(lambda: state(agent) == "connected")

    def test_loopback_prints_while_the_server_is_away(self, agent, server, line):
        server.status = 503
        line.socket.close()
        until(lambda: state(agent) == "away")
        doc = list(paper.to_json(proof()))
        agent.pairing.preset("t" * 40, server.url)
        page = Peer(server.url, lambda news: None)
        ask(agent, "auth", page, token="t" * 40)
        job = {"job_id": "alone-job-1", "doc": doc, "sha256": digest(doc), "copy": "original"}
        assert ask(agent, "print.submit", page, **job)["ok"]
        until(lambda: ask(agent, "print.get", page, job_id="alone-job-1")["job"]["state"] == "done")


class TestRules:
    @pytest.mark.parametrize(
        ("host", "near"),
        [("localhost", True), ("127.0.0.1", True), ("::1", True), ("[::1]", True),
         ("192.168.1.9", True), ("10.1.2.3", True), ("8.8.8.8", False), ("shop.local", False),
         ("localhost.evil.example", False), ("0.0.0.0", False), ("", False)],
    )  # fmt: skip
    def test_near(self, host, near):
        assert is_near(host) is near

    def test_a_relay_is_never_weaker_than_its_server(self):
        tls = checked_server("https://shop.example", insecure=False)
        assert checked_relay("wss://shop.example/relay/agent", tls, insecure=False)
        with pytest.raises(AgentError, match="insecure_server"):
            checked_relay("ws://shop.example/agent", tls, insecure=False)
        with pytest.raises(AgentError, match="insecure_server"):
            checked_relay("ws://127.0.0.1/agent", tls, insecure=False)
        plain = checked_server("http://127.0.0.1:8000", insecure=False)
        with pytest.raises(AgentError, match="insecure_server"):
            checked_relay("ws://8.8.8.8/agent", plain, insecure=False)
        open_air = checked_server("http://shop.example", insecure=True)
        assert checked_relay("ws://shop.example:8001/agent", open_air, insecure=True)

    def test_a_newer_token_is_not_marked_for_an_older_one(self, tmp_path):
        file = MembershipFile(tmp_path)
        file.keep(Membership("https://shop.example", "wss://x", "new", "r", "s"))
        file.mark_refused("old")
        assert not file.now.refused
