"""A counter for crash tests: a printer and an agent as processes of their own, a till page, and a
person who believes only the paper."""

import collections
import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from guitai_agent.journal import digest
from guitai_agent.tests.slips import KEY, invoice
from twinvoice import paper

ENDED = ("done", "cancelled", "expired")
AT_ONCE = 30


class PrinterProcess:
    """``guitai-agent virtual-printer``: it outlives the agent, as a printer outlives a PC."""

    def __init__(self, folder, *options):
        self.receipts = folder / "receipts"
        command = [
            sys.executable, "-m", "guitai_agent", "virtual-printer", "--profile", "PP-8800",
            "--receipts", str(self.receipts), *options,
        ]  # fmt: skip
        with (folder / "printer.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        self.where = json.loads(self.process.stdout.readline())
        self._control = socket.create_connection(("127.0.0.1", self.where["control_port"]), 10)
        self._answers = self._control.makefile("r", encoding="utf-8")

    def order(self, **wanted):
        """One order to the control port; what it answers."""
        self._control.sendall(json.dumps(wanted).encode() + b"\n")
        answer = json.loads(self._answers.readline())
        assert "error" not in answer, answer
        return answer

    def end(self):
        self._answers.close()
        self._control.close()
        self.process.terminate()
        assert self.process.wait(20) == 0
        self.process.stdout.close()


class AgentProcess:
    """``guitai-agent run`` on one folder, again and again."""

    def __init__(self, folder, device, origins):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.token_file = folder / "token"
        self.token_file.write_text("T" * 43)
        self.command = [
            sys.executable, "-m", "guitai_agent", "run", "--data", str(folder), "--quiet",
            "--device", device, "--profile", "PP-8800", "--port", str(self.port),
            *(part for origin in origins for part in ("--allow-origin", origin)),
            "--preshared-token-file", str(self.token_file),
        ]  # fmt: skip
        self.process = None

    @property
    def token(self):
        return self.token_file.read_text().strip()

    def start(self):
        with (self.folder / "terminal.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.terminate()
        assert self.process.wait(30) == 0


class Job:
    """One print job as the page knows it."""

    def __init__(self, number, copy, tries):
        self.number, self.copy, self.tries = number, copy, tries
        self.id = f"0192-{number}-{copy[0]}{tries}"
        self.state = self.reason = ""
        self.followed = False

    def fields(self):
        slip = paper.proof_copy(
            invoice(self.number), KEY, store_name="櫃台示範店", reprint=self.copy == "reprint"
        )
        doc = paper.to_json(slip)
        return {"job_id": self.id, "doc": doc, "sha256": digest(doc), "copy": self.copy}


class TillPage(threading.Thread):
    """Submits its documents over the protocol and, as its person, answers what is uncertain.

    The person waits until the printer is ready again, looks at the pile of paper, and says 已印好
    where the whole proof lies there, else 補印, which is a new job.
    """

    def __init__(self, agent, origin, numbers, pile, random):
        super().__init__(daemon=True)
        self.agent, self.origin, self.pile, self.random = agent, origin, pile, random
        self.jobs = {}
        self.queue = collections.deque(Job(number, "original", 0) for number in numbers)
        self.answers = collections.Counter()
        self.replays = self.connections = 0
        self.waited = set()
        self.stopping, self.problem, self.online = False, None, False

    @property
    def finished(self):
        return not self.queue and all(job.state in ENDED for job in self.jobs.values())

    def run(self):
        try:
            while not (self.finished or self.stopping):
                with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                    self.converse()
                time.sleep(0.05)
        except Exception as problem:  # noqa: BLE001 - a thread must bring any failure home
            self.problem = problem

    def converse(self):
        url = f"ws://127.0.0.1:{self.agent.port}/v1"
        with connect(url, origin=self.origin, open_timeout=3, proxy=None) as self.socket:
            self.connections += 1
            welcome = self.ask("auth", token=self.agent.token)
            assert welcome["ok"], welcome
            self.online = welcome["printer"]["online"]
            for job in welcome["jobs"]:
                self.note(job)
            told = {job["job_id"] for job in welcome["jobs"]}
            for job in [j for j in self.jobs.values() if j.state not in ENDED]:
                if job.id not in told:
                    self.note(self.ask("print.get", job_id=job.id)["job"])
            while not (self.finished or self.stopping):
                self.step()

    def step(self):
        self.listen(0)
        doubtful = [job for job in self.jobs.values() if job.state == "uncertain"]
        waiting = sum(job.state not in ENDED for job in self.jobs.values())
        if doubtful and self.online:
            self.look(doubtful[0])
        elif self.queue and waiting < AT_ONCE:
            self.submit(self.queue[0])
        else:
            self.listen(0.1)

    def submit(self, job):
        reply = self.ask("print.submit", **job.fields())
        if not reply["ok"]:
            assert reply["error"]["code"] in ("rate_limited", "queue_full"), reply
            self.listen(0.2)
            return
        self.queue.popleft()
        self.jobs[job.id] = job
        self.note(reply["job"])
        if self.random.random() < 0.05:  # a page that is not sure submits again
            again = self.ask("print.submit", **job.fields())
            assert again["ok"] is False or again["replay"], again
        self.replays += reply["replay"]

    def look(self, job):
        """The person's answer comes from the paper alone."""
        printed = "yes" if job.number in self.pile.whole() else "no"
        reply = self.ask("print.resolve", job_id=job.id, printed=printed)
        if reply["ok"]:
            self.answers[printed] += 1
            self.note(reply["job"])
        else:
            assert reply["error"]["code"] == "rate_limited", reply

    def note(self, told):
        job = self.jobs.get(told["job_id"])
        if job is None:  # acknowledged on disk, but the reply was lost: the page submits it again
            return
        job.state, job.reason = told["state"], told["reason"]
        if job.state == "waiting":
            assert told["message"], told
            self.waited.add(job.reason)
        if (job.state, job.reason) == ("cancelled", "NOT_PRINTED") and not job.followed:
            job.followed = True
            self.queue.append(Job(job.number, "reprint", job.tries + 1))

    def ask(self, kind, **fields):
        self.socket.send(json.dumps({"v": 1, "id": "1", "type": kind, **fields}))
        while True:
            heard = json.loads(self.socket.recv(timeout=10))
            if not heard.get("event"):
                return heard
            self.hear(heard)

    def listen(self, seconds):
        with contextlib.suppress(TimeoutError):
            while True:
                self.hear(json.loads(self.socket.recv(timeout=seconds)))

    def hear(self, event):
        if event["type"] == "job.state":
            self.note(event["job"])
        elif event["type"] == "printer.status":
            self.online = event["printer"]["online"]
