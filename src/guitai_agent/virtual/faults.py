"""What can be wrong with the virtual printer, and the status bytes that tell (printing.md §1, §5).

Pure: a set of faults in, bytes out.
"""

from collections.abc import Set

SENSORS = ("paper_end", "cover_open", "cutter", "near_end", "hot", "fatal", "paused")
"""Things the printer itself knows and tells."""

LINE = ("silent", "late_reply", "garbage", "half_asb", "lost_fence")
"""Faults of the way back. ``silent``: takes everything, says nothing (nobody listens there)."""

HIDDEN = ("near_end_halts", "ignores_clear", "blank", "drawer_open", "off")
"""A switch, a clone's firmware, paper upside down, the drawer's sense pin, the power switch."""

FAULTS = (*SENSORS, *LINE, *HIDDEN)
HALTING = ("paper_end", "cover_open", "cutter", "hot", "fatal", "paused", "off")
DEAF = frozenset(("silent", "off"))

LATE_SECONDS = 2.0
NOISE = bytes((0x80, 0xFF, 0x93, 0xC0))
"""Line noise of a kind no status byte can be: bit 7 is set."""


def halted(faults: Set[str]) -> bool:
    """Does the head stand still? Near end stops it only where "busy on off-line" is set."""
    near = "near_end" in faults and "near_end_halts" in faults
    return near or any(fault in faults for fault in HALTING)


def realtime_status(faults: Set[str], n: int) -> int:
    """The reply to DLE EOT n, 1 ≤ n ≤ 4."""
    if n == 1:
        drawer = 0x04 if "drawer_open" in faults else 0
        return 0x12 | drawer | (0x08 if halted(faults) else 0)
    if n == 2:
        error = not faults.isdisjoint({"cutter", "fatal", "hot"})
        cover, stop = "cover_open" in faults, "paper_end" in faults
        return 0x12 | (0x04 if cover else 0) | (0x20 if stop else 0) | (0x40 if error else 0)
    if n == 3:
        return 0x12 | _errors(faults)
    end = "paper_end" in faults
    return 0x12 | (0x0C if end or "near_end" in faults else 0) | (0x60 if end else 0)


def paper_bits(faults: Set[str]) -> int:
    """The reply to GS r 1, and the third byte of ASB."""
    end = "paper_end" in faults
    return (0x03 if end or "near_end" in faults else 0) | (0x0C if end else 0)


def asb_packet(faults: Set[str]) -> bytes:
    """Automatic status back: four bytes."""
    first = 0x10 | (0x08 if halted(faults) else 0)
    first |= (0x20 if "cover_open" in faults else 0) | (0x04 if "drawer_open" in faults else 0)
    return bytes((first, _errors(faults), paper_bits(faults), 0x0F))


def beeper(faults: Set[str]) -> str:
    """What the person at the counter hears: PP-7700 manual p. 41 (printing.md §1)."""
    if "off" in faults:
        return "quiet"
    if "paper_end" in faults:
        return "continuous"
    return "every 3 s" if "near_end" in faults else "quiet"


def _errors(faults: Set[str]) -> int:
    cutter, fatal = 0x08 if "cutter" in faults else 0, 0x20 if "fatal" in faults else 0
    return cutter | fatal | (0x40 if "hot" in faults else 0)
