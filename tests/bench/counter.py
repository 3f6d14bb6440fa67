"""A counter on ports that nobody else on the machine is about to take."""

import random
from pathlib import Path

from guitai.config import processes
from tests.house import House

FIRST, LAST = 20_000, 32_000
"""Below the ports that the system hands out for outgoing connections (32768 on Linux)."""
TAKEN = ("已被另一個程式使用", "Address already in use", "address already in use", "EADDRINUSE")


class PortTaken(RuntimeError):
    """Another process got one of the counter's ports first."""


class Counter(House):
    """A house whose ports are drawn at random and are neither open nor reserved.

    ``processes.free_port`` sees only who listens already. Another installation holds its port by
    name from its first moment and listens seconds later, when its database is up: two that start
    together would both choose the first free port, and the second one ends.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.server_port, self.relay_port, self.sandbox_port, self.agent_port = unreserved(4)
        self.environment |= {
            "GUITAI_AGENT_PORTS": str(self.agent_port),
            "GUITAI_RELAY_PORT": str(self.relay_port),
        }

    def __enter__(self) -> "Counter":
        """Raises ``PortTaken``; whatever was started is ended before anything is raised."""
        try:
            super().__enter__()
        except BaseException as error:
            if self.process is not None:
                self.__exit__()
            if any(word in self._said() for word in TAKEN):
                raise PortTaken(self._said()[-3000:]) from error
            raise
        return self

    def _said(self) -> str:
        logs = [self.folder / "house.log", *sorted((self.folder / "run").glob("*.log"))]
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())


def unreserved(count: int) -> list[int]:
    """That many ports which nobody uses and no installation holds by name."""
    found = [port for port in random.sample(range(FIRST, LAST), 50 * count) if _is_unreserved(port)]
    if len(found) < count:
        raise PortTaken(f"{count} free ports are not to be had between {FIRST} and {LAST}")
    return found[:count]


def _is_unreserved(port: int) -> bool:
    try:
        with processes.holding(port):
            return True
    except processes.PortInUse:
        return False
