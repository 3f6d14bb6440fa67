"""The agent as a systemd service: a person's own, or the computer's (``--system``)."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

UNIT = "guitai-agent.service"
STATE = "/var/lib/guitai-agent"

LINGER = (
    "使用者服務在登入後啟動。若要一開機就啟動（不必登入），請執行一次：\n"
    "    sudo loginctl enable-linger {user}"
)


def unit_text(command: Sequence[str], *, system: bool) -> str:
    """The unit file. A stop waits for the job in hand; a fall is followed by a start, for ever."""
    more = _SYSTEM if system else _USER
    target = "multi-user.target" if system else "default.target"
    return (
        "# 櫃台列印程式，由 guitai-agent install-service 產生。\n"
        "[Unit]\n"
        "Description=Guitai counter agent (receipt printer)\n"
        "Documentation=http://127.0.0.1:47120/\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        f"ExecStart={' '.join(quoted(word) for word in command)}\n"
        "Restart=always\n"
        "RestartSec=2\n"
        "TimeoutStopSec=90\n"
        "KillMode=mixed\n"
        "NoNewPrivileges=yes\n"
        "UMask=0077\n"
        f"{more}"
        "\n"
        "[Install]\n"
        f"WantedBy={target}\n"
    )


_USER = (
    "PrivateTmp=yes\n"
    "LockPersonality=yes\n"
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
)
_SYSTEM = _USER + (
    "DynamicUser=yes\n"
    "StateDirectory=guitai-agent\n"
    "SupplementaryGroups=lp dialout\n"
    "ProtectSystem=strict\n"
    "ProtectHome=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelTunables=yes\n"
    "ProtectControlGroups=yes\n"
)


def quoted(word: str) -> str:
    """One word of a command line as systemd reads it (systemd.service(5), "Command lines")."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = safe == word and not any(char.isspace() or char in "'\";" for char in word)
    return word if plain else f'"{safe}"'


def unit_path(*, system: bool) -> Path:
    if system:
        return Path("/etc/systemd/system") / UNIT
    return Path.home() / ".config" / "systemd" / "user" / UNIT


def systemctl(*words: str, system: bool) -> list[str]:
    return ["systemctl", *([] if system else ["--user"]), *words]


def start_commands(*, system: bool) -> list[list[str]]:
    return [
        systemctl("daemon-reload", system=system),
        systemctl("enable", UNIT, system=system),
        systemctl("restart", UNIT, system=system),
    ]


def stop_commands(*, system: bool) -> list[list[str]]:
    return [systemctl("disable", "--now", UNIT, system=system)]


def agent_command(start: Sequence[str], *, system: bool) -> list[str]:
    """How the service runs the agent, which ``start`` starts."""
    return [*start, "run", "--quiet", *(["--data", STATE] if system else [])]


def base_python() -> str:
    """The Python that outlives every version's environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


def why_refused(command: Sequence[str], words: str) -> str:
    """The code for what systemctl said: there is no systemd, or none for this login, or else."""
    if command[:1] != ["systemctl"]:
        return "install_refused"
    if "not been booted with systemd" in words:
        return "install_no_systemd"
    own = "--user" in command and "connect to" in words and "bus" in words
    return "install_no_session" if own else "install_refused"


def shown(command: Sequence[str]) -> str:
    return shlex.join(command)
