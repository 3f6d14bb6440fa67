"""``checkout``: a sale with its invoice over HTTP, against pgbench running the same statement.

One connection is one register with its own device token, clerk's session and numbers; every
request is a new sale of three lines. Rounds of both alternate on the same database, so that the
ratio means something on a noisy machine.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from guitai.config import embedded, home, processes
from guitai.config.till_client import sale_of
from tests.bench import report
from tests.bench.load import PREFIX

CLIENTS = (8, 32)
SECONDS = int(os.environ.get("GUITAI_BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("GUITAI_BENCH_ROUNDS", "3"))
FLOORS = {8: 0.50, 32: 0.55}
TAIL_FLOOR = 4.0
TRIES = 3
SCRIPT = """
WITH fresh AS MATERIALIZED (SELECT left(gen_random_uuid()::text, 24) AS prefix)
SELECT public.orders_complete_sale(b.merchant, b.token_hash, b.session,
    (fresh.prefix || '000000000000')::uuid, b.body_hash, b.needs, clock_timestamp(),
    replace(b.sale, '{prefix}', fresh.prefix)::jsonb)::text
FROM public.bench_till b, fresh WHERE b.n = :client_id;
"""


def run() -> None:
    from guitai.config import cli

    cli._django()
    cli._migrate()
    port = processes.free_port(19000)
    tills = _shop(max(CLIENTS))
    _keep_for_pgbench(tills)
    supervisor = processes.Supervisor([processes.server(port)], with_database=False)
    supervisor.start()
    try:
        _http(port, tills[: CLIENTS[0]])
        _pgbench(CLIENTS[0], seconds=1)
        seen = _measure(port, tills)
    finally:
        supervisor.stop()
    for clients in CLIENTS:
        _tell(clients, seen[clients])


def _measure(port: int, tills: list[dict[str, Any]]) -> dict[int, dict[str, list[Any]]]:
    seen: dict[int, dict[str, list[Any]]] = {c: {"http": [], "pgbench": []} for c in CLIENTS}
    for _ in range(ROUNDS):
        for clients in CLIENTS:
            seen[clients]["http"].append(_http(port, tills[:clients]))
            seen[clients]["pgbench"].append(_pgbench(clients))
    return seen


def _tell(clients: int, seen: dict[str, list[Any]]) -> None:
    rate = statistics.median(r["rate"] for r in seen["http"])
    limit = statistics.median(seen["pgbench"])
    report.line(
        f"checkout_{clients}",
        rate,
        "sales/s",
        limit,
        limit_is="pgbench, the same statement, prepared",
        floor=FLOORS[clients],
    )
    if clients == CLIENTS[0]:
        p50 = statistics.median(r["p50"] for r in seen["http"])
        p99 = statistics.median(r["p99"] for r in seen["http"])
        report.line(
            "checkout_tail",
            p99 * 1000,
            "ms p99",
            p50 * 1000,
            limit_is="its own p50",
            floor=TAIL_FLOOR,
        )


def _shop(registers: int) -> list[dict[str, Any]]:
    """A shop of that many bound and signed-in registers, with numbers for a long bench."""
    from guitai.config import demo_shop
    from guitai.kernel import clock, ids, scope
    from guitai.kernel.audit import SYSTEM
    from guitai.numbering import services as numbering
    from guitai.numbering.services import OwnerRef
    from guitai.tenancy import services as tenancy
    from guitai.tenancy.models import Merchant
    from twinvoice.period import Period

    # Each run sells in a merchant of its own; the last run's shop gives up the name.
    Merchant.objects.filter(name=demo_shop.NAME).update(name=f"bench {ids.new_id()}")
    Merchant.objects.filter(name__startswith="bench").count()
    owner = tenancy.create_merchant_with_owner(
        "量測商行", f"bench-{ids.new_id()}@example.com", demo_shop.PASSWORD, owner_name="量測"
    )
    period = Period.of(clock.today())
    with scope.tenant(owner.merchant_id):
        entity = tenancy.add_entity(
            owner, ban=demo_shop.BAN, name="量測商行", address="臺北市", qr_key=demo_shop.QR_KEY
        )
        store = tenancy.add_store(owner, entity_id=entity.id, code="001", name="量測門市")
        demo_shop.add_products(owner)
        data = demo_shop.allocation_csv(demo_shop.BAN, period, "BN", 0, registers * 100_000 - 1)
        numbering.import_allocation(data, "bench.csv", SYSTEM)
        made = [_register(owner, store.id, n) for n in range(registers)]
        numbering.distribute_by_hand(
            entity.id,
            period.code,
            {OwnerRef.register(till["register"]): 2_000 for till in made},
            SYSTEM,
        )
    return made


def _register(owner: Any, store_id: Any, number: int) -> dict[str, Any]:
    from guitai.tenancy import services as tenancy

    row = tenancy.add_register(
        owner, store_id=store_id, code=f"{number:03d}", name=f"{number} 號機"
    )
    settings = tenancy.InvoiceSettings(
        auto_issue=True, auto_print=True, print_detail=False, centre="turnkey"
    )
    tenancy.update_invoice_settings(owner, row.id, settings)
    clerk = tenancy.add_staff(
        owner, name=f"店員 {number}", role="clerk", store_id=store_id, pin="975310"
    )
    held = tenancy.bind_here(owner, row.id, device_name="量測")
    session = tenancy.open_session(row.id, clerk.id, "975310")
    return {
        "n": number,
        "register": row.id,
        "merchant": owner.merchant_id,
        "token": held.token,
        "session": session.id,
        "products": _products(),
    }


def _products() -> list[dict[str, Any]]:
    from guitai.catalog.models import Product

    rows = Product.objects.filter(tax_type="1").order_by("sku")[:3]
    return [
        {"id": str(p.id), "name": p.name, "price": p.price, "tax_type": p.tax_type} for p in rows
    ]


def _body(till: dict[str, Any]) -> dict[str, Any]:
    sale = sale_of(till["products"], {"kind": "paper"})
    sale["id"] = f"{PREFIX}{0:012d}"
    for position, line in enumerate(sale["lines"], start=1):
        line["id"] = f"{PREFIX}{position:012d}"
    return sale


def _keep_for_pgbench(tills: list[dict[str, Any]]) -> None:
    """What the server would send for each register, kept in a table for pgbench."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS public.bench_till")
        cursor.execute(
            "CREATE TABLE public.bench_till (n int PRIMARY KEY, merchant uuid, token_hash bytea,"
            " session uuid, body_hash bytea, needs text[], sale text)"
        )
        for till in tills:
            merchant, token_hash, session, _, body_hash, needs, _, sale = _recorded(till)
            cursor.execute(
                "INSERT INTO public.bench_till VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [till["n"], merchant, token_hash, session, body_hash, needs, _with_fresh_ids(sale)],
            )


