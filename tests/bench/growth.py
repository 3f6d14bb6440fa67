"""``checkout_growth``: whether a sale gets slower as the books grow."""

import json
import os
import time
from typing import Any

from guitai.kernel import ids
from tests.bench import history, place, report
from tests.bench.checkout import _body, _shop
from tests.bench.load import PREFIX

ROWS = int(os.environ.get("GUITAI_BENCH_GROWTH_ROWS", "300000"))
FEW = 10_000
SALES = int(os.environ.get("GUITAI_BENCH_GROWTH_SALES", "2000"))
WARM = 100
FLOOR, AIM = 1.5, 1.2


def run() -> None:
    """Sales of two merchants of one database in turn: one with many invoices, one with few."""
    with place.own_database("growth"):
        many, few = _till(ROWS, "0001"), _till(FEW, "0002")
        for till in (many, few):
            for _ in range(WARM):
                _sell(till)
        seen: dict[str, list[float]] = {"many": [], "few": []}
        for turn in range(SALES):
            # Who goes first changes, so that neither always follows the other's commit.
            order = (("many", many), ("few", few))
            for name, till in order if turn % 2 else reversed(order):
                seen[name].append(_sell(till))
    p99 = {name: report.percentile(times, 0.99) for name, times in seen.items()}
    p50 = {name: report.percentile(times, 0.50) for name, times in seen.items()}
    report.line(
        "checkout_growth",
        p99["many"],
        "ms p99",
        p99["few"],
        limit_is=f"the same with {FEW} invoices",
        floor=FLOOR,
        aim=AIM,
        rows=ROWS,
        ratio_p50=round(p50["many"] / p50["few"], 3),
    )


def _till(rows: int, mark: str) -> dict[str, Any]:
    """A till of a merchant that has sold that much already."""
    from guitai.invoicing.tests.shop import invoice_json
    from guitai.kernel import scope
    from guitai.tenancy.models import BusinessEntity, Store

    (till,) = _shop(1)
    with scope.tenant(till["merchant"]):
        entity, store = BusinessEntity.objects.get(), Store.objects.get()
    places = [(till["register"], store.id)]
    document = json.dumps(invoice_json())
    history.fill(till["merchant"], entity.id, places, rows, document, mark=mark)
    return {**till, "sale": json.dumps(_body(till))}


def _sell(till: dict[str, Any]) -> float:
    """Milliseconds of one sale by the till's own verb."""
    from guitai.api import sales

    body = till["sale"].replace(PREFIX, str(ids.new_id())[:24]).encode()
    began = time.perf_counter()
    sales.sell(till["token"], till["session"], body)
    return (time.perf_counter() - began) * 1000
