"""Updates: what is refused, what is switched, and what happens when the new one does not start."""

import base64
import errno
import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from guitai_agent.cli import app
from guitai_agent.cli_install import _sending
from guitai_agent.datadir import Lock
from guitai_agent.install import updater as updater_module
from guitai_agent.install.home import Home
from guitai_agent.install.launch import on_trial
from guitai_agent.install.refusals import FIRST_TIME, MESSAGES, InstallRefused
from guitai_agent.install.releases import Source, latest, numbers, read
from guitai_agent.install.systemd import base_python
from guitai_agent.install.updater import Updater, source_of
from guitai_agent.service.joining import Membership, MembershipFile

WHEEL, REQUIREMENTS = b"a wheel of bytes", b"websockets==15.0\n"


def row(name, data, **other):
    told = {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return {**told, **other}


def offer(folder, number="0.1.1", **other):
    """A folder with a release of that version; ``other`` replaces fields of latest.json."""
    folder.mkdir(exist_ok=True)
    wheel = f"guitai_agent-{number}-py3-none-any.whl"
    needs = f"guitai_agent-{number}.requirements.txt"
    (folder / wheel).write_bytes(WHEEL)
    (folder / needs).write_bytes(REQUIREMENTS)
    told = {
        "format": 1, "version": number, "python": "3.11",
        "wheel": row(wheel, WHEEL), "requirements": row(needs, REQUIREMENTS), **other,
    }  # fmt: skip
    (folder / "latest.json").write_text(json.dumps(told))
    return folder


@contextmanager
def served(folder):
    """The folder over http from this computer; its address."""
    serve = partial(SimpleHTTPRequestHandler, directory=str(folder))
    serve.func.log_message = lambda *args: None
    with answering(serve) as address:
        yield address


@contextmanager
def answering(handler):
    """A web server of this computer; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def signed(folder):
    """The release in it signed with a new key: (public key, its base64)."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign((folder / "latest.json").read_bytes())
    (folder / "latest.json.sig").write_bytes(base64.b64encode(signature))
    return public, base64.b64encode(public).decode()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "app")


def fake_fill(python, wheel, requirements, wheels):
    """Instead of pip: a package that can say its version and run."""
    version = wheel.name.split("-")[1]
    where = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    text = f"import sys\nprint({version!r} if 'version' in sys.argv else sys.argv[1:])\n"
    Path(where, "guitai_agent.py").write_text(text)


@pytest.fixture
def bare_venv(monkeypatch):
    """Environments without pip: made in a tenth of the time."""
    real = updater_module.run

    def run(command):
        quick = [*command, "--without-pip"] if command[1:3] == ["-m", "venv"] else command
        return real(quick)

    monkeypatch.setattr(updater_module, "run", run)


def would_start(home):
    """The version that the service would be now."""
    return on_trial(home.root, time.time()) or home.current


class World:
    """What surrounds an update: is it printing, is there a service, what answers afterwards."""

    def __init__(self):
        self.printing, self.restarts, self.service, self.answer = 0, 0, False, None
        self.server, self.refuses = "", 0
        self.said, self.now = [], 0.0

    def updater(self, home, fill=fake_fill):
        return Updater(
            home, busy=self.busy, restart=self.restart, fill=fill, say=self.said.append,
            answers=lambda: would_start(home) if self.answer is None else self.answer,
            sleep=self.sleep, clock=lambda: self.now, joined=lambda: self.server,
        )  # fmt: skip

    def busy(self):
        self.printing -= 1
        return self.printing >= 0

    def restart(self):
        if self.refuses:
            self.refuses -= 1
            raise InstallRefused("install_refused", "systemctl: no bus")
        self.restarts += self.service
        return self.service

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def world():
    return World()


def refused(action, *arguments):
    with pytest.raises(InstallRefused) as found:
        action(*arguments)
    told = FIRST_TIME if found.value.first else {}
    assert found.value.message == told.get(found.value.code, MESSAGES[found.value.code])
    return found.value.code


