"""Hostile pages and programs against a real agent process (printing.md §3; agent-protocol.md §2).

Whatever they do is refused and written down without secrets; the agent stays up, and afterwards a
paired page prints within a second.
"""

import contextlib
import json
import secrets
import socket
import struct
import threading
import time
import zlib

import pytest
from websockets.exceptions import ConnectionClosed

from tests.hostile import rawsocket
from tests.hostile.attacked import OTHER, SHOP, Agent, forged
from tests.hostile.rawsocket import CONTINUED, PING, TEXT, RawWebSocket, frame

EVIL = "https://evil.example"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    agent = Agent(tmp_path_factory.mktemp("agent"))
    agent.seconds_to_print()  # once, so that fonts are loaded
    yield agent
    agent.end()


@pytest.fixture
def agent(running):
    """Afterwards it lives, prints within a second, and has written no secret down."""
    yield running
    assert running.process.poll() is None
    assert min(running.seconds_to_print() for _ in range(3)) < 1.0
    owner_token = json.loads((running.folder / "run.json").read_text())["token"]
    for secret in (running.token, owner_token, "隨機碼"):
        assert secret not in running.log
    for code in running.codes:
        assert code not in running.log.replace(":", "").replace(",", "").split()


@pytest.fixture
def since(agent):
    return len(agent.log)


# -- Host, target, Origin -----------------------------------------------------------------------

REBOUND = [
    "evil.example", "evil.example:{port}", "127.0.0.1.nip.io:{port}", "127.0.0.1.nip.io",
    "127.0.0.1", "localhost", "[::1]", "127.0.0.1:1", "127.0.0.1:{port}0", "127.0.0.1:0{port}",
    "127.0.0.1:{port}.evil.example", "127.0.0.1:{port}@evil.example", "u@127.0.0.1:{port}",
    "127.1:{port}", "2130706433:{port}", "0x7f000001:{port}", "127.0.0.2:{port}",
    "0.0.0.0:{port}", "localhost.:{port}", "localhost.evil.example:{port}", "::1:{port}",
    "[::ffff:127.0.0.1]:{port}", "[0:0:0:0:0:0:0:1]:{port}", "[::1%25lo]:{port}",
    "127.0.0.1:{port},x",
]  # fmt: skip


@pytest.mark.parametrize("name", REBOUND)
def test_a_rebound_name_gets_nothing(agent, since, name):
    host = name.format(port=agent.port)
    for target, upgrade in (("/hello", False), ("/", False), ("/v1", True)):
        asked = rawsocket.request(target, host=host, origin=SHOP, upgrade=upgrade)
        status, answer = rawsocket.ask(agent.port, asked)
        assert (status, b"guitai-agent" in answer, b"token" in answer) == (403, False, False)
    agent.logged(f"refused host to {host!r}", since)


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}",
                                  "[::1]:{port}"])  # fmt: skip
def test_its_own_names_are_answered(agent, name):
    host = name.format(port=agent.port)
    assert rawsocket.ask(agent.port, rawsocket.request("/hello", host=host))[0] == 200
    asked = rawsocket.request("/v1", host=host, origin=SHOP, upgrade=True)
    assert rawsocket.ask(agent.port, asked)[0] == 101


def test_a_doubled_or_missing_host_gets_nothing(agent, since):
    good = agent.host
    for hosts in ([good, "evil.example"], ["evil.example", good], [good, good], None):
        status, answer = rawsocket.ask(agent.port, rawsocket.request("/hello", host=hosts))
        assert status in (0, 400, 403)
        assert b"guitai-agent" not in answer
    agent.logged("refused host to ", since)


@pytest.mark.parametrize("target", [
    "http://evil.example/hello", "http://{host}/hello", "http://{host}/v1", "*",
    "evil.example:80", "//evil/hello", "/hello/../v1", "/%76%31", "/v1/", "/../../etc/passwd",
])  # fmt: skip
def test_odd_targets_get_nothing(agent, since, target):
    asked = rawsocket.request(target.format(host=agent.host), host=agent.host, origin=SHOP)
    status, answer = rawsocket.ask(agent.port, asked)
    assert status in (400, 404)
    assert b"guitai-agent" not in answer
    assert b"root:" not in answer
    if not target.startswith("/"):
        agent.logged("refused target to ", since)


