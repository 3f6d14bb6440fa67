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

from .interpreter import Dots, Font, Interpreter
from .parser import Command, Parser

BUFFER = 4096
FAULTS = ("paper_end", "cover_open", "cutter", "near_end", "hot", "fatal", "silent", "paused")
HALTING = ("paper_end", "cover_open", "cutter", "hot", "fatal", "paused")


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
    near_end_halts: bool = False
    honours_clear: bool = True
    clock: Callable[[], float] = time.monotonic
    drawer_opened: int = 0
    consumed: int = 0
    _faults: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._parser = Parser()
        self.interpreter = Interpreter(self.width, self.font, dpi=self.dpi)
        self.interpreter.on_cut = lambda page, text: self._emit(Receipt(page, text))
        self.interpreter.on_drawer = self._open_drawer
        self.interpreter.on_reply = self._answer
        self._buffer: deque[int] = deque()
        self._lock = threading.Condition()
        self._replies = bytearray()
        self._asb = False
        self._recent = bytearray()
        self._plans: list[Plan] = []
        self._stopping = False
        self._head = threading.Thread(target=self._drain, name="virtual-head", daemon=True)
        self._head.start()

    # -- the wire ---------------------------------------------------------------------------

    def receive(self, data: bytes) -> int:
        """Take as much as fits into the buffer; returns how many bytes were taken."""
        with self._lock:
            if "silent" in self._faults:
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
        with self._lock:
            self._lock.wait_for(lambda: bool(self._replies), timeout)
            said, self._replies = bytes(self._replies), bytearray()
            return said

    def unplug(self) -> None:
        """The line is cut: replies under way and the ASB setting are lost, the buffer is not."""
        with self._lock:
            self._replies.clear()
            self._recent.clear()

    def power_cycle(self) -> None:
        """Off and on: everything in memory is lost, the paper stays."""
        with self._lock:
            self._buffer.clear()
            self._parser.clear()
            self._replies.clear()
            self._recent.clear()
            self._asb = False
            self.interpreter.reset()

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

    def set_fault(self, fault: str, on: bool) -> None:
        """Trip or mend a sensor. Mending cover or paper tears the unfinished piece off."""
        if fault not in FAULTS:
            raise ValueError(fault)
        with self._lock:
            before = set(self._faults)
            (self._faults.add if on else self._faults.discard)(fault)
            if before == self._faults:
                return
            if not on and fault in ("paper_end", "cover_open"):
                self._tear()
            self._report()
            self._lock.notify_all()

    def plan_fault(self, fault: str, after: int) -> None:
        """Trip ``fault`` once the head has consumed that many more bytes."""
        with self._lock:
            self._plans.append(Plan(fault, self.consumed + after))

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
                self._trip_planned()
                self._lock.notify_all()
            if self.rate:
                time.sleep(count / self.rate)

    def _portion(self) -> int:
        portion = max(1, self.rate // 200) if self.rate else 512
        for plan in self._plans:
            portion = min(portion, max(1, plan.after - self.consumed))
        return min(len(self._buffer), portion)

    def _can_print(self) -> bool:
        return bool(self._buffer) and not self._halted()

    def _halted(self) -> bool:
        return any(f in self._faults for f in HALTING) or self._near_halts()

    def _near_halts(self) -> bool:
        return self.near_end_halts and "near_end" in self._faults

    def _trip_planned(self) -> None:
        due = [plan for plan in self._plans if plan.after <= self.consumed]
        for plan in due:
            self._plans.remove(plan)
            self._faults.add(plan.fault)
            self._report()

    def _tear(self) -> None:
        page, text = self.interpreter.tear()
        if page.any():
            self._emit(Receipt(page, text, torn=True))

    def _emit(self, receipt: Receipt) -> None:
        self.on_receipt(receipt)

    # -- replies ----------------------------------------------------------------------------

    def _say(self, data: bytes) -> None:
        if "silent" not in self._faults:
            self._replies += data
            self._lock.notify_all()

    def _scan(self, byte: int) -> None:
        """Real-time commands: obeyed on arrival, wherever they stand."""
        self._recent.append(byte)
        del self._recent[:-3]
        if len(self._recent) < 3 or self._recent[0] != 0x10:
            return
        second, n = self._recent[1], self._recent[2]
        if second == 0x04 and 1 <= n <= 4:
            self._say(bytes((self._realtime_status(n),)))
        elif second == 0x05 and n == 2:
            self._forget_job()
        elif second == 0x14 and n == 1:
            self._open_drawer(0)
        elif second == 0x14 and n == 8:
            self._forget_job()

    def _forget_job(self) -> None:
        """DLE ENQ 2: recover from a cutter error and drop everything received so far.

        What is printed already stays on the strip, in front of the next receipt.
        """
        if not self.honours_clear:
            return
        self._buffer.clear()
        self._parser.clear()
        self._faults.discard("cutter")
        self.interpreter.reset()

    def _realtime_status(self, n: int) -> int:
        fault = self._faults.__contains__
        if n == 1:
            return 0x12 | (0x08 if self._halted() else 0)
        if n == 2:
            stop, error = fault("paper_end"), fault("cutter") or fault("fatal") or fault("hot")
            cover = 0x04 if fault("cover_open") else 0
            return 0x12 | cover | (0x20 if stop else 0) | (0x40 if error else 0)
        if n == 3:
            cutter, fatal = (0x08 if fault("cutter") else 0), (0x20 if fault("fatal") else 0)
            return 0x12 | cutter | fatal | (0x40 if fault("hot") else 0)
        near = fault("near_end") or fault("paper_end")
        return 0x12 | (0x0C if near else 0) | (0x60 if fault("paper_end") else 0)

    def _paper_bits(self) -> int:
        near = "near_end" in self._faults or "paper_end" in self._faults
        return (0x03 if near else 0) | (0x0C if "paper_end" in self._faults else 0)

    def _report(self) -> None:
        """ASB: four bytes at every change."""
        if self._asb:
            self._say(self._asb_packet())

    def _asb_packet(self) -> bytes:
        fault = self._faults.__contains__
        offline, cover = (0x08 if self._halted() else 0), (0x20 if fault("cover_open") else 0)
        cutter, fatal = (0x08 if fault("cutter") else 0), (0x20 if fault("fatal") else 0)
        second = cutter | fatal | (0x40 if fault("hot") else 0)
        return bytes((0x10 | offline | cover, second, self._paper_bits(), 0x0F))

    def _answer(self, command: Command) -> None:
        if command.name == b"\x1dr":
            self._say(bytes((self._paper_bits() if command.args[0] in (1, 49) else 0,)))
        elif command.name == b"\x1da":
            self._asb = bool(command.args[0])
            self._report()

    def _open_drawer(self, pin: int) -> None:
        self.drawer_opened += 1
