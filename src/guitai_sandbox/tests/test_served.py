"""The served process: HTTP as it is on the wire, the command line, and kill -9 in a storm."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from guitai_sandbox.tests.desk import KEY, SELLER, Desk, sample
from guitai_sandbox.tests.office import PRINTED
from guitai_sandbox.tests.served import SOURCE, Served
from guitai_sandbox.wire import Request

XML = {"Content-Type": "application/xml; charset=utf-8"}
A01, C0401 = sample("mirle/a01"), sample("mirle/c0401")


@pytest.fixture
def served(tmp_path: Path):
    process = Served(tmp_path / "data", "--turnkey", str(tmp_path / "turnkey"), "--interval", "0.1")
    yield process
    if process.process.poll() is None:
        process.stop()


def open_shop(served: Served, end: str = "00000999") -> None:
    served.control("sellers", {"ban": SELLER, "machines": [{"posid": "1", "possn": KEY}]})
    span = {"track": "AB", "begin": "00000000", "end": end}
    served.control("ranges", {"seller": SELLER, "period": "11508", **span})
    served.control("clock", {"now": "2026-07-05T12:00:00"})


def talk(served: Served, data: bytes) -> bytes:
    """Send raw bytes, read until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as line:
        line.sendall(data)
        line.settimeout(0.3)
        heard = b""
        try:
            while part := line.recv(65536):
                heard += part
        except TimeoutError:
            pass
        return heard


def test_keep_alive_and_pipelining(served):
    one = b"POST /_sandbox/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    heard = talk(served, one + b"ab" + one + b"cd")
    assert heard.count(b"HTTP/1.1 200 OK") == 2
    assert heard.index(b"ab") < heard.index(b"cd")
    closing = talk(served, b"GET /_sandbox/health HTTP/1.0\r\n\r\n")
    assert b"Connection: close" in closing


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"rubbish\r\n\r\n", b"400"),
        (b"GET / HTTP/2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20000, b"431"),
        (b"GET / HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /elsewhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /_sandbox/nothing HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /_sandbox/clock HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", b"400"),
        (b"GET /_sandbox/state HTTP/1.1\r\nOrigin: http://a\r\n\r\n", b"403"),
    ],
)
def test_bad_requests(served, data, status):
    assert talk(served, data).split()[1] == status


def test_continue_is_offered(served):
    head = b"POST /_sandbox/echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as line:
        line.sendall(head)
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"ok")
        assert line.recv(1000).endswith(b"ok")


def test_control_is_for_this_machine_only(tmp_path):
    sandbox = Desk(tmp_path).sandbox
    far = Request("GET", "/_sandbox/state", {}, {}, b"", "192.0.2.7", True)
    assert sandbox.answer(far).status == 403


def test_a_dropped_reply_is_a_closed_connection(served):
    open_shop(served)
    served.control("faults", {"name": "drop_reply", "times": 1})
    line = served.connect()
    line.request("POST", "/", A01, XML)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        line.getresponse()
    line = served.connect()
    line.request("POST", "/", A01, XML)
    assert b"<INVOICESTART>00000250<" in line.getresponse().read(), "the first 250 are gone"


def test_slow_holds_one_connection_only(served):
    open_shop(served)
    served.control("faults", {"name": "slow", "seconds": 0.6, "times": 1})
    started = time.monotonic()
    line = served.connect()
    line.request("POST", "/", A01, XML)
    served.control("health")
    assert time.monotonic() - started < 0.5
    assert b"<REPLY>1<" in line.getresponse().read()
    assert time.monotonic() - started >= 0.6


def test_the_folder_is_watched(served, tmp_path):
    served.control("sellers", {"ban": "04595257"})
    span = {"track": "AB", "begin": "00000000", "end": "00000499"}
    served.control("ranges", {"face": "turnkey", "seller": "04595257", "period": "11502", **span})
    served.control("clock", {"now": "2026-01-16T12:00:00"})
    folder = tmp_path / "turnkey" / "UpCast" / "B2SSTORAGE" / "F0401"
    (folder / "draft").write_text(PRINTED, "utf-8")
    (folder / "draft").rename(folder / "SRC" / "a.xml")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if served.control("state?face=turnkey")["counts"]["turnkey"] == {"invoice/live": 1}:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the file was not taken")
    assert served.stop() == 0


