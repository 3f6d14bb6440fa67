"""Looking at the system: which USB devices are plugged in, which printers could be opened."""

import logging
import time
from collections.abc import Callable, Sequence

from ..drivers import pnp
from ..drivers.pnp import UsbPresence
from ..drivers.ports import Device
from ..knowledge import by_usb
from .facts import Candidate

log = logging.getLogger(__name__)
QUICK_LOOK = 0.1


class Eyes:
    """Remembers the last look: Windows takes a second to answer (``drivers.pnp``)."""

    def __init__(
        self,
        devices: Callable[[], list[Device]],
        presences: Callable[[], Sequence[UsbPresence]] = pnp.presences,
    ) -> None:
        self._devices, self._presences = devices, presences
        self._plugged: tuple[UsbPresence, ...] = ()
        self._open: tuple[Device, ...] = ()
        self._cost = 0.0

    @property
    def quick(self) -> bool:
        """Was the last look quick enough to wait for the next one?"""
        return self._cost < QUICK_LOOK

    def look(self) -> None:
        """Ask the system; what cannot be asked now stays as it was."""
        began = time.monotonic()
        try:
            self._open = tuple(self._devices())
            self._plugged = tuple(self._presences())
        except OSError as error:  # a device may go while the lists are read; the next look tells
            log.warning("cannot look at the devices: %s", error)
        self._cost = time.monotonic() - began

    def plugged(self, chosen: str) -> tuple[UsbPresence, ...]:
        """USB devices that may be the printer: of a known maker, or of the chosen one's."""
        vendor = vendor_of(chosen)
        return tuple(
            each for each in self._plugged
            if each.is_printer or (vendor is not None and each.vendor == vendor)
        )  # fmt: skip

    def candidates(self) -> tuple[Candidate, ...]:
        """Printers that could be opened now."""
        return tuple(Candidate(each.id, each.name) for each in self._open if is_printer(each))

    def ports(self) -> int:
        """Serial ports nobody knows a printer behind."""
        return sum(each.kind == "serial" for each in self._open)

    def model(self, chosen: str, profile_name: str) -> str:
        """The profile whose words fit, also for a printer that could never be opened.

        What a person set goes first; then the chosen device, or any printer that is there.
        """
        if profile_name:
            return profile_name
        there = [
            each for each in self._open if each.id == chosen or (not chosen and is_printer(each))
        ]
        if there:
            return there[0].profile
        plugged = [by_usb(each.vendor, each.product) for each in self.plugged(chosen)]
        known = next((each for each in plugged if each is not None), None)
        return known.name if known else ""

    def everything(self) -> tuple[Sequence[Device], Sequence[UsbPresence]]:
        """All that was seen, for the evidence bundle."""
        return self._open, self._plugged


def is_printer(device: Device) -> bool:
    """Is it surely a printer, and not just some serial port?"""
    usual = device.kind in ("virtual", "usb", "tcp")
    return usual or (device.kind == "usblp" and device.vendor is not None)


def vendor_of(device_id: str) -> int | None:
    """The USB vendor in a device id like ``usb:0d3a:0300:…``."""
    kind, _, rest = device_id.partition(":")
    head = rest.partition(":")[0]
    if kind not in ("usb", "usblp") or len(head) != 4:
        return None
    try:
        return int(head, 16) or None
    except ValueError:
        return None