FOREIGN = [
    None, "null", "", "file://", "HTTPS://SHOP.EXAMPLE", "https://Shop.example", f"{SHOP}/",
    f"{SHOP} {EVIL}", f"{EVIL}, {SHOP}", "https://u:p@shop.example", "chrome-extension://abcdef",
    "ws://shop.example", "https://", "shop.example", "https://shop.example:999999",
    "https://shop。example", [SHOP, EVIL], [SHOP, SHOP],
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
def test_what_is_no_origin_does_not_get_in(agent, since, origin):
    asked = rawsocket.request("/v1", host=agent.host, origin=origin, upgrade=True)
    assert rawsocket.ask(agent.port, asked)[0] in (0, 400, 403)
    if isinstance(origin, str):  # the others are all told as 'null' or None, once and then counted
        agent.logged("refused origin to ", since)
    assert "refused origin to " in agent.log


LOOKALIKES = [
    EVIL, "http://127.0.0.1.evil.example", "http://127.0.0.1.evil.example:{port}",
    "http://localhost.evil.example:{port}", "http://127.0.0.1", "http://127.0.0.1:1",
    "https://127.0.0.1:{port}", "https://localhost:{port}", "http://127.0.0.2:{port}",
    "http://shop.example", "https://shop.example:8443", "https://shop.example:443",
    "https://shop.example.", "https://shop.example.evil.example", "https://evil-shop.example",
    "https://sub.shop.example", "https://shop-example",
]  # fmt: skip


@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_lookalike_with_a_stolen_token_stays_a_stranger(agent, since, name):
    origin = name.format(port=agent.port)
    owner_token = json.loads((agent.folder / "run.json").read_text())["token"]
    with contextlib.closing(agent.page(origin)) as page:
        assert page.ask("hello")["paired"] is False
        assert page.code("auth", token=agent.token) == "not_paired"
        assert page.code("auth", token=owner_token) == "not_paired"
        assert page.code("print.submit", **forged()) == "not_paired"
        assert page.code("pairing.open") == "not_paired"
    agent.logged(f"refused not_paired to {origin!r}", since)


def test_the_agents_own_origin_needs_its_own_token(agent, since):
    with contextlib.closing(agent.page(f"http://{agent.host}")) as page:
        assert page.code("auth", token=agent.token) == "bad_token"
        assert page.code("print.list") == "not_authenticated"
        assert page.code("pair", code="000000") == "not_allowed"
    agent.logged(f"refused bad_token to 'http://{agent.host}'", since)


def test_other_sites_may_not_read_the_agents_page(agent, since):
    for site in ("cross-site", "same-site"):
        extra = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: no-cors")
        asked = rawsocket.request("/", host=agent.host, origin=EVIL, extra=extra)
        status, answer = rawsocket.ask(agent.port, asked)
        assert (status, b"token" in answer) == (403, False)
    status, answer = rawsocket.ask(agent.port, rawsocket.request("/", host=agent.host))
    assert status == 200
    assert b"access-control-allow-origin" not in answer.lower()
    assert b"X-Frame-Options: DENY" in answer
    agent.logged(f"refused site to {EVIL!r}", since)


# -- forged jobs --------------------------------------------------------------------------------


def nested(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize("changes, code", [
    ({"sha256": "0" * 64}, "hash_mismatch"), ({"sha256": "A" * 64}, "malformed"),
    ({"sha256": None}, "malformed"), ({"sha256": 7}, "malformed"),
    ({"job_id": 12345678}, "malformed"), ({"job_id": None}, "malformed"),
    ({"job_id": ["0192-forged-1"]}, "malformed"), ({"job_id": {"a": 1}}, "malformed"),
    ({"job_id": True}, "malformed"), ({"job_id": "a" * 65}, "malformed"),
    ({"job_id": "' OR 1=1 --"}, "malformed"), ({"job_id": "0192-forged\n"}, "malformed"),
    ({"job_id": "０１９２０１９２"}, "malformed"), ({"copy": ["original"]}, "malformed"),
    ({"expires": 4102444800}, "malformed"), ({"expires": "9999-12-31T23:59:59+99:00"}, "malformed"),
    ({"expires": "0001-01-01T00:00:00+14:00"}, "expired"),
    ({"doc": {"0": "x"}}, "malformed"), ({"doc": nested(200)}, "bad_doc"),
])  # fmt: skip
def test_forged_jobs_are_refused(agent, since, changes, code):
    with contextlib.closing(agent.page()) as page:
        page.ask("auth", token=agent.token)
        job = forged(**{k: v for k, v in changes.items() if k == "doc"}) | changes
        assert page.code("print.submit", **job) == code
        assert page.code("print.get", job_id="0192-forged-1") == "unknown_job"
    agent.logged(f"refused {code} to {SHOP!r}", since)


def test_a_page_cannot_touch_another_pages_job(agent, since):
    mine = forged(f"0192-{secrets.token_hex(4)}")
    with contextlib.closing(agent.page()) as page, contextlib.closing(agent.page(OTHER)) as other:
        page.ask("auth", token=agent.token)
        other.ask("auth", token=agent.token)
        assert page.ask("print.submit", **mine)["ok"]
        page.wait_done(mine["job_id"])
        for kind, fields in (("print.get", {}), ("print.cancel", {}),
                             ("print.resolve", {"printed": "no"})):  # fmt: skip
            assert other.code(kind, job_id=mine["job_id"], **fields) == "unknown_job"
        assert other.code("print.submit", **mine) == "conflict"
        assert mine["job_id"] not in json.dumps(other.ask("print.list"))
        assert [event for event in other.events if event["type"] == "job.state"] == []
    agent.logged(f"refused unknown_job to {OTHER!r}", since)
    agent.logged(f"refused conflict to {OTHER!r}", since)


def test_a_token_is_worth_nothing_to_another_page(agent, since):
    """Paired by its own code, so that both have a token, and each tries the other's."""
    third = f"https://third{secrets.token_hex(3)}.example"
    with contextlib.closing(agent.page(third)) as page:
        token = page.ask("pair", code=agent.pair_code())["token"]
    with contextlib.closing(agent.page(third)) as page:
        assert page.code("auth", token=agent.token) == "bad_token"
        for wrong in (token[:-1], token + "A", token.swapcase(), "", 7, None, [token]):
            assert page.code("auth", token=wrong) in ("bad_token", "malformed", "rate_limited")
    with contextlib.closing(agent.page()) as page:
        assert page.code("auth", token=token) == "bad_token"
        assert page.code("print.list") == "not_authenticated"
    agent.logged(f"refused bad_token to {third!r}", since)
    agent.logged(f"refused bad_token to {SHOP!r}", since)
    assert token not in agent.log


@pytest.mark.parametrize("target", [
    "tcp:8.8.8.8:9100", "tcp:evil.example:9100", "tcp:[2606:4700::1]:9100", "serial:/dev/mem",
    "file:/etc/passwd", "usb:../x",
])  # fmt: skip
def test_a_paired_page_cannot_point_the_agent_elsewhere(agent, target):
    with contextlib.closing(agent.page()) as page:
        page.ask("auth", token=agent.token)
        assert page.ask("device.select", device_id=target)["ok"] is False
        for kind in ("pairing.open", "pairing.list", "virtual.fault", "diag.bundle"):
            assert page.code(kind, fault="paper_end", on=True) == "not_allowed"


# -- guessing the pairing code ------------------------------------------------------------------


def guess(agent, origin, codes, answers):
    page = agent.page(origin)
    with contextlib.suppress(ConnectionClosed), contextlib.closing(page):
        for code in codes:
            answers.append(page.ask("pair", code=code))


def test_five_guesses_whoever_makes_them(agent, since):
    code = agent.pair_code()
    wrong = [f"{(int(code) + n) % 1_000_000:06}" for n in range(1, 121)]
    answers, threads = [], []
    for n in range(12):  # from many sites at once, each as often as it may
        mine = wrong[n * 10 : n * 10 + 10]
        args = (agent, f"https://evil{n}.example", mine, answers)
        threads.append(threading.Thread(target=guess, args=args))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [answer["error"]["code"] for answer in answers]
    assert told.count("bad_code") == 5
    assert set(told) <= {"bad_code", "too_many_tries", "rate_limited"}
    lefts = [a["error"]["params"]["tries_left"] for a in answers if "params" in a["error"]]
    assert sorted(lefts) == [0, 1, 2, 3, 4]
    assert [answer for answer in answers if answer["ok"]] == []
    with contextlib.closing(agent.page("https://evil99.example")) as page:
        assert page.code("pair", code=code) == "too_many_tries"
    agent.logged("refused bad_code to 'https://evil", since)
    agent.logged("refused too_many_tries to 'https://evil", since)


@pytest.mark.parametrize("code", [0, None, True, ["1"], "", "1" * 13, "１２３４５６", "' OR 1=1"])
def test_a_code_of_another_kind_is_refused(agent, code):
    agent.pair_code()
    with contextlib.closing(agent.page(EVIL)) as page:
        assert page.code("pair", code=code) in ("malformed", "bad_code")


# -- bad messages -------------------------------------------------------------------------------

HUGE = {
    "brackets": "[" * 250_000,
    "objects": '{"a":' * 50_000,
    "closed brackets": "[" * 100_000 + "]" * 100_000,
    "deep type": '{"v":1,"id":"1","type":' + "[" * 100_000 + "]" * 100_000 + "}",
    "digits": '{"v":' + "9" * 250_000 + "}",
    "exponent": '{"v":1e999999999,"id":"1","type":"hello"}',
    "keys": "{" + ",".join(f'"{n}":{n}' for n in range(20_000)) + "}",
    "same key": "{" + ",".join('"v":1' for _ in range(40_000)) + "}",
    "escapes": '{"v":1,"id":"1","type":"' + "\\u0000" * 40_000 + '"}',
    "deep doc": json.dumps({"v": 1, "id": "1", "type": "print.submit", "job_id": "0192-deep-1",
                            "sha256": "0" * 64, "copy": "original"})[:-1]
                + ',"doc":' + "[" * 900 + "]" * 900 + "}",
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("role", ["stranger", "page"])
def test_huge_json_is_refused_and_the_connection_lives(agent, since, name, role):
    origin = EVIL if role == "stranger" else SHOP
    with contextlib.closing(agent.page(origin)) as page:
        if role == "page":
            page.ask("auth", token=agent.token)
        assert page.exchange(HUGE[name])["ok"] is False
        assert page.ask("hello")["ok"]
    agent.logged(f"to {origin!r}", since)


@pytest.mark.parametrize("raw", [b"\x00" * 1000, b"\xff\xfe\x00", json.dumps(
    {"v": 1, "id": "1", "type": "hello"}).encode(), zlib.compress(b"x" * 10**6)])  # fmt: skip
def test_binary_frames_are_refused(agent, since, raw):
    with contextlib.closing(agent.page()) as page:
        page.ask("auth", token=agent.token)
        assert page.exchange(raw)["error"]["code"] == "malformed"
        assert page.ask("hello")["ok"]
    agent.logged(f"refused malformed to {SHOP!r}", since)


# -- bad frames ---------------------------------------------------------------------------------


def test_a_frame_of_a_hundred_megabytes_is_refused_by_its_head(agent, since):
    before = agent.memory()
    for claim in (100 * MEGABYTE, 2**62):
        raw = RawWebSocket(agent.port, SHOP)
        with contextlib.suppress(OSError):
            raw.frame(TEXT, b"x" * MEGABYTE, claim=claim)
        assert raw.closed_with() in (1009, 1002, 0)
        raw.close()
    agent.logged(f"refused message_too_large to {SHOP!r}", since)
    assert agent.memory() - before < 20_000


def test_a_hundred_megabytes_in_pieces_are_refused(agent, since):
    before = agent.memory()
    raw = RawWebSocket(agent.port, EVIL)
    with contextlib.suppress(OSError):
        raw.frame(TEXT, b"x" * 60_000, fin=False)
        for _ in range(1700):
            raw.frame(CONTINUED, b"x" * 60_000, fin=False)
    assert raw.closed_with() in (1009, 0)
    raw.close()
    agent.logged(f"refused message_too_large to {EVIL!r}", since)
    assert agent.memory() - before < 20_000


@pytest.mark.parametrize("kind", ["pings", "empty pieces"])
def test_floods_of_little_frames_are_hung_up_on(agent, since, kind):
    raw = RawWebSocket(agent.port, SHOP)
    little = frame(PING, b"p" * 100) if kind == "pings" else frame(CONTINUED, b"", fin=False)
    with contextlib.suppress(OSError):
        if kind == "empty pieces":
            raw.frame(TEXT, b"", fin=False)
        for _ in range(200):
            raw.wire.sendall(little * 500)
    assert raw.closed_with() == 0  # no farewell: just gone
    raw.close()
    agent.logged(f"refused control_frames to {SHOP!r}", since)


def test_a_compressed_bomb_finds_nobody_who_unpacks_it(agent, since):
    before = agent.memory()
    raw = RawWebSocket(agent.port, SHOP, ("Sec-WebSocket-Extensions: permessage-deflate",))
    assert b"permessage-deflate" not in raw.answer.lower()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"[" * 100 * MEGABYTE) + packer.flush()
    raw.frame(TEXT, bomb, rsv1=True)
    assert raw.closed_with() == 1002
    raw.close()
    agent.logged(f"refused broken_frame to {SHOP!r}", since)
    assert agent.memory() - before < 20_000


@pytest.mark.parametrize("bad", [
    frame(3, b"x"), frame(11, b""), frame(PING, b"x" * 126), frame(PING, b"", fin=False),
    frame(CONTINUED, b"x"), frame(TEXT, b"\xff\xfe"), b"\x81\x01x", frame(8, b"\x00"),
    frame(8, struct.pack(">H", 999)), b"\x00" * 64, b"\xff" * 64,
])  # fmt: skip
def test_frames_against_the_rules_close_only_their_connection(agent, bad):
    raw = RawWebSocket(agent.port, EVIL)
    with contextlib.suppress(OSError):
        raw.wire.sendall(bad)
    assert raw.closed_with() in (0, 1002, 1007)
    raw.close()


@pytest.mark.parametrize("data", [
    b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 4096, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000 + b"\r\n\r\n",
    b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n" + b"x" * 100_000,
    b"GET /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
    b"\x1b@\x1dV\x00 printed by a stranger\n",
])  # fmt: skip
def test_what_is_no_request_is_hung_up_on(agent, data):
    with rawsocket.open_socket(agent.port, 10) as wire:
        answer = b""
        with contextlib.suppress(OSError):
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            while piece := wire.recv(65536):
                answer += piece
    assert not answer.startswith(b"HTTP/1.1 2")


# -- floods and crowds --------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["stranger", "page"])
def test_ten_thousand_messages_are_cut_short(agent, since, role):
    origin = EVIL if role == "stranger" else SHOP
    page = agent.page(origin)
    if role == "page":
        page.ask("auth", token=agent.token)
    sent, message = 0, json.dumps({"v": 1, "id": "1", "type": "hello"})
    with pytest.raises(ConnectionClosed) as caught:
        for _ in range(10_000):
            page.socket.send(message)
            sent += 1
            with contextlib.suppress(TimeoutError):
                page.socket.recv(timeout=0)
        while True:
            page.socket.recv(timeout=10)
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1008
    agent.logged(f"refused rate_limited to {origin!r}", since)
    agent.logged(f"refused flood to {origin!r}", since)
    assert agent.log[since:].count(f"to {origin!r}") < 20  # counted, not listed


def test_a_page_that_never_reads_is_not_read_either(agent):
    """Requests whose answers pile up: the agent keeps a few of them and no more."""
    before = agent.memory()
    raw = RawWebSocket(agent.port, SHOP)
    ask = {"v": 1, "id": "1"}
    raw.frame(TEXT, json.dumps(ask | {"type": "auth", "token": agent.token}).encode())
    many = frame(TEXT, json.dumps(ask | {"type": "log.tail", "lines": 500}).encode())
    raw.wire.settimeout(0.2)
    with contextlib.suppress(OSError):
        for _ in range(100):
            raw.wire.sendall(many * 3)
            time.sleep(0.01)
    assert agent.seconds_to_print() < 2
    assert agent.memory() - before < 30_000
    raw.close()


def test_five_hundred_connections_leave_room_for_the_paired_page(agent, since):
    taken = []
    try:
        for n in range(500):
            origin = SHOP if n % 5 == 0 else f"https://evil{n}.example"
            wire = rawsocket.open_socket(agent.port)
            wire.sendall(rawsocket.request("/v1", host=agent.host, origin=origin, upgrade=True))
            taken.append(wire)
        assert min(agent.seconds_to_print() for _ in range(3)) < 1.0
        let_in = sum(first_bytes(wire).startswith(b"HTTP/1.1 101") for wire in taken)
        assert 0 < let_in <= 24 + 92  # of the shop's hundred the last eight still sit
        assert sum(alive(wire) for wire in taken) <= 24
    finally:
        for wire in taken:
            wire.close()
    agent.logged("refused too_many_connections to ", since)


def first_bytes(wire):
    wire.settimeout(0.5)
    try:
        return wire.recv(4096)
    except OSError:
        return b""


@pytest.mark.slow
def test_half_requests_leave_room_for_the_paired_page(agent, since):
    """Slow loris: five hundred requests that never end, each fed a byte now and then."""
    halves = []
    try:
        for _ in range(500):
            wire = rawsocket.open_socket(agent.port)
            wire.sendall(b"GET /v1 HTTP/1.1\r\nHost: ")
            halves.append(wire)
        for wire in halves[::10]:
            with contextlib.suppress(OSError):
                wire.sendall(b"1")
        assert min(agent.seconds_to_print() for _ in range(3)) < 1.0
        gone = sum(not alive(wire) for wire in halves)
        assert gone >= 400
        time.sleep(5.5)
        assert not any(alive(wire) for wire in halves)
    finally:
        for wire in halves:
            wire.close()
    agent.logged("refused half_request to 'too many at once'", since)


def alive(wire):
    wire.settimeout(0.001)
    try:
        return wire.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False
