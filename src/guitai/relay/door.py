"""The relay's sockets: /agent for agents, /page for till pages (docs/agent-protocol.md §10)."""

import asyncio
import contextlib
import logging
from datetime import datetime
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers, MultipleValuesError
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from guitai.devices.errors import AgentUnknown
from guitai.devices.rules import BadTicket
from guitai.kernel import clock
from guitai.relay.books import Books, Joined, Unavailable
from guitai.relay.guard import Drawers, Gate, is_ours, sets_up
from guitai.relay.hub import Hub
from guitai.relay.links import (
    BAD_TICKET,
    FLOOD,
    GONE,
    LARGEST_MESSAGE,
    AgentLink,
    FromAgent,
    PageLink,
)
from guitai.tenancy.errors import MerchantSuspended

log = logging.getLogger("guitai.relay")

ENTER_SECONDS = 10.0
MOST_STRANGERS = 200
PING_SECONDS = 15.0
"""A dead peer is noticed after two of them at most."""
LOOK_SECONDS = 45.0
"""So long an agent may say nothing before we look whether it still may be here."""
BEATS_APART = 1.0
PREFIX = "/relay"
"""Kept or dropped by the reverse proxy, as it likes."""


class Relay:
    """Listens, and carries messages between pages and agents."""

    def __init__(self, books: Books, key: bytes) -> None:
        self.hub = Hub()
        self._books = books
        self._gate = Gate(key, lambda: clock.now().timestamp())
        self._drawers = Drawers()
        self._known: WeakKeyDictionary[ServerConnection, Joined] = WeakKeyDictionary()
        self._strangers = 0
        self._server: Server | None = None
        self._closing = False

    async def open(self, host: str, port: int) -> int:
        """Begins to listen; the port (0 asks for any)."""
        self._server = await serve(
            self._converse,
            host,
            port,
            process_request=self._at_the_door,
            max_size=LARGEST_MESSAGE + 4096,
            max_queue=16,
            compression=None,
            server_header=None,
            open_timeout=15,
            close_timeout=2,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        self._closing = True  # it is we who go, not the agents
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    # -- HTTP -------------------------------------------------------------------------------

    async def _at_the_door(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answers plain HTTP and refuses here; ``None`` lets a WebSocket through."""
        path = _path(request)
        if path == "/healthz":
            return _reply(HTTPStatus.OK, b"alive")
        if path not in ("/agent", "/page"):
            return _reply(HTTPStatus.NOT_FOUND, b"not found")
        if _single(request.headers, "Upgrade") is None:
            return _reply(HTTPStatus.UPGRADE_REQUIRED, b"websocket", {"Upgrade": "websocket"})
        origin = _single(request.headers, "Origin")
        if path == "/page":
            return self._refuse_page(origin)
        if origin is not None:  # a browser; agents send none
            return _reply(HTTPStatus.FORBIDDEN, b"origin")
        return await self._refuse_agent(connection, request)

    def _refuse_page(self, origin: str | None) -> Response | None:
        if origin is None or not is_ours(origin):
            log.warning("refused Origin %r", origin)
            return _reply(HTTPStatus.FORBIDDEN, b"origin")
        if self._strangers >= MOST_STRANGERS:
            return _reply(HTTPStatus.SERVICE_UNAVAILABLE, b"too many connections")
        return None

    async def _refuse_agent(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        given = _single(request.headers, "Authorization") or ""
        if not given.startswith("Bearer "):
            return _reply(HTTPStatus.UNAUTHORIZED, b"token")
        try:
            self._known[connection] = await self._books.recognise(given[7:].strip())
        except AgentUnknown:
            return _reply(HTTPStatus.UNAUTHORIZED, b"token")
        except MerchantSuspended:
            return _reply(HTTPStatus.FORBIDDEN, b"suspended")
        except Unavailable as error:
            log.warning("cannot look an agent up: %s", error)
            return _reply(HTTPStatus.SERVICE_UNAVAILABLE, b"try again")
        return None

    # -- WebSocket --------------------------------------------------------------------------

    async def _converse(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        joined = self._known.pop(connection, None)
        if joined is not None:
            await self._agent(AgentLink(connection, joined))
        else:
            await self._page(PageLink(connection, connection.request.headers["Origin"]))

    async def _agent(self, agent: AgentLink) -> None:
        joined = agent.joined
        self.hub.arrive(agent)
        agent.put({"v": 1, "type": "welcome", "time": clock.now(),
                   "register": joined.register, "store": joined.store})  # fmt: skip
        log.info("agent %s of %s is here", joined.id, joined.merchant)
        beside = [asyncio.create_task(each) for each in (agent.write(), self._keep(agent))]
        try:
            async for raw in agent.socket:
                self._hear(agent, raw)
        except ConnectionClosed:
            pass  # how every connection ends that was not closed politely
        finally:
            gone, closed = self.hub.depart(agent), clock.now()
            await _end(beside)
            if gone and not self._closing:
                await self._note_departure(agent, closed)

    async def _note_departure(self, agent: AgentLink, closed: datetime) -> None:
        """The desk is told at once; where it cannot be, it sees by itself that no beat comes."""
        log.info("agent %s of %s went", agent.joined.id, agent.joined.merchant)
        try:
            await self._books.part(agent.joined, closed)
        except Unavailable as error:
            log.warning("a departure was not stored: %s", error)

    def _hear(self, agent: AgentLink, raw: str | bytes) -> None:
        try:
            frame = _from_agent.decode(raw)
        except UNREADABLE as error:
            log.warning("agent %s: unreadable frame: %s", agent.joined.id, error)
            return
        if frame.peer:
            self.hub.answer(agent, frame)
        elif frame.type == "beat":
            agent.said = frame.health
            agent.spoke.set()

    async def _keep(self, agent: AgentLink) -> None:
        """Stores the agent's health, the newest only; looks whether everybody still may."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(agent.spoke.wait(), LOOK_SECONDS)
            agent.spoke.clear()
            health, agent.said = agent.said, None
            try:
                standing = await self._books.keep(agent.joined, health, agent.bindings.values())
            except Unavailable as error:
                log.warning("a beat was not stored: %s", error)
            else:
                if not standing.joined:
                    agent.hang_up(GONE, "removed")
                    return
                self.hub.release(agent, standing.bound)
                agent.put({"v": 1, "type": "time", "time": clock.now()})
            await asyncio.sleep(BEATS_APART)

    async def _page(self, page: PageLink) -> None:
        self._strangers += 1
        writing = asyncio.create_task(page.write())
        try:
            try:
                agent = await self._entered(page)
            finally:
                self._strangers -= 1
            if agent is None:
                await page.socket.wait_closed()
                return
            try:
                await self._read(page, agent)
            finally:
                self.hub.leave(agent, page)
            await page.settled()
        except ConnectionClosed:
            pass  # how every connection ends that was not closed politely
        finally:
            await _end([writing])

    async def _entered(self, page: PageLink) -> AgentLink | None:
        """The agent that the page's ticket leads to; ``None`` after refusing it."""
        try:
            raw = await asyncio.wait_for(page.socket.recv(), ENTER_SECONDS)
            first = _enter.decode(raw)
            if (first.v, first.type) != (1, "enter"):
                raise BadTicket("another message")
            ticket = self._gate.admit(first.ticket, page.origin)
        except (TimeoutError, BadTicket, *UNREADABLE) as error:
            log.info("refused a page of %s: %s", page.origin, error)
            page.turn_away("bad_ticket", BAD_TICKET, "")
            return None
        return self.hub.enter(page, ticket, first.id)

    async def _read(self, page: PageLink, agent: AgentLink) -> None:
        async for raw in page.socket:
            if len(raw) > LARGEST_MESSAGE:
                page.hang_up(1009, "message too big")
                return
            within = page.bucket.take()
            if page.bucket.flooded:
                page.hang_up(*FLOOD)
                return
            await self._pass_on(page, agent, raw, within)

    async def _pass_on(
        self, page: PageLink, agent: AgentLink, raw: str | bytes, within: bool
    ) -> None:
        """One message to the agent, or the reason why not; every request gets one reply."""
        try:
            if isinstance(raw, bytes):
                raise TypeError("text frames only")
            if not within and len(raw) > 4096:
                page.refuse("rate_limited")
                return
            message = _message.decode(raw)
            frame = msgspec.json.encode({"peer": page.name, "message": message})
        except UNREADABLE:
            page.refuse("malformed")
            return
        refusal = "rate_limited" if not within else await self._forbidden(page, agent, message)
        if not refusal and page.name in agent.pages and not agent.put(frame):
            refusal = "agent_busy"
        if refusal:
            page.refuse(refusal, id=_text(message, "id"), type=_text(message, "type"))

    async def _forbidden(self, page: PageLink, agent: AgentLink, message: dict[str, Any]) -> str:
        """Why that page may not say so; empty where it may. Asked anew each time: people change
        at a till while its connection stands."""
        if page.ticket is None:
            return ""
        binding = page.ticket.binding
        try:
            if sets_up(message):
                may = await self._books.may_set_up(agent.joined, binding)
                return "" if may else "other_register"
            if message.get("type") == "drawer.open":
                reasons = await self._books.drawer_reasons(agent.joined, binding)
                may = self._drawers.may_open(reasons, clock.now().timestamp())
                return "" if may else "drawer_not_granted"
        except Unavailable as error:
            log.warning("cannot look a right up: %s", error)
            return "unconfirmed"
        return ""


class _Enter(msgspec.Struct):
    ticket: str
    v: int = 0
    type: str = ""
    id: str = ""


UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, OverflowError)
_enter = msgspec.json.Decoder(_Enter)
_message: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_from_agent = msgspec.json.Decoder(FromAgent)


def _text(message: dict[str, Any], name: str) -> str | None:
    value = message.get(name)
    return value[:64] if isinstance(value, str) else None


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            log.error("a connection's task failed", exc_info=ended)


def _path(request: Request) -> str:
    path = request.path.partition("?")[0]
    return path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else path


def _single(headers: Headers, name: str) -> str | None:
    """The value of a header that may occur once; a doubled one is as good as a wrong one."""
    try:
        return headers.get(name)
    except MultipleValuesError:
        return "null"


def _reply(status: HTTPStatus, body: bytes, extra: dict[str, str] | None = None) -> Response:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Connection": "close",
        **(extra or {}),
    }
    return Response(status.value, status.phrase, Headers(headers), body)
