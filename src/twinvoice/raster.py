"""The slip as dots: one bit a dot, for printers without Chinese, previews, mails and tests.

True is ink. A page is as wide as the printer's head (360 to 576 dots; 8 dots are 1 mm) and as
high as it needs. Measures are those of printing.md §0, §4 and mof.md §3.1.
"""

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from twinvoice import bars, qr
from twinvoice.faults import Fault
from twinvoice.fonts import HEIGHT, NARROW, Fallback, Fonts, default
from twinvoice.paper.blocks import (
    Align,
    Block,
    Code39,
    Columns,
    Cut,
    Feed,
    QrPair,
    Rule,
    Ruler,
    Slip,
    Text,
)

Page = NDArray[np.bool_]

NARROWEST, WIDEST = 360, 576
DOTS_PER_MM = 8

LINE_GAP = 6
"""Blank rows around a line of type, half above and half below: 30 rows a line, as printers
space it. Big type has twice as many."""

BAR_HEIGHT = 56
BAR_GAP = 8
WIDEST_NARROW_BAR = 3

LARGEST_MODULE, SMALLEST_MODULE = 5, 3
LARGEST_SIDE = 30 * DOTS_PER_MM
"""A symbol beyond 3 cm scans no better and would make the proof longer than its 9 cm."""

QUIET_MODULES = 4
QUIET_DOTS = 2 * DOTS_PER_MM
"""The quiet zone around a QR code is 2 mm at least (mof.md §3.1)."""

RULER_MARKS = (360, 384, 416, 420, 432, 512, 576)

# No ink of their own: joiners, direction marks, variation selectors.
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
_WORD = re.compile(r"[!-~\u00a1-\u00ff]+|.", re.DOTALL)


def page(
    slip: Slip, dots: int, *, fonts: Fonts | None = None, fallback: Fallback | None = None
) -> Page:
    """The whole slip as one array of shape (height, ``dots``).

    ``fonts`` keeps glyphs between calls; ``fallback`` (see ``Fonts``) gives glyphs that the baked
    fonts lack when there is no ``fonts``. A ``Cut`` adds nothing; ``sheets`` divides at it.
    Raises ``Fault`` TWI-WIDTH unless ``dots`` is 360 to 576, or when a code does not fit, and
    TWI-QR-LIMIT or TWI-CODE39 for codes that cannot be drawn.
    """
    fonts = fonts or (Fonts(fallback) if fallback else default())
    drawn = [band(block, dots, fonts=fonts) for block in slip]
    return np.vstack(drawn) if drawn else _blank(0, dots)


def band(block: Block, dots: int, *, fonts: Fonts | None = None) -> Page:
    """One block as an array of shape (height, ``dots``); the height is even, zero for a cut.

    For encoders that mix pictures with native text, and for a ``Ruler`` wider than the profile
    says. Raises as ``page``.
    """
    if not NARROWEST <= dots <= WIDEST:
        raise Fault("TWI-WIDTH", params={"dots": dots, "least": NARROWEST, "most": WIDEST})
    fonts = fonts or default()
    match block:
        case Text():
            return _text(block, dots, fonts)
        case Columns():
            return _columns(block, dots, fonts)
        case Code39(data=data):
            return _bars(data, dots)
        case QrPair(left=left, right=right):
            return _qr_pair(left, right, dots)
        case Rule():
            return _rule(dots)
        case Ruler():
            return _ruler(dots, fonts)
        case Feed(dots=rows):
            return _blank(rows + rows % 2, dots)
        case Cut():
            return _blank(0, dots)
    assert_never(block)


def sheets(slip: Slip) -> list[Slip]:
    """The slip divided into what falls off the printer in pieces; each ends with its cut."""
    found: list[list[Block]] = [[]]
    for block in slip:
        found[-1].append(block)
        if isinstance(block, Cut):
            found.append([])
    return [tuple(blocks) for blocks in found if blocks]


