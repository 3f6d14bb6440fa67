"""The agent's folder: lock, settings, pairings. Everything in it survives the power."""

import contextlib
import copy
import errno
import json
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from .errors import DataDirBusy

log = logging.getLogger(__name__)


def default_data_dir() -> Path:
    """Where a person's own agent keeps its folder when none is named."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "Guitai" / "agent"
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "guitai-agent"


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner may read; whole or not at all."""
    write_whole(path, text, 0o600)


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file that appears whole and with its rights, or not at all. OSError."""
    with room_for(path, 0, mode) as keep:
        keep(text)


@contextlib.contextmanager
def room_for(path: Path, most: int, mode: int = 0o600) -> Iterator[Callable[[str], None]]:
    """Take room on the disk for ``most`` bytes, before something is done that must be kept.

    Inside, the function that is given writes the text there, and the file appears, whole. Without
    that nothing is left. OSError where there is no room, or no leave to write.
    """
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def put(data: bytes) -> None:
        file.seek(0)
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())

    def keep(text: str) -> None:
        put(text.encode())
        file.close()
        half.chmod(mode)
        half.replace(path)

    try:
        with file:
            if most:
                put(b" " * most)
            yield keep
    finally:  # a full disk is not filled with halves
        half.unlink(missing_ok=True)


def is_full(error: OSError) -> bool:
    """Did the disk, or this person's share of it, have no room left?"""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


class Unreadable(ValueError):
    """A file of the folder is not what we once wrote: empty, cut short, or of another shape."""


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in that file; ``Unreadable``, and ``OSError`` where it cannot be opened."""
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if not isinstance(told, dict):
        raise Unreadable("not an object")
    return told


def known_fields(kind: type, told: Mapping[str, Any]) -> dict[str, Any]:
    """The dataclass's fields out of ``told``; under ``rest`` what it does not know.

    A version that was gone back from may have written more than this one knows: that must neither
    stop us nor be lost when we write. Raises ``Unreadable`` for a value of another kind.
    """
    hints = get_type_hints(kind)
    known: dict[str, Any] = {}
    for name, value in told.items():
        if name not in hints or name == "rest":
            known.setdefault("rest", {})[name] = value
            continue
        wanted = get_origin(hints[name]) or hints[name]
        if not isinstance(value, (int, float) if wanted is float else wanted):
            raise Unreadable(f"{name} is no {wanted.__name__}")
        known[name] = value
    return known


def flat(value: Any) -> dict[str, Any]:
    """A dataclass as it is written: its fields, and beside them its ``rest``."""
    told = asdict(value)
    return {**told.pop("rest"), **told}


def put_aside(path: Path, why: Exception) -> Path:
    """Rename a file that cannot be read, so that a person can still look at it; say so."""
    aside = path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
    path.replace(aside)
    log.error("%s 無法讀取（%s），已改名為 %s，並以預設值重新開始。", path.name, why, aside.name)
    return aside


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
    rest: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass
class Settings:
    """What the agent remembers between starts. ``rest``: what a later version wrote."""

    agent_id: str
    device_id: str = ""
    profile: str = ""
    pairings: list[Pairing] = field(default_factory=list)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)  # drivers/notes.py
    scanner_id: str = ""
    scanner_baud: int = 9600
    rest: dict[str, Any] = field(default_factory=dict)


def read_settings(path: Path) -> Settings:
    """What that file says; ``Unreadable``, ``OSError``."""
    told = known_fields(Settings, read_object(path))
    if not all(isinstance(note, dict) for note in told.get("devices", {}).values()):
        raise Unreadable("devices")
    try:
        told["pairings"] = [
            Pairing(**known_fields(Pairing, each)) for each in told.get("pairings", [])
        ]
        return Settings(**told)
    except (TypeError, AttributeError) as error:  # a field is missing, or a pairing no object
        raise Unreadable(str(error)) from error


class SettingsFile:
    """``config.json``, written whole on every change. Safe from any thread.

    One that cannot be read is put aside and the agent starts with defaults: unpaired, without a
    chosen printer, and under a new name (``fresh``).
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "config.json"
        self._lock = threading.RLock()
        self.fresh = False
        self.now = self._read()
        if self.fresh:
            self.save()

    @contextlib.contextmanager
    def changing(self) -> Iterator[Settings]:
        """``with file.changing() as settings:`` change; then it is on disk, or undone."""
        with self._lock:
            before = copy.deepcopy(self.now)
            try:
                yield self.now
                self.save()
            except BaseException:  # what is not on disk would be gone with the next start
                self.now = before
                raise

    def save(self) -> None:
        with self._lock:
            told = flat(self.now) | {"pairings": [flat(each) for each in self.now.pairings]}
            write_private(self._path, json.dumps(told, ensure_ascii=False, indent=1))

    def _read(self) -> Settings:
        try:
            return read_settings(self._path)
        except FileNotFoundError:
            pass
        except Unreadable as error:
            put_aside(self._path, error)
        self.fresh = True
        return Settings(agent_id=new_name())


def new_name() -> str:
    """A name no agent has had."""
    return secrets.token_hex(16)
