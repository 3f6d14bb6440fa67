"""The catalogue against the facts (printing.md §1, product.md A.3 and B.17), row by row."""

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.escpos import commands
from guitai_agent.escpos.encoders import encode
from guitai_agent.knowledge import by_usb, profile, profiles
from guitai_agent.knowledge.printers import (
    CODE_PAGES,
    CONFIDENCES,
    CONNECTIONS,
    FLOWS,
    SETUPS,
    by_model,
)
from twinvoice import paper

PROBING = (38400, 115200, 19200, 9600)  # printing.md §1, "so the FAQ's 1, 2, 4, 6"
SHORT = (115200, 38400)
SLOW = (9600, 19200, 38400, 115200)

# name: dots on 57 mm, native dots, dpi, code page, first and second drawer, clear, bauds, setup
FACTS = {
    "PP-8800": (384, 512, 180, "big5", (1, 0), "enq", PROBING, "dip"),
    "PP-5200": (384, 512, 180, "big5", (1, 0), "enq", PROBING, "dip"),
    "PP-8802": (384, 512, 180, "big5", (1, 0), "enq", PROBING, "utility"),
    "TM-T82III": (420, 576, 203, "big5", (0, 1), "dc4", PROBING, "utility"),
    "TM-T88": (360, 512, 180, "big5", (0, 1), "dc4", PROBING, "utility"),
    "TM-m30III": (420, 576, 203, "big5", (0, 1), "dc4", SHORT, "none"),
    "SUNMI": (384, 384, 203, "gb18030", (), "enq", (115200,), "none"),
    "generic-58": (384, 384, 203, "none", (0, 1), "enq", SLOW, "none"),
    "generic-80": (384, 576, 203, "none", (0, 1), "enq", PROBING, "none"),
    "virtual": (384, 384, 180, "big5", (1, 0), "enq", (38400,), "none"),
}
# name: native QR, page mode, ASB, process id, cutter
FEATURES = {
    "PP-8800": (True, True, True, False, True),
    "PP-5200": (False, True, True, False, True),  # old firmware: assume none
    "PP-8802": (True, True, True, False, True),
    "TM-T82III": (True, True, True, True, True),
    "TM-T88": (True, True, True, True, True),
    "TM-m30III": (True, True, True, True, True),
    "SUNMI": (True, False, False, False, False),
    "generic-58": (False, False, False, False, False),
    "generic-80": (False, False, False, False, True),
    "virtual": (False, False, True, False, True),
}


def test_the_catalogue_is_complete():
    assert set(profiles()) == set(FACTS) == set(FEATURES)


@pytest.mark.parametrize("name", FACTS)
def test_a_profile_says_what_the_facts_say(name):
    p = profile(name)
    told = (p.dots, p.native_dots, p.dpi, p.code_page, p.drawers, p.clear, p.bauds, p.setup)
    assert told == FACTS[name]
    able = p.features
    assert (able.qr, able.page_mode, able.asb, able.process_id, able.cutter) == FEATURES[name]
    assert (p.cut >= 0) == able.cutter


@pytest.mark.parametrize("name", FACTS)
def test_a_profile_holds_only_known_words(name):
    p = profile(name)
    assert p.code_page in CODE_PAGES and p.setup in SETUPS and p.paper
    assert p.flow and set(p.flow) <= set(FLOWS)
    assert p.connections and set(p.connections) <= set(CONNECTIONS)
    assert {p.confidence, *p.certainty.values()} <= set(CONFIDENCES)
    assert p.dots <= p.native_dots and p.dots % 4 == 0
    assert p.lines()[0] == (p.bauds[0], p.flow[0] == "xonxoff")


@pytest.mark.parametrize("name", FACTS)
def test_the_encoders_follow_the_profile(name):
    p = profile(name)
    slip = (paper.Text("電子發票證明聯"), paper.Cut())
    encoded = encode(slip, p)
    assert encoded.mode == ("hybrid" if p.code_page == "big5" else "banded")
    big5 = "電子發票證明聯".encode("cp950")
    assert (big5 in encoded.data) == (p.code_page == "big5")
    start = b"\x1b@\x1dP" + bytes((p.dpi, p.dpi)) + b"\x1dL\x00\x00"
    assert encoded.data.startswith(start + b"\x1dW" + p.dots.to_bytes(2, "little"))
    assert (b"\x1dVB" in encoded.data) == p.features.cutter
    assert p.clear in commands.CLEAR


