"""``transmit``: claim and settle without a wire, and everything up to the sandbox centre."""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench import place, report

ROWS = int(os.environ.get("GUITAI_BENCH_CLAIMS", "10000"))
INVOICES = int(os.environ.get("GUITAI_BENCH_INVOICES", "2000"))
ECHOES = 500
ROUNDS = 3
FLOOR, AIM = 5_000, 15_000
WORKER = 4711

_WAITING = """
INSERT INTO public.invoicing_transmission (merchant_id, id, subject_kind, subject_id, lane,
    position, kind, centre, register_id, seller_ban, issue_date, number, state, created_at, due_at,
    next_try_at, attempts, asks, outcome, provider_code, provider_message)
SELECT %(merchant)s::uuid, one, 'invoice', one, '12345675/11508/' || number, 0, 'F0401', 'mirle',
    %(register)s::uuid, '12345675', '2026-07-03', number, 'waiting', %(now)s::timestamptz,
    %(now)s::timestamptz, %(now)s::timestamptz, 0, 0, '', '', ''
FROM (SELECT ('0c000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS one,
        'AB' || lpad(n::text, 8, '0') AS number
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) made
"""

_PLAIN = """
WITH moved AS (
    UPDATE public.invoicing_transmission t
    SET state = 'sent', outcome = 'OK', attempts = t.attempts + 1, wire_at = %(now)s::timestamptz,
        sent_at = %(now)s::timestamptz
    WHERE t.state = 'waiting' AND t.next_try_at <= %(now)s::timestamptz
    RETURNING t.merchant_id, t.id, t.attempts
)
INSERT INTO public.invoicing_transmissionevent (merchant_id, id, transmission_id, at, attempt,
    before, after, outcome, provider_code, provider_message, actor, note)
SELECT m.merchant_id, m.id, m.id, %(now)s::timestamptz, m.attempts, 'in_flight', 'sent', 'OK', '',
    '', '系統', ''
FROM moved m
"""


def claim_done() -> None:
    """The product's claim and settle, batch by batch, against one statement for all rows."""
    with place.own_database("claims"):
        from guitai.invoicing.tests import shop as shops

        shop, now = shops.open_shop(), shops.at("2026-07-04 09:00")
        serial = [1]

        def rate(work: Callable[[datetime], int]) -> float:
            _queue(shop, serial, now)
            began = time.perf_counter()
            done = work(now)
            if done != ROWS:
                raise RuntimeError(f"{done} of {ROWS} rows were settled")
            return ROWS / (time.perf_counter() - began)

        found = report.interleaved(
            {"ours": lambda: rate(_claim_and_settle), "plain": lambda: rate(_plainly)}, ROUNDS
        )
    report.line(
        "transmit_claim_done",
        found["ours"],
        "documents/s",
        found["plain"],
        limit_is="one SQL statement for all rows: the same states and events, one commit",
        floor=FLOOR,
        aim=AIM,
        rows=ROWS,
    )


def _queue(shop: Any, serial: list[int], now: datetime) -> None:
    span = {"first": serial[0], "last": serial[0] + ROWS - 1, "now": now}
    place.swiftly([(_WAITING, {**span, "merchant": shop.merchant, "register": shop.register})])
    serial[0] += ROWS


def _claim_and_settle(now: datetime) -> int:
    from guitai.invoicing.rules import Outcome, TransmissionState
    from guitai.invoicing.services import sqlcalls
    from guitai.invoicing.services.transmission import Pace

    done = 0
    while rows := sqlcalls.claim(WORKER, ["mirle"], now, Pace().batch):
        settled = [
            sqlcalls.Settlement.of(row, TransmissionState.SENT, outcome=Outcome.OK) for row in rows
        ]
        done += len(sqlcalls.settle(WORKER, now, settled))
    return done


def _plainly(now: datetime) -> int:
    return place.run_sql(_PLAIN, {"now": now})


