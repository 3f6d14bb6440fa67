"""``guitai``: an installation's commands. Each answers ``--help``; long work shows progress."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guitai.config.settings")

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Guitai 櫃台：收銀、電子發票與發票機。",
)
out = Console()
err = Console(stderr=True)

NO_TABLE = "42P01"
"""PostgreSQL's own code."""

AsJson = Annotated[bool, typer.Option("--json", help="給機器讀的輸出")]


def _with_database() -> bool:
    return not os.environ.get("DATABASE_URL")


def _django() -> None:
    """Brings the database up (if it is ours) and Django with it."""
    if _with_database():
        from guitai.config import embedded, home

        embedded.start(home.folder())
    import django

    django.setup()


def _migrate() -> None:
    """The tables as this program wants them, and what a restored backup still owes."""
    from django.core.management import call_command

    from guitai.config import backups
    from guitai.kernel import planner

    call_command("migrate", interactive=False, verbosity=0)
    planner.tell_what_is_common()
    if paused := backups.take_up_books():
        out.print(
            f"資料庫是由備份還原的，已暫停 {paused} 個號碼區間：備份之後可能還開過發票。"
            "請到後台「發票號碼」逐一按「核對」，與最後一張紙本、加值中心的紀錄比對，之後再按「恢復」。"
        )


@app.command()
def up(
    port: Annotated[int, typer.Option(help="網頁的連接埠")] = 8000,
    host: Annotated[str, typer.Option(help="監聽的位址")] = "127.0.0.1",
    detach: Annotated[bool, typer.Option(help="放到背景執行")] = False,
) -> None:
    """啟動資料庫、網頁伺服器與背景工作，並看守它們。"""
    from guitai.config import processes

    if detach:
        _detach(["up", "--port", str(port), "--host", host], lambda: processes.answers(port))
        out.print(f"櫃台已啟動：http://{host}:{port}/  （停止：guitai down）")
        return
    relay = processes.relay(processes.relay_port(port), host=host)
    _run([processes.server(port, host=host), relay, processes.worker()], port, host)


def _run(parts: list[Any], port: int, host: str = "127.0.0.1") -> None:
    """Migrates, then supervises ``parts`` in the foreground, alone on the web port."""
    from guitai.config import orphans, processes

    if processes.running_pid():
        err.print("這個資料夾的櫃台已經在執行；先用 guitai down 停止。")
        raise typer.Exit(1)
    orphans.end_all()
    try:
        with (
            processes.holding(port, host),
            processes.holding(processes.relay_port(port), host),
        ):
            _serve(parts)
    except processes.PortInUse as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from error


def _serve(parts: list[Any]) -> None:
    from guitai.config import processes

    _django()
    _migrate()
    processes.pid_file().parent.mkdir(parents=True, exist_ok=True)
    processes.pid_file().write_text(str(os.getpid()))
    try:
        processes.Supervisor(parts, with_database=_with_database()).run()
    finally:
        processes.pid_file().unlink(missing_ok=True)


def _detach(arguments: list[str], ready: Callable[[], bool], seconds: float = 90) -> None:
    """Starts this same program in the background and waits until it is ready."""
    from guitai.config import home, processes

    if processes.running_pid():
        return
    path = home.folder() / "run" / "guitai.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "guitai.config.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + seconds
    while not (processes.running_pid() == child.pid and ready()):
        if child.poll() is not None or time.monotonic() > deadline:
            tail = path.read_text(errors="replace")[-1500:]
            err.print(f"啟動失敗，請看 {path}：\n{tail}", markup=False)
            raise typer.Exit(1)
        time.sleep(0.1)


@app.command()
def relay(
    port: Annotated[int, typer.Option(help="連接埠（省略：GUITAI_RELAY_PORT）")] = 0,
    host: Annotated[str, typer.Option(help="監聽的位址")] = "127.0.0.1",
) -> None:
    """只啟動轉送程式（收銀頁面與列印程式之間），供分開部署時使用。"""
    from guitai.relay import process

    raise typer.Exit(process.main(host, port))


@app.command()
def down() -> None:
    """停止這個資料夾的櫃台（網頁、背景工作、資料庫）。"""
    from guitai.config import embedded, home, orphans, processes

    pid = processes.running_pid()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 40
        while processes.running_pid() == pid and time.monotonic() < deadline:
            time.sleep(0.1)
    left = orphans.end_all()
    if left:
        out.print(f"已結束上次留下的程序：{'、'.join(left)}。", markup=False)
    if _with_database():
        embedded.stop(home.folder())
    out.print("櫃台已停止。")


@app.command()
def migrate() -> None:
    """建立或更新資料表。"""
    _django()
    _migrate()
    out.print("資料表已是最新。")


@app.command("import-allocation")
def import_allocation(
    file: Annotated[Path, typer.Argument(help="財政部平台下載的配號 CSV（Big5，未經編輯）")],
    merchant: Annotated[str, typer.Option(help="商家編號（UUID）")],
    as_json: AsJson = False,
) -> None:
    """匯入一期的字軌配號。"""
    _django()
    from uuid import UUID

    from guitai.kernel import audit, scope
    from guitai.kernel.errors import GuitaiError
    from guitai.numbering import services
    from twinvoice.faults import Fault

    with scope.tenant(UUID(merchant)):
        try:
            result = services.import_allocation(file.read_bytes(), file.name, audit.SYSTEM)
        except (GuitaiError, Fault) as error:
            err.print(str(error), markup=False)
            raise typer.Exit(1) from error
    if as_json:
        print(json.dumps({"added": result.added, "known": result.known}))
    else:
        out.print(f"匯入 {result.added} 段（{result.numbers:,} 張），{result.known} 段先前已匯入。")


