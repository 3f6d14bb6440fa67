"""ESC/POS commands to black dots on paper: the second half of the virtual printer.

Follows the Epson command reference where it matters for us: motion units (half a dot vertically
until GS P says otherwise), print area, double type, the four scales of GS v 0. What is outside
the print area is lost without a word, as on paper.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .parser import TEXT, UNKNOWN, Command

Dots = NDArray[np.bool_]
Font = Callable[[str], Dots]
CELL = 24  # height of both fonts; Latin 12 wide, Chinese 24


class Paper:
    """An endless strip, ``width`` dots across, that grows downwards."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows = np.zeros((1024, width), dtype=bool)
        self.height = 0
        self.used = 0  # dots of paper since the printer was made
        self.inkless = False  # the coated side is away from the head: it prints, nothing shows

    def feed(self, dots: int) -> None:
        self.height += dots
        self.used += dots
        while self.height > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])

    def stamp(self, dots: Dots, x: int, y: int, right_edge: int) -> None:
        """Burn ``dots`` at (x, y); what reaches beyond ``right_edge`` or the strip is lost."""
        room = max(0, min(right_edge, self.width) - x)
        seen = dots[:, :room]
        if y + len(seen) > self.height:
            self.feed(y + len(seen) - self.height)
        if self.inkless:
            return
        self._rows[y : y + seen.shape[0], x : x + seen.shape[1]] |= seen

    def take(self) -> Dots:
        """Cut: hand over what was printed, start anew."""
        page = self._rows[: self.height].copy()
        self._rows[: self.height] = False
        self.height = 0
        return page


