"""The connection to the server we joined: pages come in over it as they do over loopback (§10.3).

It is tried for ever and matters to nothing else: without a server, loopback prints on. Each page
gets a ``Peer`` of the same handler, so there is one meaning of every message.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ..errors import AgentError
from ..printer.report import moment
from .handler import Handler, Peer, TooMuch
from .joining import Membership, MembershipFile, is_near
from .messages import dump, failure, need, parse, success

log = logging.getLogger(__name__)

Frame = dict[str, object]
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 30.0
BEAT_SECONDS = 30.0
BEATS_APART = 1.0
PING_SECONDS = 15.0
LARGEST_FRAME = 256 * 1024 + 4096
"""A page's message in its wrapping."""
LARGEST_REPLY = 256 * 1024
TOO_LARGE = AgentError("too_large", most=LARGEST_REPLY)
FRAMES_HELD = 2000
MOST_PAGES = 64
PAGE_HOLDS = 200
REPLACED = 4409
SENTENCES = {
    "none": "尚未連到伺服器。",
    "connecting": "正在連到伺服器…",
    "connected": "已連到伺服器。",
    "away": "連不上伺服器，正在自動重試；這台電腦上的收銀頁面仍可列印。",
    "refused": "伺服器已移除這個列印程式，請在後台取得新的連線碼。",
}


class Removed(Exception):
    """The server does not know our token any more."""


class Outbound:
    """Keeps the connection while there is a membership. ``restart`` from any thread."""

    def __init__(self, handler: Handler, file: MembershipFile) -> None:
        self._handler, self._file = handler, file
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._state, self._since = "none", time.time()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begin()

    async def stop(self) -> None:
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def restart(self) -> None:
        """The membership changed: connect as the new one says, or not at all."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin)

    def state(self) -> Frame:
        """``server`` of agent-protocol.md §10.2."""
        member = self._file.now
        return {
            "state": self._state,
            "address": member.server if member else "",
            "register": member.register if member else "",
            "store": member.store if member else "",
            "since": moment(self._since),
            "message": SENTENCES[self._state],
        }

    def _begin(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        member = self._file.now
        if member is None or member.refused:
            self._become("refused" if member else "none")
            return
        self._become("connecting")
        self._task = asyncio.get_running_loop().create_task(self._stay(member))

    def _become(self, state: str) -> None:
        if state == self._state:
            return
        self._state, self._since = state, time.time()
        self._handler.server_changed(self.state())

    async def _stay(self, member: Membership) -> None:
        """For ever: connect, serve, wait a little longer each time that it does not hold."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                await self._once(member)
            except Removed:
                log.warning("%s has removed this agent", member.server)
                self._file.mark_refused(member.token)
                self._become("refused")
                return
            except ConnectionClosed as closed:
                log.info("connection to %s closed: %s", member.server, closed)
                if closed.rcvd is not None and closed.rcvd.code == REPLACED:
                    pause = LONGEST_PAUSE  # another one with our token: do not fight over it
            except (OSError, WebSocketException, TimeoutError) as error:
                log.info("cannot reach %s: %s", member.relay_url, error)
            except Exception:  # a fault of ours must not end the tries for ever; it is in the log
                log.exception("connection to %s failed", member.server)
            self._become("away")
            if time.monotonic() - began > STEADY_SECONDS and pause < LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _once(self, member: Membership) -> None:
        """One connection from its beginning to its end, which is an exception."""
        near = is_near(urlsplit(member.relay_url).hostname or "")
        try:
            async with connect(
                member.relay_url,
                additional_headers={"Authorization": f"Bearer {member.token}"},
                proxy=None if near else True,
                compression=None,
                max_size=LARGEST_FRAME,
                max_queue=32,
                open_timeout=10,
                close_timeout=2,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
            ) as socket:
                await Line(socket, self._handler, member, lambda: self._become("connected")).serve()
        except InvalidStatus as refusal:
            if refusal.response.status_code == 401:
                raise Removed from None
            raise


