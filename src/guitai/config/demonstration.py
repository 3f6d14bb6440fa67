"""``guitai demo``: from an empty folder to a sold, numbered, uploaded and printed invoice."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console

from guitai.config import cli, demo_package, home, processes
from guitai.config.processes import Part

out = Console()
UPLOAD_SECONDS = 30


def parts(port: int, sandbox_port: int, agent_port: int) -> list[Part]:
    """The whole counter: the other side of the wires, server, worker, and the agent."""
    folder = home.folder()
    origin = f"http://127.0.0.1:{port}"
    sandbox = [sys.executable, "-m", "guitai_sandbox", "serve", "--data", str(folder / "sandbox")]
    sandbox += ["--port", str(sandbox_port), "--turnkey", str(turnkey_folder())]
    agent = [sys.executable, "-m", "guitai_agent", "run", "--data", str(folder / "agent")]
    agent += ["--device", "virtual", "--receipts", str(receipts_folder())]
    agent += ["--port", str(agent_port), "--preshared-token-file", str(token_file())]
    agent += ["--allow-origin", origin]
    return [
        Part("sandbox", sandbox, ready=lambda: processes.answers(sandbox_port)),
        processes.server(port),
        processes.relay(processes.relay_port(port)),
        processes.worker(),
        Part("agent", agent, ready=lambda: _agent_listens(agent_port)),
    ]


def _agent_listens(port: int) -> bool:
    """Whether our own agent holds the port, and not somebody else's."""
    try:
        said = json.loads((home.folder() / "agent" / "run.json").read_text())
    except (OSError, ValueError):
        return False
    return said["port"] == port and processes.answers(port)


def turnkey_folder() -> Path:
    return home.folder() / "turnkey"


def receipts_folder() -> Path:
    return home.folder() / "receipts"


def token_file() -> Path:
    return home.folder() / "agent-token"


def show(port: int, *, as_json: bool) -> None:
    """Starts everything (or finds it running), sells once, and tells what happened."""
    began = time.monotonic()
    ports = _start(port)
    cli._django()
    from guitai.config import demo_shop
    from guitai.config.till_client import Refused
    from guitai.kernel.errors import GuitaiError

    sandbox = f"http://127.0.0.1:{ports['sandbox']}"
    try:
        demo_shop.prepare_sandbox(sandbox)
        shop = demo_shop.ensure(sandbox)
        _join_agent(shop, ports)
        facts = _sell(shop, ports)
    except (GuitaiError, Refused, TimeoutError, OSError) as problem:
        said = problem.message if isinstance(problem, GuitaiError) else str(problem)
        cli.err.print(f"示範在途中停下：{said}", markup=False)
        cli.err.print(f"紀錄在 {home.folder() / 'run'}；可先 make stop 再試一次。", markup=False)
        raise SystemExit(1) from problem
    facts["seconds"] = round(time.monotonic() - began, 1)
    facts["links"] = _links(ports)
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _tell(facts, ports)
    if facts["upload"] != "confirmed" or facts["printed"] != "done" or not facts["barcodes"]:
        raise SystemExit(1)


def _start(port: int) -> dict[str, int]:
    """Ports of the running demo; starts it where it does not run."""
    known = home.folder() / "run" / "ports.json"
    if processes.running_pid() and known.exists():
        found: dict[str, int] = json.loads(known.read_text())
        return found
    ports = {
        "server": processes.free_port(port),
        "sandbox": processes.free_port(8590),
        "agent": processes.free_port(47120),
    }
    known.parent.mkdir(parents=True, exist_ok=True)
    turnkey_folder().mkdir(parents=True, exist_ok=True)
    os.environ["GUITAI_TURNKEY"] = str(turnkey_folder())
    # The till must find the demo's own agent, and not a real one that runs on this machine as well.
    os.environ["GUITAI_AGENT_PORTS"] = str(ports["agent"])
    ports["relay"] = processes.free_port(ports["server"] + 1)
    os.environ["GUITAI_RELAY_PORT"] = str(ports["relay"])
    numbers = [str(ports[name]) for name in ("server", "sandbox", "agent")]
    building = demo_package.begin()
    with out.status("啟動資料庫、伺服器、背景工作、模擬端與列印程式…"):
        cli._detach(["demo-serve", *numbers], lambda: _all_ready(ports))
    if trouble := demo_package.end(building):
        cli.err.print(f"列印程式的安裝檔沒有做成，示範照常進行：{trouble}", markup=False)
    known.write_text(json.dumps(ports))
    return ports


