"""The parts of one installation as processes: started in order, watched, restarted, stopped.

Small on purpose: a shop's single machine runs ``guitai up``; a larger site runs server and worker
under its own supervisor and needs nothing of this.
"""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from guitai.config import embedded, home

log = structlog.get_logger("guitai.processes")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Part:
    """One process. ``ready`` (if given) is asked until it is true before the next part starts."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Running:
    part: Part
    child: "subprocess.Popen[bytes]"
    started: float
    pause: float = FIRST_PAUSE
    restart_at: float | None = None


class Supervisor:
    """Keeps ``parts`` (and the embedded database, where one is used) running until told to stop."""

    def __init__(self, parts: Sequence[Part], *, with_database: bool) -> None:
        self.parts = parts
        self.with_database = with_database
        self.running: list[_Running] = []
        self.database: subprocess.Popen[bytes] | None = None
        self.stopping = False

    def run(self) -> None:
        """Starts everything and blocks until SIGTERM or SIGINT; then stops in reverse order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            self.start()
            while not self.stopping:
                self.watch()
                time.sleep(0.2)
        finally:
            self.stop()

    def start(self) -> None:
        if self.with_database:
            self.database = embedded.start(home.folder())
        for part in self.parts:
            if self.stopping:
                return
            self.running.append(_Running(part, self._spawn(part), time.monotonic()))
            self._await(part)

    def watch(self) -> None:
        """One look: what died is started again, slower each time until it holds."""
        if self.with_database and embedded.postmaster_pid(home.folder()) is None:
            if self.database is not None:
                self.database.poll()  # reaps the zombie
            log.warning("database died, starting it again")
            self.database = embedded.start(home.folder())
        for running in self.running:
            self._watch_one(running)

    def stop(self) -> None:
        for running in reversed(self.running):
            _end(running.child)
        self.running.clear()
        if self.with_database:
            embedded.stop(home.folder())
            if self.database is not None:
                self.database.wait(STOP_SECONDS)

    def _watch_one(self, running: _Running) -> None:
        if running.child.poll() is None:
            if time.monotonic() - running.started > STEADY_SECONDS:
                running.pause = FIRST_PAUSE
            return
        if running.restart_at is None:
            log.warning("part ended", part=running.part.name, code=running.child.returncode)
            # A killed parent leaves its own children behind; they must not serve on.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.child.pid, signal.SIGKILL)
            running.restart_at = time.monotonic() + running.pause
        elif time.monotonic() >= running.restart_at:
            running.child = self._spawn(running.part)
            running.started, running.restart_at = time.monotonic(), None
            running.pause = min(running.pause * 2, LONGEST_PAUSE)

    def _spawn(self, part: Part) -> "subprocess.Popen[bytes]":
        path = home.folder() / "run" / f"{part.name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as output:
            child = subprocess.Popen(
                list(part.command),
                env={**os.environ, "GUITAI_HOME": str(home.folder()), **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        (home.folder() / "run" / f"{part.name}.pid").write_text(str(child.pid))
        return child

    def _await(self, part: Part, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while part.ready and not self.stopping and not part.ready():
            if time.monotonic() > deadline:
                path = home.folder() / "run" / f"{part.name}.log"
                raise RuntimeError(f"{part.name} 在 {seconds:.0f} 秒內沒有起來；請看 {path}")
            self.watch()
            time.sleep(0.05)

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self.stopping = True


def _end(child: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to the whole group, SIGKILL to what does not listen."""
    if child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def server(port: int, *, host: str = "127.0.0.1") -> Part:
    """The web server: granian in WSGI mode, two workers of four threads (stack.md §1)."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2"]
    command += ["--blocking-threads", "4", "--host", host, "--port", str(port)]
    command += ["--no-access-log", "--respawn-failed-workers", "guitai.config.wsgi:application"]
    return Part("server", command, ready=lambda: answers(port))


def worker() -> Part:
    return Part("worker", [sys.executable, "-m", "guitai.config.worker"])


def relay(port: int, *, host: str = "127.0.0.1") -> Part:
    """The relay between till pages and agents (docs/decisions/0011). Nothing waits for it."""
    told = {"GUITAI_RELAY_PORT": str(port), "GUITAI_RELAY_HOST": host}
    command = [sys.executable, "-m", "guitai.relay.process"]
    return Part("relay", command, told)


def relay_port(server_port: int) -> int:
    """The relay's port, for every process that this one starts: as named, else the next one."""
    os.environ.setdefault("GUITAI_RELAY_PORT", str(server_port + 1))
    return int(os.environ["GUITAI_RELAY_PORT"])


def answers(port: int) -> bool:
    """Whether something listens on the port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(first: int) -> int:
    """The first port from ``first`` on that nobody uses."""
    for port in range(first, first + 200):
        if is_free(port):
            return port
    raise RuntimeError(f"從 {first} 起的 200 個連接埠都被占用")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody uses the port, also none of those who would share it (SO_REUSEPORT).

    An address that is not this machine's is not a port in use: the web server will say so itself.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


class PortInUse(RuntimeError):
    """Another installation has, or is about to have, the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"連接埠 {port} 已被另一個程式使用；請先停止它，或以 --port 換一個。")


@contextlib.contextmanager
def holding(port: int, host: str = "127.0.0.1") -> Iterator[None]:
    """Holds a web port for one installation of this machine; raises ``PortInUse``.

    The web server's workers share their port (SO_REUSEPORT), so the system lets a second
    installation in as well, and every other request would reach the wrong shop's books. A name in
    the abstract socket space ends with its process, whatever kills it.
    """
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0guitai-port-{port}")
        except OSError as error:
            raise PortInUse(port) from error
        if not is_free(port, host):
            raise PortInUse(port)
        yield


def pid_file() -> Path:
    return home.folder() / "run" / "guitai.pid"


def running_pid() -> int | None:
    """The pid of the supervisor of this home folder, if it lives."""
    try:
        pid = int(pid_file().read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid
