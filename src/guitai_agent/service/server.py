"""HTTP and WebSocket on loopback, in front of the handler (agent-protocol.md §1–§2)."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from importlib.resources import files

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from .guard import own_hosts, own_origins
from .handler import Handler, Peer, TooMuch
from .messages import dump
from .pairing import is_origin

log = logging.getLogger(__name__)

Outbox = asyncio.Queue[dict[str, object]]
PORTS = (47120, 47121, 47122, 47123)
LARGEST_MESSAGE = 256 * 1024
EVENTS_HELD = 500
STRANGER_SECONDS = 180.0
MOST_STRANGERS = 16
MOST_PER_ORIGIN = 8

STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/agent.css": ("agent.css", "text/css; charset=utf-8"),
    "/agent.svg": ("agent.svg", "image/svg+xml"),
    "/agent.js": ("agent.js", "text/javascript; charset=utf-8"),
}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self' ws://127.0.0.1:* ws://localhost:*; img-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """Listens, checks Host and Origin, and carries messages between sockets and the handler."""

    def __init__(self, handler: Handler, page_token: str) -> None:
        self._handler, self._page_token = handler, page_token
        self._servers: list[Server] = []
        self._peers: set[Peer] = set()
        self.port = 0

    async def open(self, ports: Sequence[int] = PORTS) -> int:
        """Take the first free port on both loopback addresses; OSError when all are taken."""
        refused: OSError | None = None
        for port in ports:
            try:
                self.port = await self._listen(port)
            except OSError as error:
                refused = error
                continue
            return self.port
        raise refused or OSError("no port given")

    async def close(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _listen(self, port: int) -> int:
        first = await self._serve("127.0.0.1", port)
        bound = int(first.sockets[0].getsockname()[1])
        self.port = bound
        self._servers.append(first)
        try:
            self._servers.append(await self._serve("::1", bound))
        except OSError as error:  # no IPv6 here, or somebody else's port: 127.0.0.1 is enough
            log.info("not listening on ::1: %s", error)
        return bound

    async def _serve(self, host: str, port: int) -> Server:
        return await serve(
            self._converse,
            host,
            port,
            process_request=self._at_the_door,
            max_size=LARGEST_MESSAGE,
            max_queue=16,
            compression=None,
            server_header=None,
            ping_interval=20,
            ping_timeout=20,
            close_timeout=2,
        )

    # -- HTTP -------------------------------------------------------------------------------

    def _at_the_door(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP here; None lets a WebSocket through."""
        host, origin = _single(request.headers, "Host"), _single(request.headers, "Origin")
        if host is None or host.lower() not in own_hosts(self.port):
            log.warning("refused Host %r", host)
            return _reply(HTTPStatus.FORBIDDEN, b"host")
        path = request.path.partition("?")[0]
        if path == "/v1":
            return self._refuse_socket(request, origin)
        if getattr(request, "method", "GET") != "GET":
            return _reply(HTTPStatus.METHOD_NOT_ALLOWED, b"method")
        if path == "/hello":
            return self._hello(origin)
        if path in STATIC:
            return self._static(path, request)
        return _reply(HTTPStatus.NOT_FOUND, b"not found")

    def _refuse_socket(self, request: Request, origin: str | None) -> Response | None:
        if origin is None or not is_origin(origin):
            log.warning("refused Origin %r", origin)
            return _reply(HTTPStatus.FORBIDDEN, b"origin")
        if _single(request.headers, "Upgrade") is None:
            return _reply(HTTPStatus.UPGRADE_REQUIRED, b"websocket", {"Upgrade": "websocket"})
        waiting = [peer for peer in self._peers if not peer.authenticated]
        known = self._handler.knows(origin) or origin in own_origins(self.port)
        same = sum(peer.origin == origin for peer in waiting)
        if same >= MOST_PER_ORIGIN or (not known and len(waiting) >= MOST_STRANGERS):
            return _reply(HTTPStatus.SERVICE_UNAVAILABLE, b"too many connections")
        return None

    def _hello(self, origin: str | None) -> Response:
        """Anybody may ask; no secret is told, so any origin may read the answer."""
        body = json.dumps(self._handler.greeting(origin or "")).encode()
        headers = {"Content-Type": "application/json", "Vary": "Origin"}
        if origin is not None and is_origin(origin):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Private-Network"] = "true"
        return _reply(HTTPStatus.OK, body, headers)

    def _static(self, path: str, request: Request) -> Response:
        """The agent's own page; other sites may link to it but not embed or read it."""
        site = _single(request.headers, "Sec-Fetch-Site") or "none"
        mode = _single(request.headers, "Sec-Fetch-Mode") or "navigate"
        if site in ("cross-site", "same-site") and mode != "navigate":
            return _reply(HTTPStatus.FORBIDDEN, b"site")
        name, kind = STATIC[path]
        body = files(__package__).joinpath("web", name).read_bytes()
        if path == "/":
            body = body.replace(b"{{page_token}}", self._page_token.encode())
        return _reply(HTTPStatus.OK, body, {"Content-Type": kind, **PAGE_HEADERS})

    # -- WebSocket --------------------------------------------------------------------------

    async def _converse(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        origin = connection.request.headers["Origin"]
        outbox: Outbox = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def send(news: dict[str, object]) -> None:
            # The loop may be closing while the printer still has news.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(outbox.put_nowait, news)

        peer = Peer(origin, send, owner_origin=origin in own_origins(self.port))
        self._peers.add(peer)
        self._handler.join(peer)
        tasks = [
            asyncio.create_task(self._write(connection, outbox)),
            asyncio.create_task(self._hurry(connection, peer)),
        ]
        try:
            await self._read(connection, peer, outbox)
        finally:
            self._handler.leave(peer)
            self._peers.discard(peer)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self,
        connection: ServerConnection,
        peer: Peer,
        outbox: Outbox,
    ) -> None:
        try:
            async for raw in connection:
                outbox.put_nowait(await asyncio.to_thread(self._handler.handle, peer, raw))
        except ConnectionClosed:
            return
        except TooMuch:
            log.warning("flood from %s", peer.origin)
            await connection.close(1008, "too many messages")

    async def _write(self, connection: ServerConnection, outbox: Outbox) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await outbox.get()
                if outbox.qsize() > EVENTS_HELD:  # a reader that does not read
                    await connection.close(1008, "reading too slowly")
                    return
                await connection.send(dump(message))

    async def _hurry(self, connection: ServerConnection, peer: Peer) -> None:
        await asyncio.sleep(STRANGER_SECONDS)
        if not peer.authenticated:
            await connection.close(1008, "not authenticated")


def _single(headers: Headers, name: str) -> str | None:
    """The value of a header that may occur once; a doubled one is as good as a wrong one."""
    try:
        return headers.get(name)
    except MultipleValuesError:
        return "" if name == "Host" else "null"


def _reply(status: HTTPStatus, body: bytes, extra: dict[str, str] | None = None) -> Response:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Connection": "close",
        **(extra or {}),
    }
    return Response(status.value, status.phrase, Headers(headers), body)
