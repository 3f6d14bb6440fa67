"""Code 39 as dots (ISO/IEC 16388).

Our own, because no library draws 19 characters on 57 mm paper (printing.md §0.1).
"""

import numpy as np
from numpy.typing import NDArray

from twinvoice.faults import Fault

RATIO = 3
"""A wide element is three narrow ones: read best in print (printing.md §4)."""

# Ten patterns of five bars, of which two are wide, by four positions of the one wide space.
_BARS = ("10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010", "00110")
_ROWS = (
    ("1234567890", "0100"),
    ("ABCDEFGHIJ", "0010"),
    ("KLMNOPQRST", "0001"),
    ("UVWXYZ-. *", "1000"),
)
# Four signs have no wide bar and three wide spaces.
_SIGNS = {"$": "1110", "/": "1101", "+": "1011", "%": "0111"}

START_STOP = "*"


def _patterns() -> dict[str, tuple[int, ...]]:
    """Each character's nine elements, bar first; 1 is wide."""
    bars_and_spaces = {
        char: (_BARS[at], spaces) for chars, spaces in _ROWS for at, char in enumerate(chars)
    } | {char: ("00000", spaces) for char, spaces in _SIGNS.items()}
    return {
        char: tuple(int((bars, spaces)[at % 2][at // 2]) for at in range(9))
        for char, (bars, spaces) in bars_and_spaces.items()
    }


_PATTERNS = _patterns()
ALPHABET = frozenset(_PATTERNS) - {START_STOP}


def width(length: int, narrow: int = 1) -> int:
    """Dots of a symbol of ``length`` characters with start and stop, without quiet zones."""
    return ((length + 2) * (6 + 3 * RATIO + 1) - 1) * narrow


def code39(data: str, narrow: int = 1) -> NDArray[np.bool_]:
    """One row of dots, True is a bar, with start and stop signs, without quiet zones.

    ``narrow`` is the width of a narrow element in dots. Raises ``Fault`` TWI-CODE39 for an empty
    text or a character outside the 43 of Code 39.
    """
    if not data or not ALPHABET.issuperset(data):
        raise Fault("TWI-CODE39", params={"data": data[:40]})
    widths: list[int] = []
    for char in START_STOP + data + START_STOP:
        widths += (narrow * (RATIO if wide else 1) for wide in _PATTERNS[char])
        widths.append(narrow)
    # Elements alternate bar, space, …, bar; the last one is the gap behind the stop sign.
    dark = np.arange(len(widths)) % 2 == 0
    return np.repeat(dark, widths)[:-narrow]
