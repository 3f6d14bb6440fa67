"""The two QR symbols of the proof copy, drawn by segno (mof.md §3.6, printing.md §0.2–0.3).

Neither the printer nor an encoder that picks modes by itself is trusted: printers cannot force a
version, and automatic modes yield Shift-JIS or ECI headers.
"""

from functools import lru_cache

import numpy as np
import segno
from numpy.typing import NDArray

from twinvoice.faults import Fault
from twinvoice.proof import BYTE_CAPACITY

Matrix = NDArray[np.bool_]

FIXED_MASK = 3
"""The mask pattern of every symbol: five times faster than searching for the best of eight, and
read equally well. Measured in docs/decisions/0004-qr-fixed-mask.md."""


def pair(left: str, right: str) -> tuple[Matrix, Matrix]:
    """Both symbols as square arrays of modules, True is dark, without quiet zone.

    Both have the version that the longer text needs, 6 at least, error correction L, one segment
    in byte mode holding the UTF-8 bytes, no ECI. The arrays are shared and read-only. Raises
    ``Fault`` TWI-QR-LIMIT for an empty text or one over 367 bytes (version 12), TWI-V23 for one
    that has no UTF-8.
    """
    version = version_for(max(_size(left), _size(right)))
    return _symbol(left, version), _symbol(right, version)


def version_for(size: int) -> int:
    """The smallest allowed version that holds ``size`` bytes; ``Fault`` TWI-QR-LIMIT if none."""
    for version, capacity in BYTE_CAPACITY.items():
        if size <= capacity:
            return version
    raise Fault("TWI-QR-LIMIT", params={"byte_limit": max(BYTE_CAPACITY.values()), "bytes": size})


def _size(text: str) -> int:
    if not text:
        raise Fault("TWI-QR-LIMIT", params={"bytes": 0})
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise Fault("TWI-V23", params={"position": error.start}) from error


# A receipt is drawn more than once (native text beside the picture, preview, reprint).
@lru_cache(maxsize=64)
def _symbol(text: str, version: int) -> Matrix:
    code = segno.make(
        text,
        version=version,
        error="l",
        boost_error=False,
        mode="byte",
        encoding="utf-8",
        eci=False,
        micro=False,
        mask=FIXED_MASK,
    )
    # Dark modules of segno's rows are odd numbers.
    modules: Matrix = np.array([bytearray(row) for row in code.matrix], dtype=np.uint8) & 1 == 1
    modules.flags.writeable = False
    return modules