@app.command()
def invariants(as_json: AsJson = False) -> None:
    """檢查必須永遠成立的事實（號碼不重、不跳、已收的銷售都在）。"""
    _django()
    from guitai import invariants as facts

    broken = facts.broken()
    if as_json:
        print(json.dumps([fact.as_dict() for fact in broken], ensure_ascii=False))
    for fact in broken:
        err.print(f"✗ {fact.name}：{fact.detail}", markup=False)
    if broken:
        raise typer.Exit(1)
    if not as_json:
        out.print("所有事實都成立。")


@app.command("mark-typed-numbers")
def mark_typed_numbers(
    apply: Annotated[bool, typer.Option("--apply", help="標記確定的（已有手寫發票紀錄）")] = False,
    notes: Annotated[bool, typer.Option("--notes", help="連同備註裡的號碼一起標記")] = False,
    as_json: AsJson = False,
) -> None:
    """列出沒有標記「自行開立」的手寫發票號碼；加 --apply 才會修改。"""
    _django()
    from guitai.config import repairs

    found = list(repairs.mark_typed_numbers(certain=apply, noted=apply and notes))
    if as_json:
        print(json.dumps([repair.as_dict() for repair in found], ensure_ascii=False))
    words = {"listed": "未標記", "marked": "已標記", "refused": "不能標記"}
    for repair in found if not as_json else ():
        where = "手寫發票" if repair.certain else "備註"
        out.print(
            f"{words[repair.outcome]}　{repair.merchant}　{repair.order}　{repair.number}"
            f"（{where}）{repair.reason}",
            markup=False,
        )
    if not found and not as_json:
        out.print("沒有未標記的手寫發票號碼。")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """檢查這台機器能不能執行櫃台，缺什麼、怎麼補。"""
    from guitai.config import checkup

    findings = checkup.look()
    if as_json:
        print(json.dumps([f.as_dict() for f in findings], ensure_ascii=False))
    else:
        for finding in findings:
            out.print(
                f"{'✓' if finding.good else '✗'} {finding.name}：{finding.detail}", markup=False
            )
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="備份檔（pg_dump 自訂格式）")]) -> None:
    """備份資料庫；發票資料依法至少保存五年。"""
    from guitai.config import backups

    with out.status("備份中…"):
        backups.dump(file)
    out.print(f"已備份到 {file}（{file.stat().st_size:,} 位元組）。")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="guitai backup 產生的檔案", exists=True)],
    yes: Annotated[bool, typer.Option("--yes", help="確定以備份取代現有資料")] = False,
) -> None:
    """以備份取代資料庫的全部內容；換大版本的 PostgreSQL 時也用它。"""
    from guitai.config import backups, checkup, processes

    if not yes:
        err.print("這會取代現有的全部資料；確定的話請加 --yes。")
        raise typer.Exit(1)
    if processes.running_pid():
        err.print("櫃台正在執行；先用 guitai down 停止，再還原。")
        raise typer.Exit(1)
    with out.status("還原中…"):
        backups.restore(file)
        _django()
        _migrate()
        closed = [found.detail for found in checkup.stored_secrets() if not found.good]
    out.print("已還原。")
    for detail in closed:
        err.print(detail, markup=False)
    if closed:
        raise typer.Exit(1)


@app.command()
def upgrade_database() -> None:
    """把內嵌資料庫換到目前程式附帶的 PostgreSQL 大版本。"""
    from guitai.config import backups

    with out.status("升級中…"):
        said = backups.upgrade()
    out.print(said, markup=False)


@app.command("create-operator")
def create_operator(
    email: Annotated[str, typer.Argument(help="登入用的電子郵件")],
    password: Annotated[
        str, typer.Option(prompt="密碼", hide_input=True, confirmation_prompt=True)
    ],
) -> None:
    """建立平台營運人員的帳號。"""
    _django()
    from guitai.tenancy.models import Account

    Account.objects.create_superuser(email, password)
    out.print(f"已建立 {email}。")


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="網頁的連接埠（被占用時往後找）")] = 8000,
    as_json: AsJson = False,
) -> None:
    """從零開始示範：開店、賣一筆、開發票、上傳、印出證明聯。"""
    from guitai.config import demonstration

    demonstration.show(port, as_json=as_json)


@app.command("demo-serve", hidden=True)
def demo_serve(port: int, sandbox_port: int, agent_port: int) -> None:
    """The foreground half of ``demo``: server, worker, sandbox and agent under one supervisor."""
    from guitai.config import demonstration

    _run(demonstration.parts(port, sandbox_port, agent_port), port)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def django(context: typer.Context) -> None:
    """Django 自己的指令，例如 guitai django shell。"""
    if _with_database():
        from guitai.config import embedded, home

        embedded.start(home.folder())
    from django.core.management import execute_from_command_line

    execute_from_command_line(["guitai django", *context.args])


def main() -> None:
    from django.db.utils import OperationalError, ProgrammingError

    from guitai.config.embedded import EmbeddedError
    from guitai.config.home import BadAddress

    try:
        app()
    except EmbeddedError as error:
        err.print(str(error), markup=False)
        sys.exit(1)
    except BadAddress as error:
        err.print(str(error), markup=False)
        sys.exit(1)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != NO_TABLE:
            raise
        err.print("資料表還沒有建立，請先執行 guitai migrate（或 guitai up）。", markup=False)
        sys.exit(1)
    except OperationalError as error:
        err.print(f"連不上資料庫：{error}", markup=False)
        err.print("請檢查位址、密碼與資料庫是否啟動（guitai doctor）。", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
