"""Parts that outlived their supervisor: kill -9 takes it away without its children."""

import contextlib
import os
import signal
import time
from pathlib import Path

from guitai.config import home

PATIENCE = 10.0


def end_all() -> list[str]:
    """Ends every part that ``run/*.pid`` of this home folder names and that is still ours.

    A pid may belong to a stranger by now: only a process that was started with this home folder
    is touched. Returns the names of the parts that were ended.
    """
    folder = home.folder()
    ended = []
    for file in sorted((folder / "run").glob("*.pid")):
        if file.name == "guitai.pid":
            continue
        with contextlib.suppress(ValueError):
            pid = int(file.read_text())
            if _is_ours(pid, folder):
                _end_group(pid)
                ended.append(file.stem)
        file.unlink(missing_ok=True)
    return ended


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether the supervisor of this home folder started the process (``Supervisor`` marks it)."""
    try:
        started_with = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, another user's, or a system without /proc
        return False
    return f"GUITAI_HOME={folder}".encode() in started_with


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            os.killpg(pid, 0)  # raises once the whole group is gone
            time.sleep(0.05)
        os.killpg(pid, signal.SIGKILL)
