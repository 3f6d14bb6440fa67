"""The control face under ``/_sandbox/``: JSON, from this machine only (docs/sandbox.md)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from guitai_sandbox.faults import CATALOGUE, Board, UnknownFault
from guitai_sandbox.report import deliveries, documents, ledger, overview
from guitai_sandbox.store import transaction
from guitai_sandbox.wire import Answer, Request
from guitai_sandbox.world import Unusable, World

PREFIX = "/_sandbox/"
LOOPBACK = ("127.0.0.1", "::1")
_TABLES = ("deliveries", "documents", "grants", "ranges", "machines", "sellers", "faults")


class ControlFace:
    """Shows and steers what the other faces do; used by the same thread as the Mirle face."""

    def __init__(self, world: World, mirle: Board, turnkey: Any = None) -> None:
        self.world, self.mirle = world, mirle
        self.turnkey = turnkey
        self.boards = {"mirle": mirle, "turnkey": Board(world.link, "turnkey")}
        self.routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "health"): lambda _: {"ok": True, "now": self._now()},
            ("GET", "state"): lambda r: overview(world, self._faults(), self.turnkey, r.query),
            ("GET", "documents"): lambda r: documents(world, self.turnkey, r.query),
            ("GET", "deliveries"): lambda r: deliveries(world, r.query),
            ("GET", "ledger"): lambda r: ledger(world, self.turnkey, r.query),
            ("GET", "faults"): lambda _: {"catalogue": CATALOGUE, "on": self._faults()},
            ("GET", "clock"): lambda _: {"now": self._now()},
            ("POST", "faults"): self._switch,
            ("POST", "sellers"): self._seller,
            ("POST", "ranges"): self._range,
            ("POST", "clock"): self._clock,
            ("POST", "reset"): self._reset,
            ("POST", "turnkey/run"): self._turnkey_run,
            ("POST", "turnkey/assign"): self._turnkey_assign,
            ("POST", "turnkey/summary"): self._turnkey_summary,
        }

    def answer(self, request: Request) -> Answer:
        """Answer one control request; refuses strangers and browsers of other pages."""
        if request.peer not in LOOPBACK or "origin" in request.headers:
            return _json({"error": "loopback only"}, 403)
        name = request.path.removeprefix(PREFIX)
        if name == "echo":
            return Answer(request.body, content_type="application/octet-stream")
        route = self.routes.get((request.method, name))
        if route is None:
            return _json({"error": f"no such control: {request.method} {request.path}"}, 404)
        try:
            return _json(route(request))
        except (Unusable, UnknownFault, ValueError, KeyError, TypeError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)
        except sqlite3.IntegrityError as error:
            return _json({"error": str(error)}, 409)

    def _now(self) -> str:
        return self.world.clock.now().isoformat(sep=" ", timespec="seconds")

    def _faults(self) -> list[dict[str, Any]]:
        self.boards["turnkey"].reload()
        return [one for board in self.boards.values() for one in board.show()]

    def _switch(self, request: Request) -> Any:
        order = _order(request)
        board = self.boards.get(order.pop("face", "mirle"))
        if board is None:
            raise UnknownFault("face")
        name, on = order.pop("name", None), order.pop("on", True)
        if on:
            board.switch_on(name, **order)
        else:
            board.switch_off(name)
        return {"on": self._faults()}

    def _seller(self, request: Request) -> Any:
        order = _order(request)
        machines = order.pop("machines", [])
        self.world.add_seller(**order)
        for machine in machines:
            self.world.add_machine(order["ban"], **machine)
        return {"ban": order["ban"], "machines": len(machines)}

    def _range(self, request: Request) -> Any:
        order = {"face": "mirle", "type": "07", **_order(request)}
        names = ("face", "seller", "period", "track", "begin", "end", "type")
        if set(order) != set(names):
            raise ValueError(f"a range has exactly {', '.join(names)}")
        return {"new": self.world.allot(*(str(order[name]) for name in names))}

    def _clock(self, request: Request) -> Any:
        self.world.move_clock(_order(request))
        return {"now": self._now()}

    def _reset(self, request: Request) -> Any:
        if _order(request) != {"everything": True}:
            raise ValueError('send {"everything": true}')
        with transaction(self.world.link):
            for table in _TABLES:
                self.world.link.execute(f"DELETE FROM {table}")
        for board in self.boards.values():
            board.reload()
        self.world.move_clock({"reset": True})
        if self.turnkey:
            self.turnkey.forget()
        return {"ok": True}

    def _turnkey_run(self, _: Request) -> Any:
        return self._need_turnkey().run_once()

    def _turnkey_assign(self, request: Request) -> Any:
        return self._need_turnkey().assign(**_order(request))

    def _turnkey_summary(self, request: Request) -> Any:
        return self._need_turnkey().summarise(**_order(request))

    def _need_turnkey(self) -> Any:
        if self.turnkey is None:
            raise ValueError("served without --turnkey")
        return self.turnkey


def _order(request: Request) -> dict[str, Any]:
    order = json.loads(request.body or b"{}")
    if not isinstance(order, dict):
        raise ValueError("a JSON object is expected")
    return order


def _json(value: Any, status: int = 200) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(body, status, "application/json; charset=utf-8")
