"""The baked type: what it covers, its metrics, and that its papers are in order."""

import time

import numpy as np
import pytest

from twinvoice import fonts
from twinvoice.fonts import DATA, Fonts


def cp950() -> set[str]:
    """Every character that a Big5 printer's own font can print."""
    found = set()
    for lead in range(0x81, 0xFF):
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            try:
                found.add(bytes((lead, trail)).decode("cp950"))
            except UnicodeDecodeError:
                continue
    return {char for char in found if not "\ue000" <= char <= "\uf8ff"}


def test_all_of_big5_is_there_but_for_four_signs():
    kinds = cp950()
    assert len(kinds) > 13_500
    assert {char for char in kinds if not fonts.default().has(char)} == set("€ヾゝゞ")


def test_ascii_is_narrow_and_big5_is_wide_as_in_a_printer():
    type_ = fonts.default()
    assert {type_.glyph(chr(code)).shape for code in range(0x20, 0x7F)} == {(24, 12)}
    assert {type_.glyph(char).shape for char in cp950()} == {(24, 24)}


@pytest.mark.parametrize("char", "のア①é碱〓")
def test_signs_beyond_big5_that_shops_use(char):
    assert fonts.default().has(char)


def test_glyphs_have_ink_where_a_reader_expects_it():
    type_ = fonts.default()
    assert not type_.glyph(" ").any()
    assert not type_.glyph("\u3000").any()
    one = type_.glyph("一")
    assert one.any(axis=1).sum() < 6
    assert one.any(axis=0).sum() > 20
    # A digit of double size is 40 dots, the 5 mm that the law asks for.
    for digit in "0123456789":
        assert type_.glyph(digit).any(axis=1).sum() == 20


def test_the_file_is_read_once_and_quickly():
    start = time.perf_counter()
    assert fonts._Baked().find("電") is not None
    first = time.perf_counter() - start
    # Far above what it takes (12 ms), far below what baking at start would.
    assert first < 1
    assert DATA.stat().st_size < 800_000


def test_a_fallback_may_be_narrow():
    own = Fonts(lambda char: np.ones((24, 12), bool))
    assert own.glyph("€").shape == (24, 12)


def test_source_and_terms_stand_beside_the_data():
    beside = DATA.parent
    source = (beside / "SOURCE.txt").read_text(encoding="utf-8")
    for name in ("taipei24", "gb24st", "12x24", "public domain"):
        assert name in source
    for name in ("LICENSE-sony.txt", "LICENSE-isas.txt"):
        assert name in source
        assert "Permission to use, copy, modify, and distribute" in (beside / name).read_text()
