"""Which printers are there. Identity is serial number or location, never the COM number.

``Finder`` is injectable: tests hand in pty pairs, which the system never lists (printing.md §5).
"""

import ipaddress
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from ..errors import AgentError
from ..knowledge import DEFAULT, by_usb, profile
from .ports import Device

log = logging.getLogger(__name__)
LP_FOLDER = Path("/sys/class/usbmisc")


class Finder(Protocol):
    """Lists the devices that are present now."""

    def __call__(self) -> list[Device]: ...


def system_devices() -> list[Device]:
    """Serial and USB ports of this machine, known printers first."""
    found = [*serial_devices(list_ports.comports()), *usb_lp_devices(LP_FOLDER)]
    return sorted(found, key=lambda device: (device.kind == "serial", device.id))


def serial_devices(ports: Iterable[ListPortInfo]) -> list[Device]:
    """pyserial's ports as devices: ``usb`` when the vendor is a printer maker, else ``serial``."""
    return [_serial_device(port) for port in ports]


def usb_lp_devices(folder: Path) -> list[Device]:
    """Linux printer-class devices below ``folder`` (/sys/class/usbmisc/lp*)."""
    if not folder.is_dir():
        return []
    return [_lp_device(entry) for entry in sorted(folder.glob("lp*"))]


def parse_target(target: str, profile_name: str = "") -> Device:
    """``virtual``, ``tcp:host[:port]``, ``serial:/dev/…`` or ``usb:/dev/usb/lp0`` as a device.

    The form of ``--device`` and of ``device.select`` for what no list contains. Raises
    ``unknown_device`` for anything else.
    """
    if profile_name:
        profile(profile_name)
    if target == "virtual":
        return Device("virtual", "virtual", "虛擬發票機", "virtual", profile_name or "virtual")
    kind, _, rest = target.partition(":")
    if kind == "tcp" and rest:
        return _tcp_device(rest, profile_name)
    if kind in ("serial", "usb") and rest.startswith(("/dev/", "COM", "/tmp/", "\\\\.\\")):
        link_kind = "usblp" if "/lp" in rest else "serial"
        return Device(target, link_kind, rest, rest, profile_name or DEFAULT)
    raise AgentError("unknown_device", device_id=target[:80])


def check_reachable_by_page(device: Device) -> None:
    """A page may only name network printers in private networks: the agent is no proxy."""
    if device.kind != "tcp":
        return
    host = device.port.rpartition(":")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AgentError("unknown_device", device_id=device.id) from None
    if not (address.is_private or address.is_loopback or address.is_link_local):
        raise AgentError("unknown_device", device_id=device.id)


class Watch:
    """Compares two looks at the devices: what came, what went."""

    def __init__(self, finder: Callable[[], list[Device]]) -> None:
        self._finder = finder
        self.known: dict[str, Device] = {}

    def look(self) -> tuple[list[Device], list[Device]]:
        """(added, removed) since the last look."""
        now = {device.id: device for device in self._finder()}
        added = [device for key, device in now.items() if self.known.get(key) != device]
        removed = [device for key, device in self.known.items() if key not in now]
        self.known = now
        return added, removed


def _tcp_device(rest: str, profile_name: str) -> Device:
    host, separator, port = rest.rpartition(":")
    if not separator or rest.endswith("]"):
        host, port = rest, "9100"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536 or not host:
        raise AgentError("unknown_device", device_id=f"tcp:{rest}"[:80])
    address = f"{host}:{port}"
    return Device(f"tcp:{address}", "tcp", address, address, profile_name or DEFAULT)


def _serial_device(port: ListPortInfo) -> Device:
    known = by_usb(port.vid, port.pid)
    if port.vid is None:
        return Device(f"serial:{port.device}", "serial", port.description or port.device,
                      port.device, DEFAULT)  # fmt: skip
    identity = port.serial_number or port.location or port.device
    return Device(
        id=f"usb:{port.vid:04x}:{port.pid or 0:04x}:{identity}",
        kind="usb" if known else "serial",
        name=known.title if known else (port.description or port.device),
        port=port.device,
        profile=known.name if known else DEFAULT,
        vendor=port.vid,
        product=port.pid,
    )


def _lp_device(entry: Path) -> Device:
    usb = (entry / "device").resolve().parent
    vendor, product = _hex(usb / "idVendor"), _hex(usb / "idProduct")
    identity = _text(usb / "serial") or usb.name
    known = by_usb(vendor, product)
    return Device(
        id=f"usblp:{vendor or 0:04x}:{product or 0:04x}:{identity}",
        kind="usblp",
        name=known.title if known else (_text(usb / "product") or entry.name),
        port=f"/dev/usb/{entry.name}",
        profile=known.name if known else DEFAULT,
        vendor=vendor,
        product=product,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError as error:  # the device may be gone between listing and reading
        log.debug("cannot read %s: %s", path, error)
        return ""


def _hex(path: Path) -> int | None:
    text = _text(path)
    return int(text, 16) if text else None
