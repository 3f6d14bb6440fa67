"""``guitai-agent``: run the agent, and talk to the one that runs."""

import asyncio
import contextlib
import json
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from twinvoice import raster

from . import __version__, cli_devices, cli_doctor, cli_install, cli_join
from .app import Agent, Options, ports_from
from .cli_data import DEFAULT_DATA, Data
from .client import NotRunning, OwnerClient, Refused, Reply
from .datadir import is_full, write_private
from .errors import AgentError, DataDirBusy
from .escpos.glyphs import paper_fonts
from .journal.sealed import BROKEN
from .knowledge import profile, profiles, remedies, remedy
from .printer.report import moment
from .service.pairing import is_origin
from .service.tillpage import TILL_PORT
from .virtual.control import ControlServer
from .virtual.device import FAULTS, VirtualPrinter
from .virtual.receipts import ReceiptFolder
from .virtual.server import PrinterServer
from .words import KINDS, STATES, local, local_day

if TYPE_CHECKING:
    from .virtual.ptyport import PtyPort

app = typer.Typer(
    help="櫃台列印程式：在店內電腦上管理發票機，供收銀頁面列印。",
    no_args_is_help=True,
    add_completion=False,
)
cli_install.register(app)
app.command("devices")(cli_devices.devices)
cli_doctor.register(app)
cli_join.register(app)
out, err = Console(), Console(stderr=True)
SCRIPT_CODE_SECONDS = 600.0


def _port(number: int | None) -> int | None:
    """A port that a computer has; 0 lets the system choose one (scripts do)."""
    if number is not None and not 0 <= number <= 65_535:
        _fail(f"沒有 {number} 這個埠；可用 1 到 65535。", 2)
    return number


def _model(name: str) -> str:
    """A model of the book, or none named."""
    if name and name not in profiles():
        _fail(f"沒有「{name}」這個機型；可用：{'、'.join(profiles())}。", 2)
    return name


@app.command()
def run(
    data: Data = DEFAULT_DATA,
    device: Annotated[
        str,
        typer.Option(help="virtual、tcp:主機:埠、serial:/dev/ttyUSB0；省略則自動偵測。"),
    ] = "",
    profile_name: Annotated[
        str, typer.Option("--profile", callback=_model, help="機型，見 profiles 指令。")
    ] = "",
    receipts: Annotated[Path | None, typer.Option(help="虛擬發票機輸出圖檔的資料夾。")] = None,
    port: Annotated[
        int | None, typer.Option(callback=_port, help="只用這個埠（預設 47120–47123）。")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="預先配對的網站，需搭配 --preshared-token-file。")
    ] = None,
    preshared_token_file: Annotated[
        Path | None, typer.Option(help="預先配對用的憑證檔；不存在時自動產生。")
    ] = None,
    pair_file: Annotated[
        Path | None, typer.Option(help="啟動後把配對碼寫入此檔（JSON），供程式配對。")
    ] = None,
    serve_till: Annotated[
        str, typer.Option(help="由這台電腦提供這個伺服器的收銀頁（加入伺服器後自動提供）。")
    ] = "",
    till_port: Annotated[int, typer.Option(callback=_port, help="收銀頁的埠。")] = TILL_PORT,
    quiet: Annotated[bool, typer.Option(help="不在終端機顯示紀錄。")] = False,
) -> None:
    """啟動列印程式，直到按 Ctrl+C。"""
    origins = allow_origin or []
    _check_preset(origins, preshared_token_file)
    options = Options(
        data, device, profile_name, receipts, ports_from(port), verbose=not quiet,
        serve_till=serve_till, till_port=till_port,
    )  # fmt: skip
    token = _preshared_token(preshared_token_file) if preshared_token_file else ""
    agent = _make_agent(options)
    try:
        for origin in origins:
            agent.pairing.preset(token, origin)
        asyncio.run(_serve(agent, pair_file))
    except AgentError as error:
        _fail(_told(error), 2)
    except OSError as error:
        _fail(_why_not(error), 3)


@app.command()
def status(
    data: Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="輸出 JSON。")] = False,
) -> None:
    """顯示列印程式、發票機與列印佇列的狀態。

    結束代碼：0 列印程式可以收單，1 不能，5 列印程式未執行。
    """
    with _owner(data) as agent:
        printer, version = agent.welcome["printer"], agent.welcome["version"]
        own = next(hop for hop in agent.ask("health.get")["hops"] if hop["hop"] == "agent")
        jobs = _jobs(agent, own)
    if as_json:
        told = {"agent": own, "printer": printer, "version": version, "jobs": jobs}
        out.print_json(json.dumps(told))
    else:
        said = f"{own['message']}（{own['code']}）" if own["state"] == "error" else "正常"
        out.print(f"列印程式　{version}　{said}", soft_wrap=True)
        name = printer["device"]["name"] if printer["device"] else "—"
        out.print(f"發票機　{name}　{printer['message']}（{printer['code']}）")
        _show_jobs(jobs)
    if own["state"] == "error":
        raise typer.Exit(1)


