"""What the printer says of itself, taken apart (printing.md §0.9, §1 "Status bytes").

The stream describes itself: DLE EOT replies have ``b & 0x93 == 0x12``, the first byte of an ASB
packet ``b & 0x93 == 0x10``, its other three and GS r replies ``b & 0x90 == 0``, XON/XOFF are 0x11
and 0x13. So one reader takes everything apart, whatever is interleaved.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

GIVEN_UP = 0
FENCE_NIBBLES = (0x00, 0x03, 0x0C, 0x0F)
"""Both sensors of GS r 1 tell with two equal bits."""


class Kind(StrEnum):
    """What a piece of the stream turned out to be."""

    REALTIME = "realtime"
    LATE = "late"
    ASB = "asb"
    FENCE = "fence"
    FLOW = "flow"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class PrinterState:
    """The printer as last heard; ``None`` where nothing has been heard yet."""

    offline: bool | None = None
    cover_open: bool | None = None
    paper_end: bool | None = None
    paper_near: bool | None = None
    cutter_error: bool | None = None
    fatal: bool | None = None
    hot: bool | None = None
    drawer_high: bool | None = None

    @property
    def code(self) -> str:
        """The one condition to tell the person, worst first."""
        order = (
            (self.fatal, "PRN_FATAL"),
            (self.cutter_error, "CUTTER_ERR"),
            (self.cover_open, "COVER_OPEN"),
            (self.paper_end, "PAPER_END"),
            (self.hot, "PRN_HOT"),
        )
        for active, code in order:
            if active:
                return code
        # A printer set to "busy on off-line" halts at near end (printing.md §1).
        if self.paper_near:
            return "PAPER_NEAR_HALT" if self.offline else "PAPER_NEAR"
        return "PRN_OFFLINE" if self.offline else "OK"

    @property
    def ready(self) -> bool:
        """May a job begin? Near end is a warning; off-line is not."""
        return self.offline is False and self.code in ("OK", "PAPER_NEAR")

    @property
    def broken(self) -> bool:
        """Has a job in progress lost its paper? Hot and plain off-line pass by themselves."""
        return self.code in ("PRN_FATAL", "CUTTER_ERR", "COVER_OPEN", "PAPER_END")


@dataclass(frozen=True, slots=True)
class Heard:
    """One piece of the stream, with the state after it."""

    kind: Kind
    data: bytes
    state: PrinterState


def after_realtime(state: PrinterState, n: int, byte: int) -> PrinterState:
    """Apply the answer to DLE EOT n."""
    if n == 1:
        return replace(state, drawer_high=bool(byte & 0x04), offline=bool(byte & 0x08))
    if n == 2:
        return replace(state, cover_open=bool(byte & 0x04))
    if n == 3:
        return replace(
            state,
            cutter_error=bool(byte & 0x08),
            fatal=bool(byte & 0x20),
            hot=bool(byte & 0x40),
        )
    return replace(state, paper_near=bool(byte & 0x0C), paper_end=bool(byte & 0x60))


def after_asb(state: PrinterState, packet: bytes) -> PrinterState:
    """Apply a packet of four bytes."""
    first, second, third = packet[:3]
    return replace(
        state,
        drawer_high=bool(first & 0x04),
        offline=bool(first & 0x08),
        cover_open=bool(first & 0x20),
        cutter_error=bool(second & 0x08),
        fatal=bool(second & 0x20),
        hot=bool(second & 0x40),
        paper_near=bool(third & 0x03),
        paper_end=bool(third & 0x0C),
    )


class Demultiplexer:
    """Takes the printer's bytes apart. ``asked(n)`` before each DLE EOT n: replies say not which.

    So answers count only when every question put is answered: one lost or strayed in would shift
    the rest, and paper end would read as a broken knife. Answers to questions that were given up
    are ``LATE`` and count for nothing; answers nobody asked for leave ``strayed`` set.

    Half an ASB packet (a byte lost on the line) is thrown away when the next one begins or when
    ``stale()`` is called after a quiet moment, so that it never swallows a fence reply for good.
    """

    def __init__(self) -> None:
        self.state = PrinterState()
        self.strayed = False
        self._asked: deque[int] = deque()
        self._answers: list[tuple[int, int]] = []
        self._packet = bytearray()

    def asked(self, n: int) -> None:
        self._asked.append(n)

    def give_up(self) -> bool:
        """Wait no longer: what is unanswered may still come, but for nothing. Is there any?"""
        self._asked = deque(GIVEN_UP for _ in self._asked)
        self._answers.clear()
        return bool(self._asked)

    def forget(self) -> None:
        """Drop what is half open: questions nobody answered, half a packet."""
        self._asked.clear()
        self._answers.clear()
        self._packet.clear()
        self.strayed = False

    def paper(self, byte: int) -> None:
        """Apply a reply to GS r 1, once it is known to be one."""
        self.state = replace(self.state, paper_near=bool(byte & 0x03), paper_end=bool(byte & 0x0C))

    def stale(self) -> None:
        self._packet.clear()

    def feed(self, data: bytes) -> list[Heard]:
        heard = []
        for byte in data:
            piece = self._one(byte)
            if piece is not None:
                heard.append(Heard(piece, bytes((byte,)), self.state))
        return heard

    def _one(self, byte: int) -> Kind | None:
        if byte in (0x11, 0x13):
            return Kind.FLOW
        if byte & 0x93 == 0x12:
            return self._realtime(byte)
        if byte & 0x93 == 0x10:
            self._packet = bytearray((byte,))
            return None
        if byte & 0x90 == 0:
            return self._plain(byte)
        return Kind.NOISE

    def _realtime(self, byte: int) -> Kind:
        if not self._asked:
            self.strayed = True
            return Kind.NOISE
        n = self._asked.popleft()
        if n == GIVEN_UP:
            return Kind.LATE
        self._answers.append((n, byte))
        if not self._asked:
            for each, answer in self._answers:
                self.state = after_realtime(self.state, each, answer)
            self._answers.clear()
        return Kind.REALTIME

    def _plain(self, byte: int) -> Kind | None:
        if not self._packet:
            return Kind.FENCE if byte & 0x0F in FENCE_NIBBLES else Kind.NOISE
        self._packet.append(byte)
        if len(self._packet) < 4:
            return None
        packet, self._packet = bytes(self._packet), bytearray()
        self.state = after_asb(self.state, packet)
        self._answers.clear()  # older than this packet
        return Kind.ASB
