"""Which lines a printer's own Big5 font can set, and how (printing.md §1, §7).

Only plain Big5 goes out as text: the extensions of cp950 (裏恒碁銹墻粧嫺, €, box lines) are missing
in many ROMs, and everything outside cp950 would come out as ``?``. Those lines are drawn.
"""

from dataclasses import dataclass

from twinvoice.fonts import HEIGHT, NARROW, WIDE
from twinvoice.paper import Columns, Text
from twinvoice.raster import LINE_GAP

from . import commands

# Lead and trail bytes of Big5 as of 1984: symbols, frequent and less frequent characters.
PLAIN_BIG5 = ((0xA140, 0xA3BF), (0xA440, 0xC67E), (0xC940, 0xF9D5))


@dataclass(frozen=True, slots=True)
class Piece:
    """A text at a place, in dots from the left edge."""

    x: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One line of native type: ``gap`` blank rows above and below, ``height`` rows of type."""

    pieces: tuple[Piece, ...]
    height: int
    gap: int
    bold: bool
    scale: int

    def print_bytes(self) -> bytes:
        """The line into the printer's line buffer; what feeds the paper comes after it."""
        out = bytearray()
        for piece in self.pieces:
            if piece.x:
                out += commands.position(piece.x)
            out += piece.data
        return bytes(out)


def line_of(block: Text | Columns, dots: int) -> Line | None:
    """The block as one native line; None when it has to be drawn."""
    if isinstance(block, Columns):
        return _columns(block, dots)
    if "\n" in block.text or not block.text.strip():
        return None
    data = native_bytes(block.text)
    if data is None:
        return None
    width = len(data) * NARROW * block.scale
    if width > dots:
        return None
    spare = dots - width
    # The same places as twinvoice.raster, so that drawn and native lines stand under each other.
    x = {"left": 0, "centre": spare // 4 * 2, "right": spare}[block.align]
    gap = LINE_GAP // 2 * block.scale
    return Line((Piece(x, data),), HEIGHT * block.scale, gap, block.bold, block.scale)


def native_bytes(text: str) -> bytes | None:
    """The text in Big5, one byte for 12 dots; None when the ROM may lack a character."""
    try:
        encoded = [char.encode("cp950") for char in text]
    except UnicodeEncodeError:
        return None
    return b"".join(encoded) if all(map(_in_rom, encoded)) else None


def _columns(block: Columns, dots: int) -> Line | None:
    left, right = native_bytes(block.left), native_bytes(block.right)
    if left is None or right is None:
        return None
    if (len(left) + 1 + len(right)) * NARROW > dots:
        return None
    pieces = (Piece(0, left), Piece(dots - len(right) * NARROW, right))
    kept = tuple(piece for piece in pieces if piece.data)
    return Line(kept, HEIGHT, LINE_GAP // 2, block.bold, 1) if kept else None


def _in_rom(encoded: bytes) -> bool:
    if len(encoded) == 1:
        return 0x20 <= encoded[0] <= 0x7E
    code = int.from_bytes(encoded, "big")
    return any(first <= code <= last for first, last in PLAIN_BIG5)


assert WIDE == 2 * NARROW, "one byte of Big5 is twelve dots"
