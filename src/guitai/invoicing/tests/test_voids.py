import pytest
from django.db import IntegrityError, transaction

from guitai.invoicing import services
from guitai.invoicing.errors import (
    AlreadyVoid,
    BadNumber,
    BadReason,
    InvoiceNotFound,
    NumberUsed,
    VoidWindowClosed,
)
from guitai.invoicing.models import Invoice, Transmission, VoidDocument
from guitai.invoicing.tests import shop as shops
from guitai.kernel import ids, scope
from guitai.kernel.audit import Actor
from guitai.kernel.models import AuditEntry
from twinvoice import jsonform

pytestmark = pytest.mark.django_db
CLERK = Actor("person", "王小明")


@pytest.fixture
def shop():
    return shops.open_shop()


def issued(shop, **changes):
    shops.record(shop, shops.invoice_json(**changes))
    return Invoice.objects.get()


def nothing_changed():
    assert Invoice.objects.get().state == "issued"
    assert not VoidDocument.objects.exists()
    assert not Transmission.objects.filter(kind="F0501").exists()


def test_a_void_queues_behind_its_issue(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        void = services.void(
            invoice.id, reason=" 客戶取消 ", actor=CLERK, now=shops.at("2026-07-04 10:30")
        )
        sendings = list(Transmission.objects.order_by("position"))
        assert [(one.kind, one.position) for one in sendings] == [("F0401", 0), ("F0501", 1)]
        assert sendings[0].lane == sendings[1].lane
        assert sendings[1].due_at == shops.at("2026-07-05 09:00")
        assert Invoice.objects.get().state == "voided"
        assert AuditEntry.objects.get(verb="invoice.void").actor_name == "王小明"
    document = jsonform.from_json(void.document)
    assert (document.number, document.reason) == ("AB00000036", "客戶取消")
    assert (document.void_date.isoformat(), document.void_time.isoformat()) == (
        "2026-07-04",
        "10:30:00",
    )
    assert (document.buyer_ban, document.seller_ban) == ("0000000000", shops.BAN)


def test_an_invoice_is_voided_once(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        services.void(invoice.id, reason="客戶取消", actor=CLERK, now=shops.NOW)
        with pytest.raises(AlreadyVoid):
            services.void(invoice.id, reason="再一次", actor=CLERK, now=shops.NOW)
        assert VoidDocument.objects.count() == 1


def test_after_the_window_the_answer_names_the_allowance(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        with pytest.raises(VoidWindowClosed) as refused:
            services.void(
                invoice.id, reason="客戶取消", actor=CLERK, now=shops.at("2026-09-05 00:00")
            )
        assert "115年07-08月" in refused.value.message
        assert "折讓" in refused.value.message
        nothing_changed()


def test_a_void_needs_a_reason(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        with pytest.raises(BadReason):
            services.void(invoice.id, reason="", actor=CLERK, now=shops.NOW)
        nothing_changed()


def test_another_merchant_cannot_void(shop):
    other = shops.open_shop("別家")
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
    with scope.tenant(other.merchant), pytest.raises(InvoiceNotFound):
        services.void(invoice.id, reason="客戶取消", actor=CLERK, now=shops.NOW)
    with scope.tenant(shop.merchant):
        nothing_changed()


def test_a_void_is_never_changed_or_deleted_and_the_invoice_never_comes_back(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        services.void(invoice.id, reason="客戶取消", actor=CLERK, now=shops.NOW)
        for change in (
            lambda: VoidDocument.objects.update(reason="別的"),
            lambda: VoidDocument.objects.all().delete(),
            lambda: Invoice.objects.update(state="issued"),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()


def manual(shop, number="AB99999999", **changes):
    values = {
        "order_id": ids.new_id(),
        "register_id": shop.register,
        "seller_ban": shops.BAN,
        "issue_date": shops.at("2026-07-03 12:00").date(),
        "total": 500,
        "tax": 24,
        "actor": CLERK,
        "now": shops.NOW,
    }
    return services.record_manual(number=number, **{**values, **changes})


def test_a_hand_written_number_is_kept_and_never_sent(shop):
    with scope.tenant(shop.merchant):
        invoice = manual(shop, " ab99999999 ")
        assert (invoice.number, invoice.manual, invoice.period) == ("AB99999999", True, "11508")
        services.void(invoice.id, reason="寫錯", actor=CLERK, now=shops.NOW)
        assert not Transmission.objects.exists()


@pytest.mark.parametrize("number", ["", "AB1234567", "A112345678", "AB123456789", "ＡＢ12345678"])
def test_a_wrong_hand_written_number_is_refused(shop, number):
    with scope.tenant(shop.merchant):
        with pytest.raises(BadNumber) as refused:
            manual(shop, number)
        assert refused.value.field == "number"
        assert not Invoice.objects.exists()


def test_a_hand_written_number_may_not_repeat_one_of_ours(shop):
    with scope.tenant(shop.merchant):
        issued(shop)
        with pytest.raises(NumberUsed):
            manual(shop, "AB00000036")
        assert Invoice.objects.count() == 1


def test_the_first_print_is_the_original_and_later_ones_are_counted(shop):
    with scope.tenant(shop.merchant):
        invoice = issued(shop)
        assert services.mark_printed(invoice.id, now=shops.NOW) is True
        assert services.mark_printed(invoice.id, now=shops.NOW) is False
        found = Invoice.objects.get()
        assert (found.printed_at, found.reprints) == (shops.NOW, 1)