def test_the_first_drawer_of_a_posiflex_is_pin_one():
    assert commands.open_drawer(profile("PP-8800"), 1)[2] == 1  # socket CRA
    assert commands.open_drawer(profile("PP-8800"), 2)[2] == 0  # socket CRB
    assert commands.open_drawer(profile("TM-T88"), 1)[2] == 0


def test_the_switches_the_faq_wants_on_a_8800():
    wanted = [switch for switch in profile("PP-8800").dip if switch.wanted]
    assert [(s.switch, s.position) for s in wanted] == [(n, "ON") for n in "1246"]
    assert all(switch.confidence == "M" for switch in wanted)
    assert {"2-2", "2-4", "2-5", "2-6", "2-7", "2-8"} < {s.switch for s in profile("PP-8800").dip}


def test_the_switches_of_a_5200():
    rows = {(s.switch, s.position): s for s in profile("PP-5200").dip}
    speeds = {"ON,ON": "38400", "OFF,ON": "115200", "ON,OFF": "9600", "OFF,OFF": "19200"}
    for position, speed in speeds.items():
        assert speed in rows["1+2", position].meaning
    assert rows["1+2", "ON,ON"].wanted and "XON/XOFF" in rows["4", "ON"].meaning
    assert "DSR/DTR" in rows["4", "OFF"].meaning
    assert all(s.confidence == "H" and s.source for s in rows.values())


def test_a_8802_has_no_switches():
    assert profile("PP-8802").dip == ()


@pytest.mark.parametrize("name", ["PP-5200", "PP-8800", "PP-8802"])
def test_the_posiflex_driver(name):
    driver = profile(name).driver
    assert driver.folder == "USBVCOM_Win_x64"
    assert "Windows 7" in driver.note and "KB3033929" in driver.note


def test_papers_and_drivers_users_are_told_of():
    assert "隔板" in "".join(profile("PP-8800").paper)
    assert "3.6 公分" in "".join(profile("SUNMI").paper)
    assert "58mm – 35 columns" in profile("TM-T82III").driver.note
    assert profile("TM-T82III").dots == 35 * 12  # 35 columns of 12 dots
    assert profile("TM-m30III").connections[0] == "network"


@pytest.mark.parametrize(
    "vendor, product, text, name",
    [
        (0x0D3A, 0x0400, "", "PP-8800"),
        (0x0D3A, 0x0300, "PP-7000II", "PP-5200"),
        (0x0D3A, 0x0999, "Posiflex PP8802 USB", "PP-8802"),
        (0x04B8, 0x0202, "", "TM-T82III"),
        (0x04B8, 0x0E02, "TM-T88V", "TM-T88"),
        (0x04B8, 0x0E28, "TM-m30III", "TM-m30III"),
        (0x0D3A, 0x0201, "", None),  # HID cash drawer
        (0x0D3A, 0x0500, "", None),  # card reader
        (0x04B8, 0x0142, "EPSON Scanner", None),
        (0x0403, 0x6001, "TM-T88V", None),  # the words alone are not enough
        (0x0D3A, None, "", None),
        (None, None, "", None),
    ],
)
def test_usb_numbers(vendor, product, text, name):
    found = by_usb(vendor, product, text)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    "text, name",
    [("TM-T88VI", "TM-T88"), ("EPSON TM-m30III", "TM-m30III"), ("tm t82iii", "TM-T82III"),
     ("SUNMI V2", "SUNMI"), ("LaserJet", None), ("", None)],
)  # fmt: skip
def test_model_names(text, name):
    found = by_model(text)
    assert (found.name if found else None) == name


def test_certainty_falls_back_to_the_row():
    assert profile("PP-8800").confidence_in("dots") == "L"
    assert profile("PP-8800").confidence_in("features") == "M"


def test_an_unknown_profile_is_refused():
    with pytest.raises(AgentError) as caught:
        profile("PP-1")
    assert caught.value.code == "unknown_profile"
