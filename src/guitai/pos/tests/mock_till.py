"""A stand-in for the till's REST, strict about what the page sends: for tests of the page alone.

It keeps its world in memory, follows the contract of the till's REST, and can be told to misbehave:
``faults`` is a list of callables ``(method, path) -> str`` that name a fault for the next request
(``drop`` before the work, ``lose`` after it, ``slow``, ``500``).
"""

import hashlib
import json
import mimetypes
import re
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from guitai.pos.views import conditions, content_security_policy, modules
from guitai_agent import knowledge

KEY = "0123456789abcdef"
MANAGER = [
    "till.checkout", "till.order_query", "till.closing", "till.redeem", "till.cancel",
    "till.price_change", "till.line_discount", "till.order_discount", "till.open_drawer",
]  # fmt: skip
CLERK = MANAGER[:4]
GOODS = [
    ("御飯糰 鮪魚", "4710001000015", 35, "1"), ("茶葉蛋", "4710001000022", 13, "1"),
    ("拿鐵咖啡 大杯", "4710001000039", 65, "1"), ("美式咖啡 中杯", "4710001000046", 45, "1"),
    ("鮮乳 936ml", "4710001000053", 96, "1"), ("全麥吐司", "4710001000060", 55, "1"),
    ("有機糙米 2kg", "4710001000077", 260, "3"), ("台灣香蕉（公斤）", "4710001000084", 42, "3"),
    ("高山烏龍茶禮盒", "4710001000091", 1280, "1"), ("鳳梨酥 10入", "4710001000107", 450, "1"),
    ("外銷版 竹編提籃", "4710001000114", 990, "2"), ("環保購物袋 中", "4710001000121", 2, "1"),
    ("洗手乳 補充包", "4710001000138", 89, "1"), ("抽取式衛生紙 8包", "4710001000145", 159, "1"),
    ("AA 電池 4入", "4710001000152", 105, "1"), ("口罩 50入 成人", "4710001000169", 210, "1"),
    ("<img src=x onerror=alert(1)>", "4710001000176", 1, "1"),
    ("一個名字非常非常長的商品用來看看版面會不會被它撐壞掉的測試商品", "4710001000183", 12345, "1"),
]  # fmt: skip


ORDERS_A_PAGE = 50


class World:
    """What the server knows. ``auto_issue`` and the like are changed by tests."""

    def __init__(self, agent_port: int = 1) -> None:
        self.agent_port = agent_port
        self.bound = True
        self.signed_in = False
        self.taken_by = ""
        self.auto_issue = True
        self.permissions = MANAGER
        self.remaining = 1234
        self.member_carrier = False
        self.centre = {
            "key": "mirle", "name": "盟立", "state": "ok", "state_text": "正常",
            "waiting": 3, "in_doubt": 0, "rejected": 0,
        }  # fmt: skip
        self.refuse_sale = None
        self.faults: list = []
        self.sales: dict[str, dict] = {}
        self.sale_tries: list[str] = []
        self.jobs: dict[str, dict] = {}
        self.reports: list[tuple[str, str]] = []
        self.withdrawn: set[str] = set()
        self.parked: dict[str, dict] = {}
        self.summaries: list[dict] = []
        self.drawer: list[str] = []
        self.agent_news: list[dict] = []
        self.number = 30
        self.ahead = 0.0
        self.min_version = ""
        self.device_clocks: list[str] = []
        self.relay: dict | None = None
        self.relay_of = lambda register: self.relay
        self.lock = threading.RLock()
        self.products = [
            {"id": str(uuid.UUID(int=at + 1)), "sku": f"A{at + 1:03}", "barcode": code,
             "name": name, "price": price, "tax_type": tax}
            for at, (name, code, price, tax) in enumerate(GOODS)
        ]  # fmt: skip

    def now(self) -> str:
        """The server's clock: this machine's, moved by ``ahead`` seconds."""
        return (datetime.now(UTC) + timedelta(seconds=self.ahead)).isoformat()

    def state(self) -> dict:
        staff = {"id": "s1", "name": "林小美"}
        return {
            "register": {
                "id": "0192aaaa-0000-7000-8000-000000000001", "code": "A1", "name": "1 號機",
                "auto_issue": self.auto_issue, "auto_print": True, "print_detail": False,
                "printer_profile": "PP-8800", "centre": "mirle",
            },
            "store": {"name": "台北一店"},
            "entity": {
                "ban": "12345675", "name": "好日子商行", "member_carrier": self.member_carrier,
            },
            "staff": [
                {"id": "s1", "name": "林小美", "role": "store_manager"},
                {"id": "s2", "name": "陳大文", "role": "clerk"},
                {"id": "s3", "name": "王阿明", "role": "clerk"},
            ],
            "session": {"id": "sess1", "staff": staff, "permissions": self.permissions}
            if self.signed_in
            else None,
            "numbers": {
                "remaining": self.remaining, "paused": 0,
                "period": "11512", "period_label": "115年11-12月",
            },
            "centre": self.centre,
            "now": self.now(),
            "agent": {"min_version": self.min_version, "latest": "9.9.9", "download": "/agent/"},
            "catalog_version": "v1",
        }  # fmt: skip


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        self.status = status
        self.body = {"error": {"code": code, "message": message}}
        if field:
            self.body["error"]["field"] = field


