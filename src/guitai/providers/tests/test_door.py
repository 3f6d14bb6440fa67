"""The one door out: what it refuses, bounds, writes down and hides."""

import http.server
import threading
import time

import httpx
import pytest

from guitai.invoicing.ports import Account
from guitai.kernel import ids
from guitai.providers import http as door_module
from guitai.providers.contract import ListJournal
from guitai.providers.http import (
    Call,
    Door,
    NoAnswer,
    PlainHttpRefused,
    Unreachable,
    check_address,
    masker,
)


def account(**values):
    return Account(
        ids.new_id(), ids.new_id(), "mirle", "12345675", **{"allow_plain_http": True, **values}
    )


class Peer(http.server.BaseHTTPRequestHandler):
    hits = 0

    def do_POST(self):
        type(self).hits += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
        elif self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b"x" * 65536)
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(20):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        elif self.path == "/cut":
            self.connection.close()
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"got " + body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def peer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def door():
    client = httpx.Client(timeout=1.0)
    yield Door(ListJournal(), client=lambda: client)
    client.close()


def test_an_exchange_is_written_down_with_its_secrets_masked(peer, door):
    call = Call("C0401", f"{peer}/?k=se%26cret", b"<K>se&amp;cret</K> se&cret", secrets=["se&cret"])
    reply = door.exchange(account(), call)
    assert b"se&cret" in reply.body
    written = door.journal.seen[0]
    for part in (written.request, written.response, written.url.encode()):
        assert b"cret" not in part
        assert b"********" in part
    assert (written.status, written.operation, written.problem) == (200, "C0401", "")


@pytest.mark.parametrize("path", ["/huge", "/cut"])
def test_an_answer_that_is_not_whole_is_no_answer(peer, door, path):
    with pytest.raises(NoAnswer):
        door.exchange(account(), Call("X", peer + path))
    assert door.journal.seen[0].problem


def test_an_answer_that_drips_is_cut_off(peer, door, monkeypatch):
    monkeypatch.setattr(door_module, "TOTAL", door_module.timedelta(seconds=0.2))
    with pytest.raises(NoAnswer, match="slow"):
        door.exchange(account(), Call("X", f"{peer}/drip"))


def test_redirects_are_answers_not_followed(peer, door):
    assert door.exchange(account(), Call("X", f"{peer}/redirect")).status == 302


def test_nobody_there_is_unreachable_and_written_down(door):
    with pytest.raises(Unreachable):
        door.exchange(account(), Call("X", "http://127.0.0.1:9/"))
    assert door.journal.seen[0].status is None


def test_only_safe_calls_are_sent_again(peer, door):
    for safe, count in ((False, 1), (True, 3)):
        before = Peer.hits
        with pytest.raises(NoAnswer):
            door.exchange(account(), Call("X", f"{peer}/cut", safe=safe))
        assert Peer.hits - before == count


@pytest.mark.parametrize("url", ["http://a/", "HTTP://a/"])
def test_plain_http_needs_the_operators_word(url, door):
    with pytest.raises(PlainHttpRefused):
        door.exchange(account(allow_plain_http=False), Call("X", url))
    assert door.journal.seen == []


@pytest.mark.parametrize("url", ["", "ftp://a/", "file:///etc/passwd", "//a", "https://", "a"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(Unreachable):
        check_address(account(), url)


def test_certificates_are_checked():
    client = door_module._client()
    context = client._transport._pool._ssl_context
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_the_longer_secret_is_masked_first():
    hide = masker(["abc", "abcdef", ""])
    assert hide(b"abcdef abc x") == b"******** ******** x"
