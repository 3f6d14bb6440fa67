"""``guitai-agent devices`` with and without an agent running."""

import asyncio
import json
import threading

import pytest
from typer.testing import CliRunner

from guitai_agent import cli_devices
from guitai_agent.app import Agent, Options
from guitai_agent.cli import app
from guitai_agent.drivers.network import Found
from guitai_agent.drivers.pnp import UsbPresence
from guitai_agent.drivers.ports import Device
from guitai_agent.tests.rig import QUICK

PRINTER = Device("usb:0d3a:0400:A1", "usb", "Posiflex PP-8800", "COM7", "PP-8800", 0x0D3A,
                 0x0400, "A1")  # fmt: skip
NETWORK = Device("tcp:10.0.0.9:9100", "tcp", "Epson TM-m30III（10.0.0.9）", "10.0.0.9:9100",
                 "TM-m30III")  # fmt: skip


@pytest.fixture
def machine(monkeypatch):
    """A PC with one printer and another that has no driver."""
    bare = UsbPresence(0x0D3A, 0x0300, "", "1-2", "", 28, "none")
    mouse = UsbPresence(0x046D, 0xC077, "", "1-4", "usbhid", None, "hid")
    monkeypatch.setattr(cli_devices, "system_devices", lambda: [PRINTER])
    monkeypatch.setattr(cli_devices, "presences", lambda: [bare, mouse])
    found = [Found(NETWORK, True)]
    monkeypatch.setattr(cli_devices, "NetworkSearch", lambda: lambda: found)


def call(*arguments):
    result = CliRunner().invoke(app, ["devices", *arguments], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout


def test_without_an_agent_the_system_is_listed(machine, tmp_path):
    code, text = call("--data", str(tmp_path))
    assert code == 0
    for word in ("usb:0d3a:0400:A1", "COM7", "0d3a:0300", "未安裝驅動", "28", "列印程式未執行"):
        assert word in text
    assert "046d" not in text  # a mouse is of no interest here


def test_scan_adds_the_network(machine, tmp_path):
    code, text = call("--data", str(tmp_path), "--scan", "--json")
    told = json.loads(text)
    assert (code, told["running"]) == (0, False)
    assert [row["id"] for row in told["devices"]] == [PRINTER.id, NETWORK.id]
    assert [each["problem"] for each in told["usb"]] == [28, None]


def test_a_running_agent_is_asked(machine, tmp_path):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    agent = Agent(Options(tmp_path, "virtual", ports=(0,), timings=QUICK, finder=list))
    asyncio.run_coroutine_threadsafe(agent.start(), loop).result(20)
    agent.handler.devices.search = lambda skip: [Found(NETWORK, True)]
    code, text = call("--data", str(tmp_path), "--scan", "--json")
    asyncio.run_coroutine_threadsafe(agent.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    told = json.loads(text)
    assert (code, told["running"]) == (0, True)
    assert {row["id"] for row in told["devices"]} == {"virtual", NETWORK.id}