def quantity_amount(line: dict) -> int:
    """Half up in integers, from the decimal text, as the server counts."""
    whole, _, part = line["quantity"].partition(".")
    thousandths = int(whole or 0) * 1000 + int((part + "000")[:3])
    return (2 * line["unit_price"] * thousandths + 1000) // 2000


def check_sale(world: World, sale: dict) -> None:
    """The arithmetic and the shape of a sale, in integers."""
    if not re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", sale["id"]
    ):
        raise Refusal(422, "GT-BAD-INPUT", "編號不是 UUIDv7。", "id")
    total = sum(quantity_amount(line) - line["discount"] for line in sale["lines"])
    if total - sale["order_discount"] != sale["total"]:
        raise Refusal(422, "ORD-TOTAL", "合計不符。", "total")
    if sum(tender["amount"] for tender in sale["tenders"]) != sale["total"]:
        raise Refusal(422, "PAY-SUM", "付款金額不符。", "tenders")
    if world.refuse_sale:
        raise world.refuse_sale


def make_sale(world: World, sale: dict, text: bytes) -> dict:
    digest = hashlib.sha256(text).hexdigest()
    stored = world.sales.get(sale["id"])
    if stored:
        if stored["hash"] != digest:
            raise Refusal(409, "ORD-REUSED", "這個編號已經用在另一筆內容不同的訂單。")
        return {**stored["answer"], "replay": True}
    check_sale(world, sale)
    order = new_order(world, sale)
    answer = {
        "order": {key: order[key] for key in ("id", "number", "total", "change", "issued_at")},
        "invoice": None, "print_jobs": [], "numbers": {"remaining": world.remaining},
        "replay": False,
    }  # fmt: skip
    if world.auto_issue and sale["invoice"]["kind"] not in ("self", "none_yet"):
        answer.update(issue(world, order))
    world.sales[sale["id"]] = {"hash": digest, "answer": answer, "order": order}
    return answer


def new_order(world: World, sale: dict) -> dict:
    received = sum(t.get("received", t["amount"]) - t["amount"] for t in sale["tenders"])
    lines = [{**line, "amount": quantity_amount(line)} for line in sale["lines"]]
    return {
        "id": sale["id"], "number": f"A1-{len(world.sales) + 1:05}", "total": sale["total"],
        "change": received, "issued_at": "2026-11-21T10:05:00+08:00", "lines": lines,
        "order_discount": sale["order_discount"], "tenders": sale["tenders"], "state": "completed",
        "invoice_kind": sale["invoice"]["kind"], "invoice": None, "staff_name": "林小美",
        "invoice_number": sale["invoice"].get("number", ""), "choice": sale["invoice"],
    }  # fmt: skip


