"""Jobs of this room: load an id, call a service. The clock of procrastinate runs in UTC."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from procrastinate.contrib.django import app

from guitai.invoicing import queries
from guitai.invoicing.ports import Which
from guitai.invoicing.services import accounts, numbers, results, watch
from guitai.invoicing.services.transmission import Engine, run_until_idle
from guitai.kernel import audit, clock, scope

log = logging.getLogger(__name__)


def _for_each(merchants: Iterable[UUID], verb: Callable[..., object], now: datetime) -> None:
    """Calls ``verb(now=now)`` in each merchant's scope; the trouble of one is not the others'."""
    for merchant_id in merchants:
        with scope.tenant(merchant_id):
            try:
                verb(now=now)
            except Exception:  # e.g. a secret that opens with no key: the next merchant must go on
                log.exception("%s failed for merchant %s", verb.__qualname__, merchant_id)


@app.periodic(cron="* * * * *")
@app.task(name="invoicing.transmit", queueing_lock="invoicing.transmit")
def transmit(timestamp: int = 0) -> None:
    """Every minute: whatever is due and the worker's own loop has not taken."""
    with Engine() as engine:
        run_until_idle(engine)


@app.periodic(cron="0 1 * * *")
@app.task(name="invoicing.morning_batch", queueing_lock="invoicing.morning_batch")
def morning_batch(timestamp: int = 0) -> None:
    """09:00 Taipei: the batch of yesterday's documents (S2.19). Due rows tell their own time."""
    with Engine() as engine:
        run_until_idle(engine)


@app.periodic(cron="* * * * *")
@app.task(name="invoicing.read_results", queueing_lock="invoicing.read_results")
def read_results(timestamp: int = 0) -> None:
    """Every minute: what the platform left in the Turnkey folder."""
    results.read_results(now=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="invoicing.refill", queueing_lock="invoicing.refill")
def refill(timestamp: int = 0) -> None:
    """Every ten minutes: numbers for registers that run low."""
    _for_each(queries.merchants_with_accounts(), numbers.refill, clock.now())


@app.task(name="invoicing.take_numbers")
def take_numbers(merchant_id: str, register_id: str, which: str) -> None:
    """On request of the desk, where the answer need not be waited for."""
    with scope.tenant(UUID(merchant_id)):
        numbers.take_numbers(UUID(register_id), Which(which), actor=audit.SYSTEM, now=clock.now())


@app.periodic(cron="5 * * * *")
@app.task(name="invoicing.check_accounts", queueing_lock="invoicing.check_accounts")
def check_accounts(timestamp: int = 0) -> None:
    """Hourly: connection, clock, and whether a paused account is welcome again."""
    _for_each(queries.merchants_with_accounts(), accounts.check_all, clock.now())


@app.periodic(cron="35 * * * *")
@app.task(name="invoicing.watch", queueing_lock="invoicing.watch")
def watch_deadlines(timestamp: int = 0) -> None:
    """Hourly: alarms for what is not at its centre after 36 and 48 hours."""
    _for_each(queries.merchants_with_open_sendings(), watch.watch, clock.now())


@app.periodic(cron="15 19 * * *")
@app.task(name="invoicing.prune", queueing_lock="invoicing.prune")
def prune(timestamp: int = 0) -> None:
    """03:15 Taipei: drops copies of exchanges older than 90 days; documents are kept for ever."""
    watch.prune_exchanges(now=clock.now())
