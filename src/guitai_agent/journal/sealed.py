"""A journal that is broken: left as it is, and told, by an agent that runs without it.

Nobody can say any more what was printed, so nothing is printed (``opening``). An agent that did
not start would leave its pages to guess why; this one says it to the till, to its own page and to
the server, and refuses everything that would need a memory.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import AgentError
from .store import Job, Journal

log = logging.getLogger(__name__)
BROKEN = "journal_broken"


class SealedJournal(Journal):
    """Refuses every question with ``journal_broken``; the file is not touched."""

    sealed = True

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.clock, self.path = clock, path
        self.on_change: Callable[[Job], None] = lambda job: None
        self.trouble = BROKEN
        self._lock = threading.RLock()

    def close(self) -> None:
        """There is nothing open."""

    def recover(self) -> list[Job]:
        return []

    def prune(self, *, older_than: float) -> int:
        return 0

    def try_out(self, size: int) -> str:
        return self.trouble

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        raise AgentError(BROKEN)
        yield  # a generator, as the others

    _writing = _reading


def open_or_seal(path: Path) -> Journal:
    """The journal, or a sealed one in its place; raises as ``open_journal`` for all else."""
    try:
        return Journal(path)
    except AgentError as error:
        if error.code != BROKEN:
            raise
        log.error("%s %s", error.message, error.params)
        return SealedJournal(path)
