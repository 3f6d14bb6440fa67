"""What the system itself says is plugged in, driver or no driver (printing.md §6, S3.2–S3.6).

A printer without a driver has no port, so no list of ports can name it. Linux: sysfs. Windows:
``Win32_PnPEntity``, whose ``ConfigManagerErrorCode`` is the exclamation mark in the device manager
(28 no driver, 1 not configured, 10 cannot start, 52 signature). macOS says nothing here.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..knowledge import by_usb

log = logging.getLogger(__name__)

Kind = Literal["com", "printer_class", "hid", "none", "other"]
SYSFS_USB = Path("/sys/bus/usb/devices")
NO_DRIVER = 28
"""Windows' code for "the drivers are not installed"; told on Linux when nothing is bound."""

COM_DRIVERS = frozenset(
    ("ftdi_sio", "cdc_acm", "pl2303", "ch341", "ch341-uart", "cp210x",
     "ftdibus", "ftser2k", "usbser", "ser2pl", "silabser", "ch341ser_a64")
)  # fmt: skip
PRINTER_DRIVERS = frozenset(("usblp", "usbprint"))
HID_DRIVERS = frozenset(("usbhid", "hidusb"))
HUB_CLASS = "09"
QUESTION_SECONDS = 10.0
NO_WINDOW = 0x08000000  # CREATE_NO_WINDOW: no black box in front of the till
QUESTION = (
    "[Console]::OutputEncoding=[Text.Encoding]::UTF8;"
    "Get-CimInstance Win32_PnPEntity"
    " -Filter \"PNPDeviceID LIKE 'USB\\\\VID%' OR PNPDeviceID LIKE 'FTDIBUS\\\\VID%'\""
    " | Select-Object PNPDeviceID,Name,Service,PNPClass,ConfigManagerErrorCode"
    " | ConvertTo-Json -Compress"
)
INSTANCE = re.compile(
    r"(?P<bus>USB|FTDIBUS)\\VID_(?P<vendor>[0-9A-F]{4})[&+]PID_(?P<product>[0-9A-F]{4})"
    r"(?P<more>[^\\]*)\\(?P<instance>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class UsbPresence:
    """One USB device as the system sees it.

    ``problem`` is a ConfigManagerErrorCode, None when all is well. ``kind`` is what programs can
    open it as: ``com``, ``printer_class``, ``hid``, ``none`` (no driver bound), ``other``.
    """

    vendor: int | None
    product: int | None
    serial: str
    location: str
    driver: str
    problem: int | None
    kind: Kind

    @property
    def is_printer(self) -> bool:
        """Does the catalogue know a printer with these numbers?"""
        return by_usb(self.vendor, self.product) is not None


def presences(root: Path = SYSFS_USB) -> list[UsbPresence]:
    """Every USB device that is plugged in now; empty where the system cannot be asked.

    Takes milliseconds on Linux and about a second on Windows: not for the hot path.
    """
    if sys.platform == "win32":
        return parse_entities(_ask_windows())
    return sysfs_presences(root) if sys.platform == "linux" else []


def sysfs_presences(root: Path) -> list[UsbPresence]:
    """The devices below a sysfs folder like /sys/bus/usb/devices; hubs left out."""
    if not root.is_dir():
        return []
    devices = [entry for entry in sorted(root.iterdir()) if ":" not in entry.name]
    found = (_sysfs_presence(root, entry) for entry in devices)
    return [presence for presence in found if presence is not None]


def parse_entities(text: str) -> list[UsbPresence]:
    """PowerShell's JSON as presences: a list, or one bare object when there is one device.

    What cannot be read is left out with a line in the log.
    """
    if not text.strip():
        return []  # PowerShell says nothing at all for an empty result
    try:
        told = json.loads(text.lstrip("\ufeff"))
    except ValueError as error:
        log.warning("cannot read the device manager's answer: %s", error)
        return []
    rows = told if isinstance(told, list) else [told]
    found = [_entity(row) for row in rows if isinstance(row, dict)]
    if len(found) != len(rows):
        log.warning("%d unreadable devices in the device manager's answer", len(rows) - len(found))
    return [presence for presence in found if presence is not None]


# -- Linux --------------------------------------------------------------------------------------


def _sysfs_presence(root: Path, entry: Path) -> UsbPresence | None:
    vendor, product = hexadecimal(entry / "idVendor"), hexadecimal(entry / "idProduct")
    if vendor is None or text_of(entry / "bDeviceClass") == HUB_CLASS:
        return None
    drivers = [_bound_driver(each) for each in sorted(root.glob(f"{entry.name}:*"))]
    driver, kind = _strongest(drivers)
    unbound = kind == "none" and by_usb(vendor, product) is not None
    return UsbPresence(
        vendor=vendor,
        product=product,
        serial=text_of(entry / "serial"),
        location=entry.name,
        driver=driver,
        problem=NO_DRIVER if unbound else None,
        kind=kind,
    )


def _bound_driver(interface: Path) -> str:
    link = interface / "driver"
    return link.resolve().name if link.is_symlink() else ""


def _strongest(drivers: Iterable[str]) -> tuple[str, Kind]:
    """The driver of the interface a program would print through."""
    order: tuple[Kind, ...] = ("com", "printer_class", "hid", "other")
    kinds = {_kind_of(driver): driver for driver in drivers if driver}
    for kind in order:
        if kind in kinds:
            return kinds[kind], kind
    return "", "none"


def _kind_of(driver: str, group: str = "") -> Kind:
    name, group = driver.lower(), group.lower()
    if name in COM_DRIVERS or group == "ports":
        return "com"
    if name in PRINTER_DRIVERS or group == "printer":
        return "printer_class"
    if name in HID_DRIVERS or group == "hidclass":
        return "hid"
    return "other" if name else "none"


def text_of(path: Path) -> str:
    """What a sysfs file says, empty when it cannot be read."""
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError as error:  # the device may be gone between listing and reading
        log.debug("cannot read %s: %s", path, error)
        return ""


def hexadecimal(path: Path) -> int | None:
    """A sysfs file with a hexadecimal number."""
    try:
        return int(text_of(path), 16)
    except ValueError:
        return None


# -- Windows ------------------------------------------------------------------------------------


def _ask_windows() -> str:
    command = ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", QUESTION]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=QUESTION_SECONDS, check=True,
            creationflags=NO_WINDOW,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("cannot ask the device manager: %s", error)
        return ""
    return done.stdout.decode("utf-8", errors="replace")


def _entity(row: Mapping[str, object]) -> UsbPresence | None:
    """One row; None for hubs and for what has no USB numbers."""
    match = INSTANCE.fullmatch(str(row.get("PNPDeviceID") or ""))
    service, group = str(row.get("Service") or ""), str(row.get("PNPClass") or "")
    if match is None or service.lower().startswith("usbhub"):
        return None
    instance = match["instance"]
    # An ampersand in it: Windows made it up from the socket; without: the device's own serial.
    own = match["more"].lstrip("+") if match["bus"].upper() == "FTDIBUS" else instance
    serial = "" if "&" in own else own
    problem = row.get("ConfigManagerErrorCode")
    return UsbPresence(
        vendor=int(match["vendor"], 16),
        product=int(match["product"], 16),
        serial=serial,
        location=instance,
        driver=service,
        problem=problem if isinstance(problem, int) and problem else None,
        kind=_kind_of(service, group if service else ""),
    )
