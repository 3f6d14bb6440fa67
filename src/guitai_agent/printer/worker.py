"""The one thread that owns the printer: connects, prints what the journal holds, never twice.

Order for every job: know that the printer is ready → write ``sending`` to disk → first byte →
fence → write the outcome to disk. Whatever breaks after the first byte is ``uncertain`` and is a
person's business from then on; what the printer may still hold of it is cleared before anything
else is sent, and until then the printer is not called ready, so that a person who looks at the
paper then sees all there will ever be.
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
from ..journal.store import KEEP_DOCUMENTS
from ..knowledge import profile
from ..logbook import traced
from .report import Report
from .session import Session, Timings
from .status import PrinterState

log = logging.getLogger(__name__)
DAY = 86_400.0


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
    slowest_retry: float = 1.0
    heartbeat: float = 0.4  # with the wait for an answer and for the doctor: under a second


@dataclass
class Request:
    """Something another thread wants done on the link; ``done`` is set with ``error`` or none."""

    action: Callable[[Session], None]
    done: threading.Event
    error: AgentError | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job that was let go ended, until it is on disk."""

    job: Job
    sent: int
    reason: str


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
        self._unclean = False
        self._verdict: Verdict | None = None
        self._trouble = ""
        self._tidied_at = clock()
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
            self._outlive(self._round)
        self._outlive(self._settle)
        self._outlive(lambda: self._drop_link("NO_PRINTER"))

    def _outlive(self, action: Callable[[], None]) -> None:
        """The printer's owner must outlive a fault of one round, be it the disk's or ours."""
        try:
            action()
            self._trouble = ""
        except AgentError as error:
            if self._trouble != error.code:  # a full disk is not filled with news of itself
                log.error("worker round refused: %s %s", error.code, error.params)
            self._trouble = error.code
            self._rest(self._pace.slowest_retry)
        except Exception:  # any fault of ours: log it, begin again with a new link
            log.exception("worker round failed")
            self._close_link("PORT_GONE")
            self._rest(self._pace.slowest_retry)

    def _round(self) -> None:
        self._wake.clear()
        self._settle()
        self.journal.expire()
        self._tidy()
        if self._hang_up:
            self._hang_up = False
            self.journal.set_dirty(True)
            self._recover()
            self._drop_link("PORT_GONE")
        session = self._connected()
        if session is None:
            self._refuse_requests()
            self._rest(self._retry)
            self._retry = min(self._retry * 2, self._pace.slowest_retry)
            return
        self._serve_requests(session)
        if self._session is not None:
            self._clean(session)
        if self._session is not None:  # else the next round opens it again
            self._work(session)

    def _work(self, session: Session) -> None:
        job = self.journal.next()
        if job is None:
            self._idle(session)
        elif self._ready(session):
            self._print(session, job)
        else:
            self._rest(0.2)

    def _tidy(self) -> None:
        """Once a day: an agent that runs for months must not grow for months."""
        if self._clock() - self._tidied_at > DAY:
            self._tidied_at = self._clock()
            self.journal.prune(older_than=KEEP_DOCUMENTS)

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
        try:
            used = profile(opened.device.profile)
        except AgentError as error:
            opened.link.close()
            raise LinkError("NO_PRINTER", f"no profile {opened.device.profile}") from error
        session = Session(opened.link, used, on_state=self._tell_state, timings=self.timings)
        self._session = session
        self._report = replace(self._report, device=opened.device)
        session.identify()
        self._unclean = self.journal.dirty
        if self._unclean and not session.state.ready:
            session.free()
        if self._unclean and session.state.ready:
            self._clear(session)
        self._retry = self._pace.first_retry
        log.info("printer connected: %s", opened.device.id)
        self._tell("up", session.state.code, session.state)

    def _clean(self, session: Session) -> bool:
        """Is nothing of an older job left in the printer? Clears it as soon as it listens."""
        if self._unclean and session.state.ready and self._guarded(lambda: self._clear(session)):
            self._tell_state(session.state)
        return not self._unclean

    def _recover(self) -> None:
        """Get the printer out of an error that was mended (a freed knife): DLE ENQ 2 and the like.

        It is heard in real time, so also by a printer that is off-line because of that error.
        """
        session = self._session
        if session is not None:
            self._guarded(lambda: session.say(commands.CLEAR[session.profile.clear]))

    def _clear(self, session: Session) -> None:
        session.clean()
        self.journal.set_dirty(False)
        self._unclean = False

    def _drop_link(self, code: str) -> None:
        self._close_link(code)
        self.journal.park(code)

    def _close_link(self, code: str) -> None:
        session, self._session = self._session, None
        self._tell("down", code, PrinterState())  # before closing, which takes a moment
        if session is not None:
            session.close()

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
        if session.state.ready and self._clean(session) and session.state.ready:
            return True
        if self._session is not None:
            self.journal.park(session.state.code)
        return False

    def _print(self, session: Session, job: Job) -> None:
        data = self._encoded(job, session.profile.name)
        if data is None:
            self._step(job, State.CANCELLED, "UNPRINTABLE")
            return
        # The most that can have left if the agent dies now.
        sending = self._step(job, State.SENDING, at_most=len(data))
        if sending is None:
            return
        self._verdict = Verdict(sending, len(data), "FENCE_TIMEOUT")  # should we stumble below
        outcome = session.print(data)
        self._verdict = Verdict(sending, outcome.sent, outcome.reason)
        if outcome.reason:
            # First the printer is not ready, then a person is asked: who sees both looks later.
            self._close_link(outcome.reason)
        self._settle()
        if outcome.reason:
            self.journal.park(outcome.reason)

    def _encoded(self, job: Job, profile_name: str) -> bytes | None:
        """The job's bytes; None for what cannot be printed, which must not hold up the others."""
        try:
            return self._encoder(job, profile_name)
        except AgentError as error:
            log.error("job %s cannot be printed: %s %s", job.job_id, error.code, error.params)
        # Any document that trips the encoder does so at every later try; told without its words.
        except Exception as error:  # noqa: BLE001
            log.error("job %s cannot be encoded: %s", job.job_id, traced(error))
        return None

    def _settle(self) -> None:
        """Write down how the last job ended; tried again until the disk takes it."""
        verdict = self._verdict
        if verdict is None:
            return
        job, sent, reason = verdict.job, verdict.sent, verdict.reason
        if not reason:
            self.journal.move(job, State.DONE, bytes_sent=sent)
        elif sent == 0:
            self.journal.step_back(job, reason, bytes_sent=sent)
        else:
            ended = self.journal.break_off(job, reason, bytes_sent=sent)
            log.warning("job %s %s: %s after %d bytes", job.job_id, ended.state, reason, sent)
        self._verdict = None

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
        if not session.refresh().ready or not self._clean(session):
            raise AgentError("printer_offline", printer=session.state.code)
        session.say(commands.open_drawer(session.profile, drawer))

    # -- news -------------------------------------------------------------------------------

    def _tell_state(self, state: PrinterState) -> None:
        session = self._session
        if session is None or self._report.link != "up":
            return
        if session.lost or (self._unclean and state.ready):  # told when closed, when cleared
            self._wake.set()
            return
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
