"""Is there room for another version? Not everything that fails for want of it says so.

``python -m venv`` ends with "returned non-zero exit status 1" whatever was wrong inside.
"""

import errno
import os
import shutil
import tempfile
from pathlib import Path

NO_ROOM = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
"""What the programs say that do say it."""

VERSION_BYTES = 100 << 20
"""No version fits into less: its libraries take 95 MB and pip another 20."""
TEMPORARY_BYTES = 16 << 20
"""Nor can one be made with less beside it: pip is unpacked there, and the wheel lies there."""


def lack_of_room(root: Path) -> str:
    """Which folder is too full to install under ``root``, in words; empty when none is."""
    needs = {root: VERSION_BYTES, Path(tempfile.gettempdir()): TEMPORARY_BYTES}
    free = {folder: _free(folder) for folder in needs}
    return "\n".join(
        f"{folder} 所在的磁碟只剩 {free[folder] >> 20} MB。"
        for folder, need in needs.items()
        if free[folder] < need
    )


def _free(folder: Path) -> int:
    """In bytes; as much as is needed where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return VERSION_BYTES
