"""What every driver offers. Drivers move bytes and nothing else."""

from dataclasses import dataclass
from typing import Protocol


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
    """A printer that could be opened. ``id`` survives another socket, port name or restart."""

    id: str
    kind: str
    name: str
    port: str
    profile: str
    vendor: int | None = None
    product: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An open link and the device behind it."""

    link: Link
    device: Device
