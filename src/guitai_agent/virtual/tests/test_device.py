"""The virtual printer behaves like one: commands, sensors, a small buffer, torn paper."""

import threading
import time

import numpy as np
import pytest

from guitai_agent.virtual.device import BUFFER, VirtualPrinter
from guitai_agent.virtual.interpreter import Interpreter
from guitai_agent.virtual.parser import UNKNOWN, Command, Parser
from guitai_agent.virtual.receipts import ReceiptFolder
from twinvoice.fonts import default
from twinvoice.raster import png


def font(char):
    return default().glyph(char)


@pytest.fixture
def printer():
    device = VirtualPrinter(font)
    device.receipts = []
    device.on_receipt = device.receipts.append
    yield device
    device.close()


def until(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def ask(printer, data, count=1):
    printer.receive(data)
    said = b""
    until(lambda: len(said) >= count or _more(printer))
    while len(said) < count:
        said += printer.replies(1.0)
    return said


def _more(printer):
    return bool(printer._replies)


def draw(*data, width=384):
    strip = Interpreter(width, font)
    for command in Parser().feed(b"".join(data)):
        strip.apply(command)
    strip.apply(Command(b"\n"))
    return strip


def test_parser_gives_the_same_commands_however_the_bytes_arrive():
    data = (
        b"\x1b@\x1c&"
        + "品名 A".encode("big5")
        + b"\n\x1dv0\0\x02\0\x03\0\x10\x04\x01\x1b@!\x1dVB\x10\x1cz"
    )
    whole = list(Parser().feed(data))
    parser = Parser()
    bit_by_bit = [command for byte in data for command in parser.feed(bytes((byte,)))]
    joined = b"".join(c.args for c in bit_by_bit if c.name == b"text").decode("big5")
    assert joined == "品名 A"
    assert [c for c in bit_by_bit if c.name != b"text"] == [c for c in whole if c.name != b"text"]
    assert whole[-1] == Command(UNKNOWN, b"\x1cz")


@pytest.mark.parametrize("mode, across, down", [(0, 1, 1), (1, 2, 1), (2, 1, 2), (3, 2, 2)])
def test_gs_v_0_in_all_four_modes(mode, across, down):
    strip = draw(b"\x1dv0", bytes((mode,)), b"\x02\0\x01\0\xa0\x01")
    row = np.unpackbits(np.frombuffer(b"\xa0\x01", np.uint8)).astype(bool).repeat(across)
    page = strip.tear()[0]
    assert (page[:down, : 16 * across] == row).all()
    assert not page[down:].any()


def test_motion_units_are_half_dots_until_gs_p_says_otherwise():
    """Epson's default is y = 360 at 180 dpi: ESC J 24 moves 12 dots."""
    assert draw(b"\x1bJ\x18").paper.height == 12 + 30
    assert draw(b"\x1dP\xb4\xb4\x1bJ\x18").paper.height == 24 + 30


def test_double_type_needs_fs_for_chinese_and_gs_for_latin():
    latin_only = draw(b"\x1c&\x1d!\x11", "國A".encode("big5")).tear()[0]
    both = draw(b"\x1c&\x1d!\x11\x1c!\x0c", "國A".encode("big5")).tear()[0]
    assert np.flatnonzero(both.any(axis=0)).max() > np.flatnonzero(latin_only.any(axis=0)).max()
    assert not both[48:].any()


def test_what_lies_outside_the_print_area_is_lost():
    page = draw(b"\x1dP\xb4\xb4\x1dW\x64\0\x1dv0\0\x30\0\x01\0" + b"\xff" * 48).tear()[0]
    assert page[0, :100].all()
    assert not page[0, 100:].any()


def test_carriage_return_and_nul_do_nothing():
    strip = draw(b"A\r\0B")
    assert strip.text == ["AB"]
    assert strip.unknown == []


def test_unknown_commands_are_collected():
    assert draw(b"\x1bZ").unknown == [b"\x1bZ"]


def test_real_time_status_is_answered_even_behind_a_full_buffer(printer):
    printer.set_fault("cover_open", True)
    filled = printer.receive(b"x" * (BUFFER + 100))
    assert filled == BUFFER
    assert printer.receive(b"more") == 0
    assert printer.replies() == b""
    printer.set_fault("cover_open", False)
    until(lambda: printer.consumed >= BUFFER)
    assert ask(printer, b"\x10\x04\x01") == b"\x12"


@pytest.mark.parametrize(
    "fault, n, bits",
    [
        ("cover_open", 1, 0x08), ("cover_open", 2, 0x04), ("paper_end", 2, 0x20),
        ("paper_end", 4, 0x6C), ("near_end", 4, 0x0C), ("cutter", 3, 0x08),
        ("cutter", 2, 0x40), ("fatal", 3, 0x20), ("hot", 3, 0x40),
    ],
)  # fmt: skip
def test_dle_eot_bits(printer, fault, n, bits):
    printer.set_fault(fault, True)
    assert ask(printer, bytes((0x10, 4, n))) == bytes((0x12 | bits,))


def test_buffered_status_waits_for_the_head_and_asb_does_not(printer):
    ask(printer, b"\x1da\xff", 4)
    printer.set_fault("paper_end", True)
    assert printer.replies(1.0) == bytes((0x18, 0, 0x0F, 0x0F))
    printer.receive(b"\x1dr\x01")
    assert printer.replies(0.05) == b""
    printer.set_fault("paper_end", False)
    until(lambda: printer.consumed == 6)
    assert printer.replies() == bytes((0x10, 0, 0, 0x0F, 0))


def test_silent_printer_swallows_everything(printer):
    printer.set_fault("silent", True)
    assert printer.receive(b"\x10\x04\x01") == 3
    assert printer.replies(0.02) == b""


def test_planned_fault_halts_the_head_at_its_byte(printer):
    printer.plan_fault("paper_end", 600)
    printer.receive(b"A" * 1000)
    until(lambda: "paper_end" in printer.faults)
    assert printer.consumed == 600


def test_mending_the_cover_tears_the_unfinished_piece_off(printer):
    printer.receive(b"half\n")
    until(lambda: printer.consumed == 5)
    printer.set_fault("cover_open", True)
    printer.set_fault("cover_open", False)
    assert [(r.text, r.torn) for r in printer.receipts] == [("half", True)]


def test_clearing_forgets_the_buffer_even_in_the_middle_of_a_picture(printer):
    printer.receive(b"\x1dv0\0\x08\0\xff\0abc")
    until(lambda: printer.consumed == 11)
    printer.receive(b"\x10\x05\x02")
    printer.receive(b"whole\n\x1dVB\0")
    until(lambda: printer.receipts)
    assert printer.receipts[0].text == "whole"


def test_slow_head_takes_its_time(printer):
    printer.rate = 20_000
    began = time.monotonic()
    printer.receive(b"A" * 2000)
    until(lambda: printer.consumed == 2000)
    assert time.monotonic() - began > 0.08


def test_drawer_is_counted_by_both_commands(printer):
    printer.receive(b"\x1bp\x01\x32\xfa")
    until(lambda: printer.drawer_opened == 1)
    printer.receive(b"\x10\x14\x01\x00\x01")
    until(lambda: printer.drawer_opened == 2)


def test_receipts_are_numbered_over_restarts(tmp_path, printer):
    printer.on_receipt = ReceiptFolder(tmp_path, png)
    printer.receive(b"one\n\x1dVB\0")
    until(lambda: (tmp_path / "0001.png").exists())
    ReceiptFolder(tmp_path, png)(
        type("R", (), {"page": np.ones((8, 8), bool), "text": "", "torn": True})()
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0001.png", "0001.txt", "0002-torn.png",
    ]  # fmt: skip
    assert (tmp_path / "0001.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "0001.txt").read_text("utf-8") == "one\n"


def test_unknown_fault_is_refused(printer):
    with pytest.raises(ValueError):
        printer.set_fault("earthquake", True)


def test_closing_ends_the_head_thread():
    device = VirtualPrinter(font)
    device.close()
    assert not [t for t in threading.enumerate() if t is device._head and t.is_alive()]
