"""The virtual printer on TCP 9100: one connection at a time, as network printers do it."""

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Callable
from functools import partial

from .device import VirtualPrinter

log = logging.getLogger(__name__)
LINGER = struct.pack("ii", 1, 0)  # close with a reset: a pulled cable says no goodbye


class PrinterServer:
    """Serves one printer to one connection at a time.

    ``port`` 0 takes any free one; the real one is in ``.port``. A newer connection replaces the
    older, because a killed sender must not block the printer; with ``.jealous`` it is hung up on
    instead, as printers do while another program is connected.
    """

    def __init__(self, printer: VirtualPrinter, host: str = "127.0.0.1", port: int = 9100) -> None:
        self.printer = printer
        self.jealous = False
        self._host = host
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._current: socket.socket | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._serving: list[threading.Thread] = []
        self._accepting: threading.Thread | None = None

    @property
    def plugged(self) -> bool:
        return self._accepting is not None

    def start(self) -> None:
        self._accepting = self._spawn(self._accept, "printer-accept")

    def stop(self) -> None:
        self._stopping.set()
        self.pull()
        for thread in self._threads:
            thread.join()

    def pull(self) -> None:
        """The network cable is out: no connection, and nobody answers a new one."""
        accepting, self._accepting = self._accepting, None
        _shut(self._listener)
        self.drop_connection()
        if accepting is not None:
            accepting.join()
        self._listener.close()

    def plug(self) -> None:
        """The cable is in again, at the same address."""
        if self._accepting is None:
            self._listener = self._listen(self.port)
            self.start()

    def drop_connection(self) -> None:
        """Only the connection breaks; a new one is welcome at once."""
        current, self._current = self._current, None
        if current is not None:
            _shut(current)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((self._host, port))
        # A small window makes back-pressure visible to the sender (printing.md §5).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return listener

    def _accept(self) -> None:
        listener, me = self._listener, threading.current_thread()
        while True:
            try:
                connection, peer = listener.accept()
            except OSError:
                if self._stopping.is_set() or self._accepting is not me:
                    return
                raise
            log.info("connected: %s", peer)
            if self.jealous:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
                connection.close()
                continue
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        self.drop_connection()
        for thread in self._serving:  # else the old one could take the new one's replies
            thread.join()
        self._current = connection
        gone = threading.Event()
        self._serving = [
            self._spawn(partial(self._take, connection, gone), "printer-in"),
            self._spawn(partial(self._answer, connection, gone), "printer-out"),
        ]

    def _take(self, connection: socket.socket, gone: threading.Event) -> None:
        with contextlib.suppress(OSError), connection:  # the sender may vanish at any moment
            while data := connection.recv(1024):
                self._swallow(data, gone)
        gone.set()
        self.printer.unplug()

    def _swallow(self, data: bytes, gone: threading.Event) -> None:
        rest = memoryview(data)
        while rest and not gone.is_set() and not self._stopping.is_set():
            rest = rest[self.printer.receive(bytes(rest)) :]
            if rest:
                self.printer.wait_room(0.1)

    def _answer(self, connection: socket.socket, gone: threading.Event) -> None:
        while not gone.is_set() and not self._stopping.is_set():
            said = self.printer.replies(0.1)
            if said:
                try:
                    connection.sendall(said)
                except OSError:  # nobody listens any more
                    return

    def _spawn(self, target: Callable[[], None], name: str) -> threading.Thread:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):  # already closed by the other side
        listener.shutdown(socket.SHUT_RDWR)
