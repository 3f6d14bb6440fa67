"""Every job is registered under its name, on its clock, and runs."""

import pytest
from procrastinate.contrib.django import app

from guitai.invoicing import jobs
from guitai.invoicing.models import CentreAlarm, ExchangeRecord
from guitai.invoicing.tests import fakes
from guitai.invoicing.tests import shop as shops
from guitai.kernel import clock, deferral, ids, scope

pytestmark = pytest.mark.django_db(transaction=True)

CLOCKS = {
    "invoicing.transmit": "* * * * *",
    "invoicing.morning_batch": "0 1 * * *",  # 09:00 Taipei, said in UTC
    "invoicing.read_results": "* * * * *",
    "invoicing.refill": "*/10 * * * *",
    "invoicing.check_accounts": "5 * * * *",
    "invoicing.watch": "35 * * * *",
    "invoicing.prune": "15 19 * * *",
}


def test_every_schedule_stands():
    found = {
        one.task.name: one.cron
        for one in app.periodic_registry.periodic_tasks.values()
        if one.task.name.startswith("invoicing.")
    }
    assert found == CLOCKS


@pytest.mark.parametrize("name", sorted(CLOCKS))
def test_every_job_runs_on_an_empty_house(name, settings, tmp_path):
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path)
    app.tasks[name](timestamp=0)


def test_the_trouble_of_one_merchant_does_not_end_a_job_for_the_others():
    merchants, served = [ids.new_id(), ids.new_id(), ids.new_id()], []

    def verb(*, now):
        if scope.current() == merchants[0]:
            raise RuntimeError("a secret that opens with no key")
        served.append(scope.current())

    jobs._for_each(merchants, verb, clock.now())
    assert served == merchants[1:]


def test_a_centre_that_is_down_does_not_break_the_jobs_and_is_written_down():
    shop = shops.open_shop()
    fakes.open_account(shop, base_url="http://127.0.0.1:9/", allow_plain_http=True)
    shops.record(shop)
    with clock.moved(shops.at("2026-07-04 09:00")):
        jobs.transmit()
        jobs.check_accounts()
        jobs.refill()
        jobs.watch_deadlines()
    with scope.tenant(shop.merchant):
        seen = set(ExchangeRecord.objects.values_list("operation", flat=True))
    assert {"C0401", "Y01", "A01", "A02"} <= seen


def test_the_watch_raises_its_alarm_for_the_right_merchant():
    shop, other = shops.open_shop(), shops.open_shop("別家")
    shops.record(shop)
    with clock.moved(shops.at("2026-07-06 09:00")):
        jobs.watch_deadlines()
    with scope.tenant(shop.merchant):
        assert set(CentreAlarm.objects.values_list("kind", flat=True)) == {"late_36h", "late_48h"}
    with scope.tenant(other.merchant):
        assert not CentreAlarm.objects.exists()


def test_taking_numbers_can_be_deferred_by_name():
    shop = shops.open_shop()
    job = deferral.defer(
        "invoicing.take_numbers",
        merchant_id=str(shop.merchant),
        register_id=str(shop.register),
        which="current",
    )
    assert job
