"""The agent's folder: lock, settings, pairings. Everything in it survives the power."""

import contextlib
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import DataDirBusy


def default_data_dir() -> Path:
    """Where a person's own agent keeps its folder when none is named."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "Guitai" / "agent"
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "guitai-agent"


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner may read; whole or not at all."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


class Lock:
    """One agent a folder. The system lets go of the lock when the process dies, however."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file = self._path.open("a+b")
        try:
            self._take()
        except OSError as error:
            self._file.close()
            raise DataDirBusy(str(folder)) from error

    def release(self) -> None:
        self._file.close()

    def _take(self) -> None:
        if sys.platform == "win32":
            import msvcrt

            self._file.seek(0)
            msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A page that may print: its origin and the SHA-256 of its token, never the token."""

    id: str
    origin: str
    token_sha256: str
    terminal: str = ""
    label: str = ""
    created: float = 0.0


@dataclass
class Settings:
    """What the agent remembers between starts."""

    agent_id: str
    device_id: str = ""
    profile: str = ""
    pairings: list[Pairing] = field(default_factory=list)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)  # drivers/notes.py
    scanner_id: str = ""
    scanner_baud: int = 9600


class SettingsFile:
    """``config.json``, written whole on every change. Safe from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "config.json"
        self._lock = threading.RLock()
        self.now = self._read()
        if not self._path.exists():
            self.save()

    @contextlib.contextmanager
    def changing(self) -> Iterator[Settings]:
        """``with file.changing() as settings:`` change, then it is on disk."""
        with self._lock:
            yield self.now
            self.save()

    def save(self) -> None:
        with self._lock:
            write_private(self._path, json.dumps(asdict(self.now), ensure_ascii=False, indent=1))

    def _read(self) -> Settings:
        if not self._path.exists():
            return Settings(agent_id=secrets.token_hex(16))
        known = json.loads(self._path.read_text("utf-8"))
        pairings = [Pairing(**pairing) for pairing in known.pop("pairings")]
        return Settings(**known, pairings=pairings)
