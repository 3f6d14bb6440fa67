"""``guitai-agent install-service``, ``remove-service`` and ``update``."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from .cli_data import DataOrNone
from .client import NotRunning, OwnerClient, Refused
from .datadir import default_data_dir
from .install import services, systemd, udev
from .install.home import Home, default_root, running_root
from .install.refusals import InstallRefused
from .install.services import Call, Place, Remove, Step, Write
from .install.updater import Updater
from .service.joining import MembershipFile

out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True)

Root = Annotated[Path | None, typer.Option("--root", help="版本存放的資料夾。")]
System = Annotated[bool, typer.Option("--system", help="整台電腦共用（Linux，需 root）。")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只顯示會做什麼，不執行。")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``guitai-agent``."""
    app.command("install-service")(install_service)
    app.command("remove-service")(remove_service)
    app.command("update")(update)


def install_service(system: System = False, root: Root = None, dry_run: DryRun = False) -> None:
    """開機（登入）時自動啟動列印程式。"""
    place = Place(system, root=root)
    _carry_out(place, services.install_steps, dry_run)
    if place.platform.startswith("linux") and not system:
        out.print(systemd.LINGER.format(user=place.who))
        out.print("若發票機無法開啟（權限不足），請將以下內容存成 " + udev.PATH + "：")
        out.print(udev.rules(), markup=False)
    if not dry_run:
        out.print("已安裝：列印程式現在執行中，之後會自動啟動。")


def remove_service(system: System = False, root: Root = None, dry_run: DryRun = False) -> None:
    """取消自動啟動；設定與列印日誌會保留。"""
    _carry_out(Place(system, root=root), services.remove_steps, dry_run)
    if not dry_run:
        out.print("已移除自動啟動。")


def update(
    source: Annotated[str, typer.Option("--from", help="更新來源：網址或資料夾。")] = "",
    back: Annotated[bool, typer.Option("--back", help="退回前一個版本。")] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="公鑰檔（update.pub）：安裝成功後記下，以後只接受它核對得過的更新。"),
    ] = None,
    system: System = False,
    root: Root = None,
    data: DataOrNone = None,
    restart: Annotated[bool, typer.Option(help="更新後重新啟動服務。")] = True,
) -> None:
    """更新列印程式；新版本裝在舊版本旁邊，可以退回。"""
    system = system or (root is None and running_root() == default_root(system=True))
    place = Place(system, root=root)
    folder = data or (Path(systemd.STATE) if system else default_data_dir())
    try:
        services.check_rights(place)
        if system:
            os.umask(0o022)  # the service's passing user must be able to read what root installs
        updater = make_updater(place.home, folder, place if restart else None)
        pinned = _read_key(key) if key is not None else None
        version = updater.back() if back else updater.update(source, pinned)
        services.do(services.command_steps(place))
    except InstallRefused as refused:
        _fail(refused)
    out.print(f"使用中的版本：{version}")


def make_updater(home: Home, data: Path, place: Place | None) -> Updater:
    """An updater that asks the agent on ``data``; ``place``: whose service it restarts."""

    def restarted() -> bool:
        return place is not None and services.restart(place)

    return Updater(
        home,
        busy=lambda: _sending(data),
        restart=restarted,
        answers=lambda: _version(data),
        joined=lambda: _joined(data),
        say=lambda text: out.print(text, markup=False),
    )


def _sending(data: Path) -> bool:
    """Is the agent on that folder in the middle of a job? One that does not run is not."""
    try:
        with OwnerClient(data) as agent:
            jobs = agent.ask("print.list", limit=200)["jobs"]
    except NotRunning:
        return False
    return any(job["state"] == "sending" for job in jobs)


def _version(data: Path) -> str:
    try:
        with OwnerClient(data) as agent:
            return str(agent.welcome["version"])
    except (NotRunning, Refused, OSError):
        return ""


def _joined(data: Path) -> str:
    """The server that the agent on that folder belongs to, whether it runs or not."""
    member = MembershipFile(data).now
    return member.server if member else ""


def _carry_out(place: Place, steps_of: "services.Steps", dry_run: bool) -> None:
    try:
        steps = steps_of(place)
        if dry_run:
            for step in steps:
                out.print(_told(step), markup=False)
            return
        services.check_rights(place)
        services.do(steps)
    except InstallRefused as refused:
        _fail(refused)


def _told(step: Step) -> str:
    match step:
        case Write(path, text, _):
            return f"# 寫入 {path}\n{text}"
        case Remove(path):
            return f"# 刪除 {path}"
        case Call(command):
            return f"$ {systemd.shown(command)}"


def _read_key(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InstallRefused("update_key", f"{path}: {error}") from error


def _fail(refused: InstallRefused) -> NoReturn:
    said, _, more = refused.message.partition("\n")  # a command to copy stands alone on its line
    err.print(f"[red]{escape(said)}[/red]（{refused.code}）")
    if more:
        err.print(more, markup=False)
    if refused.detail:
        err.print(refused.detail, markup=False)
    sys.exit(1)
