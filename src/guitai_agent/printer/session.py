"""One open link: who is there, how it is, and print one job with a fence behind it.

A reader thread takes the status stream apart; a writer thread hands over 256 bytes at a time; the
caller's thread is the controller: it watches both and decides (printing.md §3, §7). "Bytes
written" is never "printed": only the reply to ``GS r 1``, which stands behind the last byte, is.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..drivers.ports import Link
from ..errors import LinkError
from ..escpos import commands
from ..knowledge import Profile
from .status import Demultiplexer, Kind, PrinterState

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Timings:
    """How long to wait for what, in seconds."""

    answer: float = 0.5
    stall: float = 15.0
    fence: float = 15.0
    slowest_rate: int = 900  # bytes a second: 9600 baud
    pause: float = 180.0  # hot or paused printers go on by themselves
    quiet: float = 0.15


@dataclass(frozen=True, slots=True)
class Outcome:
    """``reason`` is empty when the fence was answered; ``sent`` is how many bytes left at most."""

    sent: int
    reason: str = ""


@dataclass
class Writing:
    """One run of the writer thread."""

    data: bytes
    handed: int = 0
    moved_at: float = 0.0
    finished: bool = False
    aborted: bool = False
    failure: LinkError | None = None
    thread: threading.Thread | None = field(default=None, repr=False)


class Session:
    """Talks to one printer until the link is lost; ``on_state(state)`` hears every change."""

    def __init__(
        self,
        link: Link,
        profile: Profile,
        *,
        on_state: Callable[[PrinterState], None] = lambda state: None,
        timings: Timings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.link, self.profile = link, profile
        self.timings = timings or Timings()
        self.lost: LinkError | None = None
        self._on_state, self._clock = on_state, clock
        self._demux = Demultiplexer()
        self._turn = threading.Condition()
        self._fences = 0
        self._answers = 0
        self._heard_at = clock()
        self._closing = False
        self._broken_off = False
        self._reader = threading.Thread(target=self._read, name="printer-reader", daemon=True)
        self._reader.start()

    @property
    def state(self) -> PrinterState:
        return self._demux.state

    # -- small talk -------------------------------------------------------------------------

    def identify(self) -> PrinterState:
        """Ask who is there before anything else is sent; only then switch ASB on.

        An unknown device would print status commands as garbage, so DLE EOT 1 goes first and
        alone. Raises ``LinkError`` PRN_SILENT when nobody answers.
        """
        self._ask((1,))
        self._ask((2, 3, 4))
        self._say(commands.ASB_ON)
        return self.state

    def refresh(self) -> PrinterState:
        """Ask for everything. A printer that is off-line with a full buffer may stay silent: then
        what its last words were stands; silence without such words raises PRN_SILENT."""
        try:
            self._ask((1, 2, 3, 4))
        except LinkError as error:
            if error.code != "PRN_SILENT" or not self.state.broken:
                raise
        return self.state

    def clean(self) -> None:
        """Get rid of a half-received job: clear the buffer, end a picture it may still wait for,
        reset, cut the fragment off, and let old replies run out."""
        self._say(commands.CLEAR[self.profile.clear])
        # A printer without that command is still inside a picture of at most this many bytes.
        self._say(bytes(MAX_PICTURE) + commands.start(self.profile) + commands.cut(self.profile))
        self._drain_replies()

    def say(self, data: bytes) -> None:
        """Send something short outside of a job (drawer)."""
        self._say(data)

    # -- one job ----------------------------------------------------------------------------

    def print(self, data: bytes) -> Outcome:
        """Send one job and wait for its fence. The caller has made it durable before."""
        writing = self._start_writer(data)
        reason = self._watch_writer(writing)
        if not reason:
            reason = self._watch_fence(len(data))
        if reason:
            self._break_off(writing)
        return Outcome(writing.handed, reason)

    def close(self) -> None:
        """Join the reader, then close: a descriptor closed under a reader would be reused."""
        self._closing = True
        self._reader.join()
        self.link.close()

    # -- writer -----------------------------------------------------------------------------

    def _start_writer(self, data: bytes) -> Writing:
        writing = Writing(data + commands.FENCE, moved_at=self._clock())
        writing.thread = threading.Thread(
            target=self._write, args=(writing,), name="printer-writer", daemon=True
        )
        writing.thread.start()
        return writing

    def _write(self, writing: Writing) -> None:
        try:
            for start in range(0, len(writing.data), CHUNK):
                if writing.aborted:
                    return
                chunk = writing.data[start : start + CHUNK]
                writing.handed += len(chunk)  # counted before: an upper bound, never too low
                if start + CHUNK >= len(writing.data):
                    self._forget_fences()
                self.link.write(chunk)
                with self._turn:
                    writing.moved_at = self._clock()
            writing.finished = not writing.aborted
        except LinkError as error:
            writing.failure = error
        finally:
            with self._turn:
                self._turn.notify_all()

    def _forget_fences(self) -> None:
        """A reply heard before our own fence is complete belongs to an older job."""
        with self._turn:
            self._fences = 0

    def _watch_writer(self, writing: Writing) -> str:
        """Wait until all is handed over; returns why not."""
        with self._turn:
            while not writing.finished:
                reason = self._trouble(writing)
                if reason:
                    return reason
                self._turn.wait(0.05)
        return ""

    def _trouble(self, writing: Writing) -> str:
        gone = self.lost or writing.failure
        if gone:
            return gone.code
        if self.state.broken:
            return self.state.code
        patience = self.timings.pause if self.state.offline else self.timings.stall
        return "LINK_STALLED" if self._clock() - writing.moved_at > patience else ""

    def _watch_fence(self, size: int) -> str:
        """Wait for the reply behind the last byte, asking for the state now and then."""
        began = asked = self._clock()
        patience = self.timings.fence + size / self.timings.slowest_rate
        with self._turn:
            while not self._fences:
                if self.lost:
                    return self.lost.code
                if self.state.broken:
                    return self.state.code
                now = self._clock()
                if now - began > (self.timings.pause if self.state.offline else patience):
                    return "FENCE_TIMEOUT"
                if now - asked > 1.0:
                    asked = now
                    self._nudge()
                self._turn.wait(0.05)
            return self.state.code if self.state.broken else ""

    def _nudge(self) -> None:
        """DLE EOT while waiting: a lost ASB packet must not hide the paper's end."""
        self._demux.stale()
        self._turn.release()
        try:
            self._send_questions((1, 2, 3, 4))
        except LinkError as error:
            self.lost = self.lost or error
        finally:
            self._turn.acquire()

    def _break_off(self, writing: Writing) -> None:
        """Stop the writer, then try to make the printer forget what it has not printed yet."""
        writing.aborted = True
        self._broken_off = True
        self._join_writer(writing)
        if not self.lost:
            self._whisper(commands.CLEAR[self.profile.clear])

    def _join_writer(self, writing: Writing) -> None:
        while writing.thread is not None and writing.thread.is_alive():
            self.link.cancel_write()
            writing.thread.join(0.05)

    def _whisper(self, data: bytes) -> None:
        """Say something that may not get through, without ever hanging on it."""
        words = Writing(data)
        words.thread = threading.Thread(target=self._write, args=(words,), daemon=True)
        words.thread.start()
        words.thread.join(0.3)
        self._join_writer(words)

    # -- questions --------------------------------------------------------------------------

    def _say(self, data: bytes) -> None:
        """Send with a deadline; a printer that takes nothing is a silent one."""
        if self.lost:
            raise self.lost
        words = Writing(data)
        words.thread = threading.Thread(target=self._write, args=(words,), daemon=True)
        words.thread.start()
        words.thread.join(self.timings.answer + len(data) / self.timings.slowest_rate)
        if words.thread.is_alive():
            words.aborted = True
            self._join_writer(words)
            raise LinkError("PRN_SILENT", "takes no data")
        if words.failure:
            raise words.failure

    def _ask(self, numbers: tuple[int, ...]) -> None:
        with self._turn:
            self._demux.forget()
            self._answers = 0
        self._send_questions(numbers)
        with self._turn:
            done = self._turn.wait_for(
                lambda: self.lost or self._answers >= len(numbers), self.timings.answer
            )
        if self.lost:
            raise self.lost
        if not done:
            raise LinkError("PRN_SILENT", f"{self._answers} of {len(numbers)} answers")

    def _send_questions(self, numbers: tuple[int, ...]) -> None:
        with self._turn:
            for n in numbers:
                self._demux.asked(n)
        self._say(b"".join(commands.status_query(n) for n in numbers))

    def _drain_replies(self) -> None:
        """A fence of its own, then silence: late replies of an older job are gone after it."""
        self._say(commands.FENCE)
        patience = self.timings.fence + MAX_PICTURE / self.timings.slowest_rate
        with self._turn:
            if not self._turn.wait_for(lambda: self.lost or self._fences, patience):
                raise LinkError("PRN_SILENT", "no reply after cleaning")
            while not self.lost and self._clock() - self._heard_at < self.timings.quiet:
                self._turn.wait(self.timings.quiet)
        if self.lost:
            raise self.lost

    # -- reader -----------------------------------------------------------------------------

    def _read(self) -> None:
        while not self._closing:
            try:
                data = self.link.read(0.1)
            except LinkError as error:
                with self._turn:
                    self.lost = error
                    self._turn.notify_all()
                self._on_state(self.state)  # nobody may be waiting for an answer just now
                return
            if data:
                self._hear(data)

    def _hear(self, data: bytes) -> None:
        with self._turn:
            before = self.state
            for piece in self._demux.feed(data):
                self._fences += piece.kind is Kind.FENCE
                self._answers += piece.kind is Kind.REALTIME
            self._heard_at = self._clock()
            self._turn.notify_all()
            after = self.state
        if after != before:
            self._on_state(after)


MAX_PICTURE = 4096
"""No picture command of ours has more data than this, so that many zeros end any of them."""