def _recorded(till: dict[str, Any]) -> tuple[Any, ...]:
    """The statement's parameters, as the real verb makes them (and then nothing is called)."""
    from guitai.api import sales
    from guitai.kernel import sqlcall

    seen: list[tuple[Any, ...]] = []

    def keep(statement: str, params: tuple[Any, ...], **_: Any) -> tuple[str]:
        seen.append(params)
        return ("{}",)

    body = json.dumps(_body(till)).replace(PREFIX, "00000000-0000-4000-8000-").encode()
    real, sqlcall.one = sqlcall.one, keep  # type: ignore[assignment]
    try:
        sales.sell(till["token"], till["session"], body)
    finally:
        sqlcall.one = real
    return seen[0]


def _with_fresh_ids(sale: str) -> str:
    laid_out = json.loads(sale)
    serial = iter(range(1, 1_000_000))
    for key in laid_out:
        if key.endswith("_id"):
            laid_out[key] = f"{PREFIX}{next(serial):012d}"
    for row in [*laid_out["lines"], *laid_out["tenders"]]:
        row["id"] = f"{PREFIX}{next(serial):012d}"
    return json.dumps(laid_out, ensure_ascii=False)


def _http(port: int, tills: list[dict[str, Any]]) -> dict[str, float]:
    plan = {"host": "127.0.0.1", "port": port, "connections": [_plan(port, t) for t in tills]}
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(plan, file)
    try:
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench.load", file.name, str(SECONDS)],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        Path(file.name).unlink()
    found = json.loads(said.stdout)
    return {
        "rate": found["done"] / SECONDS,
        "p50": report.percentile(found["latencies"], 0.50),
        "p99": report.percentile(found["latencies"], 0.99),
    }


def _plan(port: int, till: dict[str, Any]) -> dict[str, str]:
    head = [
        "POST /api/till/sales HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Authorization: Bearer {till['token']}",
        f"X-Guitai-Session: {till['session']}",
    ]
    return {"head": "\r\n".join(head) + "\r\n", "body": json.dumps(_body(till))}


def _pgbench(clients: int, seconds: int = SECONDS) -> float:
    """Transactions a second of the same statement, prepared, over the same unix socket."""
    script = home.folder() / "checkout.pgbench"
    script.write_text(SCRIPT.replace("{prefix}", PREFIX))
    binaries = embedded.programs(home.folder())
    environment = {**os.environ, "PGPASSWORD": home.secret("database_password")}
    where = embedded.place(home.folder())
    command = [str(binaries / "pgbench"), "-n", "-M", "prepared", "-f", str(script)]
    command += ["-c", str(clients), "-j", "2", "-T", str(seconds)]
    command += ["-h", str(where.socket), "-U", embedded.OWNER, embedded.DATABASE]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    rate = next(row for row in said.stdout.splitlines() if row.startswith("tps"))
    return float(rate.split("=")[1].split()[0])


def first_start() -> None:
    """From an empty folder to the first acknowledged sale, with every process of the counter.

    Where another installation of the machine takes a port in the same moment, a fresh folder with
    other ports is tried, and the line says how many times; after the last try the bench fails.
    """
    from tests.bench.counter import PortTaken

    for tries in range(1, TRIES + 1):
        try:
            seconds = _first_sale()
        except PortTaken:
            if tries == TRIES:
                raise
        else:
            report.line("first_start", seconds, "s", 15.0, floor=15, tries=tries)
            return


def _first_sale() -> float:
    """Seconds from the empty folder to the sale."""
    from guitai.config.till_client import Till
    from tests.bench.counter import Counter
    from tests.house import house_folder

    with house_folder() as folder:
        began = time.perf_counter()
        with Counter(folder) as house:
            seeded = house.run("seed_demo", sandbox=house.sandbox)
            till = Till(house.base)
            till.bind(seeded["ban"], seeded["code"], "量測")
            till.sign_in(seeded["clerk"], "135790")
            till.sell(sale_of(till.call("GET", "products")["products"][:3], {"kind": "paper"}))
            return time.perf_counter() - began
