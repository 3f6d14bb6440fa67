"""A whole agent in front of an emulated printer, on a serial line or the network, to be broken.

Everything is the real thing (journal, worker, opener, doctor, door); only what the machine would
list as devices is played, because the system never lists pseudo terminals (printing.md §5).
"""

import asyncio
import fcntl
import threading
import time
from dataclasses import dataclass, replace

from guitai_agent.app import Agent, Options
from guitai_agent.drivers.pnp import UsbPresence
from guitai_agent.drivers.ports import Device
from guitai_agent.errors import LinkError
from guitai_agent.journal.store import Submission
from guitai_agent.printer.session import Timings
from guitai_agent.tests.rig import ORIGIN, new_printer, number_on, until
from guitai_agent.tests.slips import proof
from guitai_agent.virtual.ptyport import PtyPort
from guitai_agent.virtual.server import PrinterServer
from twinvoice import paper

PATIENCE = 1.0
"""Seconds until the agent stops waiting for a fence; 15 and more in a shop."""

TIMINGS = Timings(fence=PATIENCE, stall=PATIENCE, pause=20.0, slowest_rate=50_000)
"""As in a shop, but for the patience with a printer that says nothing of a job."""

VENDOR, PRODUCT = 0x0D3A, 0x0300
HERE = UsbPresence(VENDOR, PRODUCT, "A1", "1-2", "ftdi_sio", None, "com")
GREEN = ("OK", "TEST_PRINTED", "TEST_READABLE")


@dataclass
class Word:
    """What pages were told at ``at``: the findings' codes, the root cause first."""

    at: float
    codes: tuple[str, ...]
    health: dict


class Stage:
    """One agent and one printer. ``wire`` is ``pty`` or ``tcp``."""

    def __init__(self, folder, wire):
        self.wire, self.words, self.jobs = wire, [], 0
        self.printer = new_printer()
        self.presences, self.listed, self.refusal = [HERE], True, ""
        folder.mkdir(parents=True, exist_ok=True)
        if wire == "pty":
            self.line = PtyPort(self.printer, folder / "com", speed=38400)
            device = ""
        else:
            self.line = PrinterServer(self.printer, port=0)
            self.line.start()
            device = f"tcp:127.0.0.1:{self.line.port}"
        options = Options(
            folder / "agent", device, "PP-8800", ports=(0,), timings=TIMINGS, finder=self.devices
        )
        self.agent = Agent(options)
        self.pair()
        self._prepare()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._await(self.agent.start())

    def _prepare(self):
        agent, doctor = self.agent, self.agent.desk.doctor
        doctor.eyes._presences = lambda: list(self.presences) if self.wire == "pty" else []
        if self.wire == "pty":
            agent.opener.choose(self._device().id, "PP-8800")
            open_serial = agent.opener.open_serial
            agent.opener.open_serial = lambda *args, **more: (
                self._refuse() if self.refusal else open_serial(*args, **more)
            )
        tell = doctor.on_health

        def heard(health):
            codes = tuple(found["code"] for found in health["findings"])
            self.words.append(Word(time.monotonic(), codes, health))
            tell(health)

        doctor.on_health = heard

    def _refuse(self):
        raise LinkError(self.refusal, "refused by the stage")

    def _await(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self):
        self._await(self.agent.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.line.stop()
        self.printer.close()

    # -- the machine ------------------------------------------------------------------------

    def devices(self):
        """What the system lists: the printer's port while it is plugged in and has a driver."""
        there = self.wire == "pty" and self.listed and self.line.plugged
        return [self._device()] if there else []

    def _device(self):
        return Device(
            "usb:0d3a:0300:A1", "usb", "Posiflex PP-8800", self.line.path, "PP-8800",
            VENDOR, PRODUCT, "A1", "1-2",
        )  # fmt: skip

    def pull(self):
        self.presences = []
        self.line.pull()

    def plug(self):
        self.presences = [HERE]
        self.line.plug()

    def driver_says(self, **what):
        """The device manager knows the printer, but no program can open it."""
        self.presences, self.listed = [replace(HERE, driver="", **what)], False

    def driver_is_well(self):
        self.presences, self.listed = [HERE], True
        self.line.plug()

    # -- the counter ------------------------------------------------------------------------

    @property
    def doctor(self):
        return self.agent.desk.doctor

    def pair(self):
        self.agent.pairing.preset("t" * 40, ORIGIN)

    def report(self):
        return self.agent.worker.report

    def submit(self, slip=None):
        self.jobs += 1
        number = f"AB{10_000_000 + self.jobs}"
        doc = paper.to_json(slip or proof(number))
        wanted = Submission(f"job-{number}", ORIGIN, doc, expires=time.time() + 60)
        job, _ = self.agent.desk.submit(wanted)
        return job.job_id

    def state(self, job_id):
        return self.agent.journal.get(job_id).state.value

    def wait(self, job_id, *states):
        until(lambda: self.state(job_id) in states)

    def settle_uncertain(self):
        """A person looks at the paper and says: not printed."""
        for job in self.agent.journal.open_jobs():
            if job.state.value == "uncertain":
                self.agent.journal.resolve(job.job_id, printed=False)

    def whole(self):
        return [n for receipt in self.printer.receipts if (n := number_on(receipt.page))]

    # -- what pages hear --------------------------------------------------------------------

    def codes(self):
        return self.words[-1].codes if self.words else ()

    def heard_since(self, moment, wanted, seconds):
        """When pages first heard all of ``wanted`` after ``moment``; fails loudly."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for word in list(self.words):
                if word.at >= moment and set(wanted) <= set(word.codes):
                    return word.at
            if set(wanted) <= set(self.codes()) and self.words[-1].at < moment:
                return moment  # known already
            time.sleep(0.005)
        raise AssertionError(f"{wanted} not told in {seconds} s, but {self.words[-3:]}")

    def green(self):
        return bool(self.codes()) and all(code in GREEN for code in self.codes())

    def wait_green(self, seconds=12.0):
        until(lambda: self.green() and self.report().online, seconds)


class Squatter:
    """Another program that holds the port, as an old POS program does."""

    def __init__(self, path):
        self._file = open(path, "rb+", buffering=0)  # noqa: PTH123, SIM115 - held on purpose
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def leave(self):
        self._file.close()
