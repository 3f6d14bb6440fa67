"""The ESC/POS commands we send, byte for byte (printing.md §1; Epson command reference).

Never CR: whether it feeds depends on a switch at the bottom of the printer.
"""

from ..knowledge import Profile

INIT = b"\x1b@"
LF = b"\n"
FENCE = b"\x1dr\x01"  # GS r 1: answered in order, behind everything sent before
ASB_ON = b"\x1da\xff"
CLEAR = {
    "enq": b"\x10\x05\x02",  # DLE ENQ 2
    "dc4": b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08",  # DLE DC4 8 with its fixed parameters
}


def status_query(n: int) -> bytes:
    """DLE EOT n: real-time status 1 printer, 2 off-line cause, 3 error, 4 paper."""
    return bytes((0x10, 0x04, n))


def word(value: int) -> bytes:
    return value.to_bytes(2, "little")


def start(profile: Profile) -> bytes:
    """Reset, make one motion unit one dot, print from the left edge over ``dots`` dots."""
    motion = bytes((0x1D, 0x50, profile.dpi, profile.dpi))
    return INIT + motion + b"\x1dL" + word(0) + b"\x1dW" + word(profile.dots)


def feed(dots: int) -> bytes:
    """ESC J, as often as needed: 255 units at a time."""
    whole, rest = divmod(dots, 255)
    return b"\x1bJ\xff" * whole + (bytes((0x1B, 0x4A, rest)) if rest else b"")


def cut(profile: Profile) -> bytes:
    """Feed past the knife and cut; without a knife feed so far that a person can tear."""
    if profile.cut < 0:
        return feed(160)
    return bytes((0x1D, 0x56, 66, profile.cut))


def raster(mode: int, width_bytes: int, height: int, data: bytes) -> bytes:
    """GS v 0: mode 0 normal, 1 double width, 2 double height, 3 both."""
    return b"\x1dv0" + bytes((mode,)) + word(width_bytes) + word(height) + data


def line_spacing(dots: int) -> bytes:
    return bytes((0x1B, 0x33, dots))


def position(dots: int) -> bytes:
    """ESC $: absolute horizontal position."""
    return b"\x1b$" + word(dots)


def size(scale: int) -> bytes:
    """Normal or double type, for the Latin font (GS !) and for the Chinese one (FS !).

    Both are needed: older firmware ignores GS ! for Chinese (printing.md §1).
    """
    big = scale == 2
    return bytes((0x1D, 0x21, 0x11 if big else 0, 0x1C, 0x21, 0x0C if big else 0))


def bold(on: bool) -> bytes:
    return bytes((0x1B, 0x45, int(on)))


CHINESE_ON = b"\x1c&"
CHINESE_OFF = b"\x1c."


def open_drawer(profile: Profile, drawer: int) -> bytes:
    """ESC p pulse of 100 ms on, 500 ms off for drawer 1 or 2 of the profile."""
    return bytes((0x1B, 0x70, profile.drawers[drawer - 1], 50, 250))


def real_time_hits(data: bytes) -> list[int]:
    """Offsets where data looks like a real-time command (printing.md §4, last line).

    Epson printers execute DLE EOT, DLE ENQ and DLE DC4 even inside picture data.
    """
    second = {0x04: range(1, 9), 0x05: range(3), 0x14: range(1, 9)}
    hits = []
    at = data.find(b"\x10")
    while 0 <= at < len(data) - 2:
        if data[at + 2] in second.get(data[at + 1], ()):
            hits.append(at)
        at = data.find(b"\x10", at + 1)
    return hits
