"""Which printers are there. Identity is serial number or location, never the COM number.

``Finder`` is injectable: tests hand in pty pairs, which the system never lists (printing.md §5).
"""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from ..errors import AgentError
from ..knowledge import DEFAULT, Profile, by_model, by_usb, profile
from .pnp import hexadecimal, text_of
from .ports import Device

LP_FOLDER = Path("/sys/class/usbmisc")


class Finder(Protocol):
    """Lists the devices that are present now."""

    def __call__(self) -> list[Device]: ...


def system_devices() -> list[Device]:
    """Serial and USB ports of this machine, known printers first."""
    found = distinct([*serial_devices(list_ports.comports()), *usb_lp_devices(LP_FOLDER)])
    return sorted(found, key=lambda device: (device.kind == "serial", device.id))


def serial_devices(ports: Iterable[ListPortInfo]) -> list[Device]:
    """pyserial's ports as devices: ``usb`` when it is a printer of the catalogue, else ``serial``.

    A port without USB numbers is known by its name alone: a fixed socket of the machine, or a
    driver that does not tell (then its own words may name the model).
    """
    return [_serial_device(port) for port in ports]


def usb_lp_devices(folder: Path) -> list[Device]:
    """Linux printer-class devices below ``folder`` (/sys/class/usbmisc/lp*)."""
    if not folder.is_dir():
        return []
    return [_lp_device(entry) for entry in sorted(folder.glob("lp*"))]


def distinct(devices: Sequence[Device]) -> list[Device]:
    """Tell devices of one id apart by their socket: some makers number all of theirs alike."""
    times = Counter(device.id for device in devices)
    return [
        replace(device, id=f"{device.id}~{device.location}") if times[device.id] > 1 else device
        for device in devices
    ]


def find_again(chosen: str, devices: Sequence[Device], location: str = "") -> Device | None:
    """The chosen device among those present, however it is called now; None when it is absent.

    By its id; else, for one of several with the same serial number, by its socket (``location``:
    where it was last); else, for one without a serial number, the only one of its make that is
    present: it has been plugged into another socket.
    """
    for device in devices:
        if device.id == chosen:
            return device
    base, _, place = chosen.partition("~")
    place = place or location
    for device in devices:
        if place and device.id.partition("~")[0] == base and device.location == place:
            return device
    make, separator, _ = chosen.partition(":@")
    alike = [each for each in devices if each.nameless and each.id.startswith(f"{make}:@")]
    return alike[0] if separator and len(alike) == 1 else None


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
    words = " ".join(filter(None, (port.product, port.description, port.manufacturer)))
    known = by_model(words) if port.vid is None else by_usb(port.vid, port.pid, words)
    return Device(
        id=_usb_id("usb", port) if port.vid is not None else f"serial:{port.device}",
        kind="usb" if known else "serial",
        name=_title(known, words) or port.product or _told(port.description) or port.device,
        port=port.device,
        profile=known.name if known else DEFAULT,
        vendor=port.vid,
        product=port.pid,
        serial=port.serial_number or "",
        location=port.location or "",
    )


def _told(description: str | None) -> str:
    """pyserial says "n/a" where the system says nothing."""
    return "" if description in (None, "n/a") else str(description)


def _usb_id(prefix: str, port: ListPortInfo) -> str:
    """Serial number or, marked with @, the socket. Never the port's name: Windows gives another
    COM number to another socket (printing.md §7)."""
    identity = port.serial_number or f"@{port.location or ''}"
    return f"{prefix}:{port.vid or 0:04x}:{port.pid or 0:04x}:{identity}"


def _title(known: Profile | None, words: str) -> str:
    """The catalogue's title; of one that only its maker is known of, that is a guess."""
    if known is None:
        return ""
    return known.title if by_model(words) is known else f"{known.title}（同系列）"


def _lp_device(entry: Path) -> Device:
    usb = (entry / "device").resolve().parent
    vendor, product = hexadecimal(usb / "idVendor"), hexadecimal(usb / "idProduct")
    words = text_of(usb / "product")
    serial = text_of(usb / "serial")
    known = by_usb(vendor, product, words)
    return Device(
        id=f"usblp:{vendor or 0:04x}:{product or 0:04x}:{serial or '@' + usb.name}",
        kind="usblp",
        name=_title(known, words) or words or entry.name,
        port=f"/dev/usb/{entry.name}",
        profile=known.name if known else DEFAULT,
        vendor=vendor,
        product=product,
        serial=serial,
        location=usb.name,
    )
