"""The agent alone, as a shop gets it: built, installed into a fresh environment, printing."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from guitai_agent import __version__
from guitai_agent.install.home import Home
from guitai_agent.install.releases import Source, latest
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
def made(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build.build(folder)
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
        "latest.json", "SHA256SUMS", "install.ps1", "install.sh",
    }  # fmt: skip
    subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=made, check=True)
    assert latest(Source(str(made), signed=False), None).version == __version__
    needs = (made / f"guitai_agent-{__version__}.requirements.txt").read_text("utf-8")
    assert "websockets==" in needs and "--hash=sha256:" in needs and "django" not in needs.lower()


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
        assert printed.returncode == 0 and "done" in printed.stdout, printed
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