def missing(
    slip: Slip, *, fonts: Fonts | None = None, fallback: Fallback | None = None
) -> set[str]:
    """The characters of the slip's texts that have no glyph and are drawn as 〓."""
    fonts = fonts or (Fonts(fallback) if fallback else default())
    return {
        char
        for block in slip
        for text in _texts_of(block)
        for char in _drawable(text)
        if not fonts.has(char)
    }


def png(picture: Page) -> bytes:
    """The page as a PNG file: grey, one bit a dot, 203 dpi, black on white."""
    height, width = picture.shape
    rows = np.packbits(~picture, axis=1)
    # Every row of a PNG starts with its filter, 0 for none.
    body = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    dots_per_metre = DOTS_PER_MM * 1000
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)),
            _chunk(b"IDAT", zlib.compress(body)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _blank(rows: int, dots: int) -> Page:
    return np.zeros((rows, dots), np.bool_)


# --- type -------------------------------------------------------------------------------------


def _texts_of(block: Block) -> tuple[str, ...]:
    match block:
        case Text(text=text):
            return (text,)
        case Columns(left=left, right=right):
            return (left, right)
        case _:
            return ()


def _drawable(text: str) -> str:
    """The characters that get a cell: composed, control characters as blanks."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)


def _set(text: str, fonts: Fonts, bold: bool) -> Page:
    """One unbroken line of type, 24 rows high. Bold is a double strike one dot to the right."""
    if not text:
        return _blank(HEIGHT, 0)
    line = np.hstack([fonts.glyph(char) for char in text])
    if bold:
        line[:, 1:] |= line[:, :-1].copy()
    return line


def _width(text: str, fonts: Fonts) -> int:
    return sum(fonts.glyph(char).shape[1] for char in text)


def _wrap(text: str, dots: int, fonts: Fonts) -> list[str]:
    """Lines of at most ``dots``, broken between words and Chinese characters; at least one."""
    lines, line, used = [], "", 0
    for word in _pieces(text, dots, fonts):
        size = _width(word, fonts)
        if used + size > dots:
            lines.append(line.rstrip(" "))
            line, used = "", 0
            if word == " ":
                continue
        line += word
        used += size
    return [*lines, line]


def _pieces(text: str, dots: int, fonts: Fonts) -> Iterable[str]:
    """Latin words whole where a line can hold them, everything else by character."""
    for word in _WORD.findall(text):
        if _width(word, fonts) > dots:
            yield from word
        else:
            yield word


def _placed(line: Page, dots: int, align: Align, gap: int = LINE_GAP) -> Page:
    """The line on paper of ``dots``, with its blank rows; an even distance from the left."""
    spare = dots - line.shape[1]
    left = {"left": 0, "centre": spare // 4 * 2, "right": spare}[align]
    return np.pad(line, ((gap // 2, gap // 2), (left, spare - left)))


def _text(block: Text, dots: int, fonts: Fonts) -> Page:
    drawn = []
    for paragraph in block.text.split("\n"):
        text = _drawable(paragraph)
        if block.scale == 2:
            drawn += _big(text, block, dots, fonts)
        else:
            lines = _wrap(text, dots, fonts)
            drawn += [_placed(_set(line, fonts, block.bold), dots, block.align) for line in lines]
    return np.vstack(drawn)


def _big(text: str, block: Text, dots: int, fonts: Fonts) -> list[Page]:
    """Type of double height: 48 rows, 6 mm. A line too long for double width gets narrower.

    So 電子發票證明聯補印, nine characters, keeps its one line and its height of 5 mm and more
    (mof.md §3.1) on every paper.
    """
    natural = _width(text, fonts)
    halves = next((n for n in (4, 3) if natural * n // 2 <= dots), 2)
    lines = [text] if natural * halves // 2 <= dots else _wrap(text, dots, fonts)
    drawn = []
    for line in lines:
        small = _set(line, fonts, block.bold)
        # Three halves: every second column twice.
        stretch = np.resize((halves // 2, (halves + 1) // 2), small.shape[1])
        big = small.repeat(2, axis=0).repeat(stretch, axis=1)
        drawn.append(_placed(big, dots, block.align, 2 * LINE_GAP))
    return drawn


def _columns(block: Columns, dots: int, fonts: Fonts) -> Page:
    """Both texts on one line where they fit; else the right one goes below, at its edge."""
    left, right = _drawable(block.left), _drawable(block.right)
    lines = [(line, "") for line in _wrap(left, dots, fonts)]
    last = lines[-1][0]
    if _width(last, fonts) + NARROW + _width(right, fonts) <= dots:
        lines[-1] = (last, right)
    else:
        lines += [("", line) for line in _wrap(right, dots, fonts)]
    return np.vstack(
        [
            _placed(_set(first, fonts, block.bold), dots, "left")
            | _placed(_set(second, fonts, block.bold), dots, "right")
            for first, second in lines
        ]
    )


# --- codes and lines --------------------------------------------------------------------------


def _bars(data: str, dots: int) -> Page:
    """The Code 39, 7 mm high, in the widest bars of 1 to 3 dots that fit."""
    length = len(data)
    narrow = next((n for n in range(WIDEST_NARROW_BAR, 0, -1) if bars.width(length, n) <= dots), 0)
    if not narrow:
        raise Fault("TWI-WIDTH", params={"dots": dots, "least": bars.width(length)})
    row = bars.code39(data, narrow)
    return _placed(np.tile(row, (BAR_HEIGHT, 1)), dots, "centre", 2 * BAR_GAP)


def module_size(modules: int, dots: int) -> int:
    """Dots a module of a pair of symbols of ``modules`` a side: 5 to 3, the largest that fits.

    Fewer than 3 do not scan (printing.md §4). Raises ``Fault`` TWI-WIDTH.
    """
    for size in range(LARGEST_MODULE, SMALLEST_MODULE - 1, -1):
        if modules * size <= LARGEST_SIDE and _pair_width(modules, size) <= dots:
            return size
    least = _pair_width(modules, SMALLEST_MODULE)
    raise Fault("TWI-WIDTH", params={"dots": dots, "least": least})


def _pair_width(modules: int, size: int) -> int:
    return 2 * modules * size + max(QUIET_DOTS, QUIET_MODULES * size)


def _qr_pair(left: str, right: str, dots: int) -> Page:
    """Both symbols side by side at the same height, quiet zones above, below and between.

    The margins left and right of the printed width belong to the paper.
    """
    symbols = qr.pair(left, right)
    size = module_size(len(symbols[0]), dots)
    quiet = max(QUIET_DOTS, QUIET_MODULES * size)
    side = len(symbols[0]) * size
    spare = dots - 2 * side
    # A third of the spare width between the symbols, but never less than the quiet zone. Even
    # places let an encoder halve the resolution of even modules.
    gap = max(quiet, min(spare, 3 * DOTS_PER_MM), spare // 3) // 2 * 2
    start = (spare - gap) // 4 * 2
    drawn = _blank(2 * quiet + side + side % 2, dots)
    for at, symbol in zip((start, start + side + gap), symbols, strict=True):
        drawn[quiet : quiet + side, at : at + side] = symbol.repeat(size, 0).repeat(size, 1)
    return drawn


def _rule(dots: int) -> Page:
    drawn = _blank(16, dots)
    drawn[7:9] = np.arange(dots) % 12 < 8
    return drawn


def _ruler(dots: int, fonts: Fonts) -> Page:
    """A millimetre scale and, one row each, a mark whose right edge is the named dot."""
    scale = _blank(24, dots)
    for position in range(0, dots, DOTS_PER_MM):
        length = 20 if position % 80 == 0 else 14 if position % 40 == 0 else 8
        scale[:length, position] = True
    marks: Sequence[Page] = [_mark(at, dots, fonts) for at in RULER_MARKS if at <= dots]
    return np.vstack([scale, *marks])


def _mark(position: int, dots: int, fonts: Fonts) -> Page:
    drawn = _blank(HEIGHT + 4, dots)
    label = _set(str(position), fonts, bold=False)
    drawn[:, position - 2 : position] = True
    drawn[2 : 2 + HEIGHT, position - 8 - label.shape[1] : position - 8] = label
    return drawn
