"""From dots to GS v 0 commands: blank paper is fed, right margins are cropped, doubled dots halved.

Type in double size, QR codes of 4-dot modules and bars are made of doubled dots: sent at half
resolution they give the same paper with a quarter of the bytes (printing.md §0.5, §4).
"""

import itertools

import numpy as np
from numpy.typing import NDArray

from . import commands

Dots = NDArray[np.bool_]

MAX_PICTURE = 4096
"""Most data bytes of one picture command: old firmware has small line buffers, and a printer left
in the middle of one can be freed with that many zeros (``Session.clean``)."""
SHORTEST_FEED = 4
"""Fewer blank rows than this stay in the picture: tiny feeds make the motor stutter."""


def full(dots: Dots) -> bytes:
    """Every dot at full resolution: for printers that are to be trusted with nothing."""
    return _pictures(0, dots)


def compact(dots: Dots) -> bytes:
    """The same paper in as few bytes as we know. ``dots`` starts at an even row of its page."""
    out = bytearray()
    for start, stop, inked in _runs(np.any(dots, axis=1)):
        if inked:
            out += _halved(dots[start:stop])
        else:
            out += commands.feed(stop - start)
    return bytes(out)


def _runs(inked: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
    """Stretches of rows with and without ink; short blank ones count as ink. Even boundaries."""
    pairs = np.any(inked.reshape(-1, 2), axis=1) if len(inked) % 2 == 0 else inked
    step = len(inked) // max(1, len(pairs))
    edges = np.flatnonzero(np.diff(pairs)) + 1
    bounds = [0, *edges.tolist(), len(pairs)]
    runs: list[tuple[int, int, bool]] = []
    for begin, end in itertools.pairwise(bounds):
        if begin == end:
            continue
        ink = bool(pairs[begin])
        inner = runs and end < len(pairs)
        if not ink and inner and (end - begin) * step < SHORTEST_FEED:
            ink = True
        if runs and runs[-1][2] == ink:
            runs[-1] = (runs[-1][0], end * step, ink)
        else:
            runs.append((begin * step, end * step, ink))
    return runs


def _halved(dots: Dots) -> bytes:
    """One picture at the lowest resolution that loses nothing: modes 3, 2, 1, 0."""
    height, width = dots.shape
    wide = width % 2 == 0 and bool((dots[:, ::2] == dots[:, 1::2]).all())
    tall = height % 2 == 0 and bool((dots[::2] == dots[1::2]).all())
    small = dots[:: 2 if tall else 1, :: 2 if wide else 1]
    return _pictures(2 * tall + wide, small)


def _pictures(mode: int, dots: Dots) -> bytes:
    cropped = dots[:, : _last_inked(dots)]
    packed = np.packbits(cropped, axis=1)
    width = packed.shape[1]
    rows = max(1, MAX_PICTURE // width)
    out = bytearray()
    for top in range(0, len(packed), rows):
        part = packed[top : top + rows]
        out += commands.raster(mode, width, len(part), _defused(part.tobytes()))
    return bytes(out)


def _last_inked(dots: Dots) -> int:
    """Columns to keep: at least one byte, so that blank rows still move the paper."""
    columns = np.flatnonzero(dots.any(axis=0))
    return int(columns[-1]) + 1 if len(columns) else 8


def _defused(data: bytes) -> bytes:
    """Picture data in which no real-time command hides (printing.md §4, last line).

    A lone dot (0x10) that would begin one gets a neighbour. Bars and QR modules never contain
    one: their white gaps are too short for 10 04, 10 05 and 10 14.
    """
    hits = commands.real_time_hits(data)
    if not hits:
        return data
    changed = bytearray(data)
    for at in hits:
        changed[at] |= 0x08
    return bytes(changed)
