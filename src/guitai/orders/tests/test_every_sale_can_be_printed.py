"""Whatever sale is accepted, its proof can be drawn: no number is ever taken for less.

mof.md §14.3 (a total above 4,294,967,295 cannot be on the receipt), §3.2-3.6; product.md B.5.13.
"""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guitai.kernel.errors import GuitaiError
from guitai.kernel.money import MAX_TWD
from guitai.kernel.testing import taipei
from guitai.orders import rules
from guitai.orders.rules import Choice, InvoiceChoiceKind, Sale, SaleLine
from guitai.payments.rules import Method, Tender
from twinvoice import check, jsonform, paper, proof, raster
from twinvoice.document import Seller

K = InvoiceChoiceKind
KEY = "0123456789ABCDEF0123456789ABCDEF"
SELLER = Seller(ban="04595257", name="巷口咖啡有限公司", address="臺北市")
NAMES = st.one_of(
    st.text(min_size=1, max_size=100),
    st.text("：:\\\"'*　𠮷㊣①ㄅêÇ日茶A1 ", min_size=1, max_size=100),
    st.sampled_from(["𠮷" * 100, ":" * 100, "**", "A" * 100, "折扣"]),
)
PRINTED = [
    Choice(K.PAPER),
    Choice(K.COMPANY, ban="10458575"),
    Choice(K.COMPANY, ban="10458575", buyer_name="買方" * 30),
    Choice(K.COMPANY, ban="10458575", carrier="/ABC+123"),
]


def line(name="茶", price=100, quantity="1", **more):
    return SaleLine(name, Decimal(quantity), price, product_id=UUID(int=1), **more)


def sale(lines, choice, order_discount=0):
    due = sum(x.amount - x.discount for x in lines) - order_discount
    return Sale(
        id=UUID(int=2),
        started_at=taipei(2026, 11, 21),
        lines=tuple(lines),
        tenders=(Tender(Method.CARD, due),) if due > 0 else (),
        invoice=choice,
        total=due,
        order_discount=order_discount,
    )


@st.composite
def sales(draw):
    money = st.one_of(st.integers(0, 500), st.integers(0, MAX_TWD))
    quantity = st.decimals(Decimal("0.001"), Decimal("999999.999"), places=3)
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        made = line(
            draw(NAMES),
            draw(money),
            str(draw(st.one_of(st.just(Decimal(1)), quantity))),
            tax_type=draw(st.sampled_from("113")),
        )
        limit = max(0, min(made.amount, 10**12))
        lines.append(replace(made, discount=draw(st.integers(0, limit))))
    left = sum(x.amount - x.discount for x in lines)
    off = draw(st.one_of(st.just(0), st.integers(0, max(0, left))))
    return sale(lines, draw(st.sampled_from(PRINTED)), off)


def issued(made: Sale):
    """The document as the database completes it; ``None`` where the sale is refused."""
    try:
        rules.priced(made)
        form = rules.document_of(made.lines, made.order_discount, made.invoice, "0815")
    except GuitaiError:
        return None
    return replace(
        form,
        number="AB00000000",
        date=date(2026, 11, 21),
        time=time(23, 59, 59),
        seller=SELLER,
    )


def drawn(invoice, store="重慶店" * 20) -> paper.Slip:
    """The proof as the till's print job has it, through JSON as it travels, and on dots."""
    build = paper.company_proof if invoice.buyer.is_business else paper.proof_copy
    slip = build(invoice, KEY, store_name=store, reprint=True)
    assert paper.from_json(paper.to_json(slip)) == slip
    page = raster.page(slip, 384)
    assert page.shape[1] == 384
    return slip


@settings(max_examples=100, deadline=None)
@given(sales())
def test_an_accepted_sale_has_a_proof(made):
    invoice = issued(made)
    assume(invoice is not None)
    assert check.faults(jsonform.from_json(jsonform.to_json(invoice))) == []
    slip = drawn(invoice)
    pair = next(block for block in slip if isinstance(block, paper.QrPair))
    read = proof.read_left(pair.left)
    assert (read.number, read.total) == ("AB00000000", invoice.totals.total)


@pytest.mark.parametrize("choice", PRINTED)
@pytest.mark.parametrize(
    "lines",
    [
        [line(price=MAX_TWD)],
        [line(price=MAX_TWD - 1), line(price=1, tax_type="3")],
        [line("𠮷" * 100, 1)] * 9_999,
        [line(":" * 100, 1, "999999.999")] * 4_000,
        [line("贈品", 0)] * 9_998 + [line("茶", 1)],
    ],
    ids=["the largest", "the largest, mixed", "long names", "colons", "gifts"],
)
def test_the_outermost_sales_have_a_proof(choice, lines):
    invoice = issued(sale(lines, choice))
    assert invoice is not None
    drawn(invoice)


@pytest.mark.parametrize("choice", PRINTED)
@pytest.mark.parametrize(
    "lines",
    [
        [line(price=MAX_TWD), line(price=1)],
        [line(price=MAX_TWD), line(price=2, discount=1)],
        [line(price=1_000_000, quantity="4295")],
        [line(price=MAX_TWD + 1)],
        [line(price=MAX_TWD, tax_type="3"), line(price=MAX_TWD)],
    ],
)
def test_what_no_receipt_can_say_is_refused_before_anything_else(choice, lines):
    """Also where discounts bring the total below: the lines' own sums must be sayable too."""
    made = sale(lines, choice)
    with pytest.raises(GuitaiError) as caught:
        rules.priced(made)
    assert caught.value.code in {"ORD-TOTAL", "ORD-PRICE"}
