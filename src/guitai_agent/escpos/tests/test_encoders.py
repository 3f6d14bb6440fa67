"""Slip → bytes → paper: what was asked for stands there, in few bytes (printing.md §0, §4)."""

import numpy as np
import pytest
import zxingcpp

from guitai_agent.escpos import bands, commands
from guitai_agent.escpos.encoders import encode
from guitai_agent.escpos.glyphs import paper_fonts
from guitai_agent.escpos.native import native_bytes
from guitai_agent.knowledge import by_usb, profile, profiles
from guitai_agent.tests.slips import invoice, proof
from guitai_agent.virtual.interpreter import Interpreter
from guitai_agent.virtual.parser import TEXT, Parser
from twinvoice import paper, raster
from twinvoice.proof import code39
from twinvoice.raster import Fonts

MODES = ("safe", "banded", "hybrid")


def paper_of(data, used, width=None):
    """Every piece of paper the bytes make, on a printer of that profile."""
    printer = Interpreter(width or used.dots, paper_fonts().glyph, dpi=used.dpi)
    pieces = []
    printer.on_cut = lambda page, text: pieces.append(page)
    for command in Parser().feed(data):
        printer.apply(command)
    assert printer.unknown == []
    return [*pieces, printer.tear()[0]] if printer.paper.height else pieces


def codes_on(page):
    """Texts of all barcodes, read by a reader that is not the encoder's author."""
    quiet = np.pad(page, 24)
    picture = np.repeat(np.repeat(np.where(quiet, 0, 255).astype(np.uint8), 2, 0), 2, 1)
    return {found.bytes for found in zxingcpp.read_barcodes(picture)}


def expected_codes(slip):
    texts = [code for block in slip for code in _texts(block)]
    return {text.encode() for text in texts}


def _texts(block):
    if isinstance(block, paper.Code39):
        return [block.data]
    return [block.left, block.right] if isinstance(block, paper.QrPair) else []


@pytest.mark.parametrize("company", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", list(profiles()))
def test_proof_decodes_from_the_paper_of_every_profile(name, mode, company):
    used, slip = profile(name), proof(company=company)
    (page,) = paper_of(encode(slip, used, mode).data, used)
    assert codes_on(page) == expected_codes(slip)
    assert code39(invoice(company=company)).encode() in codes_on(page)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["PP-8800", "TM-T82III", "TM-T88", "generic-58"])
def test_paper_is_the_preview_dot_for_dot(name, mode):
    """The printer's own font is taipei24 here, so even native text has to agree.

    Up to four dots may differ: a lone dot that would have begun a real-time command has a
    neighbour, and bold type may strike one dot beyond its line.
    """
    used, slip = profile(name), proof(company=True)
    (page,) = paper_of(encode(slip, used, mode).data, used)
    preview = raster.page(slip, used.dots, fonts=paper_fonts())
    assert np.count_nonzero(page[: len(preview)] != preview) <= 4
    assert not page[len(preview) :].any()


@pytest.mark.parametrize("mode, most", [("hybrid", 4_000), ("banded", 17_000), ("safe", 45_000)])
@pytest.mark.parametrize("company", [False, True])
def test_bytes_of_a_proof_of_three_items(mode, most, company):
    assert len(encode(proof(company=company), profile("PP-8800"), mode).data) <= most


def test_best_mode_follows_the_profile():
    assert encode(proof(), profile("PP-8800")).mode == "hybrid"
    assert encode(proof(), profile("generic-58")).mode == "banded"


def test_never_a_carriage_return_and_always_the_frame():
    for mode in MODES:
        data = encode(proof(), profile("PP-8800"), mode).data
        parsed = list(Parser().feed(data))
        assert all(command.name != b"\r" for command in parsed)
        assert data.startswith(b"\x1b@\x1dP\xb4\xb4\x1dL\0\0\x1dW\x80\x01")
        assert data.endswith(b"\x1dVB\x10")


def test_no_picture_command_is_longer_than_the_cleaner_can_end():
    for mode in MODES:
        for command in Parser().feed(encode(proof(), profile("PP-8800"), mode).data):
            if command.name == b"\x1dv":
                assert len(command.args) - 6 <= bands.MAX_PICTURE


@pytest.mark.parametrize("char", list("堃喆煊裏恒碁銹墻粧嫺€あ"))
def test_what_the_rom_may_lack_is_drawn_not_sent(char):
    """裏恒碁… are only in cp950, not in Big5 (printing.md §7); 堃 is in neither."""
    slip = (paper.Text(f"負責人 {char}"), paper.Cut())
    used = profile("PP-8800")
    data = encode(slip, used).data
    assert native_bytes(char) is None
    assert not [command for command in Parser().feed(data) if command.name == TEXT]
    (page,) = paper_of(data, used)
    assert page.any()


