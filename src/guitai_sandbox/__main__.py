"""``guitai-sandbox``: serve the other side of the wire, or steer one that is being served."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from guitai_sandbox.faults import CATALOGUE
from guitai_sandbox.server import Sandbox, serve
from guitai_sandbox.turnkey.results import SHAPES
from guitai_sandbox.turnkey.runner import Turnkey

DEFAULT_URL = "http://127.0.0.1:8590"


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit status (0 done, 1 refused, 2 usage)."""
    arguments = _parser().parse_args(argv)
    result: int = arguments.run(arguments)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("guitai-sandbox", description="加值中心與財政部平台的模擬端")
    commands = parser.add_subparsers(required=True, metavar="命令")
    _serve_parser(commands)
    _steer_parsers(commands)
    return parser


def _serve_parser(commands: Any) -> None:
    serving = commands.add_parser("serve", help="啟動模擬端（盟立、控制介面、Turnkey 資料夾）")
    serving.add_argument("--data", type=Path, required=True, help="狀態資料夾（SQLite）")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8590, help="0 表示任一可用埠")
    serving.add_argument("--interval", type=float, default=1.0, help="掃描資料夾的間隔秒數")
    serving.set_defaults(run=_serve)
    folder = commands.add_parser("turnkey", help="不啟動伺服器，只處理 Turnkey 資料夾")
    folder.add_argument("how", choices=("run-once", "watch"))
    folder.add_argument("--data", type=Path, required=True, help="狀態資料夾（SQLite）")
    folder.add_argument("--interval", type=float, default=1.0, help="掃描間隔秒數")
    folder.set_defaults(run=_turnkey)
    for one, needed in ((serving, False), (folder, True)):
        one.add_argument("--turnkey", type=Path, metavar="DIR", required=needed, help="資料夾")
        one.add_argument("--results", default="wild", choices=SHAPES, help="結果檔的形狀")
        one.add_argument("--xsd", type=Path, metavar="DIR", help="官方 XSD 資料夾（另加檢查）")


def _steer_parsers(commands: Any) -> None:
    fault = commands.add_parser("fault", help="開關故障", description=_fault_list())
    fault.add_argument("switch", choices=("on", "off", "list"))
    fault.add_argument("name", nargs="?")
    fault.add_argument("--face", default="mirle", choices=sorted(CATALOGUE))
    fault.add_argument("--times", type=int, help="只發生幾次")
    fault.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="參數")
    fault.set_defaults(run=_fault)
    state = commands.add_parser("state", help="列出收到的單據、字軌與故障")
    state.add_argument(
        "what", nargs="?", default="state", choices=("state", "ledger", "deliveries")
    )
    state.add_argument("--face", default="mirle", choices=sorted(CATALOGUE))
    state.set_defaults(run=_state)
    seller = commands.add_parser("seller", help="建立賣方與機台")
    seller.add_argument("ban", help="統一編號")
    seller.add_argument("--name", default="")
    seller.add_argument("--state", default="active", choices=("active", "suspended"))
    seller.add_argument("--machine", action="append", default=[], metavar="POSID:POSSN")
    seller.set_defaults(run=_seller)
    allot = commands.add_parser("allot", help="配發字軌區間給賣方")
    for name, text in (("seller", "統一編號"), ("period", "期別，如 11508"), ("track", "字軌")):
        allot.add_argument(name, help=text)
    allot.add_argument("begin", help="起號八碼")
    allot.add_argument("end", help="迄號八碼")
    allot.add_argument("--type", default="07", choices=("07", "08"))
    allot.add_argument("--face", default="mirle", choices=sorted(CATALOGUE))
    allot.set_defaults(run=_allot)
    clock = commands.add_parser("clock", help="移動模擬端的時間")
    clock.add_argument("--now", help="2026-07-04T09:00:00")
    clock.add_argument("--today", help="2026-07-04")
    clock.add_argument("--hold", action="store_true", help="時間停住")
    clock.add_argument("--reset", action="store_true", help="回到真實時間")
    clock.set_defaults(run=_clock)
    for one in (fault, state, seller, allot, clock):
        one.add_argument("--url", default=DEFAULT_URL, help=f"預設 {DEFAULT_URL}")


