"""docs/agent-protocol.md §7: devices that come and go, network search, drawers, scanners."""

import asyncio
import json
import os
import secrets
import threading
import time
import tty

import pytest

from guitai_agent.app import Agent, Options
from guitai_agent.drivers.network import Found
from guitai_agent.drivers.ports import Device
from guitai_agent.service.handler import Peer
from guitai_agent.tests.rig import QUICK, PtyPrinter, new_printer, until

OWNER = "http://127.0.0.1:1"
NETWORK = Device("tcp:10.0.0.9:9100", "tcp", "Epson TM-m30III（10.0.0.9）", "10.0.0.9:9100",
                 "TM-m30III")  # fmt: skip


class Counter:
    """A shop's PC: an agent whose ports are whatever is in ``present``, and one owner asking."""

    def __init__(self, folder, device=""):
        self.present, self.events = [], []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.agent = Agent(
            Options(folder, device, ports=(0,), timings=QUICK, finder=lambda: list(self.present))
        )
        self._run(self.agent.start())
        self.peer = Peer(OWNER, self.events.append, owner_origin=True)
        self.agent.handler.join(self.peer)
        assert self.ask("auth", token=self.agent.page_token)["ok"]
        self.till = Peer("relay:test", lambda news: None)
        self.agent.handler.join(self.till)
        self.agent.handler.welcome(self.till)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def ask(self, kind, *, by=None, **fields):
        request = {"v": 1, "id": secrets.token_hex(4), "type": kind, **fields}
        return self.agent.handler.handle(by or self.peer, json.dumps(request))

    def open_drawer(self, **fields):
        """As a till page does; the owner may not."""
        return self.ask("drawer.open", by=self.till, **fields)["ok"]

    def error(self, kind, **fields):
        return self.ask(kind, **fields)["error"]["code"]

    def told(self, kind):
        return [event for event in self.events if event["type"] == kind]

    @property
    def report(self):
        return self.agent.worker.report

    def stop(self):
        self._run(self.agent.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def counters(tmp_path):
    running = []

    def start(device=""):
        for earlier in running:
            earlier.stop()
        running[:] = [Counter(tmp_path / "data", device)]
        return running[0]

    yield start
    for counter in running:
        counter.stop()


@pytest.fixture
def printer():
    device = new_printer()
    yield device
    device.close()


def at(pty, serial="A1"):
    return Device(f"usb:0d3a:0400:{serial}", "usb", "Posiflex PP-8800", pty.path, "PP-8800",
                  0x0D3A, 0x0400, serial)  # fmt: skip


def within_a_second(condition):
    until(condition, seconds=1.0)


def test_plugging_and_unplugging_is_noticed_within_a_second(counters, printer):
    counter = counters()
    first = PtyPrinter(printer)
    time.sleep(0.6)
    assert counter.report.code == "NO_PRINTER"
    counter.present.append(at(first))
    within_a_second(lambda: counter.told("device.added") and counter.report.online)
    assert counter.told("device.added")[0]["device"]["id"] == "usb:0d3a:0400:A1"
    counter.present.clear()
    first.vanish()
    within_a_second(lambda: counter.told("device.removed") and counter.report.link == "down")
    second = PtyPrinter(printer)  # the same printer on another port
    counter.present.append(at(second))
    within_a_second(lambda: counter.report.online)
    assert counter.report.device.port == second.path
    assert counter.ask("device.list")["devices"][0]["selected"]


def test_the_chosen_one_of_two_is_waited_for(counters, printer):
    counter = counters()
    pty = PtyPrinter(printer)
    other = Device("usb:0d3a:0400:B2", "usb", "Posiflex", "/dev/ttyNONE", "PP-8800", 0x0D3A,
                   0x0400, "B2")  # fmt: skip
    counter.present += [at(pty), other]
    within_a_second(lambda: counter.report.online)
    assert counter.ask("device.select", device_id="usb:0d3a:0400:B2")["ok"]
    counter.present.remove(other)
    until(lambda: counter.report.code == "NO_PRINTER")
    time.sleep(0.6)
    assert counter.report.link == "down"  # the other one is there and stays untouched
    listed = counter.ask("device.list")
    assert listed["chosen"] == {"device_id": "usb:0d3a:0400:B2", "present": False}
    assert counter.ask("device.select", device_id="usb:0d3a:0400:A1")["ok"]
    until(lambda: counter.report.online)
    assert counter.ask("device.list")["chosen"]["present"]


def test_who_chose_a_wrong_port_finds_the_way_back(counters, printer):
    """What was chosen is marked, though it never answers: the other one can be chosen again."""
    counter = counters()
    pty = PtyPrinter(printer)
    wrong = Device("serial:/dev/ttyNONE", "serial", "/dev/ttyNONE", "/dev/ttyNONE", "PP-8800")
    counter.present += [at(pty), wrong]
    until(lambda: counter.report.online)
    assert marked(counter) == ["usb:0d3a:0400:A1"]
    assert counter.ask("device.select", device_id=wrong.id)["ok"]
    until(lambda: not counter.report.online)
    assert marked(counter) == [wrong.id]
    assert counter.ask("device.select", device_id="usb:0d3a:0400:A1")["ok"]
    until(lambda: counter.report.online)
    assert marked(counter) == ["usb:0d3a:0400:A1"]


def marked(counter):
    return [row["id"] for row in counter.ask("device.list")["devices"] if row["selected"]]


def test_reset_closes_clears_probes_and_opens(counters, printer):
    counter = counters()
    pty = PtyPrinter(printer)
    counter.present.append(at(pty))
    until(lambda: counter.report.online)
    opener, since = counter.agent.opener, counter.report.since
    assert opener.lines == {"usb:0d3a:0400:A1": (38400, True)}
    time.sleep(0.01)
    before = printer.consumed
    assert counter.ask("device.reset")["ok"]
    until(lambda: counter.report.online and counter.report.since > since)
    assert printer.consumed > before + 4096  # the clearing of half a picture
    until(lambda: opener.lines == {"usb:0d3a:0400:A1": (38400, True)})
    kept = json.loads((counter.agent.settings._path).read_text())
    assert kept["devices"]["usb:0d3a:0400:A1"]["line"] == [38400, True]


def test_each_device_has_its_own_drawer(counters):
    counter = counters("virtual")
    until(lambda: counter.report.online)
    pins = []
    counter.agent.virtual.interpreter.on_drawer = pins.append
    assert counter.open_drawer()
    until(lambda: pins == [1])  # CRA of a Posiflex is pin 1
    assert counter.ask("device.select", device_id="virtual", drawer=2)["ok"]
    until(lambda: counter.report.online)
    listed = counter.ask("device.list")["devices"][0]
    assert (listed["drawer"], listed["drawers"]) == (2, 2)
    until(counter.open_drawer)
    until(lambda: pins[-1] == 0)
    assert counter.open_drawer(drawer=1)
    until(lambda: pins[-1] == 1)
    assert counter.error("device.select", device_id="virtual", drawer=3) == "malformed"


def test_what_the_network_search_finds_can_be_chosen_and_is_remembered(counters):
    counter = counters()
    busy = Device("tcp:10.0.0.7:9100", "tcp", "10.0.0.7:9100", "10.0.0.7:9100", "generic-80")
    asked = []
    counter.agent.handler.devices.search = lambda skip: (
        asked.append(list(skip)) or [Found(NETWORK, True), Found(busy, False)]
    )
    found = counter.ask("device.scan")["devices"]
    assert [(row["id"], row["profile"], row["answered"]) for row in found] == [
        (NETWORK.id, "TM-m30III", True), (busy.id, "generic-80", False),
    ]  # fmt: skip
    assert asked == [[]]
    assert not any(row["selected"] or row["recognised"] for row in found)
    assert {row["id"] for row in counter.ask("device.list")["devices"]} == {NETWORK.id, busy.id}
    assert counter.ask("device.select", device_id=NETWORK.id)["ok"]
    again = counters()
    assert again.agent.opener.current() == NETWORK
    assert [row["name"] for row in again.ask("device.list")["devices"]] == [NETWORK.name]
    # It does not answer this time: what was known of it stays.
    silent = Device(NETWORK.id, "tcp", NETWORK.port, NETWORK.port, "generic-80")
    again.agent.handler.devices.search = lambda skip: [Found(silent, False)]
    (row,) = again.ask("device.scan")["devices"]
    assert (row["name"], row["profile"], row["answered"]) == (NETWORK.name, "TM-m30III", False)


def test_a_search_leaves_the_printer_in_use_alone(counters, printer):
    from guitai_agent.virtual.server import PrinterServer

    server = PrinterServer(printer, port=0)
    server.start()
    counter = counters()
    address = f"127.0.0.1:{server.port}"
    assert counter.ask("device.select", device_id=f"tcp:{address}", profile="PP-8800")["ok"]
    until(lambda: counter.report.online)
    skipped = []
    counter.agent.handler.devices.search = lambda skip: skipped.extend(skip) or []
    (row,) = counter.ask("device.scan")["devices"]
    assert skipped == [address]
    assert row["selected"] and row["answered"]
    server.stop()


class Gun:
    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.slave, self.path = slave, os.ttyname(slave)
        self.device = Device("usb:05f9:4204:G", "serial", "掃描器", self.path, "generic-80",
                             0x05F9, 0x4204, "G")  # fmt: skip


def test_a_scanner_is_read_and_remembered(counters):
    counter, gun = counters(), Gun()
    counter.present.append(gun.device)
    chosen = counter.ask("scanner.select", device_id=gun.device.id, baud=19200)
    assert chosen["scanner"]["device_id"] == gun.device.id
    scanner = counter.agent.handler.devices.scanner
    until(lambda: scanner.report.state == "up")
    os.write(gun.master, b"AB12345678\r\n")
    until(lambda: counter.told("scanner.data"))
    news = counter.told("scanner.data")[0]
    assert news["text"] == "AB12345678" and news["device"]["id"] == gun.device.id
    until(lambda: counter.ask("device.list")["scanner"]["read"] == 1)
    again = counters()
    again.present.append(gun.device)
    until(lambda: again.agent.handler.devices.scanner.report.state == "up")
    assert again.ask("device.list")["scanner"]["baud"] == 19200
    assert again.ask("scanner.select", device_id="")["scanner"]["state"] == "off"


def test_strangers_hear_no_codes(counters):
    counter, gun, heard = counters(), Gun(), []
    stranger = Peer("https://evil.example", heard.append)
    counter.agent.handler.join(stranger)
    counter.present.append(gun.device)
    counter.ask("scanner.select", device_id=gun.device.id)
    until(lambda: counter.agent.handler.devices.scanner.report.state == "up")
    os.write(gun.master, b"SECRET\r")
    until(lambda: counter.told("scanner.data"))
    assert heard == []


def test_one_port_is_either_printer_or_scanner(counters, printer):
    counter, gun, pty = counters(), Gun(), PtyPrinter(printer)
    counter.present += [at(pty), gun.device]
    until(lambda: counter.report.online)
    assert counter.error("scanner.select", device_id="usb:0d3a:0400:A1") == "device_in_use"
    assert counter.ask("scanner.select", device_id=gun.device.id)["ok"]
    assert counter.error("device.select", device_id=gun.device.id) == "device_in_use"
    assert counter.error("scanner.select", device_id="virtual") == "unknown_device"
    assert counter.error("scanner.select", device_id="usb:1:2:3") == "unknown_device"
    assert counter.error("scanner.select", device_id=gun.device.id, baud=12345) == "malformed"
    assert counter.report.online


def test_an_absent_chosen_printer_keeps_its_port(counters, printer):
    counter, pty = counters(), PtyPrinter(printer)
    counter.present.append(at(pty))
    assert counter.ask("device.select", device_id="usb:0d3a:0400:A1")["ok"]
    counter.present.clear()
    assert counter.error("scanner.select", device_id="usb:0d3a:0400:A1") == "unknown_device"
