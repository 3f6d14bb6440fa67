"""Who is who: identity by serial number or socket, and why a port does not open."""

from types import SimpleNamespace

import pytest

from guitai_agent.drivers.discovery import distinct, find_again, serial_devices
from guitai_agent.drivers.opening import DeviceOpener
from guitai_agent.drivers.ports import Device
from guitai_agent.drivers.reasons import why_not_opened
from guitai_agent.errors import LinkError


def port(device, vid=0x0D3A, pid=0x0400, serial=None, location=None, product=None):
    return SimpleNamespace(
        device=device, vid=vid, pid=pid, serial_number=serial, location=location,
        description=product or "n/a", product=product, manufacturer=None,
    )  # fmt: skip


def listed(*ports):
    return distinct(serial_devices(ports))


def test_the_chosen_printer_stays_chosen_under_another_com_number():
    present = []
    opener = DeviceOpener(lambda: listed(*present))
    present[:] = [port("COM3", serial="A1"), port("COM4", serial="B2")]
    opener.choose("usb:0d3a:0400:B2", "")
    assert opener.current().port == "COM4"
    present[:] = [port("COM4", serial="A1"), port("COM17", serial="B2")]
    assert opener.current().port == "COM17"


def test_the_chosen_printer_is_waited_for_and_no_other_taken():
    opener = DeviceOpener(lambda: listed(port("COM4", serial="A1")))
    opener.choose("usb:0d3a:0400:B2", "")
    with pytest.raises(LinkError) as caught:
        opener.current()
    assert caught.value.code == "NO_PRINTER"


def test_without_a_serial_number_the_only_one_of_its_make_is_the_same_one():
    chosen = "usb:0d3a:0400:@1-2"
    moved = listed(port("COM8", location="1-3"))
    assert find_again(chosen, moved).port == "COM8"
    two = listed(port("COM8", location="1-3"), port("COM9", location="1-4"))
    assert find_again(chosen, two) is None
    numbered = listed(port("COM8", serial="X"))
    assert find_again(chosen, numbered) is None
    other_make = listed(port("COM8", pid=0x0300, location="1-3"))
    assert find_again(chosen, other_make) is None


def test_a_name_never_holds_the_com_number():
    (nowhere,) = listed(port("COM8"))
    assert "COM8" not in nowhere.id


def test_makers_that_number_all_alike():
    both = listed(
        port("COM3", serial="S", location="1-1"), port("COM4", serial="S", location="1-2")
    )
    assert [device.id for device in both] == ["usb:0d3a:0400:S~1-1", "usb:0d3a:0400:S~1-2"]
    # One of the two is unplugged: the other must not be mistaken for it.
    (left,) = listed(port("COM4", serial="S", location="1-2"))
    assert find_again("usb:0d3a:0400:S~1-2", [left]) == left
    assert find_again("usb:0d3a:0400:S~1-1", [left]) is None
    # It was alone when chosen; then its twin came.
    assert find_again("usb:0d3a:0400:S", both) is None
    assert find_again("usb:0d3a:0400:S", both, location="1-2").port == "COM4"


def test_only_what_is_certainly_a_printer_is_taken_unasked():
    scale = port("COM5", vid=0x2341, pid=1, serial="W")
    modem = port("COM1", vid=None, pid=None)
    drawer = port("COM6", pid=0x0201, serial="D")
    office = Device(
        "usblp:03f0:0001:L", "usblp", "LaserJet", "/dev/usb/lp0", "generic-80", 0x03F0, 1
    )
    lan = Device("tcp:10.0.0.9:9100", "tcp", "x", "10.0.0.9:9100", "generic-80")
    opener = DeviceOpener(lambda: [office, *listed(scale, modem, drawer)])
    opener.found[lan.id] = lan
    with pytest.raises(LinkError):
        opener.current()
    opener.choose("usb:2341:0001:W", "generic-58")  # a person may know better
    assert opener.current().profile == "generic-58"


def test_the_scanners_port_is_not_taken_unasked():
    opener = DeviceOpener(lambda: listed(port("COM3", serial="A1")))
    opener.reserved = lambda: "usb:0d3a:0400:A1"
    with pytest.raises(LinkError):
        opener.current()


def test_the_models_own_words_choose_the_profile():
    (epson,) = listed(port("COM3", vid=0x04B8, pid=0x0202, serial="E", product="TM-T88V"))
    assert (epson.profile, epson.kind, epson.name) == ("TM-T88", "usb", "Epson TM-T88")
    (unsure,) = listed(port("COM3", serial="A1"))
    assert unsure.name == "Posiflex PP-8800（同系列）"
    (untold,) = listed(port("COM9", vid=None, pid=None, product="Posiflex PP-8802 (COM9)"))
    assert (untold.profile, untold.kind, untold.id) == ("PP-8802", "usb", "serial:COM9")


@pytest.mark.parametrize(
    "number, code",
    [(11, "PORT_BUSY"), (16, "PORT_BUSY"), (13, "PORT_DENIED"), (1, "PORT_DENIED"),
     (6, "PORT_GONE"), (19, "PORT_GONE"), (5, "PORT_GONE"), (2, "NO_PRINTER")],
)  # fmt: skip
def test_reasons_on_posix(number, code):
    assert why_not_opened(OSError(number, "could not open port"), windows=False) == code


@pytest.mark.parametrize(
    "text, code",
    [
        ("could not open port 'COM3': PermissionError(13, '存取被拒。', None, 5)", "PORT_BUSY"),
        ("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)",
         "PORT_BUSY"),
        ("could not open port 'COM3': FileNotFoundError(2, '系統找不到', None, 2)", "NO_PRINTER"),
        ("could not open port 'COM3': OSError(22, '連結到系統的裝置失去作用。', None, 31)",
         "PORT_GONE"),
        ("something else", "NO_PRINTER"),
    ],
)  # fmt: skip
def test_reasons_on_windows(text, code):
    assert why_not_opened(OSError(text), windows=True) == code


def test_reasons_in_pyserials_words():
    said = OSError("Could not configure port: (5, 'Input/output error')")
    assert why_not_opened(said, windows=False) == "PORT_GONE"