def issue(world: World, order: dict) -> dict:
    if order["invoice"] is None:
        if world.remaining < 1:
            raise Refusal(
                409, "NUM-NONE",
                "發票開立錯誤，未收到發票號碼：本期號碼已用完。請店長在後台配號給這台 POS 機。",
            )  # fmt: skip
        world.remaining -= 1
        world.number += 1
        order["invoice"] = {
            "id": str(uuid.uuid4()), "number": f"ZX{world.number:08}",
            "period_label": "115年11-12月",
            "random_code": "0815", "state": "waiting",
        }  # fmt: skip
        order["invoice_number"] = order["invoice"]["number"]
    kind = "company_proof" if order["choice"].get("ban") else "proof"
    choice = order["choice"]
    wants = choice["kind"] in ("paper", "company") and choice.get("print", True)
    jobs = [queue(world, order, kind, "original")] if wants else []
    return {
        "invoice": order["invoice"],
        "print_jobs": jobs,
        "numbers": {"remaining": world.remaining},
    }


def queue(world: World, order: dict, kind: str, copy: str) -> dict:
    job_id = str(uuid.uuid4())
    doc = [{"t": "text", "s": order["number"]}, {"t": "cut"}]
    text = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    world.jobs[job_id] = {
        "job_id": job_id, "id": job_id, "kind": kind, "copy": copy, "doc": doc, "state": "waiting",
        "sha256": hashlib.sha256(text).hexdigest(), "expires": "2036-01-01T00:00:00+08:00",
        "order_id": order["id"], "detail": "",
    }  # fmt: skip
    return {"id": job_id, "kind": kind, "copy": copy}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/pos/":
            self.page()
        elif path == "/pos/remedies.json":
            self.answer(200, conditions()[0], "application/json")
        elif path.startswith("/pos/pictures/"):
            self.picture(path.removeprefix("/pos/pictures/").removesuffix(".svg"))
        elif path.startswith("/static/"):
            self.static(path.removeprefix("/static/"))
        else:
            self.rest("GET")

    def do_POST(self) -> None:
        self.rest("POST")

    def do_PUT(self) -> None:
        self.rest("PUT")

    def do_DELETE(self) -> None:
        self.rest("DELETE")

    def page(self) -> None:
        ports = [self.world.agent_port]
        html = render_to_string(
            "pos/till.html", {"agent_ports": str(ports[0]), "modules": modules()}
        )
        relay = self.world.relay["url"] if self.world.relay else ""
        policy = content_security_policy(ports, relay)
        self.answer(
            200, html.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy}
        )

    def picture(self, name: str) -> None:
        try:
            self.answer(200, knowledge.picture(name).encode(), "image/svg+xml")
        except KeyError:
            self.answer(404, b"", "text/plain")

    def static(self, name: str) -> None:
        found = finders.find(name)
        if not found:
            self.answer(404, b"", "text/plain")
            return
        kind = "text/javascript" if name.endswith(".mjs") else mimetypes.guess_type(name)[0]
        with open(found, "rb") as file:  # noqa: PTH123  # a finder's plain text path
            self.answer(200, file.read(), kind or "text/plain")

    def answer(self, status: int, body: bytes, kind: str, more: dict | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def rest(self, method: str) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/till/")
        fault = self.next_fault(method, path)
        if fault == "drop":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "slow":
            time.sleep(7)
        status, body = self.work(method, path, parts.query, text)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "500":
            status, body = 500, {"error": {"code": "GT-ERROR", "message": "壞了"}}
        data = b"" if status == 304 else json.dumps(body).encode()
        self.answer(status, data, "application/json", {"ETag": '"v1"'})

    def next_fault(self, method: str, path: str) -> str:
        with self.world.lock:
            for fault in self.world.faults:
                name = fault(method, path)
                if name:
                    return name
        return ""

    def work(self, method: str, path: str, query: str, text: bytes) -> tuple[int, dict]:
        try:
            with self.world.lock:
                if method != "GET" and self.headers.get("X-Guitai-Till") != "1":
                    raise Refusal(403, "GT-NOT-ALLOWED", "缺少 X-Guitai-Till。")
                return self.route(method, path, parse_qs(query), text)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def route(self, method: str, path: str, query: dict, text: bytes) -> tuple[int, dict]:
        body = json.loads(text) if text else {}
        world = self.world
        if path == "bind":
            return bind(world, body)
        if not world.bound:
            raise Refusal(401, "BIND-NONE", "POS 未綁定。")
        if path == "state":
            return 200, world.state()
        if path == "products":
            if self.headers.get("If-None-Match") == '"v1"':
                return 304, {}
            return 200, {"version": "v1", "products": world.products}
        if path == "sign-in":
            if body["pin"] != "1234":
                raise Refusal(401, "TEN-PIN", "PIN 不對，還可以試 4 次。", "pin")
            world.signed_in = True
            return 200, {"session": world.state()["session"]}
        if path == "agent":  # told by the device, whoever is signed in
            world.agent_news.append(body)
            return 200, {"ok": True}
        if path == "sales":
            world.sale_tries.append(body["id"])
            world.device_clocks.append(self.headers.get("X-Guitai-Clock") or "")
        if path.split("/")[0] == "print-jobs":  # the device's own, whoever stands before it
            return print_jobs(world, method, path.split("/")[1:], query, body)
        if not world.signed_in or self.headers.get("X-Guitai-Session") != "sess1":
            raise Refusal(401, "GT-SIGN-IN", "請先登入。")
        return self.signed_in(method, path, query, body, text)

    def signed_in(self, method, path, query, body, text) -> tuple[int, dict]:
        world = self.world
        if path == "sign-out":
            world.signed_in = False
            return 200, {}
        if path == "sales":
            return 201, make_sale(world, body, text)
        if path == "shift":
            return 200, shift(world)
        if path in ("shift/summary", "shift/close"):
            world.summaries.append({"path": path, **body})
            return 200, {"print_jobs": []}
        if path == "relay-ticket":
            return relay_ticket(world, body)
        if path == "drawer":
            world.drawer.append(body["reason"])
            return 200, {}
        room = path.split("/")[0]
        return {"orders": orders, "parked": parked}[room](
            world, method, path.split("/")[1:], query, body
        )


def relay_ticket(world: World, body: dict) -> tuple[int, dict]:
    """agent-protocol.md §10.1; ``world.relay`` is what a stand-in relay gave, or None."""
    if world.relay is None:
        refusal = Refusal(409, "AGENT-NONE", "這台 POS 機還沒有列印程式。")
        refusal.body["error"]["params"] = {"agents": []}
        raise refusal
    return 200, world.relay_of(body.get("agent_of", "r1"))


def bind(world: World, body: dict) -> tuple[int, dict]:
    if world.taken_by:
        raise Refusal(409, "BIND-TAKEN", f"此 POS 機目前由 {world.taken_by} 使用中")
    if body["code"] != "BIND-1234":
        raise Refusal(422, "BIND-CODE", "綁定碼不對或已過期。", "code")
    world.bound = True
    return 200, {"register": world.state()["register"]}


def shift(world: World) -> dict:
    orders = [sale["order"] for sale in world.sales.values()]
    cash = sum(t["amount"] for o in orders for t in o["tenders"] if t["method"] == "cash")
    return {
        "since": "2026-11-21T09:00:00+08:00", "orders": len(orders),
        "sales": sum(o["total"] for o in orders), "cancelled_orders": 0, "cancelled_amount": 0,
        "invoices": len(orders), "invoice_amount": sum(o["total"] for o in orders),
        "voided_invoices": 0, "voided_amount": 0, "cash_float": 3000, "expected_cash": 3000 + cash,
        "tenders": [{"method": "cash", "count": len(orders), "amount": cash}],
        "first_number": "ZX00000031", "last_number": f"ZX{world.number:08}",
    }  # fmt: skip


def orders(world: World, method: str, rest: list[str], query: dict, body: dict) -> tuple[int, dict]:
    if not rest:
        wanted = query.get("search", [""])[0]
        code39 = re.fullmatch(r"\d{5}([A-Z]{2}\d{8})\d{4}", wanted)
        wanted = code39[1] if code39 else wanted
        found = [sale["order"] for sale in world.sales.values()]
        hits = [o for o in found if wanted in o["number"] or wanted in (o["invoice_number"] or "-")]
        hits = hits[::-1]
        after = query.get("after", [""])[0]
        begin = next((at + 1 for at, o in enumerate(hits) if o["id"] == after), 0)
        shown = hits[begin : begin + ORDERS_A_PAGE]
        more = len(hits) > begin + ORDERS_A_PAGE
        return 200, {"orders": shown, "next": shown[-1]["id"] if more else None}
    if rest[0] not in world.sales:
        raise Refusal(404, "GT-NOT-FOUND", "找不到這筆資料。")
    order = world.sales[rest[0]]["order"]
    if method == "GET":
        jobs = [job for job in world.jobs.values() if job["order_id"] == order["id"]]
        return 200, {"order": {**order, "print_jobs": jobs}}
    verb = rest[1]
    if verb == "issue":
        return 200, {"order": order, **issue(world, order)}
    if verb == "cancel":
        order["state"], order["cancel_reason"] = "cancelled", body["reason"]
        refund: dict[str, int] = {}
        for tender in order["tenders"]:
            refund[tender["method"]] = refund.get(tender["method"], 0) + tender["amount"]
        return 200, {"order": order, "refund": refund}
    if verb == "reprint":
        kind = "detail" if body["what"] == "detail" else "proof"
        return 200, {"print_jobs": [queue(world, order, kind, "reprint")]}
    order["invoice_number"], order["invoice_manual"] = body["number"], True
    return 200, {"order": order}


def print_jobs(
    world: World, method: str, rest: list[str], query: dict, body: dict
) -> tuple[int, dict]:
    if not rest:
        keep = ("id", "kind", "copy", "state", "order_id", "detail")
        awaited = ("waiting", "sent", "uncertain", "expired")
        listed = [j for j in world.jobs.values() if j["state"] in awaited]
        return 200, {
            "jobs": [
                {name: j[name] for name in keep} | {"withdrawn": j["id"] in world.withdrawn}
                for j in listed
            ]
        }
    job = world.jobs.get(rest[0])
    if job is None:
        raise Refusal(404, "PRINT-NOT-FOUND", "找不到這筆列印工作。")
    if method == "GET":
        keys = ("job_id", "kind", "copy", "state", "doc", "sha256", "expires")
        return 200, {key: job[key] for key in keys} | {"withdrawn": job["id"] in world.withdrawn}
    if job["state"] in ("done", "cancelled") and body["state"] != job["state"]:
        raise Refusal(409, "PRINT-STATE", "這筆列印工作已經結束。")
    job["state"], job["detail"] = body["state"], body["detail"]
    world.reports.append((rest[0], body["state"]))
    return 200, {}


def parked(world: World, method: str, rest: list[str], query: dict, body: dict) -> tuple[int, dict]:
    if method == "PUT":
        world.parked[rest[0]] = {"id": rest[0], "parked_at": "2026-11-21T10:00:00+08:00", **body}
    elif method == "DELETE":
        world.parked.pop(rest[0], None)
    return 200, {"parked": list(world.parked.values())}


class MockServer:
    """``with MockServer(world) as url``: the page and its REST on a free port of the loopback."""

    def __init__(self, world: World) -> None:
        handler = type("WorldHandler", (Handler,), {"world": world})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()
