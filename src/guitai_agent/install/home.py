"""Where versions stand side by side, and which one is in use.

::

    <root>/versions/0.1.0/     a virtual environment; ``ready`` in it when it is whole
    <root>/current             "0.1.1": the version that starts, switched by one rename
    <root>/trial               "0.1.2 1795289283": starts instead until that second (launch.py)
    <root>/previous            "0.1.0": where ``update --back`` leads
    <root>/source              the address that updates come from, when one was given
    <root>/update.pub          the public key that releases must be signed with, pinned at install
    <root>/launch.py           starts ``current``; the same file for every version

A file and not a link, because Windows lets only administrators make links.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from ..datadir import write_whole
from .refusals import InstallRefused
from .releases import is_address, numbers, public_key

SYSTEM_ROOT = Path("/opt/guitai-agent")


def default_root(*, system: bool = False) -> Path:
    """The root that this agent runs from, or where a person's own is installed.

    ``system``: that for every user of the computer.
    """
    if not system and (mine := running_root()):
        return mine
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "Guitai" / "app"
    if system:
        return SYSTEM_ROOT
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "guitai-agent"


def running_root(module: str = __file__) -> Path | None:
    """The root whose launcher started this agent; None for one that was installed otherwise."""
    for folder in Path(module).parents:
        if folder.name == "versions" and (folder.parent / "launch.py").exists():
            return folder.parent
    return None


class Home:
    """The versions under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folder and (re)write the launcher."""
        (self.root / "versions").mkdir(parents=True, exist_ok=True)
        text = files(__package__).joinpath("launch.py").read_text("utf-8")
        write_whole(self.launcher, text, 0o644)

    @property
    def launcher(self) -> Path:
        return self.root / "launch.py"

    @property
    def managed(self) -> bool:
        """Is there a version that this folder starts?"""
        return bool(self.current) and self.launcher.exists()

    @property
    def unused(self) -> bool:
        """Was no version ever in use here? False also where that cannot be seen."""
        with contextlib.suppress(OSError):
            return not (self.root / "current").exists()
        return False

    @property
    def current(self) -> str:
        return self._version("current")

    @property
    def previous(self) -> str:
        return self._version("previous")

    @property
    def source(self) -> str:
        """The address that updates come from; empty when none was given.

        A folder is never one: a stick is pulled out, and a copy on the disk gets no news.
        """
        text = self._read("source")
        return text if is_address(text) else ""

    def remember_source(self, location: str) -> None:
        self._write("source", location)

    @property
    def key(self) -> bytes | None:
        """The configured public key; None when releases need not be signed."""
        text = self._read("update.pub")
        return public_key(text) if text else None

    def remember_key(self, text: str) -> None:
        public_key(text)
        self._write("update.pub", text.strip())

    def venv(self, version: str) -> Path:
        return self.root / "versions" / version

    def python(self, version: str) -> Path:
        inside = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        return self.venv(version) / inside

    def is_ready(self, version: str) -> bool:
        return bool(version) and (self.venv(version) / "ready").exists()

    def mark_ready(self, version: str) -> None:
        """Only now is it whole: its files are on the disk before the mark is."""
        if hasattr(os, "sync"):  # Windows has none
            os.sync()
        write_whole(self.venv(version) / "ready", version, 0o644)

    def discard(self, version: str) -> None:
        """Remove a version that is neither in use nor the way back."""
        shutil.rmtree(self.venv(version), ignore_errors=True)

    def switch(self, version: str) -> None:
        """Use that version from the next start on, and keep the one before for the way back."""
        before = self.current
        if before and before != version:
            self._write("previous", before)
        self._write("current", version)

    @contextlib.contextmanager
    def trying(self, version: str, until: float) -> Iterator[None]:
        """Meanwhile that version starts, yet at the latest until then (seconds since the epoch)."""
        self._write("trial", f"{version} {until:.0f}")
        try:
            yield
        finally:
            (self.root / "trial").unlink(missing_ok=True)

    def versions(self) -> Iterator[str]:
        folder = self.root / "versions"
        yield from (each.name for each in folder.glob("*") if each.is_dir())

    def tidy(self) -> None:
        """Keep what is in use and the way back."""
        for version in list(self.versions()):
            if version not in (self.current, self.previous):
                self.discard(version)

    def _version(self, name: str) -> str:
        text = self._read(name)
        if text:
            try:
                numbers(text)
            except InstallRefused as refused:
                raise InstallRefused("update_malformed", f"{self.root / name}") from refused
        return text

    def _read(self, name: str) -> str:
        path = self.root / name
        return path.read_text("utf-8").strip() if path.exists() else ""

    def _write(self, name: str, text: str) -> None:
        write_whole(self.root / name, f"{text}\n", 0o644)
