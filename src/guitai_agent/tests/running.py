"""An agent that runs, a page that speaks to it, and a job for both."""

import asyncio
import hashlib
import json
import secrets
import threading
from contextlib import ExitStack

from websockets.sync.client import connect

from guitai_agent.app import Agent, Options
from guitai_agent.tests.rig import QUICK, until
from guitai_agent.tests.slips import proof
from twinvoice import paper

PAGE = "https://shop.example"
OTHER = "https://evil.example"


class Running:
    """An agent on its own event loop in a thread, with the virtual printer."""

    def __init__(self, folder, **options):
        self.agent = Agent(
            Options(folder, "virtual", ports=(0,), timings=QUICK, finder=list, **options)
        )
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = self._run(self.agent.start())
        self.printer = self.agent.virtual
        self.pages = []
        keep = self.printer.on_receipt
        self.printer.on_receipt = lambda receipt: (self.pages.append(receipt), keep(receipt))
        until(lambda: self.agent.worker.report.online or self.agent.journal.sealed)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def code(self):
        return self.agent.pairing.open_code().code

    def stop(self):
        self._run(self.agent.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Page:
    """A till page: one WebSocket."""

    def __init__(self, agent, origin=PAGE):
        self.stack = ExitStack()
        opening = connect(f"ws://127.0.0.1:{agent.port}/v1", origin=origin, proxy=None)
        self.socket = self.stack.enter_context(opening)
        self.events = []

    def ask(self, kind, **fields):
        request = {"v": 1, "id": secrets.token_hex(4), "type": kind, **fields}
        return self.exchange(json.dumps(request), request["id"])

    def exchange(self, raw, message_id=None):
        self.socket.send(raw)
        while True:
            reply = json.loads(self.socket.recv(timeout=10))
            if not reply.get("event"):
                assert reply["v"] == 1
                assert message_id is None or reply["id"] == message_id
                return reply
            self.events.append(reply)

    def error(self, kind, **fields):
        reply = self.ask(kind, **fields)
        assert reply["ok"] is False
        assert reply["error"]["message"]
        return reply["error"]["code"]

    def event(self, kind, **wanted):
        """The next event of that kind whose inner object has these values."""
        while True:
            while self.events:
                news = self.events.pop(0)
                inner = news.get("job") or news.get("printer") or {}
                if news["type"] == kind and all(inner.get(k) == v for k, v in wanted.items()):
                    return inner
            self.events.append(json.loads(self.socket.recv(timeout=10)))

    def close(self):
        self.stack.close()


def job(job_id="0192-AB12345678", doc=None, **changes):
    doc = paper.to_json(proof()) if doc is None else doc
    text = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {
        "job_id": job_id,
        "doc": doc,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "copy": "original",
        **changes,
    }
