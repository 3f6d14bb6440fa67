"""Vectors of mof-vectors.md §7, rules of mof.md §8 and §14.7."""

from dataclasses import replace

import pytest

from twinvoice import lottery
from twinvoice.faults import Fault
from twinvoice.lottery import WinningNumbers, match, match_invoice
from twinvoice.period import Period
from twinvoice.tests.samples import COMPANY_INVOICE, PRINTED, SCENARIOS

WINNING = WinningNumbers(
    period=Period.parse("10206"),
    special=("12345678",),
    grand=("87654321",),
    first=("11223344", "55667788", "99887766"),
    extra_sixth=("007", "344"),
    cloud={1_000_000: {"AB00000001"}, 2_000: {"AB11223344"}, 500: {"AB00000344", "CD00000002"}},
)


@pytest.mark.parametrize(
    ("number", "name", "amount"),
    [
        ("AB12345678", "特別獎", 10_000_000),
        ("AB87654321", "特獎", 2_000_000),
        ("AB11223344", "頭獎", 200_000),
        ("ZZ99887766", "頭獎", 200_000),
        ("AB01223344", "二獎", 40_000),
        ("AB00223344", "三獎", 10_000),
        ("AB00023344", "四獎", 4_000),
        ("AB00003344", "五獎", 1_000),
        ("AB00000344", "六獎", 200),
        ("AB00000007", "增開六獎", 200),
        ("00000788", "六獎", 200),
    ],
)
def test_prizes(number, name, amount):
    won = match(number, WINNING)
    assert (won.name, won.amount) == (name, amount)


@pytest.mark.parametrize("number", ["AB00000000", "AB99999999", "AB02345678", "AB07654321"])
def test_no_prize(number):
    assert match(number, WINNING) is None


def test_the_best_of_all_first_prize_numbers_counts():
    winning = replace(WINNING, first=("12345678", "00005678"), special=("00000000",))
    assert match("AB00005678", winning).name == "頭獎"


def test_cloud_prizes_need_the_track_and_a_cloud_invoice():
    assert match("AB00000001", WINNING, cloud=True).amount == 1_000_000
    assert match("AC00000001", WINNING, cloud=True) is None
    assert match("AB00000001", WINNING) is None
    assert match("00000001", WINNING, cloud=True) is None
    assert match("AB00000344", WINNING, cloud=True).amount == 500
    assert match("AB11223344", WINNING, cloud=True).name == "頭獎"


def winning_for(invoice):
    return replace(WINNING, period=Period.of(invoice.date), special=(invoice.number[2:],), cloud={})


def test_who_takes_part():
    assert match_invoice(PRINTED, winning_for(PRINTED)).name == "特別獎"
    assert match_invoice(PRINTED, winning_for(PRINTED), void=True) is None
    assert match_invoice(PRINTED, WINNING) is None
    assert match_invoice(COMPANY_INVOICE, winning_for(COMPANY_INVOICE)) is None
    zero_rated = replace(PRINTED, totals=replace(PRINTED.totals, tax_type="2"))
    free = replace(PRINTED, totals=replace(PRINTED.totals, total=0))
    for invoice in (zero_rated, free):
        assert match_invoice(invoice, winning_for(invoice)) is None
    bans = (PRINTED.buyer.ban,)
    assert match_invoice(PRINTED, winning_for(PRINTED), government_bans=bans) is None


def test_a_printed_invoice_wins_no_cloud_prize():
    carried = SCENARIOS["07-mobile-barcode"]
    winning = replace(WINNING, period=Period.of(carried.date), cloud={2_000: {carried.number}})
    assert match_invoice(carried, winning).amount == 2_000
    assert match_invoice(replace(carried, print_mark=True), winning) is None
    assert match_invoice(SCENARIOS["08-donation"], winning) is None


@pytest.mark.parametrize("number", ["", "1234567", "A12345678", "ab12345678", "AB１２３４５６７８"])
def test_wrong_numbers_are_refused(number):
    with pytest.raises(Fault) as caught:
        match(number, WINNING)
    assert caught.value.code == "TWI-NUMBER"


@pytest.mark.parametrize(
    "wrong",
    [
        {"special": "12345678"},
        {"first": ("1234567",)},
        {"extra_sixth": ("0007",)},
        {"cloud": {500: {"00000001"}}},
        {"cloud": {600: {"AB00000001"}}},
    ],
)
def test_wrong_winning_numbers_are_refused(wrong):
    with pytest.raises(Fault) as caught:
        replace(WINNING, **wrong)
    assert caught.value.code == "TWI-LOTTERY"


def test_amounts_are_those_of_the_law():
    assert lottery.prize("cloud_800").amount == 800
