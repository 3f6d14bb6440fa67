"""The reader of X11's Portable Compiled Format, on a font made here and on the real ones."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from twinvoice.fonts import DATA, bake

X11 = Path("/usr/share/fonts/X11/misc")


def pcf(codes: dict[int, np.ndarray], *, order: str, compressed: bool) -> bytes:
    """A font file with these glyphs (rows x columns of 0 and 1), rows padded to four bytes."""
    big = order == ">"
    form = (bake.BIG_ENDIAN | bake.BIG_BITS if big else 0) | 2
    glyphs = list(codes.values())
    if compressed:
        metrics = struct.pack(order + "H", len(glyphs)) + b"".join(
            bytes(v + 0x80 for v in (0, g.shape[1], g.shape[1], len(g) - 2, 2)) for g in glyphs
        )
    else:
        metrics = struct.pack(order + "I", len(glyphs)) + b"".join(
            struct.pack(order + "hhhhhH", 0, g.shape[1], g.shape[1], len(g) - 2, 2, 0)
            for g in glyphs
        )
    images, offsets = b"", []
    for glyph in glyphs:
        offsets.append(len(images))
        padded = np.pad(glyph, ((0, 0), (0, -glyph.shape[1] % 32)))
        images += np.packbits(padded, axis=1, bitorder="big" if big else "little").tobytes()
    bitmaps = struct.pack(f"{order}I{len(offsets)}I4I", len(offsets), *offsets, 0, 0, 0, 0) + images
    low, high = min(c & 255 for c in codes), max(c & 255 for c in codes)
    first, last = min(c >> 8 for c in codes), max(c >> 8 for c in codes)
    every = [row << 8 | column for row in range(first, last + 1) for column in range(low, high + 1)]
    numbers = [list(codes).index(code) if code in codes else bake.NO_GLYPH for code in every]
    encodings = struct.pack(f"{order}5h{len(every)}H", low, high, first, last, 0, *numbers)
    tables = [
        (bake.METRICS, form | (bake.COMPRESSED_METRICS if compressed else 0), metrics),
        (bake.BITMAPS, form, bitmaps),
        (bake.ENCODINGS, form, encodings),
    ]
    at = 8 + 16 * len(tables)
    head, body = b"\x01fcp" + struct.pack("<I", len(tables)), b""
    for kind, word, data in tables:
        head += struct.pack("<IIII", kind, word, len(data) + 4, at + len(body))
        body += struct.pack("<I", word) + data
    return gzip.compress(head + body)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [True, False])
def test_glyphs_come_out_as_they_went_in(tmp_path, order, compressed):
    chance = np.random.default_rng(7)
    codes = {
        code: chance.integers(0, 2, (24, 24), dtype=np.uint8) for code in (0xA440, 0xA442, 0xA540)
    }
    path = tmp_path / "font.pcf.gz"
    path.write_bytes(pcf(codes, order=order, compressed=compressed))
    font = bake.Pcf(path)
    assert sorted(font.codes) == sorted(codes)
    for code, glyph in codes.items():
        assert np.array_equal(font.glyph(code), glyph)
    wide = bake.wide_glyphs([(font, bake.big5_characters)])
    assert list(wide) == ["一", "丁", "世"]
    points, rows = bake.pack(wide, 24)
    assert points.tolist() == sorted(map(ord, wide))
    assert np.array_equal(np.unpackbits(rows[0], axis=1), wide["一"])


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "font.pcf.gz"
    path.write_bytes(gzip.compress(b"STARTFONT 2.1"))
    with pytest.raises(ValueError, match="not a PCF font"):
        bake.Pcf(path)


def test_a_glyph_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"U\+0041"):
        bake.pack({"A": np.zeros((20, 10), np.uint8)}, 12)


def test_codes_become_characters():
    assert set(bake.big5_characters(0xA440)) == {"一"}
    assert set(bake.big5_characters(0xC6A1)) == {"①"}
    assert set(bake.gb_characters(0x244E)) == {"の"}
    # Latin letters with marks stay with the narrow font.
    assert list(bake.gb_characters(0x2822)) == []


def test_the_shipped_data_are_the_public_fonts_dots():
    path = X11 / "taipei24.pcf.gz"
    if not path.exists():
        pytest.skip("taipei24: Debian's xfonts-intl-chinese is not installed")
    font = bake.Pcf(path)
    with np.load(DATA) as file:
        codes, rows = file["wide_codes"], file["wide_rows"]
    # Signs and box drawings have two codes each; the characters from A440 on have one.
    for code in [code for code in sorted(font.codes) if 0xA440 <= code <= 0xF9D5][::50]:
        for char in bake.big5_characters(code):
            at = np.searchsorted(codes, ord(char))
            assert codes[at] == ord(char)
            assert np.array_equal(np.unpackbits(rows[at], axis=1), font.glyph(code))
