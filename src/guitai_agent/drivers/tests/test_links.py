"""Serial on a pty, TCP on the emulator, USB by a fake tree: the same jobs over real descriptors."""

import os
import threading
import time
from types import SimpleNamespace

import pytest

from guitai_agent.drivers import discovery
from guitai_agent.drivers.discovery import (
    Watch,
    check_reachable_by_page,
    parse_target,
    serial_devices,
    usb_lp_devices,
)
from guitai_agent.drivers.opening import DeviceOpener, answers
from guitai_agent.drivers.ports import Device
from guitai_agent.drivers.serialport import SerialLink
from guitai_agent.drivers.stream import DescriptorLink, TcpLink, UsbLpLink
from guitai_agent.errors import AgentError, LinkError
from guitai_agent.tests.rig import (
    PtyPrinter,
    Shop,
    new_printer,
    number_on,
    open_pty,
    until,
)
from guitai_agent.virtual.control import ControlServer
from guitai_agent.virtual.server import PrinterServer

ID, NEXT = "job-AB10000001", "job-AB10000002"


@pytest.fixture
def printer():
    device = new_printer()
    yield device
    device.close()


@pytest.fixture
def pty(printer):
    port = PtyPrinter(printer)
    yield port
    if not port._gone.is_set():
        port.vanish()


@pytest.fixture
def server(printer):
    served = PrinterServer(printer, port=0)
    served.start()
    yield served
    served.stop()


def tcp_opener(port):
    opener = DeviceOpener(list)
    opener.choose(f"tcp:127.0.0.1:{port}", "PP-8800")
    return opener


def numbers(printer):
    return [n for receipt in printer.receipts if (n := number_on(receipt.page))]


@pytest.fixture
def over(request, tmp_path, printer):
    """A shop over the named kind of line."""
    line = request.getfixturevalue({"serial": "pty", "tcp": "server"}[request.param])
    opener = open_pty(line) if request.param == "serial" else tcp_opener(line.port)
    shop = Shop(tmp_path, opener).start()
    until(lambda: shop.worker.report.link == "up")
    yield SimpleNamespace(shop=shop, line=line, kind=request.param)
    shop.stop()


both = pytest.mark.parametrize("over", ["serial", "tcp"], indirect=True)


@both
def test_a_job_goes_through(over, printer):
    over.shop.submit(ID)
    over.shop.wait(ID, "done")
    assert numbers(printer) == ["10000001"]


@both
def test_paper_end_before_and_during(over, printer):
    printer.set_fault("paper_end", True)
    until(lambda: over.shop.worker.report.code == "PAPER_END")
    over.shop.submit(ID)
    assert over.shop.wait(ID, "waiting").reason == "PAPER_END"
    printer.set_fault("paper_end", False)
    over.shop.wait(ID, "done")
    printer.rate = 20_000
    printer.plan_fault("paper_end", 1500)
    over.shop.submit(NEXT)
    assert over.shop.wait(NEXT, "uncertain").reason == "PAPER_END"
    printer.rate = 0
    printer.set_fault("paper_end", False)
    until(lambda: over.shop.worker.report.online)
    time.sleep(0.2)
    assert numbers(printer) == ["10000001"]


def test_serial_port_vanishing_during_a_job(tmp_path, printer, pty):
    ways = [open_pty(pty)]
    shop = Shop(tmp_path, lambda: ways[-1]()).start()
    printer.rate = 10_000
    shop.submit(ID)
    until(lambda: printer.consumed > 400)
    pty.vanish()
    assert shop.wait(ID, "uncertain").reason == "PORT_GONE"
    shop.submit(NEXT)
    shop.wait(NEXT, "waiting")
    printer.rate = 0
    again = PtyPrinter(printer)
    ways.append(open_pty(again))
    shop.wait(NEXT, "done")
    assert numbers(printer).count("10000001") <= 1
    assert numbers(printer)[-1] == "10000002"
    shop.stop()
    again.vanish()


def test_network_cable_pulled_during_a_job(tmp_path, printer, server):
    shop = Shop(tmp_path, tcp_opener(server.port)).start()
    printer.rate = 10_000
    shop.submit(ID)
    until(lambda: printer.consumed > 400)
    server.drop_connection()
    assert shop.wait(ID, "uncertain").reason == "PORT_GONE"
    printer.rate = 0
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    assert numbers(printer)[-1] == "10000002"
    shop.stop()


