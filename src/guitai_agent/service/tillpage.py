"""The till page served from this computer itself: a strict way to one server (printing.md §3).

A page that comes from loopback needs no permission of the browser to reach the agent. Only the
till's own addresses pass, only to the one server that the owner named, only asked by a browser that
stands on this very page. What the page may print is decided by its pairing as for any other origin:
this one is not paired by itself, because whoever reaches this port would then print without a
person's word. The port is fixed: another port would be another origin, unpaired and unbound.
"""

import base64
import hashlib
import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from ..errors import AgentError
from .guard import own_hosts, own_origins
from .tillheaders import Header, Upstream, allowed, to_page, to_server, upstream_of

log = logging.getLogger(__name__)

TILL_PORT = 47130
LARGEST_BODY = 8 * 1024 * 1024
LARGEST_ANSWER = 16 * 1024 * 1024
SERVER_SECONDS = 20.0
IDLE_SECONDS = 60.0
REUSE_SECONDS = 4.0
MOST_CONNECTIONS = 48
SAFE = ("GET", "HEAD")
Carried = tuple[int, list[Header], bytes]


class ServerAway(Exception):
    """The server cannot be reached, or what it says cannot be passed on."""


class Way:
    """The connection to the server of one connection of the page; kept for a few seconds."""

    def __init__(self, server: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._server, self._clock = server, clock
        self._open: http.client.HTTPConnection | None = None
        self._used = 0.0

    def carry(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Carried:
        """Ask the server once. What may be asked twice is, when a kept connection had ended."""
        fresh = self._open is None or self._clock() - self._used > REUSE_SECONDS
        if fresh:
            self.close()
        try:
            return self._once(method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh or method not in SAFE:
                raise ServerAway(str(error)) from error
        return self.carry(method, target, headers, body)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _once(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Carried:
        if self._open is None:
            self._open = self._connect()
        self._open.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            self._open.putheader(name, value)
        if body or method not in SAFE:
            self._open.putheader("content-length", str(len(body)))
        self._open.endheaders(body or None)
        answer = self._open.getresponse()
        read = answer.read(LARGEST_ANSWER + 1)
        self._used = self._clock()
        if len(read) > LARGEST_ANSWER:
            raise http.client.HTTPException("answer too large")
        return answer.status, answer.getheaders(), read

    def _connect(self) -> http.client.HTTPConnection:
        server = self._server
        host = server.host.strip("[]")
        if server.scheme == "https":
            return http.client.HTTPSConnection(
                host, server.port, timeout=SERVER_SECONDS, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, server.port, timeout=SERVER_SECONDS)


class TillHandler(BaseHTTPRequestHandler):
    """One connection of a browser on this computer."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: "_Listener"

    def setup(self) -> None:
        super().setup()
        self._way = Way(self.server.upstream)

    def finish(self) -> None:
        self._way.close()
        super().finish()

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # the names http.server calls

    def _answer(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            return self._refuse(*refusal)
        if self.path == "/":
            return self._send(HTTPStatus.FOUND, [("Location", "/pos/")], b"")
        if not allowed(self.path):
            return self._refuse(HTTPStatus.NOT_FOUND, "path")
        body = self._body()
        if body is not None:
            self._pass_on(body)
        return None

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        """Why not even the address is looked at (agent-protocol.md §2)."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in own_hosts(self.server.port):
            return HTTPStatus.FORBIDDEN, "host"
        origins = self.headers.get_all("Origin") or []
        ours = own_origins(self.server.port)
        if self.command not in SAFE and (len(origins) != 1 or origins[0] not in ours):
            return HTTPStatus.FORBIDDEN, "origin"
        if any(origin not in ours for origin in origins):
            return HTTPStatus.FORBIDDEN, "origin"
        site = self.headers.get("Sec-Fetch-Site", "none")
        mode = self.headers.get("Sec-Fetch-Mode", "navigate")
        if site not in ("same-origin", "none") and mode != "navigate":
            return HTTPStatus.FORBIDDEN, "site"
        return None

    def _body(self) -> bytes | None:
        """The request's body; None when it was refused."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "length")
        elif not (length.isascii() and length.isdigit() and len(length) <= 12):
            self._refuse(HTTPStatus.BAD_REQUEST, "length")
        elif int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "size")
        else:
            return self.rfile.read(int(length))
        return None

    def _pass_on(self, body: bytes) -> None:
        server, prefix = self.server.upstream, self.server.cookie_prefix
        headers = to_server(self.headers.items(), server, self.path, prefix)
        try:
            status, given, answer = self._way.carry(self.command, self.path, headers, body)
            told = to_page(given, server, prefix)
        except (ServerAway, AgentError) as error:
            log.warning("the till's server: %s", error)
            return self._away()
        return self._send(status, told, answer)

    def _away(self) -> None:
        """A person gets a page. The page itself gets what it would get without us: no answer, so
        that its own way of working off-line begins (till: net/api.mjs)."""
        if self.path.startswith("/pos/"):
            words = away_page(self.server.upstream)
            return self._send(HTTPStatus.BAD_GATEWAY, away_headers(), words)
        self.close_connection = True
        return None

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        log.warning("till page: refused (%s)", why)
        self.close_connection = True  # an unread body would be taken for the next request
        self._send(status, [("Content-Type", "text/plain; charset=utf-8")], why.encode())

    def _send(self, status: int, headers: list[Header], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Addresses stay out of the log: a query may name an order."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], upstream: Upstream) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, TillHandler)
        self.upstream = upstream
        self.port = int(self.server_address[1])
        self.cookie_prefix = f"agent{self.port}-"
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            log.warning("till page: too many connections")
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("till page: a connection ended early", exc_info=True)


class TillPage:
    """Serves the till of one server on ``http://127.0.0.1:47130/pos/``."""

    def __init__(self, server_url: str, port: int = TILL_PORT) -> None:
        """``bad_server`` unless the address is ``http(s)://host[:port]`` and nothing more."""
        self._upstream = upstream_of(server_url)
        self._wanted = port
        self._listeners: list[_Listener] = []

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not."""
        return self._listeners[0].port if self._listeners else 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/pos/" if self.port else ""

    @property
    def server(self) -> str:
        return self._upstream.origin

    def start(self) -> int:
        """Listen on both loopback addresses; OSError when the port is somebody else's."""
        self._listeners.append(_Listener(("127.0.0.1", self._wanted), self._upstream))
        try:
            self._listeners.append(_Listener(("::1", self.port), self._upstream))
        except OSError as error:  # no IPv6 here: 127.0.0.1 is enough
            log.info("till page not on ::1: %s", error)
        for listener in self._listeners:
            threading.Thread(
                target=listener.serve_forever, kwargs={"poll_interval": 0.2},
                name="till-page", daemon=True,
            ).start()  # fmt: skip
        log.info("serving the till of %s on port %d", self._upstream.origin, self.port)
        return self.port

    def stop(self) -> None:
        for listener in self._listeners:
            listener.shutdown()
            listener.server_close()
        self._listeners.clear()


def away_page(server: Upstream) -> bytes:
    """What a person sees while the server is away; it asks again by itself."""
    text = files(__package__).joinpath("web", "away.html").read_text("utf-8")
    return text.replace("{{server}}", server.origin).replace("{{style}}", AWAY_STYLE).encode()


def away_headers() -> list[Header]:
    digest = base64.b64encode(hashlib.sha256(AWAY_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
    ]


AWAY_STYLE = (
    ":root{color-scheme:light dark}"
    'body{font:1.125rem/1.7 "PingFang TC","Microsoft JhengHei","Noto Sans TC",system-ui,sans-serif;'
    "max-width:34rem;margin:12vh auto;padding:0 1.5rem}h1{font-size:1.5rem}"
    "code{overflow-wrap:anywhere}a{display:inline-block;padding:.7rem 1.2rem;min-height:44px}"
)
