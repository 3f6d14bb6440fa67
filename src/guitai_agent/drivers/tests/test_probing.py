"""Probing of a serial line (printing.md §1): the order, the memory, and never hanging."""

import threading
import time

import pytest

from guitai_agent.datadir import SettingsFile
from guitai_agent.drivers.notes import DeviceNotes
from guitai_agent.drivers.opening import PROBE_SECONDS, DeviceOpener, answers
from guitai_agent.drivers.ports import Device
from guitai_agent.errors import LinkError

DEVICE = Device("usb:0d3a:0300:X", "usb", "Posiflex", "COM7", "PP-8800", 0x0D3A, 0x0300, "X")
ORDER = [(baud, flow) for baud in (38400, 115200, 19200, 9600) for flow in (True, False)]


class Wire:
    """A line that answers at one setting; ``log`` holds what was opened, ``open`` what still is."""

    def __init__(self, right=None):
        self.right, self.log, self.open = right, [], 0

    def __call__(self, port, baud, *, xonxoff):
        self.log.append((baud, xonxoff))
        self.open += 1
        return self.Link(self, (baud, xonxoff) == self.right)

    class Link:
        def __init__(self, wire, right):
            self.wire, self.right = wire, right

        def write(self, data):
            assert data == b"\x10\x04\x01"

        def read(self, timeout):
            return b"\x16" if self.right else b""

        def cancel_write(self):
            pass

        def close(self):
            self.wire.open -= 1


def opener_on(wire, **options):
    return DeviceOpener(lambda: [DEVICE], open_serial=wire, **options)


def test_every_setting_in_the_order_of_the_facts_then_silence():
    wire = Wire()
    with pytest.raises(LinkError) as caught:
        opener_on(wire)()
    assert caught.value.code == "PRN_SILENT"
    assert wire.log == ORDER
    assert wire.open == 0


def test_what_worked_goes_first_and_once(tmp_path):
    notes = DeviceNotes(SettingsFile(tmp_path))
    wire = Wire(right=(19200, False))
    opener_on(wire, on_line=lambda key, line: notes.put(key, line=list(line)))()
    assert wire.log == ORDER[: ORDER.index((19200, False)) + 1]
    # The next start of the agent:
    again = Wire(right=(9600, True))
    opener = opener_on(again, lines=DeviceNotes(SettingsFile(tmp_path)).lines())
    opener()
    assert again.log[0] == (19200, False) and again.log.count((19200, False)) == 1
    again.log.clear()
    opener.forget_line(DEVICE.id)
    opener()
    assert again.log[0] == (38400, True)


@pytest.mark.parametrize("code", ["PORT_BUSY", "PORT_DENIED", "PORT_GONE", "NO_PRINTER"])
def test_a_port_that_does_not_open_is_named_at_once(code):
    tried = []

    def refuse(port, baud, *, xonxoff):
        tried.append(baud)
        raise LinkError(code)

    with pytest.raises(LinkError) as caught:
        opener_on(refuse)()
    assert (caught.value.code, tried) == (code, [38400])


def test_a_line_lost_while_probing_is_closed():
    class Torn(Wire.Link):
        def write(self, data):
            raise LinkError("PORT_GONE")

    wire = Wire()
    wire.Link = Torn
    with pytest.raises(LinkError) as caught:
        opener_on(wire)()
    assert (caught.value.code, wire.open) == ("PORT_GONE", 0)


def test_a_line_that_takes_nothing_is_given_up_in_time():
    class Blocked:
        def __init__(self):
            self.freed = threading.Event()

        def write(self, data):
            self.freed.wait()

        def read(self, timeout):
            time.sleep(timeout)
            return b""

        def cancel_write(self):
            self.freed.set()

    began = time.monotonic()
    assert not answers(Blocked())
    assert time.monotonic() - began < PROBE_SECONDS + 0.5


def test_probing_ends_when_another_device_is_chosen():
    wire = Wire()
    opener = opener_on(wire)

    class Choosing(Wire.Link):
        def write(self, data):
            opener.choose("tcp:10.0.0.5:9100", "")

    wire.Link = Choosing
    with pytest.raises(LinkError) as caught:
        opener()
    assert caught.value.code == "NO_PRINTER"
    assert len(wire.log) == 1


def test_notes_are_few_and_known(tmp_path):
    notes = DeviceNotes(SettingsFile(tmp_path))
    for n in range(60):
        notes.put(f"tcp:10.0.0.{n}:9100", name=str(n))
    notes.put("tcp:10.0.0.59:9100", drawer=2)
    kept = SettingsFile(tmp_path).now.devices
    assert len(kept) == 50 and "tcp:10.0.0.9:9100" not in kept
    assert kept["tcp:10.0.0.59:9100"] == {"name": "59", "drawer": 2}
    assert notes.drawer("tcp:10.0.0.59:9100") == 2 and notes.drawer("unknown") == 1
    with pytest.raises(ValueError):
        notes.put("x", colour="red")
