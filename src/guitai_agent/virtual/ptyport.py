"""The virtual printer behind a serial line: a pseudo terminal that checks how it was opened.

A real line garbles everything when both ends disagree about the speed, and falls silent when they
disagree about flow control; a pseudo terminal carries it all the same. So the speed and the flow
control that were set are read back from the terminal, and the bytes pass through a model of the
line (printing.md §5, §6: DIP switches). Modem lines do not exist here.
"""

import contextlib
import os
import termios
import threading
import time
import tty
from pathlib import Path

from .device import VirtualPrinter

SPEEDS = {getattr(termios, f"B{speed}"): speed for speed in
          (4800, 9600, 19200, 38400, 57600, 115200)}  # fmt: skip
BITS = 10  # start, eight data bits, stop


class PtyPort:
    """One serial socket of the printer. ``link`` is a name that stays while the terminal's changes.

    ``speed`` and ``xonxoff`` are the printer's switches; speed 0: it does not matter, as on USB.
    ``paced``: the line carries no more than its speed allows.
    """

    def __init__(
        self,
        printer: VirtualPrinter,
        link: Path | None = None,
        *,
        speed: int = 0,
        xonxoff: bool = True,
        paced: bool = False,
    ) -> None:
        self.printer, self.link = printer, link
        self.speed, self.xonxoff, self.paced = speed, xonxoff, paced
        self.path = ""
        self._gone = threading.Event()
        self._gone.set()
        self._threads: list[threading.Thread] = []
        self._master = self._slave = -1
        self.plug()

    @property
    def plugged(self) -> bool:
        return not self._gone.is_set()

    def plug(self) -> None:
        """Appear, under a name of the system's choice."""
        if self.plugged:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        if self.link is not None:
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(self.path)
        self._gone.clear()
        self._threads = [
            threading.Thread(target=work, name=f"printer-{work.__name__}", daemon=True)
            for work in (self._take, self._answer)
        ]
        for thread in self._threads:
            thread.start()

    def pull(self) -> None:
        """Vanish. Threads first, descriptors after (printing.md §7)."""
        if not self.plugged:
            return
        self._gone.set()
        for thread in self._threads:
            thread.join()
        if self.link is not None:
            self.link.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self.printer.unplug()

    def stop(self) -> None:
        self.pull()

    def drop_connection(self) -> None:
        """A loose plug: gone, and back at once under another name."""
        self.pull()
        self.plug()

    def _take(self) -> None:
        while not self._gone.is_set():
            # Read only what the printer has room for: the line must push back.
            if not self.printer.wait_room(0.02):
                continue
            try:
                data = os.read(self._master, 64)
            except BlockingIOError:
                time.sleep(0.001)
                continue
            if self.paced and self.speed:
                time.sleep(len(data) * BITS / self.speed)
            self._swallow(self._heard_by_printer(data))

    def _swallow(self, data: bytes) -> None:
        while data and not self._gone.is_set():
            data = data[self.printer.receive(data) :]
            if data:
                self.printer.wait_room(0.02)

    def _answer(self) -> None:
        while not self._gone.is_set():
            said = self._heard_by_host(self.printer.replies(0.02))
            if said:
                with contextlib.suppress(BlockingIOError):  # nobody reads; the line loses it
                    os.write(self._master, said)

    # -- the line ---------------------------------------------------------------------------

    def _heard_by_printer(self, data: bytes) -> bytes:
        speed, agreed = self._settings()
        return garbled(data, speed, self.speed or speed) if agreed else b""

    def _heard_by_host(self, data: bytes) -> bytes:
        speed, agreed = self._settings()
        return garbled(data, self.speed or speed, speed) if agreed and data else b""

    def _settings(self) -> tuple[int, bool]:
        """The speed the other side set, and whether both agree on flow control."""
        terminal = termios.tcgetattr(self._master)
        flow = bool(terminal[0] & termios.IXON)
        return SPEEDS.get(terminal[5], 9600), not self.speed or flow == self.xonxoff


def garbled(data: bytes, sent_at: int, heard_at: int) -> bytes:
    """What a receiver at ``heard_at`` baud makes of bytes sent back to back at ``sent_at``.

    8N1, sampled in the middle of each bit; a byte without a stop bit is received as NUL.
    """
    if sent_at == heard_at:
        return data
    levels = [level for byte in data for level in _frame(byte)]
    ratio, heard, at = sent_at / heard_at, bytearray(), 0.0

    def level(position: float) -> int:
        return levels[int(position)] if position < len(levels) else 1

    while at < len(levels):
        if level(at):
            at = int(at) + 1.0
            continue
        bits = [level(at + (each + 0.5) * ratio) for each in range(1, BITS)]
        heard.append(sum(bit << n for n, bit in enumerate(bits[:8])) if bits[8] else 0)
        at += ratio * (BITS - 0.5)
    return bytes(heard)


def _frame(byte: int) -> list[int]:
    return [0, *((byte >> n) & 1 for n in range(8)), 1]
