"""Serial printers and USB ones that look like serial ports (pyserial; pitfalls printing.md §7)."""

import contextlib
import os

import serial

from ..errors import LinkError
from .reasons import why_not_opened

# pyserial raises these when a USB adapter is pulled while somebody reads or writes.
GONE: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError)
if os.name == "posix":
    import termios

    GONE += (termios.error,)  # what flushing a port raises that is gone; it is no OSError


class SerialLink:
    """One open port, exclusively ours. No write time-out: the controller cancels instead."""

    def __init__(self, port: str, baud: int, *, xonxoff: bool) -> None:
        try:
            self._serial = serial.Serial(
                port,
                baudrate=baud,
                xonxoff=xonxoff,
                timeout=0.2,
                write_timeout=None,
                exclusive=True if os.name == "posix" else None,
            )
        except OSError as error:  # SerialException is one
            raise LinkError(why_not_opened(error), str(error)) from error
        except ValueError as error:
            raise LinkError("NO_PRINTER", str(error)) from error

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except GONE as error:
            raise LinkError("PORT_GONE", str(error)) from error

    def cancel_write(self) -> None:
        with contextlib.suppress(*GONE):  # the port may be gone already
            self._serial.cancel_write()

    def read(self, timeout: float) -> bytes:
        """``read(64)`` would wait for 64 bytes; so ask for what is there, or for one."""
        try:
            if self._serial.timeout != timeout:
                self._serial.timeout = timeout
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except GONE as error:
            raise LinkError("PORT_GONE", str(error)) from error

    def close(self) -> None:
        """Drop what the driver still holds: the rest of a broken-off job must not follow later."""
        with contextlib.suppress(*GONE):  # an unplugged port may fail to flush or close
            self._serial.reset_output_buffer()
        with contextlib.suppress(*GONE):
            self._serial.close()
