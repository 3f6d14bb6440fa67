"""``guitai-agent`` as a word that a shell and a service know, whatever version is in use."""

import shlex
from pathlib import Path

NAME = "guitai-agent"
SYSTEM_FOLDER = Path("/usr/local/bin")


def command_path(*, system: bool) -> Path:
    """Where the command lies: on a person's own path, or on everybody's (and sudo's)."""
    return (SYSTEM_FOLDER if system else Path.home() / ".local" / "bin") / NAME


def command_text(python: str, launcher: Path) -> str:
    """The script. It leads to the launcher, which follows every update and every way back."""
    start = shlex.join([python, str(launcher)])
    return (
        "#!/bin/sh\n"
        "# 由櫃台列印程式的安裝程式產生：啟動使用中的版本，更新與退回都不必改這個檔案。\n"
        f'exec {start} "$@"\n'
    )
