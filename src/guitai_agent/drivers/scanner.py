"""A serial barcode scanner beside the keyboard wedges (printing.md §7: a Chinese input method
swallows a wedge's characters). It is only ever read; nothing is written to it."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import LinkError
from .discovery import Finder, find_again
from .ports import Device, Link
from .serialport import SerialLink

log = logging.getLogger(__name__)
LONGEST = 512
PAUSE_SECONDS = 0.08
"""Silence that ends a code of a scanner without a suffix: 80 characters' time at 9600 baud."""
RETRY_SECONDS = 1.0
BAUDS = (9600, 19200, 38400, 57600, 115200)


class Lines:
    """Bytes into codes: CR, LF, CRLF or a pause ends one. What is longer than 512 characters or not
    printable ASCII is dropped whole, as half a code must never pass for a code."""

    def __init__(self) -> None:
        self.dropped = 0
        self._text = bytearray()
        self._spoiled = False

    def feed(self, data: bytes) -> list[str]:
        """The codes that ``data`` completes."""
        found = []
        for byte in data:
            if byte in b"\r\n":
                found += self.pause()
            elif byte == 9 or 0x20 <= byte <= 0x7E:
                self._take(byte)
            else:
                self._spoiled = True
        return found

    def pause(self) -> list[str]:
        """The scanner has stopped talking: what is there is complete."""
        text, spoiled = self._text.decode("ascii").strip(), self._spoiled
        self._text.clear()
        self._spoiled = False
        if spoiled:
            self.dropped += 1
            return []
        return [text] if text else []

    def _take(self, byte: int) -> None:
        if len(self._text) >= LONGEST:
            self._spoiled = True
            return
        self._text.append(byte)


@dataclass(frozen=True, slots=True)
class ScannerReport:
    """``state``: off, absent, up, or down with ``code`` PORT_BUSY, PORT_DENIED or PORT_GONE."""

    device_id: str = ""
    state: str = "off"
    code: str = ""
    read: int = 0
    dropped: int = 0
    baud: int = BAUDS[0]

    def as_json(self) -> dict[str, object]:
        return {
            "device_id": self.device_id, "state": self.state, "code": self.code,
            "read": self.read, "dropped": self.dropped, "baud": self.baud,
        }  # fmt: skip


class Scanner:
    """Reads the chosen port in a thread of its own and opens it again for ever.

    ``on_text(text, device)`` is called in that thread for every code.
    """

    def __init__(
        self,
        finder: Finder,
        on_text: Callable[[str, Device], None],
        *,
        open_port: Callable[..., Link] = SerialLink,
        retry: float = RETRY_SECONDS,
    ) -> None:
        self._finder, self._on_text = finder, on_text
        self._open_port, self._retry = open_port, retry
        self._report = ScannerReport()
        self._choices = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    @property
    def report(self) -> ScannerReport:
        return self._report

    @property
    def device_id(self) -> str:
        """The chosen port; empty: none."""
        return self._report.device_id

    def select(self, device_id: str, baud: int = BAUDS[0]) -> None:
        """Read that port from now on; empty: none."""
        with self._lock:
            self._report = ScannerReport(device_id, "absent" if device_id else "off", baud=baud)
            self._choices += 1
        self._wake.set()

    def wake(self) -> None:
        """A device came: it may be ours."""
        self._wake.set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            choices = self._choices
            try:
                self._serve(choices)
            except LinkError as error:
                self._tell(choices, "down", error.code)
            except Exception:  # a fault of one round must not end scanning for the day
                log.exception("scanner round failed")
            if not self._stopping and self._choices == choices:
                self._wake.wait(self._retry if self.device_id else None)

    def _serve(self, choices: int) -> None:
        """Read until the line is lost (``LinkError``) or another port is chosen."""
        device = find_again(self.device_id, self._finder()) if self.device_id else None
        if device is None:
            self._tell(choices, "absent" if self.device_id else "off")
            return
        link = self._open_port(device.port, self._report.baud, xonxoff=False)
        try:
            log.info("scanner open: %s", device.port)
            self._tell(choices, "up")
            self._listen(link, device, choices)
        finally:
            link.close()

    def _listen(self, link: Link, device: Device, choices: int) -> None:
        lines, before = Lines(), self._report.dropped
        while not self._stopping and self._choices == choices:
            data = link.read(PAUSE_SECONDS)
            for text in lines.feed(data) if data else lines.pause():
                self._count(choices, read=1)
                self._on_text(text, device)
            if before + lines.dropped != self._report.dropped:
                self._count(choices, dropped=before + lines.dropped - self._report.dropped)

    def _count(self, choices: int, *, read: int = 0, dropped: int = 0) -> None:
        if dropped:
            log.warning("scanner: %d unreadable codes dropped", dropped)
        with self._lock:
            if self._choices == choices:
                now = self._report
                self._report = replace(now, read=now.read + read, dropped=now.dropped + dropped)

    def _tell(self, choices: int, state: str, code: str = "") -> None:
        with self._lock:
            if self._choices != choices or (self._report.state, self._report.code) == (state, code):
                return
            self._report = replace(self._report, state=state, code=code)
        log.info("scanner %s %s", state, code)