def test_no_network_printer_is_waited_for(tmp_path, printer):
    probe = PrinterServer(printer, port=0)
    probe.start()
    port = probe.port
    probe.stop()
    shop = Shop(tmp_path, tcp_opener(port)).start()
    shop.submit(ID)
    assert shop.wait(ID, "waiting").reason == "NO_PRINTER"
    served = PrinterServer(printer, port=port)
    served.start()
    shop.wait(ID, "done")
    shop.stop()
    served.stop()


def test_second_opener_of_a_serial_port_is_told_it_is_busy(pty):
    first = SerialLink(pty.path, 38400, xonxoff=True)
    with pytest.raises(LinkError) as caught:
        SerialLink(pty.path, 38400, xonxoff=True)
    assert caught.value.code == "PORT_BUSY"
    first.close()
    with pytest.raises(LinkError) as caught:
        SerialLink("/dev/ttyNONE", 9600, xonxoff=False)
    assert caught.value.code == "NO_PRINTER"


def test_status_round_trip_is_fast(pty):
    """``read(64)`` would wait its whole time-out: 50 ms instead of about one (printing.md §7)."""
    link = SerialLink(pty.path, 38400, xonxoff=True)
    began = time.monotonic()
    for _ in range(10):
        assert answers(link)
    assert (time.monotonic() - began) / 10 < 0.04
    link.close()


def test_probing_tries_speeds_in_order_and_remembers(printer):
    tried = []

    class Line:
        def __init__(self, port, baud, *, xonxoff):
            tried.append((baud, xonxoff))
            self.right = (baud, xonxoff) == (19200, False)

        def write(self, data):
            self.asked = data

        def read(self, timeout):
            return b"\x16" if self.right else b""

        def cancel_write(self):
            pass

        def close(self):
            pass

    device = Device("usb:0d3a:0300:X", "usb", "Posiflex", "COM7", "PP-8800", 0x0D3A, 0x0300)
    opener = DeviceOpener(lambda: [device], open_serial=Line)
    assert opener().device == device
    speeds = [38400, 115200, 19200]
    assert tried == [(baud, flow) for baud in speeds for flow in (True, False)]
    tried.clear()
    opener()
    assert tried == [(19200, False)]


def test_silence_on_every_speed_is_named():
    class Dumb:
        def __init__(self, *args, **kwargs):
            pass

        def write(self, data):
            pass

        def read(self, timeout):
            return b""

        def close(self):
            pass

    device = Device("usb:0d3a:0300:X", "usb", "Posiflex", "COM7", "PP-8800", 0x0D3A)
    with pytest.raises(LinkError) as caught:
        DeviceOpener(lambda: [device], open_serial=Dumb)()
    assert caught.value.code == "PRN_SILENT"


def port(device, vid=None, pid=None, serial=None, location=None, product=None):
    return SimpleNamespace(
        device=device, vid=vid, pid=pid, serial_number=serial, location=location,
        description=product or "n/a", product=product, manufacturer=None,
    )  # fmt: skip


def test_identity_survives_another_com_number():
    before = serial_devices([port("COM3", 0x0D3A, 0x0400, serial="A1")])
    after = serial_devices([port("COM9", 0x0D3A, 0x0400, serial="A1")])
    assert before[0].id == after[0].id == "usb:0d3a:0400:A1"
    assert before[0].kind == "usb"
    assert before[0].profile == "PP-8800"
    by_place = serial_devices([port("/dev/ttyUSB0", 0x0D3A, 0x0300, location="1-2")])
    assert by_place[0].id == "usb:0d3a:0300:@1-2"
    plain, other = serial_devices([port("/dev/ttyS0"), port("/dev/ttyACM0", 0x2341, 1)])
    assert (plain.kind, plain.id, other.kind) == ("serial", "serial:/dev/ttyS0", "serial")


def test_usb_printer_class_devices_from_sysfs(tmp_path):
    usb = tmp_path / "usb1" / "1-1"
    (usb / "1-1:1.0").mkdir(parents=True)
    for name, text in (("idVendor", "0d3a\n"), ("idProduct", "0400\n"), ("serial", "Z9\n")):
        (usb / name).write_text(text)
    entry = tmp_path / "usbmisc" / "lp0"
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(usb / "1-1:1.0")
    (device,) = usb_lp_devices(tmp_path / "usbmisc")
    assert (device.id, device.port, device.profile) == (
        "usblp:0d3a:0400:Z9", "/dev/usb/lp0", "PP-8800",
    )  # fmt: skip
    assert usb_lp_devices(tmp_path / "none") == []


