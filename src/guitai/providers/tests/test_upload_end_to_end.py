"""From the recorded sale to the centre's own ledger: engine, adapters, sandbox, real database."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings

from guitai.invoicing import queries, services
from guitai.invoicing.errors import CentreCannot, CentreRefused, NoNumbersAtCentre
from guitai.invoicing.models import (
    CentreAccount,
    CentreAlarm,
    ExchangeRecord,
    Invoice,
    Transmission,
)
from guitai.invoicing.ports import CentreRange, Which
from guitai.invoicing.rules import Outcome
from guitai.invoicing.services import accounts, numbers, results
from guitai.invoicing.services.transmission import Engine, Pace, run_until_idle
from guitai.invoicing.tests import shop as shops
from guitai.kernel import clock, scope
from guitai.kernel.audit import Actor
from guitai.numbering import services as numbering
from guitai.numbering.models import Allocation, Range
from guitai.providers.contract import Kept
from guitai.providers.tests.sandbox import BAN, KEY
from guitai.providers.tests.worker import Worker
from guitai.tenancy.models import Register
from twinvoice import jsonform

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = Actor("person", "林老闆")
NINE = shops.at("2026-07-04 09:00")


@pytest.fixture
def shop(sandbox):
    shop = shops.open_shop()
    with scope.tenant(shop.merchant), clock.moved(NINE):
        accounts.save(
            centre="mirle",
            entity_id=shop.entity,
            register_id=shop.register,
            actor=OWNER,
            base_url=sandbox.url,
            posid="1",
            channel_key=KEY,
            allow_plain_http=True,
        )
        numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)
    return shop


def engine(now=lambda: NINE):
    return Engine(pace=Pace(quiet=timedelta(0)), now=now)


def kept(sandbox, kind="invoice", face="mirle"):
    return {row["number"]: row for row in sandbox.documents(face) if row["kind"] == kind}


def states(shop):
    with scope.tenant(shop.merchant):
        return {key: count for key, count in queries.counts_by_state().items() if count}


def all_equal(shop, sandbox, face="mirle"):
    """Every invoice of ours is there once, equal to what was sold; nothing else is there."""
    with scope.tenant(shop.merchant):
        sold = [Kept.sold(jsonform.from_json(one.document)) for one in Invoice.objects.all()]
    there = [Kept.there(row) for row in kept(sandbox, face=face).values()]
    assert sorted(there, key=lambda one: one.number) == sorted(sold, key=lambda one: one.number)
    assert sandbox.ledger(face)["accepted_twice"] == []


# --- numbers


def test_numbers_taken_become_the_registers_own_range(shop, sandbox):
    with scope.tenant(shop.merchant):
        row = Range.objects.get()
        assert (row.track, row.begin_no, row.end_no, row.period) == ("AB", 0, 249, "11508")
        assert (row.register_id, row.centre) == (shop.register, "mirle")
        assert {one.operation for one in ExchangeRecord.objects.all()} == {"A01", "A02"}


@pytest.mark.parametrize("fault", ["drop_reply", "dollar_range"])
def test_numbers_lost_on_the_way_are_not_lost(shop, sandbox, fault):
    sandbox.fault(fault, times=1, **({"message": "A01"} if fault == "drop_reply" else {}))
    with scope.tenant(shop.merchant), clock.moved(NINE):
        taken = numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)
        assert taken.count == 250
        assert sorted(Range.objects.values_list("begin_no", flat=True)) == [0, 250]


def test_a_range_given_twice_is_not_added_twice(shop, sandbox):
    sandbox.fault("range_twice", times=1)
    with scope.tenant(shop.merchant), clock.moved(NINE):
        assert numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE).count == 0
        assert Range.objects.count() == 1


def test_no_numbers_speaks_the_sentence_of_the_help_centre_and_alarms_once(shop, sandbox):
    sandbox.fault("exhausted")
    with scope.tenant(shop.merchant), clock.moved(NINE):
        for _ in range(2):
            with pytest.raises(NoNumbersAtCentre) as refused:
                numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)
        assert refused.value.message.startswith("發票開立錯誤，未收到發票號碼")
        assert "115年07-08月" in refused.value.message
        assert CentreAlarm.objects.filter(kind="no_numbers").count() == 1


def test_a_suspended_account_is_paused_and_comes_back_by_itself(shop, sandbox):
    sandbox.fault("suspended")
    with scope.tenant(shop.merchant), clock.moved(NINE):
        with pytest.raises(CentreRefused):
            numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)
        account = CentreAccount.objects.get()
        assert account.state == "paused"
        state = queries.centre_state(shop.register, "mirle", BAN, NINE)
        assert (state.state, state.key) == ("attention", "mirle")
        sandbox.ask("faults", {"name": "suspended", "on": False})
        assert accounts.check(account.id, now=NINE).outcome is Outcome.OK
        assert CentreAccount.objects.get().state == "ok"


def test_a_silent_centre_is_told_after_the_second_hourly_check_and_closed_by_an_answer(
    shop, sandbox
):
    def alarmed():
        return CentreAlarm.objects.filter(kind="unreachable", closed_at=None).exists()

    with scope.tenant(shop.merchant):
        assert accounts.check_all(now=NINE) == 1
        CentreAccount.objects.update(base_url="https://127.0.0.1:9")
        accounts.check_all(now=NINE + timedelta(hours=1))
        assert not alarmed()
        accounts.check_all(now=NINE + timedelta(hours=2))
        assert alarmed()
        CentreAccount.objects.update(base_url=sandbox.url)
        accounts.check_all(now=NINE + timedelta(hours=3))
        assert not alarmed()


def test_a_missing_turnkey_folder_is_told_at_once(shop, settings, tmp_path):
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "unmounted")
    with scope.tenant(shop.merchant):
        CentreAccount.objects.update(centre="turnkey")
        accounts.check_all(now=NINE)
        assert "找不到 Turnkey 資料夾" in CentreAlarm.objects.get(kind="unreachable").sentence
        (tmp_path / "unmounted").mkdir()
        accounts.check_all(now=NINE)
        assert not CentreAlarm.objects.filter(kind="unreachable", closed_at=None).exists()


def test_secrets_that_no_key_opens_are_told_and_hold_up_nobody_else(shop):
    with scope.tenant(shop.merchant), connection.cursor() as cursor:
        cursor.execute("UPDATE invoicing_centreaccount SET channel_key = 'enc1:nonsense'")
        assert accounts.check_all(now=NINE) == 0
        assert "金鑰打不開" in CentreAlarm.objects.get(kind="secret").sentence


def test_a_skewed_clock_raises_an_alarm_and_closes_it(shop, sandbox):
    with scope.tenant(shop.merchant):
        account = CentreAccount.objects.get()
        sandbox.fault("clock_skew", seconds=300)
        accounts.check(account.id, now=NINE)
        assert "300 秒" in CentreAlarm.objects.get(kind="clock", closed_at=None).sentence
        sandbox.ask("faults", {"name": "clock_skew", "on": False})
        accounts.check(account.id, now=NINE)
        assert not CentreAlarm.objects.filter(kind="clock", closed_at=None).exists()


def test_refill_takes_this_period_when_low_and_the_next_before_it_begins(shop, sandbox):
    with scope.tenant(shop.merchant), clock.moved(NINE):
        assert numbers.refill(now=NINE) == 0
        Range.objects.update(next_no=230)
        assert numbers.refill(now=NINE) == 1
    near_end = shops.at("2026-08-29 10:00")
    sandbox.ask("clock", {"now": "2026-08-29T10:00:00", "hold": True})
    with scope.tenant(shop.merchant), clock.moved(near_end):
        assert numbers.refill(now=near_end) == 1
        assert sorted(Range.objects.values_list("period", flat=True)) == ["11508", "11508", "11510"]


def test_restored_books_take_no_numbers_by_themselves_and_use_none_unseen(shop, sandbox):
    """The centre hands out again what the backup does not know: it may be issued already."""
    with scope.tenant(shop.merchant), clock.moved(NINE):
        Range.objects.update(next_no=230)
        assert numbers.refill(now=NINE) == 1
        (issued,) = Range.objects.exclude(next_no=230)
        issued.delete()  # as the older backup has it
        Allocation.objects.filter(id=issued.allocation_id).delete()
        numbering.books_restored(OWNER, NINE)
        assert numbers.refill(now=NINE) == 0
        taken = numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)
        assert [int(one.begin) for one in taken.ranges] == [issued.begin_no]
        assert set(Range.objects.values_list("state", flat=True)) == {"paused"}


def test_the_merchants_own_range_is_told_to_the_centre_and_not_taken_back(shop, sandbox):
    own = CentreRange("11510", "GH", "00000000", "00000049")
    with scope.tenant(shop.merchant), clock.moved(NINE):
        for _ in range(2):
            numbers.tell_range(shop.register, own, actor=OWNER, now=NINE)
        with pytest.raises(CentreRefused):
            bad = CentreRange("11510", "EF", "00000000", "00000049")  # the centre's own
            numbers.tell_range(shop.register, bad, actor=OWNER, now=NINE)
    assert any(one["track"] == "GH" for one in sandbox.ask("state")["ranges"])


def test_a_register_without_such_a_centre_is_told(shop):
    with scope.tenant(shop.merchant):
        Register.objects.update(centre="turnkey")
        accounts.save(centre="turnkey", entity_id=shop.entity, register_id=None, actor=OWNER)
        with pytest.raises(CentreCannot):
            numbers.take_numbers(shop.register, Which.CURRENT, actor=OWNER, now=NINE)


# --- uploads to Mirle


def test_what_was_sold_arrives_equal_and_a_void_behind_it(shop, sandbox):
    for count in range(12):
        shops.record(shop, shops.invoice_json(f"AB{count:08d}"))
    with scope.tenant(shop.merchant):
        first = Invoice.objects.get(number="AB00000000")
        services.void(first.id, reason="取消", actor=OWNER, now=shops.at("2026-07-03 19:00"))
    with engine() as running:
        run_until_idle(running)
    assert states(shop) == {"sent": 13}
    all_equal(shop, sandbox)
    assert kept(sandbox)["AB00000000"]["state"] == "void"


@pytest.mark.parametrize(
    ("fault", "params"),
    [
        ("drop_reply", {}),
        ("close_before_commit", {}),
        ("duplicate", {}),
        ("storm_5xx", {"commit": True}),
        ("storm_5xx", {"commit": False}),
        ("wrong_charset", {}),
        ("garbage", {}),
        ("garbage", {"commit": False}),
        ("slow", {"seconds": 0.2}),
    ],
)
def test_under_every_fault_everything_arrives_exactly_once(shop, sandbox, fault, params):
    for count in range(6):
        shops.record(shop, shops.invoice_json(f"AB{count:08d}"))
    with scope.tenant(shop.merchant):
        for invoice in Invoice.objects.filter(number__lte="AB00000001"):
            services.void(invoice.id, reason="取消", actor=OWNER, now=shops.at("2026-07-03 19:00"))
    sandbox.fault(fault, times=5, **params)
    moment = [NINE]
    with engine(lambda: moment[0]) as running:
        for _ in range(12):
            run_until_idle(running)
            moment[0] += timedelta(minutes=20)
    assert states(shop) == {"sent": 8}
    all_equal(shop, sandbox)
    assert sorted(kept(sandbox, "void")) == ["AB00000000", "AB00000001"]


def test_the_channel_key_is_in_no_row_of_the_journal(shop, sandbox):
    shops.record(shop)
    with engine() as running:
        run_until_idle(running)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT convert_from(request || response, 'UTF8') FROM public.invoicing_exchangerecord"
        )
        texts = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT channel_key FROM public.invoicing_centreaccount")
        stored = cursor.fetchone()[0]
    assert texts
    assert not any(KEY in text for text in texts)
    assert KEY not in stored


# --- Turnkey


@pytest.fixture
def turnkey(sandbox):
    for part in ("UpCast", "Unpack", ".outgoing"):
        for file in (sandbox.turnkey / part).rglob("*.xml"):
            file.unlink()
    shop = shops.open_shop()
    with override_settings(GUITAI_TURNKEY_FOLDER=str(sandbox.turnkey)):
        with scope.tenant(shop.merchant):
            accounts.save(centre="turnkey", entity_id=shop.entity, register_id=None, actor=OWNER)
        yield shop


def read(now=NINE):
    return results.read_results(now=now)


def test_a_dropped_file_is_confirmed_by_the_platform(turnkey, sandbox):
    for count in range(3):
        shops.record(turnkey, shops.invoice_json(f"CD{count:08d}"), centre="turnkey", now=NINE)
    with engine() as running:
        run_until_idle(running)
    assert states(turnkey) == {"sent": 3}
    sandbox.ask("turnkey/run", {})
    tally = read()
    assert (tally.changed, tally.unknown, tally.unreadable) == (3, 0, 0)
    assert states(turnkey) == {}
    with scope.tenant(turnkey.merchant):
        assert Transmission.objects.filter(state="confirmed").count() == 3
    assert read().files == 0  # once
    all_equal(turnkey, sandbox, "turnkey")


def test_a_result_that_was_half_copied_is_read_once_it_is_whole(turnkey, sandbox):
    shops.record(turnkey, shops.invoice_json("CD00000000"), centre="turnkey", now=NINE)
    with engine() as running:
        run_until_idle(running)
    sandbox.ask("turnkey/run", {})
    (result,) = (sandbox.turnkey / "Unpack" / "BAK" / "ProcessResult").rglob("*.xml")
    whole = result.read_bytes()
    result.write_bytes(whole[: len(whole) // 2])
    assert (read().unreadable, read().unreadable) == (1, 0)
    assert states(turnkey) == {"sent": 1}
    result.write_bytes(whole)
    assert read().changed == 1
    assert states(turnkey) == {}
    assert read().files == 0


def test_an_answer_that_is_older_than_the_restored_books_is_read_again(turnkey, sandbox):
    """A backup from before the sending: the file is at the platform, and so is its result."""
    for count in range(2):
        shops.record(turnkey, shops.invoice_json(f"CD{count:08d}"), centre="turnkey", now=NINE)
    with scope.tenant(turnkey.merchant):
        backup = Transmission.objects.filter(number="CD00000001").values().get()
    with engine() as running:
        run_until_idle(running)
    sandbox.ask("turnkey/run", {})
    with scope.tenant(turnkey.merchant):
        Transmission.objects.filter(number="CD00000001").update(**backup)
    assert (read().changed, states(turnkey)) == (1, {"waiting": 1})
    assert read().changed == 0
    with engine() as running:
        run_until_idle(running)
    assert states(turnkey) == {"sent": 1}
    assert read().changed == 1
    assert (states(turnkey), read().files) == ({}, 0)
    assert len(list((sandbox.turnkey / "UpCast").rglob("*.xml"))) <= 2


def test_a_refusal_of_the_platform_is_shown_with_its_code(turnkey, sandbox):
    sandbox.fault("result_code", face="turnkey", number="CD00000001", code="E0103")
    for count in range(2):
        shops.record(turnkey, shops.invoice_json(f"CD{count:08d}"), centre="turnkey", now=NINE)
    with engine() as running:
        run_until_idle(running)
    sandbox.ask("turnkey/run", {})
    read()
    with scope.tenant(turnkey.merchant):
        found = {row.number: row for row in Transmission.objects.all()}
    assert found["CD00000000"].state == "confirmed"
    assert (found["CD00000001"].state, found["CD00000001"].provider_code) == ("rejected", "E0103")


def test_what_the_summary_does_not_know_raises_an_alarm(turnkey, sandbox):
    sandbox.fault("never_answer", face="turnkey", number="CD00000001", lost=True)
    for count in range(2):
        shops.record(turnkey, shops.invoice_json(f"CD{count:08d}"), centre="turnkey", now=NINE)
    with engine() as running:
        run_until_idle(running)
    sandbox.ask("turnkey/run", {})
    sandbox.ask("turnkey/summary", {"date": "2026-07-04"})
    tally = read()
    assert tally.missing == 1
    with scope.tenant(turnkey.merchant):
        alarm = CentreAlarm.objects.get(kind="missing")
        assert "CD00000001" in alarm.sentence
        assert Transmission.objects.get(number="CD00000001").state == "sent"


def test_a_result_about_a_stranger_changes_nothing(turnkey, sandbox):
    shops.record(turnkey, shops.invoice_json("CD00000000"), centre="turnkey", now=NINE)
    with engine() as running:
        run_until_idle(running)
    sandbox.ask("turnkey/run", {})
    other = shops.open_shop("別家")
    with scope.tenant(other.merchant):
        assert list(queries.transmissions()) == []
        assert list(queries.invoices()) == []
        assert list(queries.alarms()) == []
    read()
    assert states(other) == {}


# --- the process itself


def _settled(shop) -> bool:
    return set(states(shop)) == {"sent"}


@pytest.mark.crash
@pytest.mark.slow
def test_a_worker_killed_again_and_again_delivers_everything_exactly_once(shop, sandbox, tmp_path):
    for count in range(200):
        shops.record(shop, shops.invoice_json(f"AB{count:08d}"))
    with scope.tenant(shop.merchant):
        for invoice in Invoice.objects.filter(number__lte="AB00000019"):
            services.void(invoice.id, reason="取消", actor=OWNER, now=shops.at("2026-07-03 19:00"))
    sandbox.fault("drop_reply", times=8)
    sandbox.fault("slow", seconds=0.05)
    offset = tmp_path / "offset"
    start = (NINE - datetime.now(UTC)).total_seconds()
    offset.write_text(str(start))
    for kills in range(4):
        worker = Worker(offset)
        before = len(sandbox.ask("deliveries?limit=50000")["deliveries"])
        for step in range(200):
            if len(sandbox.ask("deliveries?limit=50000")["deliveries"]) > before:
                break
            # What the last kill put in doubt rests for a while: let that while pass.
            offset.write_text(str(start := start + 10 * (step > 20)))
            time.sleep(0.05)
        time.sleep(0.05 * kills)
        worker.kill()
    sandbox.ask("faults", {"on": False})
    last = Worker(offset)
    for _ in range(3000):
        if _settled(shop):
            break
        offset.write_text(str(start := start + 60))
        time.sleep(0.1)
    assert last.stop() == 0
    assert states(shop) == {"sent": 220}
    all_equal(shop, sandbox)
    assert len(kept(sandbox, "void")) == 20
