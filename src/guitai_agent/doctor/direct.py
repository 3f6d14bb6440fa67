"""The doctor without a running agent: the same rules over what can be seen from here."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..datadir import Lock, Settings, Unreadable, read_settings
from ..drivers import pnp
from ..drivers.discovery import Finder, system_devices
from ..drivers.opening import DeviceOpener
from ..drivers.pnp import UsbPresence
from ..errors import AgentError, DataDirBusy, LinkError
from ..journal import Job, Journal
from ..knowledge import profile
from ..printer.report import Report, moment
from ..printer.session import Session
from ..printer.status import PrinterState
from .bundle import Evidence
from .disk import ROOM
from .facts import Facts, Queue
from .health import Health, Since, health_json, stamp
from .live import count
from .probes import Eyes
from .rules import examine

LOG_LINES = 500
LOG_BYTES = 200_000


@dataclass
class Direct:
    """Looks at the agent's folder and at the devices by itself.

    The printer is opened only while we hold the folder's lock: never beside an agent that starts,
    or one that runs and does not answer. ``trouble`` is a sentence about what could not be read.
    """

    folder: Path
    finder: Finder = system_devices
    presences: Callable[[], Sequence[UsbPresence]] = pnp.presences
    clock: Callable[[], float] = time.time
    trouble: str = field(default="", init=False)
    refusal: str = field(default="", init=False)  # why the journal cannot be used

    def look(self) -> Evidence:
        """One look at everything."""
        try:
            lock = Lock(self.folder) if self.folder.is_dir() else None
        except DataDirBusy:
            return self._evidence(alone=False)
        try:
            return self._evidence(alone=True)
        finally:
            if lock is not None:
                lock.release()

    def _evidence(self, *, alone: bool) -> Evidence:
        settings = self._settings()
        opener = DeviceOpener(self.finder)
        if settings.device_id:
            opener.choose(settings.device_id, settings.profile)
        eyes = Eyes(opener.devices, self.presences)
        eyes.look()
        seen = alone and settings.device_id != "virtual"  # that one lives inside the agent
        report = self._report(opener) if seen else self._nothing("unseen")
        jobs = self._jobs() if alone else []
        devices, presences = eyes.everything()
        return Evidence(
            health=self._health(settings, eyes, report, count(jobs)),
            devices=devices,
            presences=presences,
            lines=self._log_lines(),
            jobs=jobs,
            settings=settings,
        )

    def _health(self, settings: Settings, eyes: Eyes, report: Report, queue: Queue) -> Health:
        facts = Facts(
            agent=False,
            journal=self.refusal,
            link=report.link,
            code=report.code,
            ready=report.online,
            chosen=settings.device_id,
            model=eyes.model(settings.device_id, settings.profile),
            plugged=eyes.plugged(settings.device_id),
            candidates=eyes.candidates(),
            ports=eyes.ports(),
            paired=bool(settings.pairings),
            queue=queue,
        )
        verdict, now = examine(facts), self.clock()
        about = {
            "version": __version__,
            "agent_id": settings.agent_id,
            "time": moment(now),
            "server": None,
        }
        shown = report if report.link == "up" else Report("down", report.code, report.state, None)
        return health_json(verdict, facts, shown, stamp(verdict, Since(), now), about)

    def _report(self, opener: DeviceOpener) -> Report:
        """Open the printer, ask how it is, close it."""
        try:
            opened = opener()
        except LinkError as error:
            return self._nothing("down", error.code)
        session = Session(opened.link, profile(opened.device.profile))
        try:
            state = session.identify()
        except LinkError as error:
            return self._nothing("down", error.code)
        finally:
            session.close()
        return Report("up", state.code, state, opened.device, self.clock())

    def _nothing(self, link: str, code: str = "NO_PRINTER") -> Report:
        return Report(link, code, PrinterState(), None, self.clock())

    # -- the folder -------------------------------------------------------------------------

    def _settings(self) -> Settings:
        try:
            return read_settings(self.folder / "config.json")
        except FileNotFoundError:
            pass
        except (OSError, Unreadable) as error:
            self.trouble = f"設定檔無法讀取：{error}"
        return Settings(agent_id="")

    def _jobs(self) -> list[Job]:
        if not (self.folder / "journal.db").exists():
            return []
        try:
            journal = Journal(self.folder / "journal.db")
        except AgentError as error:
            self.trouble, self.refusal = error.message, error.code
            return []
        try:
            self.refusal = journal.try_out(ROOM)
            return journal.latest(200)
        except AgentError as error:
            self.trouble, self.refusal = error.message, error.code
            return []
        finally:
            journal.close()

    def _log_lines(self) -> list[str]:
        path = self.folder / "agent.log"
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_BYTES))
            return file.read().decode("utf-8", errors="replace").splitlines()[-LOG_LINES:]
