"""The till page on loopback: what passes to the server, what does not, and what comes back."""

import http.client
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.service import tillpage
from guitai_agent.service.tillheaders import (
    Upstream,
    allowed,
    cookies_inward,
    to_page,
    to_server,
    upstream_of,
)
from guitai_agent.service.tillpage import TillPage

SHOP = Upstream("https", "shop.example", 443)


class Shop(BaseHTTPRequestHandler):
    """A server that remembers what it was asked and answers as it was told."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.asked.append(
            (self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        )
        if self.server.hang_up:
            self.close_connection = True
            return
        status, headers, body = self.server.answers.get(
            self.path, (200, [("Content-Type", "text/plain")], b"here")
        )
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    server.asked, server.answers, server.hang_up = [], {}, False
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(shop):
    served = TillPage(shop.url, port=0)
    served.start()
    yield served
    served.stop()


def ask(page, method="GET", path="/pos/", body=None, host=None, **headers):
    """One request of a browser; (status, headers as pairs, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host or f"127.0.0.1:{page.port}")
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, answer.getheaders(), read


def own(page):
    return f"http://127.0.0.1:{page.port}"


def test_the_tills_own_addresses_pass_and_nothing_else(page, shop):
    for path in ("/pos/", "/static/pos/main.mjs", "/api/till/state?day=2026-11-21"):
        assert ask(page, path=path)[0] == 200
    assert [asked[1] for asked in shop.asked] == [
        "/pos/", "/static/pos/main.mjs", "/api/till/state?day=2026-11-21",
    ]  # fmt: skip
    for path in (
        "/desk/", "/account/login/", "/api/openapi.json", "/pos", "/static/../desk/",
        "/pos/%2e%2e/desk/", "/pos/..%2fdesk/", "/static/%5c..", "//desk/", "/posx/",
        "/api/till/%00", "http://evil.example/pos/",
    ):  # fmt: skip
        assert ask(page, path=path)[0] == 404, path
    assert len(shop.asked) == 3


def test_the_root_leads_to_the_till(page):
    status, headers, _ = ask(page, path="/")
    assert (status, dict(headers)["Location"]) == (302, "/pos/")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "[::1]:80"])
def test_another_host_is_refused(page, shop, host):
    assert ask(page, host=host)[0] == 403
    assert shop.asked == []


def test_localhost_is_a_name_of_ours(page):
    assert ask(page, host=f"localhost:{page.port}")[0] == 200