def sandbox() -> None:
    """Invoices through the engine and the Mirle adapter to a sandbox process, against its echo."""
    from guitai.kernel import clock
    from guitai.providers.tests.sandbox import SandboxProcess

    with place.own_database("sandbox"), tempfile.TemporaryDirectory() as name:
        from guitai.invoicing.tests import shop as shops

        centre, now = SandboxProcess(Path(name)), shops.at("2026-07-04 09:00")
        try:
            centre.furnish()
            with clock.moved(now):
                seen = _rounds(_seller(centre, now), now)
            _prove(centre)
        finally:
            centre.close()
    report.line(
        "transmit_sandbox",
        statistics.median(seen["engine"]),
        "documents/s",
        statistics.median(seen["echo"]),
        limit_is="the sandbox's time question by the same client with the same threads",
        invoices=INVOICES,
    )


def _seller(centre: Any, now: datetime) -> Any:
    """A shop whose register sends to that sandbox out of a range of its own."""
    from guitai.invoicing.ports import CentreRange
    from guitai.invoicing.services import accounts, numbers
    from guitai.invoicing.tests import shop as shops
    from guitai.kernel import scope
    from guitai.kernel.audit import SYSTEM
    from guitai.providers.tests.sandbox import KEY

    shop = shops.open_shop()
    with scope.tenant(shop.merchant):
        accounts.save(
            centre="mirle",
            entity_id=shop.entity,
            register_id=shop.register,
            actor=SYSTEM,
            base_url=centre.url,
            posid="1",
            channel_key=KEY,
            allow_plain_http=True,
        )
        last = -(-INVOICES // 50) * 50 - 1
        own = CentreRange("11508", "GH", "00000000", f"{last:08d}")
        numbers.tell_range(shop.register, own, actor=SYSTEM, now=now)
    return shop


def _rounds(shop: Any, now: datetime) -> dict[str, list[float]]:
    from guitai.invoicing.services.transmission import Engine, Pace

    seen: dict[str, list[float]] = {"engine": [], "echo": []}
    bounds = [INVOICES * step // ROUNDS for step in range(ROUNDS + 1)]
    with Engine(pace=Pace(quiet=timedelta(0)), now=lambda: now) as engine:
        for first, end in itertools.pairwise(bounds):
            seen["echo"].append(_echo_rate(shop, now))
            seen["engine"].append(_engine_rate(shop, engine, first, end))
    return seen


def _engine_rate(shop: Any, engine: Any, first: int, end: int) -> float:
    from guitai.invoicing.services.transmission import run_until_idle
    from guitai.invoicing.tests import shop as shops

    for count in range(first, end):
        shops.record(shop, shops.invoice_json(f"GH{count:08d}"))
    began = time.perf_counter()
    tally = run_until_idle(engine, rounds=INVOICES)
    spent = time.perf_counter() - began
    if (tally.sent, tally.asked, tally.lost) != (end - first, 0, 0):
        raise RuntimeError(f"{end - first} invoices were due, and this was done: {tally}")
    return (end - first) / spent


def _echo_rate(shop: Any, now: datetime) -> float:
    """Y01, the cheapest call that the centre answers only to whom it knows."""
    from guitai.invoicing import registry
    from guitai.invoicing.rules import Outcome
    from guitai.invoicing.services import accounts
    from guitai.invoicing.services.journal import BufferedJournal
    from guitai.invoicing.services.transmission import Pace
    from guitai.kernel import scope

    centre = registry.open_centre("mirle", BufferedJournal())
    with scope.tenant(shop.merchant):
        account = accounts.opened(accounts.for_register("mirle", shop.register, "12345675"))
    with ThreadPoolExecutor(Pace().threads) as pool:
        began = time.perf_counter()
        answers = list(pool.map(lambda _: centre.server_time(account, now), range(ECHOES)))
        spent = time.perf_counter() - began
    if any(answer.outcome is not Outcome.OK for answer in answers):
        raise RuntimeError(f"the sandbox did not answer: {answers[0]}")
    return ECHOES / spent


def _prove(centre: Any) -> None:
    there = [row for row in centre.documents() if row["kind"] == "invoice"]
    if len(there) != INVOICES or centre.ledger()["accepted_twice"]:
        raise RuntimeError(f"{len(there)} of {INVOICES} invoices are at the centre")
