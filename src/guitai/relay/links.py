"""The two kinds of connections, each with an outbox of its own: a slow one holds up nobody."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from guitai.devices.rules import Ticket
from guitai.relay.books import Joined
from guitai.relay.guard import Bucket

LARGEST_MESSAGE = 262_144
MOST_FRAMES = 1000
MOST_BYTES = 8 * 1024 * 1024
CLOSE_SECONDS = 2.0

AWAY, BAD_TICKET, GONE, REPLACED, CROWDED = 4404, 4401, 4403, 4409, 4429
"""Close codes of agent-protocol.md §10."""
SLOW = (1008, "reading too slowly")
FLOOD = (1008, "too many messages")


class Link:
    """One WebSocket and what waits to be sent on it (bytes of JSON text)."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._bytes = 0
        self._closing: asyncio.Task[None] | None = None

    def put(self, frame: Any) -> bool:
        """Queues a frame (encoded here unless it is bytes already); False where it is full."""
        text = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
        if self._outbox.qsize() >= MOST_FRAMES or self._bytes + len(text) > MOST_BYTES:
            return False
        self._bytes += len(text)
        self._outbox.put_nowait(text)
        return True

    async def write(self) -> None:
        """Sends for as long as the connection stands."""
        while True:
            text = await self._outbox.get()
            try:
                await self.socket.send(text, text=True)
            except ConnectionClosed:
                return
            self._bytes -= len(text)

    def hang_up(self, code: int, reason: str) -> None:
        """Closes soon, whether the other side reads or not; the first reason stands."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def settled(self) -> None:
        """Waits for the closing that was begun, so that its code is the one that is sent."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._bytes:  # what was said before goes first, where the other side reads
                    await asyncio.sleep(0.02)
                await self.socket.close(code, reason)
        except TimeoutError:
            self.socket.transport.abort()


class PageLink(Link):
    """A till page that entered with a ticket. ``name`` is how its agent calls it."""

    def __init__(self, socket: ServerConnection, origin: str) -> None:
        super().__init__(socket)
        self.origin = origin
        self.name = ""
        self.ticket: Ticket | None = None
        self.bucket = Bucket()

    def refuse(self, code: str, *, id: str | None = None, type: str | None = None) -> None:
        """An error of the relay itself."""
        error = {"code": code, "message": SENTENCES[code]}
        self.tell({"v": 1, "id": id, "type": type, "ok": False, "error": error})

    def turn_away(self, code: str, number: int, message_id: str) -> None:
        """Says why, and hangs up."""
        self.refuse(code, id=message_id, type="enter")
        self.hang_up(number, code)

    def tell(self, frame: Any) -> None:
        if not self.put(frame):
            self.hang_up(*SLOW)


class AgentLink(Link):
    """A joined agent and the pages that use it now."""

    def __init__(self, socket: ServerConnection, joined: Joined) -> None:
        super().__init__(socket)
        self.joined = joined
        self.pages: dict[str, PageLink] = {}
        self.said: Any = None
        """The newest health that is not stored yet."""
        self.spoke = asyncio.Event()

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.joined.merchant, self.joined.id

    @property
    def bindings(self) -> dict[str, UUID]:
        return {name: page.ticket.binding for name, page in self.pages.items() if page.ticket}


class FromAgent(msgspec.Struct):
    """A frame of an agent: for one of its pages, or a beat."""

    peer: str = ""
    message: msgspec.Raw = msgspec.Raw(b"")
    close: bool = False
    type: str = ""
    health: Any = None


SENTENCES = {
    "agent_away": "列印程式目前沒有連上伺服器，請確認那台電腦已開機並連上網路。",
    "bad_ticket": "連線票證無效或已過期，正在重新取得。",
    "too_many_pages": "同時使用這台列印程式的頁面太多，請先關閉不用的頁面。",
    "rate_limited": "送出太頻繁，請稍候再試。",
    "malformed": "訊息格式不正確，請更新收銀頁面後再試。",
    "agent_busy": "列印程式來不及處理，請稍候再試。",
    "other_register": "這是另一台 POS 機的設備，只有店長能從這裡更換：請店長在這台 POS 登入後再選，"
    "或到那台電腦上選。",
    "drawer_not_granted": "錢櫃沒有打開：剛收現金，或剛寫下原因時才能開。"
    "請到「設備」寫下原因，再按「開錢櫃」。",
    "unconfirmed": "伺服器暫時無法確認，設備沒有更換，錢櫃也沒有打開，請稍候再試。",
}
