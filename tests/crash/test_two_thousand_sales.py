"""Server, worker, database and agent are killed at random moments during 2,000 sales.

Afterwards no acknowledged sale is missing, no number is doubled or skipped, every invoice reached
its centre exactly once, and no proof was printed twice.
"""

import collections
import json
import os
import random
import threading
import time

import pytest
import zxingcpp
from PIL import Image
from websockets.exceptions import WebSocketException

from guitai.config.till_client import Printer, Refused, Till, sale_of
from tests.house import House, Killer, house_folder

SALES = int(os.environ.get("GUITAI_CRASH_SALES", "2000"))
SEED = int(os.environ.get("GUITAI_CRASH_SEED", "20261121"))
PATIENCE = 90.0
PRINT_EVERY = 20

pytestmark = pytest.mark.crash


class Counter(threading.Thread):
    """One register that sells until it has its share; what the server acknowledged is kept."""

    def __init__(self, house, seeded, share, choice):
        super().__init__(daemon=True)
        self.house, self.share, self.random = (
            house,
            share,
            random.Random(f"{choice}{seeded['code']}"),
        )
        self.till = Till(house.base, seeded["token"], seeded["session"], timeout=8)
        self.acknowledged, self.printed, self.problem = {}, {}, None

    def run(self):
        try:
            self.work()
        except Exception as problem:  # noqa: BLE001 - a thread must bring any failure home
            self.problem = problem

    def work(self):
        products = self.patiently(lambda: self.till.call("GET", "products"))["products"]
        for serial in range(self.share):
            sale = sale_of(self.random.sample(products, 3), {"kind": "paper"})
            answer = self.till.sell(sale, patience=PATIENCE)
            self.acknowledged[sale["id"]] = answer["invoice"]["number"]
            if serial % PRINT_EVERY == 0:
                self.print(answer)

    def print(self, answer):
        job_id = next(j["id"] for j in answer["print_jobs"] if j["kind"] == "proof")
        job = self.patiently(lambda: self.till.call("GET", f"print-jobs/{job_id}"))
        token = (self.house.folder / "agent-token").read_text().strip()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with Printer(self.house.agent_port, self.house.base, token) as printer:
                    self.printed[answer["invoice"]["number"]] = printer.print(job)
                    return
            except (OSError, WebSocketException, TimeoutError) as problem:  # killed: ask again
                last = problem
                time.sleep(0.2)
        raise TimeoutError(f"the agent did not answer: {last!r}")

    def patiently(self, ask):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return ask()
            except (OSError, Refused) as problem:
                refused = isinstance(problem, Refused) and problem.status < 500
                if refused or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@pytest.fixture(scope="module")
def aftermath():
    """Runs the whole thing once; the tests below look at what is left."""
    with house_folder() as folder, House(folder) as house:
        seeded = house.run("seed_crash", sandbox=house.sandbox, sales=SALES)
        share = SALES // len(seeded["registers"])
        counters = [Counter(house, register, share, SEED) for register in seeded["registers"]]
        killer = Killer(
            house,
            random.Random(SEED),
            progress=lambda: sum(len(counter.acknowledged) for counter in counters),
            goal=SALES,
            rounds=max(1, SALES // 400),
        )
        for counter in counters:
            counter.start()
        killer.start()
        for counter in counters:
            counter.join()
        killer.stop()
        assert [c.problem for c in counters if c.problem] == []
        house.wait_until(house.answers, 60, "the counter to stand again")
        house.move_clock(house.run("seconds_until_next_batch"))
        house.wait_until(
            lambda: house.run("unsettled") == [], 300, "every transmission to be settled"
        )
        yield {
            "house": house,
            "counters": counters,
            "kills": killer.kills,
            "books": house.run("books"),
            "documents": house.documents(face="mirle") + house.documents(face="turnkey"),
            "ledger": house.sandbox_says("ledger"),
        }


def test_every_part_was_killed(aftermath):
    print(json.dumps({"kills": aftermath["kills"], "sales": SALES}))
    assert all(count >= max(1, SALES // 1000) for count in aftermath["kills"].values())


def test_no_acknowledged_sale_is_missing(aftermath):
    sold = {order["id"]: order["invoice_number"] for order in aftermath["books"]["orders"]}
    acknowledged = {k: v for c in aftermath["counters"] for k, v in c.acknowledged.items()}
    assert len(acknowledged) == SALES
    assert sold == acknowledged


def test_no_number_is_doubled_or_skipped(aftermath):
    numbers = [order["invoice_number"] for order in aftermath["books"]["orders"]]
    assert len(set(numbers)) == len(numbers) == SALES
    by_range = collections.defaultdict(list)
    for invoice in aftermath["books"]["invoices"]:
        by_range[invoice["range_id"]].append(invoice["number"])
    for begin, numbers in ((min(n), sorted(n)) for n in by_range.values()):
        first = int(begin[2:])
        assert [int(n[2:]) for n in numbers] == list(range(first, first + len(numbers)))


def test_every_invoice_reached_its_centre_exactly_once(aftermath):
    arrived = collections.Counter(
        d["number"] for d in aftermath["documents"] if d["kind"] == "invoice"
    )
    sold = {i["number"]: i for i in aftermath["books"]["invoices"]}
    assert set(arrived) == set(sold)
    assert set(arrived.values()) == {1}
    assert aftermath["ledger"]["accepted_twice"] == []
    for document in aftermath["documents"]:
        assert int(float(document["totals"]["total"])) == sold[document["number"]]["total"]
        assert document["random"] == sold[document["number"]]["random_code"]


def test_the_facts_hold(aftermath):
    assert aftermath["house"].run("broken_facts") == []


def test_no_proof_was_printed_twice(aftermath):
    seen = collections.Counter()
    for picture in (aftermath["house"].folder / "receipts").glob("*.png"):
        with Image.open(picture) as image:
            codes = zxingcpp.read_barcodes(image.convert("L"))
        seen.update({c.text[5:15] for c in codes if c.format == zxingcpp.BarcodeFormat.Code39})
    printed = {k: v for c in aftermath["counters"] for k, v in c.printed.items()}
    assert len(printed) >= SALES // PRINT_EVERY
    assert set(printed.values()) <= {"done", "uncertain"}
    assert {n for n, state in printed.items() if state == "done"} <= set(seen)
    assert max(seen.values()) == 1
