"""Install, remove and restart the agent's service on this system, or say what would be done."""

import getpass
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datadir import is_full
from . import systemd, udev, windows
from .command import command_path, command_text
from .home import Home, default_root, running_root
from .refusals import InstallRefused

Runner = Callable[[list[str]], None]
Steps = Callable[["Place"], "list[Step]"]


@dataclass(frozen=True, slots=True)
class Write:
    path: Path
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Remove:
    path: Path


@dataclass(frozen=True, slots=True)
class Call:
    command: list[str]


Step = Write | Remove | Call


def call(command: list[str]) -> None:
    """Run one command. ``install_refused`` with its words when the system says no,
    ``install_no_session`` where nobody is logged in for systemd, ``install_no_systemd``."""
    shown = systemd.shown(command)
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout or "").strip()
        raise InstallRefused(systemd.why_refused(command, words), f"{shown}: {words}") from error
    except FileNotFoundError as error:
        missing = command[0] == "systemctl"
        code = "install_no_systemd" if missing else "install_refused"
        raise InstallRefused(code, f"{shown}: {error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallRefused("install_refused", f"{shown}: {error}") from error


@dataclass(frozen=True, slots=True)
class Place:
    """What the service is made for. ``platform`` and ``user`` as the system names them."""

    system: bool
    platform: str = sys.platform
    user: str = ""
    root: Path | None = None

    @property
    def home(self) -> Home:
        return Home(self.root or default_root(system=self.system))

    @property
    def launcher(self) -> Path | None:
        """The launcher, when versions are kept under the root; else the agent runs from here."""
        return self.home.launcher if self.home.managed else None

    @property
    def command(self) -> Path | None:
        """Where ``guitai-agent`` is put: beside versions that lie where they are looked for."""
        wanted = self.platform.startswith("linux") and self.root is None and self.home.managed
        return command_path(system=self.system) if wanted else None

    @property
    def start(self) -> list[str]:
        """The words that start the agent. ``install_no_version``: none would find it."""
        if self.command is not None:
            return [str(self.command)]
        if self.launcher is not None:
            return [systemd.base_python(), str(self.launcher)]
        if running_root() is not None:  # a launcher's Python knows no guitai_agent by itself
            raise InstallRefused("install_no_version", str(self.home.root))
        return [sys.executable, "-m", "guitai_agent"]

    @property
    def task_file(self) -> Path:
        return self.home.root / "task.xml"

    @property
    def who(self) -> str:
        return self.user or getpass.getuser()


def install_steps(place: Place) -> list[Step]:
    """What ``install-service`` does, in order; ``install_unsupported`` elsewhere."""
    if place.platform == "win32":
        command = windows.agent_command(Path(systemd.base_python()), place.launcher)
        domain = os.environ.get("USERDOMAIN", "")
        user = f"{domain}\\{place.who}" if domain else place.who
        xml = windows.task_xml(command, place.home.root, user)
        calls = windows.start_commands(place.task_file)
        return [Write(place.task_file, xml), *map(Call, calls)]
    if place.platform.startswith("linux"):
        command = systemd.agent_command(place.start, system=place.system)
        text = systemd.unit_text(command, system=place.system)
        path = systemd.unit_path(system=place.system)
        calls = systemd.start_commands(system=place.system)
        return [
            *command_steps(place),
            Write(path, text),
            *_udev_steps(place),
            *map(Call, calls),
        ]
    raise InstallRefused("install_unsupported", place.platform)


def command_steps(place: Place) -> list[Step]:
    """``guitai-agent`` on the path, where versions are kept for it."""
    if place.command is None:
        return []
    text = command_text(systemd.base_python(), place.home.launcher)
    return [Write(place.command, text, 0o755)]


def remove_steps(place: Place) -> list[Step]:
    """What ``remove-service`` does. The folder with journal and settings stays."""
    if place.platform == "win32":
        calls = windows.stop_commands()
        return [*map(Call, calls), Remove(place.task_file)]
    if place.platform.startswith("linux"):
        path = systemd.unit_path(system=place.system)
        stop = systemd.stop_commands(system=place.system)
        reload = systemd.systemctl("daemon-reload", system=place.system)
        rules = [Remove(Path(udev.PATH))] if place.system else []
        return [*map(Call, stop), Remove(path), *rules, Call(reload)]
    raise InstallRefused("install_unsupported", place.platform)


def do(steps: Sequence[Step], call: Runner = call) -> None:
    """Do the steps; the first refusal ends it."""
    try:
        for step in steps:
            match step:
                case Call(command):
                    call(command)
                case Write(path, text, mode):
                    _write(path, text, mode)
                case Remove(path):
                    path.unlink(missing_ok=True)
    except OSError as error:
        code = "install_disk_full" if is_full(error) else "install_refused"
        raise InstallRefused(code, str(error)) from error


def restart(place: Place, call: Runner = call) -> bool:
    """Restart the service, if it was installed and this login can reach it; was it?"""
    if place.platform == "win32":
        if not place.task_file.exists():
            return False
        commands = windows.restart_commands()
    else:
        if not systemd.unit_path(system=place.system).exists():
            return False
        commands = [systemd.systemctl("restart", systemd.UNIT, system=place.system)]
    try:
        for command in commands:
            call(command)
    except InstallRefused as refused:
        if refused.code in ("install_no_session", "install_no_systemd"):
            return False  # it is started by hand, or with the next login
        raise
    return True


def check_rights(place: Place) -> None:
    """``install_not_root`` for the computer's service without the rights to it."""
    if place.system and place.platform.startswith("linux") and os.geteuid() != 0:
        raise InstallRefused("install_not_root")


def _udev_steps(place: Place) -> list[Step]:
    if not place.system:
        return []
    return [
        Write(Path(udev.PATH), udev.rules()),
        Call(["udevadm", "control", "--reload"]),
        Call(["udevadm", "trigger", "--subsystem-match=tty", "--subsystem-match=usb"]),
    ]


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()  # else what it leads to would be overwritten
    # schtasks reads UTF-16 with its mark; everything else is UTF-8.
    path.write_text(text, "utf-16" if path.suffix == ".xml" else "utf-8")
    path.chmod(mode)
