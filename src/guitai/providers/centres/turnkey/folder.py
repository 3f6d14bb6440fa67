"""The Turnkey folder: files appear whole, and are found again by name (mof.md §9.2).

A file's name carries the transmission's id, so a crash between the drop and its mark is recognised
afterwards: the file is there, or it never was.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

GROUP = "B2SSTORAGE"
RESULTS = ("ProcessResult", "SummaryResult")


class Place(StrEnum):
    WAITING = "SRC"
    TAKEN = "BAK"
    REFUSED = "ERR"


def stem_of(kind: str, number: str, transmission_id: UUID) -> str:
    return f"{kind}_{number}_{transmission_id}"


class Folder:
    """One Turnkey data folder (``UpCast/…`` upwards, ``Unpack/BAK/…`` downwards)."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    def upcast(self, kind: str) -> Path:
        return self.root / "UpCast" / GROUP / kind

    def find(self, kind: str, stem: str) -> tuple[Place, Path] | None:
        """Where a file of that name is, whoever moved it.

        Turnkey moves SRC → BAK or ERR, so looking in that order cannot miss a file on the move.
        """
        base = self.upcast(kind)
        for place in Place:
            for folder in (base / place,) if place is Place.WAITING else _hours(base / place):
                direct = folder / f"{stem}.xml"
                if direct.exists():
                    return place, direct
        return None

    def drop(self, kind: str, stem: str, data: bytes) -> Path:
        """Lets the file appear in SRC at once, and only when it is safely on the disk.

        Raises ``OSError`` where the folder cannot be written (or lies on two file systems).
        """
        draft_folder = self.root / ".outgoing"
        draft_folder.mkdir(parents=True, exist_ok=True)
        source = self.upcast(kind) / Place.WAITING
        source.mkdir(parents=True, exist_ok=True)
        draft, target = draft_folder / f"{stem}.xml", source / f"{stem}.xml"
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        _sync(source)
        return target

    def result_names(self, since: date) -> list[str]:
        """Result files and refused uploads since that day, as paths below the root, by time."""
        places = [self.root / "Unpack" / "BAK" / name for name in RESULTS]
        places += [kind / Place.REFUSED for kind in _folders(self.root / "UpCast" / GROUP)]
        found = [
            (file.stat().st_mtime_ns, file.relative_to(self.root).as_posix())
            for place in places
            for hour in _hours(place, since)
            for file in hour.iterdir()
            if file.suffix == ".xml" and file.is_file()
        ]
        return [name for _, name in sorted(found)]

    def read(self, name: str) -> bytes:
        """The bytes of one of ``result_names``. Raises ``ValueError`` for a path outside."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError(f"outside of the folder: {name}")
        return path.read_bytes()


def _folders(base: Path) -> list[Path]:
    return sorted(entry for entry in base.iterdir() if entry.is_dir()) if base.is_dir() else []


def _hours(base: Path, since: date | None = None) -> Iterator[Path]:
    """``<yyyymmdd>/<hh>`` folders, newest day first; days before ``since`` are left out."""
    for day in reversed(_folders(base)):
        if since is not None and _day(day.name) < since:
            continue
        yield from _folders(day)


def _day(name: str) -> date:
    try:
        return datetime.strptime(name, "%Y%m%d").date()  # noqa: DTZ007 - a folder's name, no moment
    except ValueError:
        return date.max  # not Turnkey's naming: look inside rather than miss a result


def _sync(folder: Path) -> None:
    """Makes the rename itself durable; where folders cannot be opened (Windows) it is already."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
