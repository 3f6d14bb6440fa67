"""The virtual printer breaks as real ones do: on the line, at the roll's end, by its switches."""

import json
import os
import socket
import termios
import time

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai_agent.drivers.serialport import SerialLink
from guitai_agent.errors import LinkError
from guitai_agent.tests.rig import new_printer, until
from guitai_agent.virtual.control import ControlServer
from guitai_agent.virtual.device import BUFFER
from guitai_agent.virtual.faults import FAULTS, NOISE, asb_packet, beeper, realtime_status
from guitai_agent.virtual.ptyport import PtyPort, garbled
from guitai_agent.virtual.server import PrinterServer

ASK = b"\x10\x04\x01"


@pytest.fixture
def printer():
    device = new_printer()
    yield device
    device.close()


@pytest.fixture
def port(printer, tmp_path):
    line = PtyPort(printer, tmp_path / "com", speed=38400)
    yield line
    line.stop()


def heard(link, count=1, seconds=1.0):
    said, end = b"", time.monotonic() + seconds
    while len(said) < count and time.monotonic() < end:
        said += link.read(0.05)
    return said


def answers_at(port, baud, *, xonxoff=True, seconds=0.3):
    link = SerialLink(str(port.link), baud, xonxoff=xonxoff)
    link.write(ASK)
    said = heard(link, seconds=seconds)
    link.close()
    return said


# -- sensors and replies -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_trips_and_mends(printer, fault):
    printer.set_fault(fault, True)
    assert fault in printer.faults
    printer.set_fault(fault, False)
    assert printer.faults == frozenset()


def test_status_bytes_keep_their_fixed_bits_whatever_is_wrong():
    """printing.md §0.9: the stream describes itself."""
    for fault in (set(), set(FAULTS), *({each} for each in FAULTS)):
        assert all(realtime_status(fault, n) & 0x93 == 0x12 for n in (1, 2, 3, 4))
        assert asb_packet(fault)[0] & 0x93 == 0x10
        assert all(byte & 0x90 == 0 for byte in asb_packet(fault)[1:])


def test_the_beeper_tells_paper_from_near_paper():
    assert beeper({"paper_end", "near_end"}) == "continuous"
    assert beeper({"near_end"}) == "every 3 s"
    assert beeper({"paper_end", "off"}) == beeper(set()) == "quiet"


def test_a_fault_mends_by_itself_after_its_time(printer):
    printer.set_fault("hot", True, seconds=0.1)
    assert printer.faults == {"hot"}
    until(lambda: printer.faults == frozenset(), 1.0)


def test_a_late_reply_comes_after_two_seconds(printer):
    printer.clock = lambda: now[0]
    now = [100.0]
    printer.set_fault("late_reply", True)
    printer.receive(ASK)
    assert printer.replies(0.05) == b""
    now[0] += 2.0
    assert printer.replies(0.5) == b"\x12"


def test_garbage_surrounds_every_reply(printer):
    printer.set_fault("garbage", True)
    printer.receive(ASK)
    assert printer.replies(0.5) == NOISE + b"\x12" + NOISE


def test_half_a_status_packet_and_a_lost_fence(printer):
    printer.receive(b"\x1da\xff")
    assert len(printer.replies(0.5)) == 4
    printer.set_fault("half_asb", True)
    printer.replies(0)
    printer.set_fault("cover_open", True)
    assert printer.replies(0.5) == b"\x38\x00"
    printer.set_fault("cover_open", False)
    printer.replies(0.1)
    printer.set_fault("lost_fence", True)
    printer.receive(b"\x1dr\x01")
    assert printer.replies(0.1) == b""


def test_the_drawer_sensor_is_told_in_all_three_ways(printer):
    printer.set_fault("drawer_open", True)
    printer.receive(ASK + b"\x1dr\x02\x1da\xff")
    until(lambda: printer.consumed == 9)
    assert printer.replies(0.2) == b"\x16\x01\x14\x00\x00\x0f"


# -- paper and power -----------------------------------------------------------------------------


