"""What the desk and the till read, and that nobody reads another merchant's."""

from datetime import date, timedelta

import pytest

from guitai.invoicing import queries, services
from guitai.invoicing.models import CentreAccount, CentreAlarm, ExchangeRecord, Invoice
from guitai.invoicing.models import Transmission as Sending
from guitai.invoicing.queries import InvoiceFilter, TransmissionFilter
from guitai.invoicing.services import watch
from guitai.invoicing.tests import fakes
from guitai.invoicing.tests import shop as shops
from guitai.kernel import ids, scope
from guitai.kernel.audit import Actor
from guitai.kernel.errors import NoTenantScope

pytestmark = pytest.mark.django_db
OWNER = Actor("person", "林老闆")
PAPER = {"carrier_type": "", "carrier_id1": "", "carrier_id2": "", "print_mark": True}


@pytest.fixture
def shop():
    shop = shops.open_shop()
    shops.record(shop, shops.invoice_json("AB00000001"))
    shops.record(shop, shops.invoice_json("AB00000002", **PAPER), now=shops.at("2026-07-03 19:00"))
    shops.record(
        shop,
        shops.invoice_json("AB00000003", **PAPER, buyer={"ban": "04595257", "name": "公司"}),
        now=shops.at("2026-07-03 20:00"),
    )
    shops.record(
        shop,
        shops.invoice_json("AB00000004", **{**PAPER, "print_mark": False}, npoban="919"),
        now=shops.at("2026-07-04 08:00"),
        centre="turnkey",
    )
    return shop


def numbers(**wanted):
    return [one.number[-1] for one in queries.invoices(InvoiceFilter(**wanted))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "4321"),
        ({"text": "AB00000002"}, "2"),
        ({"text": " ab-0000 0002 "}, "2"),
        ({"text": "AB000000"}, "4321"),
        ({"text": "CD"}, ""),
        ({"text": "04595257"}, "3"),
        ({"text": "00000003"}, "3"),
        ({"text": "'; drop table"}, ""),
        ({"delivery": "carrier"}, "1"),
        ({"delivery": "paper"}, "2"),
        ({"delivery": "company"}, "3"),
        ({"delivery": "donation"}, "4"),
        ({"delivery": "nothing"}, ""),
        ({"since": date(2026, 7, 4)}, "4"),
        ({"until": date(2026, 7, 3)}, "321"),
        ({"period": "11510"}, ""),
        ({"state": "voided"}, ""),
        ({"upload": "waiting"}, "4321"),
        ({"upload": "sent"}, ""),
        ({"manual": True}, ""),
    ],
)
def test_filters(shop, wanted, found):
    with scope.tenant(shop.merchant):
        assert "".join(numbers(**wanted)) == found


def test_totals_leave_voided_ones_apart(shop):
    with scope.tenant(shop.merchant):
        first = queries.by_number("AB00000001")
        services.void(first.id, reason="取消", actor=OWNER, now=shops.NOW)
        assert queries.totals(queries.invoices()) == queries.Totals(3, 315, 0, 1, 105)
        assert numbers(state="voided") == ["1"]
        assert queries.void_of(first.id).reason == "取消"
        assert [one.kind for one in queries.lane(first)] == ["F0401", "F0501"]


def test_pages_follow_each_other_without_gap_or_double(shop):
    with scope.tenant(shop.merchant):
        found = queries.invoices()
        seen = [found[0]]
        while page := list(queries.after(found, seen[-1].issued_at, seen[-1].id)[:1]):
            seen += page
        assert [one.number for one in seen] == [one.number for one in found]


def test_an_invoice_is_found_by_number_and_the_date_of_its_code(shop):
    with scope.tenant(shop.merchant):
        assert queries.by_number("AB00000001", date(2026, 7, 3)) is not None
        assert queries.by_number("AB00000001", date(2026, 7, 4)) is None
        order = queries.by_number("AB00000001").order_id
        assert [one.number for one in queries.of_order(order)] == ["AB00000001"]


def test_counts_and_lists_of_sendings(shop):
    with scope.tenant(shop.merchant):
        Sending.objects.filter(number="AB00000001").update(state="parked")
        assert queries.counts_by_state()["waiting"] == 3
        assert queries.counts_by_state("turnkey")["waiting"] == 1
        assert queries.counts_by_state()["parked"] == 1
        found = queries.transmissions(TransmissionFilter(state="parked"))
        assert [one.number for one in found] == ["AB00000001"]
        assert queries.transmissions(TransmissionFilter(number=" ab00000002 ")).count() == 1