def test_missing_characters_are_told():
    assert encode((paper.Text("好\U000e0041"),), profile("PP-8800")).missing == {"\U000e0041"}
    assert encode(proof(), profile("PP-8800")).missing == frozenset()


def test_native_text_is_big5_and_in_place():
    slip = (paper.Columns("總計", "1,234", bold=True), paper.Text("明細", align="right"))
    used = profile("PP-8800")
    texts = [c.args for c in Parser().feed(encode(slip, used).data) if c.name == TEXT]
    assert texts == ["總計".encode("big5"), b"1,234", "明細".encode("big5")]
    page = np.vstack(paper_of(encode(slip, used).data, used))
    preview = raster.page(slip, used.dots, fonts=paper_fonts())
    assert np.count_nonzero(page[: len(preview)] != preview) <= 24  # bold beyond the edge


@pytest.mark.parametrize("mode", ["banded", "hybrid"])
@pytest.mark.parametrize(
    "slip",
    [
        (paper.Text("很長的品名" * 12), paper.Text(""), paper.Text("第一行\n第二行")),
        (paper.Text("電子發票證明聯補印", scale=2, align="centre"),),
        (paper.Feed(7), paper.Rule(), paper.Feed(600), paper.Columns("很長" * 20, "9,999")),
        (paper.Columns("", "右"), paper.Columns("左", ""), paper.Columns("", "")),
    ],
)
def test_awkward_blocks_look_like_the_preview(slip, mode):
    used = profile("PP-8800")
    page = np.vstack(paper_of(encode((*slip, paper.Cut()), used, mode).data, used))
    preview = raster.page(slip, used.dots, fonts=paper_fonts())
    assert (page[: len(preview)] == preview).all()


def test_several_cuts_make_several_pieces():
    slip = (*proof(), paper.Text("交易明細"), paper.Cut())
    used = profile("PP-8800")
    assert len(paper_of(encode(slip, used).data, used)) == 2


def test_a_printer_without_a_knife_feeds_for_the_hand():
    data = encode(proof(), profile("SUNMI")).data
    assert b"\x1dV" not in data
    assert data.endswith(commands.feed(160))


def test_ruler_reaches_beyond_the_profile():
    data = encode((paper.Ruler(), paper.Cut()), profile("PP-8800")).data
    (wide,) = paper_of(data, profile("PP-8800"), width=576)
    (narrow,) = paper_of(data, profile("PP-8800"), width=384)
    assert wide[:, 500:].any()
    assert narrow.shape[1] == 384


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_compact_pictures_lose_nothing(mode):
    random = np.random.default_rng(mode)
    dots = random.random((96, 192)) < 0.3
    dots[20:50] = False
    if mode & 1:
        dots = dots.repeat(2, axis=1)
    if mode & 2:
        dots = dots.repeat(2, axis=0)
    data = commands.start(profile("PP-8800")) + bands.compact(dots)
    page = np.vstack(paper_of(data, profile("PP-8800")))
    differing = np.count_nonzero(page[: len(dots), : dots.shape[1]] != dots)
    assert differing <= len(commands.real_time_hits(np.packbits(dots, axis=1).tobytes()))


def test_real_time_commands_are_defused():
    dots = np.unpackbits(np.frombuffer(b"\x10\x14\x01\x10\x04\x02", np.uint8)).astype(bool)
    data = bands.full(np.tile(dots, (3, 1)))
    assert commands.real_time_hits(np.packbits(dots).tobytes()) == [0, 3]
    assert commands.real_time_hits(data) == []


def test_profiles_are_complete_and_match_by_vendor():
    for each in profiles().values():
        assert raster.NARROWEST <= each.dots <= raster.WIDEST
        assert each.clear in commands.CLEAR
        assert each.cut == -1 or 0 <= each.cut <= 255
        assert each.bauds
    assert by_usb(0x0D3A, 0x0300).name == "PP-8800"
    assert by_usb(0x1234, 1) is None
    # Posiflex: the first drawer (CRA) is ESC p 1 (printing.md §0.10).
    assert commands.open_drawer(profile("PP-8800"), 1)[:3] == b"\x1bp\x01"
    assert commands.open_drawer(profile("TM-T88"), 1)[:3] == b"\x1bp\x00"


def test_fonts_have_the_metrics_native_text_counts_on():
    fonts = Fonts()
    assert fonts.glyph("A").shape == (24, 12)
    assert fonts.glyph("國").shape == fonts.glyph("×").shape == (24, 24)
