"""The link to the virtual printer in the same process."""

import threading

from ..errors import LinkError
from ..virtual.device import VirtualPrinter


class VirtualLink:
    """Behaves like a cable to ``VirtualPrinter``; ``unplug`` pulls it."""

    def __init__(self, printer: VirtualPrinter) -> None:
        self.printer = printer
        self._cancelled = threading.Event()
        self._gone = threading.Event()

    def write(self, data: bytes) -> None:
        self._cancelled.clear()
        rest = memoryview(data)
        while rest:
            if self._gone.is_set():
                raise LinkError("PORT_GONE")
            if self._cancelled.is_set():
                return
            rest = rest[self.printer.receive(bytes(rest)) :]
            if rest:
                self.printer.wait_room(0.05)

    def cancel_write(self) -> None:
        self._cancelled.set()

    def read(self, timeout: float) -> bytes:
        if self._gone.is_set():
            raise LinkError("PORT_GONE")
        return self.printer.replies(timeout)

    def unplug(self) -> None:
        self._gone.set()
        self.printer.unplug()

    def close(self) -> None:
        self.printer.unplug()
