"""Prices, discounts and the document of a sale. product.md B.5, B.10; mof.md §2, §13."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai.kernel.errors import GuitaiError
from guitai.orders import rules
from guitai.orders.rules import Choice, InvoiceChoiceKind, Sale, SaleLine
from guitai.payments.rules import Method, Tender
from twinvoice import check
from twinvoice.document import Seller

K = InvoiceChoiceKind
PAPER = Choice(K.PAPER)
COMPANY = Choice(K.COMPANY, ban="10458575")
PRODUCT = UUID(int=1)
DAY = date(2026, 11, 21)


def line(price=100, quantity="1", **more):
    return SaleLine("茶", Decimal(quantity), price, product_id=PRODUCT, **more)


def sale(*lines, tenders=None, choice=PAPER, order_discount=0, total=None, **more):
    due = sum(x.amount - x.discount for x in lines) - order_discount
    paid = tenders if tenders is not None else ((Tender(Method.CASH, due),) if due > 0 else ())
    return Sale(
        id=UUID(int=2),
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
        lines=lines,
        tenders=tuple(paid),
        invoice=choice,
        total=due if total is None else total,
        order_discount=order_discount,
        **more,
    )


@st.composite
def carts(draw, types=("1", "3")):
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        quantity = draw(st.decimals(Decimal("0.001"), Decimal("50"), places=3))
        made = line(
            draw(st.integers(0, 5_000)), str(quantity), tax_type=draw(st.sampled_from(types))
        )
        lines.append(replace(made, discount=draw(st.integers(0, made.amount))))
    left = sum(x.amount - x.discount for x in lines)
    return sale(*lines, order_discount=draw(st.integers(0, left)))


@settings(max_examples=100)
@given(carts())
def test_what_the_clerk_saw_is_what_the_parts_add_up_to(cart):
    price = rules.priced(cart)
    assert price.total == price.gross - price.line_discount - price.order_discount == cart.total
    assert price.change == 0
    wrong = replace(cart, total=cart.total + 1)
    with pytest.raises(GuitaiError) as caught:
        rules.priced(wrong)
    assert caught.value.code == "ORD-PRICE-CHANGED"
    assert caught.value.params["total"] == cart.total


def legal(document):
    """The catalogue's verdict once number, date and seller are there."""
    seller = Seller("04595257", "測試賣方", address="臺北市")
    return check.faults(replace(document, number="AB00000001", date=DAY, seller=seller))


@settings(max_examples=100)
@given(carts(), st.sampled_from([PAPER, COMPANY]))
def test_every_document_totals_what_was_paid_and_is_legal(cart, choice):
    total = rules.priced(cart).total
    if total == 0:
        with pytest.raises(GuitaiError) as caught:
            rules.document_of(cart.lines, cart.order_discount, choice, "0001")
        assert caught.value.code == "ORD-ZERO-INVOICE"
        return
    document = rules.document_of(cart.lines, cart.order_discount, choice, "0001")
    assert document.totals.total == total
    assert document.print_mark
    assert [fault for fault in legal(document) if fault.level == "hard"] == []


@settings(max_examples=60)
@given(carts())
def test_a_consumers_lines_are_the_prices_of_the_shelf(cart):
    if not rules.priced(cart).total:
        return
    document = rules.document_of(cart.lines, cart.order_discount, PAPER, "0001")
    shelf = [x for x in document.lines if x.description == "茶"]
    assert [x.unit_price for x in shelf] == [x.unit_price for x in cart.lines]
    assert [x.quantity for x in shelf] == [x.quantity for x in cart.lines]
    assert sum(x.amount for x in document.lines) == cart.total
    assert document.totals.tax == 0


def test_an_orders_discount_is_split_by_tax_type():
    """B.10.3: 100 taxable and 50 exempt share 10 as 7 and 3 (largest remainder)."""
    document = rules.document_of((line(100), line(50, tax_type="3")), 10, PAPER, "0001")
    found = {x.description: int(x.amount) for x in document.lines if x.amount < 0}
    assert found == {"應稅折扣": -7, "免稅折扣": -3}
    assert (document.totals.sales, document.totals.free_tax_sales) == (93, 47)


def test_amounts_are_rounded_half_up_like_money():
    for price, quantity in ((1, "0.5"), (35, "1.5"), (333, "0.335"), (7, "0.071")):
        expected = (Decimal(price) * Decimal(quantity)).quantize(Decimal(1), ROUND_HALF_UP)
        assert line(price, quantity).amount == int(expected)


