"""Cuts a stream of ESC/POS bytes into commands, as a printer's firmware does, byte by byte.

Knows what our encoders, drivers and the status commands use; anything else comes out as
``unknown`` so that a test can insist on none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# Number of parameter bytes behind a two-byte command.
FIXED = {
    b"\x1b@": 0, b"\x1bJ": 1, b"\x1bd": 1, b"\x1b2": 0, b"\x1b3": 1, b"\x1bE": 1,
    b"\x1ba": 1, b"\x1b!": 1, b"\x1bp": 3, b"\x1bt": 1, b"\x1b$": 2, b"\x1bo": 0,
    b"\x1d!": 1, b"\x1dL": 2, b"\x1dW": 2, b"\x1dP": 2, b"\x1dr": 1, b"\x1da": 1, b"\x1dI": 1,
    b"\x1c&": 0, b"\x1c.": 0, b"\x1c!": 1, b"\x1cS": 2,
    b"\x10\x04": 1, b"\x10\x05": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` is the command's first bytes, ``text`` or ``unknown``; ``args`` what follows."""

    name: bytes
    args: bytes = b""


TEXT = b"text"
UNKNOWN = b"unknown"


class Parser:
    """Feed bytes, get whole commands; an unfinished command stays inside until it is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.chinese = False

    def clear(self) -> None:
        self._buffer.clear()

    def feed(self, data: bytes) -> Iterator[Command]:
        self._buffer += data
        while self._buffer:
            found = self._next()
            if found is None:
                return
            command, length = found
            del self._buffer[:length]
            self._follow(command)
            yield command

    def _follow(self, command: Command) -> None:
        if command.name == b"\x1c&":
            self.chinese = True
        elif command.name in (b"\x1c.", b"\x1b@"):
            self.chinese = False

    def _next(self) -> tuple[Command, int] | None:
        first = self._buffer[0]
        if first in (0x1B, 0x1C, 0x1D, 0x10):
            return self._escape()
        if first in (0x00, 0x0A, 0x0D):
            return Command(bytes((first,))), 1
        return self._text()

    def _escape(self) -> tuple[Command, int] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        head = bytes(buffer[:2])
        if head in FIXED:
            return self._whole(head, 2 + FIXED[head])
        if head == b"\x1dV":
            length = 0 if len(buffer) < 3 else (4 if buffer[2] in (65, 66, 103, 104) else 3)
            return self._whole(head, length) if length else None
        if head == b"\x1dv":
            return self._raster()
        if head == b"\x10\x14":
            length = 0 if len(buffer) < 3 else (10 if buffer[2] == 8 else 5)
            return self._whole(head, length) if length else None
        return Command(UNKNOWN, head), 2

    def _whole(self, head: bytes, length: int) -> tuple[Command, int] | None:
        if len(self._buffer) < length:
            return None
        return Command(head, bytes(self._buffer[len(head) : length])), length

    def _raster(self) -> tuple[Command, int] | None:
        buffer = self._buffer
        if len(buffer) < 8:
            return None
        width = int.from_bytes(buffer[4:6], "little")
        height = int.from_bytes(buffer[6:8], "little")
        return self._whole(b"\x1dv", 8 + width * height)

    def _text(self) -> tuple[Command, int] | None:
        buffer, end = self._buffer, 0
        while end < len(buffer) and buffer[end] >= 0x20:
            double = self.chinese and buffer[end] >= 0x81
            if double and end + 1 >= len(buffer):
                break
            end += 2 if double else 1
        if end:
            return Command(TEXT, bytes(buffer[:end])), end
        if buffer[0] >= 0x20:
            return None
        return Command(UNKNOWN, bytes(buffer[:1])), 1
