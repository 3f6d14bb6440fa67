"""The agent's verbs, put together from journal, worker, devices and pairing."""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from twinvoice import paper
from twinvoice.faults import Fault

from .. import __version__
from ..datadir import SettingsFile
from ..doctor.bundle import Evidence, bundle_name, pack
from ..doctor.health import Health
from ..doctor.live import Doctor
from ..drivers.opening import DeviceOpener
from ..errors import AgentError
from ..escpos.encoders import encode
from ..journal import Job, Journal, State
from ..journal.store import Submission, blocks_of
from ..knowledge import profile
from ..logbook import Tail
from ..printer.worker import Worker
from ..virtual.device import FAULTS
from .pairing import OpenCode, PairingDesk

log = logging.getLogger(__name__)
TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")
SELFTEST_LIFE = 120.0
SELFTEST_PATIENCE = 4.0
ON_THE_WAY = (State.QUEUED, State.SENDING)
OWN_ORIGIN = "agent:"
MOST_BLOCKS = 2_000
FIXES = ("reset", "clear", "redetect", "use", "test", "ruler")


def encode_job(job: Job, profile_name: str) -> bytes:
    """The stored document as bytes for that printer; ``bad_doc`` if it cannot be drawn.

    Its params hold nothing of the document: they are logged.
    """
    try:
        return encode(paper.from_json(blocks_of(job)), profile(profile_name)).data
    except Fault as fault:
        raise AgentError("bad_doc", fault=fault.code) from fault


@dataclass
class Desk:
    """Everything a message may touch."""

    settings: SettingsFile
    journal: Journal
    worker: Worker
    opener: DeviceOpener
    pairing: PairingDesk
    tail: Tail
    clock: Callable[[], float] = time.time
    version: str = __version__

    def __post_init__(self) -> None:
        self.doctor = Doctor(
            self.settings, self.journal, self.worker, self.opener, clock=self.clock
        )

    @property
    def agent_id(self) -> str:
        return self.settings.now.agent_id

    def check_document(self, doc: list[object]) -> str:
        """Refuse at the door what could not be printed later; ``bad_doc``.

        It is drawn once for the printer in use, so that a code that does not fit is found now.
        Returns the characters no font here has: they will stand on the paper as 〓.
        """
        if not 0 < len(doc) <= MOST_BLOCKS:
            raise AgentError("bad_doc", fault="blocks", most=MOST_BLOCKS)
        device = self.worker.report.device
        try:
            used = profile(device.profile if device else "virtual")
            return "".join(sorted(encode(paper.from_json(doc), used).missing))
        except Fault as fault:
            raise AgentError("bad_doc", fault=str(fault)) from None

    def submit(self, wanted: Submission) -> tuple[Job, bool]:
        job, replay = self.journal.submit(wanted)
        self.worker.wake()
        return job, replay

    def renew(self, job_id: str) -> Job:
        job = self.journal.renew(job_id)
        self.worker.wake()
        return job

    def selftest(self, what: str, origin: str) -> Job:
        """Print the test slip or only the ruler; let go if it cannot begin in two minutes."""
        return self._print_own(self._test_slip(what), "selftest", origin)

    def open_pairing(self) -> OpenCode:
        """A new code, shown to the person and printed."""
        opened = self.pairing.open_code()
        self._print_own(paper.pairing_slip(opened.code), "pairing", OWN_ORIGIN)
        return opened

    def choose(self, device_id: str, profile_name: str) -> None:
        """Use that printer from now on, also after a restart."""
        if profile_name:
            profile(profile_name)
        with self.settings.changing() as settings:
            settings.device_id, settings.profile = device_id, profile_name
        self.opener.choose(device_id, profile_name)
        self.worker.reconnect()

    def set_virtual_fault(self, fault: str, on: bool) -> None:
        if self.opener.virtual is None:
            raise AgentError("not_virtual")
        if fault not in FAULTS:
            raise AgentError("malformed", field="fault", allowed=list(FAULTS))
        self.opener.virtual.set_fault(fault, on)
        self.worker.wake()

    def diagnose(self) -> Health:
        """What is wrong now, and what to do, after fresh probes (printing.md §6)."""
        return self.doctor.run()

    def fix(self, name: str, origin: str) -> Health:
        """Do what software can do itself (the ``fix`` of a finding), then look again."""
        if name not in FIXES:
            raise AgentError("unknown_fix", known=list(FIXES))
        if name in ("test", "ruler"):
            self._wait_for(self.selftest(name, origin))
        elif name == "use":
            self._use_the_other()
        elif name == "redetect":
            self.worker.wake()
        else:  # reset, clear: the link is closed, the printer's memory cleared, the link reopened
            self.worker.reconnect()
        return self.doctor.run()

    def evidence(self) -> tuple[str, bytes]:
        """(file name, zip) for support: what is known, without secrets and without documents."""
        health = self.doctor.run()
        devices, presences = self.doctor.eyes.everything()
        evidence = Evidence(
            health=health,
            devices=devices,
            presences=presences,
            lines=self.tail.last(500),
            jobs=[] if self.journal.sealed else self.journal.latest(200),
            settings=self.settings.now,
        )
        now = datetime.fromtimestamp(self.clock(), TAIPEI)
        return bundle_name(now), pack(evidence)

    def _wait_for(self, job: Job) -> None:
        """Let the slip come out first, so that the question about it is in the answer."""
        end = time.monotonic() + SELFTEST_PATIENCE
        while time.monotonic() < end and self.journal.get(job.job_id).state in ON_THE_WAY:
            time.sleep(0.05)

    def _use_the_other(self) -> None:
        """Take the one printer that is there in place of the one that is not."""
        there = [e for e in self.doctor.eyes.candidates() if e.id != self.opener.chosen]
        if len(there) != 1:
            raise AgentError("unknown_device", candidates=[each.id for each in there])
        self.choose(there[0].id, "")

    def _test_slip(self, what: str) -> paper.Slip:
        device = self.worker.report.device
        used = profile(device.profile if device else "virtual")
        if what == "ruler":
            return (paper.Text(f"{used.title} {used.dots} 點"), paper.Ruler(), paper.Cut())
        facts = paper.SelfTestFacts(
            printer=used.title,
            connection=device.port if device else "",
            width=used.dots,
            agent_version=self.version,
            printed_at=datetime.fromtimestamp(self.clock(), TAIPEI),
        )
        return paper.test_slip(facts)

    def _print_own(self, slip: paper.Slip, kind: str, origin: str) -> Job:
        wanted = Submission(
            job_id=f"{kind}-{secrets.token_hex(8)}",
            origin=origin,
            doc=list(paper.to_json(slip)),
            kind=kind,
            expires=self.clock() + SELFTEST_LIFE,
        )
        return self.submit(wanted)[0]
