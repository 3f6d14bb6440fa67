"""A relay on a loop of its own, with books that need no database, and both kinds of visitors."""

import asyncio
import itertools
import json
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from uuid import uuid4

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from guitai.devices.errors import AgentUnknown
from guitai.devices.rules import Ticket, sign_ticket
from guitai.kernel import clock
from guitai.relay.books import Joined, Standing
from guitai.relay.door import Relay

KEY = b"k" * 32
ORIGIN = "http://localhost:8000"
_serial = itertools.count()


class FakeBooks:
    """What the database would say; ``stored`` is what was told to it."""

    def __init__(self):
        self.known, self.stored, self.unlocked, self.parted = {}, [], set(), []
        self.guests = set()
        """Bindings of other registers, where nobody stands who may choose for the agent's."""
        self.reasons = defaultdict(dict)
        """Of each binding: why its drawer may open, as ``Books.drawer_reasons`` tells it."""
        self.failure, self.slow = None, 0.0

    def join(self, merchant=None, token=""):
        merchant = merchant or uuid4()
        token = token or f"{merchant}.secret-{next(_serial)}"
        self.known[token] = Joined(
            merchant, uuid4(), uuid4(), "9f", "0.1.0", "收銀1", "重慶店", token
        )
        return self.known[token]

    async def recognise(self, token):
        if self.failure:
            raise self.failure
        if token not in self.known:
            raise AgentUnknown
        return self.known[token]

    async def keep(self, agent, health, bindings):
        await asyncio.sleep(self.slow)
        if self.failure:
            raise self.failure
        self.stored.append((agent.id, health))
        bound = frozenset(set(bindings) - self.unlocked)
        return Standing(agent.token in self.known, bound)

    async def may_set_up(self, agent, binding):
        if self.failure:
            raise self.failure
        return binding not in self.guests

    def written(self, binding, at=None):
        self.reasons[binding][uuid4()] = at or clock.now()

    async def drawer_reasons(self, agent, binding):
        if self.failure:
            raise self.failure
        return self.reasons[binding]

    async def part(self, agent, closed):
        if self.failure:
            raise self.failure
        self.parted.append(agent.id)


class Rig:
    """The running relay."""

    def __init__(self):
        self.books = FakeBooks()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.open = ExitStack()
        self.relay, self.port = self.run(self._begin())

    async def _begin(self):
        relay = Relay(self.books, KEY)
        return relay, await relay.open("127.0.0.1", 0)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def stop(self):
        self.open.close()
        self.run(self.relay.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def agent(self, joined, **more):
        return self.open.enter_context(Visitor(self, "/agent", token=joined.token, **more))

    def page(self, joined, **more):
        """A page that has sent its ticket; what came back is still to be read."""
        page = self.stranger(**more.pop("visitor", {}))
        page.send({"v": 1, "id": "e", "type": "enter", "ticket": self.ticket(joined, **more)})
        return page

    def stranger(self, **more):
        return self.open.enter_context(Visitor(self, "/page", **{"origin": ORIGIN, **more}))

    def ticket(self, joined, *, key=KEY, **changed):
        facts = {
            "merchant": joined.merchant,
            "agent": joined.id,
            "binding": uuid4(),
            "origin": ORIGIN,
            "issued": time.time(),
            "nonce": str(next(_serial)),
        }
        return sign_ticket(key, Ticket(**{**facts, **changed}))

    def pair(self, *, ticket=None, **visitor):
        """A joined agent with one page on it: ``(joined, agent, page, name)``."""
        joined = self.books.join()
        agent = self.agent(joined)
        assert agent.read()["type"] == "welcome"
        page = self.page(joined, visitor=visitor, **(ticket or {}))
        name = agent.admit()
        assert page.read()["ok"]
        return joined, agent, page, name


class Visitor:
    """One WebSocket to the relay."""

    def __init__(self, rig, path, *, origin=None, token=None, **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._opening = connect(
            f"ws://127.0.0.1:{rig.port}{path}",
            origin=origin,
            additional_headers=headers,
            proxy=None,
            max_size=None,
            close_timeout=0.2,
            **more,
        )

    def __enter__(self):
        self.socket = self._opening.__enter__()
        return self

    def __exit__(self, *why):
        self.socket.close()

    def send(self, frame):
        self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    def read(self, seconds=5):
        return json.loads(self.socket.recv(timeout=seconds))

    def admit(self):
        """As an agent: let the next page in; its name."""
        frame = self.until(lambda f: "enter" in f)
        reply = {"v": 1, "id": frame["enter"]["id"], "type": "enter", "ok": True}
        self.send({"peer": frame["peer"], "message": reply})
        return frame["peer"]

    def until(self, wanted, seconds=5):
        end = time.monotonic() + seconds
        while True:
            frame = self.read(max(end - time.monotonic(), 0.01))
            if wanted(frame):
                return frame

    def closed(self, seconds=5):
        """The close code, and the frames that came before it."""
        frames, end = [], time.monotonic() + seconds
        while True:
            try:
                frames.append(self.read(max(end - time.monotonic(), 0.01)))
            except ConnectionClosed as closed:
                return (closed.rcvd.code if closed.rcvd else 1006), frames

    def silent(self, seconds=0.3):
        try:
            frame = self.read(seconds)
        except TimeoutError:
            return True
        raise AssertionError(frame)
