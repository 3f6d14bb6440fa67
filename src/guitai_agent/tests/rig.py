"""A bench for driver and worker tests: printers on ptys, TCP and in process; jobs; waiting."""

import time

import numpy as np
import zxingcpp

from guitai_agent.drivers.ports import Device, Opened
from guitai_agent.drivers.serialport import SerialLink
from guitai_agent.drivers.virtual import VirtualLink
from guitai_agent.errors import LinkError
from guitai_agent.journal import Journal
from guitai_agent.journal.store import Submission
from guitai_agent.printer.session import Timings
from guitai_agent.printer.worker import Pace, Worker
from guitai_agent.service.desk import encode_job
from guitai_agent.tests.slips import proof
from guitai_agent.virtual.device import VirtualPrinter
from guitai_agent.virtual.ptyport import PtyPort
from twinvoice import paper
from twinvoice.fonts import default

QUICK = Timings(answer=0.3, stall=0.6, fence=0.6, slowest_rate=50_000, pause=1.5, quiet=0.05)
BRISK = Pace(first_retry=0.05, slowest_retry=0.1, heartbeat=0.2)
ORIGIN = "https://shop.example"


def new_printer(**options):
    """A virtual printer that keeps its receipts in ``.receipts``."""
    printer = VirtualPrinter(lambda char: default().glyph(char), **options)
    printer.receipts = []
    printer.on_receipt = printer.receipts.append
    return printer


def until(condition, seconds=6.0):
    """Wait for the condition; fails loudly."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.003)


def number_on(page):
    """The number on a complete proof (bars and both QR codes are there), else an empty string."""
    picture = np.repeat(np.repeat(np.where(np.pad(page, 24), 0, 255).astype(np.uint8), 2, 0), 2, 1)
    found = zxingcpp.read_barcodes(picture)
    bars = [code.text for code in found if code.format == zxingcpp.BarcodeFormat.Code39]
    return bars[0][7:15] if len(found) == 3 and bars else ""


class Plug:
    """An opener for the virtual printer that can be unplugged and plugged in again."""

    def __init__(self, printer, profile="virtual"):
        self.printer, self.present = printer, True
        self.device = Device("virtual", "virtual", "虛擬", "virtual", profile)
        self.link = None
        self.opened = 0

    def __call__(self):
        if not self.present:
            raise LinkError("NO_PRINTER")
        self.link = VirtualLink(self.printer)
        self.opened += 1
        return Opened(self.link, self.device)

    def pull(self):
        self.present = False
        self.link.unplug()


class PtyPrinter(PtyPort):
    """The virtual printer behind a pseudo terminal: a serial port that can vanish."""

    def vanish(self):
        self.pull()


def open_pty(pty):
    device = Device("serial:pty", "serial", "pty", pty.path, "PP-8800")
    return lambda: Opened(SerialLink(pty.path, 38400, xonxoff=True), device)


class Shop:
    """A journal and a worker on an opener; stop it at the end."""

    def __init__(self, folder, opener, *, timings=QUICK, pace=BRISK, encoder=encode_job):
        self.reports, self.steps = [], []
        self.journal = Journal(folder / "journal.db")
        self.journal.on_change = lambda job: self.steps.append((job.job_id, job.state.value))
        self.worker = Worker(
            self.journal, opener, encoder,
            on_report=self.reports.append, timings=timings, pace=pace,
        )  # fmt: skip

    def start(self):
        self.journal.recover()
        self.worker.start()
        return self

    def submit(self, job_id, slip=None, seconds=60.0, kind="document"):
        doc = paper.to_json(slip or proof(job_id[-10:]))
        wanted = Submission(job_id, ORIGIN, doc, kind=kind, expires=time.time() + seconds)
        job, _ = self.journal.submit(wanted)
        self.worker.wake()
        return job

    def state(self, job_id):
        return self.journal.get(job_id).state.value

    def reason(self, job_id):
        return self.journal.get(job_id).reason

    def wait(self, job_id, *states):
        until(lambda: self.state(job_id) in states)
        return self.journal.get(job_id)

    def stop(self):
        self.worker.stop()
        self.journal.close()
