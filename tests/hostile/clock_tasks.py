"""What the test of the clock asks of a house: ``python -m tests.hostile.clock_tasks TASK JSON``."""

import json
import sys
from datetime import datetime, timedelta
from typing import Any

from tests import house_tasks  # sets Django up before the imports below

from guitai.config import demo_shop  # isort: skip
from guitai.invoicing.models import Invoice, Transmission  # isort: skip
from guitai.invoicing.ports import Which  # isort: skip
from guitai.invoicing.services import numbers  # isort: skip
from guitai.kernel import clock, scope  # isort: skip
from guitai.kernel.audit import SYSTEM  # isort: skip
from twinvoice.period import Period  # isort: skip


def seed(sandbox: str) -> dict[str, Any]:
    """The demo shop with numbers of this and the next period at both centres, signed in."""
    demo_shop.prepare_sandbox(sandbox)
    shop = demo_shop.ensure(sandbox)
    with scope.tenant(shop.merchant_id):
        for which in (Which.CURRENT, Which.NEXT):
            numbers.take_numbers(shop.mirle_register, which, actor=SYSTEM, now=clock.now())
        tills = {
            "turnkey": house_tasks._signed_in(shop, "01", shop.turnkey_register),
            "mirle": house_tasks._signed_in(shop, "02", shop.mirle_register),
        }
    period = Period.of(clock.today())
    midnight = datetime.combine(period.next().first_day, datetime.min.time(), clock.TAIPEI)
    return {
        "tills": tills,
        "last_day": period.last_day.isoformat(),
        "first_day": period.next().first_day.isoformat(),
        "periods": [period.code, period.next().code],
        "midnight": midnight.timestamp(),
    }


def state() -> list[dict[str, Any]]:
    """Every invoice and how far its transmission came."""
    with scope.tenant(house_tasks.merchant_id()):
        sent = {t.subject_id: t for t in Transmission.objects.all()}
        return [
            {
                "number": invoice.number,
                "centre": invoice.centre,
                "date": invoice.document["date"],
                "period": invoice.period,
                "state": sent[invoice.id].state,
                "due": sent[invoice.id].due_at.timestamp(),
                "message": sent[invoice.id].provider_message,
            }
            for invoice in Invoice.objects.order_by("number")
        ]


def seconds_to(moment: float) -> float:
    """From now, as this house's clock shows it, to a POSIX moment."""
    return (datetime.fromtimestamp(moment, clock.TAIPEI) - clock.now()) / timedelta(seconds=1)


TASKS = {task.__name__: task for task in (seed, state, seconds_to, house_tasks.broken_facts)}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
