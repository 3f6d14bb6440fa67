"""The drawn page, read back by somebody else's decoder and measured against the law."""

import io
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from twinvoice import bars, fonts, paper, raster
from twinvoice.document import Buyer, Invoice, Line, Seller, Totals
from twinvoice.faults import Fault
from twinvoice.proof import code39, qr_pair, read_pair

KEY = "FE05F029154F6AA67A78B338ED2F6601"
NAMES = (
    "乾電池", "A4影印紙", "珍珠奶茶(大)", "有機鳳梨酥禮盒12入", "北海道の牛乳", "Coffee Latte",
    "裏恒碁銹墻粧嫺", "T恤 L號",
)  # fmt: skip
WIDTHS = (360, 384, 416, 420, 432, 512, 576)
NINE_CENTIMETRES = 720
LINE = 30


def invoice(items: int, company: bool = False, seller: str = "好日子商行") -> Invoice:
    price = Decimal("95.238") if company else Decimal(100)
    lines = tuple(
        Line(NAMES[at % len(NAMES)], Decimal(1), price, price, str(at + 1)) for at in range(items)
    )
    total = 100 * items
    tax = (2 * total * 5 + 105) // 210
    totals = Totals(total, 0, 0, "1", Decimal("0.05"), 0, total)
    if company:
        totals = replace(totals, sales=total - tax, tax=tax)
    return Invoice(
        number="AB11223344",
        date=date(2026, 11, 21),
        time=time(11, 22, 33),
        seller=Seller("01234567", seller),
        buyer=Buyer("04595257", "買方有限公司") if company else Buyer(),
        lines=lines,
        totals=totals,
        random_code="0695",
        print_mark=True,
    )


def scan(page: np.ndarray) -> list[zxingcpp.Barcode]:
    """All codes on the page, with the paper's own margins of 4.5 mm around it, top left first."""
    picture = (~np.pad(page, 36)).astype(np.uint8) * 255
    found = zxingcpp.read_barcodes(picture, (zxingcpp.Code39, zxingcpp.QRCode))
    return sorted(found, key=lambda code: (code.format.name, code.position.top_left.x))


# --- the proof --------------------------------------------------------------------------------


@pytest.mark.parametrize("dots", [384, 416, 432, 576])
@pytest.mark.parametrize("items", [1, 3, 8, 30])
@pytest.mark.parametrize("company", [False, True])
def test_all_three_codes_come_back_to_the_byte(dots, items, company):
    sold = invoice(items, company)
    slip = (paper.company_proof if company else paper.proof_copy)(sold, KEY)
    bar, left, right = scan(raster.page(slip, dots))
    assert bar.text == code39(sold)
    expected = qr_pair(sold, KEY)
    assert (left.bytes, right.bytes) == tuple(text.encode("utf-8") for text in expected)
    # ]Q1: no ECI header (ISO/IEC 15424).
    assert {left.symbology_identifier, right.symbology_identifier} == {"]Q1"}
    read = read_pair(left.bytes.decode("utf-8"), right.bytes.decode("utf-8"))
    assert [item.name for item in read.items] == [x.description for x in sold.lines][
        : len(read.items)
    ]
    assert read.left.total_items == items


