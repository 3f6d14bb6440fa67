"""Every profile's proof, fed to an emulated printer of its width, reads back to the exact bytes.

The reader (zxing-cpp) is not the encoder's author (printing.md §7). Widths, items and ways of
encoding as in printing.md §4; the codes as in mof.md §3.3–§3.4.
"""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import zxingcpp

from guitai_agent.escpos.encoders import encode
from guitai_agent.escpos.glyphs import paper_fonts
from guitai_agent.knowledge import profile, profiles
from guitai_agent.tests.rig import until
from guitai_agent.tests.slips import KEY, invoice
from guitai_agent.virtual.device import VirtualPrinter
from twinvoice import paper, proof
from twinvoice.document import Line, Totals

NAMES = ("拿鐵咖啡大杯", "起司蛋糕", "經典三明治", "手沖單品", "可頌", "鮮奶茶", "水果塔", "貝果")
MODES = [(name, mode) for name, used in profiles().items()
         for mode in (("hybrid", "banded") if used.big5 else ("banded",))]  # fmt: skip


def invoice_of(count, *, company):
    """``count`` items of 105 TWD each, tax included."""
    price = 100 if company else 105
    lines = tuple(
        Line(name, Decimal(1), Decimal(price), Decimal(price), f"{at:03}")
        for at, name in enumerate(NAMES[:count], 1)
    )
    net, tax = (100 * count, 5 * count) if company else (105 * count, 0)
    totals = Totals(net, 0, 0, "1", Decimal("0.05"), tax, 105 * count)
    return replace(invoice(company=company), lines=lines, totals=totals)


def slip_of(count, *, company):
    sold = invoice_of(count, company=company)
    if not company:
        return paper.proof_copy(sold, KEY, store_name="櫃台示範店")
    return paper.company_proof(sold, KEY, store_name="櫃台示範店", order_number="A-0001")


def printed(data, used):
    """What the emulated printer of that profile lets fall: pieces of paper as dots."""
    pieces = []
    printer = VirtualPrinter(paper_fonts().glyph, width=used.dots, dpi=used.dpi)
    printer.on_receipt = lambda receipt: pieces.append(receipt.page)
    try:
        rest = data
        while rest:
            rest = rest[printer.receive(rest) :]
            printer.wait_room(1.0)
        until(lambda: printer.consumed == len(data))
        if used.cut < 0:  # a person tears it off
            printer.set_fault("cover_open", True)
            printer.set_fault("cover_open", False)
        until(lambda: pieces)
    finally:
        printer.close()
    assert printer.interpreter.unknown == []
    return pieces


def codes_on(page):
    """(format, bytes) of every code on the paper, as a camera sees it: 2 pixels a dot."""
    grey = np.where(np.pad(page, 24), 0, 255).astype(np.uint8)
    found = zxingcpp.read_barcodes(np.repeat(np.repeat(grey, 2, 0), 2, 1))
    return sorted((code.format.name, bytes(code.bytes)) for code in found)


@pytest.mark.parametrize("company", [False, True], ids=["consumer", "company"])
@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("name, mode", MODES)
def test_the_three_codes_are_read_to_the_byte(name, mode, count, company):
    used, sold = profile(name), invoice_of(count, company=company)
    encoded = encode(slip_of(count, company=company), used, mode)
    (page,) = printed(encoded.data, used)
    left, right = proof.qr_pair(sold, KEY)
    assert codes_on(page) == sorted(
        [
            ("Code39", proof.code39(sold).encode()),
            ("QRCode", left.encode()),
            ("QRCode", right.encode()),
        ]
    )
    assert page.shape[1] == used.dots


@pytest.mark.parametrize("name", profiles())
def test_the_profile_takes_the_shortest_way_it_can(name):
    """Hybrid where the printer has Taiwan's characters, else drawn bands: never more bytes."""
    used, slip = profile(name), slip_of(3, company=False)
    chosen = encode(slip, used)
    assert chosen.mode == ("hybrid" if used.big5 else "banded")
    assert len(chosen.data) <= len(encode(slip, used, "banded").data)
    assert len(chosen.data) < len(encode(slip, used, "safe").data)
