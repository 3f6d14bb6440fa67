"""A thousand print jobs through pulled cables, paper ends, open covers, a stuck knife, and deaths
of the agent and of the whole machine (printing.md §3, §5, §7).

Afterwards every job has an end, every document is on paper whole exactly once, no piece of paper
holds the rest of another job, and nothing was printed again without a person's word.
"""

import collections
import contextlib
import itertools
import os
import random
import sqlite3
import threading
import time

import pytest

from guitai_agent.tests.rig import until
from tests.crash.counter import AgentProcess, PrinterProcess, TillPage
from tests.crash.pile import Pile, Row, faults_in_books

JOBS = int(os.environ.get("GUITAI_CRASH_JOBS", "1000"))
SEED = int(os.environ.get("GUITAI_CRASH_SEED", "20261121"))
SERIAL_JOBS = max(30, JOBS // 10)
PATIENCE = 120 + JOBS
SHOPS = ("https://one.shop.example", "https://two.shop.example")
RATE = "120000"
SENSORS = {"paper ends": "paper_end", "cover opens": "cover_open", "knife sticks": "cutter"}
SHARES = {
    "cable pulled": 60, "connection broken": 100, "paper ends": 50, "cover opens": 50,
    "knife sticks": 100, "knife sticks in the middle": 100, "printer off and on": 100,
    "agent killed": 100, "agent killed while starting": 500,
    "agent killed with open cover": 250, "agent stopped": 250, "machine off and on": 200,
}  # fmt: skip

pytestmark = pytest.mark.crash


class Gremlin(threading.Thread):
    """Does its mischief at random moments of the work: a moment is a count of pieces of paper, so
    that a slow machine suffers as much as a fast one."""

    def __init__(self, printer, agent, pile, jobs, choice):
        super().__init__(daemon=True)
        self.printer, self.agent, self.pile, self.random = printer, agent, pile, choice
        kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, jobs // share))]
        choice.shuffle(kinds)
        moments = sorted(choice.sample(range(1, jobs * 9 // 10), len(kinds)))
        self.plan = list(zip(moments, kinds, strict=True))
        self.done = collections.Counter()
        self.quiet, self.problem = threading.Event(), None

    def run(self):
        try:
            for moment, kind in self.plan:
                while self.pile.count() < moment:
                    if self.quiet.wait(0.02):
                        return
                time.sleep(self.random.random() * 0.1)
                self.play(kind)
                self.done[kind] += 1
        except Exception as problem:  # noqa: BLE001 - a thread must bring any failure home
            self.problem = problem

    def play(self, kind):
        if kind in SENSORS:
            with self.tripped(SENSORS[kind]):
                time.sleep(0.1 + self.random.random() * 0.3)
        elif kind == "cable pulled":
            self.printer.order(plugged=False)
            time.sleep(self.random.random() * 0.3)
            self.printer.order(plugged=True)
        elif kind == "connection broken":
            self.printer.order(unplug=True)
        elif kind == "knife sticks in the middle":
            self.printer.order(plan="cutter", after=self.random.randrange(3000))
            time.sleep(0.3)
            self.printer.order(fault="cutter", on=False)
        elif kind == "printer off and on":
            self.printer.order(unplug=True, power_cycle=True)
        elif kind == "agent stopped":
            self.agent.end()
            self.agent.start()
        elif kind == "agent killed with open cover":
            with self.tripped("cover_open"):
                self.restart()
                time.sleep(self.random.random())
        else:
            self.restart(machine=kind == "machine off and on")
            if kind == "agent killed while starting":
                time.sleep(self.random.random() * 1.5)
                self.restart()

    def restart(self, *, machine=False):
        self.agent.kill()
        if machine:
            self.printer.order(unplug=True, power_cycle=True)
        self.agent.start()

    @contextlib.contextmanager
    def tripped(self, fault):
        self.printer.order(fault=fault, on=True)
        yield
        self.printer.order(fault=fault, on=False)

    def stop(self):
        self.quiet.set()
        self.join()


def journal_rows(folder):
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        rows = db.execute("SELECT job_id, copy, state, reason FROM job WHERE kind = 'document'")
        return [Row(job_id.split("-")[1], *rest) for job_id, *rest in rows]


def let_go(folder):
    """How often each job's bytes were let go: ``sending`` that was not taken back unsent."""
    with contextlib.closing(sqlite3.connect(folder / "journal.db")) as db:
        steps = db.execute("SELECT job_id, state FROM step ORDER BY job_id, rowid").fetchall()
    return collections.Counter(
        job_id
        for (job_id, state), following in itertools.pairwise([*steps, ("", "")])
        if state == "sending" and following != (job_id, "waiting")
    )


def work(pages, gremlin, pile):
    """Let the pages finish, reading the paper meanwhile; raises what any thread met."""
    deadline = time.monotonic() + PATIENCE
    threads = [*pages, gremlin]
    while any(page.is_alive() for page in pages):
        assert [t.problem for t in threads if t.problem] == []
        assert time.monotonic() < deadline, f"not done in {PATIENCE} s"
        pile.pieces()
        time.sleep(0.1)
    assert [t.problem for t in threads if t.problem] == []


def run_counter(folder, printer, device, jobs):
    """Play it through; returns the sentences about what went wrong, and a summary."""
    choice = random.Random(SEED)
    numbers = [f"AB{n:08}" for n in range(10_000_000, 10_000_000 + jobs)]
    pile = Pile(printer.receipts)
    agent = AgentProcess(folder, device, SHOPS)
    shares = (numbers[::2], numbers[1::2])
    pages = [
        TillPage(agent, shop, share, pile, random.Random(f"{SEED}{shop}"))
        for shop, share in zip(SHOPS, shares, strict=True)
    ]
    gremlin = Gremlin(printer, agent, pile, jobs, choice)
    agent.start()
    until((folder / "run.json").exists, 30)
    for thread in (gremlin, *pages):
        thread.start()
    try:
        work(pages, gremlin, pile)
    finally:
        gremlin.stop()
        for page in pages:
            page.stopping = True
            page.join()
        agent.end()
    pieces = pile.pieces()
    heights = collections.Counter(piece.height for piece in pieces if piece.number)
    rows = journal_rows(folder)
    wrong = faults_in_books(pieces, rows, numbers, heights.most_common(1)[0][0])
    wrong += [f"{job_id} let go {n} times" for job_id, n in let_go(folder).items() if n > 1]
    return wrong, pages, gremlin, rows


def judge(wrong, pages, gremlin, rows):
    answers = sum((page.answers for page in pages), collections.Counter())
    print("mischief", dict(gremlin.done))
    print("journal", dict(collections.Counter((r.copy, r.state, r.reason) for r in rows)))
    print("answers", dict(answers), "waited for", sorted(set().union(*(p.waited for p in pages))))
    print("connections", [page.connections for page in pages])
    assert wrong == []
    assert gremlin.done == collections.Counter(kind for _, kind in gremlin.plan)
    # Mischief that nobody noticed would prove nothing.
    assert sum(answers.values()) >= len(gremlin.plan) // 10
    assert answers["no"] > 0


def play(folder, jobs, printer, device):
    began_at = time.monotonic()
    try:
        result = run_counter(folder, printer, device, jobs)
    finally:
        printer.end()
    print(f"{jobs} jobs over {device} in {time.monotonic() - began_at:.0f} s, seed {SEED}")
    judge(*result)


def test_a_thousand_jobs_over_the_network(tmp_path):
    printer = PrinterProcess(tmp_path, "--rate", RATE, "--port", "0")
    play(tmp_path, JOBS, printer, f"tcp:127.0.0.1:{printer.where['port']}")


def test_a_hundred_jobs_over_a_serial_line(tmp_path):
    line = tmp_path / "ttyPOS"
    printer = PrinterProcess(tmp_path, "--rate", RATE, "--pty", str(line))
    play(tmp_path, SERIAL_JOBS, printer, f"serial:{line}")