def test_an_unsafe_request_comes_from_this_page_only(page, shop):
    path = "/api/till/sales"
    for headers in (
        {}, {"Origin": "https://evil.example"}, {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{page.port + 1}"},
        {"Origin": own(page), "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"},
    ):  # fmt: skip
        assert ask(page, "POST", path, b"{}", **headers)[0] == 403, headers
    assert shop.asked == []
    assert ask(page, "POST", path, b"{}", Origin=own(page))[0] == 200
    assert shop.asked[0][3] == b"{}"


def test_other_pages_cannot_read_along(page, shop):
    for site in ("cross-site", "same-site"):
        seen = ask(page, path="/api/till/state", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")
        assert seen[0] == 403
    linked = ask(page, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
    assert linked[0] == 200
    assert len(shop.asked) == 1


def test_the_server_sees_itself_as_host_and_origin(page, shop):
    ask(
        page,
        "POST",
        "/api/till/sales",
        b"{}",
        Origin=own(page),
        Referer=f"{own(page)}/pos/",
        X_Guitai_Till="1",
        X_Guitai_Session="s",
        X_Forwarded_For="9.9.9.9",
        Connection="X-Guitai-Odd",
        X_Guitai_Odd="1",
        Upgrade="websocket",
        Cookie="other=1",
    )
    headers = {name.lower(): value for name, value in shop.asked[0][2].items()}
    assert headers["host"] == shop.url.removeprefix("http://")
    assert headers["origin"] == shop.url
    assert headers["referer"] == f"{shop.url}/api/till/sales"
    assert (headers["x-guitai-till"], headers["x-guitai-session"]) == ("1", "s")
    assert not {"x-forwarded-for", "x-guitai-odd", "upgrade", "cookie"} & set(headers)


def test_cookies_are_kept_apart_from_other_programs_on_this_computer(page, shop):
    shop.answers["/pos/"] = (
        200,
        [("Set-Cookie", "guitai_till=t0k; Domain=shop.example; HttpOnly; Secure; SameSite=Strict"),
         ("Set-Cookie", "b=2; Path=/; secure"), ("Strict-Transport-Security", "max-age=1"),
         ("Date", "Sat, 21 Nov 2026 10:00:00 GMT"), ("ETag", '"7"')],
        b"page",
    )  # fmt: skip
    _, headers, _ = ask(page)
    prefix = f"agent{page.port}-"
    cookies = [value for name, value in headers if name == "Set-Cookie"]
    assert cookies == [
        f"{prefix}guitai_till=t0k; HttpOnly; SameSite=Strict",
        f"{prefix}b=2; Path=/",
    ]
    told = dict(headers)
    # The page compares its clock with the server's, not with ours.
    assert (told["Date"], told["ETag"]) == ("Sat, 21 Nov 2026 10:00:00 GMT", '"7"')
    assert "Strict-Transport-Security" not in told and "Server" not in told

    ask(page, Cookie=f"sessionid=secret; {prefix}guitai_till=t0k; guitai_till=theirs")
    assert shop.asked[-1][2]["cookie"] == "guitai_till=t0k"


def test_a_redirect_stays_inside(page, shop):
    shop.answers["/pos/a"] = (302, [("Location", f"{shop.url}/pos/b")], b"")
    shop.answers["/pos/c"] = (302, [("Location", "https://evil.example/")], b"")
    assert dict(ask(page, path="/pos/a")[1])["Location"] == "/pos/b"
    assert ask(page, path="/pos/c")[0] == 502


def test_what_is_too_much_is_refused(page, shop, monkeypatch):
    monkeypatch.setattr(tillpage, "LARGEST_BODY", 10)
    monkeypatch.setattr(tillpage, "LARGEST_ANSWER", 10)
    shop.answers["/pos/long"] = (200, [], b"x" * 11)
    assert ask(page, "POST", "/api/till/sales", b"x" * 11, Origin=own(page))[0] == 413
    assert ask(page, "POST", "/api/till/sales", Origin=own(page), Content_Length="1e3")[0] == 400
    chunked = {"Origin": own(page), "Transfer_Encoding": "chunked"}
    assert ask(page, "POST", "/api/till/sales", **chunked)[0] == 411
    assert ask(page, "PATCH", "/pos/")[0] == 501
    assert shop.asked == []
    assert ask(page, path="/pos/long")[0] == 502


def test_a_person_is_told_that_the_server_is_away(page, shop):
    shop.hang_up = True
    status, headers, body = ask(page)
    assert status == 502
    assert "連不到伺服器" in body.decode() and shop.url in body.decode()
    assert "style-src 'sha256-" in dict(headers)["Content-Security-Policy"]
    # The page itself is answered as the network would: not at all.
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(page, path="/api/till/state")


def test_a_sale_is_never_sent_twice_by_us(page, shop):
    kept = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    kept.request("GET", "/pos/")
    kept.getresponse().read()
    shop.hang_up = True
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        kept.request("POST", "/api/till/sales", b"{}", {"Origin": own(page)})
        kept.getresponse()
    assert [asked[0] for asked in shop.asked] == ["GET", "POST"]
    kept.close()


def test_one_connection_serves_many_requests(page, shop):
    kept = http.client.HTTPConnection("127.0.0.1", page.port, timeout=5)
    for _ in range(3):
        kept.request("GET", "/api/till/state")
        answer = kept.getresponse()
        assert (answer.status, answer.read()) == (200, b"here")
    kept.close()
    assert len(shop.asked) == 3


def test_a_flood_of_connections_is_bounded(page, monkeypatch):
    idle = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(60)]
    time.sleep(0.3)
    for each in idle:
        each.close()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            assert ask(page)[0] == 200
            return
        except (http.client.RemoteDisconnected, ConnectionResetError):
            time.sleep(0.1)
    pytest.fail("no connection was let in again")


def test_a_taken_port_is_not_exchanged_for_another():
    """Another port would be another origin: unpaired and unbound."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            TillPage("https://shop.example", port=taken.getsockname()[1]).start()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.example/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_servers_address(url, origin):
    assert upstream_of(url).origin == origin


@pytest.mark.parametrize(
    "url",
    ["", "shop.example", "ftp://shop.example", "https://a@shop.example", "https://shop.example/pos/",
     "https://shop.example?x", "https://", "https://shop example", "https://shop.example:99999",
     "javascript:alert(1)", 'https://a"b'],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(AgentError) as refused:
        upstream_of(url)
    assert refused.value.code == "bad_server"


def test_the_rules_without_a_socket():
    assert not allowed("/pos/\n") and not allowed("/pos/店") and allowed("/pos/%E5%BA%97")
    assert cookies_inward(["a=1; p-b=2", "p-c=3"], "p-") == "b=2; c=3"
    told = to_server([("Accept", "*/*"), ("TE", "trailers")], SHOP, "/pos/", "p-")
    assert told == {"accept": "*/*", "host": "shop.example"}
    given = [("Connection", "x-odd"), ("X-Odd", "1"), ("Content-Type", "text/html")]
    assert to_page(given, SHOP, "p-") == [("Content-Type", "text/html")]
