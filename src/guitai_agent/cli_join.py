"""``guitai-agent join``, ``leave``: the running agent and the server it belongs to."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from websockets.exceptions import ConnectionClosed

from .cli_data import DEFAULT_DATA, Data
from .client import NotRunning, OwnerClient, Refused, Reply
from .service.joining import SECONDS

out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True)
PATIENCE = 3 * SECONDS
"""The agent waits for the server it joins, then for the one it leaves."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``guitai-agent``."""
    app.command("join")(join)
    app.command("leave")(leave)


def join(
    server: Annotated[str, typer.Option(help="伺服器網址，例：https://shop.example")],
    code: Annotated[str, typer.Option(help="後台顯示的八碼連線碼。")],
    name: Annotated[str, typer.Option(help="這台電腦在後台的名稱。")] = "",
    insecure: Annotated[
        bool, typer.Option("--insecure", help="明知沒有加密（http）仍要連線。")
    ] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """連到伺服器：平板與其他裝置的收銀頁面也能使用這台發票機。"""
    told = _ask(data, "agent.join", server=server, code=code, name=name, insecure=insecure)
    out.print(f"已連到 {told['address']}　{told['store']}　{told['register']}", markup=False)


def leave(data: Data = DEFAULT_DATA) -> None:
    """離開伺服器；這台電腦上的收銀頁面不受影響。"""
    out.print(str(_ask(data, "agent.leave")["message"]), markup=False)


def _ask(data: Path, kind: str, **fields: object) -> Reply:
    try:
        with OwnerClient(data, patience=PATIENCE) as agent:
            told: Reply = agent.ask(kind, **fields)["server"]
            return told
    except NotRunning:
        err.print(f"列印程式未執行（{data}）。請先執行 guitai-agent run。", markup=False)
        sys.exit(5)
    except (TimeoutError, ConnectionClosed):
        err.print("列印程式沒有回應。請重新啟動列印程式，再看是否已連到伺服器。", markup=False)
        sys.exit(5)
    except Refused as refusal:
        err.print(str(refusal), markup=False)
        sys.exit(1)
