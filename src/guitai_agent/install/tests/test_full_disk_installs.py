"""A disk that is full while a version is installed: named as that, also where Python is silent."""

import errno
import os
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from guitai_agent.install import room, services
from guitai_agent.install import updater as updater_module
from guitai_agent.install.home import Home
from guitai_agent.install.refusals import FIRST_TIME, MESSAGES, InstallRefused
from guitai_agent.install.services import Write
from guitai_agent.install.systemd import base_python
from guitai_agent.install.tests.test_updates import World, bare_venv, offer

ROOT = Path(__file__).resolve().parents[4]
SILENT = "Error: Command '['…/bin/python', '-m', 'ensurepip']' returned non-zero exit status 1."
BEFORE = ("目前的版本", "原來的版本")
Usage = namedtuple("Usage", "total used free")
_ = bare_venv  # a fixture


@pytest.fixture
def free(monkeypatch):
    """{folder: free MB}; every other has plenty."""
    told = {}
    plenty = Usage(1 << 40, 0, 1 << 40)

    def usage(folder):
        mega = told.get(Path(folder))
        return plenty if mega is None else Usage(1 << 40, 0, mega << 20)

    monkeypatch.setattr(room.shutil, "disk_usage", usage)
    return told


def silent(command):
    raise InstallRefused("update_install", SILENT)


def refusal(updater, folder):
    with pytest.raises(InstallRefused) as found:
        updater.update(str(folder))
    return found.value


@pytest.mark.parametrize("full", ["root", "temporary"])
def test_the_disk_is_named_where_python_says_only_that_it_failed(tmp_path, monkeypatch, free, full):
    home, temporary = Home(tmp_path / "app"), tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(room.tempfile, "gettempdir", lambda: str(temporary))
    monkeypatch.setattr(updater_module, "run", silent)
    folder = {"root": home.root, "temporary": temporary}[full]
    free[folder] = 3
    told = refusal(World().updater(home), offer(tmp_path / "a"))
    assert told.code == "update_disk_full" and "磁碟空間不足" in told.message
    assert told.detail.splitlines() == [f"{folder} 所在的磁碟只剩 3 MB。", SILENT]
    assert list(home.versions()) == []


def test_what_failed_with_room_to_spare_is_not_called_a_full_disk(tmp_path, monkeypatch, free):
    home = Home(tmp_path / "app")
    monkeypatch.setattr(updater_module, "run", silent)
    free[home.root] = 200
    told = refusal(World().updater(home), offer(tmp_path / "a"))
    assert (told.code, told.detail) == ("update_install", SILENT)


def test_only_who_has_a_version_is_told_that_he_keeps_it(tmp_path, monkeypatch, free, bare_venv):
    home, world = Home(tmp_path / "app"), World()
    free[home.root] = 3
    with monkeypatch.context() as patch:
        patch.setattr(updater_module, "run", silent)
        first = refusal(world.updater(home), offer(tmp_path / "a", "0.1.0"))
    world.updater(home).update(str(tmp_path / "a"))
    with monkeypatch.context() as patch:
        patch.setattr(updater_module, "run", silent)
        second = refusal(world.updater(home), offer(tmp_path / "b", "0.1.1"))
    assert first.code == second.code == "update_disk_full"
    assert not any(word in first.message for word in BEFORE)
    assert "仍使用原來的版本" in second.message
    assert home.current == "0.1.0"


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_does_say_so_is_heard_at_a_first_installation(tmp_path, monkeypatch, fault):
    def full(*arguments):
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(updater_module, "download", full)
    told = refusal(World().updater(Home(tmp_path / "app")), offer(tmp_path / "a"))
    assert (told.code, told.message) == ("update_disk_full", FIRST_TIME["update_disk_full"])


def test_at_a_first_installation_nothing_speaks_of_a_version_before():
    needs_one_before = {"install_older", "update_not_started_again"}
    speaking = {code for code, text in MESSAGES.items() if any(word in text for word in BEFORE)}
    assert speaking - needs_one_before == FIRST_TIME.keys()
    assert not any(word in text for text in FIRST_TIME.values() for word in BEFORE)


def test_a_service_that_finds_no_room_says_so(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(services, "_write", full)
    with pytest.raises(InstallRefused) as found:
        services.do([Write(tmp_path / "unit", "text", 0o644)])
    assert found.value.code == "install_disk_full" and "磁碟空間不足" in found.value.message


# -- install.sh ---------------------------------------------------------------------------------


@pytest.fixture
def stick(tmp_path):
    """The script beside what it checks first."""
    folder = tmp_path / "stick"
    folder.mkdir()
    shutil.copy(ROOT / "packaging/linux/install.sh", folder)
    (folder / "latest.json").write_text('{"version": "0.1.0"}')
    sums = subprocess.run(
        ["sha256sum", "latest.json"], cwd=folder, capture_output=True, text=True, check=True
    )
    (folder / "SHA256SUMS").write_text(sums.stdout)
    return folder


def installed(stick, tmp_path, cases, temporary):
    """What install.sh says with a Python that answers those cases itself."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}\nesac\nexec {base_python()} "$@"\n')
    python.chmod(0o755)
    known = ["PATH=/usr/bin:/bin", f"PYTHON={python}", f"HOME={tmp_path}", f"TMPDIR={temporary}"]
    done = subprocess.run(
        ["env", "-i", *known, "bash", str(stick / "install.sh")], capture_output=True, text=True
    )
    assert done.returncode == 1 and not (tmp_path / ".local").exists()
    return done.stderr


@pytest.mark.parametrize(("left", "word"), [(3, "的磁碟只剩 3 MB"), (5000, "無法建立暫時的環境")])
def test_the_script_names_the_full_disk_that_python_does_not(stick, tmp_path, left, word):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    cases = (
        f"  *disk_usage*) echo {left}; exit 0 ;;\n"
        '  "-m venv"*) echo "Error: Command ensurepip returned 1."; exit 1 ;;'
    )
    said = installed(stick, tmp_path, cases, temporary)
    assert word in said and "沒有安裝" in said
    assert ("磁碟空間不足" in said) == (left == 3) and "ensurepip" in said
    assert list(temporary.iterdir()) == []


def test_the_script_says_that_there_is_no_passing_folder(stick, tmp_path):
    said = installed(stick, tmp_path, "  none) ;;", tmp_path / "nowhere")
    assert f"請確認 {tmp_path}/nowhere 可以寫入" in said and "無法建立暫存資料夾" in said


def test_the_script_names_the_full_disk_that_pip_meets(stick, tmp_path):
    """The environment could be made, and what comes into it finds no room."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    cases = (
        "  *disk_usage*) echo 40; exit 0 ;;\n"
        '  "-m venv"*) mkdir -p "$3/bin"; printf "#!/bin/sh\\nexit 1\\n" > "$3/bin/python";'
        ' chmod 755 "$3/bin/python"; exit 0 ;;'
    )
    said = installed(stick, tmp_path, cases, temporary)
    assert "磁碟空間不足" in said and "只剩 40 MB" in said
