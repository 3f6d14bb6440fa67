"""What every driver offers. Drivers move bytes and nothing else."""

from dataclasses import dataclass
from typing import Protocol

from ..knowledge import by_usb


class Link(Protocol):
    """An open line to a printer. One thread reads, one writes; a third may cancel the writer."""

    def write(self, data: bytes) -> None:
        """Hand over all of ``data``, blocking as long as it takes.

        Returns early after ``cancel_write``. Raises ``LinkError`` when the line is gone.
        """
        ...

    def cancel_write(self) -> None:
        """Make a blocked ``write`` return soon; repeat until the writer has returned.

        The link is good for nothing but a last short word afterwards: close it.
        """
        ...

    def read(self, timeout: float) -> bytes:
        """What has come in within ``timeout`` seconds; ``LinkError`` when the line is gone."""
        ...

    def close(self) -> None:
        """Close. Only after the reader and the writer have been joined (printing.md §7)."""
        ...


@dataclass(frozen=True, slots=True)
class Device:
    """A printer that could be opened. ``id`` survives another socket, port name or restart.

    ``kind``: ``usb`` (a known printer behind a virtual COM port), ``serial`` (any other port),
    ``usblp`` (printer class), ``tcp``, ``virtual``. ``port`` is where it is now.
    """

    id: str
    kind: str
    name: str
    port: str
    profile: str
    vendor: int | None = None
    product: int | None = None
    serial: str = ""
    location: str = ""

    @property
    def recognised(self) -> bool:
        """Is it certainly a receipt printer? Only then it may be written to unasked: what hangs
        on any other port may be a scale or a modem and needs a person's choice."""
        if self.kind == "usblp":
            return by_usb(self.vendor, self.product) is not None
        return self.kind in ("usb", "virtual")

    @property
    def nameless(self) -> bool:
        """Has it no serial number, so that only its socket tells it from another one?"""
        return self.vendor is not None and not self.serial


@dataclass(frozen=True, slots=True)
class Opened:
    """An open link and the device behind it."""

    link: Link
    device: Device