def photograph(page: np.ndarray, *, degrees: float) -> np.ndarray:
    """The page as a hand-held camera sees it: 2.4 pixels a dot, turned, blurred, grey and noisy."""
    paper_ = Image.fromarray((~np.pad(page, 60)).astype(np.uint8) * 150 + 70)
    size = tuple(round(side * 2.4) for side in paper_.size)
    seen = paper_.resize(size, Image.Resampling.BILINEAR).rotate(
        degrees, Image.Resampling.BILINEAR, fillcolor=220
    )
    seen = seen.filter(ImageFilter.GaussianBlur(1.0))
    noise = np.random.default_rng(5).normal(0, 12, (seen.height, seen.width))
    return np.clip(np.asarray(seen) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("degrees", [-12, -5, 3, 10])
@pytest.mark.parametrize("items", [3, 18])
def test_both_qr_codes_are_read_from_a_poor_photograph(items, degrees):
    sold = invoice(items)
    page = raster.page(paper.proof_copy(sold, KEY), 384)
    found = zxingcpp.read_barcodes(photograph(page, degrees=degrees), zxingcpp.QRCode)
    assert {code.text for code in found} == set(qr_pair(sold, KEY))


@pytest.mark.parametrize("dots", WIDTHS)
@pytest.mark.parametrize("items", [1, 12, 18, 60])
def test_a_proof_is_shorter_than_nine_centimetres(dots, items):
    sold = invoice(items, company=True, seller="一二三四五六七八九十" * 6)
    page = raster.page(paper.proof_copy(sold, KEY, reprint=True), dots)
    assert page.shape[1] == dots
    assert page.shape[0] < NINE_CENTIMETRES


@pytest.mark.parametrize("dots", WIDTHS)
def test_title_period_and_number_are_at_least_five_millimetres_high(dots):
    for title in paper.proof_copy(invoice(1), KEY, reprint=True)[1:4]:
        ink = raster.band(title, dots)
        rows = np.flatnonzero(ink.any(axis=1))
        assert rows[-1] - rows[0] + 1 >= 40
        # One line, whole, with nothing cut off at the edges.
        assert ink.shape[0] == 60


def test_period_and_number_are_bold():
    plain, bold = (raster.band(paper.Text("AB-11223344", 2, b), 384) for b in (False, True))
    assert bold.sum() > 1.3 * plain.sum()
    assert (bold & plain).sum() == pytest.approx(plain.sum(), rel=0.2)


# --- codes ------------------------------------------------------------------------------------


def runs(row: np.ndarray) -> list[int]:
    """Lengths of the runs of equal dots between the first and the last ink."""
    ink = np.flatnonzero(row)
    row = row[ink[0] : ink[-1] + 1]
    edges = np.flatnonzero(np.diff(row)) + 1
    return np.diff([0, *edges, len(row)]).tolist()


def test_an_invoices_code39_is_335_dots_of_one_and_three_and_seven_millimetres_high():
    band = raster.band(paper.Code39("11512AB112233440695"), 384)
    row = band[band.shape[0] // 2]
    assert sum(runs(row)) == 335
    assert set(runs(row)) == {1, 3}
    assert band.any(axis=1).sum() == 56


def test_every_character_of_code39_is_read():
    alphabet = "".join(sorted(bars.ALPHABET))
    assert len(alphabet) == 43
    for part in (alphabet[:15].strip(), alphabet[15:29], alphabet[29:], "A B"):
        (found,) = scan(raster.band(paper.Code39(part), 576))
        assert found.text == part


def test_a_short_code39_gets_wider_bars_and_a_long_one_is_refused():
    assert set(runs(raster.band(paper.Code39("1234"), 384)[20])) == {3, 9}
    assert set(runs(raster.band(paper.Code39("1234567"), 384)[20])) == {2, 6}
    with pytest.raises(Fault, match="TWI-WIDTH"):
        raster.band(paper.Code39("1" * 24), 384)
    with pytest.raises(Fault, match="TWI-CODE39"):
        raster.band(paper.Code39("ab"), 384)


# printing.md §4: the largest module for a pair, by version (columns V6–V12); at 576
# dots a symbol stays under 3 cm.
MODULES = {
    384: (4, 4, 3, 3, 3, 3, None),
    416: (4, 4, 4, 3, 3, 3, 3),
    432: (5, 4, 4, 3, 3, 3, 3),
    576: (5, 5, 4, 4, 4, 3, 3),
}


@pytest.mark.parametrize("dots", MODULES)
@pytest.mark.parametrize("version", range(6, 13))
def test_modules_are_as_large_as_the_paper_lets_them(dots, version):
    expected = MODULES[dots][version - 6]
    if expected is None:
        with pytest.raises(Fault, match="TWI-WIDTH"):
            raster.module_size(17 + 4 * version, dots)
    else:
        assert raster.module_size(17 + 4 * version, dots) == expected


@pytest.mark.parametrize("dots", WIDTHS)
@pytest.mark.parametrize("size", [100, 150, 190, 230, 271])
def test_symbols_are_equal_level_large_enough_and_two_millimetres_apart(dots, size):
    band = raster.band(paper.QrPair("x" * size, "**"), dots)
    columns = np.flatnonzero(band.any(axis=0))
    breaks = np.flatnonzero(np.diff(columns) > 12)
    assert len(breaks) == 1
    first, second = columns[: breaks[0] + 1], columns[breaks[0] + 1 :]
    widths = {first[-1] - first[0] + 1, second[-1] - second[0] + 1}
    assert len(widths) == 1
    side = widths.pop()
    assert side >= 120
    assert second[0] - first[-1] - 1 >= 16
    rows = [np.flatnonzero(band[:, part].any(axis=1)) for part in (first, second)]
    assert rows[0][0] == rows[1][0] >= 16
    assert band.shape[0] - 1 - rows[0][-1] >= 16
    # Even places, so that an encoder can send half the resolution of even modules.
    assert first[0] % 2 == rows[0][0] % 2 == 0
    assert side % 2 == second[0] % 2


def test_a_pair_too_large_for_the_paper_is_refused():
    with pytest.raises(Fault, match="TWI-WIDTH"):
        raster.band(paper.QrPair("x" * 367, "**"), 384)


@pytest.mark.parametrize("dots", [0, 359, 577])
def test_only_widths_of_receipt_printers_are_drawn(dots):
    with pytest.raises(Fault, match="TWI-WIDTH"):
        raster.page((paper.Cut(),), dots)


# --- type -------------------------------------------------------------------------------------


def ink_width(page: np.ndarray) -> int:
    columns = np.flatnonzero(page.any(axis=0))
    return int(columns[-1]) + 1


def test_long_lines_wrap_and_lose_nothing():
    # 40 Chinese characters of 24 dots are 960 dots: three lines of 16, 16 and 8.
    page = raster.band(paper.Text("鳳" * 40), 384)
    assert page.shape == (3 * LINE, 384)
    one = fonts.default().glyph("鳳").sum()
    assert page.sum() == 40 * one


def test_latin_words_stay_whole_where_they_can():
    # 21 letters, a blank and 11 letters: 33 columns do not fit 32.
    page = raster.band(paper.Text("A" * 21 + " " + "B" * 11), 384)
    assert page.shape[0] == 2 * LINE
    assert page[LINE:].sum() == 11 * fonts.default().glyph("B").sum()
    # A word longer than a line is broken anywhere.
    assert raster.band(paper.Text("A" * 40), 384).shape[0] == 2 * LINE


def test_the_right_column_goes_below_when_both_do_not_fit():
    assert raster.band(paper.Columns("總計", "340"), 384).shape[0] == LINE
    page = raster.band(paper.Columns("鳳" * 15, "1,234"), 384)
    assert page.shape[0] == 2 * LINE
    assert page[LINE:, :300].sum() == 0
    assert page[LINE:, 324:].sum() > 0
    # Twice too long: the left wraps, the right follows on its last line.
    assert raster.band(paper.Columns("鳳" * 20, "1,234"), 384).shape[0] == 2 * LINE


def test_alignment():
    left, centre, right = (
        raster.band(paper.Text("國", align=align), 384) for align in ("left", "centre", "right")
    )
    assert ink_width(left) <= 24
    assert 192 - 12 <= ink_width(centre) <= 192 + 12
    assert ink_width(right) > 360
    assert left.sum() == centre.sum() == right.sum()


def test_line_breaks_in_a_text_are_lines_and_other_controls_are_blanks():
    assert raster.band(paper.Text("a\nb\n"), 384).shape[0] == 3 * LINE
    assert np.array_equal(
        raster.band(paper.Text("a\tb\x07"), 384), raster.band(paper.Text("a b "), 384)
    )


def test_a_big_line_too_long_gets_narrower_before_it_wraps():
    seven, nine, long = (raster.band(paper.Text("聯" * n, 2), 384) for n in (7, 9, 30))
    assert seven.shape[0] == nine.shape[0] == 60
    assert ink_width(seven) > 6 * 48
    assert 8 * 36 < ink_width(nine) <= 9 * 36
    assert long.shape[0] == 120


def test_missing_characters_are_shown_as_geta_and_reported():
    slip = (paper.Text("陳喆堃\u200b\ufe0f 😀"), paper.Columns("A", "堃é"), paper.Code39("A"))
    assert raster.missing(slip) == {"喆", "堃", "😀"}
    assert np.array_equal(raster.band(paper.Text("喆"), 384), raster.band(paper.Text("〓"), 384))


def test_a_fallback_draws_what_the_fonts_lack_and_is_asked_once():
    asked = []

    def fallback(char):
        asked.append(char)
        return np.ones((24, 24), bool) if char == "堃" else None

    slip = (paper.Text("堃堃喆國"),)
    own = fonts.Fonts(fallback)
    page = raster.page(slip, 384, fonts=own)
    assert page[3:27, :48].all()
    assert raster.missing(slip, fonts=own) == {"喆"}
    assert sorted(asked) == sorted("堃喆")
    assert np.array_equal(raster.page(slip, 384, fallback=fallback), page)
    with pytest.raises(Fault, match="TWI-GLYPH"):
        raster.page(slip, 384, fallback=lambda char: np.ones((16, 16), bool))


def test_decomposed_letters_are_composed():
    assert raster.missing((paper.Text("Cafe\u0301"),)) == set()


# --- page and picture -------------------------------------------------------------------------


def test_feeds_rules_and_cuts():
    page = raster.page((paper.Feed(41), paper.Rule(), paper.Cut()), 384)
    assert page.shape == (42 + 16, 384)
    assert not page[:42].any()
    assert 0.5 < page[42 + 7].mean() < 0.8
    assert raster.page((), 384).shape == (0, 384)


def test_sheets_are_what_falls_off_the_printer():
    a, b = paper.Text("a"), paper.Text("b")
    assert raster.sheets((a, paper.Cut(), b)) == [(a, paper.Cut()), (b,)]
    assert raster.sheets(()) == []


@pytest.mark.parametrize("dots", [384, 576])
def test_the_rulers_marks_end_at_their_dots(dots):
    band = raster.band(paper.Ruler(), dots)
    marks = [mark for mark in raster.RULER_MARKS if mark <= dots]
    rows = band[24:].reshape(len(marks), 28, dots)
    for mark, row in zip(marks, rows, strict=True):
        assert row[:, mark - 2 : mark].all()
        assert not row[:, mark:].any()


@pytest.mark.parametrize("dots", [360, 384, 420, 576])
def test_the_picture_file_is_the_page(dots):
    page = raster.page(paper.proof_copy(invoice(3), KEY), dots)
    with Image.open(io.BytesIO(raster.png(page))) as picture:
        assert picture.mode == "1"
        assert picture.info["dpi"] == pytest.approx((203.2, 203.2), abs=0.1)
        assert np.array_equal(~np.array(picture), page)


def test_the_self_test_slip_has_three_readable_codes():
    facts = paper.SelfTestFacts("PP-8800", "COM3", 384, "0.1.0", datetime(2026, 11, 21, 9))  # noqa: DTZ001 - Asia/Taipei by contract
    slip = paper.test_slip(facts)
    for dots in (360, 384, 576):
        assert len(scan(raster.page(slip, dots))) == 3
    assert raster.missing(slip) == set()


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=200),
    st.text(max_size=30),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.integers(360, 576),
)
def test_any_text_is_drawn_within_the_paper(text, right, scale, bold, dots):
    slip = (paper.Text(text, scale, bold, "centre"), paper.Columns(text, right, bold))
    page = raster.page(slip, dots)
    assert page.shape[1] == dots
    assert page.shape[0] % 2 == 0
    assert page.any() or not (text + right).strip() or not raster.missing(slip)