def test_first_known_printer_is_taken_and_the_chosen_one_waited_for():
    usb = Device("usb:0d3a:0300:X", "usb", "Posiflex", "COM7", "PP-8800", 0x0D3A)
    plain = Device("serial:COM1", "serial", "COM1", "COM1", "generic-80")
    assert DeviceOpener(lambda: [plain, usb]).current() == usb
    with pytest.raises(LinkError) as caught:
        DeviceOpener(lambda: [plain]).current()
    assert caught.value.code == "NO_PRINTER"
    chosen = DeviceOpener(lambda: [plain, usb])
    chosen.choose(plain.id, "TM-T88")
    assert chosen.current().profile == "TM-T88"


def test_hot_plug_is_seen_with_an_injected_list():
    present = []
    watch = Watch(lambda: present)
    assert watch.look() == ([], [])
    device = serial_devices([port("COM3", 0x0D3A, 0x0400, serial="A1")])[0]
    present.append(device)
    assert watch.look() == ([device], [])
    present.clear()
    assert watch.look() == ([], [device])


@pytest.mark.parametrize(
    "text", ["", "tcp:", "tcp:host:0", "tcp:host:99999", "tcp:h:x", "ftp:x", "serial:", "usb:x"]
)
def test_bad_targets_are_refused(text):
    with pytest.raises(AgentError) as caught:
        parse_target(text)
    assert caught.value.code == "unknown_device"


def test_targets():
    assert parse_target("tcp:192.168.1.50").port == "192.168.1.50:9100"
    assert parse_target("tcp:[::1]:9101").port == "[::1]:9101"
    assert parse_target("serial:/dev/ttyUSB0").kind == "serial"
    assert parse_target("usb:/dev/usb/lp0").kind == "usblp"
    assert parse_target("virtual", "PP-8800").profile == "PP-8800"
    with pytest.raises(AgentError):
        parse_target("virtual", "PP-1")


@pytest.mark.parametrize(
    "address, fine",
    [
        ("192.168.1.50", True), ("10.0.0.9", True), ("127.0.0.1", True), ("169.254.1.1", True),
        ("8.8.8.8", False), ("printer.example", False), ("[2001:4860:4860::8888]", False),
    ],
)  # fmt: skip
def test_a_page_may_only_name_private_network_printers(address, fine):
    device = parse_target(f"tcp:{address}:9100")
    if fine:
        check_reachable_by_page(device)
        return
    with pytest.raises(AgentError):
        check_reachable_by_page(device)


def test_system_listing_works_on_this_machine():
    assert isinstance(discovery.system_devices(), list)


def test_blocked_writer_is_woken(printer):
    ours, theirs = os.pipe()
    link = DescriptorLink(theirs)
    writer = threading.Thread(target=link.write, args=(b"x" * 1_000_000,))
    writer.start()
    time.sleep(0.05)
    assert writer.is_alive()
    link.cancel_write()
    writer.join(1)
    assert not writer.is_alive()
    link.close()
    os.close(ours)


def test_usb_lp_reads_nothing_as_nothing_yet(tmp_path):
    fifo = tmp_path / "lp0"
    os.mkfifo(fifo)
    link = UsbLpLink(str(fifo))
    assert link.read(0.01) == b""
    link.write(b"abc")
    assert link.read(0.1) == b"abc"
    fifo.unlink()
    with pytest.raises(LinkError) as caught:
        link.read(0.01)
    assert caught.value.code == "PORT_GONE"
    link.close()
    with pytest.raises(LinkError):
        UsbLpLink(str(tmp_path / "lp7"))


def test_control_port_trips_sensors_and_survives_nonsense(server, printer):
    control = ControlServer(server)
    control.start()
    link = TcpLink("127.0.0.1", control.port)
    link.write(b'{"fault": "paper_end", "on": true}\n{"fault": "x", "on": true}\nnonsense\n')
    said = bytearray()
    while said.count(b"\n") < 3:
        said += link.read(2.0)
    answers_given = said.decode().splitlines()
    assert answers_given[0] == '{"faults": ["paper_end"]}'
    assert all("error" in line for line in answers_given[1:])
    link.close()
    control.stop()
    assert printer.faults == {"paper_end"}
