"""Tenders add up to the total. product.md B.5.11."""

from hypothesis import given
from hypothesis import strategies as st

from guitai.payments.rules import Method, Tender, fault_of

AMOUNTS = st.integers(1, 10_000)


@given(st.lists(st.tuples(AMOUNTS, st.integers(0, 5_000)), max_size=5))
def test_any_split_that_adds_up_is_fine_and_one_dollar_off_is_not(parts):
    tenders = [Tender(Method.CASH, amount, amount + extra) for amount, extra in parts]
    total = sum(amount for amount, _ in parts)
    assert fault_of(tenders, total) is None
    assert fault_of(tenders, total + 1).reason == "sum"
    assert sum(tender.change for tender in tenders) == sum(extra for _, extra in parts)


@given(AMOUNTS, st.integers(1, 100))
def test_cash_must_cover_and_only_cash_is_received(amount, less):
    short = fault_of([Tender(Method.CASH, amount, amount - less)], amount)
    assert (short.reason, short.index, short.amount) == ("short", 0, less)
    assert fault_of([Tender(Method.CARD, amount, amount)], amount).reason == "received"


@given(st.integers(-10, 0))
def test_nothing_is_no_payment(amount):
    assert fault_of([Tender(Method.CARD, amount)], amount).reason == "amount"