def test_the_till_is_told_in_words(shop):
    def shown(centre="mirle"):
        found = queries.centre_state(shop.register, centre, shops.BAN, shops.NOW)
        return found.state, found.state_text

    with scope.tenant(shop.merchant):
        assert shown("none")[0] == "none"
        assert shown()[0] == "attention"  # no account yet
        fakes.open_account(shop)
        assert shown() == ("busy", "3 張等待上傳")
        Sending.objects.filter(number="AB00000001").update(state="in_doubt")
        assert shown() == ("busy", "1 張結果查詢中")
        Sending.objects.filter(number="AB00000002").update(state="rejected")
        assert shown()[0] == "attention"
        Sending.objects.update(state="sent")
        assert shown() == ("ok", "上傳正常")
        CentreAccount.objects.update(state="paused", problem="驗證失敗")
        assert shown() == ("attention", "上傳暫停：驗證失敗")


@pytest.mark.parametrize(
    ("hours", "overdue", "late"), [(35, 0, 0), (37, 2, 0), (49, 3, 2), (100, 4, 4)]
)
def test_lateness_counts_from_the_sale(shop, hours, overdue, late):
    now = shops.NOW + timedelta(hours=hours)
    with scope.tenant(shop.merchant):
        assert queries.overdue(now).count() == overdue
        assert queries.late(now).count() == late
        assert watch.watch(now=now) == overdue
        open_alarms = {one.kind for one in queries.alarms()}
        assert open_alarms == {
            kind for kind, count in (("late_36h", overdue), ("late_48h", late)) if count
        }
        Sending.objects.update(state="sent")
        watch.watch(now=now)
        assert not queries.alarms().exists()
        assert queries.alarms(only_open=False).count() == len(open_alarms)


def test_a_void_behind_a_refused_issue_and_a_register_without_centre_are_shown(shop):
    shops.record(shop, shops.invoice_json("AB00000009"), centre="none")
    with scope.tenant(shop.merchant):
        first = queries.by_number("AB00000001")
        services.void(first.id, reason="取消", actor=OWNER, now=shops.NOW)
        Sending.objects.filter(number="AB00000001", kind="F0401").update(state="rejected")
        assert [one.kind for one in queries.blocked()] == ["F0501"]
        assert [one.number for one in queries.without_centre()] == ["AB00000009"]


def test_exchanges_older_than_90_days_are_dropped(shop):
    with scope.tenant(shop.merchant):
        for days in (1, 89, 91, 400):
            ExchangeRecord.objects.create(
                centre="mirle",
                operation="C0401",
                at=shops.NOW - timedelta(days=days),
                milliseconds=1,
                method="POST",
                url="https://a/",
                request=b"",
                response=b"",
            )
        assert watch.prune_exchanges(now=shops.NOW) == 2
        assert ExchangeRecord.objects.count() == 2


def test_the_key_is_not_among_what_the_list_of_accounts_selects(shop):
    fakes.open_account(shop)
    with scope.tenant(shop.merchant):
        assert "channel_key" not in str(queries.accounts().query)


READS = [
    lambda invoice: list(queries.invoices()),
    lambda invoice: queries.invoice(invoice.id),
    lambda invoice: queries.by_number(invoice.number),
    lambda invoice: queries.of_order(invoice.order_id),
    lambda invoice: queries.void_of(invoice.id),
    lambda invoice: queries.totals(queries.invoices()).count,
    lambda invoice: list(queries.transmissions()),
    lambda invoice: sum(queries.counts_by_state().values()),
    lambda invoice: queries.sendings_of([invoice.id]),
    lambda invoice: queries.lane(invoice),
    lambda invoice: queries.history(ids.new_id()),
    lambda invoice: queries.exchanges(ids.new_id()),
    lambda invoice: list(queries.overdue(shops.NOW + timedelta(days=30))),
    lambda invoice: list(queries.blocked()),
    lambda invoice: list(queries.without_centre()),
    lambda invoice: list(queries.alarms(only_open=False)),
    lambda invoice: list(queries.accounts()),
]


@pytest.mark.parametrize("read", READS)
def test_the_outsider_reads_nothing_and_nobody_reads_without_a_tenant(shop, read):
    fakes.open_account(shop)
    other = shops.open_shop("別家")
    with scope.tenant(shop.merchant):
        CentreAlarm.objects.create(
            centre="mirle", kind="x", key="y", sentence="z", raised_at=shops.NOW
        )
        invoice = Invoice.objects.first()
    with scope.tenant(other.merchant):
        assert not read(invoice)
    with pytest.raises(NoTenantScope):
        read(invoice)
