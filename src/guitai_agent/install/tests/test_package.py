"""The agent alone, as a shop gets it: built, installed into a fresh environment, printing."""

import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

from guitai_agent import __version__
from guitai_agent.install.home import Home
from guitai_agent.install.releases import Source, latest, public_key
from guitai_agent.install.systemd import base_python
from guitai_agent.install.updater import Updater, run

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[4]
BUILD = ROOT / "packaging" / "agent" / "build.py"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("agent_build", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return tmp_path_factory.mktemp("builder") / "keys" / "agent-key.pem"


@pytest.fixture(scope="module")
def made(build, key, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build.build(folder, key)
    return folder


def link_needs(build):
    """A fill that takes what the agent declares, and nothing else, from this environment: no
    network, and yet a need that was not declared is missing there."""

    def fill(python, wheel, requirements, wheels):
        run([str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)])
        asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site = Path(run(asked).strip())
        installed = {canonicalize_name(each.name) for each in distributions()}
        for name in installed.intersection(build.closure()):
            for file in distribution(name).files or []:
                top = site / Path(file).parts[0]
                found = Path(distribution(name).locate_file(Path(file).parts[0]))
                if ".." not in str(file) and found.exists() and not top.exists():
                    top.symlink_to(found)

    return fill


@pytest.fixture(scope="module")
def home(build, made, tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("app"))
    updater = Updater(
        home, busy=lambda: False, restart=lambda: False, answers=lambda: "",
        say=lambda text: None, fill=link_needs(build),
    )  # fmt: skip
    assert updater.update(str(made)) == __version__
    return home


def agent(home, *words, **options):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home.root), "PYTHONUTF8": "1"}
    command = [base_python(), str(home.launcher), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, **options)


def wheel_of(name, folder):
    """An installed distribution as a wheel again, so that a shop's stick can be filled here."""
    found = distribution(name)
    said = {line[5:] for line in (found.read_text("WHEEL") or "").splitlines() if "Tag: " in line}
    tags = next(str(tag) for tag in sys_tags() if str(tag) in said)
    named = found.metadata["Name"].replace("-", "_")
    path = folder / f"{named}-{found.version}-{tags}.whl"
    left_out = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    files = [file for file in found.files or [] if ".." not in file.parts
             and "__pycache__" not in file.parts and file.name not in left_out]  # fmt: skip
    with zipfile.ZipFile(path, "w") as wheel:
        for file in files:
            wheel.write(found.locate_file(file), str(file))
        record = next(file for file in found.files or [] if file.name == "RECORD")
        wheel.writestr(str(record), "".join(f"{file},,\n" for file in [*files, record]))
    return path


@pytest.fixture(scope="module")
def stick(build, key, tmp_path_factory):
    """What a shop without internet gets: the release, an older one beside it, and all wheels."""
    folder = tmp_path_factory.mktemp("stick")
    wheel = build.build(folder, key)
    wheels = folder / "wheels"
    wheels.mkdir()
    installed = {canonicalize_name(each.name) for each in distributions()}
    made = [wheel_of(name, wheels) for name in sorted(installed.intersection(build.closure()))]
    lines = [f"{each.name.split('-')[0]}=={each.name.split('-')[1]} --hash=sha256:"
             f"{build.digest(each)}\n" for each in made]  # fmt: skip
    needs = folder / f"guitai_agent-{__version__}.requirements.txt"
    needs.write_text("".join(lines), "utf-8")
    told = folder / "latest.json"
    told.write_text(json.dumps(build.told(__version__, wheel, needs)), "utf-8")
    build.sign(told, build.signing_key(key))
    sums = [f"{build.digest(path)}  {path.name}\n" for path in (wheel, needs, told)]
    (folder / "SHA256SUMS").write_text("".join(sums), "utf-8")
    (folder / "guitai_agent-0.0.1-py3-none-any.whl").write_bytes(b"older")
    (folder / "guitai_agent-0.0.1.requirements.txt").write_text("older")
    return folder


