"""``guitai-agent devices``: what is plugged in, whether an agent runs or not."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from .cli_data import DEFAULT_DATA, Data
from .client import NotRunning, OwnerClient, Refused
from .drivers.discovery import system_devices
from .drivers.network import NetworkSearch
from .drivers.pnp import UsbPresence, presences
from .knowledge import by_usb
from .printer.report import device_json

out, err = Console(), Console(stderr=True)
KINDS = {"usb": "發票機（虛擬 COM）", "usblp": "印表機模式", "serial": "序列埠", "tcp": "網路",
         "virtual": "虛擬"}  # fmt: skip
DRIVERS = {"com": "虛擬 COM", "printer_class": "印表機模式", "hid": "HID", "none": "未安裝驅動",
           "other": "其他"}  # fmt: skip
Row = dict[str, Any]


def devices(
    data: Data = DEFAULT_DATA,
    scan: Annotated[bool, typer.Option(help="同時搜尋區域網路的發票機（約 5 秒）。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="輸出 JSON。")] = False,
) -> None:
    """列出接在這台電腦上的發票機、序列埠與 USB 裝置；列印程式沒有執行也可以用。"""
    rows, running = _rows(data, scan=scan)
    usb = presences()
    if as_json:
        told = {"running": running, "devices": rows, "usb": [asdict(each) for each in usb]}
        out.print_json(json.dumps(told, ensure_ascii=False))
        return
    _show_devices(rows)
    _show_usb([each for each in usb if each.is_printer or each.problem])
    if not running:
        out.print("列印程式未執行：以上由系統直接列出。")


def _rows(data: Path, *, scan: bool) -> tuple[list[Row], bool]:
    """The devices, from the running agent where there is one; and whether there is."""
    try:
        with OwnerClient(data) as agent, _busy(scan):
            if scan:
                agent.ask("device.scan")
            return list(agent.ask("device.list")["devices"]), True
    except NotRunning:
        return _own_rows(scan=scan), False
    except Refused as refusal:
        err.print(f"[red]{refusal}[/red]")
        raise typer.Exit(1) from None


def _own_rows(*, scan: bool) -> list[Row]:
    found = system_devices()
    if scan:
        with _busy(True):
            found += [each.device for each in NetworkSearch()()]
    return [
        {**device_json(device), "selected": False, "recognised": device.recognised}
        for device in found
    ]


def _busy(wanted: bool) -> Progress:
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=err, disable=not wanted,
        transient=True,
    )  # fmt: skip
    progress.add_task("正在搜尋區域網路…")
    return progress


def _show_devices(rows: list[Row]) -> None:
    if not rows:
        out.print("沒有找到任何可用的連接埠。")
        return
    table = Table("", "名稱", "連接", "種類", "機型設定", "識別碼")
    for row in rows:
        mark = "●" if row["selected"] else ""
        kind = KINDS.get(row["kind"], row["kind"])
        table.add_row(mark, row["name"], row["port"], kind, row["profile"], row["id"])
    out.print(table)


def _show_usb(found: list[UsbPresence]) -> None:
    if not found:
        return
    table = Table("USB 裝置", "編號", "驅動程式", "狀態", "問題代碼")
    for each in found:
        known = by_usb(each.vendor, each.product)
        numbers = f"{each.vendor or 0:04x}:{each.product or 0:04x}"
        name, problem = known.title if known else "—", str(each.problem or "")
        table.add_row(name, numbers, each.driver or "—", DRIVERS[each.kind], problem)
    out.print(table)
