"""A whole counter as real processes in a folder of its own, for journeys and crash tests."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from guitai.config import processes

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("server", "worker", "database", "agent")


class House:
    """Server, worker, database, sandbox and agent; started by ``with House(folder) as house``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server_port = processes.free_port(18000)
        self.sandbox_port = processes.free_port(18590)
        self.agent_port = processes.free_port(47120)
        # Held from the start but used late: two houses that begin at once must not choose the same.
        self.relay_port = processes.free_port(19000 + os.getpid() % 5000)
        self.clock_file = folder / "clock-offset"
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if key not in {"DATABASE_URL", "GUITAI_TEST_DB"}
        } | {
            "GUITAI_HOME": str(folder),
            "GUITAI_TURNKEY": str(folder / "turnkey"),
            "GUITAI_CLOCK_OFFSET_FILE": str(self.clock_file),
            "GUITAI_AGENT_PORTS": str(self.agent_port),
            "GUITAI_RELAY_PORT": str(self.relay_port),
            "PYTHONPATH": str(ROOT),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def __enter__(self) -> "House":
        (self.folder / "turnkey").mkdir(exist_ok=True)
        ports = [str(p) for p in (self.server_port, self.sandbox_port, self.agent_port)]
        with (self.folder / "house.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "guitai.config.cli", "demo-serve", *ports],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.wait_until(self.answers, 90, "the counter to start")
        return self

    def __exit__(self, *why: object) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "house.log").read_text(errors="replace")[-3000:])
        try:
            with urllib.request.urlopen(f"{self.base}/readyz", timeout=5) as answer:
                ready = answer.status == 200
        except (OSError, urllib.error.URLError):
            return False
        return ready and processes.answers(self.agent_port)

    def wait_until(self, true: Any, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds} s for {what}")
            time.sleep(0.1)

    def run(self, task: str, **arguments: Any) -> Any:
        """Runs ``tests/house_tasks.py``'s task inside this house; its JSON answer."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.house_tasks", task, json.dumps(arguments)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{task}: {done.stderr[-3000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def sandbox_says(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.sandbox}/_sandbox/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def documents(self, **query: str) -> list[dict[str, Any]]:
        """Every document that reached the sandbox, page by page."""
        found: list[dict[str, Any]] = []
        after: Any = 0
        while True:
            asked = "&".join(f"{k}={v}" for k, v in {**query, "after": after}.items())
            page = self.sandbox_says(f"documents?{asked}")
            found += page["documents"]
            after = page.get("next_after")
            if not after or not page["documents"]:
                return found

    def move_clock(self, seconds: float) -> None:
        """Moves every process's clock, the sandbox's too."""
        self.clock_file.write_text(str(seconds))
        self.sandbox_says("clock", {"add_seconds": seconds})

    def kill(self, part: str) -> bool:
        """SIGKILL to one part, or to the database's postmaster; false where it is down already."""
        path = self.folder / ("pg/data/postmaster.pid" if part == "database" else f"run/{part}.pid")
        try:
            os.kill(int(path.read_text().split()[0]), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            return False
        return True


@contextlib.contextmanager
def house_folder() -> Iterator[Path]:
    """A folder that the database's own user can reach; pytest closes its own to others."""
    with tempfile.TemporaryDirectory(prefix="house-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


class Killer(threading.Thread):
    """Kills the parts at random moments of the work, each as often as the others.

    A moment is a count of ``progress``, so that a fast machine's house dies as often as a slow
    one's.
    """

    def __init__(
        self,
        house: House,
        random: Any,
        *,
        progress: Callable[[], int],
        goal: int,
        rounds: int,
    ) -> None:
        super().__init__(daemon=True)
        self.house, self.progress = house, progress
        self.kills = dict.fromkeys(PARTS, 0)
        self.quiet = threading.Event()
        moments = sorted(random.sample(range(1, goal * 9 // 10), rounds * len(PARTS)))
        parts = [part for _ in range(rounds) for part in random.sample(PARTS, len(PARTS))]
        self.plan = list(zip(moments, parts, strict=True))

    def run(self) -> None:
        for moment, part in self.plan:
            while self.progress() < moment or not self.house.kill(part):
                if self.quiet.wait(0.02):
                    return
            self.kills[part] += 1

    def stop(self) -> None:
        self.quiet.set()
        self.join()