def test_the_script_leaves_a_command_that_works(stick, tmp_path):
    """install.sh from a stick, called by a relative path; then everything but the home is gone."""
    person, stubs = tmp_path / "mei 家", tmp_path / "stubs"
    person.mkdir()
    stubs.mkdir()
    (stubs / "systemctl").write_text(
        f'#!/bin/sh\necho "$@" >> {shlex.quote(str(tmp_path))}/asked\n'
    )
    (stubs / "systemctl").chmod(0o755)
    plugged = tmp_path / "usb"
    plugged.symlink_to(stick)
    empty = ["env", "-i", f"HOME={person}"]
    known = [f"PATH={stubs}:/usr/bin:/bin", f"PYTHON={base_python()}"]
    done = subprocess.run(
        [*empty, *known, "bash", "usb/install.sh"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "完成" in done.stdout and "重新登入" in done.stdout
    assert "--user restart guitai-agent.service" in (tmp_path / "asked").read_text()
    plugged.unlink()

    command = person / ".local/bin/guitai-agent"
    bare = [*empty, "PATH=/usr/bin:/bin"]
    told = subprocess.run(
        [*bare, str(command), "version"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert told.stdout.strip() == __version__
    unit = (person / ".config/systemd/user/guitai-agent.service").read_text("utf-8")
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    start = shlex.split(line.removeprefix("ExecStart="))
    assert start == [str(command), "run", "--quiet"]
    helped = subprocess.run(
        [*bare, *start, "--help"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert "--receipts" in helped.stdout

    # The stick is no source; nothing is called the newest while nobody can say so.
    update = subprocess.run(
        [*bare, str(command), "update"], capture_output=True, text=True, cwd="/"
    )
    assert update.returncode == 1 and "找不到更新來源" in update.stderr
    assert "最新" not in update.stdout + update.stderr
    root = person / ".local/share/guitai-agent"
    assert not (root / "source").exists()
    assert (root / "update.pub").read_text() == (stick / "update.pub").read_text()
    forged = tmp_path / "forged"
    shutil.copytree(stick, forged, ignore=shutil.ignore_patterns("*.sig"))
    update = subprocess.run(
        [*bare, str(command), "update", "--from", str(forged)], capture_output=True, text=True
    )
    assert update.returncode == 1 and "update_unsigned" in update.stderr


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("/nowhere/python3", ("sudo apt install python3 python3-venv",)),
        ("without-venv", ("缺少 python3-venv", "sudo apt install python3-venv")),
        ("too-old", ("需要 Python 3.11",)),
    ],
)
def test_what_is_missing_is_said_with_the_one_command(tmp_path, python, words):
    (tmp_path / "without-venv").write_text(
        '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\nexec /usr/bin/python3 "$@"\n'
    )
    (tmp_path / "too-old").write_text('#!/bin/sh\n[ "$1" = --version ]\n')
    for name in ("without-venv", "too-old"):
        (tmp_path / name).chmod(0o755)
    known = [f"PATH={tmp_path}:/usr/bin:/bin", f"PYTHON={python}", f"HOME={tmp_path}"]
    script = str(ROOT / "packaging/linux/install.sh")
    done = subprocess.run(["env", "-i", *known, "bash", script], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert all(word in done.stderr for word in words) and done.stderr.count("。") <= 2
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize(
    ("user", "python", "word"),
    [(1000, "/usr/bin/python3", "需要 root"), (0, "/home/mei/bin/python3", "系統的 Python")],
)
def test_the_computers_own_is_refused_where_its_service_could_not_start(
    tmp_path, user, python, word
):
    for name, said in (("id", user), ("python", python)):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n")
        (tmp_path / name).chmod(0o755)
    script = str(ROOT / "packaging/linux/install.sh")
    known = [f"PATH={tmp_path}:/usr/bin:/bin", f"PYTHON={tmp_path}/python", f"HOME={tmp_path}"]
    done = subprocess.run(
        ["env", "-i", *known, "bash", script, "--system"], capture_output=True, text=True
    )
    assert done.returncode == 1 and word in done.stderr


def test_the_needs_are_the_repositorys_own(build):
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {Requirement(text).name: str(Requirement(text)) for text in whole["dependencies"]}
    for need in build.requirements():
        assert known[need.name] == str(need)


def test_what_is_written_beside_the_wheel(made):
    names = {path.name for path in made.iterdir()}
    assert names == {
        f"guitai_agent-{__version__}-py3-none-any.whl",
        f"guitai_agent-{__version__}.requirements.txt",
        "latest.json", "latest.json.sig", "update.pub", "SHA256SUMS", "install.ps1", "install.sh",
    }  # fmt: skip
    subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=made, check=True)
    pinned = public_key((made / "update.pub").read_text("utf-8"))
    assert latest(Source(str(made), signed=True), pinned).version == __version__
    needs = (made / f"guitai_agent-{__version__}.requirements.txt").read_text("utf-8")
    assert "websockets==" in needs and "--hash=sha256:" in needs and "django" not in needs.lower()


def test_the_key_is_made_once_and_for_its_owner_only(build, made, key, tmp_path):
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    again = build.sign(Path(shutil.copy(made / "latest.json", tmp_path)), build.signing_key(key))
    assert key.read_bytes() == before
    for path in again:
        assert path.read_bytes() == (made / path.name).read_bytes()
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in made.iterdir())
    (tmp_path / "spoilt.pem").write_text("no key")
    with pytest.raises(SystemExit, match="無法讀取"):
        build.signing_key(tmp_path / "spoilt.pem")


def test_the_same_sources_make_the_same_wheel(build, made, tmp_path):
    again = build.build_wheel(tmp_path)
    assert again.read_bytes() == (made / again.name).read_bytes()


def test_it_runs_without_the_server(home):
    assert agent(home, "version", check=True).stdout.strip() == __version__
    assert "PP-8800" in agent(home, "profiles", check=True).stdout
    python = str(home.python(__version__))
    for name in ("django", "guitai", "httpx", "psycopg"):
        missing = subprocess.run([python, "-c", f"import {name}"], capture_output=True, text=True)
        assert "ModuleNotFoundError" in missing.stderr, name
    inside = agent(home, "install-service", "--dry-run", "--root", str(home.root), check=True)
    assert str(home.launcher) in inside.stdout


def test_it_prints_a_test_slip(home, tmp_path):
    data, receipts = tmp_path / "data", tmp_path / "receipts"
    command = [
        base_python(), str(home.launcher), "run", "--quiet", "--data", str(data),
        "--device", "virtual", "--receipts", str(receipts), "--port", "0",
    ]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 40
        while not (data / "run.json").exists():
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < end, "the agent did not start"
            time.sleep(0.05)
        printed = agent(home, "test-print", "--data", str(data))
        assert printed.returncode == 0 and "已印好" in printed.stdout, printed
        told = json.loads(agent(home, "status", "--json", "--data", str(data)).stdout)
        assert told["version"] == __version__
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert receipts.joinpath("0001.png").exists() or list(receipts.glob("0001*.png"))
    assert running.returncode == 0


def test_the_scripts_can_be_read():
    subprocess.run(["bash", "-n", str(ROOT / "packaging/linux/install.sh")], check=True)
    script = (ROOT / "packaging/windows/install.ps1").read_bytes()
    assert script.startswith(b"\xef\xbb\xbf")  # Windows PowerShell reads anything else as cp950
    text = script.decode("utf-8-sig")
    assert text.count("{") == text.count("}") and text.count("(") == text.count(")")
    assert sys.version_info >= (3, 11) and "(3, 11)" in text
