"""The blocks of a slip."""

from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """A line (wrapped where it is too long). ``scale`` 2 is the big type of title and number."""

    text: str
    scale: Literal[1, 2] = 1
    bold: bool = False
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Columns:
    """One line with a text at the left edge and one at the right edge."""

    left: str
    right: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Code39:
    """A Code 39 symbol; ``data`` without the start and stop signs."""

    data: str


@dataclass(frozen=True, slots=True)
class QrPair:
    """Two QR symbols of one size, side by side."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A dashed line over the whole width."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """Marks at 360, 384, 416, 420, 432, 512 and 576 dots, to see what a printer can reach."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Blank paper, in dots (8 dots are 1 mm)."""

    dots: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts the paper (the encoder feeds to the knife first)."""


Block = Text | Columns | Code39 | QrPair | Rule | Ruler | Feed | Cut
Slip = tuple[Block, ...]