def test_the_roll_ends_after_its_length(printer):
    """180 dpi: 100 mm are 709 dots; a line feeds 30."""
    printer.load_paper(100, near_mm=20)
    assert printer.paper_left() == pytest.approx(100, abs=0.2)
    printer.receive(b"A\n" * 40)
    until(lambda: "paper_end" in printer.faults)
    assert printer.consumed == 2 * 24  # the 24th line reaches beyond it
    assert "near_end" in printer.faults
    printer.set_fault("paper_end", False)  # an endless roll
    until(lambda: printer.consumed == 80)
    assert printer.paper_left() is None
    assert printer.receipts[0].torn


def test_near_end_halts_only_where_the_switch_says_so(printer):
    printer.set_fault("near_end", True)
    printer.receive(b"A\n")
    until(lambda: printer.consumed == 2)
    printer.set_fault("near_end_halts", True)
    printer.receive(b"B\n")
    time.sleep(0.05)
    assert printer.consumed == 2


def test_paper_upside_down_comes_out_blank_and_nobody_knows(printer):
    printer.set_fault("blank", True)
    printer.receive(b"A\n\x1dVB\x00\x1dr\x01" + ASK)
    until(lambda: printer.receipts)
    assert not printer.receipts[0].page.any()
    assert printer.receipts[0].page.shape[0] > 24
    assert printer.receipts[0].text == ""
    assert sorted(printer.replies(0.5)) == [0x00, 0x12]


def test_power_off_forgets_everything_but_the_paper(printer):
    printer.receive(b"kept\n\x1da\xff")
    until(lambda: printer.consumed == 8)
    printer.set_fault("paused", True)
    printer.receive(b"lost\n")
    printer.power_cycle(0.1)
    assert "off" in printer.faults
    assert printer.receive(ASK) == 3
    until(lambda: "off" not in printer.faults, 1.0)
    printer.replies(0)
    printer.set_fault("paused", False)
    assert printer.replies(0.05) == b""  # automatic status is off again
    printer.receive(b"new\n\x1dVB\x00")
    until(lambda: printer.receipts)
    assert printer.receipts[0].text == "kept\nnew"


# -- the serial line -----------------------------------------------------------------------------


def test_the_right_settings_are_answered_and_wrong_ones_are_not(port):
    assert answers_at(port, 38400) == b"\x12"
    for baud in (115200, 19200, 9600):
        assert b"\x12" not in answers_at(port, baud, seconds=0.1)
    assert answers_at(port, 38400, xonxoff=False, seconds=0.1) == b""
    port.speed, port.xonxoff = 9600, False
    assert answers_at(port, 9600, xonxoff=False) == b"\x12"


def test_what_is_sent_unasked_arrives_as_garbage_at_the_wrong_speed(port, printer):
    link = SerialLink(str(port.link), 115200, xonxoff=True)
    link.write(b"\x00")  # the line settings reach the terminal
    printer.say(b"\x10\x00\x00\x0f")
    said = heard(link, 4, 0.3)
    link.close()
    assert said
    assert said != b"\x10\x00\x00\x0f"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_a_line_both_ends_agree_on_changes_nothing(data):
    assert garbled(data, 19200, 19200) == data


def test_garbling_follows_the_bits_on_the_wire():
    """At half the speed two bits fall into one; at twice the speed each is seen twice."""
    assert garbled(b"\x00", 38400, 19200) == b"\xf8"
    assert len(garbled(b"U" * 10, 9600, 19200)) > 10
    assert garbled(b"", 9600, 38400) == b""


def test_the_port_vanishes_and_returns_under_another_name(port):
    held = os.openpty()  # takes the name that has become free
    before = str(port.link.readlink())
    link = SerialLink(str(port.link), 38400, xonxoff=True)
    port.pull()
    with pytest.raises(LinkError) as caught:
        for _ in range(20):
            link.read(0.05)
    assert caught.value.code == "PORT_GONE"
    assert not port.link.is_symlink()
    blocker = os.openpty()
    port.plug()
    assert str(port.link.readlink()) != before or os.ttyname(blocker[1]) == before
    link.close()
    assert answers_at(port, 38400) == b"\x12"
    for each in (*held, *blocker):
        os.close(each)


