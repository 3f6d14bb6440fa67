"""A slip as the bytes of one printer: ``safe``, ``banded`` or ``hybrid`` (printing.md §4).

* safe — every dot at full resolution; nothing but GS v 0 and the cut.
* banded — drawn here, sent compactly: any printer with GS v 0.
* hybrid — what the printer's Big5 font can set goes out as text, the rest is drawn: the default
  where the profile promises such a font.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from twinvoice import raster
from twinvoice.paper import Block, Columns, Cut, Feed, Ruler, Slip, Text

from ..knowledge import Profile
from . import bands, commands
from .glyphs import paper_fonts
from .native import Line, line_of

Mode = Literal["safe", "banded", "hybrid"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """``missing`` holds characters no font here has: they stand on the paper as 〓."""

    data: bytes
    mode: Mode
    missing: frozenset[str]


def encode(slip: Slip, profile: Profile, mode: Mode | None = None) -> Encoded:
    """The slip for that printer, ``ESC @`` first; the best mode unless one is named.

    Raises ``twinvoice.faults.Fault`` for codes that cannot be drawn at this width.
    """
    chosen: Mode = mode or ("hybrid" if profile.big5 else "banded")
    if chosen == "safe":
        data = _safe(slip, profile)
    else:
        data = _Compact(profile, native=chosen == "hybrid").encode(slip)
    return Encoded(data, chosen, frozenset(raster.missing(slip, fonts=paper_fonts())))


def _safe(slip: Slip, profile: Profile) -> bytes:
    out = bytearray(commands.start(profile))
    for block in slip:
        if isinstance(block, Cut):
            out += commands.cut(profile)
        elif not isinstance(block, Feed) or block.dots:
            out += bands.full(raster.band(block, profile.dots, fonts=paper_fonts()))
    return bytes(out)


@dataclass
class _Compact:
    """Writes block by block; ``feed`` is blank paper not asked for yet."""

    profile: Profile
    native: bool
    out: bytearray = field(default_factory=bytearray)
    feed: int = 0
    bold: bool = False
    scale: int = 1
    chinese: bool = False

    def encode(self, slip: Slip) -> bytes:
        self.out += commands.start(self.profile)
        for block in slip:
            self._block(block)
        self._flush()
        return bytes(self.out)

    def _block(self, block: Block) -> None:
        match block:
            case Cut():
                self._flush()
                self.out += commands.cut(self.profile)
            case Feed(dots=dots):
                self.feed += dots + dots % 2
            case Text() | Columns() if self.native:
                line = line_of(block, self.profile.dots)
                self._drawn(block) if line is None else self._line(line)
            case Ruler():
                self._ruler(block)
            case _:
                self._drawn(block)

    def _drawn(self, block: Block) -> None:
        dots = raster.band(block, self.profile.dots, fonts=paper_fonts())
        inked = np.any(dots, axis=1)
        if not inked.any():
            self.feed += len(dots)
            return
        # Margins join the feeds before and after; even, so that halving still finds its pairs.
        first, last = int(inked.argmax()) // 2 * 2, (len(dots) - int(inked[::-1].argmax()) + 1)
        last = min(len(dots), last // 2 * 2)
        self.feed += first
        self._flush()
        self.out += bands.compact(dots[first:last])
        self.feed = len(dots) - last

    def _ruler(self, block: Ruler) -> None:
        """As wide as any printer: where it breaks off is what the person is asked."""
        self._flush()
        wide = raster.band(block, raster.WIDEST, fonts=paper_fonts())
        self.out += b"\x1dW" + commands.word(raster.WIDEST)
        self.out += bands.compact(wide)
        self.out += b"\x1dW" + commands.word(self.profile.dots)

    def _line(self, line: Line) -> None:
        """Text waits in the printer's line buffer: the feed that follows prints it."""
        self.feed += line.gap
        self._flush()
        self._style(line)
        self.out += line.print_bytes()
        self.feed = line.height + line.gap

    def _style(self, line: Line) -> None:
        if not self.chinese:
            self.out += commands.CHINESE_ON
            self.chinese = True
        if line.scale != self.scale:
            self.out += commands.size(line.scale)
            self.scale = line.scale
        if line.bold != self.bold:
            self.out += commands.bold(line.bold)
            self.bold = line.bold

    def _flush(self) -> None:
        self.out += commands.feed(self.feed)
        self.feed = 0