class Till(threading.Thread):
    """Uploads its numbers in order over one connection, until the server dies."""

    def __init__(self, served: Served, numbers: list[str]) -> None:
        super().__init__()
        self.served, self.numbers = served, numbers
        self.acknowledged: list[str] = []

    def run(self) -> None:
        line = self.served.connect()
        try:
            for number in self.numbers:
                line.request("POST", "/", C0401.replace("AB00000036", number).encode(), XML)
                if b"<REPLY>1<" in line.getresponse().read():
                    self.acknowledged.append(number)
        except (http.client.HTTPException, OSError):
            return  # the kill: what was acknowledged is what counts
        finally:
            line.close()


def post(served: Served, body: str) -> str:
    line = served.connect()
    line.request("POST", "/", body.encode(), XML)
    text = line.getresponse().read().decode()
    line.close()
    return text


def test_kill_9_in_a_storm_leaves_the_state_exact(served):
    open_shop(served, end="00001999")
    for _ in range(8):
        assert "<REPLY>1<" in post(served, A01)
    numbers = [f"AB{number:08d}" for number in range(2000)]
    acknowledged: set[str] = set()
    seed = random.Random(20260705)
    for _ in range(3):
        open_numbers = [number for number in numbers if number not in acknowledged]
        tills = [Till(served, open_numbers[place::4]) for place in range(4)]
        for till in tills:
            till.start()
        enough, deadline = seed.randint(100, 400), time.monotonic() + 30
        while sum(len(till.acknowledged) for till in tills) < enough:
            assert time.monotonic() < deadline, "the storm does not move"
            time.sleep(0.005)
        served.kill()
        for till in tills:
            till.join()
            acknowledged.update(till.acknowledged)
        served.start()
    known = {one["number"] for one in served.control("documents?limit=5000")["documents"]}
    assert 0 < len(acknowledged) < 2000, "the kills came in the middle"
    assert acknowledged <= known, "what was acknowledged is there"
    for number in sorted(set(numbers) - acknowledged):
        reply = post(served, C0401.replace("AB00000036", number))
        expected = "內容相同" if number in known else "<MESSAGE>OK<"
        assert expected in reply
    book = served.control("ledger")
    assert book["counts"] == {"invoice/live": 2000} and book["accepted_twice"] == []
    assert [(one["received"], one["gaps"]) for one in book["ranges"]] == [(250, [])] * 8


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "guitai_sandbox", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        timeout=30,
        check=False,
    )


def test_the_commands_steer_a_served_sandbox(served):
    url = ("--url", served.url)
    assert command("seller", SELLER, "--machine", f"1:{KEY}", *url).returncode == 0
    assert command("allot", SELLER, "11508", "AB", "00000000", "00000499", *url).returncode == 0
    again = command("allot", SELLER, "11508", "AB", "00000100", "00000199", *url)
    assert again.returncode == 1 and "重疊" in again.stderr
    clock = command("clock", "--now", "2026-07-05T12:00:00", "--hold", *url)
    assert json.loads(clock.stdout) == {"now": "2026-07-05 12:00:00"}
    fault = ("fault", "on", "storm_5xx", "--times", "1", "--set", "status=500")
    on = command(*fault, "--set", "commit=true", *url)
    (one,) = json.loads(on.stdout)["on"]
    assert (one["name"], one["times"], one["params"]) == (
        "storm_5xx",
        1,
        {"status": 500, "commit": True},
    )
    wrong = command("fault", "off", "no_such", *url)
    assert wrong.returncode == 1 and "no_such" in wrong.stderr
    assert json.loads(command("fault", "off", *url).stdout) == {"on": []}
    post(served, A01)
    assert json.loads(command("state", "ledger", *url).stdout)["deliveries"] == 1


def test_commands_explain_themselves_and_say_when_nobody_answers(tmp_path):
    assert "drop_reply" in command("fault", "--help").stdout
    lost = command("state", "--url", "http://127.0.0.1:9")
    assert lost.returncode == 1 and "沒有回應" in lost.stderr


def test_turnkey_run_once_without_a_server(tmp_path):
    root = tmp_path / "turnkey"
    words = ("turnkey", "run-once", "--data", str(tmp_path / "data"), "--turnkey", str(root))
    assert json.loads(command(*words).stdout)["accepted"] == 0
    (root / "UpCast/B2SSTORAGE/F0401/SRC/a.xml").write_text(PRINTED, "utf-8")
    assert json.loads(command(*words).stdout)["refused"] == 1, "nobody has opened this seller"
