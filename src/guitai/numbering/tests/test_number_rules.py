"""Distribution, take-back and forecast. mof.md §4, providers.md §3.5."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai.numbering import rules
from guitai.numbering.rules import RangeState, Span

BOOK = 50


@st.composite
def stocks(draw):
    """Disjoint spans on book borders, in any order."""
    spans, begin = [], 0
    for _ in range(draw(st.integers(1, 5))):
        begin += BOOK * draw(st.integers(0, 3))
        books = draw(st.integers(1, 6))
        spans.append(Span("AB", begin, begin + books * BOOK - 1))
        begin = spans[-1].end + 1
    return draw(st.permutations(spans))


def numbers_of(spans):
    return [number for span in spans for number in range(span.begin, span.end + 1)]


@settings(max_examples=100)
@given(stocks(), st.integers(1, 6))
def test_an_even_plan_hands_out_every_book_once(stock, owners):
    books = rules.even_books(rules.books_in(stock), owners)
    shares = rules.plan(stock, books)
    handed = numbers_of(share.span for share in shares)
    assert sorted(handed) == sorted(numbers_of(stock))
    assert len(set(handed)) == len(handed)
    assert max(books) - min(books) <= 1
    for index, count in enumerate(books):
        assert sum(s.span.count for s in shares if s.index == index) == count * BOOK


@settings(max_examples=100)
@given(stocks(), st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 1500))
def test_a_plan_never_goes_below_an_owners_floor(stock, books, floor):
    floors = {(0, "AB"): floor}
    try:
        shares = rules.plan(stock, books, floors)
    except ValueError:
        usable = rules.books_in(
            [
                Span("AB", max(s.begin, -(-floor // BOOK) * BOOK), s.end)
                for s in stock
                if s.end > floor
            ]
        )
        assert sum(books) > rules.books_in(stock) or books[0] > usable or len(books) > 1
        return
    assert all(s.span.begin >= floor for s in shares if s.index == 0)
    assert all(s.span.begin % BOOK == 0 and s.span.end % BOOK == BOOK - 1 for s in shares)


def test_use_before_decides_the_share_and_newcomers_get_a_book():
    assert rules.books_by_use(10, [300, 100, 0]) == [6, 3, 1]
    assert rules.books_by_use(4, [0, 0]) == [2, 2]
    assert rules.books_by_use(1, [5, 90]) == rules.even_books(1, 2)
    assert rules.books_by_use(7, []) == []


@settings(max_examples=100)
@given(st.integers(0, 60), st.lists(st.integers(0, 5000), min_size=1, max_size=8))
def test_shares_by_use_add_up(books, used):
    shares = rules.books_by_use(books, used)
    assert sum(shares) == books
    assert min(shares) >= (1 if books >= len(used) else 0)


@pytest.mark.parametrize(
    ("begin", "end", "next_no", "books", "expected"),
    [
        (0, 149, 0, None, (0, 149)),
        (0, 149, 1, None, (50, 149)),
        (0, 149, 50, None, (50, 149)),
        (0, 149, 51, None, (100, 149)),
        (0, 149, 101, None, None),
        (0, 149, 0, 1, (100, 149)),
        (0, 149, 0, 0, None),
        (10, 149, 10, None, (50, 149)),
        (0, 120, 0, None, None),
        (0, 149, 150, None, None),
    ],
)
def test_only_whole_unused_books_come_back_from_the_end(begin, end, next_no, books, expected):
    found = rules.returnable(begin, end, next_no, books)
    assert (found and (found.begin, found.end)) == expected


@settings(max_examples=100)
@given(stocks())
def test_merging_keeps_every_number_and_leaves_no_neighbours(stock):
    joined = rules.merged(stock)
    assert numbers_of(joined) == sorted(numbers_of(stock))
    assert all(a.end + 1 < b.begin for a, b in pairwise(joined))


def test_forecast_counts_days_and_warns_early():
    plenty = rules.forecast(1000, 200, 20, 30)
    assert (plenty.per_day, plenty.days_left, plenty.short) == (10, 100, False)
    assert rules.forecast(200, 200, 20, 30).short
    assert rules.forecast(49, 0, 10, 5).short
    assert rules.forecast(80, 0, 10, 5) == rules.Forecast(80, 0.0, None, False)
    assert rules.forecast(150, 2000, 20, 1).short


def test_a_closed_range_never_opens_again():
    assert rules.may_change("active", "paused")
    assert rules.may_change("paused", "active")
    assert rules.may_change("closed", "reported")
    for state in ("active", "paused", "closed"):
        assert not rules.may_change(RangeState.REPORTED, state)
    assert not rules.may_change("closed", "active")
