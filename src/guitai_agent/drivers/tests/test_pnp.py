"""What the system says is plugged in: a sysfs tree on disk, recorded answers of Windows."""

import json

import pytest

from guitai_agent.drivers import pnp
from guitai_agent.drivers.pnp import parse_entities, presences, sysfs_presences


def plug(root, name, vendor, product, drivers=(), serial="", usb_class="00"):
    """A device with one interface for each driver; an empty name is an unbound interface."""
    device = root / name
    device.mkdir(parents=True)
    (device / "idVendor").write_text(f"{vendor}\n")
    (device / "idProduct").write_text(f"{product}\n")
    (device / "bDeviceClass").write_text(f"{usb_class}\n")
    if serial:
        (device / "serial").write_text(f"{serial}\n")
    for number, driver in enumerate(drivers):
        interface = root / f"{name}:1.{number}"
        interface.mkdir()
        if driver:
            home = root.parent / "drivers" / driver
            home.mkdir(parents=True, exist_ok=True)
            (interface / "driver").symlink_to(home)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "devices"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "driver, kind",
    [("ftdi_sio", "com"), ("cdc_acm", "com"), ("usblp", "printer_class"), ("usbhid", "hid"),
     ("usb-storage", "other")],
)  # fmt: skip
def test_linux_tells_what_the_driver_makes_of_it(root, driver, kind):
    plug(root, "1-1", "0d3a", "0400", [driver], serial="A1")
    (found,) = sysfs_presences(root)
    assert (found.vendor, found.product, found.serial) == (0x0D3A, 0x0400, "A1")
    assert (found.kind, found.driver, found.location) == (kind, driver, "1-1")
    assert found.problem is None


def test_linux_printer_without_a_driver_is_problem_28(root):
    plug(root, "1-1", "0d3a", "0400", [""])
    (found,) = sysfs_presences(root)
    assert (found.kind, found.problem, found.is_printer) == ("none", 28, True)


def test_linux_stranger_without_a_driver_is_no_problem(root):
    plug(root, "1-2", "1234", "0001", [""])
    (found,) = sysfs_presences(root)
    assert (found.kind, found.problem, found.is_printer) == ("none", None, False)


def test_linux_composite_device_counts_as_what_prints(root):
    plug(root, "2-1.4", "04b8", "0e28", ["usbhid", "", "cdc_acm"])
    assert sysfs_presences(root)[0].kind == "com"


def test_linux_leaves_hubs_and_rubbish_out(root):
    plug(root, "usb1", "1d6b", "0002", ["hub"], usb_class="09")
    plug(root, "1-3", "zz", "0400")
    assert sysfs_presences(root) == []
    assert sysfs_presences(root / "missing") == []


def entity(device_id, code, service=None, group=None, name="Posiflex"):
    return {
        "PNPDeviceID": device_id, "Name": name, "Service": service, "PNPClass": group,
        "ConfigManagerErrorCode": code,
    }  # fmt: skip


@pytest.mark.parametrize("code", [28, 1, 10, 52])
def test_windows_problem_codes(code):
    row = entity(r"USB\VID_0D3A&PID_0400\6&2A1F&0&3", code)
    (found,) = parse_entities(json.dumps(row))  # one device: PowerShell sends no list
    assert (found.vendor, found.product, found.problem) == (0x0D3A, 0x0400, code)
    assert (found.kind, found.serial, found.location) == ("none", "", "6&2A1F&0&3")


def test_windows_signature_problem_keeps_the_refused_driver():
    row = entity(r"USB\VID_0D3A&PID_0400\PF88", 52, "posvcom", "Ports")
    (found,) = parse_entities(json.dumps([row]))
    assert (found.kind, found.driver, found.serial) == ("com", "posvcom", "PF88")


def test_windows_several_devices():
    rows = [
        entity(r"USB\VID_0D3A&PID_0400\PF880001", 0, "FTDIBUS", "USB"),
        entity(r"FTDIBUS\VID_0D3A+PID_0400+PF880001A\0000", 0, "FTSER2K", "Ports"),
        entity(r"USB\VID_04B8&PID_0E28\583", 0, "usbprint", "USB"),
        entity(r"USB\VID_046D&PID_C31C\5&1B2&0&1", 0, "HidUsb", "HIDClass", "鍵盤"),
        entity(r"USB\VID_1D6B&PID_0002\5&0", 0, "USBHUB3", "USB"),
    ]
    found = parse_entities("\ufeff" + json.dumps(rows, ensure_ascii=False))
    assert [each.kind for each in found] == ["com", "com", "printer_class", "hid"]
    assert found[1].serial == "PF880001A"
    assert all(each.problem is None for each in found)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '"x"', "Get-CimInstance : 存取被拒"])
def test_windows_broken_answer_is_empty_and_logged(text, caplog):
    assert parse_entities(text) == []
    assert "device manager" in caplog.text


def test_windows_says_nothing_when_nothing_is_there(caplog):
    assert parse_entities("\r\n") == []
    assert not caplog.records


def test_without_powershell_the_answer_is_empty_and_logged(monkeypatch, caplog):
    def refuse(*args, **options):
        raise FileNotFoundError("powershell.exe")

    monkeypatch.setattr(pnp.subprocess, "run", refuse)
    monkeypatch.setattr(pnp.sys, "platform", "win32")
    assert presences() == []
    assert "cannot ask" in caplog.text


def test_a_mac_says_nothing(monkeypatch):
    monkeypatch.setattr(pnp.sys, "platform", "darwin")
    assert presences() == []


def test_this_machine_can_be_asked():
    assert isinstance(presences(), list)
