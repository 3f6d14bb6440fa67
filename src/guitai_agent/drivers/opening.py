"""From a device to an open link, with the probing of printing.md §1 for serial lines."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..errors import LinkError
from ..escpos import commands
from ..knowledge import profile
from ..printer.status import Demultiplexer, Kind
from ..virtual.device import VirtualPrinter
from .discovery import Finder, parse_target
from .ports import Device, Link, Opened
from .serialport import SerialLink
from .stream import TcpLink, UsbLpLink
from .virtual import VirtualLink

log = logging.getLogger(__name__)
PROBE_SECONDS = 0.5


@dataclass
class DeviceOpener:
    """Opens the chosen device, wherever it is plugged in now.

    ``chosen`` is a device id; empty means: the first known printer there is. ``fixed`` holds
    devices no list contains (virtual, TCP, named ports).
    """

    finder: Finder
    chosen: str = ""
    profile_name: str = ""
    fixed: dict[str, Device] = field(default_factory=dict)
    virtual: VirtualPrinter | None = None
    open_serial: Callable[..., Link] = SerialLink
    _line: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def devices(self) -> list[Device]:
        """Everything that could be chosen."""
        return [*self.fixed.values(), *self.finder()]

    def choose(self, device_id: str, profile_name: str) -> None:
        """Open this one from now on; a network printer need not be on any list."""
        if device_id.startswith("tcp:"):
            self.fixed[device_id] = parse_target(device_id, profile_name)
        self.chosen, self.profile_name = device_id, profile_name

    def current(self) -> Device:
        """The chosen device where it is now; NO_PRINTER when it is absent."""
        for device in self.devices():
            if device.id == self.chosen or (not self.chosen and _is_printer(device)):
                named = self.profile_name or device.profile
                return replace(device, profile=named)
        raise LinkError("NO_PRINTER", self.chosen)

    def __call__(self) -> Opened:
        device = self.current()
        return Opened(self._open(device), device)

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
        """Every speed with and without XON/XOFF until somebody answers; what worked goes first."""
        bauds = profile(device.profile).bauds
        lines = [(baud, flow) for baud in bauds for flow in (True, False)]
        known = self._line.get(device.id)
        for line in [known, *lines] if known else lines:
            link = self.open_serial(device.port, line[0], xonxoff=line[1])
            if answers(link):
                self._line[device.id] = line
                log.info("%s answers at %d baud, xonxoff=%s", device.port, *line)
                return link
            link.close()
        raise LinkError("PRN_SILENT", device.port)


def answers(link: Link) -> bool:
    """Does something that speaks ESC/POS reply to DLE EOT 1?"""
    demux = Demultiplexer()
    demux.asked(1)
    link.write(commands.status_query(1))
    for _ in range(5):
        data = link.read(PROBE_SECONDS / 5)
        if any(piece.kind is Kind.REALTIME for piece in demux.feed(data)):
            return True
    return False


def _is_printer(device: Device) -> bool:
    return device.kind in ("virtual", "usb", "tcp") or bool(
        device.vendor and device.kind == "usblp"
    )
