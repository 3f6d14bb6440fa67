"""The one thread that owns the printer: connects, prints what the journal holds, never twice.

Order for every job: know that the printer is ready → write ``sending`` to disk → first byte →
fence → write the outcome to disk. Whatever breaks after the first byte is ``uncertain`` and is a
person's business from then on.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ..drivers.ports import Opened
from ..errors import AgentError, LinkError
from ..escpos import commands
from ..journal import Job, Journal, State
from ..knowledge import profile
from .report import Report
from .session import Session, Timings
from .status import PrinterState

log = logging.getLogger(__name__)


class Opener(Protocol):
    """Finds the chosen printer and opens it; raises ``LinkError`` (NO_PRINTER, PORT_BUSY …)."""

    def __call__(self) -> Opened: ...


class Encoder(Protocol):
    """Turns a stored document into bytes for that profile; raises ``AgentError`` bad_doc."""

    def __call__(self, job: Job, profile_name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between attempts and heartbeats."""

    first_retry: float = 0.3
    slowest_retry: float = 2.0
    heartbeat: float = 2.0


@dataclass
class Request:
    """Something another thread wants done on the link; ``done`` is set with ``error`` or none."""

    action: Callable[[Session], None]
    done: threading.Event
    error: AgentError | None = None


class Worker:
    """Runs until ``stop``. ``on_report(report)`` is called at every change of the printer."""

    def __init__(
        self,
        journal: Journal,
        opener: Opener,
        encoder: Encoder,
        *,
        on_report: Callable[[Report], None] = lambda report: None,
        timings: Timings | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.journal, self._opener, self._encoder = journal, opener, encoder
        self.timings, self._pace, self._clock = timings or Timings(), pace or Pace(), clock
        self._on_report = on_report
        self._report = Report("connecting", "NO_PRINTER", PrinterState(), None, clock())
        self._session: Session | None = None
        self._requests: queue.Queue[Request] = queue.Queue()
        self._wake = threading.Event()
        self._stopping = False
        self._hang_up = False
        self._retry = self._pace.first_retry
        self._thread = threading.Thread(target=self._run, name="printer-worker", daemon=True)

    @property
    def report(self) -> Report:
        return self._report

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the job in hand end, then close the link."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """There is a new job, or a device came: do not wait for the next round."""
        self._wake.set()

    def reconnect(self) -> None:
        """Close the link and open the chosen device again (device.select, device.reset)."""
        self.journal.set_dirty(True)
        self._hang_up = True
        self._retry = self._pace.first_retry
        self._wake.set()

    def open_drawer(self, drawer: int, timeout: float = 5.0) -> None:
        """Kick a drawer between two jobs; ``printer_offline`` when that cannot be done now."""
        self._ask(lambda session: self._kick(session, drawer), timeout)

    def probe(self, timeout: float = 3.0) -> None:
        """Ask the printer afresh between two jobs; ``printer_offline`` when it cannot be asked.

        Without a link it is opened first. Afterwards ``report`` is current.
        """
        self._ask(lambda session: self._tell_state(session.refresh()), timeout)

    # -- the loop ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._round()
            except Exception:  # the printer's owner must outlive a fault of one round
                log.exception("worker round failed")
                self._drop_link("PORT_GONE")
                self._rest(self._pace.slowest_retry)
        self._drop_link("NO_PRINTER")

    def _round(self) -> None:
        self._wake.clear()
        self.journal.expire()
        if self._hang_up:
            self._hang_up = False
            self._drop_link("PORT_GONE")
        session = self._connected()
        if session is None:
            self._refuse_requests()
            self._rest(self._retry)
            self._retry = min(self._retry * 2, self._pace.slowest_retry)
            return
        self._serve_requests(session)
        if self._session is None:  # lost while asking: the next round opens it again
            return
        job = self.journal.next()
        if job is None:
            self._idle(session)
        elif self._ready(session):
            self._print(session, job)
        else:
            self._rest(0.2)

    def _rest(self, seconds: float) -> None:
        self._wake.wait(seconds)

    def _idle(self, session: Session) -> None:
        if self._wake.wait(self._pace.heartbeat):
            return
        self._guarded(lambda: self._tell_state(session.refresh()))

    # -- link -------------------------------------------------------------------------------

    def _connected(self) -> Session | None:
        """The session, opened if need be; jobs are told why they wait if that fails."""
        if self._session is not None and self._session.lost is None:
            return self._session
        if self._session is not None:
            self._drop_link(self._session.lost.code if self._session.lost else "PORT_GONE")
        try:
            self._open()
        except LinkError as error:
            log.info("printer not connected: %s", error)
            self._drop_link(error.code)
        return self._session

    def _open(self) -> None:
        opened = self._opener()
        session = Session(
            opened.link,
            profile(opened.device.profile),
            on_state=self._tell_state,
            timings=self.timings,
        )
        self._session = session
        self._report = replace(self._report, device=opened.device)
        session.identify()
        if self.journal.dirty and not session.state.broken:
            session.clean()
            self.journal.set_dirty(False)
        self._retry = self._pace.first_retry
        log.info("printer connected: %s", opened.device.id)
        self._tell("up", session.state.code, session.state)

    def _drop_link(self, code: str) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self._tell("down", code, PrinterState())
        self.journal.park(code)

    def _guarded(self, action: Callable[[], None]) -> bool:
        """Do something on the link; a broken link is dropped and will be opened again."""
        try:
            action()
        except LinkError as error:
            log.warning("printer lost: %s", error)
            self._drop_link(error.code)
            return False
        return True

    # -- jobs -------------------------------------------------------------------------------

    def _ready(self, session: Session) -> bool:
        """Ask the printer; tell the waiting jobs if it cannot begin."""
        if not self._guarded(lambda: self._tell_state(session.refresh())):
            return False
        if self.journal.dirty and not session.state.broken:
            if not self._guarded(session.clean):
                return False
            self.journal.set_dirty(False)
        if not session.state.ready:
            self.journal.park(session.state.code)
        return session.state.ready

    def _print(self, session: Session, job: Job) -> None:
        try:
            data = self._encoder(job, session.profile.name)
        except AgentError as error:
            log.error("job %s cannot be printed: %s %s", job.job_id, error.code, error.params)
            self._step(job, State.CANCELLED, "UNPRINTABLE")
            return
        # The most that can have left if the agent dies now.
        sending = self._step(job, State.SENDING, at_most=len(data))
        if sending is None:
            return
        outcome = session.print(data)
        self._conclude(sending, outcome.sent, outcome.reason)
        if outcome.reason:
            self._drop_link(outcome.reason)

    def _conclude(self, sending: Job, sent: int, reason: str) -> None:
        if not reason:
            self.journal.move(sending, State.DONE, bytes_sent=sent)
        elif sent == 0:
            self.journal.step_back(sending, reason, bytes_sent=sent)
        else:
            log.warning("job %s uncertain: %s after %d bytes", sending.job_id, reason, sent)
            self.journal.move(sending, State.UNCERTAIN, reason, bytes_sent=sent)

    def _step(self, job: Job, new: State, reason: str = "", *, at_most: int = 0) -> Job | None:
        """Take a step unless somebody (a person cancelling) was faster."""
        try:
            return self.journal.move(job, new, reason, bytes_sent=at_most)
        except AgentError as error:
            if error.code != "wrong_state":
                raise
            return None

    # -- requests ---------------------------------------------------------------------------

    def _ask(self, action: Callable[[Session], None], timeout: float) -> None:
        request = Request(action, threading.Event())
        self._requests.put(request)
        self._wake.set()
        if not request.done.wait(timeout):
            request.action = lambda session: None  # too late: a drawer must not spring open later
            raise AgentError("printer_offline", printer=self._report.code)
        if request.error:
            raise request.error

    def _serve_requests(self, session: Session) -> None:
        while not self._requests.empty():
            request = self._requests.get()
            try:
                request.action(session)
            except AgentError as error:
                request.error = error
            except LinkError as error:
                request.error = AgentError("printer_offline", printer=error.code)
                self._drop_link(error.code)
            request.done.set()
            if self._session is None:
                return

    def _refuse_requests(self) -> None:
        while not self._requests.empty():
            request = self._requests.get()
            request.error = AgentError("printer_offline", printer=self._report.code)
            request.done.set()

    def _kick(self, session: Session, drawer: int) -> None:
        if not 1 <= drawer <= len(session.profile.drawers):
            raise AgentError("malformed", field="drawer")
        if not session.refresh().ready:
            raise AgentError("printer_offline", printer=session.state.code)
        session.say(commands.open_drawer(session.profile, drawer))

    # -- news -------------------------------------------------------------------------------

    def _tell_state(self, state: PrinterState) -> None:
        if self._session is not None and self._report.link == "up":
            self._tell("up", state.code, state)
            if not state.broken:
                self._wake.set()

    def _tell(self, link: str, code: str, state: PrinterState) -> None:
        old = self._report
        if (old.link, old.code, old.state) == (link, code, state):
            return
        since = old.since if old.code == code and old.link == link else self._clock()
        self._report = Report(link, code, state, old.device, since)
        self._on_report(self._report)
