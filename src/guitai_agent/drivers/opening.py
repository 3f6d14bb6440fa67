"""From a device to an open link, with the probing of printing.md §1 for serial lines."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..errors import LinkError
from ..escpos import commands
from ..knowledge import profile
from ..printer.status import Demultiplexer, Kind
from ..virtual.device import VirtualPrinter
from .discovery import Finder, find_again, parse_target
from .ports import Device, Link, Opened
from .serialport import SerialLink
from .stream import TcpLink, UsbLpLink
from .virtual import VirtualLink

log = logging.getLogger(__name__)
PROBE_SECONDS = 0.5
Line = tuple[int, bool]
"""Baud and XON/XOFF."""


@dataclass
class DeviceOpener:
    """Opens the chosen device, wherever it is plugged in now.

    ``chosen`` is a device id; empty means: the first recognised printer there is. ``fixed`` holds
    devices no list contains (virtual, network, named ports), ``found`` what a network search
    brought. ``lines`` are the speeds that worked, ``on_line`` hears of new ones. ``reserved`` is
    what somebody else uses (the scanner's port): never taken unasked.
    """

    finder: Finder
    chosen: str = ""
    profile_name: str = ""
    fixed: dict[str, Device] = field(default_factory=dict)
    found: dict[str, Device] = field(default_factory=dict)
    virtual: VirtualPrinter | None = None
    open_serial: Callable[..., Link] = SerialLink
    lines: dict[str, Line] = field(default_factory=dict)
    on_line: Callable[[str, Line], None] = lambda device_id, line: None
    reserved: Callable[[], str] = lambda: ""
    _place: str = ""
    _choices: int = 0

    def devices(self) -> list[Device]:
        """Everything that could be chosen."""
        named = {**self.found, **self.fixed}
        return [*named.values(), *self.finder()]

    def choose(self, device_id: str, profile_name: str) -> None:
        """Open this one from now on; a network printer need not be on any list."""
        if device_id.startswith("tcp:"):
            found = self.found.get(device_id) or self.fixed.get(device_id)
            self.fixed[device_id] = found or parse_target(device_id, profile_name)
        self.chosen, self.profile_name, self._place = device_id, profile_name, ""
        self._choices += 1

    def current(self) -> Device:
        """The chosen device where it is now; NO_PRINTER when it is absent."""
        device = self._pick(self.devices())
        if device is None:
            raise LinkError("NO_PRINTER", self.chosen)
        return replace(device, profile=self.profile_name or device.profile)

    def forget_line(self, device_id: str) -> None:
        """Probe from the beginning next time (device.reset)."""
        self.lines.pop(device_id, None)

    def __call__(self) -> Opened:
        device = self.current()
        opened = Opened(self._open(device), device)
        self._place = device.location
        return opened

    def _pick(self, devices: Sequence[Device]) -> Device | None:
        if self.chosen:
            return find_again(self.chosen, devices, self._place)
        taken = self.reserved()
        free = (each for each in devices if each.recognised and each.id != taken)
        return next(free, None)

    def _open(self, device: Device) -> Link:
        if device.kind == "virtual":
            if self.virtual is None:
                raise LinkError("NO_PRINTER", "no virtual printer here")
            return VirtualLink(self.virtual)
        if device.kind == "tcp":
            host, _, port = device.port.rpartition(":")
            return TcpLink(host.strip("[]"), int(port))
        if device.kind == "usblp":
            return UsbLpLink(device.port)
        return self._open_serial(device)

    def _open_serial(self, device: Device) -> Link:
        """Every speed with and without XON/XOFF until somebody answers; what worked goes first.

        Raises PRN_SILENT after the last, NO_PRINTER when another device was chosen meanwhile.
        """
        choices = self._choices
        known = self.lines.get(device.id)
        others = [line for line in profile(device.profile).lines() if line != known]
        for line in [known, *others] if known else others:
            link = self._answering(device.port, line)
            if link is not None:
                self._remember(device, line)
                return link
            if self._choices != choices:
                raise LinkError("NO_PRINTER", "another device was chosen")
        raise LinkError("PRN_SILENT", device.port)

    def _answering(self, port: str, line: Line) -> Link | None:
        link = self.open_serial(port, line[0], xonxoff=line[1])
        heard = False
        try:
            heard = answers(link)
        finally:
            if not heard:
                link.close()
        return link if heard else None

    def _remember(self, device: Device, line: Line) -> None:
        log.info("%s answers at %d baud, xonxoff=%s", device.port, *line)
        if self.lines.get(device.id) != line:
            self.lines[device.id] = line
            self.on_line(device.id, line)


def answers(link: Link) -> bool:
    """Does something that speaks ESC/POS reply to DLE EOT 1?

    A line held by XOFF must not hold us: the question goes out in a thread that can be called off.
    """
    demux = Demultiplexer()
    demux.asked(1)
    asking = Question(link)
    asking.start()
    try:
        for _ in range(5):
            data = link.read(PROBE_SECONDS / 5)
            if any(piece.kind is Kind.REALTIME for piece in demux.feed(data)):
                return True
            if asking.failure:
                raise asking.failure
        return False
    finally:
        asking.call_off()


class Question(threading.Thread):
    """Writes DLE EOT 1; ``failure`` when the line is gone."""

    def __init__(self, link: Link) -> None:
        super().__init__(name="printer-question", daemon=True)
        self._link = link
        self.failure: LinkError | None = None

    def run(self) -> None:
        try:
            self._link.write(commands.status_query(1))
        except LinkError as error:
            self.failure = error

    def call_off(self) -> None:
        self.join(0.05)
        while self.is_alive():
            self._link.cancel_write()
            self.join(0.05)
