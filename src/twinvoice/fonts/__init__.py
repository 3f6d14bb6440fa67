"""The type of the paper: 24 dots high, Chinese 24 and Latin 12 dots wide, as in the printers.

The glyphs are bitmaps baked once from three X11 fonts (SOURCE.txt, ``bake.py``), so that a preview,
a raster print and a printer's own Big5 ROM have the same metrics.
"""

from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinvoice.faults import Fault

HEIGHT = 24
WIDE, NARROW = 24, 12
DATA = Path(__file__).with_name("paper24.npz")

GETA = "〓"
"""Stands, since the days of lead type, where a glyph is missing."""

Glyph = NDArray[np.bool_]
Fallback = Callable[[str], Glyph | None]


class Fonts:
    """Glyphs by character; those that the baked fonts lack come from ``fallback``, if it has them.

    ``fallback`` takes one character and gives its dots (24 rows, 24 or 12 columns, True is ink)
    or None. It is asked once for each character.
    """

    def __init__(self, fallback: Fallback | None = None) -> None:
        self._fallback = fallback
        self._cells: dict[str, Glyph | None] = {}

    def glyph(self, char: str) -> Glyph:
        """The dots of one character, 〓 where there is none; shape (24, 24) or (24, 12)."""
        found = self._find(char)
        if found is None:
            found = self._find(GETA)
        assert found is not None, "the baked font has the geta mark"
        return found

    def has(self, char: str) -> bool:
        """Whether the character can be drawn."""
        return self._find(char) is not None

    def _find(self, char: str) -> Glyph | None:
        if char not in self._cells:
            found = _baked().find(char)
            if found is None and self._fallback is not None:
                found = _checked(char, self._fallback(char))
            self._cells[char] = found
        return self._cells[char]


@cache
def default() -> Fonts:
    """The baked fonts alone."""
    return Fonts()


class _Baked:
    """The data file, read at the first glyph."""

    @cached_property
    def _tables(self) -> tuple[tuple[NDArray[np.uint32], NDArray[np.uint8], int], ...]:
        with np.load(DATA) as file:
            narrow = (file["narrow_codes"], file["narrow_rows"], NARROW)
            return (file["wide_codes"], file["wide_rows"], WIDE), narrow

    def find(self, char: str) -> Glyph | None:
        code = ord(char)
        # A sign that both have (×) is wide, because printers take it from Big5; ASCII never is.
        for codes, rows, width in self._tables:
            at = int(np.searchsorted(codes, code))
            if at < len(codes) and codes[at] == code:
                return np.unpackbits(rows[at], axis=1)[:, :width].astype(np.bool_)
        return None


@cache
def _baked() -> _Baked:
    return _Baked()


def _checked(char: str, cell: Glyph | None) -> Glyph | None:
    if cell is None:
        return None
    cell = np.asarray(cell, dtype=np.bool_)
    if cell.shape not in ((HEIGHT, WIDE), (HEIGHT, NARROW)):
        raise Fault("TWI-GLYPH", params={"char": char, "shape": cell.shape})
    return cell
