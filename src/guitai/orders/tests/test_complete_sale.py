"""One sale, all of it or nothing. DESIGN §3, product.md B.5, B.6, B.10, S3.16-17."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from guitai.catalog.models import Product
from guitai.devices.models import PrintJob
from guitai.invoicing.models import Invoice, Transmission
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError
from guitai.kernel.models import AuditEntry
from guitai.kernel.testing import taipei
from guitai.numbering.models import Range
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders import services
from guitai.orders.errors import BadMember, NothingToPrint
from guitai.orders.models import Order, OrderLine
from guitai.orders.rules import Choice, InvoiceChoiceKind, SaleLine
from guitai.orders.services import Credentials
from guitai.orders.tests.till import NOON, make_till, new_id
from guitai.payments.models import Tender
from guitai.tenancy.models import Binding, BusinessEntity, Register, TillSession
from guitai.tenancy.rules import hash_of
from twinvoice import check, jsonform, paper

K = InvoiceChoiceKind


@pytest.fixture
def till(db):
    return make_till()


def counts(till):
    with till.shop.tenant():
        tables = (Order, OrderLine, Tender, Invoice, Transmission, PrintJob, AuditEntry)
        rows = tuple(model.objects.count() for model in tables)
        numbers = tuple(Range.objects.order_by("id").values_list("next_no", flat=True))
    return rows, numbers


def refused(till, code, sale=None, **more):
    before = counts(till)
    with pytest.raises(GuitaiError) as caught:
        till.sell(sale, **more)
    assert caught.value.code == code, caught.value
    assert counts(till) == before
    return caught.value


def offer_members(till, carrier_type):
    with till.shop.tenant():
        BusinessEntity.objects.update(member_carrier_type=carrier_type)


def switch(till, **settings):
    with till.shop.tenant():
        Register.objects.filter(id=till.register.id).update(**settings)


def test_a_paper_sale_writes_everything_once(till):
    answer = till.sell(till.sale(till.line("拿鐵", "2"), till.line("麵包")))
    assert answer["order"]["number"] == "S1-A01-261121-0001"
    assert answer["order"]["total"] == 275
    assert answer["order"]["change"] == 100
    assert answer["invoice"]["number"] == "AB00000000"
    assert answer["invoice"]["period_label"] == "115年11-12月"
    assert answer["numbers"] == {"remaining": 99}
    assert [job["kind"] for job in answer["print_jobs"]] == ["proof"]
    assert answer["replay"] is False
    with till.shop.tenant():
        order = Order.objects.get()
        assert (order.invoice_number, order.invoice_manual) == ("AB00000000", False)
        assert order.staff_name == till.session.staff_name
        assert [line.name for line in OrderLine.objects.order_by("position")] == ["拿鐵", "麵包"]
        tender = Tender.objects.get()
        assert (tender.amount, tender.received) == (275, 375)
        invoice = Invoice.objects.get()
        assert (invoice.total, invoice.centre, invoice.state) == (275, "turnkey", "issued")
        document = jsonform.from_json(invoice.document)
        assert document.seller.ban == till.shop.entity.ban
        assert document.date.isoformat() == "2026-11-21"
        assert document.random_code == answer["invoice"]["random_code"]
        assert document.print_mark
        assert Transmission.objects.get().state == "waiting"
        assert AuditEntry.objects.filter(verb="order.complete").count() == 1


def test_the_document_of_a_stored_invoice_is_legal(till):
    from twinvoice import check

    till.sell(till.sale(till.line("拿鐵", "2", discount=11), till.line("鮮奶"), order_discount=7))
    with till.shop.tenant():
        document = jsonform.from_json(Invoice.objects.get().document)
    assert check.faults(document) == []
    assert document.totals.tax_type == "9"
    assert document.totals.total == 312


def test_one_round_trip(till, monkeypatch):
    seen = []
    plain = psycopg.Cursor.execute

    def counting(self, query, *args, **kwargs):
        seen.append(query)
        return plain(self, query, *args, **kwargs)

    sale = till.sale()
    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    till.sell(sale)
    assert len([q for q in seen if "orders_complete_sale" in str(q)]) == 1
    # The rest is the savepoint of the test's own transaction.
    assert all("SAVEPOINT" in str(q) or "orders_complete_sale" in str(q) for q in seen)


def test_the_same_sale_again_is_answered_once(till):
    sale = till.sale()
    first = till.sell(sale)
    again = till.sell(sale)
    assert again == {**first, "replay": True}
    assert counts(till)[1] == (1,)
    assert till.sell()["order"]["number"].endswith("-0002")


def test_the_same_key_with_another_body_is_refused(till):
    sale = till.sale()
    till.sell(sale)
    refused(till, "ORD-REUSED", sale, body=b"y" * 32)


def test_a_replay_is_answered_even_after_the_session_ended(till):
    sale = till.sale()
    first = till.sell(sale)
    with till.shop.tenant():
        TillSession.objects.update(closed_at=NOON)
    assert till.sell(sale)["invoice"] == first["invoice"]
    refused(till, "TILL-SESSION")


class TestWhoAsks:
    def test_an_unbound_device(self, till):
        with till.shop.tenant():
            Binding.objects.update(released_at=NOON)
        refused(till, "BIND-NONE")

    def test_an_unknown_token_and_a_strangers(self, till):
        outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
        mixed = Credentials(till.shop.merchant, hash_of(outsider.secret), outsider.session.id)
        from guitai.orders import services

        before = counts(till)
        with pytest.raises(GuitaiError) as caught:
            services.complete_sale(mixed, till.sale(), b"x" * 32, NOON)
        assert caught.value.code == "BIND-NONE"
        assert counts(till) == before

    def test_another_registers_session(self, db):
        shop = make_shop(registers=2)
        first, second = make_till(shop, 0), make_till(shop, 1)
        first.session = second.session
        refused(first, "TILL-SESSION")

    def test_a_suspended_merchant(self, till):
        from guitai.tenancy.models import Merchant

        Merchant.objects.filter(id=till.shop.merchant).update(suspended_at=NOON)
        refused(till, "TEN-MERCHANT-SUSPENDED")

    @pytest.mark.parametrize(
        ("change", "missing"),
        [
            ({"discount": 5}, "till.line_discount"),
            ({"unit_price": 100, "price_override": True}, "till.price_change"),
            ({"product_id": None}, "till.price_change"),
        ],
    )
    def test_rights_of_a_plain_clerk(self, db, change, missing):
        clerk = make_till(permissions=["till.checkout"])
        line = replace(clerk.line("拿鐵"), **change)
        error = refused(clerk, "GT-NOT-ALLOWED", clerk.sale(line))
        assert error.params["permission"] == missing

    def test_an_order_discount_needs_its_right(self, db):
        clerk = make_till(permissions=["till.checkout"])
        sale = clerk.sale(clerk.line("拿鐵"), order_discount=1)
        refused(clerk, "GT-NOT-ALLOWED", sale)

    def test_an_eticket_clerk_cannot_check_out(self, db):
        refused(make_till(permissions=["till.redeem"]), "GT-NOT-ALLOWED")


class TestCatalogue:
    def test_a_new_price_is_told_before_anything_is_sold(self, till):
        sale = till.sale(till.line("拿鐵"), till.line("麵包"))
        with till.shop.tenant():
            Product.objects.filter(name="拿鐵").update(price=130)
        error = refused(till, "ORD-CATALOG-CHANGED", sale)
        assert error.params["lines"] == [
            {
                "line": 0,
                "product_id": str(till.products["拿鐵"].id),
                "name": "拿鐵",
                "unit_price": 130,
                "tax_type": "1",
                "sold": True,
            }
        ]

    def test_what_is_not_sold_any_more(self, till):
        with till.shop.tenant():
            Product.objects.filter(name="拿鐵").update(active=False)
        assert "拿鐵" in refused(till, "ORD-NOT-SOLD").message

    def test_a_strangers_product(self, till):
        outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
        refused(till, "ORD-NOT-SOLD", till.sale(outsider.line("拿鐵")))

    def test_an_overridden_price_is_sold_at_it(self, till):
        line = till.line("拿鐵", unit_price=99, price_override=True)
        assert till.sell(till.sale(line))["order"]["total"] == 99

    def test_a_clerk_who_saw_another_total(self, till):
        error = refused(till, "ORD-PRICE-CHANGED", till.sale(total=119))
        assert (error.params["total"], error.params["seen"]) == (120, 119)


class TestInvoiceChoice:
    def choose(self, till, kind, **more):
        return till.sell(till.sale(choice=Choice(kind, **more)))

    def document(self, till):
        with till.shop.tenant():
            return jsonform.from_json(Invoice.objects.get().document)

    def test_a_company_gets_its_tax_shown_and_detail_joined(self, till):
        answer = self.choose(till, K.COMPANY, ban="10458575", buyer_name="買方有限公司")
        assert [job["kind"] for job in answer["print_jobs"]] == ["company_proof"]
        document = self.document(till)
        assert (document.buyer.ban, document.buyer.name) == ("10458575", "買方有限公司")
        assert (document.totals.sales, document.totals.tax) == (114, 6)

    def test_mobile_barcode_is_not_printed(self, till):
        answer = self.choose(till, K.MOBILE_BARCODE, carrier="/TRM+O+P")
        assert answer["print_jobs"] == []
        document = self.document(till)
        assert (document.carrier_type, document.carrier_id1, document.carrier_id2) == (
            "3J0002",
            "/TRM+O+P",
            "/TRM+O+P",
        )
        assert not document.print_mark

    def test_citizen_certificate(self, till):
        self.choose(till, K.CITIZEN_CERTIFICATE, carrier="AB12345678901234")
        assert self.document(till).carrier_type == "CQ0001"

    def test_member_carrier_takes_the_class_of_its_seller(self, till):
        sale = till.sale(choice=Choice(K.MEMBER, carrier="M0912345678"))
        error = refused(till, "ORD-MEMBER", sale)
        assert (error.field, "尚未設定" in error.message) == ("invoice.carrier", True)
        offer_members(till, "EG0123")
        answer = self.choose(till, K.MEMBER, carrier="M0912345678")
        assert answer["print_jobs"] == []
        document = self.document(till)
        assert (document.carrier_type, document.carrier_id1, document.carrier_id2) == (
            "EG0123", "M0912345678", "M0912345678",
        )  # fmt: skip
        assert (document.print_mark, check.faults(document)) == (False, [])
        with till.shop.tenant():
            assert Invoice.objects.get().carrier_type == "EG0123"

    def test_a_member_may_give_the_invoice_away(self, till):
        offer_members(till, "EG0123")
        self.choose(till, K.MEMBER, carrier="M1", npoban="168001")
        document = self.document(till)
        assert (document.carrier_type, document.npoban) == ("EG0123", "168001")

    def test_a_member_is_refused_before_his_invoice_is_put_off(self, till):
        switch(till, auto_issue=False)
        refused(till, "ORD-MEMBER", till.sale(choice=Choice(K.MEMBER, carrier="M1")))

    def test_a_members_invoice_issued_later(self, till):
        switch(till, auto_issue=False)
        offer_members(till, "EG0123")
        answer = self.choose(till, K.MEMBER, carrier="M1")
        assert answer["invoice"] is None
        offer_members(till, "")
        before = counts(till)
        with till.shop.tenant(), clock.moved(NOON):
            with pytest.raises(BadMember):
                services.issue_later(till.clerk, answer["order"]["id"], NOON)
            assert counts(till) == before
            offer_members(till, "EG0123")
            services.issue_later(till.clerk, answer["order"]["id"], NOON)
        assert self.document(till).carrier_type == "EG0123"

    def test_donation(self, till):
        self.choose(till, K.DONATION, npoban="168001")
        document = self.document(till)
        assert (document.npoban, document.print_mark) == ("168001", False)

    def test_company_with_a_mobile_barcode_prints_or_not(self, till):
        self.choose(till, K.COMPANY, ban="10458575", carrier="/TRM+O+P", print=False)
        document = self.document(till)
        assert (document.carrier_type, document.print_mark) == ("3J0002", False)

    def test_nothing_yet_takes_no_number(self, till):
        answer = self.choose(till, K.NONE_YET)
        assert answer["invoice"] is None
        assert answer["order"]["can_issue"] is True
        assert counts(till)[1] == (0,)

    def test_hand_written_now_is_marked_at_once(self, till):
        answer = self.choose(till, K.SELF, number="ZZ-12345678")
        assert answer["invoice"] == {
            "id": None,
            "number": "ZZ12345678",
            "period_label": "115年11-12月",
            "random_code": None,
            "state": "manual",
            "manual": True,
        }
        with till.shop.tenant():
            order = Order.objects.get()
            assert (order.invoice_number, order.invoice_manual) == ("ZZ12345678", True)
            assert Invoice.objects.get().manual
            assert not Transmission.objects.exists()

    def test_hand_written_replay_is_kept_once(self, till):
        sale = till.sale(choice=Choice(K.SELF, number="ZZ12345678"))
        till.sell(sale)
        assert till.sell(sale)["replay"] is True

    def test_hand_written_never_one_of_ours_nor_twice(self, till):
        refused(till, "ORD-OWN-NUMBER", till.sale(choice=Choice(K.SELF, number="AB00000099")))
        self.choose(till, K.SELF, number="ZZ12345678")
        refused(till, "INV-NUMBER-USED", till.sale(choice=Choice(K.SELF, number="ZZ12345678")))

    def test_zero_rate_brings_the_products_reason(self, till):
        till.sell(till.sale(till.line("外銷茶")))
        document = self.document(till)
        assert (document.zero_tax_rate_reason, document.customs_clearance_mark) == ("71", "2")
        from twinvoice import check

        assert check.faults(document) == []

    def test_two_reasons_cannot_share_an_invoice(self, till):
        with till.shop.tenant():
            other = Product.objects.create(
                sku="Z2",
                name="免稅店酒",
                price=900,
                tax_type="2",
                zero_tax_reason="73",
                customs_mark="2",
            )
        till.products["免稅店酒"] = other
        refused(till, "ORD-ZERO-RATE", till.sale(till.line("外銷茶"), till.line("免稅店酒")))

    def test_a_hand_priced_zero_rated_line_says_its_reason(self, till):
        line = SaleLine("外銷手工", Decimal(1), 300, tax_type="2")
        refused(till, "ORD-ZERO-RATE", till.sale(line))
        choice = Choice(K.PAPER, zero_tax_reason="71", customs_mark="1")
        till.sell(till.sale(line, choice=choice))
        assert self.document(till).zero_tax_rate_reason == "71"


class TestNumbers:
    def test_without_a_number_nothing_is_written(self, till):
        for _ in range(100):
            till.sell()
        error = refused(till, "NUM-EXHAUSTED")
        assert error.message.startswith("發票開立錯誤，未收到發票號碼")
        assert till.sell(till.sale(choice=Choice(K.SELF)))["invoice"] is None

    def test_next_period_has_its_own_numbers(self, till):
        refused(till, "NUM-OTHER-PERIOD", now=taipei(2027, 1, 1, 0, 0, 1))

    def test_a_clock_that_ran_back(self, till):
        till.sell()
        refused(till, "NUM-CLOCK-BACK", now=NOON - timedelta(minutes=2))

    def test_order_numbers_start_anew_each_day_and_never_repeat(self, till):
        assert till.sell()["order"]["number"].endswith("261121-0001")
        tomorrow = NOON + timedelta(days=1)
        assert till.sell(now=tomorrow)["order"]["number"].endswith("261122-0001")
        back = till.sell(till.sale(choice=Choice(K.NONE_YET)), now=NOON)
        assert back["order"]["number"].endswith("261122-0002")

    def test_midnight_is_taipeis(self, till):
        answer = till.sell(now=taipei(2026, 11, 22, 0, 0, 1))
        assert answer["order"]["number"].endswith("261122-0001")
        with till.shop.tenant():
            assert Order.objects.get().business_day.isoformat() == "2026-11-22"
            assert Invoice.objects.get().issue_date.isoformat() == "2026-11-22"


class TestSwitches:
    def switch(self, till, **values):
        with till.shop.tenant():
            type(till.register).objects.filter(id=till.register.id).update(**values)

    def test_auto_issue_off_waits_for_the_button(self, till):
        self.switch(till, auto_issue=False)
        answer = till.sell()
        assert (answer["invoice"], answer["order"]["can_issue"]) == (None, True)
        assert answer["print_jobs"] == []

    def test_auto_print_off(self, till):
        self.switch(till, auto_print=False)
        answer = till.sell()
        assert answer["invoice"]["number"] == "AB00000000"
        assert answer["print_jobs"] == []

    def test_detail_beside_a_proof_but_joined_for_a_company(self, till):
        self.switch(till, print_detail=True)
        assert [j["kind"] for j in till.sell()["print_jobs"]] == ["proof", "detail"]
        company = till.sale(choice=Choice(K.COMPANY, ban="10458575"))
        assert [j["kind"] for j in till.sell(company)["print_jobs"]] == ["company_proof"]


def test_a_gift_is_sold_but_not_invoiced(till):
    answer = till.sell(till.sale(till.line("贈品")))
    assert (answer["order"]["total"], answer["order"]["can_issue"]) == (0, False)
    assert answer["order"]["notice"] == "總額 0 元的交易依規定不開立發票。"
    assert answer["invoice"] is None
    assert counts(till)[1] == (0,)


def test_the_largest_sale_and_one_more(till):
    lines = [till.line("麵包")] * 9_999
    assert till.sell(till.sale(*lines))["order"]["total"] == 35 * 9_999
    with till.shop.tenant():
        assert OrderLine.objects.count() == 9_999
    refused(till, "ORD-LINES", till.sale(*lines, till.line("麵包")))


def test_the_same_key_at_two_registers_is_one_sale(db):
    shop = make_shop(registers=2)
    first, second = make_till(shop, 0), make_till(shop, 1)
    sale = first.sale(choice=Choice(K.NONE_YET))
    first.sell(sale)
    refused(second, "ORD-REUSED", sale)


def test_an_id_is_free_again_for_another_merchant(till):
    outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
    sale_id = new_id()
    till.sell(till.sale(id=sale_id))
    answer = outsider.sell(outsider.sale(id=sale_id, choice=Choice(K.NONE_YET)))
    assert answer["replay"] is False


class TestLongDetail:
    """mof.md §3.2, decision 0009: what is too long for one slip is not queued, and it is said."""

    MOST = paper.LONGEST_DETAIL

    def sold(self, till, items, kind=K.PAPER, **more):
        lines = [till.line("麵包")] * items
        return till.sell(till.sale(*lines, choice=Choice(kind, **more)))

    def kinds(self, answer):
        return [job["kind"] for job in answer["print_jobs"]]

    def test_as_many_items_as_fit_are_printed(self, till):
        switch(till, print_detail=True)
        answer = self.sold(till, self.MOST)
        assert (self.kinds(answer), answer["order"]["notice"]) == (["proof", "detail"], "")

    @pytest.mark.parametrize("kind", [K.PAPER, K.NONE_YET])
    def test_one_more_is_not_queued_and_told(self, till, kind):
        switch(till, print_detail=True)
        answer = self.sold(till, self.MOST + 1, kind)
        assert "detail" not in self.kinds(answer)
        assert f"共 {self.MOST + 1} 項" in answer["order"]["notice"]

    def test_nothing_is_told_where_nothing_was_to_be_printed(self, till):
        assert self.sold(till, self.MOST + 1)["order"]["notice"] == ""

    def test_a_discount_is_an_item_too(self, till):
        switch(till, print_detail=True)
        lines = [till.line("麵包")] * self.MOST
        for changes in ({"order_discount": 5}, {"choice": Choice(K.NONE_YET), "order_discount": 5}):
            answer = till.sell(till.sale(*lines, **changes))
            assert "detail" not in self.kinds(answer)

    def test_a_company_is_told_always(self, till):
        answer = self.sold(till, self.MOST + 1, K.COMPANY, ban="10458575")
        assert self.kinds(answer) == ["company_proof"]
        assert "一併交給買受人" in answer["order"]["notice"]
        with till.shop.tenant():
            job = PrintJob.objects.get()
            texts = [block.get("text") for block in services.slip_of(job, NOON).doc]
        assert f"明細共 {self.MOST + 1} 項，另附" in texts

    def test_a_company_is_told_when_it_is_issued_later(self, till):
        switch(till, auto_issue=False)
        answer = self.sold(till, self.MOST + 1, K.COMPANY, ban="10458575")
        assert answer["order"]["notice"] == ""
        with till.shop.tenant(), clock.moved(NOON):
            later = services.issue_later(till.clerk, answer["order"]["id"], NOON)
        assert "一併交給買受人" in later["order"]["notice"]

    @pytest.mark.parametrize("kind", [K.PAPER, K.NONE_YET])
    def test_asking_for_it_is_refused_with_the_way_out(self, till, kind):
        answer = self.sold(till, self.MOST + 1, kind)
        before = counts(till)
        with till.shop.tenant(), clock.moved(NOON), pytest.raises(NothingToPrint) as caught:
            services.reprint(till.clerk, answer["order"]["id"], "detail", NOON)
        assert f"共 {self.MOST + 1} 項" in caught.value.message
        assert "後台" in caught.value.message
        assert counts(till) == before
