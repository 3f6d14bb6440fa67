"""An agent process under attack, and the paired page that has to go on printing."""

import contextlib
import hashlib
import json
import secrets
import time
from pathlib import Path

from websockets.sync.client import connect

from guitai_agent.client import OwnerClient
from guitai_agent.tests.rig import until
from guitai_agent.tests.slips import proof
from tests.crash.counter import AgentProcess
from twinvoice import paper

SHOP, OTHER = "https://shop.example", "https://other.example"
DOC = paper.to_json(proof())


class Agent(AgentProcess):
    """The process, its log, and a paired page that wants to print."""

    def __init__(self, folder):
        super().__init__(folder, "virtual", (SHOP, OTHER))
        self.token_file.write_text(secrets.token_urlsafe(32))
        self.codes = []
        self.start()
        until((folder / "run.json").exists, 30)

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    @property
    def log(self):
        return (self.folder / "agent.log").read_text("utf-8")

    def logged(self, text, since):
        """Within the time in which repetitions are only counted."""
        until(lambda: text in self.log[since:], 20)

    def memory(self):
        """Resident kilobytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def page(self, origin=SHOP):
        return Page(self.port, origin)

    def pair_code(self):
        with OwnerClient(self.folder) as owner:
            self.codes.append(owner.ask("pairing.open")["code"])
        return self.codes[-1]

    def seconds_to_print(self):
        """Connect, authenticate, submit, and hear that it is done."""
        began = time.monotonic()
        with contextlib.closing(self.page()) as page:
            assert page.ask("auth", token=self.token)["ok"]
            job = forged(secrets.token_hex(8))
            reply = page.ask("print.submit", **job)
            assert reply["ok"], reply
            page.wait_done(job["job_id"])
        return time.monotonic() - began


class Page:
    """A till page that keeps the rules of the wire."""

    def __init__(self, port, origin=SHOP):
        url = f"ws://127.0.0.1:{port}/v1"
        self.stack = contextlib.ExitStack()
        opening = connect(url, origin=origin, open_timeout=5, proxy=None)
        self.socket = self.stack.enter_context(opening)
        self.events = []

    def ask(self, kind, **fields):
        return self.exchange(json.dumps({"v": 1, "id": "x", "type": kind, **fields}))

    def exchange(self, raw):
        self.socket.send(raw)
        while True:
            heard = json.loads(self.socket.recv(timeout=10))
            if not heard.get("event"):
                return heard
            self.events.append(heard)

    def code(self, kind, **fields):
        return self.ask(kind, **fields)["error"]["code"]

    def wait_done(self, job_id):
        while True:
            for event in self.events:
                job = event.get("job", {})
                if (job.get("job_id"), job.get("state")) == (job_id, "done"):
                    return
            self.events.append(json.loads(self.socket.recv(timeout=10)))

    def close(self):
        self.stack.close()


def forged(job_id="0192-forged-1", doc=DOC, **changes):
    text = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return {"job_id": job_id, "doc": doc, "sha256": sha256, "copy": "original"} | changes