def test_a_port_held_by_another_program_is_not_opened_twice(port):
    holder = serial.Serial(str(port.link), 38400, exclusive=True)
    with pytest.raises(LinkError) as caught:
        SerialLink(str(port.link), 38400, xonxoff=True)
    assert caught.value.code == "PORT_BUSY"
    holder.close()


def test_a_full_printer_stops_the_line(port, printer):
    port.speed = 0  # as on USB
    printer.set_fault("cover_open", True)
    link = os.open(port.path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    sent = 0
    with pytest.raises(BlockingIOError):
        for _ in range(100):
            sent += os.write(link, b"A" * 1024)
            time.sleep(0.005)
    assert BUFFER <= sent < 40_000
    termios.tcflush(link, termios.TCOFLUSH)
    os.close(link)


@pytest.mark.parametrize("speed", [38400, 115200])
def test_a_paced_line_carries_what_its_speed_allows(printer, tmp_path, speed):
    """printing.md §4: 3 787 bytes take 1.0 s at 38400 and 0.33 s at 115200."""
    port = PtyPort(printer, tmp_path / "slow", speed=speed, paced=True)
    link = SerialLink(str(port.link), speed, xonxoff=True)
    began = time.monotonic()
    link.write(b"A" * 3_787)
    until(lambda: printer.consumed == 3_787)
    took = time.monotonic() - began
    link.close()
    port.stop()
    assert took > 3_787 * 10 / speed * 0.95
    assert took < 3_787 * 10 / speed * 2 + 0.3


# -- the network and the control port ------------------------------------------------------------


@pytest.fixture
def server(printer):
    served = PrinterServer(printer, port=0)
    served.start()
    yield served
    served.stop()


def test_a_pulled_network_cable_answers_nobody_until_it_is_back(server):
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        until(lambda: server._current is not None)
        server.pull()
        assert line.recv(1) == b""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    server.plug()
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(ASK)
        assert line.recv(1) == b"\x12"


def test_a_printer_in_use_by_another_hangs_up(server):
    server.jealous = True
    with socket.create_connection(("127.0.0.1", server.port)) as line, pytest.raises(OSError):
        line.recv(1)
        line.sendall(ASK)
        line.recv(1)
        raise ConnectionResetError("closed without a word")


@pytest.fixture
def control(port):
    served = ControlServer(port)
    served.start()
    yield served
    served.stop()


def orders(control, *wanted):
    with socket.create_connection(("127.0.0.1", control.port)) as line:
        file = line.makefile("rw", encoding="utf-8")
        replies = []
        for order in wanted:
            file.write(json.dumps(order) + "\n")
            file.flush()
            replies.append(json.loads(file.readline()))
    return replies


def test_every_fault_can_be_ordered(control):
    for fault in FAULTS:
        on, off = orders(control, {"fault": fault, "on": True}, {"fault": fault, "on": False})
        assert (on, off) == ({"faults": [fault]}, {"faults": []})


def test_all_other_orders(control, port, printer):
    said = orders(
        control,
        {"plan": "cutter", "after": 2}, {"paper_mm": 50, "near_mm": 10}, {"rate": 5000},
        {"speed": 9600, "xonxoff": False}, {"plugged": False}, {"plugged": True},
        {"unplug": True}, {"power_cycle": 0.05}, {"power_cycle": True}, {"say": "1f"},
        {"state": True},
    )  # fmt: skip
    assert all("error" not in each for each in said)
    assert (port.speed, port.xonxoff, printer.rate) == (9600, False, 5000)
    assert port.plugged
    assert said[-1]["beeper"] == "quiet"
    assert said[-1]["paper_left_mm"] == pytest.approx(50, abs=0.2)


@pytest.mark.parametrize(
    "order",
    [
        {}, {"fault": "fire", "on": True}, {"fault": "hot"}, {"plan": "fire", "after": 1},
        {"rate": "fast"}, {"say": "xx"}, {"jealous": True}, {"fault": "hot", "on": True,
        "seconds": "long"}, {"power_cycle": "now"}, [], "hot",
    ],
)  # fmt: skip
def test_nonsense_is_answered_with_what_is_known(control, order):
    (said,) = orders(control, order)
    assert set(said) == {"error", "faults_known", "orders_known"}