def _jobs(agent: OwnerClient, own: Reply) -> list[Reply] | None:
    """The newest jobs; None where the journal cannot be read, which the agent's hop then says."""
    try:
        jobs: list[Reply] = agent.ask("print.list", limit=20)["jobs"]
    except Refused:
        if own["state"] != "error":
            raise
        return None
    return jobs


def _show_jobs(jobs: list[Reply] | None) -> None:
    if not jobs:
        out.print("無法讀取列印工作。" if jobs is None else "尚無列印工作。")
        return
    table = Table("時間", "種類", "狀態", "說明", "編號")
    for job in jobs:
        kind = KINDS[job["kind"]] + ("（補印）" if job["copy"] == "reprint" else "")
        state = STATES[job["state"]]
        table.add_row(local_day(job["updated_at"]), kind, state, job["message"], job["job_id"][-6:])
    out.print(table)


@app.command("pair-code")
def pair_code(data: Data = DEFAULT_DATA) -> None:
    """取得配對碼（2 分鐘內有效，同時由發票機印出）。"""
    with _owner(data) as agent:
        opened = agent.ask("pairing.open")
    out.print(f"配對碼　[bold]{opened['code']}[/bold]　有效至 {local(opened['expires'])}")


@app.command("test-print")
def test_print(
    data: Data = DEFAULT_DATA,
    what: Annotated[str, typer.Option(help="test 或 ruler（可印寬度）。")] = "test",
    wait: Annotated[float, typer.Option(help="最多等待秒數。")] = 20.0,
) -> None:
    """列印測試頁並等待發票機回報。"""
    with _owner(data) as agent:
        job = agent.ask("selftest.run", what=what)["job"]
        end = time.monotonic() + wait
        while job["state"] in ("queued", "waiting", "sending") and time.monotonic() < end:
            time.sleep(0.1)
            job = agent.ask("print.get", job_id=job["job_id"])["job"]
    out.print(f"{STATES[job['state']]}　{job['message']}".rstrip("　"))
    if job["state"] != "done":
        raise typer.Exit(1)


@app.command("profiles")
def list_profiles() -> None:
    """列出支援的機型。"""
    table = Table("名稱", "機型", "點數", "Big5", "鮑率", "可信度")
    for each in profiles().values():
        bauds = " ".join(map(str, each.bauds))
        big5 = "有" if each.big5 else "—"
        table.add_row(each.name, each.title, str(each.dots), big5, bauds, each.confidence)
    out.print(table)


@app.command("virtual-printer")
def virtual_printer(
    receipts: Annotated[Path, typer.Option(help="輸出圖檔的資料夾。")] = Path("receipts"),
    port: Annotated[int, typer.Option(callback=_port, help="TCP 埠，0 為任一空埠。")] = 9100,
    control_port: Annotated[
        int, typer.Option(callback=_port, help="模擬故障的控制埠，0 為任一空埠。")
    ] = 0,
    profile_name: Annotated[
        str, typer.Option("--profile", callback=_model, help="機型。")
    ] = "virtual",
    rate: Annotated[int, typer.Option(help="每秒處理的位元組數，0 為不限。")] = 0,
    fault: Annotated[list[str] | None, typer.Option(help="一開始就有的故障。")] = None,
    pty: Annotated[
        Path | None, typer.Option(help="改接序列埠：在此路徑建立虛擬序列埠（非 Windows）。")
    ] = None,
    speed: Annotated[int, typer.Option(help="序列埠的鮑率開關，0 為不限。")] = 0,
    xonxoff: Annotated[bool, typer.Option(help="序列埠的 XON/XOFF 開關。")] = True,
) -> None:
    """啟動虛擬發票機（TCP 9100 或序列埠），每張收據存成圖檔。"""
    printer = _virtual_device(receipts, profile_name, rate, fault or [])
    if pty is None:
        network = _virtual_network(printer, port)
        line: PrinterServer | PtyPort = network
        where: dict[str, object] = {"port": network.port}
    else:
        line = _virtual_serial(printer, pty, speed, xonxoff)
        where = {"pty": str(pty)}
    control = ControlServer(line, port=control_port)
    control.start()
    told = where | {"control_port": control.port, "receipts": str(receipts)}
    print(json.dumps(told), flush=True)
    _wait_for_signal()
    control.stop()
    line.stop()
    printer.close()


@app.command()
def version() -> None:
    """顯示版本。"""
    out.print(__version__)


