"""``guitai-agent doctor`` as a person runs it: with an agent, and without one."""

import json
import re
import socket
import subprocess
import sys
import zipfile

import pytest
from typer.testing import CliRunner

from guitai_agent import cli_doctor
from guitai_agent.cli import app
from guitai_agent.tests.rig import until


def call(*arguments):
    result = CliRunner().invoke(app, ["doctor", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def data(tmp_path):
    """A running agent with the virtual printer, paired by a token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "data"
    command = [
        sys.executable, "-m", "guitai_agent", "run", "--data", str(folder), "--device", "virtual",
        "--port", str(port), "--quiet", "--allow-origin", "https://shop.example",
        "--preshared-token-file", str(tmp_path / "token"),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until((folder / "run.json").exists, 20)
    yield folder
    process.terminate()
    assert process.wait(20) == 0


def test_green_found_repaired_and_packed(data, tmp_path):
    until(lambda: call("--data", str(data))[0] == 0, 10)
    code, text = call("--data", str(data))
    assert code == 0
    for word in ("列印程式", "驅動程式", "連接埠", "紙張", "✓ 正常", "發票機就緒。（OK）"):
        assert word in text
    code, text = call("--data", str(data), "--fix", "test", "--json")
    health = json.loads(text)
    assert code == 0
    assert [each["code"] for each in health["findings"]] == ["OK", "TEST_PRINTED"]
    assert "ok" not in health
    assert "id" not in health
    code, text = call("--data", str(data), "--answer", "readable=no")
    assert code == 1
    assert "BLANK_SUSPECT" in text
    assert re.search(r"1\. 打開上蓋，取出紙捲。", text)
    assert "--answer readable=yes" in text
    assert call("--data", str(data), "--answer", "readable=yes")[0] == 0
    bundle = tmp_path / "evidence.zip"
    assert call("--data", str(data), "--bundle", str(bundle))[0] == 0
    packed = "".join(zipfile.ZipFile(bundle).read(name).decode() for name in (
        "health.json", "settings.json", "log.txt"))  # fmt: skip
    assert (tmp_path / "token").read_text().strip() not in packed
    assert json.loads((data / "run.json").read_text())["token"] not in packed
    assert call("--data", str(data), "--bundle", str(tmp_path / "no" / "where.zip"))[0] == 1


def test_without_an_agent_it_looks_by_itself(tmp_path, monkeypatch):
    from guitai_agent.doctor.direct import Direct

    monkeypatch.setattr("guitai_agent.cli_doctor.Direct", lambda data: Direct(data, list, list))
    bundle = tmp_path / "evidence.zip"
    code, text = call("--data", str(tmp_path / "none"), "--bundle", str(bundle))
    assert code == 5
    assert "AGENT_DOWN" in text
    assert "USB_ABSENT" in text
    assert "1. 啟動列印程式：打開「終端機」，輸入 guitai-agent install-service 後按 Enter。" in text
    assert "按「開始」" not in text
    assert zipfile.ZipFile(bundle).testzip() is None
    assert "--fix" not in text  # nobody is there to do it, but looking again is done by itself
    assert "「重新偵測」：再執行一次 guitai-agent doctor" in text
    code, text = call("--data", str(tmp_path / "none"), "--json")
    assert code == 5
    assert json.loads(text)["hops"][0] == {
        **json.loads(text)["hops"][0], "hop": "agent", "state": "error", "code": "AGENT_DOWN",
    }  # fmt: skip
    code, text = call("--data", str(tmp_path / "none"), "--fix", "reset")
    assert (code, "未執行" in text) == (5, True)


def test_what_only_an_agent_can_repair_is_offered_for_when_it_runs(capsys):
    finding = {
        "level": "error", "message": "發票機故障", "code": "PRN_FATAL", "steps": [], "ask": None,
        "fix": {"name": "reset", "label": "重置"},
    }  # fmt: skip
    command = "guitai-agent doctor --fix reset"
    cli_doctor._show_finding(finding, served=False)
    assert f"「重置」：先啟動列印程式，再執行 {command}" in capsys.readouterr().out
    cli_doctor._show_finding(finding)
    assert f"「重置」：{command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value", "known"),
    [
        ("--fix", "foo", ("reset", "redetect", "use", "test", "ruler")),
        ("--answer", "foo", ("readable=yes", "readable=no", "noise=yes", "noise=no")),
        ("--answer", "foo=yes", ("readable=yes",)),
        ("--answer", "readable", ("readable=yes",)),
        ("--answer", "readable=maybe", ("readable=yes",)),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_there_are(tmp_path, option, value, known):
    code, text = call("--data", str(tmp_path), option, value)
    assert code == 2
    assert f"沒有「{value}」" in text and all(word in text for word in known)


def test_watch_shows_every_change(data):
    command = [sys.executable, "-m", "guitai_agent", "doctor", "--data", str(data), "--watch",
               "--json"]  # fmt: skip
    until(lambda: call("--data", str(data))[0] == 0, 10)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    first = json.loads(process.stdout.readline())
    assert first["findings"][0]["code"] == "OK"
    call("--data", str(data), "--answer", "noise=yes")
    second = json.loads(process.stdout.readline())
    assert second["findings"][0]["code"] == "JAM_SUSPECT"
    process.terminate()
    process.wait(10)
    process.stdout.close()