def _fault_list() -> str:
    return "；".join(
        f"{face}：" + "、".join(f"{name}（{text}）" for name, text in names.items())
        for face, names in CATALOGUE.items()
    )


def _serve(arguments: argparse.Namespace) -> int:
    turnkey = _open_turnkey(arguments) if arguments.turnkey else None
    sandbox = Sandbox(arguments.data, turnkey)
    stop = threading.Event()
    watcher = turnkey and threading.Thread(target=_watch, args=(turnkey, stop, arguments.interval))
    if watcher:
        watcher.start()

    def started(port: int) -> None:
        print(f"guitai-sandbox http://{arguments.host}:{port}/", flush=True)

    try:
        asyncio.run(serve(sandbox, arguments.host, arguments.port, started))
    finally:
        stop.set()
        if watcher:
            watcher.join()
    return 0


def _watch(turnkey: Turnkey, stop: threading.Event, interval: float) -> None:
    """Watch the folder; when that breaks, the process ends too: half a sandbox helps nobody."""
    try:
        turnkey.watch(stop, interval)
    finally:
        if not stop.is_set():
            os.kill(os.getpid(), signal.SIGTERM)


def _open_turnkey(arguments: argparse.Namespace) -> Turnkey:
    return Turnkey(arguments.data, arguments.turnkey, shape=arguments.results, xsd=arguments.xsd)


def _turnkey(arguments: argparse.Namespace) -> int:
    turnkey = _open_turnkey(arguments)
    if arguments.how == "run-once":
        print(json.dumps(turnkey.run_once()))
        return 0
    with contextlib.suppress(KeyboardInterrupt):
        turnkey.watch(threading.Event(), arguments.interval)
    return 0


def _fault(arguments: argparse.Namespace) -> int:
    if arguments.switch == "list":
        return _ask(arguments.url, "faults")
    order: dict[str, Any] = {"face": arguments.face, "on": arguments.switch == "on"}
    if arguments.name:
        order["name"] = arguments.name
    if arguments.times:
        order["times"] = arguments.times
    for pair in arguments.set:
        key, _, value = pair.partition("=")
        order[key] = {"true": True, "false": False}.get(value, value)
    return _ask(arguments.url, "faults", order)


def _state(arguments: argparse.Namespace) -> int:
    return _ask(arguments.url, f"{arguments.what}?face={arguments.face}")


def _seller(arguments: argparse.Namespace) -> int:
    machines = [
        dict(zip(("posid", "possn"), m.split(":", 1), strict=True)) for m in arguments.machine
    ]
    keep = {key: getattr(arguments, key) for key in ("ban", "name", "state")}
    return _ask(arguments.url, "sellers", {**keep, "machines": machines})


def _allot(arguments: argparse.Namespace) -> int:
    keys = ("face", "seller", "period", "track", "begin", "end", "type")
    return _ask(arguments.url, "ranges", {key: getattr(arguments, key) for key in keys})


def _clock(arguments: argparse.Namespace) -> int:
    values = {key: getattr(arguments, key) for key in ("now", "today", "hold", "reset")}
    order = {key: value for key, value in values.items() if value}
    return _ask(arguments.url, "clock", order or None)


def _ask(url: str, path: str, order: dict[str, Any] | None = None) -> int:
    body = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(f"{url}/_sandbox/{path}", data=body)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            print(json.dumps(json.load(reply), ensure_ascii=False, indent=2))
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode("utf-8", "replace"), file=sys.stderr)
    except OSError as error:
        print(f"模擬端沒有回應（{url}）：{error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
