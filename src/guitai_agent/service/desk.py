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
from ..drivers.opening import DeviceOpener
from ..errors import REASONS, AgentError
from ..escpos.encoders import encode
from ..journal import Job, Journal, State
from ..journal.store import Submission, blocks_of
from ..knowledge import profile
from ..logbook import Tail
from ..printer.report import moment
from ..printer.worker import Worker
from ..virtual.device import FAULTS
from .pairing import OpenCode, PairingDesk

log = logging.getLogger(__name__)
TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")
SELFTEST_LIFE = 120.0
OWN_ORIGIN = "agent:"
MOST_BLOCKS = 2_000


def encode_job(job: Job, profile_name: str) -> bytes:
    """The stored document as bytes for that printer; ``bad_doc`` if it cannot be drawn."""
    try:
        return encode(paper.from_json(blocks_of(job)), profile(profile_name)).data
    except Fault as fault:
        raise AgentError("bad_doc", fault=str(fault)) from fault


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

    def diagnose(self) -> dict[str, object]:
        """What is wrong now, and what to do (printing.md §6)."""
        report = self.worker.report
        findings = [_finding(report.code, REASONS[report.code])]
        waiting = [job for job in self.journal.open_jobs() if job.state is State.UNCERTAIN]
        if waiting:
            text = f"有 {len(waiting)} 張單據不確定是否印完，請檢查紙本後選擇「已印好」或「補印」。"
            findings.append(_finding("JOB_UNCERTAIN", text))
        queued = len(self.journal.printable())
        if queued:
            text = f"有 {queued} 張單據等待列印；不需重新開頁，連線恢復後會自動繼續。"
            findings.append(_finding("JOB_WAITING", text))
        if not self.pairing.pairings():
            findings.append(_finding("NOT_PAIRED", "尚未與任何收銀頁面配對，請取得配對碼。"))
        return {
            "findings": findings,
            "printer": report.as_json(),
            "version": self.version,
            "time": moment(self.clock()),
        }

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


def _finding(code: str, message: str) -> dict[str, object]:
    level = {"OK": "ok", "PAPER_NEAR": "warn", "JOB_WAITING": "warn", "NOT_PAIRED": "warn"}
    return {"code": code, "level": level.get(code, "error"), "message": message, "remedy": message}
