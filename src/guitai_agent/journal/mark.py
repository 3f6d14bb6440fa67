"""How far the journal has come, in a file of its own.

It tells a journal that was put back to an earlier day (a backup, a lost write-ahead file) from the
one that was written last. It follows the journal without waiting for the disk: after a power cut
it may lag behind, but it never leads.
"""

import logging
from pathlib import Path

log = logging.getLogger(__name__)


class Mark:
    """The number of jobs the journal has ever taken, as text."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """That number; 0 where none is known."""
        try:
            return int(self._path.read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def write(self, taken: int) -> None:
        """The job is in the journal already: what cannot be marked must not refuse it."""
        try:
            self._path.write_text(str(taken), "ascii")
        except OSError as error:
            log.warning("cannot mark the journal: %s", error)
