"""Builds what a shop's computer installs: the agent's wheel, its locked requirements, their sums.

``python packaging/agent/build.py dist [--key key.pem]`` writes

* ``guitai_agent-<version>-py3-none-any.whl``: guitai_agent and twinvoice, nothing of the server,
* ``guitai_agent-<version>.requirements.txt``: what it needs, with its hashes in our lock,
* ``latest.json`` and ``latest.json.sig``: what ``guitai-agent update`` reads,
* ``update.pub``: the public key, which the installers pin,
* ``install.ps1``, ``install.sh`` and ``SHA256SUMS`` over all of it.

The same sources and the same key make the same bytes. The private key is made once, where there is
none, and stays outside of the repository and of ``dist`` (docs/decisions/0013).
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ("guitai_agent", "twinvoice")
SCRIPTS = (HERE.parent / "windows" / "install.ps1", HERE.parent / "linux" / "install.sh")
LOCK = ROOT / "requirements.lock"
EPOCH = "1767225600"  # 2026-01-01: the times inside the wheel do not tell when it was built
PLATFORMS = ("linux", "win32", "darwin")
NEW_KEY = (
    "已建立簽章金鑰：{path}\n"
    "請備份並妥善保管：以後的更新都要用同一把金鑰簽章，已安裝的電腦只接受它的簽章。"
)


def build(out: Path, key: Path) -> Path:
    """Everything into ``out``, signed; the wheel's path. A key that is missing is made."""
    private = signing_key(key)
    out.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(out)
    version = wheel.name.split("-")[1]
    needs = out / f"guitai_agent-{version}.requirements.txt"
    needs.write_text(locked_requirements(), "utf-8")
    latest = out / "latest.json"
    latest.write_text(json.dumps(told(version, wheel, needs), indent=1) + "\n", "utf-8")
    made = [wheel, needs, latest, *sign(latest, private)]
    made += [Path(shutil.copy(script, out)) for script in SCRIPTS]
    sums = [f"{digest(path)}  {path.name}\n" for path in sorted(made)]
    (out / "SHA256SUMS").write_text("".join(sums), "utf-8")
    return wheel


def build_wheel(out: Path) -> Path:
    """The wheel, made by setuptools in a folder of its own that holds the two packages only."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copy(HERE / "pyproject.toml", place)
        ignore = shutil.ignore_patterns("tests", "__pycache__", "*.pyc", "bake.py")
        for name in PACKAGES:
            shutil.copytree(ROOT / "src" / name, place / "src" / name, ignore=ignore)
        script = "import sys; from setuptools import build_meta; print(build_meta.build_wheel('.'))"
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=place, env=environment,
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return Path(shutil.copy(place / done.stdout.split()[-1], out))


def requirements() -> list[Requirement]:
    """What the agent's own pyproject asks for."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(text) for text in project["dependencies"]]


def closure() -> list[str]:
    """Every distribution that the agent needs on any of the platforms, by canonical name.

    A dependency that this platform leaves out is in the lock but not installed: its own
    dependencies are then unknown, and there are none that are not in the lock for another reason.
    """
    found: dict[str, None] = {}
    queue = requirements()
    while queue:
        name = canonicalize_name(queue.pop(0).name)
        if name in found:
            continue
        found[name] = None
        if name in locked():
            queue += _needs_of(name)
    return sorted(found)


def _needs_of(name: str) -> list[Requirement]:
    try:
        lines = distribution(name).requires or []
    except ModuleNotFoundError:
        return []
    needs = [Requirement(line) for line in lines]
    return [need for need in needs if _wanted(need)]


def _wanted(need: Requirement) -> bool:
    """Does any platform ask for it (without extras)?"""
    if need.marker is None:
        return True
    systems = {"linux": "Linux", "win32": "Windows", "darwin": "Darwin"}
    return any(
        need.marker.evaluate(
            {"extra": "", "sys_platform": each, "platform_system": systems[each],
             "os_name": "nt" if each == "win32" else "posix"}
        )
        for each in PLATFORMS
    )  # fmt: skip


@cache
def locked() -> dict[str, list[str]]:
    """The lock file's blocks, pin and hashes, by name; several where Pythons differ."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", LOCK.read_text("utf-8")):
        name = canonicalize_name(re.split(r"[\[=;< ]", block, maxsplit=1)[0])
        found.setdefault(name, []).append(block)
    return found


def locked_requirements() -> str:
    """The lock file's part that the agent needs."""
    pins = locked()
    names = [name for name in closure() if name in pins]
    missing = {canonicalize_name(need.name) for need in requirements()} - set(names)
    if missing:
        raise SystemExit(f"not in the lock: {sorted(missing)}")
    kept = []
    for block in (block for name in names for block in pins[name]):
        lines = [line for line in block.splitlines() if not line.strip().startswith("#")]
        kept.append("\n".join(lines).rstrip())
    return "\n".join(kept) + "\n"


def told(version: str, wheel: Path, needs: Path) -> dict[str, object]:
    """``latest.json`` (guitai_agent.install.releases)."""
    return {
        "format": 1,
        "version": version,
        "python": "3.11",
        "wheel": artifact(wheel),
        "requirements": artifact(needs),
    }


def artifact(path: Path) -> dict[str, object]:
    return {"name": path.name, "size": path.stat().st_size, "sha256": digest(path)}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def default_key() -> Path:
    """``GUITAI_AGENT_KEY``, else a file of the person who builds."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(os.environ.get("GUITAI_AGENT_KEY") or Path(base) / "guitai" / "agent-key.pem")


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in that PEM without password; made there, for its owner only, when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = Ed25519PrivateKey.generate()
        text = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
        print(NEW_KEY.format(path=path), file=sys.stderr)
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"簽章金鑰 {path} 無法讀取：{error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SystemExit(f"{path} 不是 Ed25519 金鑰。")
    return private


def sign(latest: Path, private: Ed25519PrivateKey) -> list[Path]:
    """``latest.json.sig``, base64 of an Ed25519 signature, and ``update.pub``, that of its key."""
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    written = {
        f"{latest.name}.sig": private.sign(latest.read_bytes()),
        "update.pub": public,
    }
    for name, raw in written.items():
        latest.with_name(name).write_bytes(base64.b64encode(raw) + b"\n")
    return [latest.with_name(name) for name in written]


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the agent's package.")
    parser.add_argument("out", type=Path, nargs="?", default=ROOT / "dist")
    parser.add_argument(
        "--key", type=Path, default=default_key(), help="Ed25519 private key, PEM; made if missing"
    )
    given = parser.parse_args()
    print(build(given.out, given.key))


if __name__ == "__main__":
    main()
