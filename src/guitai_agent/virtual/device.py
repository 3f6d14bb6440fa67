"""The virtual printer: a 4 kB buffer, a print head that can be slow, sensors that can be tripped.

It behaves like the Aura family (printing.md §1, §5): real-time commands are obeyed on arrival,
even inside picture data; buffered ones in order; when off-line it prints nothing and its buffer
fills until the sender has to stop. The small buffer matters: with a large one the writer never
blocks and the interesting faults hide.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from .faults import (
    DEAF,
    FAULTS,
    LATE_SECONDS,
    NOISE,
    asb_packet,
    beeper,
    halted,
    paper_bits,
    realtime_status,
)
from .interpreter import Dots, Font, Interpreter
from .parser import Command, Parser

__all__ = ["BUFFER", "FAULTS", "Receipt", "VirtualPrinter"]
BUFFER = 4096
INCH = 25.4


@dataclass(slots=True)
class Receipt:
    """A piece of paper: ``torn`` when it came off without the knife."""

    page: Dots
    text: str
    torn: bool = False


@dataclass(slots=True)
class Plan:
    """Trip ``fault`` when the head has consumed ``after`` bytes (counted from now)."""

    fault: str
    after: int


@dataclass
class VirtualPrinter:
    """The device itself; links and servers feed it and carry its replies away.

    ``rate`` is the drain speed in bytes a second (0: as fast as it can).
    """

    font: Font
    width: int = 384
    dpi: int = 180
    rate: int = 0
    on_receipt: Callable[[Receipt], None] = lambda receipt: None
    clock: Callable[[], float] = time.monotonic
    drawer_opened: int = 0
    beeped: int = 0
    consumed: int = 0
    _faults: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._parser = Parser()
        self.interpreter = Interpreter(self.width, self.font, dpi=self.dpi)
        self.interpreter.on_cut = lambda page, text: self._emit(Receipt(page, text))
        self.interpreter.on_drawer = self._open_drawer
        self.interpreter.on_beep = self._beep
        self.interpreter.on_reply = self._answer
        self._buffer: deque[int] = deque()
        self._lock = threading.Condition()
        self._replies = bytearray()
        self._late: deque[tuple[float, bytes]] = deque()
        self._asb = False
        self._recent = bytearray()
        self._plans: list[Plan] = []
        self._paper_ends_at: int | None = None
        self._near_dots = 0
        self._stopping = False
        self._head = threading.Thread(target=self._drain, name="virtual-head", daemon=True)
        self._head.start()

    # -- the wire ---------------------------------------------------------------------------

    def receive(self, data: bytes) -> int:
        """Take as much as fits into the buffer; returns how many bytes were taken."""
        with self._lock:
            if not DEAF.isdisjoint(self._faults):
                return len(data)
            taken = 0
            for byte in data:
                if len(self._buffer) >= BUFFER:
                    break
                self._buffer.append(byte)
                self._scan(byte)
                taken += 1
            self._lock.notify_all()
            return taken

    def wait_room(self, timeout: float) -> bool:
        """Wait until the buffer has room."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self._buffer) < BUFFER, timeout)

    def replies(self, timeout: float = 0) -> bytes:
        """What the printer has to say; waits up to ``timeout`` seconds for the first byte."""
        end = time.monotonic() + timeout
        with self._lock:
            while not self._ripe() and (left := end - time.monotonic()) > 0:
                self._lock.wait(min(left, 0.02) if self._late else left)
            said, self._replies = bytes(self._replies), bytearray()
            return said

    def say(self, data: bytes) -> None:
        """Put bytes on the line nobody asked for: noise, or words of long ago."""
        with self._lock:
            self._say(data)

    def unplug(self) -> None:
        """The line is cut: replies under way are lost; buffer and settings are not."""
        with self._lock:
            self._hush()

    def power_cycle(self, seconds: float = 0.0) -> None:
        """Off and on again, ``seconds`` later: everything in memory is lost, the paper stays."""
        with self._lock:
            self._forget_everything()
            if seconds:
                self._set("off", True)
                self._mend_later("off", seconds)

    def close(self) -> None:
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        self._head.join()

    # -- faults -----------------------------------------------------------------------------

    @property
    def faults(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._faults)

    @property
    def beeper(self) -> str:
        """What the person at the counter hears: quiet, continuous, every 3 s."""
        return beeper(self.faults)

    @property
    def near_end_halts(self) -> bool:
        """Is "busy on off-line" set? Then near end stops the printer."""
        return "near_end_halts" in self.faults

    @near_end_halts.setter
    def near_end_halts(self, on: bool) -> None:
        self.set_fault("near_end_halts", on)

    @property
    def honours_clear(self) -> bool:
        """Does the firmware know the command that clears its buffer?"""
        return "ignores_clear" not in self.faults

    @honours_clear.setter
    def honours_clear(self, on: bool) -> None:
        self.set_fault("ignores_clear", not on)

    def set_fault(self, fault: str, on: bool, seconds: float = 0.0) -> None:
        """Trip or mend; a tripped one mends by itself after ``seconds`` unless that is 0.

        Mending cover or paper tears the unfinished piece off; new paper is an endless roll.
        Raises ValueError for a fault there is none of.
        """
        if fault not in FAULTS:
            raise ValueError(fault)
        with self._lock:
            self._set(fault, on)
            if on and seconds:
                self._mend_later(fault, seconds)

    def plan_fault(self, fault: str, after: int) -> None:
        """Trip ``fault`` once the head has consumed that many more bytes."""
        if fault not in FAULTS:
            raise ValueError(fault)
        with self._lock:
            self._plans.append(Plan(fault, self.consumed + after))

    def load_paper(self, mm: float, near_mm: float = 0.0) -> None:
        """A roll of ``mm``; near end is sensed ``near_mm`` before its end."""
        with self._lock:
            for fault in ("paper_end", "near_end"):
                self._set(fault, False)
            self._near_dots = self._dots(near_mm)
            self._paper_ends_at = self.interpreter.paper.used + self._dots(mm)

    def paper_left(self) -> float | None:
        """Millimetres left on the roll, None for an endless one."""
        with self._lock:
            ends = self._paper_ends_at
            return None if ends is None else (ends - self.interpreter.paper.used) * INCH / self.dpi

    def _dots(self, mm: float) -> int:
        return round(mm * self.dpi / INCH)

    def _set(self, fault: str, on: bool) -> None:
        if (fault in self._faults) == on:
            return
        told = asb_packet(self._faults)
        (self._faults.add if on else self._faults.discard)(fault)
        if fault == "off":
            self._forget_everything()
        self.interpreter.paper.inkless = "blank" in self._faults
        if not on and fault in ("paper_end", "cover_open"):
            self._tear()
        if not on and fault == "paper_end":
            self._paper_ends_at = None
        if asb_packet(self._faults) != told:
            self._report()
        self._lock.notify_all()

    def _mend_later(self, fault: str, seconds: float) -> None:
        timer = threading.Timer(seconds, self.set_fault, (fault, False))
        timer.daemon = True
        timer.start()

    # -- the head ---------------------------------------------------------------------------

    def _drain(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._stopping or self._can_print())
                if self._stopping:
                    return
                count = self._portion()
                chunk = bytes(self._buffer.popleft() for _ in range(count))
                self.consumed += count
                for command in self._parser.feed(chunk):
                    self.interpreter.apply(command)
                    self._wear_paper()
                self._trip_planned()
                self._lock.notify_all()
            if self.rate:
                time.sleep(count / self.rate)

    def _portion(self) -> int:
        if self._paper_ends_at is not None:
            return 1  # the roll may end behind any command
        portion = max(1, self.rate // 200) if self.rate else 512
        for plan in self._plans:
            portion = min(portion, max(1, plan.after - self.consumed))
        return min(len(self._buffer), portion)

    def _can_print(self) -> bool:
        return bool(self._buffer) and not halted(self._faults)

    def _trip_planned(self) -> None:
        due = [plan for plan in self._plans if plan.after <= self.consumed]
        for plan in due:
            self._plans.remove(plan)
            self._set(plan.fault, True)

    def _wear_paper(self) -> None:
        if self._paper_ends_at is None:
            return
        left = self._paper_ends_at - self.interpreter.paper.used
        if left <= 0:
            self._set("paper_end", True)
        elif left <= self._near_dots:
            self._set("near_end", True)

    def _tear(self) -> None:
        page, text = self.interpreter.tear()
        if page.any():
            self._emit(Receipt(page, text, torn=True))

    def _emit(self, receipt: Receipt) -> None:
        if "blank" in self._faults:
            receipt.text = ""  # there is nothing to read on it
        self.on_receipt(receipt)

    def _forget_everything(self) -> None:
        self._buffer.clear()
        self._parser.clear()
        self._hush()
        self._asb = False
        self.interpreter.reset()

    # -- replies ----------------------------------------------------------------------------

    def _hush(self) -> None:
        self._replies.clear()
        self._late.clear()
        self._recent.clear()

    def _say(self, data: bytes) -> None:
        if DEAF.isdisjoint(self._faults):
            if "garbage" in self._faults:
                data = NOISE + data + NOISE
            self._replies += data
            self._lock.notify_all()

    def _ripe(self) -> bool:
        """Are there replies, now that the late ones are due?"""
        while self._late and self._late[0][0] <= self.clock():
            self._say(self._late.popleft()[1])
        return bool(self._replies)

    def _scan(self, byte: int) -> None:
        """Real-time commands: obeyed on arrival, wherever they stand."""
        self._recent.append(byte)
        del self._recent[:-3]
        if len(self._recent) < 3 or self._recent[0] != 0x10:
            return
        second, n = self._recent[1], self._recent[2]
        if second == 0x04 and 1 <= n <= 4:
            self._tell_status(bytes((realtime_status(self._faults, n),)))
        elif (second, n) in ((0x05, 2), (0x14, 8)):
            self._forget_job()
        elif second == 0x14 and n == 1:
            self._open_drawer(0)

    def _tell_status(self, reply: bytes) -> None:
        if "late_reply" in self._faults:
            self._late.append((self.clock() + LATE_SECONDS, reply))
            self._lock.notify_all()
        else:
            self._say(reply)

    def _forget_job(self) -> None:
        """DLE ENQ 2: recover from a cutter error and drop everything received so far.

        What is printed already stays on the strip, in front of the next receipt.
        """
        if "ignores_clear" in self._faults:
            return
        self._buffer.clear()
        self._parser.clear()
        self._faults.discard("cutter")
        self.interpreter.reset()

    def _report(self) -> None:
        """ASB: four bytes at every change; of a broken packet only the first two arrive."""
        if self._asb:
            packet = asb_packet(self._faults)
            self._say(packet[:2] if "half_asb" in self._faults else packet)

    def _answer(self, command: Command) -> None:
        if command.name == b"\x1dr":
            self._answer_fence(command.args[0])
        elif command.name == b"\x1da":
            self._asb = bool(command.args[0])
            self._report()

    def _answer_fence(self, n: int) -> None:
        if "lost_fence" in self._faults:
            return
        if n in (2, 50):
            self._say(bytes(("drawer_open" in self._faults,)))
        else:
            self._say(bytes((paper_bits(self._faults),)))

    def _open_drawer(self, pin: int) -> None:
        self.drawer_opened += 1

    def _beep(self) -> None:
        self.beeped += 1
