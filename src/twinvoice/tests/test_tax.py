"""Vectors of mof-vectors.md §3, rules of mof.md §2.3–§2.6, discount split of product.md B.10.3."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinvoice.document import Buyer, Line
from twinvoice.faults import Fault
from twinvoice.tax import (
    Item,
    Rounding,
    header_tax_type,
    lines_for,
    split_discount,
    tax_of_exclusive,
    tax_of_inclusive,
    totals,
)

CONSUMER = Buyer()
COMPANY = Buyer("10458575", "測試買方有限公司")
INCLUSIVE = {
    1: 0, 10: 0, 11: 1, 21: 1, 50: 2, 99: 5, 110: 5, 168: 8, 340: 16, 942: 45, 1000: 48,
    1380: 66, 2000: 95, 2050: 98, 5500: 262, 39900: 1900, 0: 0,
}  # fmt: skip
EXCLUSIVE = {
    1: 0, 9: 0, 10: 1, 11: 1, 30: 2, 50: 3, 70: 4, 90: 5, 110: 6, 130: 7, 150: 8, 438: 22,
    857: 43, 1314: 66, 300: 15, 500: 25, 0: 0,
}  # fmt: skip


def line(amount, tax_type="1"):
    return Line("品", Decimal(1), Decimal(amount), Decimal(amount), "1", tax_type)


@pytest.mark.parametrize(("total", "tax"), INCLUSIVE.items())
def test_tax_inside_a_total(total, tax):
    assert tax_of_inclusive(total) == tax


@pytest.mark.parametrize(("sales", "tax"), EXCLUSIVE.items())
def test_tax_on_top_of_sales(sales, tax):
    assert tax_of_exclusive(sales) == tax


@pytest.mark.parametrize("value", [-1, 1.5, True, Decimal(3)])
def test_only_whole_dollars_are_taxed(value):
    for rule in (tax_of_inclusive, tax_of_exclusive):
        with pytest.raises(Fault) as caught:
            rule(value)
        assert caught.value.code == "TWI-AMOUNT"


def shown(result):
    return (
        result.sales,
        result.free_tax_sales,
        result.zero_tax_sales,
        result.tax_type,
        str(result.tax_rate),
        result.tax,
        result.total,
    )


@pytest.mark.parametrize(
    ("lines", "buyer", "expected"),
    [
        ([line(60), line(50)], CONSUMER, (110, 0, 0, "1", "0.05", 0, 110)),
        ([line(1314)], COMPANY, (1314, 0, 0, "1", "0.05", 66, 1380)),
        (
            [line("476.19"), line("952.3808"), line("3809.5236")],
            COMPANY,
            (5238, 0, 0, "1", "0.05", 262, 5500),
        ),
        ([line(1314, "2")], COMPANY, (0, 0, 1314, "2", "0", 0, 1314)),
        ([line(80, "3")], CONSUMER, (0, 80, 0, "3", "0", 0, 80)),
        ([line(100), line(80, "3")], CONSUMER, (100, 80, 0, "9", "0.05", 0, 180)),
        ([line(100), line(80, "3")], COMPANY, (100, 80, 0, "9", "0.05", 5, 185)),
        ([line(100), line(80, "2")], COMPANY, (100, 0, 80, "9", "0.05", 5, 185)),
    ],
)
def test_totals(lines, buyer, expected):
    assert shown(totals(lines, buyer)) == expected


def test_the_special_rate_shows_no_tax():
    result = totals([line(100, "4")], COMPANY, special_rate=Decimal("0.25"))
    assert shown(result) == (100, 0, 0, "4", "0.25", 0, 100)
    for lines, rate in (([line(100, "4")], None), ([line(1)], Decimal("0.25"))):
        with pytest.raises(Fault) as caught:
            totals(lines, COMPANY, special_rate=rate)
        assert caught.value.code == "TWI-TAX-RATE"


@pytest.mark.parametrize("types", ["23", "123", "14", "", "9", "5"])
def test_mixes_that_need_invoices_of_their_own(types):
    with pytest.raises(Fault) as caught:
        header_tax_type(types)
    assert caught.value.code == "TWI-TAX-MIX"


def test_a_discount_larger_than_its_part_is_refused():
    with pytest.raises(Fault) as caught:
        totals([line(100), line(10, "3"), line(-20, "3")], CONSUMER)
    assert caught.value.code == "TWI-TAX-NEGATIVE"


def test_the_two_rounding_rules_differ_only_in_decimals():
    assert totals([line("9.6")], COMPANY, rounding=Rounding.FROM_SALES).tax == 1
    assert totals([line("9.6")], COMPANY, rounding=Rounding.FROM_TOTAL).tax == 0
    for sales in range(5000):
        one = totals([line(sales)], COMPANY, rounding=Rounding.FROM_TOTAL)
        assert one == totals([line(sales)], COMPANY, rounding=Rounding.FROM_SALES)
        assert one.tax == tax_of_exclusive(sales)


def test_a_company_line_is_the_one_of_the_official_sample():
    (made,) = lines_for(COMPANY, [Item("商品A", Decimal(460), Decimal(3), unit="個")])
    assert (made.unit_price, made.amount, made.unit) == (Decimal(438), Decimal(1314), "個")
    assert str(made.amount) == "1314"


def test_a_discount_line_closes_the_sum():
    """The trap of mof.md §2.3: the tax is taken out of the discount once, not twice."""
    lines = lines_for(COMPANY, [Item("A", Decimal(1000)), Item("B", Decimal(365))], discount=300)
    assert sum(one.amount for one in lines) == 1014
    assert totals(lines, COMPANY).total == 1065
    assert lines[-1].description == "折扣" and round(lines[-1].amount) == -286


def test_a_mixed_order_splits_its_discount():
    items = [Item("書", Decimal(100)), Item("米", Decimal(50), tax_type="3")]
    lines = lines_for(CONSUMER, items, discount=20)
    assert [(one.description, int(one.amount), one.tax_type) for one in lines[2:]] == [
        ("應稅折扣", -13, "1"),
        ("免稅折扣", -7, "3"),
    ]
    assert shown(totals(lines, CONSUMER)) == (87, 43, 0, "9", "0.05", 0, 130)


def test_a_total_that_a_tie_would_change_keeps_its_decimals():
    """10 dollars are 10 sales without tax, but 10 exclusive sales would be taxed 1."""
    lines = lines_for(COMPANY, [Item("糖", Decimal(10))])
    assert shown(totals(lines, COMPANY)) == (10, 0, 0, "1", "0.05", 0, 10)


def test_a_weighed_item_is_rounded_once():
    (made,) = lines_for(CONSUMER, [Item("肉", Decimal("99.5"), Decimal("0.333"))])
    assert made.amount == 33


def test_an_amount_set_by_hand_keeps_the_price_of_the_shelf():
    (made,) = lines_for(COMPANY, [Item("肉", Decimal(105), Decimal(2), amount=189)])
    assert (made.amount, made.unit_price) == (180, 100)


AMOUNTS = st.integers(1, 20_000)
ITEMS = st.lists(
    st.builds(
        Item,
        st.just("品"),
        AMOUNTS.map(Decimal),
        st.integers(1, 9).map(Decimal),
        st.sampled_from(["1", "1", "1", "3"]),
    ),
    min_size=1,
    max_size=30,
)


@given(ITEMS, st.integers(0, 100))
@settings(max_examples=100)
def test_what_the_customer_pays_is_what_the_invoice_says(items, percent):
    paid = sum(item.whole_amount for item in items)
    discount = paid * percent // 200
    for buyer in (CONSUMER, COMPANY):
        lines = lines_for(buyer, items, discount=discount)
        header = totals(lines, buyer)
        assert header.total == paid - discount
        assert header.total == header.sales + header.free_tax_sales + header.tax
        exclusive = header.sales + header.free_tax_sales
        assert abs(sum(one.amount for one in lines) - exclusive) < Decimal("0.5")
        for one in lines:
            assert abs(one.quantity * one.unit_price - one.amount) < 1
            assert (one.amount < 0) == ("折扣" in one.description)


@given(st.integers(1, 5_000_000))
def test_every_total_survives_a_company_invoice(total):
    lines = lines_for(COMPANY, [Item("品", Decimal(total))])
    header = totals(lines, COMPANY)
    assert (header.total, header.tax) == (total, tax_of_inclusive(total))


@given(st.dictionaries(st.sampled_from(["1", "3"]), st.integers(0, 10**6)), st.integers(0, 10**6))
def test_shares_of_a_discount_add_up(bases, discount):
    if discount > sum(bases.values()):
        with pytest.raises(Fault):
            split_discount(discount, bases)
        return
    shares = split_discount(discount, bases)
    assert sum(shares.values()) == discount
    assert all(0 < share <= bases[kind] for kind, share in shares.items())
