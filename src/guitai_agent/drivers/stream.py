"""Links over a file descriptor: TCP sockets and /dev/usb/lp*. Non-blocking, woken by a pipe."""

import contextlib
import os
import select
import socket
import struct
from pathlib import Path

from ..errors import LinkError
from .reasons import why_not_opened

CONNECT_TIMEOUT = 3.0


class DescriptorLink:
    """Reads and writes one descriptor with ``select``; a pipe wakes a blocked writer."""

    eof_means_gone = True

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        os.set_blocking(descriptor, False)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            woken, ready, _ = select.select([self._wake_read], [self._fd], [])
            if woken:
                os.read(self._wake_read, 4096)
                return
            if ready:
                view = view[self._send(view) :]

    def cancel_write(self) -> None:
        os.write(self._wake_write, b"x")

    def read(self, timeout: float) -> bytes:
        ready, _, _ = select.select([self._fd], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkError("PORT_GONE", str(error)) from error
        if not data and self.eof_means_gone:
            raise LinkError("PORT_GONE", "closed by the printer")
        return data

    def close(self) -> None:
        self._close_descriptor()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _send(self, view: memoryview) -> int:
        try:
            return os.write(self._fd, view)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise LinkError("PORT_GONE", str(error)) from error

    def _close_descriptor(self) -> None:
        with contextlib.suppress(OSError):  # an unplugged device may fail to close
            os.close(self._fd)


class TcpLink(DescriptorLink):
    """A network printer on port 9100 (raw)."""

    one_at_a_time = True
    """It hangs up on a second program without a word."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT)
        except OSError as error:
            raise LinkError("NO_PRINTER", f"{host}:{port} {error}") from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A small send buffer: what the kernel swallows counts as sent without being printed.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().__init__(self._socket.fileno())

    def _close_descriptor(self) -> None:
        # Linger 0: after a broken-off job the kernel must not deliver the rest later.
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()


class UsbLpLink(DescriptorLink):
    """The Linux printer class driver. An empty read is "nothing yet", not the end."""

    eof_means_gone = False

    def __init__(self, path: str) -> None:
        try:
            super().__init__(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            raise LinkError(why_not_opened(error), str(error)) from error
        self._path = Path(path)

    def read(self, timeout: float) -> bytes:
        data = super().read(timeout)
        if not data and not self._path.exists():
            raise LinkError("PORT_GONE", str(self._path))
        return data
