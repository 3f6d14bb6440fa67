"""Starts the version of the agent that ``current`` names; stands beside it, outside of versions.

While an update tries a new version, ``trial`` names that one and the second until which it is to be
started. It ends by itself: when nobody is left to say that the new version works (the updater was
killed, the power went), the next start is the old one's again. Nothing is written here, because
the computer's own service may write nothing beside its versions.

Needs nothing but Python, because it must still start when a version does not. The version runs in
this very process: whoever ends the service ends the agent, on Windows too, which knows no exec.
"""

import re
import runpy
import site
import sys
import time
from pathlib import Path

LONGEST_TRIAL = 300.0


def on_trial(root: Path, now: float) -> str:
    """The version that an update is trying at this moment; empty when there is none."""
    try:
        version, until = (root / "trial").read_text("utf-8").split()
        return version if now < float(until) <= now + LONGEST_TRIAL else ""
    except (OSError, ValueError):  # none, or half of one
        return ""


def site_of(root: Path) -> Path:
    """Where the packages of the version in use are; SystemExit with a sentence when nowhere."""
    try:
        version = on_trial(root, time.time()) or (root / "current").read_text("utf-8").strip()
    except OSError as error:
        sys.exit(f"讀不到目前的版本：{error}")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){1,3}", version):
        sys.exit(f"目前的版本寫法不正確：{version!r}")
    venv = root / "versions" / version
    inside = "lib/python{}.{}/site-packages".format(*sys.version_info)
    packages = venv / ("Lib/site-packages" if sys.platform == "win32" else inside)
    if not packages.is_dir():
        sys.exit(f"版本 {version} 不完整，或 Python 已更換：請重新安裝，或執行 update --back。")
    return packages


def main() -> None:
    """Only this version's packages are seen, not what else this Python has installed."""
    root = Path(__file__).resolve().parent
    packages = site_of(root)
    shared = ("site-packages", "dist-packages")
    sys.path[:] = [
        path for path in sys.path if Path(path).name not in shared and Path(path) != root
    ]
    site.addsitedir(str(packages))
    runpy.run_module("guitai_agent", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
