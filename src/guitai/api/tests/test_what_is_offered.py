"""What a register may offer: member carriers (mof.md §7.1), and its centre (product.md B.5.3)."""

import pytest

from guitai.api.tests.http import Page, sale_body
from guitai.invoicing.models import Invoice, Transmission
from guitai.kernel import clock
from guitai.numbering.models import Range
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders.models import Order
from guitai.orders.tests.till import NOON, make_till
from guitai.tenancy.models import BusinessEntity, Register
from twinvoice import check, jsonform, mig


@pytest.fixture
def till(db):
    return make_till()


@pytest.fixture
def page(till):
    return Page.of(till)


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def error(response):
    return response.status_code, response.json()["error"]["code"]


def offer_members(till, carrier_type="EG0123"):
    with till.shop.tenant():
        BusinessEntity.objects.update(member_carrier_type=carrier_type)


def centre(till, key):
    with till.shop.tenant():
        Register.objects.filter(id=till.register.id).update(centre=key)


def written(till):
    with till.shop.tenant():
        numbers = list(Range.objects.order_by("id").values_list("next_no", "last_issued_at"))
        return Order.objects.count(), Invoice.objects.count(), Transmission.objects.count(), numbers


class TestMemberCarrier:
    CHOICE = {"kind": "member", "carrier": "M-0912 345"}

    def test_from_the_till_to_the_message(self, till, page):
        offer_members(till)
        answer = page.post("sales", sale_body(till, invoice=self.CHOICE)).json()
        assert answer["print_jobs"] == []
        with till.shop.tenant():
            document = jsonform.from_json(Invoice.objects.get().document)
        assert check.faults(document) == []
        xml = mig.write(document).decode()
        for element in (
            "<CarrierType>EG0123</CarrierType>",
            "<CarrierId1>M-0912 345</CarrierId1>",
            "<CarrierId2>M-0912 345</CarrierId2>",
            "<PrintMark>N</PrintMark>",
            "<DonateMark>0</DonateMark>",
        ):
            assert element in xml
        assert mig.read(xml.encode()) == document
        seen = page.get(f"orders/{answer['order']['id']}").json()["order"]["invoice"]
        assert "0912" not in seen["carrier"]
        assert seen["printable"] is False
        path = f"orders/{answer['order']['id']}/reprint"
        assert error(page.post(path, {"what": "proof"})) == (409, "ORD-NOTHING-TO-PRINT")

    def test_the_state_says_whether_it_is_offered(self, till, page):
        assert page.get("state").json()["entity"]["member_carrier"] is False
        offer_members(till)
        assert page.get("state").json()["entity"]["member_carrier"] is True

    def test_another_sellers_class_is_not_ours(self, till, page):
        outsider = make_till(make_shop(name="別家", ban=OTHER_BAN))
        offer_members(outsider)
        before = written(till)
        assert page.get("state").json()["entity"]["member_carrier"] is False
        response = page.post("sales", sale_body(till, invoice=self.CHOICE))
        assert error(response) == (422, "ORD-MEMBER")
        said = response.json()["error"]
        assert said["field"] == "invoice.carrier"
        assert "尚未設定本店的會員載具類別號碼，請改選其他載具。" in said["message"]
        assert written(till) == before

    def test_the_till_cannot_name_a_class(self, till, page):
        offer_members(till)
        choice = {**self.CHOICE, "carrier_type": "EJ0113"}
        assert error(page.post("sales", sale_body(till, invoice=choice))) == (422, "API-BODY")

    @pytest.mark.parametrize("carrier", ["", " M1", "會員1", "Ｍ１", "9" * 401])
    def test_what_is_no_id_is_refused_at_the_field(self, till, page, carrier):
        offer_members(till)
        before = written(till)
        choice = {"kind": "member", "carrier": carrier}
        response = page.post("sales", sale_body(till, invoice=choice))
        assert response.status_code == 422
        assert response.json()["error"]["field"] == "invoice.carrier"
        assert written(till) == before


class TestNoCentre:
    def test_nothing_is_issued_and_nothing_written(self, till, page):
        centre(till, "none")
        before = written(till)
        response = page.post("sales", sale_body(till))
        assert error(response) == (409, "NUM-NO-CENTRE")
        assert "只能「自行開立」" in response.json()["error"]["message"]
        assert written(till) == before

    def test_the_state_says_so(self, till, page):
        centre(till, "none")
        said = page.get("state").json()["centre"]
        assert (said["key"], said["state"]) == ("none", "none")
        assert said["state_text"] == "沒有連接加值中心，只能自行開立"

    def test_hand_written_and_not_yet_are_sold_all_the_same(self, till, page):
        centre(till, "none")
        for choice in ({"kind": "self"}, {"kind": "none_yet"}):
            response = page.post("sales", sale_body(till, invoice=choice))
            assert (response.status_code, response.json()["invoice"]) == (201, None)
        later = f"orders/{response.json()['order']['id']}/issue"
        before = written(till)
        answer = page.post(later, {"invoice": {"kind": "paper"}})
        assert error(answer) == (409, "NUM-NO-CENTRE")
        assert written(till) == before

    def test_a_range_with_a_centre_of_its_own_does_not_connect_the_register(self, till, page):
        centre(till, "none")
        with till.shop.tenant():
            Range.objects.update(centre="mirle")
        assert page.get("state").json()["centre"]["key"] == "none"
        assert error(page.post("sales", sale_body(till))) == (409, "NUM-NO-CENTRE")

    def test_a_connected_register_follows_its_range(self, till, page):
        with till.shop.tenant():
            Range.objects.update(centre="mirle")
        assert page.get("state").json()["centre"]["key"] == "mirle"
        assert page.post("sales", sale_body(till)).status_code == 201
        with till.shop.tenant():
            assert Invoice.objects.get().centre == "mirle"
