"""What a supervisor left behind when it was killed is ended by the next command."""

import subprocess
import sys
import threading
import time

import pytest

from guitai.config import orphans

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GUITAI_HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    return tmp_path


def left_behind(folder, name, home):
    child = subprocess.Popen(SLEEP, env={"GUITAI_HOME": str(home)}, start_new_session=True)
    (folder / "run" / f"{name}.pid").write_text(str(child.pid))
    time.sleep(0.1)
    return child


def test_an_orphan_of_this_folder_is_ended(folder):
    child = left_behind(folder, "worker", folder)
    # Nobody is its parent any more in life; here we are, and must reap it.
    threading.Thread(target=child.wait, daemon=True).start()
    assert orphans.end_all() == ["worker"]
    assert child.wait(5) != 0
    assert orphans.end_all() == []


def test_a_stranger_with_that_pid_is_left_alone(folder, tmp_path_factory):
    child = left_behind(folder, "worker", tmp_path_factory.mktemp("another"))
    try:
        assert orphans.end_all() == []
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_pid_that_is_none_is_forgotten(folder):
    (folder / "run" / "server.pid").write_text("nonsense")
    (folder / "run" / "agent.pid").write_text("999999999")
    assert orphans.end_all() == []
    assert list((folder / "run").iterdir()) == []
