"""The virtual printer on TCP 9100, and a second port to trip its sensors (JSON lines)."""

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable
from functools import partial

from .device import FAULTS, VirtualPrinter

log = logging.getLogger(__name__)


class PrinterServer:
    """Serves one printer to one connection at a time, as network printers do.

    ``port`` 0 takes any free one; the real one is in ``.port`` after ``start``. A newer connection
    replaces the older: a killed sender must not block the printer.
    """

    def __init__(self, printer: VirtualPrinter, host: str = "127.0.0.1", port: int = 9100) -> None:
        self.printer = printer
        self._listener = socket.create_server((host, port))
        # A small window makes back-pressure visible to the sender (printing.md §5).
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self._listener.getsockname()[1]
        self._current: socket.socket | None = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._serving: list[threading.Thread] = []

    def start(self) -> None:
        self._spawn(self._accept, "printer-accept")

    def stop(self) -> None:
        self._stopping.set()
        _shut(self._listener)
        self.drop_connection()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def drop_connection(self) -> None:
        """Pull the network cable."""
        current, self._current = self._current, None
        if current is not None:
            _shut(current)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, peer = self._listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                raise
            log.info("connected: %s", peer)
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


class ControlServer:
    """One JSON object a line: ``{"fault": "paper_end", "on": true}``, ``{"unplug": true}``,
    ``{"power_cycle": true}``; each is answered with the faults that are on."""

    def __init__(self, server: PrinterServer, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = server
        self._listener = socket.create_server((host, port))
        self.port = self._listener.getsockname()[1]
        self._stopping = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="printer-control", daemon=True).start()

    def stop(self) -> None:
        self._stopping = True
        _shut(self._listener)
        self._listener.close()

    def _run(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping:
                    return
                raise
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # the other side may hang up at any time
            for line in connection.makefile("r", encoding="utf-8"):
                connection.sendall(json.dumps(self._obey(line)).encode() + b"\n")

    def _obey(self, line: str) -> dict[str, object]:
        try:
            order = json.loads(line)
            if order.get("unplug"):
                self._server.drop_connection()
            if order.get("power_cycle"):
                self._server.printer.power_cycle()
            if "fault" in order:
                self._server.printer.set_fault(order["fault"], bool(order["on"]))
        except (ValueError, KeyError, AttributeError) as error:
            return {"error": str(error), "faults_known": list(FAULTS)}
        return {"faults": sorted(self._server.printer.faults)}


def _shut(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):  # already closed by the other side
        listener.shutdown(socket.SHUT_RDWR)
