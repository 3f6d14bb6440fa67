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
    prompt: float = 0.3  # for a printer that has answered before
    stall: float = 15.0
    fence: float = 15.0
    slowest_rate: int = 900  # bytes a second: 9600 baud
    pause: float = 180.0  # hot or paused printers go on by themselves
    quiet: float = 0.15
    late: float = 3.0  # an answer later than this does not come any more
    gap: float = 0.02  # between the bytes of one packet; 1 ms each at 9600 baud


@dataclass(frozen=True, slots=True)
class Outcome:
    """``reason`` is empty when the fence was answered; ``sent`` is how many bytes left at most."""

    sent: int
    reason: str = ""


@dataclass
class Writing:
    """One run of the writer thread."""

    data: bytes
    is_job: bool = False
    handed: int = 0
    moved_at: float = 0.0
    finished: bool = False
    aborted: bool = False
    failure: LinkError | None = None
    thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        return self.thread is None or not self.thread.is_alive()

    def wait(self, seconds: float) -> None:
        if self.thread is not None:
            self.thread.join(seconds)


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
        self._fences = bytearray()
        self._answers = 0
        self._gave_up_at: float | None = None
        self._heard_at = self._resumed_at = clock()
        self._nudging: Writing | None = None
        self._closing = False
        self._reader = threading.Thread(target=self._read, name="printer-reader", daemon=True)
        self._reader.start()

    @property
    def state(self) -> PrinterState:
        return self._demux.state

    # -- small talk -------------------------------------------------------------------------

    def identify(self) -> PrinterState:
        """Ask who is there before anything else is sent; only then switch ASB on.

        An unknown device would print status commands as garbage, so DLE EOT 1 goes first and
        alone. Answers that were under way when the line was opened are not taken for ours: they
        leave ours over, and then all is asked again. Raises ``LinkError`` PRN_SILENT when nobody
        answers, PORT_BUSY when a network printer hangs up at once: another program uses it.
        """
        try:
            self._ask((1,))
        except LinkError as error:
            if error.code == "PORT_GONE" and getattr(self.link, "one_at_a_time", False):
                raise LinkError("PORT_BUSY", error.detail) from error
            raise
        self._ask((2, 3, 4))
        if self._strayed():
            self._wait_quiet(self.timings.quiet)
            self._demux.forget()
            self._ask((1, 2, 3, 4))
        self._say(commands.ASB_ON)
        return self.state

    def _strayed(self) -> bool:
        """Is more said than was asked? Listens for a moment."""
        self._wait_quiet(self.timings.gap)
        return self._demux.strayed

    def refresh(self) -> PrinterState:
        """Ask for everything. A printer that is off-line with a full buffer may stay silent: then
        what its last words were stands; silence without such words raises PRN_SILENT."""
        if self._demux.strayed:
            self._wait_quiet(self.timings.quiet)
            self._demux.forget()
        try:
            self._ask((1, 2, 3, 4), self.timings.prompt)
        except LinkError as error:
            if error.code != "PRN_SILENT":
                raise
            if self._answers:
                self._ask_again()
            elif not self.state.broken:
                raise
        return self.state

    def _ask_again(self) -> None:
        """Some of the answers came: the others were lost, and the printer is there."""
        self._wait_quiet(self.timings.quiet)
        self._demux.forget()
        self._ask((1, 2, 3, 4), self.timings.prompt)

    def clean(self) -> None:
        """Get rid of a half-received job: clear the buffer, end a picture it may still wait for,
        reset, cut the fragment off, and let old replies run out. ASB is switched on once more: the
        command to do so may have been among what was cleared."""
        self._say(commands.CLEAR[self.profile.clear])
        # A printer without that command is still inside a picture of at most this many bytes.
        self._say(bytes(MAX_PICTURE) + commands.start(self.profile) + commands.cut(self.profile))
        self._say(commands.ASB_ON)
        self._drain_replies()

    def free(self) -> PrinterState:
        """Before it listens again: ask it to forget what it holds and to try its knife anew."""
        self._whisper(commands.CLEAR[self.profile.clear])
        return self.refresh()

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
        writing = Writing(data + commands.FENCE, is_job=True, moved_at=self._clock())
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
                if writing.is_job and start + CHUNK >= len(writing.data):
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
            self._fences.clear()

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
        return "LINK_STALLED" if self._too_long(writing.moved_at, self.timings.stall) else ""

    def _too_long(self, since: float, patience: float) -> bool:
        """Is that longer than we wait? A hot or paused printer gets a time of its own, and all the
        time there is after it has gone on."""
        if self.state.offline:
            return self._clock() - since > self.timings.pause
        return self._clock() - max(since, self._resumed_at) > patience

    def _watch_fence(self, size: int) -> str:
        """Wait for the reply behind the last byte, asking for the state now and then."""
        began = asked = self._clock()
        patience = self.timings.fence + size / self.timings.slowest_rate
        with self._turn:
            while not self._fenced():
                if self.lost:
                    return self.lost.code
                if self.state.broken:
                    return self.state.code
                if self._too_long(began, patience):
                    return "FENCE_TIMEOUT"
                if self._clock() - asked > NUDGE_EVERY:
                    asked = self._clock()
                    self._nudge()
                self._turn.wait(self.timings.gap if self._fences else 0.05)
            return self.state.code if self.state.broken else ""

    def _fenced(self) -> bool:
        """Has our fence been answered? The answer stands alone: two or three bytes together are
        the rest of an ASB packet whose beginning was lost."""
        if not self._fences or self._clock() - self._heard_at < self.timings.gap:
            return False
        alone, byte = len(self._fences) == 1, self._fences[0]
        self._fences.clear()
        if alone:
            self._demux.paper(byte)
        return alone

    def _nudge(self) -> None:
        """DLE EOT while waiting: a lost ASB packet must not hide the paper's end.

        Never waits: behind a full buffer the question has to stand in line, and may be late.
        """
        self._demux.stale()
        if self._nudging is None or self._nudging.ended:
            self._nudging = self._speak(self._questions((1, 2, 3, 4)))

    def _break_off(self, writing: Writing) -> None:
        """Stop the writer, then try to make the printer forget what it has not printed yet."""
        writing.aborted = True
        self._join_writer(writing)
        if self._nudging is not None:
            self._join_writer(self._nudging)
        if not self.lost:
            self._whisper(commands.CLEAR[self.profile.clear])

    def _join_writer(self, writing: Writing) -> None:
        while writing.thread is not None and writing.thread.is_alive():
            self.link.cancel_write()
            writing.thread.join(0.05)

    def _whisper(self, data: bytes) -> None:
        """Say something that may not get through, without ever hanging on it."""
        words = self._speak(data)
        words.wait(0.3)
        self._join_writer(words)

    # -- questions --------------------------------------------------------------------------

    def _speak(self, data: bytes) -> Writing:
        """Hand over in a thread of its own: any write may block."""
        words = Writing(data)
        words.thread = threading.Thread(target=self._write, args=(words,), daemon=True)
        words.thread.start()
        return words

    def _say(self, data: bytes) -> None:
        """Send with a deadline; a printer that takes nothing is a silent one."""
        if self.lost:
            raise self.lost
        words = self._speak(data)
        words.wait(self.timings.answer + len(data) / self.timings.slowest_rate)
        if not words.ended:
            words.aborted = True
            self._join_writer(words)
            raise LinkError("PRN_SILENT", "takes no data")
        if words.failure:
            raise words.failure

    def _ask(self, numbers: tuple[int, ...], patience: float | None = None) -> None:
        self._answers = 0
        self._say(self._questions(numbers))
        with self._turn:
            done = self._turn.wait_for(
                lambda: self.lost or self._answers >= len(numbers),
                self.timings.answer if patience is None else patience,
            )
            if not done:
                self._give_up()
        if self.lost:
            raise self.lost
        if not done:
            raise LinkError("PRN_SILENT", f"{self._answers} of {len(numbers)} answers")

    def _questions(self, numbers: tuple[int, ...]) -> bytes:
        """The bytes that ask, once the demultiplexer knows of them."""
        with self._turn:
            self._give_up()
            for n in numbers:
                self._demux.asked(n)
        return b"".join(commands.status_query(n) for n in numbers)

    def _give_up(self) -> None:
        """Older questions are answered late or never; never, when the time for late is over."""
        now = self._clock()
        if self._gave_up_at is not None and now - self._gave_up_at > self.timings.late:
            self._demux.forget()
            self._gave_up_at = None
        if self._demux.give_up() and self._gave_up_at is None:
            self._gave_up_at = now

    def _wait_quiet(self, seconds: float) -> None:
        """Until nothing was heard for that long; words of long ago end some time."""
        with self._turn:
            end = self._clock() + self.timings.late
            since = self._clock()
            while not self.lost and self._clock() < end:
                if self._clock() - max(since, self._heard_at) >= seconds:
                    return
                self._turn.wait(seconds)

    def _drain_replies(self) -> None:
        """A fence of its own, then silence: late replies of an older job are gone after it."""
        self._forget_fences()
        self._say(commands.FENCE)
        patience = self.timings.fence + MAX_PICTURE / self.timings.slowest_rate
        with self._turn:
            if not self._turn.wait_for(lambda: self.lost or self._fences, patience):
                raise LinkError("PRN_SILENT", "no reply after cleaning")
        self._wait_quiet(self.timings.quiet)
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
            before, now = self.state, self._clock()
            if now - self._heard_at > PACKET_GAP:
                self._demux.stale()
            for piece in self._demux.feed(data):
                if piece.kind is Kind.FENCE:
                    self._fences += piece.data
                self._answers += piece.kind is Kind.REALTIME
            self._heard_at = now
            after = self.state
            if before.offline and not after.offline:
                self._resumed_at = now
            self._turn.notify_all()
        if after != before:
            self._on_state(after)


NUDGE_EVERY = 0.5
"""Seconds: without ASB, a fault behind the last byte is still noticed within one."""

PACKET_GAP = 0.1
"""Seconds: no packet is that long under way, even through a USB adapter."""

MAX_PICTURE = 4096
"""No picture command of ours has more data than this, so that many zeros end any of them."""
