"""Serial scanners: framing, junk, and a port that comes and goes (on pseudo terminals)."""

import os
import time
import tty

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai_agent.drivers.ports import Device
from guitai_agent.drivers.scanner import LONGEST, Lines, Scanner
from guitai_agent.drivers.serialport import SerialLink
from guitai_agent.errors import LinkError
from guitai_agent.tests.rig import until


def read(data, *, pause=False):
    lines = Lines()
    found = lines.feed(data)
    return (found + lines.pause() if pause else found), lines.dropped


@pytest.mark.parametrize(
    "data, codes",
    [
        (b"ABC\rDEF\r", ["ABC", "DEF"]),
        (b"ABC\nDEF\n", ["ABC", "DEF"]),
        (b"ABC\r\nDEF\r\n", ["ABC", "DEF"]),
        (b"\r\n\r\n", []),
        (b" /ABC+123 \r", ["/ABC+123"]),
        (b"A\tB\r", ["A\tB"]),
        (b"half", []),
    ],
)
def test_every_usual_suffix(data, codes):
    assert read(data) == (codes, 0)


def test_a_pause_ends_a_code_without_suffix():
    assert read(b"4710000000017", pause=True) == (["4710000000017"], 0)


@pytest.mark.parametrize("junk", [b"AB\x00C", b"\xff\xfe", b"\xe4\xb8\xad", b"A\x1bB"])
def test_junk_is_dropped_whole_and_counted(junk):
    assert read(junk + b"\rGOOD\r") == (["GOOD"], 1)


def test_what_is_too_long_is_dropped_whole():
    fits, too_long = b"A" * LONGEST, b"B" * (LONGEST + 1)
    assert read(fits + b"\r" + too_long + b"\rC\r") == ([fits.decode(), "C"], 1)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 120))
def test_where_the_bytes_are_cut_does_not_matter(data, cut):
    whole, split = Lines(), Lines()
    expected = whole.feed(data) + whole.pause()
    assert split.feed(data[:cut]) + split.feed(data[cut:]) + split.pause() == expected
    assert split.dropped == whole.dropped


class Gun:
    """A scanner on a pseudo terminal."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)

    def shoot(self, data):
        os.write(self.master, data)

    def device(self, name="usb:05f9:4204:G1"):
        return Device(name, "serial", "掃描器", self.path, "generic-80", 0x05F9, 0x4204, "G1")

    def pull(self):
        os.close(self.master)
        os.close(self.slave)


class Bench:
    def __init__(self, **options):
        self.present, self.heard = [], []
        self.scanner = Scanner(
            lambda: list(self.present),
            lambda text, device: self.heard.append((text, device.id)),
            retry=0.05,
            **options,
        )
        self.scanner.start()


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.scanner.stop()


def test_codes_arrive_with_and_without_suffix(bench):
    gun = Gun()
    bench.present.append(gun.device())
    bench.scanner.select("usb:05f9:4204:G1")
    until(lambda: bench.scanner.report.state == "up")
    gun.shoot(b"AB-10000001\r\n")
    until(lambda: bench.heard == [("AB-10000001", "usb:05f9:4204:G1")])
    gun.shoot(b"4710000000017")
    until(lambda: len(bench.heard) == 2)
    gun.shoot(b"\xff\xff\rZ\r")
    until(lambda: len(bench.heard) == 3)
    until(lambda: bench.scanner.report.dropped == 1)
    assert [text for text, _ in bench.heard] == ["AB-10000001", "4710000000017", "Z"]
    assert bench.scanner.report.read == 3
    bench.scanner.select("")
    until(lambda: bench.scanner.report.state == "off")
    gun.pull()


def test_the_scanner_comes_back_on_another_port(bench):
    bench.scanner.select("usb:05f9:4204:G1")
    until(lambda: bench.scanner.report.state == "absent")
    first, second = Gun(), Gun()
    bench.present.append(first.device())
    bench.scanner.wake()
    until(lambda: bench.scanner.report.state == "up")
    bench.present.clear()
    first.pull()
    until(lambda: bench.scanner.report.state == "absent")
    bench.present.append(second.device())
    until(lambda: bench.scanner.report.state == "up")
    second.shoot(b"AGAIN\r")
    until(lambda: bench.heard == [("AGAIN", "usb:05f9:4204:G1")])
    bench.scanner.select("")
    until(lambda: bench.scanner.report.state == "off")
    second.pull()


def test_a_port_held_by_another_program_is_named_and_tried_again(bench):
    gun = Gun()
    other = SerialLink(gun.path, 9600, xonxoff=False)
    bench.present.append(gun.device())
    bench.scanner.select("usb:05f9:4204:G1")
    until(lambda: bench.scanner.report.code == "PORT_BUSY")
    other.close()
    until(lambda: bench.scanner.report.state == "up")
    assert bench.scanner.report.code == ""
    bench.scanner.select("")
    until(lambda: bench.scanner.report.state == "off")
    gun.pull()


def test_nothing_is_written_and_the_speed_is_kept():
    opened = []

    class Silent:
        def __init__(self, port, baud, *, xonxoff):
            opened.append((port, baud, xonxoff))

        def write(self, data):
            raise AssertionError("a scanner is only read")

        def read(self, timeout):
            time.sleep(0.01)
            return b""

        def close(self):
            pass

    bench = Bench(open_port=Silent)
    bench.present.append(Device("serial:/dev/ttyS1", "serial", "COM2", "/dev/ttyS1", "generic-80"))
    bench.scanner.select("serial:/dev/ttyS1", 115200)
    until(lambda: bench.scanner.report.state == "up")
    assert opened == [("/dev/ttyS1", 115200, False)]
    bench.scanner.stop()


def test_a_fault_of_the_listener_does_not_end_scanning():
    gun = Gun()
    bench = Bench()
    said = bench.scanner._on_text

    def stumble(text, device):
        if text == "BAD":
            raise LinkError("PORT_GONE")
        said(text, device)

    bench.scanner._on_text = stumble
    bench.present.append(gun.device())
    bench.scanner.select("usb:05f9:4204:G1")
    until(lambda: bench.scanner.report.state == "up")
    gun.shoot(b"BAD\r")
    until(lambda: bench.scanner.report.read == 1)
    time.sleep(0.2)
    until(lambda: bench.scanner.report.state == "up")
    gun.shoot(b"GOOD\r")
    until(lambda: [text for text, _ in bench.heard] == ["GOOD"])
    bench.scanner.stop()
    gun.pull()