class Line:
    """One open connection to the relay: the pages on it, and the beats."""

    def __init__(
        self, socket: ClientConnection, handler: Handler, member: Membership, connected: Any
    ) -> None:
        self._socket, self._handler, self._member = socket, handler, member
        self._connected = connected
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[Frame] = asyncio.Queue()
        self._seats: dict[str, Seat] = {}
        self._changed = asyncio.Event()
        self.ears = Peer(f"relay:{member.server}", self._hear)
        """Hears what changes, and asks for the health and tells the time."""

    async def serve(self) -> None:
        self._handler.join(self.ears)
        tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.to_thread(self._handler.welcome, self.ears)
            tasks += [asyncio.create_task(w) for w in (self._write(), self._beat(), self._read())]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for seat in list(self._seats.values()):
                await seat.close()
            self._handler.leave(self.ears)
        for ending in ended:
            if isinstance(ending, Exception):
                raise ending

    def put(self, frame: Frame) -> None:
        """Into the outbox, from any thread."""
        # The loop may be closing while the printer still has news.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._outbox.put_nowait, frame)

    async def _write(self) -> None:
        while True:
            frame = await self._outbox.get()
            if self._outbox.qsize() > FRAMES_HELD:  # a relay that does not read
                await self._socket.close(1008, "reading too slowly")
                return
            await self._socket.send(dump(frame))

    async def _read(self) -> None:
        while True:
            raw = await self._socket.recv()
            try:
                await self._take(parse(raw))
            except AgentError as error:
                log.warning("frame of the relay ignored: %s %s", error.code, error.params)

    async def _take(self, frame: Mapping[str, object]) -> None:
        if "peer" in frame:
            await self._for_page(need(frame, "peer", str, longest=40), frame)
            return
        kind = need(frame, "type", str, longest=40)
        if kind == "welcome":
            self._connected()
        if kind in ("welcome", "time"):
            await self._ask("clock.tell", time=need(frame, "time", str, longest=40))

    async def _for_page(self, name: str, frame: Mapping[str, object]) -> None:
        seat = self._seats.get(name)
        if "enter" in frame and seat is None:
            if len(self._seats) >= MOST_PAGES:
                self.put({"peer": name, "close": True})
                return
            self._seats[name] = Seat(self, self._handler, name, self._origin(frame))
            self._seats[name].hold(frame)
        elif "leave" in frame and seat is not None:
            del self._seats[name]
            await seat.close()
        elif "message" in frame and seat is not None and not seat.hold(frame):
            await self.drop(name)

    async def drop(self, name: str) -> None:
        """Hang up on a page that sends too much."""
        seat = self._seats.pop(name, None)
        self.put({"peer": name, "close": True})
        if seat is not None:
            await seat.close()

    def _origin(self, frame: Mapping[str, object]) -> str:
        """The page's own origin where it is our server's, so that its jobs are the same over
        loopback and relay. The server vouches for no other origin that may be paired here."""
        enter = frame["enter"]
        said = enter.get("origin") if isinstance(enter, dict) else ""
        return self._member.server if said == self._member.server else self.ears.origin

    # -- beats ------------------------------------------------------------------------------

    def _hear(self, news: Frame) -> None:
        if news.get("type") == "health.changed":
            with contextlib.suppress(RuntimeError):  # the loop is closing
                self._loop.call_soon_threadsafe(self._changed.set)

    async def _beat(self) -> None:
        while True:
            self._changed.clear()
            reply = await self._ask("health.get")
            if reply.get("ok"):
                known = {name: reply[name] for name in reply if name not in ENVELOPE}
                self.put({"v": 1, "type": "beat", "health": known})
            await asyncio.sleep(BEATS_APART)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), BEAT_SECONDS - BEATS_APART)

    async def _ask(self, kind: str, **fields: object) -> Frame:
        """The handler's reply to a message of our own."""
        request = dump({"v": 1, "id": "relay", "type": kind, **fields})
        return await asyncio.to_thread(self._handler.handle, self.ears, request)


ENVELOPE = ("v", "id", "type", "ok")


class Seat:
    """One page of the relay: its messages are answered in order, and hold up no other page."""

    def __init__(self, line: Line, handler: Handler, name: str, origin: str) -> None:
        self._line, self._handler, self._name = line, handler, name
        self._inbox: asyncio.Queue[Mapping[str, object]] = asyncio.Queue(PAGE_HOLDS)
        self.peer = Peer(origin, lambda news: line.put({"peer": name, "message": news}))
        self._inside = False
        handler.join(self.peer)
        self._task = asyncio.create_task(self._work())

    def hold(self, frame: Mapping[str, object]) -> bool:
        """Take a frame to be worked on; False when too many wait."""
        try:
            self._inbox.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    async def close(self) -> None:
        if self._task is not asyncio.current_task():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._handler.leave(self.peer)

    async def _work(self) -> None:
        while True:
            frame = await self._inbox.get()
            enter, message = frame.get("enter"), frame.get("message")
            if isinstance(enter, dict) and not self._inside:
                self._inside = True
                welcome = await asyncio.to_thread(self._handler.welcome, self.peer)
                reply = success(str(enter.get("id", "")), "enter", welcome)
            elif isinstance(message, dict):
                try:
                    reply = await asyncio.to_thread(self._handler.handle, self.peer, dump(message))
                except TooMuch:
                    log.warning("flood from %s over the relay", self.peer.origin)
                    await self._line.drop(self._name)
                    return
            else:
                continue
            if len(dump(reply).encode()) > LARGEST_REPLY:
                reply = failure(message if isinstance(message, dict) else None, TOO_LARGE)
            self._line.put({"peer": self._name, "message": reply})
