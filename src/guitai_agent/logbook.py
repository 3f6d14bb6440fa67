"""The agent's own log: a file that rotates, and the last lines in memory for ``log.tail``.

Tokens and codes are never passed to the logger in the first place.
"""

import logging
import traceback
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def traced(error: BaseException) -> str:
    """What went wrong and where, for faults that happen over a document.

    Without the message: it may quote the document, and the log goes into the evidence bundle.
    """
    frames = traceback.extract_tb(error.__traceback__)
    way = " > ".join(f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames)
    told = f" {error.strerror}" if isinstance(error, OSError) else ""
    return f"{type(error).__name__}{told} at {way}"


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
