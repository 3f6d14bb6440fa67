"""The doctor of a running agent: hears the news, looks, tells every change of health once."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import __version__
from ..datadir import SettingsFile
from ..drivers import pnp
from ..drivers.opening import DeviceOpener
from ..drivers.pnp import UsbPresence
from ..errors import AgentError
from ..journal import Job, Journal, State
from ..journal.opening import JOURNAL_CODES
from ..printer.report import Report, moment
from ..printer.worker import Worker
from .disk import JournalWatch
from .facts import Facts, Queue
from .health import Health, Since, health_json, stamp
from .history import History
from .probes import Eyes
from .rules import Verdict, examine
from .timekeeper import Timekeeper

log = logging.getLogger(__name__)

DEBOUNCE = 0.1
TICK = 0.5
LOOK_EVERY = 2.0
QUICK_LOOK_EVERY = 0.4
"""A driver's trouble is to be seen within a second wherever a look costs next to nothing."""
PROBE_SECONDS = 4.5  # a silent serial line is tried at every speed


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one round."""

    report: Report
    facts: Facts
    verdict: Verdict


class Doctor:
    """``on_health(health)`` hears every change of hops or findings, within a second.

    News (``printer_news``, ``job_news``, ``notice``) may come from any thread and costs nothing;
    a thread of its own looks at the facts a moment later, so that a burst is told once.
    """

    def __init__(
        self,
        settings: SettingsFile,
        journal: Journal,
        worker: Worker,
        opener: DeviceOpener,
        *,
        clock: Callable[[], float] = time.time,
        presences: Callable[[], Sequence[UsbPresence]] = pnp.presences,
    ) -> None:
        self._settings, self._journal, self._worker = settings, journal, worker
        self._opener, self._clock = opener, clock
        self.eyes = Eyes(opener.devices, presences)
        self.time = Timekeeper(clock)
        self.disk = JournalWatch(journal)
        self.on_health: Callable[[Health], None] = lambda health: None
        self.server: Callable[[], dict[str, object]] = dict
        """How it stands with the server we joined (agent-protocol.md §10.2)."""
        self._history, self._since = History(), Since()
        self._queue, self._queue_stale = Queue(), True
        self._told: object = None
        self._looked_at = 0.0
        self._trouble = ""
        self._lock, self._telling = threading.RLock(), threading.Lock()
        self._news, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="doctor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join()

    # -- news -------------------------------------------------------------------------------

    def printer_news(self, report: Report) -> None:
        """The printer's report changed."""
        state = report.state
        if report.link == "up":
            with self._lock:
                self._history.saw(
                    time.monotonic(),
                    cover_open=bool(state.cover_open),
                    cutter_error=bool(state.cutter_error),
                )
        self._news.set()

    def job_news(self, job: Job) -> None:
        """A job took a step; a test slip that came out raises a question."""
        self._queue_stale = True
        if job.kind == "selftest" and job.state is State.DONE:
            with self._lock:
                self._history.test_printed(time.monotonic())
        self._news.set()

    def notice(self) -> None:
        """Something else changed: devices, pairings."""
        self._looked_at = 0.0
        self._news.set()

    def answer(self, question: str, yes: bool) -> None:
        """A person's answer to an ``ask``; ``malformed`` for a question nobody asks."""
        with self._lock:
            try:
                self._history.answer(time.monotonic(), question, yes)
            except ValueError:
                raise AgentError("malformed", field="id") from None
        self._news.set()

    def tell_time(self, server: float, source: str) -> None:
        """The server's time, epoch seconds; ``source`` is ``page`` or ``server``."""
        self.time.tell(server, source)
        self._news.set()

    # -- looking ----------------------------------------------------------------------------

    def health(self) -> Health:
        """How everything is, from what is known now."""
        with self._lock:
            return self._as_json(self._look())

    def run(self) -> Health:
        """How everything is after fresh probes; a print in progress is left alone."""
        self.probe()
        self.disk.look(time.monotonic(), afresh=True)
        self.eyes.look()
        self._looked_at = time.monotonic()
        return self._told_health()

    def probe(self) -> None:
        """Ask the printer now. While a job is printing, that job is the probe.

        Without a journal nobody speaks to the printer.
        """
        if self._journal.sealed or self._queue_now().sending:
            return
        try:
            self._worker.probe(PROBE_SECONDS)
        except AgentError as error:  # the report says why; that is what a finding is made of
            log.info("probe: %s %s", error.code, error.params)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._news.wait(TICK):
                self._stopping.wait(DEBOUNCE)
                self._news.clear()
            try:
                self._round()
                self._trouble = ""
            except Exception as error:  # health must outlive a fault of one round: log it, once
                if self._trouble != repr(error):
                    log.exception("looking at the health failed")
                self._trouble = repr(error)
                self._queue_stale = True
                self._stopping.wait(TICK)

    def _round(self) -> None:
        self.disk.look(time.monotonic())
        every = QUICK_LOOK_EVERY if self.eyes.quick else LOOK_EVERY
        due = time.monotonic() - self._looked_at > every
        look = due and (self._worker.report.link != "up" or not self._looked_at)
        if look and not self.eyes.quick:
            self._told_health()  # a slow look must not hold up what is known already
        if look:
            self._looked_at = time.monotonic()
            self.eyes.look()
        self._told_health()

    def _told_health(self) -> Health:
        """The health now; everybody hears of it if it differs from what they heard last."""
        with self._telling:  # the last word must be the latest one
            with self._lock:
                look = self._look()
                health = self._as_json(look)
            if look.verdict != self._told:
                self._told = look.verdict
                self.on_health(health)
        return health

    def _look(self) -> Look:
        report, chosen = self._worker.report, self._opener.chosen
        facts = Facts(
            link="unseen" if self._journal.sealed else report.link,
            code=report.code,
            ready=report.online,
            chosen=chosen,
            model=self._model(report, chosen),
            plugged=self.eyes.plugged(chosen),
            candidates=self.eyes.candidates(),
            ports=self.eyes.ports(),
            paired=bool(self._settings.now.pairings or self.server().get("address")),
            queue=self._queue_now(),
            journal=self.disk.code,
            past=self._history.past(time.monotonic()),
            clock=self.time.reading(),
        )
        return Look(report, facts, examine(facts))

    def _model(self, report: Report, chosen: str) -> str:
        if report.device is not None and chosen in ("", report.device.id):
            return report.device.profile
        return self.eyes.model(chosen, self._opener.profile_name)

    def _as_json(self, look: Look) -> Health:
        now = self._clock()
        about = {
            "version": __version__,
            "agent_id": self._settings.now.agent_id,
            "time": moment(now),
            "server": self.server() or None,
        }
        began = stamp(look.verdict, self._since, now)
        return health_json(look.verdict, look.facts, look.report, began, about)

    def _queue_now(self) -> Queue:
        if self._queue_stale:
            self._queue_stale = False  # before reading: news during it asks for another
            try:
                self._queue = count(self._journal.open_jobs())
            except AgentError as error:
                if error.code not in JOURNAL_CODES:
                    raise
                self._queue_stale = True  # told by ``disk``; what was known is the best there is
        return self._queue


def count(jobs: Sequence[Job]) -> Queue:
    """Open jobs by what holds them."""
    states = [job.state for job in jobs]
    stuck = [job for job in jobs if job.state is State.WAITING]
    return Queue(
        waiting=states.count(State.QUEUED) + len(stuck),
        sending=states.count(State.SENDING),
        uncertain=states.count(State.UNCERTAIN),
        expired=states.count(State.EXPIRED),
        stuck=len(stuck),
        reason=stuck[0].reason if stuck else "",
    )
