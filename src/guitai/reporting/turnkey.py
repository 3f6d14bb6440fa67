"""Is the Turnkey folder in order? Counts and ages only; file names are shown to their own merchant.

The folder is the installation's and holds files of all merchants (mof.md §9.2): ``UpCast/
B2SSTORAGE/<message>/SRC`` waits for Turnkey, ``…/ERR/<day>/<hour>`` holds what it refused.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from uuid import UUID

from guitai.invoicing.models import Transmission

GROUP = Path("UpCast", "B2SSTORAGE")
STALE_MINUTES = 15
"""Turnkey looks into its folder every few minutes; a file that waits longer says that it stands."""
LOOK_AT_MOST = 20_000
_STEM = re.compile(r"(F0401|F0501)_([A-Z]{2}[0-9]{8})_([0-9a-f-]{36})\.xml")


@dataclass(frozen=True, slots=True)
class Refused:
    """One file of this merchant that Turnkey put into ERR."""

    message: str
    number: str
    transmission_id: UUID


@dataclass(frozen=True, slots=True)
class FolderHealth:
    """``waiting`` counts files of all merchants, ``refused`` names this merchant's only."""

    configured: bool
    exists: bool = False
    writable: bool = False
    waiting: int = 0
    oldest_minutes: int | None = None
    refused: list[Refused] = field(default_factory=list)

    @property
    def standing(self) -> bool:
        """Turnkey takes nothing."""
        return self.oldest_minutes is not None and self.oldest_minutes >= STALE_MINUTES


def health(folder: str, now: float | None = None) -> FolderHealth:
    """Looks at the folder of the settings; ``now`` in seconds since 1970."""
    if not folder:
        return FolderHealth(configured=False)
    root = Path(folder)
    if not root.is_dir():
        return FolderHealth(configured=True)
    waiting = list(islice(_files(root, "SRC"), LOOK_AT_MOST))
    moment = time.time() if now is None else now
    oldest = min((entry.stat().st_mtime for entry in waiting), default=None)
    return FolderHealth(
        configured=True,
        exists=True,
        writable=os.access(root, os.W_OK | os.X_OK),
        waiting=len(waiting),
        oldest_minutes=None if oldest is None else max(0, int((moment - oldest) // 60)),
        refused=_own(islice(_files(root, "ERR"), LOOK_AT_MOST)),
    )


def _files(root: Path, place: str) -> Iterator[Path]:
    base = root / GROUP
    if not base.is_dir():
        return
    for kind in sorted(base.iterdir()):
        yield from (kind / place).rglob("*.xml")


def _own(files: Iterable[Path]) -> list[Refused]:
    found = [
        Refused(match[1], match[2], UUID(match[3]))
        for file in files
        if (match := _STEM.fullmatch(file.name))
    ]
    ids = [one.transmission_id for one in found]
    ours = set(Transmission.objects.filter(id__in=ids).values_list("id", flat=True))
    return [one for one in found if one.transmission_id in ours][:50]