def test_update_and_back(home, world, tmp_path, bare_venv):
    assert world.updater(home).update(str(offer(tmp_path / "a", "0.1.0"))) == "0.1.0"
    assert world.updater(home).update(str(offer(tmp_path / "b", "0.1.1"))) == "0.1.1"
    assert (home.current, home.previous) == ("0.1.1", "0.1.0")
    launched = [base_python(), str(home.launcher), "run", "--quiet"]
    assert "run" in subprocess.run(launched, capture_output=True, text=True, check=True).stdout
    said = subprocess.run([*launched[:2], "version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0.1.1"

    assert world.updater(home).back() == "0.1.0"
    assert (home.current, home.previous) == ("0.1.0", "0.1.1")
    said = subprocess.run([*launched[:2], "version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0.1.0"

    world.updater(home, fill=None).update(str(tmp_path / "b"))  # its environment is still there
    world.updater(home).update(str(offer(tmp_path / "c", "0.2.0")))
    assert sorted(home.versions()) == ["0.1.1", "0.2.0"]  # only the way back is kept


def test_the_newest_is_not_installed_again(home, world, tmp_path, bare_venv):
    folder = str(offer(tmp_path / "a", "0.1.0"))
    world.updater(home).update(folder)
    world.updater(home, fill=None).update(folder)  # a second fill would be an error
    # What a folder holds says nothing about what is newest.
    assert world.said[-1] == f"資料夾 {folder} 裡也是 0.1.0，不必再安裝。"
    with served(folder) as address:
        world.updater(home, fill=None).update(address)
    assert world.said[-1] == f"已是最新版 0.1.0（來源：{address}）。"


def test_over_http_from_this_computer(home, world, tmp_path, bare_venv):
    with served(offer(tmp_path / "a")) as address:
        assert world.updater(home).update(address) == "0.1.1"
        assert refused(world.updater(home).update, f"{address}/none") == "update_none"
        assert home.source == address  # the one that could be read
        offer(tmp_path / "a", "0.1.2")
        assert world.updater(home).update("") == "0.1.2"
    said = len(world.said)
    assert refused(world.updater(home).update, "") == "update_unreachable"
    assert world.said[said:] == []
    assert MESSAGES["update_unreachable"].startswith("找不到更新來源")


@pytest.mark.parametrize("name", ["dist", "./dist", "../stick/dist", "{tmp}/dist"])
def test_a_folder_is_never_the_source_of_later_updates(
    home, world, tmp_path, bare_venv, monkeypatch, name
):
    (tmp_path / "stick").mkdir()
    monkeypatch.chdir(tmp_path / "stick")
    place = tmp_path if "{tmp}" in name else tmp_path / "stick"
    offer(place / "dist", "0.1.0")
    assert world.updater(home).update(name.format(tmp=tmp_path)) == "0.1.0"
    assert home.source == ""
    for known in ("dist", str(place / "dist")):  # what an older version wrote down
        home.remember_source(known)
        assert home.source == ""
        assert refused(world.updater(home).update, "") == "update_no_source"
    assert MESSAGES["update_no_source"].startswith("找不到更新來源")
    assert not any("最新" in line for line in world.said)


def test_the_server_that_was_joined_is_the_source(home, world, tmp_path, bare_venv):
    world.updater(home).update(str(offer(tmp_path / "stick", "0.1.0")))
    offer(tmp_path / "web", "9.9.9")  # what lies elsewhere on the server is not asked for
    offer(tmp_path / "web" / "agent", "0.1.1")
    with served(tmp_path / "web") as world.server:
        assert world.updater(home).update("") == "0.1.1"
        assert home.source == ""  # it follows the agent to another server
        assert source_of(home, world.server + "/") == f"{world.server}/agent"
        home.remember_source("https://own.example/agent")
        assert source_of(home, world.server) == "https://own.example/agent"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wheel": row("w.whl", WHEEL, sha256="0" * 64)}, "update_hash"),
        ({"wheel": row("w.whl", WHEEL, size=len(WHEEL) + 1)}, "update_size"),
        ({"wheel": row("w.whl", WHEEL, size=3)}, "update_size"),
        ({"wheel": row("w.whl", WHEEL, size=0)}, "update_malformed"),
        ({"wheel": row("../w.whl", WHEEL)}, "update_malformed"),
        ({"wheel": row(".w.whl", WHEEL)}, "update_malformed"),
        ({"wheel": "w.whl"}, "update_malformed"),
        ({"wheel": row("gone.whl", WHEEL)}, "update_unreachable"),
        ({"format": 2}, "update_format"),
        ({"format": True}, "update_malformed"),
        ({"version": "../../x"}, "update_malformed"),
        ({"version": 1}, "update_malformed"),
        ({"python": "3.99"}, "update_python"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_changed(home, world, tmp_path, change, code):
    folder = offer(tmp_path / "a", **change)
    (folder / "w.whl").write_bytes(WHEEL)
    assert refused(world.updater(home, fill=None).update, str(folder)) == code
    assert home.current == "" and list(home.versions()) == []


def test_half_a_download_is_refused(home, world, tmp_path):
    folder = offer(tmp_path / "a")
    (folder / "guitai_agent-0.1.1-py3-none-any.whl").write_bytes(WHEEL[:-1])
    assert refused(world.updater(home, fill=None).update, str(folder)) == "update_size"


def test_what_is_no_json_is_refused():
    for raw in (b"", b"[]", b"{", b"\xff", b"[" * 50_000):
        assert refused(read, raw) == "update_malformed"


def test_no_way_to_an_older_version_but_back(home, world, tmp_path):
    home.prepare()
    home.switch("0.10.0")
    older = str(offer(tmp_path / "a", "0.9.9"))
    assert refused(world.updater(home, fill=None).update, older) == "update_older"
    assert refused(world.updater(home).back) == "update_no_previous"
    assert numbers("0.10.0") > numbers("0.9.9") and numbers("1.0") == numbers("1.0.0")


def test_an_installation_that_is_refused_changes_neither_key_nor_source(home, world, tmp_path):
    """Files of another server that are older: the server before must still be able to update."""
    home.prepare()
    home.switch("0.1.1")
    _, before = signed(offer(tmp_path / "old"))
    home.remember_key(before)
    _, other = signed(offer(tmp_path / "web", "0.1.0"))
    home.launcher.write_text("# of 0.1.1")
    with served(tmp_path / "web") as address:
        updater = world.updater(home, fill=None)
        with pytest.raises(InstallRefused) as found:
            updater.update(address, key=other)
    assert found.value.code == "install_older" and "0.1.0 < 0.1.1" in found.value.detail
    assert "--back" not in found.value.message  # it is no way to another server
    assert (home.root / "update.pub").read_text().strip() == before and home.source == ""
    assert refused(updater.update, str(tmp_path / "old"), other) == "install_signature"
    for spoilt in ("c2hvcnQ=", ""):
        assert refused(updater.update, str(tmp_path / "old"), spoilt) == "update_key"
    assert home.launcher.read_text() == "# of 0.1.1"
    assert (home.root / "update.pub").read_text().strip() == before


def test_an_installation_pins_the_key_that_its_files_are_signed_with(
    home, world, tmp_path, bare_venv
):
    _, key = signed(offer(tmp_path / "a", "0.1.0"))
    assert world.updater(home).update(str(tmp_path / "a"), key) == "0.1.0"
    assert (home.root / "update.pub").read_text().strip() == key
    _, other = signed(tmp_path / "a")  # the same version, of another server: nothing to install
    assert world.updater(home).update(str(tmp_path / "a"), other) == "0.1.0"
    assert (home.root / "update.pub").read_text().strip() == other


def test_a_refused_update_does_not_change_where_updates_come_from(home, world, tmp_path):
    home.prepare()
    home.switch("0.10.0")
    home.remember_source("https://own.example/agent")
    with served(offer(tmp_path / "a", "0.9.9")) as address:
        assert refused(world.updater(home, fill=None).update, address) == "update_older"
    assert home.source == "https://own.example/agent"


def test_without_a_source(home, world):
    assert refused(world.updater(home).update, "") == "update_no_source"


def test_with_a_key_only_signed_releases_are_taken(home, tmp_path):
    folder = offer(tmp_path / "a")
    source = Source(str(folder), signed=True)
    key, text = signed(folder)
    home.prepare()
    home.remember_key(text)
    assert home.key == key and latest(source, home.key).version == "0.1.1"
    with (folder / "latest.json").open("a") as file:
        file.write(" ")
    assert refused(latest, source, home.key) == "update_signature"
    signed(folder)  # by somebody else
    assert refused(latest, source, home.key) == "update_signature"
    (folder / "latest.json.sig").write_text("no base64!")
    assert refused(latest, source, home.key) == "update_signature"
    (folder / "latest.json.sig").unlink()
    assert refused(latest, source, home.key) == "update_unsigned"
    assert refused(home.remember_key, "c2hvcnQ=") == "update_key"
    assert home.key == key


def test_never_while_a_job_is_being_sent(home, world, tmp_path, bare_venv):
    world.printing = 3  # it waits for the end of the job
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    assert home.current == "0.1.0" and world.now > 0
    world.printing = 10_000
    newer = str(offer(tmp_path / "b", "0.1.1"))
    assert refused(world.updater(home).update, newer) == "update_busy"
    assert home.current == "0.1.0"


def test_a_version_that_cannot_be_installed_leaves_nothing(home, world, tmp_path, bare_venv):
    def broken(python, wheel, requirements, wheels):
        raise InstallRefused("update_install", "no such dependency")

    def liar(python, wheel, requirements, wheels):
        fake_fill(python, wheel.with_name("guitai_agent-9.9-any.whl"), requirements, wheels)

    folder = str(offer(tmp_path / "a"))
    (tmp_path / "a" / "guitai_agent-9.9-any.whl").write_bytes(b"")
    assert refused(world.updater(home, fill=broken).update, folder) == "update_install"
    assert list(home.versions()) == [] and home.current == ""
    assert world.restarts == 0


def test_a_new_version_that_says_another_number_is_refused(home, world, tmp_path, bare_venv):
    def other(python, wheel, requirements, wheels):
        fake_fill(python, wheel, requirements, wheels)
        site = next(python.parents[1].glob("lib/python*/site-packages"))
        (site / "guitai_agent.py").write_text("print('9.9')")

    code = refused(world.updater(home, fill=other).update, str(offer(tmp_path / "a")))
    assert code == "update_install" and list(home.versions()) == []


def test_a_service_is_restarted_and_brought_back_when_the_new_one_is_silent(
    home, world, tmp_path, bare_venv
):
    world.service = True
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    assert world.restarts == 1 and "0.1.0 已啟動。" in world.said
    world.updater(home).update(str(offer(tmp_path / "b", "0.1.1")))
    world.answer = ""
    newest = str(offer(tmp_path / "c", "0.1.2"))
    assert refused(world.updater(home).update, newest) == "update_not_starting"
    assert (home.current, home.previous) == ("0.1.1", "0.1.0")
    assert world.restarts == 4 and would_start(home) == "0.1.1"


def test_a_refused_restart_leaves_the_old_version_switched_on(home, world, tmp_path, bare_venv):
    """The old one still runs: so it is also what the next start must be."""
    world.service = True
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    world.refuses = 1
    newer = str(offer(tmp_path / "b", "0.1.1"))
    with pytest.raises(InstallRefused) as found:
        world.updater(home).update(newer)
    assert found.value.code == "update_not_restarted" and "0.1.0" in found.value.detail
    assert "重新啟動電腦" in found.value.message and "no bus" in found.value.detail
    assert (home.current, home.previous, would_start(home)) == ("0.1.0", "", "0.1.0")
    assert not any("0.1.1 已" in line for line in world.said)
    world.updater(home, fill=None).update(newer)  # again: nothing need be installed anew
    assert home.current == "0.1.1"


def test_a_version_that_is_silent_and_a_restart_that_is_refused(home, world, tmp_path, bare_venv):
    world.service = True
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    updater = world.updater(home)
    updater.answers = lambda: setattr(world, "refuses", 1) or ""
    code = refused(updater.update, str(offer(tmp_path / "b", "0.1.1")))
    assert code == "update_not_started_again" and would_start(home) == "0.1.0"


class Killed(BaseException):
    """What ends an update at once: the power, Ctrl+C, a kill."""


def test_an_update_that_is_killed_anywhere_leaves_the_old_version(home, world, tmp_path, bare_venv):
    """Each outside call in turn is the last; then the old one starts, and a second try works."""
    world.service = True
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    newer = str(offer(tmp_path / "b", "0.1.1"))

    def killed(*arguments):
        raise Killed

    for name in ("fill", "busy", "restart", "answers"):
        updater = world.updater(home)
        setattr(updater, name, killed)
        with pytest.raises(Killed):
            updater.update(newer)
        assert (home.current, would_start(home)) == ("0.1.0", "0.1.0"), name
    world.updater(home).update(newer)
    assert (home.current, home.previous) == ("0.1.1", "0.1.0")


def test_a_trial_ends_by_itself(home):
    """The updater lost its power while it tried: nobody takes the trial back, and it ends."""
    home.prepare()
    home.switch("0.1.0")
    trial, now = home.root / "trial", 1_795_000_000.0
    trial.write_text(f"0.1.1 {now + 10:.0f}\n")
    assert on_trial(home.root, now) == "0.1.1"
    assert on_trial(home.root, now + 10) == ""
    assert on_trial(home.root, now - 86_400) == ""  # the clock was put back
    for half in ("", "0.1.1", "0.1.1 soon", "0.1.1 1 2"):
        trial.write_text(half)
        assert on_trial(home.root, now) == ""


def test_a_full_disk_changes_nothing(home, world, tmp_path, bare_venv, monkeypatch):
    world.updater(home).update(str(offer(tmp_path / "a", "0.1.0")))
    newer = str(offer(tmp_path / "b", "0.1.1"))

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    def read_only(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(updater_module, "download", full)
        assert refused(world.updater(home).update, newer) == "update_disk_full"
    with monkeypatch.context() as patch:
        patch.setattr(Home, "switch", full)
        assert refused(world.updater(home).update, newer) == "update_disk_full"
    with monkeypatch.context() as patch:
        patch.setattr(
            Home, "prepare", lambda home: (_ for _ in ()).throw(PermissionError(13, "no"))
        )
        assert refused(world.updater(home).update, newer) == "update_unwritable"
    pip = [sys.executable, "-c", "import os, sys; sys.exit(os.strerror(28))"]
    assert refused(updater_module.run, pip) == "update_disk_full"
    assert home.current == "0.1.0" and "1 GB" in MESSAGES["update_disk_full"]


def test_two_updates_at_once_are_one_too_many(home, world, tmp_path):
    home.prepare()
    held = Lock(home.root)
    assert refused(world.updater(home).update, str(offer(tmp_path / "a"))) == "update_running"
    held.release()


def test_a_stick_for_a_shop_without_internet(home, world, tmp_path, bare_venv):
    seen = []

    def fill(python, wheel, requirements, wheels):
        seen.append(wheels)
        fake_fill(python, wheel, requirements, wheels)

    folder = offer(tmp_path / "a")
    (folder / "wheels").mkdir()
    world.updater(home, fill=fill).update(str(folder))
    assert seen == [folder / "wheels"]


def test_an_agent_that_does_not_run_is_not_printing(tmp_path):
    assert _sending(tmp_path) is False


def test_on_the_command_line(tmp_path):
    arguments = ["update", "--root", str(tmp_path / "app"), "--data", str(tmp_path), "--no-restart"]
    told = CliRunner().invoke(app, [*arguments, "--from", str(tmp_path / "none")])
    assert told.exit_code == 1 and "update_unreachable" in told.output
    assert "找不到更新來源" in told.output and "最新" not in told.output
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 1 and "update_no_source" in told.output
    member = Membership("http://127.0.0.1:9", "ws://127.0.0.1:9", "m.s", "收銀1", "店")
    MembershipFile(tmp_path).keep(member)
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 1 and "http://127.0.0.1:9/agent" in told.output
    told = CliRunner().invoke(app, [*arguments, "--back"])
    assert told.exit_code == 1 and "沒有可以退回的版本" in told.output


@pytest.mark.parametrize("text", ["../evil", "1", "", "0.1.0; rm"])
def test_the_launcher_starts_only_a_version(home, text):
    home.prepare()
    (home.root / "current").write_text(text)
    done = subprocess.run([sys.executable, str(home.launcher)], capture_output=True, text=True)
    assert done.returncode == 1 and "版本" in done.stderr
