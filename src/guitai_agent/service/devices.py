"""The messages about devices: printers, drawers, scanners (agent-protocol.md §7)."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..drivers.discovery import check_reachable_by_page, find_again, parse_target
from ..drivers.network import Found, NetworkSearch
from ..drivers.notes import DeviceNotes
from ..drivers.ports import Device
from ..drivers.scanner import BAUDS, Scanner
from ..errors import AgentError, LinkError
from ..knowledge import DEFAULT, profile, profiles
from ..printer.report import device_json
from . import messages

if TYPE_CHECKING:
    from .desk import Desk
    from .handler import Peer

log = logging.getLogger(__name__)
Reply = dict[str, object]
Verb = Callable[["Peer", messages.Message], Reply]


class DeviceVerbs:
    """``device.*``, ``drawer.open`` and ``scanner.*``. Owns the scanner, the network search and
    what is remembered of devices; ``spread`` sends an event to everybody who is authenticated."""

    def __init__(self, desk: "Desk", spread: Callable[[Reply], None]) -> None:
        self._desk, self._opener, self._spread = desk, desk.opener, spread
        self.notes = DeviceNotes(desk.settings)
        self.search: Callable[[Iterable[str]], list[Found]] = NetworkSearch()
        self.scanner = Scanner(desk.opener.finder, self._scanned)
        self._wire()

    def table(self) -> dict[str, Verb]:
        return {
            "device.list": self._list,
            "device.select": self._select,
            "device.reset": self._reset,
            "device.scan": self._scan,
            "drawer.open": self._drawer,
            "scanner.select": self._scanner_select,
        }

    def _wire(self) -> None:
        """Give opener and scanner what was remembered, and remember what they learn."""
        opener, settings = self._opener, self._desk.settings.now
        opener.lines.update(self.notes.lines())
        opener.on_line = lambda device_id, line: self.notes.put(device_id, line=list(line))
        opener.reserved = lambda: self.scanner.device_id
        for device_id in settings.devices:
            if device_id.startswith("tcp:"):
                opener.found[device_id] = self._remembered(device_id)
        if opener.chosen in opener.found and opener.chosen in opener.fixed:
            opener.fixed[opener.chosen] = opener.found[opener.chosen]
        if settings.scanner_id:
            self.scanner.select(settings.scanner_id, settings.scanner_baud)

    def _remembered(self, device_id: str) -> Device:
        note = self.notes.of(device_id)
        known = note.get("profile", DEFAULT)
        device = parse_target(device_id, known if known in profiles() else DEFAULT)
        return replace(device, name=note.get("name", device.name))

    # -- printers ---------------------------------------------------------------------------

    def _list(self, peer: "Peer", message: messages.Message) -> Reply:
        devices = self._opener.devices()
        chosen, baud = self._opener.chosen, self._desk.settings.now.scanner_baud
        present = bool(chosen) and find_again(chosen, devices) is not None
        return {
            "devices": [self._row(device) for device in devices],
            "chosen": {"device_id": chosen, "present": present} if chosen else None,
            "scanner": {**self.scanner.report.as_json(), "baud": baud},
            "profiles": list(profiles()),
        }

    def _row(self, device: Device) -> Reply:
        return {
            **device_json(device),
            "selected": device.id == self._wanted(),
            "recognised": device.recognised,
            "serial": device.serial,
            "drawers": len(profile(device.profile).drawers),
            "drawer": self.notes.drawer(device.id),
        }

    def _wanted(self) -> str:
        """Where slips go, though it may not answer: a wrong choice must be undone."""
        try:
            return self._opener.current().id
        except LinkError:
            return self._opener.chosen

    def _select(self, peer: "Peer", message: messages.Message) -> Reply:
        device_id = messages.need(message, "device_id", str)
        profile_name = messages.maybe(message, "profile", str, "", longest=40)
        drawer = messages.number(message, "drawer", 0, 1, 2) if "drawer" in message else 0
        if profile_name:
            profile(profile_name)
        known = {device.id: device for device in self._opener.devices()}
        device = known.get(device_id)
        if device is None:
            device = parse_target(device_id, profile_name)
            if device.kind != "tcp":  # a page may name network printers, not files
                raise AgentError("unknown_device", device_id=device_id)
            check_reachable_by_page(device)
        if self._is_scanner(device):
            raise AgentError("device_in_use", device_id=device_id, used_as="scanner")
        if drawer:
            self.notes.put(device_id, drawer=drawer)
        self._desk.choose(device_id, profile_name)
        return self._printer()

    def _reset(self, peer: "Peer", message: messages.Message) -> Reply:
        """The FAQ's steps (S3.9): close, clear the printer's memory, probe anew, open."""
        self._opener.forget_line(self._wanted())
        self._desk.worker.reconnect()
        return self._printer()

    def _scan(self, peer: "Peer", message: messages.Message) -> Reply:
        """Search the shop's network; the printer in use is not disturbed."""
        report = self._desk.worker.report
        used = report.device if report.link == "up" else None
        busy = [used] if used is not None and used.kind == "tcp" else []
        results = self.search([device.port for device in busy])
        rows = [{**self._row(device), "answered": True} for device in busy]
        for found in results:
            if found.device.id in {device.id for device in busy}:
                continue
            device = self._keep(found)
            rows.append({**self._row(device), "answered": found.answered})
        log.info("network search: %d found", len(rows))
        return {"devices": rows}

    def _keep(self, found: Found) -> Device:
        """A printer that would not say its name this time keeps the one it had."""
        device = found.device
        if found.answered:
            self.notes.put(device.id, name=device.name, profile=device.profile)
        elif device.id in self._opener.found:
            return self._opener.found[device.id]
        self._opener.found[device.id] = device
        return device

    def _drawer(self, peer: "Peer", message: messages.Message) -> Reply:
        device = self._desk.worker.report.device
        usual = self.notes.drawer(device.id) if device is not None else 1
        self._desk.worker.open_drawer(messages.number(message, "drawer", usual, 1, 2))
        return {}

    def _printer(self) -> Reply:
        return {"printer": self._desk.worker.report.as_json()}

    # -- scanner ----------------------------------------------------------------------------

    def _scanner_select(self, peer: "Peer", message: messages.Message) -> Reply:
        device_id = messages.maybe(message, "device_id", str, "")
        baud = messages.number(message, "baud", BAUDS[0], BAUDS[0], BAUDS[-1])
        if baud not in BAUDS:
            raise AgentError("malformed", field="baud", allowed=list(BAUDS))
        if device_id:
            self._check_scanner(device_id)
        with self._desk.settings.changing() as settings:
            settings.scanner_id, settings.scanner_baud = device_id, baud
        self.scanner.select(device_id, baud)
        return {"scanner": self.scanner.report.as_json()}

    def _check_scanner(self, device_id: str) -> None:
        device = find_again(device_id, self._opener.finder())
        if device is None or device.kind not in ("serial", "usb"):
            raise AgentError("unknown_device", device_id=device_id)
        try:
            printer = self._opener.current()
        except LinkError:  # no printer is there that it could be
            return
        if printer.id == device.id or printer.port == device.port:
            raise AgentError("device_in_use", device_id=device_id, used_as="printer")

    def _is_scanner(self, device: Device) -> bool:
        if not self.scanner.device_id:
            return False
        scanner = find_again(self.scanner.device_id, self._opener.finder())
        return device.id == self.scanner.device_id or (
            scanner is not None and scanner.port == device.port
        )

    def _scanned(self, text: str, device: Device) -> None:
        self._spread(messages.event("scanner.data", {"text": text, "device": device_json(device)}))
