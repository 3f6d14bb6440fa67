"""What happened lately: covers opened, cutter errors, and what a person answered. Pure.

Times are seconds of any clock that does not go back. Source: printing.md §6 (發票機出現異音, 空白).
"""

from collections import deque
from dataclasses import dataclass

COVER_WINDOW = 120.0
COVER_OPENINGS = 3
CUTTER_WINDOW = 600.0
CUTTER_ERRORS = 2
ASK_SECONDS = 600.0

ANSWERS = ("readable", "noise")
"""The questions no sensor answers: is there print on the paper; is there a strange noise."""


@dataclass(frozen=True, slots=True)
class Past:
    """The recent past as the rules want it.

    ``ask`` is the question that stands open after a test print (empty: none).
    """

    covers: int = 0
    cutters: int = 0
    blank: bool = False
    noisy: bool = False
    ask: str = ""

    @property
    def jam(self) -> bool:
        """Does it look like a jam, or has a person said so?"""
        return self.noisy or self.covers >= COVER_OPENINGS or self.cutters >= CUTTER_ERRORS


class History:
    """Collects; not thread-safe, its owner holds a lock."""

    def __init__(self) -> None:
        self._covers: deque[float] = deque(maxlen=50)
        self._cutters: deque[float] = deque(maxlen=50)
        self._before = (False, False)
        self._blank = self._noisy = False
        self._ask, self._ask_until = "", 0.0

    def saw(self, now: float, *, cover_open: bool, cutter_error: bool) -> None:
        """The printer's sensors at a change; only the moment a fault begins counts."""
        cover_was, cutter_was = self._before
        if cover_open and not cover_was:
            self._covers.append(now)
        if cutter_error and not cutter_was:
            self._cutters.append(now)
        self._before = (cover_open, cutter_error)

    def test_printed(self, now: float) -> None:
        """A test slip came out: sensors say all is well, a person has to look."""
        self._covers.clear()
        self._cutters.clear()
        if not self._blank:
            self._put(now, "readable")

    def answer(self, now: float, question: str, yes: bool) -> None:
        """A person's word; ValueError for a question nobody asks."""
        if question not in ANSWERS:
            raise ValueError(question)
        if question == "readable":
            self._blank = not yes
            self._put(now, "noise" if yes and self._ask == "readable" else "")
            return
        self._noisy = yes
        if not yes:
            self._covers.clear()
            self._cutters.clear()
        if self._ask == "noise":
            self._ask = ""

    def past(self, now: float) -> Past:
        """What still counts at ``now``."""
        return Past(
            covers=sum(now - at <= COVER_WINDOW for at in self._covers),
            cutters=sum(now - at <= CUTTER_WINDOW for at in self._cutters),
            blank=self._blank,
            noisy=self._noisy,
            ask=self._ask if now <= self._ask_until else "",
        )

    def _put(self, now: float, question: str) -> None:
        self._ask, self._ask_until = question, now + ASK_SECONDS
