"""An update: fetched, proved, installed beside, tried, switched; back when it does not start."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from ..datadir import Lock, is_full
from ..errors import DataDirBusy
from .home import Home
from .refusals import InstallRefused
from .releases import Release, Source, download, latest, numbers, public_key
from .room import NO_ROOM, lack_of_room

BUSY_SECONDS = 60.0
START_SECONDS = 30.0
TRIAL_SECONDS = 240.0
"""As long as a restart (120 s at most) and the first answer may take; launch.py allows 300."""
INSTALL_SECONDS = 900.0

Say = Callable[[str], None]
Fill = Callable[[Path, Path, Path, Path | None], None]
"""(venv's python, wheel, requirements, folder with wheels or None): install them there."""


def pip_fill(python: Path, wheel: Path, requirements: Path, wheels: Path | None) -> None:
    """The requirements with their hashes, then the wheel alone."""
    offline = ["--no-index", "--find-links", str(wheels)] if wheels else []
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    run([*pip, *offline, "--require-hashes", "--only-binary", ":all:", "-r", str(requirements)])
    run([*pip, "--no-deps", "--no-index", str(wheel)])


def run(command: list[str]) -> str:
    """The output of a command; ``update_install`` with its last words when it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        words = (error.stderr or error.stdout or "").strip()
        code = "update_disk_full" if any(each in words for each in NO_ROOM) else "update_install"
        raise InstallRefused(code, words[-600:]) from error
    except OSError as error:
        code = "update_disk_full" if is_full(error) else "update_install"
        raise InstallRefused(code, str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise InstallRefused("update_install", str(error)) from error
    return done.stdout


@dataclass
class Updater:
    """``busy``: is a job being sent now? ``restart``: True when a service was restarted.
    ``answers``: the version of the agent that answers now, or an empty string. ``joined``: the
    server that the agent belongs to, or an empty string."""

    home: Home
    busy: Callable[[], bool]
    restart: Callable[[], bool]
    answers: Callable[[], str]
    joined: Callable[[], str] = lambda: ""
    say: Say = print
    fill: Fill = pip_fill
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    base_python: str = field(default_factory=lambda: sys.executable)

    def update(self, location: str, key: str | None = None) -> str:
        """Bring the newest version of the source into use; the version. Raises InstallRefused.

        ``key``: an installation, which trusts that public key (base64) from now on. Key and source
        are remembered once the version is in use: whatever is refused leaves those before.
        """
        with _as_installation(self.home, key is not None), plainly(), _OneAtATime(self.home):
            trusted = self.home.key if key is None else public_key(key)
            wanted = location or source_of(self.home, self.joined())
            source = Source(wanted, signed=trusted is not None, joined=self.joined())
            release = latest(source, trusted)
            news = self._is_news(release, source)
            self.home.prepare()
            if news:
                if not self.home.is_ready(release.version):
                    self._build(source, release)
                self._use(release.version)
                self.home.tidy()
            if key is not None:
                self.home.remember_key(key)
            if location and source.folder is None:
                self.home.remember_source(location)
            return release.version

    def back(self) -> str:
        """Use the version before again. ``update_no_previous``."""
        with plainly(), _OneAtATime(self.home):
            before = self.home.previous
            if not self.home.is_ready(before) or before == self.home.current:
                raise InstallRefused("update_no_previous")
            self.home.prepare()
            self._use(before)
            return before

    def _is_news(self, release: Release, source: Source) -> bool:
        current = self.home.current
        if not current:
            return True
        if numbers(release.version) < numbers(current):
            raise InstallRefused("update_older", f"{release.version} < {current}")
        if numbers(release.version) == numbers(current) and self.home.is_ready(current):
            self.say(_nothing_new(current, source))
            return False
        return True

    def _build(self, source: Source, release: Release) -> None:
        """A whole environment beside the others, or none."""
        version = release.version
        self.home.discard(version)
        with TemporaryDirectory(prefix="guitai-update-") as folder:
            self.say(f"下載 {version}…")
            wheel = download(source, release.wheel, Path(folder))
            requirements = download(source, release.requirements, Path(folder))
            self.say("安裝…")
            try:
                run([self.base_python, "-m", "venv", str(self.home.venv(version))])
                python = self.home.python(version)
                self.fill(python, wheel, requirements, _wheels_beside(source))
                told = run([str(python), "-m", "guitai_agent", "version"]).strip()
                if told != version:
                    raise InstallRefused("update_install", f"{told[:60]!r} != {version}")
            except BaseException as error:  # also Ctrl+C: no half of a version stays
                self.home.discard(version)
                _look_for_room(self.home, error)
                raise
        self.home.mark_ready(version)

    def _use(self, version: str) -> None:
        """Try it as the service while nothing is being printed, and switch once it answers.

        Until then ``current`` is the old one: whatever ends us here, the old one starts again.
        """
        before = self.home.current
        self._wait_until_idle()
        with self.home.trying(version, time.time() + TRIAL_SECONDS):
            restarted = self._restarted(before)
            started = restarted and self._started(version)
        if restarted and not started:
            self._start_again(version, before)
        self.home.switch(version)
        if restarted:
            self.say(f"{version} 已啟動。")
        else:
            self.say(f"已切換到 {version}；下次啟動列印程式時生效。")

    def _restarted(self, before: str) -> bool:
        """Was there a service to restart? ``update_not_restarted`` when the system refused."""
        try:
            return self.restart()
        except InstallRefused as refused:
            raise InstallRefused("update_not_restarted", _kept(before, refused)) from refused

    def _start_again(self, version: str, before: str) -> NoReturn:
        """The one before is to serve again; ``update_not_starting``."""
        try:
            if before:
                self.restart()
        except InstallRefused as refused:
            raise InstallRefused("update_not_started_again", _kept(before, refused)) from refused
        raise InstallRefused("update_not_starting", version)

    def _wait_until_idle(self) -> None:
        end = self.clock() + BUSY_SECONDS
        while self.busy():
            if self.clock() >= end:
                raise InstallRefused("update_busy")
            self.sleep(0.5)

    def _started(self, version: str) -> bool:
        end = self.clock() + START_SECONDS
        while self.answers() != version:
            if self.clock() >= end:
                return False
            self.sleep(0.5)
        return True


def source_of(home: Home, joined: str) -> str:
    """Where updates come from: the address that was given, else the server that was joined.

    Raises ``update_no_source``.
    """
    if home.source:
        return home.source
    if not joined:
        raise InstallRefused("update_no_source")
    return f"{joined.rstrip('/')}/agent"


def _kept(before: str, refused: InstallRefused) -> str:
    return f"使用中的版本：{before or '無'}；{refused.detail}"


def _nothing_new(current: str, source: Source) -> str:
    """A folder shows what was put there once, so nobody may call it the newest."""
    if source.folder is None:
        return f"已是最新版 {current}（來源：{source.location}）。"
    return f"資料夾 {source.location} 裡也是 {current}，不必再安裝。"


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """What the disk refuses, in words: ``update_disk_full``, ``update_unwritable``."""
    try:
        yield
    except OSError as error:
        code = "update_disk_full" if is_full(error) else "update_unwritable"
        raise InstallRefused(code, str(error)) from error


INSTALLING = {"update_older": "install_older", "update_signature": "install_signature"}
"""What an update advises is no way for who has just been installing: he is told otherwise."""


def _look_for_room(home: Home, error: BaseException) -> None:
    """Raises ``update_disk_full`` in the place of an ``update_install`` that came of it."""
    if not isinstance(error, InstallRefused) or error.code != "update_install":
        return
    if lacking := lack_of_room(home.root):
        raise InstallRefused("update_disk_full", f"{lacking}\n{error.detail}") from error


@contextlib.contextmanager
def _as_installation(home: Home, installing: bool) -> Iterator[None]:
    """What is refused, told to who updates, who installs, or who installs for the first time."""
    unused = home.unused
    try:
        yield
    except InstallRefused as refused:
        refused.first = unused
        if not installing or refused.code not in INSTALLING:
            raise
        raise InstallRefused(INSTALLING[refused.code], refused.detail) from refused


class _OneAtATime:
    """The lock of a root: two updates at once would undo each other."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __enter__(self) -> None:
        self._home.root.mkdir(parents=True, exist_ok=True)  # no more: it may yet be refused
        try:
            self._lock = Lock(self._home.root)
        except DataDirBusy:
            raise InstallRefused("update_running", str(self._home.root)) from None

    def __exit__(self, *why: object) -> None:
        self._lock.release()


def _wheels_beside(source: Source) -> Path | None:
    """A stick for a shop without internet carries the dependencies in ``wheels/``."""
    folder = source.folder
    return folder / "wheels" if folder and (folder / "wheels").is_dir() else None
