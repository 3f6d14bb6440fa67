"""The agent's own log: a file that rotates, and the last lines in memory for ``log.tail``.

Tokens and codes are never passed to the logger in the first place.
"""

import logging
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Tail(logging.Handler):
    """Keeps the newest lines."""

    def __init__(self, lines: int = 500) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def last(self, count: int) -> list[str]:
        return list(self._lines)[-count:] if count else []


class Logbook:
    """Logs to ``agent.log`` in the folder (3 files of 1 MB), to memory, and to the terminal."""

    def __init__(self, folder: Path, *, verbose: bool) -> None:
        self.tail = Tail()
        file = RotatingFileHandler(
            folder / "agent.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8"
        )
        self._handlers: list[logging.Handler] = [self.tail, file]
        if verbose:
            self._handlers.append(logging.StreamHandler())
        self._logger = logging.getLogger("guitai_agent")
        self._logger.setLevel(logging.INFO)
        for handler in self._handlers:
            handler.setFormatter(logging.Formatter(FORMAT))
            self._logger.addHandler(handler)

    def close(self) -> None:
        for handler in self._handlers:
            self._logger.removeHandler(handler)
            handler.close()