class Interpreter:
    """Applies commands to paper; ``on_cut`` gets each page, ``unknown`` what it does not know."""

    def __init__(self, width: int, font: Font, *, dpi: int = 180, knife_gap: int = 24) -> None:
        self.paper = Paper(width)
        self.font = font
        self.dpi = dpi
        self.knife_gap = knife_gap
        self.unknown: list[bytes] = []
        self.text: list[str] = []
        self.on_cut: Callable[[Dots, str], None] = lambda page, text: None
        self.on_drawer: Callable[[int], None] = lambda pin: None
        self.on_beep: Callable[[], None] = lambda: None
        self.on_reply: Callable[[Command], None] = lambda command: None
        self._table = self._commands()
        self.reset()

    def reset(self) -> None:
        """ESC @: all settings back to the printer's own; the line buffer is lost."""
        self.units = (self.dpi, self.dpi * 2)
        self.left = 0
        self.area = self.paper.width
        self.spacing = 30
        self.scale = (1, 1)
        self.chinese_scale = (1, 1)
        self.bold = False
        self.chinese = False
        self.align = 0
        self._line: list[tuple[int, Dots]] = []
        self._cursor = self._end = 0

    def tear(self) -> tuple[Dots, str]:
        """Hand over the unfinished piece, as a person tears it off."""
        self._line, self._cursor = [], 0
        text, self.text = "\n".join(self.text), []
        return self.paper.take(), text

    def apply(self, command: Command) -> None:
        handler = self._table.get(command.name)
        if handler is None:
            self.unknown.append(command.name + command.args[:8])
            return
        handler(command.args)

    def _commands(self) -> dict[bytes, Callable[[bytes], None]]:
        ignore: Callable[[bytes], None] = lambda args: None  # noqa: E731 - one of a table of lambdas
        return {
            TEXT: self._text,
            UNKNOWN: lambda args: self.unknown.append(args),
            b"\n": lambda args: self._line_feed(),
            b"\0": ignore,
            b"\r": ignore,  # the switch "CR effective" is off
            b"\x1b@": lambda args: self.reset(),
            b"\x1bJ": lambda args: self._print_and_feed(self._down(args[0])),
            b"\x1bd": lambda args: self._print_and_feed(args[0] * self.spacing),
            b"\x1b2": lambda args: setattr(self, "spacing", 30),
            b"\x1b3": lambda args: setattr(self, "spacing", self._down(args[0])),
            b"\x1bE": lambda args: setattr(self, "bold", bool(args[0] & 1)),
            b"\x1ba": lambda args: setattr(self, "align", args[0] % 48),
            b"\x1bt": ignore,
            b"\x1bo": lambda args: self.on_beep(),
            b"\x1b$": lambda args: setattr(self, "_cursor", _word(args)),
            b"\x1bp": lambda args: self.on_drawer(args[0]),
            b"\x1d!": lambda args: setattr(self, "scale", (args[0] // 16 + 1, args[0] % 16 + 1)),
            b"\x1dP": lambda args: setattr(self, "units", (args[0] or self.dpi, args[1] or 360)),
            b"\x1dL": lambda args: setattr(self, "left", self._across(_word(args))),
            b"\x1dW": lambda args: setattr(self, "area", self._across(_word(args))),
            b"\x1dV": self._cut,
            b"\x1dv": self._raster,
            b"\x1dr": lambda args: self.on_reply(Command(b"\x1dr", args)),
            b"\x1da": lambda args: self.on_reply(Command(b"\x1da", args)),
            b"\x1dI": lambda args: self.on_reply(Command(b"\x1dI", args)),
            b"\x1c&": lambda args: setattr(self, "chinese", True),
            b"\x1c.": lambda args: setattr(self, "chinese", False),
            b"\x1c!": self._chinese_size,
            b"\x1cS": ignore,
            b"\x10\x04": ignore,  # real-time commands were obeyed when they arrived
            b"\x10\x05": ignore,
            b"\x10\x14": ignore,
        }

    def _down(self, units: int) -> int:
        return round(units * self.dpi / self.units[1])

    def _across(self, units: int) -> int:
        return round(units * self.dpi / self.units[0])

    def _chinese_size(self, args: bytes) -> None:
        self.chinese_scale = (2 if args[0] & 4 else 1, 2 if args[0] & 8 else 1)

    def _text(self, args: bytes) -> None:
        codec = "cp950" if self.chinese else "latin-1"
        for char in args.decode(codec, errors="replace"):
            self._glyph(char)

    def _glyph(self, char: str) -> None:
        glyph = self.font(char)
        across, down = (
            self.chinese_scale if len(char.encode("cp950", "replace")) > 1 else self.scale
        )
        width = glyph.shape[1]
        if self.bold:  # struck twice, one dot to the right
            glyph = np.pad(glyph, ((0, 0), (0, 1)))
            glyph[:, 1:] |= glyph[:, :-1].copy()
        dots = np.repeat(np.repeat(glyph, across, axis=1), down, axis=0)
        if self._cursor + width * across > self.area:
            self._line_feed()
        self._note(char)
        self._line.append((self._cursor, dots))
        self._cursor += width * across
        self._end = self._cursor

    def _note(self, char: str) -> None:
        """Keep what was set in the printer's own type, for people and tests to read."""
        if not self.text or not self._line:
            self.text.append("")
        elif self._cursor > self._end:
            self.text[-1] += " "
        self.text[-1] += char

    def _line_feed(self) -> None:
        tallest = max((len(dots) for _, dots in self._line), default=0)
        self._print_and_feed(max(self.spacing, tallest))

    def _print_and_feed(self, dots: int) -> None:
        """Print the line buffer (bottoms aligned) and move the paper by ``dots``."""
        top, tallest = self.paper.height, max((len(d) for _, d in self._line), default=0)
        length = max((x + d.shape[1] for x, d in self._line), default=0)
        shift = self.left + (self.area - length) * self.align // 2
        for x, glyph in self._line:
            edge = self.left + self.area
            self.paper.stamp(glyph, shift + x, top + tallest - len(glyph), edge)
        self._line, self._cursor = [], 0
        moved = self.paper.height - top
        self.paper.feed(max(0, dots - moved))

    def _raster(self, args: bytes) -> None:
        mode, width, height = args[1] % 48, _word(args[2:4]), _word(args[4:6])
        rows = np.frombuffer(args[6:], dtype=np.uint8).reshape(height, width)
        dots = np.unpackbits(rows, axis=1).astype(bool)
        across, down = (2 if mode & 1 else 1), (2 if mode & 2 else 1)
        dots = np.repeat(np.repeat(dots, across, axis=1), down, axis=0)
        shift = self.left + max(0, (self.area - dots.shape[1]) * self.align // 2)
        self.paper.stamp(dots, shift, self.paper.height, self.left + self.area)

    def _cut(self, args: bytes) -> None:
        """GS V: function B (65, 66) feeds to the knife first; the others cut where the paper is."""
        if args[0] in (65, 66):
            self.paper.feed(self.knife_gap + self._down(args[1]))
        self.on_cut(*self.tear())


def _word(args: bytes) -> int:
    return int.from_bytes(args[:2], "little")
