"""HTTP and WebSocket on loopback, in front of the handler (agent-protocol.md §1–§2)."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from importlib.resources import files

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from .crowd import Crowd, GuardedConnection, Seat
from .guard import own_hosts, own_origins
from .handler import Handler, Peer, TooMuch
from .messages import dump
from .pairing import is_origin

log = logging.getLogger(__name__)

Outbox = asyncio.Queue[dict[str, object]]
PORTS = (47120, 47121, 47122, 47123)
LARGEST_MESSAGE = 256 * 1024
EVENTS_HELD = 500
REPLIES_HELD = 20
STRANGER_SECONDS = 180.0
HANDSHAKE_SECONDS = 5.0
HANDS = 32
COUNT_SECONDS = 5.0
WRONGS = {1002: "broken_frame", 1007: "broken_text", 1009: "message_too_large"}
"""Close codes we send to a peer that breaks the WebSocket protocol."""

STATIC = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/agent.css": ("agent.css", "text/css; charset=utf-8"),
    "/agent.svg": ("agent.svg", "image/svg+xml"),
    **{
        f"/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("agent", "clicks", "devices", "dom", "health", "jobs", "link", "server")
    },
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
        self._refusals = handler.refusals
        self._crowd = Crowd(handler.refusals)
        # Enough hands that a few slow answers (a drawer, a probe) do not hold up the rest.
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="agent-door")
        self._counting: asyncio.Task[None] | None = None
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
            self._counting = asyncio.create_task(self._count())
            return self.port
        raise refused or OSError("no port given")

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            self._refusals.write_counts()

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
        for server in self._servers:
            server.close()
            await server.wait_closed()
        self._hands.shutdown(wait=False, cancel_futures=True)

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
        class OurConnection(GuardedConnection):
            crowd = self._crowd

        return await serve(
            self._converse,
            host,
            port,
            process_request=self._at_the_door,
            create_connection=OurConnection,
            open_timeout=HANDSHAKE_SECONDS,
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
            self._refusals.note("host", host)
            return _reply(HTTPStatus.FORBIDDEN, b"host")
        if not request.path.startswith("/"):  # the absolute form would be a second Host
            self._refusals.note("target", request.path)
            return _reply(HTTPStatus.BAD_REQUEST, b"target")
        path = request.path.partition("?")[0]
        if path == "/v1":
            return self._refuse_socket(connection, request, origin)
        if getattr(request, "method", "GET") != "GET":
            return _reply(HTTPStatus.METHOD_NOT_ALLOWED, b"method")
        if path == "/hello":
            return self._hello(origin)
        if path in STATIC:
            return self._static(path, request)
        return _reply(HTTPStatus.NOT_FOUND, b"not found")

    def _refuse_socket(
        self, connection: ServerConnection, request: Request, origin: str | None
    ) -> Response | None:
        if origin is None or not is_origin(origin):
            self._refusals.note("origin", origin)
            return _reply(HTTPStatus.FORBIDDEN, b"origin")
        if (_single(request.headers, "Upgrade") or "").lower() != "websocket":
            return _reply(HTTPStatus.UPGRADE_REQUIRED, b"websocket", {"Upgrade": "websocket"})
        known = self._handler.knows(origin) or origin in own_origins(self.port)
        if self._crowd.seat(connection, origin, known=known) is None:
            self._refusals.note("too_many_connections", origin)
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
            self._refusals.note("site", _single(request.headers, "Origin"))
            return _reply(HTTPStatus.FORBIDDEN, b"site")
        name, kind = STATIC[path]
        body = files(__package__).joinpath("web", name).read_bytes()
        if path == "/":
            body = body.replace(b"{{page_token}}", self._page_token.encode())
        return _reply(HTTPStatus.OK, body, {"Content-Type": kind, **PAGE_HEADERS})

    # -- WebSocket --------------------------------------------------------------------------

    async def _converse(self, connection: ServerConnection) -> None:
        seat = self._crowd.seat_of(connection)
        if seat is None:
            return
        outbox: Outbox = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(news: dict[str, object]) -> None:
            if outbox.qsize() < EVENTS_HELD:
                outbox.put_nowait(news)
            else:  # a reader that does not read
                self._refusals.note("slow_reader", seat.origin)
                connection.transport.abort()

        def send(news: dict[str, object]) -> None:
            # The loop may be closing while the printer still has news.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(put, news)

        peer = Peer(seat.origin, send, owner_origin=seat.origin in own_origins(self.port))
        self._handler.join(peer)
        tasks = [
            asyncio.create_task(self._write(connection, outbox)),
            asyncio.create_task(self._hurry(connection, peer)),
        ]
        try:
            await self._read(connection, peer, outbox, seat)
        finally:
            self._handler.leave(peer)
            self._refusals.settle(seat.origin)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self, connection: ServerConnection, peer: Peer, outbox: Outbox, seat: Seat
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for raw in connection:
                reply = await loop.run_in_executor(self._hands, self._handler.handle, peer, raw)
                seat.authenticated = peer.authenticated
                outbox.put_nowait(reply)
                while outbox.qsize() > REPLIES_HELD and connection.state is State.OPEN:
                    # Who does not read is not read.
                    await asyncio.sleep(0.02)
        except TooMuch:
            self._refusals.note("flood", peer.origin)
            await connection.close(1008, "too many messages")
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code in WRONGS:
                self._refusals.note(WRONGS[closed.sent.code], peer.origin)

    async def _write(self, connection: ServerConnection, outbox: Outbox) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.send(dump(await outbox.get()))

    async def _hurry(self, connection: ServerConnection, peer: Peer) -> None:
        await asyncio.sleep(STRANGER_SECONDS)
        if not peer.authenticated:
            self._refusals.note("not_authenticated", peer.origin)
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
