"""A small strict HTTP/1.1 server on asyncio: keep-alive, pipelining, and answers that misbehave.

The faults need what web frameworks rightly hide: close without a reply, reply late, reply rubbish.
One event loop handles every request to its end, so the database is written by one hand.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 1024 * 1024
_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.([01])")


@dataclass(slots=True)
class Request:
    """One HTTP request; header names are lower case, the path is unquoted."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str
    keep_alive: bool


@dataclass(slots=True)
class Answer:
    """One HTTP answer. ``delay`` is in seconds; ``drop`` closes the connection without a byte."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"
    delay: float = 0.0
    drop: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self, keep_alive: bool) -> bytes:
        """Return the bytes of the answer."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n{extra}"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
        )
        return head.encode("latin-1") + self.body


class BadRequest(Exception):
    """The bytes are no request this server reads; carries the status to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


Handler = Callable[[Request], Answer]


class Connection(asyncio.Protocol):
    """One client connection: requests are answered in order, one after the other."""

    def __init__(self, handler: Handler, crowd: set[Connection]) -> None:
        self.handler, self.crowd = handler, crowd
        self.buffer = bytearray()
        self.waiting = False
        self.greeted = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = transport.get_extra_info("peername")[0]
        self.crowd.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self.crowd.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes; answer every request that is complete."""
        self.buffer += data
        self._work()

    def _work(self) -> None:
        try:
            while not self.waiting and (request := self._next()):
                self._answer(request)
        except BadRequest as bad:
            self.transport.write(Answer(status=bad.status).wire(keep_alive=False))
            self.transport.close()

    def _next(self) -> Request | None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEAD_LIMIT:
                raise BadRequest(431)
            return None
        request, length = read_head(bytes(self.buffer[:end]), self.peer)
        if len(self.buffer) < end + 4 + length:
            self._invite(request)
            return None
        request.body = bytes(self.buffer[end + 4 : end + 4 + length])
        del self.buffer[: end + 4 + length]
        self.greeted = False
        return request

    def _invite(self, request: Request) -> None:
        if request.headers.get("expect", "").lower() == "100-continue" and not self.greeted:
            self.greeted = True
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, request: Request) -> None:
        answer = self.handler(request)
        if answer.delay:
            self.waiting = True
            loop = asyncio.get_running_loop()
            loop.call_later(answer.delay, self._send_late, answer, request.keep_alive)
        else:
            self._send(answer, request.keep_alive)

    def _send_late(self, answer: Answer, keep_alive: bool) -> None:
        self.waiting = False
        if not self.transport.is_closing():
            self._send(answer, keep_alive)
            self._work()

    def _send(self, answer: Answer, keep_alive: bool) -> None:
        if answer.drop:
            self.transport.abort()
            self.waiting = True  # nothing that is still in the buffer is answered
            return
        self.transport.write(answer.wire(keep_alive))
        if not keep_alive:
            self.waiting = True
            self.transport.close()


def read_head(head: bytes, peer: str) -> tuple[Request, int]:
    """Read request line and headers; return the request (body still empty) and the body's length.

    Raises :class:`BadRequest` for what is not plain HTTP/1.x with a Content-Length.
    """
    lines = head.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(lines[0])
    if not match:
        raise BadRequest(400)
    headers = dict(_header(line) for line in lines[1:])
    if "transfer-encoding" in headers:
        raise BadRequest(411)
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"\d{1,12}", length, re.ASCII):
        raise BadRequest(400)
    if int(length) > BODY_LIMIT:
        raise BadRequest(413)
    url = urlsplit(match[2])
    close = headers.get("connection", "" if match[3] == "1" else "close").lower() == "close"
    query = dict(parse_qsl(url.query, keep_blank_values=True)) if url.query else {}
    return (
        Request(match[1], unquote(url.path), query, headers, b"", peer, keep_alive=not close),
        int(length),
    )


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadRequest(400)
    return name.lower(), value.strip()


async def listen(handler: Handler, host: str, port: int) -> tuple[asyncio.Server, set[Connection]]:
    """Open the port; return the server and the set of its living connections."""
    crowd: set[Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handler, crowd), host, port, backlog=512)
    return server, crowd
