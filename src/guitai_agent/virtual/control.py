"""The port on which the virtual printer is told to break: one JSON object a line."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from .device import VirtualPrinter
from .faults import FAULTS

Order = Mapping[str, object]


class Line(Protocol):
    """The way to the printer: ``PrinterServer`` or ``PtyPort``."""

    printer: VirtualPrinter

    def plug(self) -> None: ...
    def pull(self) -> None: ...
    def drop_connection(self) -> None: ...


class ControlServer:
    """Orders, one or several in an object; each line is answered with the faults that are on.

    ``{"fault": "paper_end", "on": true, "seconds": 0}`` trip or mend, for a while;
    ``{"plan": "cutter", "after": 700}`` trip once that many bytes are printed;
    ``{"paper_mm": 120, "near_mm": 30}`` load a roll of that length;
    ``{"unplug": true}`` break the connection; ``{"plugged": false}`` pull the cable until true;
    ``{"power_cycle": true}`` or its seconds of darkness; ``{"rate": 4000}`` bytes a second;
    ``{"say": "10ff"}`` put bytes on the line; ``{"jealous": true}`` serve somebody else (TCP);
    ``{"speed": 19200}``, ``{"xonxoff": false}`` move the switches (serial);
    ``{"state": true}`` tell beeper, drawer, paper left and bytes printed as well.
    """

    def __init__(self, line: Line, host: str = "127.0.0.1", port: int = 0) -> None:
        self._line = line
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self._stopping = False
        self._verbs: dict[str, Callable[[Order], None]] = {
            "fault": self._fault,
            "plan": lambda order: self._printer.plan_fault(
                str(order["plan"]), _whole(order, "after")
            ),
            "paper_mm": self._paper,
            "unplug": lambda order: self._line.drop_connection() if order["unplug"] else None,
            "plugged": lambda order: self._line.plug() if order["plugged"] else self._line.pull(),
            "power_cycle": self._power_cycle,
            "rate": lambda order: setattr(self._printer, "rate", _whole(order, "rate")),
            "say": lambda order: self._printer.say(bytes.fromhex(str(order["say"]))),
            "jealous": lambda order: self._switch("jealous", order["jealous"]),
            "speed": lambda order: self._switch("speed", _whole(order, "speed")),
            "xonxoff": lambda order: self._switch("xonxoff", order["xonxoff"]),
            "state": lambda order: None,
        }

    @property
    def _printer(self) -> VirtualPrinter:
        return self._line.printer

    def start(self) -> None:
        threading.Thread(target=self._run, name="printer-control", daemon=True).start()

    def stop(self) -> None:
        self._stopping = True
        with contextlib.suppress(OSError):  # may be closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _run(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping:
                    return
                raise
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:  # the other side may hang up at any time
            for line in connection.makefile("r", encoding="utf-8"):
                connection.sendall(json.dumps(self._obey(line)).encode() + b"\n")

    def _obey(self, line: str) -> dict[str, object]:
        try:
            order = json.loads(line)
            known = [name for name in self._verbs if name in order]
            if not known:
                raise ValueError("no such order")
            for name in known:
                self._verbs[name](order)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {
                "error": str(error),
                "faults_known": list(FAULTS),
                "orders_known": list(self._verbs),
            }
        told: dict[str, object] = {"faults": sorted(self._printer.faults)}
        return told | (self._state() if order.get("state") else {})

    def _state(self) -> dict[str, object]:
        printer = self._printer
        return {
            "beeper": printer.beeper,
            "beeped": printer.beeped,
            "drawer_opened": printer.drawer_opened,
            "paper_left_mm": printer.paper_left(),
            "printed_bytes": printer.consumed,
        }

    def _fault(self, order: Order) -> None:
        seconds = order.get("seconds", 0)
        if not isinstance(seconds, int | float):
            raise ValueError("seconds")
        self._printer.set_fault(str(order["fault"]), bool(order["on"]), seconds)

    def _plan(self, order: Order) -> None:
        self._printer.plan_fault(str(order["plan"]), _whole(order, "after"))

    def _paper(self, order: Order) -> None:
        near = _whole(order, "near_mm") if "near_mm" in order else 0
        self._printer.load_paper(_whole(order, "paper_mm"), near)

    def _power_cycle(self, order: Order) -> None:
        wanted = order["power_cycle"]
        if wanted is True or wanted is False:
            return self._printer.power_cycle() if wanted else None
        if not isinstance(wanted, int | float):
            raise ValueError("power_cycle")
        return self._printer.power_cycle(wanted)

    def _switch(self, name: str, value: object) -> None:
        if not hasattr(self._line, name):
            raise ValueError(f"this line has no {name}")
        setattr(self._line, name, value)


def _whole(order: Order, name: str) -> int:
    value = order[name]
    if not isinstance(value, int):
        raise ValueError(name)
    return value