def _virtual_device(
    receipts: Path, profile_name: str, rate: int, faults: list[str]
) -> VirtualPrinter:
    used = profile(profile_name)
    printer = VirtualPrinter(paper_fonts().glyph, width=used.dots, dpi=used.dpi, rate=rate)
    printer.on_receipt = ReceiptFolder(receipts, raster.png)
    for each in faults:
        if each not in FAULTS:
            _fail(f"沒有這種故障：{each}；可用：{' '.join(FAULTS)}", 2)
        printer.set_fault(each, True)
    return printer


def _virtual_network(printer: VirtualPrinter, port: int) -> PrinterServer:
    try:
        server = PrinterServer(printer, port=port)
    except OSError as error:
        _fail(f"無法開啟連接埠 {port}：{error}", 3)
    server.start()
    return server


def _virtual_serial(printer: VirtualPrinter, path: Path, speed: int, xonxoff: bool) -> "PtyPort":
    if sys.platform == "win32":
        _fail("Windows 沒有虛擬序列埠，請改用 --port。", 2)
    from .virtual.ptyport import PtyPort as Port  # needs termios, which Windows lacks

    if path.exists() and not path.is_symlink():
        _fail(f"{path} 已存在，不覆蓋。", 2)
    try:
        return Port(printer, path, speed=speed, xonxoff=xonxoff)
    except OSError as error:
        _fail(f"無法建立序列埠 {path}：{error}", 3)


def _make_agent(options: Options) -> Agent:
    try:
        return Agent(options)
    except DataDirBusy:
        _fail(f"另一個列印程式正在使用資料夾 {options.data}", 4)
    except AgentError as error:
        _fail(_told(error), 2)
    except OSError as error:
        _fail(_why_not(error), 3)


def _told(error: AgentError) -> str:
    """What is wrong and what to do, from the book where it knows the condition."""
    code = error.code.upper()
    if code not in remedies():
        return "　".join([error.message, *map(_in_words, error.params.values())])
    known = remedy(code).on(sys.platform)
    steps = known.steps
    if code == "DISK_FULL":  # the book's last step is for an agent that runs
        steps = (*steps[:-1], "空出 1 GB 以上後，再啟動列印程式（自動啟動的會自己恢復）。")
    numbered = [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return "\n".join([f"{known.message}（{code}）", *numbered])


def _in_words(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _why_not(error: OSError) -> str:
    """Why the agent could not start: the disk, a file, or else the port."""
    if is_full(error):
        return _told(AgentError("disk_full"))
    if error.filename is not None:  # a socket has none
        return f"無法讀寫 {error.filename}：{error.strerror}"
    return f"無法開啟連接埠：{error}"


async def _serve(agent: Agent, pair_file: Path | None) -> None:
    port = await agent.start()
    url = f"http://127.0.0.1:{port}"
    out.print(f"列印程式 {__version__} 已啟動　{url}/")
    if pair_file is not None:
        opened = agent.pairing.open_code(SCRIPT_CODE_SECONDS)
        told = {"code": opened.code, "expires": moment(opened.expires), "port": port, "url": url}
        write_private(pair_file, json.dumps(told))
    if agent.journal.sealed:
        _say_bad(_told(AgentError(BROKEN)))
    elif pair_file is None and not agent.pairing.pairings():
        out.print("尚未配對：請開啟上面的網址取得配對碼，或執行 guitai-agent pair-code。")
    stop = asyncio.Event()
    _on_signal(stop.set)
    try:
        await stop.wait()
    finally:  # also when Ctrl+C cancels us, as on Windows
        await agent.stop()


def _on_signal(action: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C raises instead
            loop.add_signal_handler(number, action)


def _wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.5):  # a timeout, so that Ctrl+C gets through on Windows
        pass


def _check_preset(origins: list[str], token_file: Path | None) -> None:
    if bool(origins) != bool(token_file):
        _fail("--allow-origin 與 --preshared-token-file 必須一起使用。", 2)
    for origin in origins:
        if not is_origin(origin):
            _fail(f"不是網站來源：{origin}（例：https://shop.example）", 2)


def _preshared_token(path: Path) -> str:
    try:
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        _fail(f"憑證檔 {path} 無法讀取或建立：{error}", 2)
    if len(token) < 32:
        _fail(f"{path} 的憑證太短（至少 32 個字元）。", 2)
    return token


@contextlib.contextmanager
def _owner(data: Path) -> Iterator[OwnerClient]:
    try:
        with OwnerClient(data) as agent:
            yield agent
    except NotRunning:
        _fail(f"列印程式未執行（{data}）。請先執行 guitai-agent run。", 5)
    except Refused as refusal:
        _fail(str(refusal), 1)


def _fail(text: str, status_code: int) -> NoReturn:
    _say_bad(text)
    sys.exit(status_code)


def _say_bad(text: str) -> None:
    err.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