@pytest.mark.parametrize("types", [("2", "3"), ("1", "2", "3")])
def test_zero_rated_and_exempt_never_share_an_invoice(types):
    lines = tuple(line(tax_type=kind) for kind in types)
    with pytest.raises(GuitaiError) as caught:
        rules.document_of(lines, 0, PAPER, "0001")
    assert caught.value.code == "ORD-TAX-MIX"


@pytest.mark.parametrize(
    ("cart", "code"),
    [
        (sale(), "ORD-NO-LINES"),
        (sale(line(discount=101), total=0), "ORD-DISCOUNT"),
        (sale(line(), order_discount=101, total=0), "ORD-DISCOUNT"),
        (sale(line(quantity="0"), total=0), "ORD-QUANTITY"),
        (sale(line(quantity="1.0001"), total=100), "ORD-QUANTITY"),
        (sale(line(4_294_967_296)), "ORD-PRICE"),
        (sale(line(4_000_000_000), line(4_000_000_000)), "ORD-TOTAL"),
        (sale(line(), tenders=[Tender(Method.CASH, 99)]), "PAY-SUM"),
        (sale(line(), tenders=[Tender(Method.CASH, 100, 99)]), "PAY-TENDER"),
        (sale(line(), tenders=[Tender(Method.CARD, 100, 100)]), "PAY-TENDER"),
        (sale(line(), tenders=[Tender(Method.CASH, 0), Tender(Method.CARD, 100)]), "PAY-TENDER"),
        (sale(*[line(1)] * 10_000), "ORD-LINES"),
        (sale(replace(line(), name="茶\x00")), "ORD-NAME"),
        (sale(replace(line(), name="🍵")), "ORD-NAME"),
        (sale(replace(line(), name="\ud800")), "ORD-NAME"),
        (sale(replace(line(), name="")), "ORD-NAME-MISSING"),
        (sale(replace(line(), tax_type="4")), "ORD-TAX-TYPE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(cart, code):
    with pytest.raises(GuitaiError) as caught:
        rules.priced(cart)
    assert caught.value.code == code


def test_discounts_count_as_lines_of_the_invoice():
    lines = (line(10, discount=1),) * 5_000
    assert rules.priced(sale(*lines)).total == 45_000
    with pytest.raises(GuitaiError) as caught:
        rules.document_of(lines, 0, PAPER, "0001")
    assert caught.value.code == "ORD-LINES"


def test_several_tenders_and_their_change():
    tenders = [Tender(Method.CARD, 60), Tender(Method.CASH, 40, 100)]
    assert rules.priced(sale(line(), tenders=tenders)).change == 60


@pytest.mark.parametrize(
    ("changed", "needed"),
    [
        ({}, set()),
        ({"discount": 1}, {"till.line_discount"}),
        ({"price_override": True}, {"till.price_change"}),
        ({"product_id": None}, {"till.price_change"}),
    ],
)
def test_rights_follow_from_what_is_sold(changed, needed):
    assert rules.needs(sale(replace(line(), **changed))) == {"till.checkout"} | needed


def test_an_order_discount_takes_its_right():
    assert "till.order_discount" in rules.needs(sale(line(), order_discount=1))


CHOICES = [
    (Choice(K.PAPER, print=False), "ORD-CHOICE"),
    (Choice(K.PAPER, carrier="/TRM+O+P"), "ORD-CHOICE"),
    (Choice(K.PAPER, npoban="168001"), "ORD-CHOICE"),
    (Choice(K.COMPANY), "ORD-CHOICE"),
    (Choice(K.COMPANY, ban="10458576", npoban="168001"), "ORD-CHOICE"),
    (Choice(K.COMPANY, ban="12345678"), "ORD-BAN"),
    (Choice(K.COMPANY, ban="10458575", print=False), "ORD-CHOICE"),
    (Choice(K.COMPANY, ban="10458575", buyer_name="😀"), "ORD-TEXT"),
    (Choice(K.COMPANY, ban="10458575", buyer_name="長" * 61), "ORD-TEXT-LONG"),
    (Choice(K.MOBILE_BARCODE), "ORD-CHOICE"),
    (Choice(K.MOBILE_BARCODE, carrier="/trm+o+p"), "ORD-MOBILE-BARCODE"),
    (Choice(K.MOBILE_BARCODE, carrier="/TRM+O+P", print=True), "ORD-CHOICE"),
    (Choice(K.MOBILE_BARCODE, carrier="/TRM+O+P", ban="10458575", npoban="168001"), "ORD-CHOICE"),
    (Choice(K.CITIZEN_CERTIFICATE, carrier="/TRM+O+P"), "ORD-CITIZEN"),
    (Choice(K.MEMBER), "ORD-CHOICE"),
    (Choice(K.MEMBER, carrier=" 09"), "ORD-MEMBER"),
    (Choice(K.MEMBER, carrier="會員1"), "ORD-MEMBER"),
    (Choice(K.MEMBER, carrier="０９"), "ORD-MEMBER"),
    (Choice(K.MEMBER, carrier="0\t9"), "ORD-MEMBER"),
    (Choice(K.MEMBER, carrier="9" * 401), "ORD-MEMBER"),
    (Choice(K.MEMBER, carrier="09", ban="10458575"), "ORD-CHOICE"),
    (Choice(K.DONATION), "ORD-CHOICE"),
    (Choice(K.DONATION, npoban="12345678"), "ORD-DONATION"),
    (Choice(K.DONATION, npoban="168001", print=True), "ORD-CHOICE"),
    (Choice(K.NONE_YET, ban="10458575"), "ORD-CHOICE"),
]


@pytest.mark.parametrize(("choice", "code"), CHOICES, ids=range(len(CHOICES)))
def test_the_delivery_table_refuses(choice, code):
    """mof.md §2.1: exactly one way to reach the buyer, at the field that is wrong."""
    with pytest.raises(GuitaiError) as caught:
        rules.document_of((line(),), 0, choice, "0001")
    assert caught.value.code == code
    assert caught.value.field.startswith("invoice.")


ALLOWED = [
    (PAPER, True, ""),
    (COMPANY, True, ""),
    (Choice(K.COMPANY, ban="10458575", carrier="/TRM+O+P"), True, "3J0002"),
    (Choice(K.COMPANY, ban="10458575", carrier="/TRM+O+P", print=False), False, "3J0002"),
    (Choice(K.MOBILE_BARCODE, carrier="/TRM+O+P"), False, "3J0002"),
    (Choice(K.MOBILE_BARCODE, carrier="/TRM+O+P", ban="10458575", print=True), True, "3J0002"),
    (Choice(K.MOBILE_BARCODE, carrier="/TRM+O+P", npoban="168001"), False, "3J0002"),
    (Choice(K.CITIZEN_CERTIFICATE, carrier="AB12345678901234"), False, "CQ0001"),
    (Choice(K.MEMBER, carrier="9" * 400), False, rules.MEMBER_TYPE_LATER),
    (Choice(K.DONATION, npoban="168001"), False, ""),
    (Choice(K.DONATION, npoban="168001", carrier="/TRM+O+P"), False, "3J0002"),
]


@pytest.mark.parametrize(("choice", "printed", "carrier"), ALLOWED, ids=range(len(ALLOWED)))
def test_the_delivery_table_allows(choice, printed, carrier):
    document = rules.document_of((line(),), 0, choice, "0001")
    assert (document.print_mark, document.carrier_type) == (printed, carrier)
    assert [fault for fault in legal(document) if fault.level == "hard"] == []


@pytest.mark.parametrize("kind", [K.SELF, K.NONE_YET])
def test_what_we_do_not_issue_has_no_document(kind):
    assert rules.document_of((line(),), 0, Choice(kind), "0001") is None


@pytest.mark.parametrize(
    ("typed", "number", "period"),
    [
        ("ZZ12345678", "ZZ12345678", "11512"),
        (" zz-12345678 ", "ZZ12345678", "11512"),
        ("11510ZZ123456781234", "ZZ12345678", "11510"),
        ("*11510ZZ123456781234*", "ZZ12345678", "11510"),
    ],
)
def test_hand_written_numbers(typed, number, period):
    found = rules.hand_written(typed, DAY)
    assert (found.number, found.period) == (number, period)


@pytest.mark.parametrize(
    "typed", ["", "ZZ1234567", "Z112345678", "ZZ123456789", "1151ZZ123456781234"]
)
def test_numbers_that_are_none(typed):
    with pytest.raises(GuitaiError) as caught:
        rules.hand_written(typed, DAY)
    assert caught.value.code == "ORD-NUMBER"
