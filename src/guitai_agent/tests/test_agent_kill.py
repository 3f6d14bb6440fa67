"""kill -9 at random moments: every job is on paper once, or a person is asked; never twice.

The printer is a separate thing that survives (TCP), as in a shop. What a page does is played too:
it submits again whatever was not acknowledged.
"""

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from guitai_agent.journal import digest
from guitai_agent.tests.rig import new_printer, number_on, until
from guitai_agent.tests.slips import proof
from guitai_agent.virtual.server import PrinterServer
from twinvoice import paper

PAGE = "https://shop.example"
JOBS = int(os.environ.get("GUITAI_KILL_JOBS", "120"))
KILLS = int(os.environ.get("GUITAI_KILLS", "8"))


class AgentProcess:
    """``guitai-agent run`` as a process of its own, on one folder, again and again."""

    def __init__(self, folder, printer_port, port):
        self.folder, self.port = folder, port
        self.command = [
            sys.executable, "-m", "guitai_agent", "run", "--data", str(folder), "--quiet",
            "--device", f"tcp:127.0.0.1:{printer_port}", "--profile", "PP-8800",
            "--port", str(port), "--allow-origin", PAGE,
            "--preshared-token-file", str(folder / "token"),
        ]  # fmt: skip
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        self.process.terminate()
        assert self.process.wait(20) == 0


class TillPage(threading.Thread):
    """Submits every job until it is acknowledged, reconnecting for ever."""

    def __init__(self, agent, jobs):
        super().__init__(daemon=True)
        self.agent, self.jobs, self.acknowledged = agent, jobs, []
        self.stopping = False

    def run(self):
        while len(self.acknowledged) < len(self.jobs) and not self.stopping:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, FileNotFoundError):
                self.converse()
            time.sleep(0.02)

    def converse(self):
        token = (self.agent.folder / "token").read_text().strip()
        url = f"ws://127.0.0.1:{self.agent.port}/v1"
        with connect(url, origin=PAGE, open_timeout=2, proxy=None) as socket:
            assert ask(socket, "auth", token=token)["ok"]
            while len(self.acknowledged) < len(self.jobs) and not self.stopping:
                job_id, doc = self.jobs[len(self.acknowledged)]
                reply = ask(
                    socket, "print.submit", job_id=job_id, doc=doc, sha256=digest(doc),
                    copy="original",
                )  # fmt: skip
                if reply["ok"]:
                    self.acknowledged.append(job_id)
                else:
                    assert reply["error"]["code"] == "rate_limited", reply
                time.sleep(random.random() * 0.2)


def ask(socket, kind, **fields):
    socket.send(json.dumps({"v": 1, "id": "1", "type": kind, **fields}))
    while True:
        reply = json.loads(socket.recv(timeout=5))
        if not reply.get("event"):
            return reply


def rows(folder):
    with contextlib.closing(sqlite3.connect(f"file:{folder}/journal.db?mode=ro", uri=True)) as db:
        return dict(db.execute("SELECT job_id, state FROM job WHERE kind = 'document'"))


def settled(folder):
    return all(state in ("done", "uncertain") for state in rows(folder).values())


@pytest.mark.crash
@pytest.mark.slow
def test_kill_nine_at_random_moments(tmp_path, unused_tcp_port_agent):
    seed = random.randrange(10**6)
    print("seed", seed)
    random.seed(seed)
    printer = new_printer(rate=40_000)
    server = PrinterServer(printer, port=0)
    server.start()
    agent = AgentProcess(tmp_path, server.port, unused_tcp_port_agent)
    jobs = [(f"0192-{n:08}", paper.to_json(proof(f"AB{n:08}"))) for n in range(JOBS)]
    page = TillPage(agent, jobs)
    agent.start()
    page.start()
    for _ in range(KILLS):
        until((tmp_path / "run.json").exists, 20)
        time.sleep(0.3 + random.random() * 1.2)
        agent.kill()
        (tmp_path / "run.json").unlink(missing_ok=True)
        agent.start()
    page.join(120)
    until(lambda: len(rows(tmp_path)) == JOBS and settled(tmp_path), 120)
    until((tmp_path / "run.json").exists, 20)
    agent.end()
    server.stop()
    printer.close()

    states = rows(tmp_path)
    complete = Counter(filter(None, (number_on(r.page) for r in printer.receipts)))
    touched = Counter(n for r in printer.receipts for n in re.findall(r"AB-(\d{8})", r.text))
    assert page.acknowledged == [job_id for job_id, _ in jobs]
    for n, (job_id, _) in enumerate(jobs):
        number = f"{n:08}"
        assert touched[number] <= 1, f"{job_id} began twice on paper"
        if states[job_id] == "done":
            assert complete[number] == 1, f"{job_id} is done but {complete[number]} on paper"
    print(Counter(states.values()), "complete", sum(complete.values()))
    # Each kill can make at most one job uncertain: the one being sent.
    assert Counter(states.values())["uncertain"] <= KILLS


@pytest.fixture
def unused_tcp_port_agent():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