def _all_ready(ports: dict[str, int]) -> bool:
    if not all(processes.answers(port) for port in ports.values()):
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['server']}/readyz", timeout=5) as ok:
            return bool(ok.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _sell(shop: Any, ports: dict[str, int]) -> dict[str, Any]:
    """One sale through the real path: the till's interface, the worker, the agent's printer."""
    from guitai.config import demo_shop
    from guitai.config.till_client import Printer, Till, sale_of

    base = f"http://127.0.0.1:{ports['server']}"
    till = Till(base)
    till.bind(demo_shop.BAN, _binding_code(shop), "示範機")
    till.sign_in(shop.clerk_id, demo_shop.CLERK_PIN)
    products = till.call("GET", "products")["products"]
    wanted = [p for p in products if p["sku"] in {"A001", "B001", "C003"}]
    sold = till.sell(sale_of(wanted, {"kind": "paper"}))
    before = set(demo_shop.receipts(receipts_folder()))
    with Printer(ports["agent"], base, token_file().read_text().strip()) as printer:
        states = {job["kind"]: _print(till, printer, job["id"]) for job in sold["print_jobs"]}
    fresh = [p for p in demo_shop.receipts(receipts_folder()) if p not in before]
    picture = fresh[0] if fresh else None
    upload, provider = _await_upload(shop, sold["invoice"]["id"])
    expected = _expected_barcodes(shop, sold["invoice"]["id"])
    _let_go(shop)
    return {
        "invoice": sold["invoice"]["number"],
        "period": sold["invoice"]["period_label"],
        "total": sold["order"]["total"],
        "upload": upload,
        "platform": provider,
        "printed": states.get("proof", "missing"),
        "picture": str(picture) if picture else "",
        "barcodes": picture is not None and _read_back(picture, expected),
    }


def _join_agent(shop: Any, ports: dict[str, int]) -> None:
    """Brings the agent to the relay, as a person would with the code from the desk."""
    from guitai.devices.services import agents
    from guitai.kernel import scope

    base, kept = f"http://127.0.0.1:{ports['server']}", home.folder() / "agent" / "relay.json"
    if kept.exists() and f":{ports['relay']}/" in json.loads(kept.read_text())["relay_url"]:
        return
    with scope.tenant(shop.merchant_id):
        code = agents.open_join_code(shop.turnkey_register, shop.owner).code
    command = [sys.executable, "-m", "guitai_agent", "join", "--server", base, "--code", code]
    command += ["--name", "示範電腦", "--data", str(home.folder() / "agent")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())


def _binding_code(shop: Any) -> str:
    """A binding code for the Turnkey register, which whoever held it lets go first."""
    from guitai.kernel import scope
    from guitai.tenancy import services
    from guitai.tenancy.models import Binding

    _let_go(shop)
    with scope.tenant(shop.merchant_id):
        assert not Binding.objects.filter(
            register_id=shop.turnkey_register, released_at=None
        ).exists()
        return services.make_binding_code(shop.owner, shop.turnkey_register).code


def _let_go(shop: Any) -> None:
    """Frees the register, so that the person who opens the page can bind it."""
    from guitai.kernel import scope
    from guitai.tenancy import services
    from guitai.tenancy.models import Binding

    with scope.tenant(shop.merchant_id):
        held = Binding.objects.filter(register_id=shop.turnkey_register, released_at=None)
        if held.exists():
            services.unlock(shop.owner, shop.turnkey_register, reason="示範重新開始")


def _print(till: Any, printer: Any, job_id: str) -> str:
    job = till.call("GET", f"print-jobs/{job_id}")
    state: str = printer.print(job)
    till.call("POST", f"print-jobs/{job_id}/state", {"state": state, "detail": ""})
    return state


def _await_upload(shop: Any, invoice_id: str) -> tuple[str, str]:
    """The state of the invoice's transmission once it is settled, and the platform's word."""
    from guitai.invoicing.models import Transmission
    from guitai.kernel import deferral, scope

    deadline = time.monotonic() + UPLOAD_SECONDS
    with scope.tenant(shop.merchant_id), out.status("等待上傳與平台確認…"):
        while True:
            row = Transmission.objects.get(subject_id=invoice_id, kind="F0401")
            if row.state in {"confirmed", "rejected", "parked"} or time.monotonic() > deadline:
                return row.state, f"{row.provider_code} {row.provider_message}".strip()
            if row.state == "sent":  # the platform's answer is read every minute; ask for it now
                deferral.defer("invoicing.read_results", once="invoicing.read_results", timestamp=0)
            time.sleep(0.5)


def _expected_barcodes(shop: Any, invoice_id: str) -> set[str]:
    """What the proof's three barcodes must say, from the stored document."""
    from guitai.config import demo_shop
    from guitai.invoicing.models import Invoice
    from guitai.kernel import scope
    from twinvoice import jsonform, proof
    from twinvoice.document import Invoice as Document

    with scope.tenant(shop.merchant_id):
        document = jsonform.from_json(Invoice.objects.get(id=invoice_id).document)
    assert isinstance(document, Document)
    left, right = proof.qr_pair(document, demo_shop.QR_KEY)
    return {proof.code39(document), left, right}


def _read_back(picture: Path, expected: set[str]) -> bool:
    """Reads the picture with a decoder that is not ours, and compares."""
    import zxingcpp
    from PIL import Image

    with Image.open(picture) as image:
        found = {code.bytes.decode("utf-8") for code in zxingcpp.read_barcodes(image.convert("L"))}
    return expected <= found


def _links(ports: dict[str, int]) -> dict[str, str]:
    base = f"http://127.0.0.1:{ports['server']}"
    return {
        "收銀": f"{base}/pos/",
        "後台": f"{base}/desk/",
        "列印程式": f"http://127.0.0.1:{ports['agent']}/",
        "模擬端": f"http://127.0.0.1:{ports['sandbox']}/_sandbox/state",
    }


UPLOAD_WORDS = {"confirmed": "平台已確認", "sent": "已送達，等平台確認", "waiting": "等待上傳"}


def _tell(facts: dict[str, Any], ports: dict[str, int]) -> None:
    from guitai.config import demo_shop

    codes = "三個條碼讀回的內容都正確" if facts["barcodes"] else "條碼讀回不符"
    upload = UPLOAD_WORDS.get(facts["upload"], facts["upload"])
    lines = [
        f"發票號碼　{facts['invoice']}（{facts['period']}，{facts['total']} 元）",
        f"上傳狀態　{upload} {facts['platform']}",
        f"證明聯　　{facts['picture']}（{codes}）",
        "",
        *(f"{name}　{link}" for name, link in facts["links"].items()),
        "",
        f"後台帳號　{demo_shop.OWNER}、{demo_shop.MANAGER}、{demo_shop.ACCOUNTANT}",
        f"密碼　　　{demo_shop.PASSWORD}",
        f"收銀　　　統一編號 {demo_shop.BAN}；綁定碼在後台「POS 機」產生；"
        f"店員 PIN {demo_shop.CLERK_PIN}、店長 PIN {demo_shop.MANAGER_PIN}",
        f"配對碼　　打開列印程式的頁面取得（{facts['links']['列印程式']}）",
        "",
        f"從啟動到印出 {facts['seconds']} 秒。停止：make stop",
    ]
    with contextlib.suppress(BrokenPipeError):
        out.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
