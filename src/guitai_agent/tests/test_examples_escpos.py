"""The golden printer bytes in ``examples/out``, and what a decoder reads from their paper."""

import numpy as np
import pytest
import zxingcpp

from guitai_agent.escpos.glyphs import paper_fonts
from guitai_agent.tests.regenerate_escpos import golden_bytes, printed
from guitai_agent.virtual.interpreter import Interpreter
from guitai_agent.virtual.parser import Parser
from twinvoice import raster
from twinvoice.tests.regenerate_paper import EXAMPLES

GOLDEN = golden_bytes()


@pytest.mark.parametrize("path", GOLDEN, ids=str)
def test_the_golden_bytes_are_what_the_encoder_makes(path):
    assert (EXAMPLES / path).read_bytes() == GOLDEN[path], (
        "run: python -m guitai_agent.tests.regenerate_escpos"
    )


def test_there_are_bytes_for_what_is_printed_and_for_nothing_else():
    assert {path.name for path in EXAMPLES.glob("out/*.escpos")} == {p.name for p in GOLDEN}
    assert len(GOLDEN) >= 10


def test_the_examples_need_no_font_of_this_machine():
    """Else the golden bytes would differ from one computer to the next."""
    for slips in printed().values():
        for slip in slips:
            assert raster.missing(slip) == set()


@pytest.mark.parametrize("path", [p for p in GOLDEN if "allowance" not in p.name], ids=str)
def test_the_codes_are_read_back_from_the_paper(path):
    strip = Interpreter(384, paper_fonts().glyph)
    pages = []
    strip.on_cut = lambda page, text: pages.append(page)
    for command in Parser().feed((EXAMPLES / path).read_bytes()):
        strip.apply(command)
    assert strip.unknown == []
    picture = (~np.pad(pages[0], 36)).astype(np.uint8) * 255
    codes = (EXAMPLES / path).with_suffix(".qr.txt").read_text("utf-8").splitlines()
    assert sorted(found.text for found in zxingcpp.read_barcodes(picture)) == sorted(codes)
