"""``guitai-agent virtual-printer`` on a serial line, as a person breaks it by hand."""

import json
import socket
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from guitai_agent.cli import app
from guitai_agent.drivers.serialport import SerialLink


@pytest.fixture
def running(tmp_path):
    command = [
        sys.executable, "-m", "guitai_agent", "virtual-printer", "--receipts", str(tmp_path / "r"),
        "--pty", str(tmp_path / "com"), "--speed", "19200",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield tmp_path / "com", json.loads(process.stdout.readline())
    process.terminate()
    assert process.wait(10) == 0
    assert not (tmp_path / "com").is_symlink()


def asked(path, baud):
    link = SerialLink(str(path), baud, xonxoff=True)
    link.write(b"\x10\x04\x01")
    end, said = time.monotonic() + 0.5, b""
    while not said and time.monotonic() < end:
        said = link.read(0.1)
    link.close()
    return said


def test_it_answers_at_its_speed_and_obeys(running):
    path, where = running
    assert where["pty"] == str(path)
    assert asked(path, 19200) == b"\x12"
    assert asked(path, 38400) != b"\x12"
    with socket.create_connection(("127.0.0.1", where["control_port"])) as control:
        control.sendall(b'{"fault": "paper_end", "on": true, "state": true}\n')
        said = json.loads(control.makefile().readline())
    assert (said["faults"], said["beeper"]) == (["paper_end"], "continuous")
    assert asked(path, 19200) == b"\x1a"


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "com").write_text("mine")
    command = ["virtual-printer", "--receipts", str(tmp_path / "r"), "--pty", str(tmp_path / "com")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "不覆蓋" in result.output
    assert (tmp_path / "com").read_text() == "mine"
