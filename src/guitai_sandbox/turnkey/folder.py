"""The folders of Turnkey, and files that appear and move whole (mof.md §9.2).

``UpCast/<group>/<message>/{SRC,BAK/<yyyymmdd>/<hh>,ERR/<yyyymmdd>/<hh>}`` upwards,
``Unpack/BAK/<message>/<yyyymmdd>/<hh>`` downwards.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

GROUPS = {
    "E0401": "B2PMESSAGE",
    "F0401": "B2SSTORAGE",
    "F0501": "B2SSTORAGE",
    "F0701": "B2SSTORAGE",
    "G0401": "B2SSTORAGE",
    "G0501": "B2SSTORAGE",
    "E0402": "B2PMESSAGE",
}
"""Messages in the order a run works them: an issue before what corrects it."""


class Folder:
    """One Turnkey data folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for message in GROUPS:
            for part in ("SRC", "BAK", "ERR"):
                (self.upcast(message) / part).mkdir(parents=True, exist_ok=True)
        (root / "Unpack" / "BAK").mkdir(parents=True, exist_ok=True)

    def upcast(self, message: str) -> Path:
        """Return the folder of one outgoing message."""
        return self.root / "UpCast" / GROUPS[message] / message

    def waiting(self, message: str) -> list[Path]:
        """Return the ``.xml`` files in SRC, oldest first; anything else lies there untouched."""
        found = [
            (entry.stat().st_mtime_ns, entry.name)
            for entry in os.scandir(self.upcast(message) / "SRC")
            if entry.name.endswith(".xml") and entry.is_file(follow_symlinks=False)
        ]
        return [self.upcast(message) / "SRC" / name for _, name in sorted(found)]

    def put_away(self, file: Path, part: str, at: datetime) -> Path:
        """Move one file from SRC to ``BAK`` or ``ERR`` of the hour; never over another file."""
        target = _hour(file.parent.parent / part, at) / file.name
        place = 1
        while target.exists():
            target = target.with_name(f"{file.stem}.{place}{file.suffix}")
            place += 1
        file.rename(target)
        return target

    def drop(self, message: str, name: str, data: bytes, at: datetime) -> Path:
        """Let one downloaded file appear at once under ``Unpack/BAK/<message>``."""
        target = _hour(self.root / "Unpack" / "BAK" / message, at) / name
        draft = self.root / "Unpack" / f".{name}.part"
        draft.write_bytes(data)
        draft.rename(target)
        return target


def _hour(base: Path, at: datetime) -> Path:
    folder = base / at.strftime("%Y%m%d") / at.strftime("%H")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
