"""The demo's own package of the agent: its server offers at ``/agent/`` what a shop's would."""

import os
import subprocess
import sys
from pathlib import Path

from guitai.config import home

BUILD = Path(__file__).resolve().parents[3] / "packaging" / "agent" / "build.py"
SECONDS = 60


def begin() -> "subprocess.Popen[str] | None":
    """Builds it beside whatever else starts; None where there are no sources to build it of, and
    where somebody named a folder with a package of his own."""
    if not BUILD.is_file() or os.environ.get("GUITAI_AGENT_FILES"):
        return None
    folder = home.folder()
    command = [sys.executable, str(BUILD), str(folder / "agent-files")]
    return subprocess.Popen(
        [*command, "--key", str(folder / "agent-key.pem")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(building: "subprocess.Popen[str] | None") -> str:
    """Waits for it; why there is no package, or an empty string."""
    if building is None:
        return ""
    try:
        _, words = building.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        building.kill()
        building.communicate()
        return f"{SECONDS} 秒內沒有完成"
    return words.strip()[-300:] if building.returncode else ""
