"""The worker outlives its database: every session is cut while it works, and it goes on."""

import time
from datetime import UTC, datetime

import pytest
from django.db import connection

from guitai.invoicing.models import Transmission
from guitai.invoicing.tests import fakes
from guitai.invoicing.tests import shop as shops
from guitai.kernel import scope
from guitai.providers.tests.sandbox import KEY
from guitai.providers.tests.worker import Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.crash, pytest.mark.slow]
NINE = shops.at("2026-07-04 09:00")


def cut_every_session() -> int:
    """What a restart of the database does to its clients, without stopping everybody else's."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def await_state(shop, state, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with scope.tenant(shop.merchant):
            if set(Transmission.objects.values_list("state", flat=True)) == {state}:
                return
        time.sleep(0.1)
    with scope.tenant(shop.merchant):
        states = list(Transmission.objects.values_list("state", flat=True))
    raise AssertionError(f"not {state} in time: {states}")


def test_the_worker_reconnects_and_ends_gracefully(sandbox, tmp_path):
    shop = shops.open_shop()
    fakes.open_account(shop, base_url=sandbox.url, allow_plain_http=True, channel_key=KEY)
    offset = tmp_path / "offset"
    offset.write_text(str((NINE - datetime.now(UTC)).total_seconds()))
    worker = Worker(offset)
    try:
        shops.record(shop, shops.invoice_json("QQ00000001"))  # of no range: parked
        await_state(shop, "parked")
        assert cut_every_session() >= 2
        time.sleep(0.5)
        assert cut_every_session() >= 0
        with scope.tenant(shop.merchant):
            Transmission.objects.update(state="waiting")
        await_state(shop, "parked")
        assert worker.process.poll() is None
    finally:
        status = worker.stop()
    assert status == 0
