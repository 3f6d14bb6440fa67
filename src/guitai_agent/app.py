"""The agent put together: folder, journal, printer worker, devices, door."""

import asyncio
import json
import logging
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from twinvoice import raster

from .datadir import Lock, SettingsFile, write_private
from .drivers.discovery import Finder, Watch, parse_target, system_devices
from .drivers.opening import DeviceOpener
from .escpos.glyphs import paper_fonts
from .identity import settle
from .install.home import Home, default_root
from .journal import open_or_seal
from .knowledge import profile
from .logbook import Logbook
from .printer.report import device_json
from .printer.session import Timings
from .printer.worker import Worker
from .service.desk import Desk, encode_job
from .service.handler import Handler
from .service.joining import MembershipFile
from .service.outbound import Outbound
from .service.pairing import PairingDesk
from .service.server import PORTS, Door
from .service.serververbs import ServerVerbs
from .service.tillpage import TILL_PORT
from .service.upkeep import TillKeeper, UpkeepVerbs
from .virtual.device import VirtualPrinter
from .virtual.receipts import ReceiptFolder

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5  # hot-plug is to be seen within a second; a look takes a millisecond
KEEP_DOCUMENTS = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Options:
    """How an agent is to run. ``ports`` empty: the four of the protocol."""

    data: Path
    device: str = ""
    profile: str = ""
    receipts: Path | None = None
    ports: tuple[int, ...] = PORTS
    verbose: bool = False
    timings: Timings | None = None
    finder: Finder = system_devices
    serve_till: str = ""
    till_port: int = TILL_PORT


class Agent:
    """One running agent. ``start`` returns the port; ``stop`` lets the job in hand end."""

    def __init__(self, options: Options) -> None:
        options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._options = options
        self._lock = Lock(options.data)
        self._logbook = Logbook(options.data, verbose=options.verbose)
        self.settings = SettingsFile(options.data)
        self.journal = open_or_seal(options.data / "journal.db")
        if not self.journal.sealed:
            settle(self.settings, self.journal)
        self.virtual = self._virtual_printer()
        self.opener = self._make_opener()
        self.page_token = secrets.token_urlsafe(32)
        self.worker = Worker(
            self.journal, self.opener, encode_job, timings=options.timings,
            on_report=lambda report: self.handler.printer_changed(report),
        )  # fmt: skip
        self.pairing = PairingDesk(self.settings)
        self.desk = Desk(
            self.settings, self.journal, self.worker, self.opener, self.pairing, self._logbook.tail
        )
        self.handler = Handler(self.desk, self.page_token)
        self.door = Door(self.handler, self.page_token)
        self.outbound = self._make_outbound()
        self.till = self._make_till()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="device-watch", daemon=True)

    async def start(self) -> int:
        """Open the door, settle what a crash left, and begin to print."""
        port = await self.door.open(self._options.ports)
        self.journal.on_change = self.handler.job_changed
        for job in self.journal.recover():
            log.warning("job %s was being sent when the agent ended: %s", job.job_id, job.state)
        self.journal.prune(older_than=KEEP_DOCUMENTS)
        self.worker.start()
        self.desk.doctor.start()
        self._watcher.start()
        self.handler.devices.scanner.start()
        await self.outbound.start()
        self.till.follow(self._joined())
        self._write_run_file(port)
        log.info("listening on port %d", port)
        return port

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self.till.stop)
        await self.outbound.stop()
        await self.door.close()
        await asyncio.to_thread(self.worker.stop)
        await asyncio.to_thread(self._watcher.join)
        await asyncio.to_thread(self.handler.devices.scanner.stop)
        await asyncio.to_thread(self.desk.doctor.stop)
        self.journal.close()
        if self.virtual:
            self.virtual.close()
        (self._options.data / "run.json").unlink(missing_ok=True)
        self._logbook.close()
        self._lock.release()

    def _virtual_printer(self) -> VirtualPrinter | None:
        if self._options.device != "virtual":
            return None
        used = profile(self._options.profile or "virtual")
        printer = VirtualPrinter(paper_fonts().glyph, width=used.dots, dpi=used.dpi)
        folder = self._options.receipts or self._options.data / "receipts"
        printer.on_receipt = ReceiptFolder(folder, raster.png)
        return printer

    def _make_outbound(self) -> Outbound:
        """The way to the server that was joined, and the messages about it."""
        file = MembershipFile(self._options.data)
        outbound = Outbound(self.handler, file)
        verbs = ServerVerbs(file, outbound, agent_id=self.desk.agent_id, version=self.desk.version)
        self.handler.learn(verbs.table())
        self.desk.doctor.server = outbound.state
        return outbound

    def _make_till(self) -> TillKeeper:
        """The till of the server that was joined, on this computer's loopback."""
        till = TillKeeper(self._options.till_port, self._options.serve_till)
        self.handler.server_of = till.server_of
        home = Home(default_root())
        self.handler.learn(UpkeepVerbs(till, self._joined, home, self.desk.version).table())
        return till

    def _joined(self) -> str:
        return str(self.outbound.state()["address"])

    def _make_opener(self) -> DeviceOpener:
        options, remembered = self._options, self.settings.now
        opener = DeviceOpener(options.finder, virtual=self.virtual)
        if options.device:
            device = parse_target(options.device, options.profile)
            opener.fixed[device.id] = device
            opener.choose(device.id, options.profile)
        elif remembered.device_id or options.profile:
            opener.choose(remembered.device_id, options.profile or remembered.profile)
        return opener

    def _watch(self) -> None:
        """Tell pages about devices that come and go; a new one may be the printer we wait for."""
        watch = Watch(self.opener.devices)
        watch.look()
        while not self._stopping.wait(LOOK_SECONDS):
            self.till.follow(self._joined())
            try:
                added, removed = watch.look()
            except OSError as error:  # a device list that cannot be read now can be in two seconds
                log.warning("cannot list devices: %s", error)
                continue
            for device in added:
                self.handler.device_news("device.added", device_json(device))
            for device in removed:
                self.handler.device_news("device.removed", device_json(device))
            if added:
                self.worker.wake()
                self.handler.devices.scanner.wake()

    def _write_run_file(self, port: int) -> None:
        """For the command line: where the agent listens, and the owner's token."""
        told = {"port": port, "token": self.page_token, "started": time.time()}
        write_private(self._options.data / "run.json", json.dumps(told))


def ports_from(first: int | None) -> tuple[int, ...]:
    """The ports to try: the named one alone, or the protocol's four."""
    return PORTS if first is None else (first,)
