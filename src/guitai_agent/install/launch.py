"""Starts the version of the agent that ``current`` names; stands beside it, outside of versions.

Needs nothing but Python, because it must still start when a version does not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path


def chosen(root: Path) -> Path:
    """The Python of the version in use; SystemExit with a sentence when there is none."""
    try:
        version = (root / "current").read_text("utf-8").strip()
    except OSError as error:
        sys.exit(f"讀不到目前的版本：{error}")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){1,3}", version):
        sys.exit(f"目前的版本寫法不正確：{version!r}")
    windows = (
        "Scripts/pythonw.exe" if Path(sys.executable).stem == "pythonw" else "Scripts/python.exe"
    )
    python = root / "versions" / version / (windows if os.name == "nt" else "bin/python")
    if not python.exists():
        sys.exit(f"版本 {version} 不完整，請執行 update 或 update --back。")
    return python


def main() -> None:
    command = [str(chosen(Path(__file__).resolve().parent)), "-m", "guitai_agent", *sys.argv[1:]]
    if os.name == "nt":  # Windows has no exec: this process stays and hands on the result
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
