"""The command line as a person and as ``make demo`` use it."""

import errno
import json
import re
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from guitai_agent.app import Agent, Options
from guitai_agent.cli import app
from guitai_agent.client import Refused
from guitai_agent.knowledge import remedy
from guitai_agent.tests.rig import until

COMMANDS = ("run", "status", "pair-code", "test-print", "profiles", "virtual-printer", "version")


def call(*arguments):
    """The CLI in this process: (exit code, output and errors)."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_chinese(command):
    code, text = call(command, "--help")
    assert code == 0
    assert any("\u4e00" <= char <= "\u9fff" for char in text)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def running(tmp_path, free_port):
    """The agent as ``make demo`` starts it."""
    pair_file = tmp_path / "pair.json"
    command = [
        sys.executable, "-m", "guitai_agent", "run", "--data", str(tmp_path / "data"),
        "--device", "virtual", "--receipts", str(tmp_path / "receipts"),
        "--port", str(free_port), "--pair-file", str(pair_file), "--quiet",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(pair_file.exists, 60)
    yield tmp_path, json.loads(pair_file.read_text())
    process.terminate()
    assert process.wait(60) == 0


def test_the_demo_flow(running, free_port):
    folder, told = running
    data = str(folder / "data")
    assert told["port"] == free_port
    assert len(told["code"]) == 6
    code, text = call("test-print", "--data", data)
    assert (code, text) == (0, "已印好\n")
    until((folder / "receipts" / "0001.png").exists)
    code, text = call("pair-code", "--data", data)
    assert (code, "配對碼" in text) == (0, True)
    code, text = call("status", "--data", data, "--json")
    assert code == 0
    assert json.loads(text)["printer"]["code"] == "OK"
    code, text = call("status", "--data", data)
    assert (code, "已印好" in text, "測試" in text) == (0, True, True)
    assert not re.search("done|selftest|bytes|T[0-9]{2}:", text)
    here = datetime.now(timezone(timedelta(hours=8)))
    assert here.strftime("%m-%d") in text or here.hour == 0  # the day may have changed just now


def test_a_second_agent_on_the_folder_is_refused(running):
    folder, _ = running
    code, text = call("run", "--data", str(folder / "data"), "--device", "virtual")
    assert code == 4
    assert "另一個列印程式" in text


@pytest.mark.parametrize("command", ["status", "pair-code", "test-print"])
def test_commands_say_when_no_agent_runs(tmp_path, command):
    code, text = call(command, "--data", str(tmp_path))
    assert code == 5
    assert "未執行" in text


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("--device", "parallel:lpt1"), 2),
        (("--device", "virtual", "--profile", "PP-1"), 2),
        (("--allow-origin", "https://shop.example"), 2),
        (("--allow-origin", "shop.example", "--preshared-token-file", "t"), 2),
    ],
)
def test_bad_options_are_refused_with_a_sentence(tmp_path, arguments, code):
    got, text = call("run", "--data", str(tmp_path), *arguments)
    assert got == code
    assert text.strip()


@pytest.mark.parametrize(
    "command",
    [("run", "--port"), ("run", "--till-port"), ("virtual-printer", "--port"),
     ("virtual-printer", "--control-port")],
)  # fmt: skip
@pytest.mark.parametrize("number", ["99999", "65536", "-1"])
def test_a_port_that_no_computer_has_is_refused_with_what_there_is(tmp_path, command, number):
    where = ("--data", str(tmp_path / "data")) if command[0] == "run" else ()
    code, text = call(*command, number, *where)
    assert code == 2 and "Traceback" not in text
    assert f"沒有 {number} 這個埠；可用 1 到 65535。" in text
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["run", "virtual-printer"])
@pytest.mark.parametrize("device", [(), ("--device", "virtual"), ("--device", "tcp:10.0.0.9:9100")])
def test_a_model_that_is_not_in_the_book_is_refused_with_those_that_are(tmp_path, command, device):
    only_run = ("--data", str(tmp_path / "data"), *device) if command == "run" else ()
    code, text = call(command, "--profile", "nope", *only_run)
    assert code == 2
    assert "沒有「nope」這個機型；可用：PP-8800、PP-5200" in text and "[" not in text
    assert not (tmp_path / "data").exists()


def test_a_model_without_a_device_is_that_of_the_printer_that_is_found(tmp_path):
    agent = Agent(Options(tmp_path, profile="PP-5200", finder=list))
    assert (agent.opener.chosen, agent.opener.profile_name) == ("", "PP-5200")
    agent.journal.close()
    agent._logbook.close()
    agent._lock.release()


class FullAgent:
    """What an agent on a full disk answers the command line."""

    def __init__(self, data):
        self.welcome = {"printer": READY, "version": "0.1.0"}

    def __enter__(self):
        return self

    def __exit__(self, *why):
        return None

    def ask(self, kind, **fields):
        if kind == "print.list":
            return {"jobs": []}
        words = remedy("DISK_FULL").message
        return {"hops": [{"hop": "agent", "state": "error", "code": "DISK_FULL", "message": words}]}


READY = {"device": {"name": "PP-8800"}, "message": "發票機就緒。", "code": "OK"}


class BrokenAgent(FullAgent):
    """One whose journal is broken: it refuses to tell of jobs."""

    def ask(self, kind, **fields):
        if kind == "print.list":
            raise Refused("列印日誌已損毀。 (journal_broken)")
        return super().ask(kind, **fields)


def test_status_tells_of_the_agent_before_it_tells_of_the_printer(monkeypatch):
    monkeypatch.setattr("guitai_agent.cli.OwnerClient", FullAgent)
    code, text = call("status")
    assert code == 1
    assert text.startswith("列印程式　0.1.0　磁碟空間不足") and "（DISK_FULL）" in text
    assert text.index("DISK_FULL") < text.index("發票機就緒。（OK）")
    code, text = call("status", "--json")
    assert (code, json.loads(text)["agent"]["code"]) == (1, "DISK_FULL")


def test_status_of_an_agent_that_lost_its_memory_still_says_what_is_known(monkeypatch):
    monkeypatch.setattr("guitai_agent.cli.OwnerClient", BrokenAgent)
    code, text = call("status")
    assert code == 1 and "發票機就緒" in text and "無法讀取列印工作。" in text
    code, text = call("status", "--json")
    assert (code, json.loads(text)["jobs"]) == (1, None)


def test_a_short_preshared_token_is_refused(tmp_path):
    (tmp_path / "token").write_text("short")
    got, text = call(
        "run", "--data", str(tmp_path), "--allow-origin", "https://shop.example",
        "--preshared-token-file", str(tmp_path / "token"),
    )  # fmt: skip
    assert (got, "太短" in text) == (2, True)


@pytest.mark.parametrize("spoilt", ["bytes", "folder", "no folder above"])
def test_a_preshared_token_that_cannot_be_read_is_told(tmp_path, spoilt):
    token = tmp_path / "token"
    if spoilt == "bytes":
        token.write_bytes(b"\xff\xfe" * 20)
    elif spoilt == "folder":
        token.mkdir()
    else:
        token = tmp_path / "none" / "token"
    got, text = call(
        "run", "--data", str(tmp_path / "data"), "--allow-origin", "https://shop.example",
        "--preshared-token-file", str(token),
    )  # fmt: skip
    assert (got, f"憑證檔 {token}" in text, "Traceback" in text) == (2, True, False)
    assert not (tmp_path / "data").exists()  # found before anything was made


def full(*arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["guitai_agent.app.write_private", "guitai_agent.cli.Agent"])
def test_starting_on_a_full_disk_says_so(tmp_path, monkeypatch, where, free_port):
    monkeypatch.setattr(where, full)
    arguments = ("--device", "virtual", "--port", str(free_port), "--quiet")
    got, text = call("run", "--data", str(tmp_path), *arguments)
    assert got == 3
    assert "磁碟空間不足" in text and "1. 清空這台電腦的資源回收筒。" in text
    assert "3. 空出 1 GB 以上後，再啟動列印程式" in text and "連接埠" not in text


def test_a_file_that_cannot_be_written_is_named(tmp_path, free_port):
    (tmp_path / "agent.log").mkdir()
    arguments = ("--device", "virtual", "--port", str(free_port), "--quiet")
    got, text = call("run", "--data", str(tmp_path), *arguments)
    assert (got, f"無法讀寫 {tmp_path}/agent.log" in text, "連接埠" in text) == (3, True, False)


WITH_A_FOLDER = {
    "run": ("--device", "virtual", "--quiet"), "status": (), "pair-code": (), "test-print": (),
    "doctor": (), "devices": (), "join": ("--server", "https://shop.example", "--code", "ABCD2345"),
    "leave": (), "update": (),
}  # fmt: skip


@pytest.mark.parametrize("inside", ["", "data"])
@pytest.mark.parametrize("command", WITH_A_FOLDER)
def test_a_file_in_the_place_of_the_folder_is_told_by_every_command(tmp_path, command, inside):
    file = tmp_path / "file"
    file.write_text("mine")
    result = CliRunner().invoke(
        app, [command, *WITH_A_FOLDER[command], "--data", str(file / inside)]
    )
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)  # no traceback
    assert f"{file} 是檔案，不是資料夾" in result.output and "--data" in result.output
    assert file.read_text() == "mine"


def test_every_command_that_takes_a_folder_is_among_them():
    taking = {
        command.name
        for command in get_command(app).commands.values()
        if any("--data" in option.opts for option in command.params)
    }
    assert taking == set(WITH_A_FOLDER)


def test_a_port_that_is_taken_is_told_as_that(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = ("--device", "virtual", "--port", str(taken.getsockname()[1]), "--quiet")
        got, text = call("run", "--data", str(tmp_path), *arguments)
    assert (got, "無法開啟連接埠" in text) == (3, True)


def test_profiles_are_listed():
    code, text = call("profiles")
    assert code == 0
    assert "PP-8800" in text


def test_virtual_printer_command_prints_and_obeys_its_control_port(tmp_path):
    command = [
        sys.executable, "-m", "guitai_agent", "virtual-printer",
        "--receipts", str(tmp_path / "paper"), "--port", "0",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    where = json.loads(process.stdout.readline())
    with socket.create_connection(("127.0.0.1", where["control_port"])) as control:
        control.sendall(b'{"fault": "cover_open", "on": true}\n')
        assert json.loads(control.makefile().readline()) == {"faults": ["cover_open"]}
        control.sendall(b'{"fault": "cover_open", "on": false}\n')
    with socket.create_connection(("127.0.0.1", where["port"])) as line:
        line.sendall(b"\x1b@hello\n\x1dVB\x00\x1dr\x01")
        assert line.recv(1) == b"\x00"
    until((tmp_path / "paper" / "0001.png").exists)
    process.terminate()
    assert process.wait(10) == 0
    assert call("virtual-printer", "--fault", "fire")[0] == 2


def test_agent_answers_soon_after_the_start(running):
    """A clerk's PC is slow enough: no second may be lost before the page can connect."""
    _, told = running
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", told["port"]), timeout=1):
        assert time.monotonic() - began < 1
