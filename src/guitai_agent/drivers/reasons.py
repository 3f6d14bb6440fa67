"""Why a port could not be opened: busy, denied, gone or never there (printing.md §6)."""

import errno
import re
import sys

POSIX = {
    errno.EACCES: "PORT_DENIED",
    errno.EPERM: "PORT_DENIED",
    errno.EBUSY: "PORT_BUSY",
    errno.EAGAIN: "PORT_BUSY",  # pyserial's exclusive lock is held by another process
    errno.ENXIO: "PORT_GONE",
    errno.ENODEV: "PORT_GONE",
    errno.EIO: "PORT_GONE",
}
# Windows gives a COM port to one program only and calls the second one's failure "access denied".
WINDOWS = {5: "PORT_BUSY", 32: "PORT_BUSY", 170: "PORT_BUSY", 21: "PORT_GONE", 31: "PORT_GONE",
           433: "PORT_GONE", 1167: "PORT_GONE"}  # fmt: skip


def why_not_opened(error: OSError, *, windows: bool = sys.platform == "win32") -> str:
    """PORT_BUSY, PORT_DENIED, PORT_GONE (it was there a moment ago) or NO_PRINTER."""
    number = error.errno
    if windows:
        # pyserial puts repr(WinError) into its text, in the language of that Windows.
        said = re.search(r"None, (\d+)\)", str(error))
        number = getattr(error, "winerror", None) or (int(said[1]) if said else None)
        return WINDOWS.get(number or 0, "NO_PRINTER")
    if number is None:  # "Could not configure port: (5, 'Input/output error')"
        said = re.search(r"\((\d+), ", str(error))
        number = int(said[1]) if said else None
    return POSIX.get(number or 0, "NO_PRINTER")
