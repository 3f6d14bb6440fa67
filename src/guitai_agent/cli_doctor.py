"""``guitai-agent doctor``: every hop, every finding and what to do, in a terminal."""

import base64
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from websockets.exceptions import ConnectionClosed

from .cli_data import DEFAULT_DATA, Data
from .client import NotRunning, OwnerClient, Refused
from .doctor.bundle import pack
from .doctor.direct import Direct
from .knowledge import remedies
from .service.desk import FIXES
from .words import local

out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True)
GREEN, FOUND, NO_AGENT = 0, 1, 5

Health = dict[str, Any]
HOP_NAMES = {
    "agent": "列印程式",
    "driver": "驅動程式",
    "port": "連接埠",
    "printer": "發票機",
    "paper": "紙張",
}
STATE_NAMES = {
    "ok": "[green]✓ 正常[/green]",
    "warn": "[yellow]! 注意[/yellow]",
    "error": "[red]✗ 故障[/red]",
    "unknown": "[dim]? 不明[/dim]",
}
LEVEL_MARKS = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "error": "[red]✗[/red]"}


def register(app: typer.Typer) -> None:
    """Add the command to ``guitai-agent``."""
    app.command("doctor")(doctor)


def doctor(
    data: Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="輸出 JSON。")] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="把診斷檔（不含密碼與單據內容）寫入此 zip 檔。")
    ] = None,
    watch: Annotated[bool, typer.Option(help="持續顯示，直到按 Ctrl+C。")] = False,
    fix: Annotated[str, typer.Option(help=f"先做這項修復：{'、'.join(FIXES)}。")] = "",
    answer: Annotated[
        str, typer.Option(help="回答詢問：readable=yes、readable=no、noise=yes、noise=no。")
    ] = "",
) -> None:
    """診斷從列印程式到紙張的每一個環節，並說明怎麼做。

    結束代碼：0 全部正常，1 有發現，5 列印程式未執行。
    """
    show = _show_json if as_json else _show
    _check(fix, answer)
    try:
        with OwnerClient(data) as agent:
            health = _ask(agent, fix, answer)
            show(health)
            if bundle is not None:
                _write(bundle, base64.b64decode(agent.ask("diag.bundle")["zip_b64"]))
            if watch:
                health = _watch(agent, health, show)
    except (NotRunning, TimeoutError, ConnectionClosed):
        if fix or answer:
            _fail(f"列印程式未執行（{data}），無法修復。請先執行 guitai-agent run。", NO_AGENT)
        _without_agent(data, bundle, show)
    except Refused as refusal:
        _fail(str(refusal), FOUND)
    sys.exit(GREEN if _green(health) else FOUND)


def _check(fix: str, answer: str) -> None:
    """Say what there is to repair and to answer, instead of sending what nobody knows."""
    if fix and fix not in FIXES:
        _fail(f"沒有「{fix}」這項修復；可用：{'、'.join(FIXES)}。", 2)
    if answer and answer not in (known := _answers()):
        _fail(f"沒有「{answer}」這個回答；可用：{'、'.join(known)}。", 2)


def _answers() -> list[str]:
    """Every answer to every question of the book, as ``--answer`` takes it."""
    asked = dict.fromkeys(each.ask.id for each in remedies().values() if each.ask)
    return [f"{question}={word}" for question in asked for word in ("yes", "no")]


def _ask(agent: OwnerClient, fix: str, answer: str) -> Health:
    """Answer and repair what was asked for, then look."""
    if answer:
        question, _, word = answer.partition("=")
        agent.ask("diag.answer", id=question, answer=word)
    return agent.ask("diag.fix", name=fix) if fix else agent.ask("diag.run")


def _watch(agent: OwnerClient, health: Health, show: Any) -> Health:
    """Show every change until Ctrl+C; the last health."""
    while True:
        try:
            health = agent.next_event("health.changed", timeout=1.0)["health"]
        except TimeoutError:
            continue
        except KeyboardInterrupt:
            return health
        show(health)


def _without_agent(data: Path, bundle: Path | None, show: Any) -> NoReturn:
    """Nobody answers: look directly."""
    direct = Direct(data)
    evidence = direct.look()
    show(evidence.health, served=False)
    if direct.trouble:
        err.print(f"[red]{direct.trouble}[/red]")
    if bundle is not None:
        _write(bundle, pack(evidence))
    sys.exit(NO_AGENT)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        _fail(f"無法寫入 {path}：{error}", FOUND)
    err.print(f"診斷檔　{path}（{len(data)} bytes）")


# -- showing ------------------------------------------------------------------------------------


def _green(health: Health) -> bool:
    return all(finding["level"] == "ok" for finding in health["findings"])


def _show_json(health: Health, *, served: bool = True) -> None:
    envelope = ("v", "id", "type", "ok")
    told = {key: value for key, value in health.items() if key not in envelope}
    print(json.dumps(told, ensure_ascii=False), flush=True)


def _show(health: Health, *, served: bool = True) -> None:
    """``served``: an agent answered, which can do the repairs."""
    device = health["device"]
    name = f"{device['name']}　{device['port']}" if device else "—"
    out.print(f"{local(health['time'])}　版本 {health['version']}　發票機 {name}")
    table = Table("環節", "狀態", "說明", "自", box=None, pad_edge=False)
    for hop in health["hops"]:
        code = f"{hop['message']}（{hop['code']}）" if hop["message"] else ""
        state = STATE_NAMES[hop["state"]]
        table.add_row(HOP_NAMES[hop["hop"]], state, code, local(hop["since"]))
    out.print(table)
    queue = health["queue"]
    out.print(
        f"等待 {queue['waiting']}　列印中 {queue['sending']}　不確定 {queue['uncertain']}　"
        f"{_drift(health['clock'])}"
    )
    for finding in health["findings"]:
        _show_finding(finding, served=served)


def _show_finding(finding: dict[str, Any], *, served: bool = True) -> None:
    mark = LEVEL_MARKS[finding["level"]]
    out.print(f"\n{mark} {finding['message']}（{finding['code']}）")
    for number, step in enumerate(finding["steps"], 1):
        out.print(f"   {number}. {step}")
    ask, fix = finding["ask"], finding["fix"]
    if ask:
        out.print(f"   請回答：{ask['question']}　--answer {ask['id']}=yes（{ask['yes']}）"
                  f"或 {ask['id']}=no（{ask['no']}）")  # fmt: skip
    if fix:
        out.print(f"   「{fix['label']}」：{_repair(fix['name'], served)}")


def _repair(name: str, served: bool) -> str:
    """The command that repairs; without an agent, which does it, there is only looking again."""
    if served:
        return f"guitai-agent doctor --fix {name}"
    if name == "redetect":
        return "再執行一次 guitai-agent doctor"
    return f"先啟動列印程式，再執行 guitai-agent doctor --fix {name}"


def _drift(clock: dict[str, Any]) -> str:
    if clock["drift_ms"] is None:
        return "時鐘未比對"
    return f"時鐘誤差 {clock['drift_ms'] / 1000:+.1f} 秒"


def _fail(text: str, status_code: int) -> NoReturn:
    err.print(text, style="red", markup=False)
    sys.exit(status_code)
