"""Can the journal take another job? It is tried, not guessed: what is told must be true."""

import shutil
from collections.abc import Callable

from ..journal import Journal

LOW_BYTES = 8 << 20
ROOM = 262_144
"""The largest document a page may send."""
DOUBTFUL_EVERY, ROUTINE_EVERY = 1.0, 60.0
"""Seconds between trials: after a refusal or on a disk that is nearly full, and else."""


class JournalWatch:
    """``code`` is why file or disk refuse the journal (``JOURNAL_CODES``), empty while they do not.

    A refused job is known at once (``Journal.trouble``). While nothing is printed, a trial a
    minute finds out; it is as large as a document only where there is reason to doubt, so that a
    healthy disk is not worn by it.
    """

    def __init__(self, journal: Journal, free: Callable[[], int] | None = None) -> None:
        self._journal = journal
        self._free = free or self._free_bytes
        self._tried_at = float("-inf")

    @property
    def code(self) -> str:
        return self._journal.trouble

    def look(self, now: float, *, afresh: bool = False) -> None:
        """Try if it is time for it; ``now`` in seconds of a clock that never goes back."""
        doubtful = bool(self.code) or self._free() < LOW_BYTES
        due = now - self._tried_at >= (DOUBTFUL_EVERY if doubtful else ROUTINE_EVERY)
        if afresh or due:
            self._journal.try_out(ROOM if doubtful or afresh else 1)
            self._tried_at = now

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._journal.path.parent).free
        except OSError:  # a disk that cannot even be asked: reason enough to try
            return 0
