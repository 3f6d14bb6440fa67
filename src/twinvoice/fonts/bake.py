"""Bakes the two bitmap fonts of the paper into ``paper24.npz``. Run once, by hand:

    python -m twinvoice.fonts.bake /usr/share/fonts/X11/misc/taipei24.pcf.gz \\
        /usr/share/fonts/X11/misc/12x24.pcf.gz

The first is of Debian's package xfonts-intl-chinese, the second of xfonts-base; SOURCE.txt beside
this file says who made them and under which terms.
"""

import gzip
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinvoice.fonts import DATA, HEIGHT

Bitmap = NDArray[np.uint8]
Characters = Callable[[int], Iterable[str]]

# Tables of the Portable Compiled Format and flags of a table's format word.
METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5
COMPRESSED_METRICS, BIG_ENDIAN, BIG_BITS = 0x100, 1 << 2, 1 << 3
NO_GLYPH = 0xFFFF


class Pcf:
    """A bitmap font in X11's Portable Compiled Format; ``codes`` are those of its own charset."""

    def __init__(self, path: Path) -> None:
        self._data = gzip.decompress(path.read_bytes())
        if self._data[:4] != b"\x01fcp":
            raise ValueError(f"{path} is not a PCF font")
        (count,) = struct.unpack_from("<I", self._data, 4)
        entries = [struct.unpack_from("<IIII", self._data, 8 + 16 * at) for at in range(count)]
        self._tables = {kind: offset for kind, _, _, offset in entries}
        self._metrics = self._read_metrics()
        self._format, self._offsets, self._bitmaps = self._read_bitmaps()
        self.codes = self._read_encodings()

    def glyph(self, code: int) -> Bitmap:
        """The glyph's dots, 1 is ink; shape (ascent + descent, right - left bearing)."""
        index = self.codes[code]
        left, right, _, ascent, descent = self._metrics[index]
        padding = 8 << (self._format & 3)
        stride = (right - left + padding - 1) // padding * (padding // 8)
        start = self._bitmaps + self._offsets[index]
        rows = np.frombuffer(self._data, np.uint8, (ascent + descent) * stride, start)
        order = "big" if self._format & BIG_BITS else "little"
        bits = np.unpackbits(rows.reshape(-1, stride), axis=1, bitorder=order)  # type: ignore[call-overload]  # numpy wants the two literals apart
        return np.asarray(bits[:, : right - left], dtype=np.uint8)

    def _table(self, kind: int) -> tuple[int, str, int]:
        """Format word, byte order and offset behind the format word."""
        offset = self._tables[kind]
        (form,) = struct.unpack_from("<I", self._data, offset)
        return form, ">" if form & BIG_ENDIAN else "<", offset + 4

    def _read_metrics(self) -> list[tuple[int, ...]]:
        form, order, at = self._table(METRICS)
        if form & COMPRESSED_METRICS:
            (count,) = struct.unpack_from(order + "H", self._data, at)
            raw = self._data[at + 2 : at + 2 + 5 * count]
            return [tuple(byte - 0x80 for byte in raw[i : i + 5]) for i in range(0, 5 * count, 5)]
        (count,) = struct.unpack_from(order + "I", self._data, at)
        return [
            struct.unpack_from(order + "hhhhh", self._data, at + 4 + 12 * i) for i in range(count)
        ]

    def _read_bitmaps(self) -> tuple[int, tuple[int, ...], int]:
        form, order, at = self._table(BITMAPS)
        (count,) = struct.unpack_from(order + "I", self._data, at)
        offsets = struct.unpack_from(f"{order}{count}I", self._data, at + 4)
        return form, offsets, at + 4 + 4 * count + 16

    def _read_encodings(self) -> dict[int, int]:
        _, order, at = self._table(ENCODINGS)
        low, high, first, last, _ = struct.unpack_from(order + "hhhhh", self._data, at)
        codes = [
            row << 8 | column for row in range(first, last + 1) for column in range(low, high + 1)
        ]
        indices = struct.unpack_from(f"{order}{len(codes)}H", self._data, at + 10)
        return {
            code: index for code, index in zip(codes, indices, strict=True) if index != NO_GLYPH
        }


def big5_characters(code: int) -> Iterable[str]:
    """Every character that some reading of Big5 gives this code; the dialects differ.

    Codes C6A1–C8FE hold kana and numerals in ETEN's own order, which only Python's
    ``big5hkscs`` knows; everywhere else cp950 and big5 are asked.
    """
    raw = code.to_bytes(2, "big")
    dialects = ("big5hkscs",) if 0xC6A1 <= code <= 0xC8FE else ("cp950", "big5")
    for dialect in dialects:
        try:
            text = raw.decode(dialect)
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and not "\ue000" <= text <= "\uf8ff":
            yield text


def gb_characters(code: int) -> Iterable[str]:
    """The character of a GB 2312 code in its seven-bit form, but for Latin letters with marks."""
    try:
        char = bytes((code >> 8 | 0x80, code & 0xFF | 0x80)).decode("gb2312")
    except UnicodeDecodeError:
        return
    if char > "\xff":
        yield char


def wide_glyphs(fonts: Iterable[tuple[Pcf, Characters]]) -> dict[str, Bitmap]:
    """Character → 24 x 24 dots; an earlier font wins over a later one."""
    found: dict[str, Bitmap] = {}
    for font, characters in fonts:
        for code in sorted(font.codes):
            for char in characters(code):
                found.setdefault(char, font.glyph(code))
    return found


def narrow_glyphs(font: Pcf) -> dict[str, Bitmap]:
    """Character → 24 x 12 dots, from a font in ISO 8859-1; control codes left out."""
    codes = [code for code in sorted(font.codes) if 0x20 <= code < 0x7F or 0xA0 <= code <= 0xFF]
    return {chr(code): font.glyph(code) for code in codes}


def pack(glyphs: Mapping[str, Bitmap], width: int) -> tuple[NDArray[np.uint32], Bitmap]:
    """Code points in ascending order and, for each, the rows of its dots in whole bytes."""
    chars = sorted(glyphs)
    cells = np.zeros((len(chars), HEIGHT, (width + 7) // 8 * 8), np.uint8)
    for at, char in enumerate(chars):
        if glyphs[char].shape != (HEIGHT, width):
            raise ValueError(f"U+{ord(char):04X} is {glyphs[char].shape}")
        cells[at, :, :width] = glyphs[char]
    return np.array([ord(char) for char in chars], np.uint32), np.packbits(cells, axis=2)


def main(taipei: str, gb: str, latin: str) -> None:
    """Writes ``paper24.npz`` beside this file."""
    wide = wide_glyphs(((Pcf(Path(taipei)), big5_characters), (Pcf(Path(gb)), gb_characters)))
    wide_codes, wide_rows = pack(wide, 24)
    narrow_codes, narrow_rows = pack(narrow_glyphs(Pcf(Path(latin))), 12)
    np.savez_compressed(
        DATA,
        wide_codes=wide_codes,
        wide_rows=wide_rows,
        narrow_codes=narrow_codes,
        narrow_rows=narrow_rows,
    )
    print(
        f"{DATA}: {len(wide_codes)} wide, {len(narrow_codes)} narrow, {DATA.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
