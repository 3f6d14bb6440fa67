"""Books to registers and back: one owner each, ascending, nothing lost. mof.md §4."""

import pytest

from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering import queries, services
from guitai.numbering.errors import (
    NotEnoughBooks,
    NothingToReturn,
    OrderOfNumbers,
    PeriodNotOver,
    PeriodOver,
    RangeNotFound,
    UnknownOwner,
    WrongRangeState,
)
from guitai.numbering.models import Range
from guitai.numbering.rules import Span
from guitai.numbering.services import OwnerRef
from guitai.numbering.tests.shop import BOSS, OTHER_BAN, csv_row, import_numbers, make_shop

NOON = taipei(2026, 11, 21)
PERIOD = "11512"


@pytest.fixture
def shop(db):
    return make_shop(registers=3)


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def held(shop, register):
    with shop.tenant():
        rows = Range.objects.filter(register_id=register.id).order_by("track", "begin_no")
        return [(row.begin_no, row.end_no) for row in rows]


def owners(shop):
    return [OwnerRef.register(register.id) for register in shop.registers]


def everything(shop):
    with shop.tenant():
        return sorted((r.begin_no, r.end_no) for r in Range.objects.all())


def test_evenly_with_the_web_channel(shop):
    import_numbers(shop, csv_row(0, 399))
    with shop.tenant():
        services.distribute_evenly(
            shop.entity.id, PERIOD, [*owners(shop), OwnerRef.web(shop.entity.id)], BOSS
        )
        kinds = {(row.owner_kind, row.total) for row in queries.stock(PERIOD)}
    assert kinds == {("register", 100), ("web", 100)}
    assert held(shop, shop.registers[1]) == [(100, 199)]


def test_by_use_of_the_two_periods_before(shop):
    import_numbers(shop, csv_row(0, 199))
    with shop.tenant():
        services.distribute_evenly(shop.entity.id, PERIOD, owners(shop)[:2], BOSS)
        for minute in range(30):
            services.take_number(shop.registers[1].id, taipei(2026, 11, 21, 12, minute))
    import_numbers(shop, csv_row(0, 499, months="116/01 ~ 116/02"))
    with shop.tenant():
        services.distribute_by_use(shop.entity.id, "11602", owners(shop), BOSS)
        totals = {row.owner_id: row.total for row in queries.stock("11602")}
    assert [totals[r.id] // 50 for r in shop.registers] == [1, 8, 1]


def test_by_hand_and_never_more_than_there_is(shop):
    import_numbers(shop, csv_row(0, 199))
    with shop.tenant():
        first, second, _ = owners(shop)
        services.distribute_by_hand(shop.entity.id, PERIOD, {first: 1, second: 2}, BOSS)
        with pytest.raises(NotEnoughBooks):
            services.distribute_by_hand(shop.entity.id, PERIOD, {first: 2}, BOSS)
    assert held(shop, shop.registers[1]) == [(50, 149)]
    assert everything(shop) == [(0, 49), (50, 149), (150, 199)]


def test_books_of_several_files_stay_apart_but_are_shared_out(shop):
    import_numbers(shop, csv_row(0, 49), csv_row(50, 99), csv_row(200, 249))
    with shop.tenant():
        services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[0]: 3}, BOSS)
    assert held(shop, shop.registers[0]) == [(0, 49), (50, 99), (200, 249)]


def test_a_register_is_never_given_lower_numbers_than_it_has(shop):
    import_numbers(shop, csv_row(0, 149))
    with shop.tenant():
        stock = Range.objects.get()
        first, second, _ = owners(shop)
        given = services.assign(stock.id, 50, 99, first, BOSS)
        lower = Range.objects.get(begin_no=0)
        with pytest.raises(OrderOfNumbers):
            services.assign(lower.id, 0, 49, first, BOSS)
        with pytest.raises(OrderOfNumbers):
            services.distribute_by_hand(shop.entity.id, PERIOD, {first: 2}, BOSS)
        services.distribute_by_hand(shop.entity.id, PERIOD, {first: 1, second: 1}, BOSS)
    assert given.begin_no == 50
    assert held(shop, shop.registers[0]) == [(50, 99), (100, 149)]
    assert held(shop, shop.registers[1]) == [(0, 49)]


def test_unused_whole_books_come_back_and_go_elsewhere(shop):
    import_numbers(shop, csv_row(0, 199))
    with shop.tenant():
        services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[0]: 4}, BOSS)
        services.take_number(shop.registers[0].id, NOON)
        row = Range.objects.get(register_id=shop.registers[0].id)
        services.take_back(row.id, BOSS, books=1)
        services.take_back(row.id, BOSS)
        with pytest.raises(NothingToReturn):
            services.take_back(row.id, BOSS)
        services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[1]: 3}, BOSS)
    assert held(shop, shop.registers[0]) == [(0, 49)]
    assert held(shop, shop.registers[1]) == [(50, 149), (150, 199)]


def test_an_untouched_range_comes_back_whole(shop):
    import_numbers(shop, csv_row(0, 99))
    with shop.tenant():
        given = services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[0]: 2}, BOSS)
        back = services.take_back(given[0].id, BOSS)
        assert (back.id, back.owner_kind, back.owner_id) == (given[0].id, "stock", None)


def test_strangers_and_retired_registers_get_nothing(shop):
    import_numbers(shop, csv_row(0, 99))
    outsider = make_shop(name="別家", ban=OTHER_BAN)
    with shop.tenant():
        shop.registers[2].retired_at = NOON
        shop.registers[2].save(update_fields=["retired_at"])
        stranger = OwnerRef.register(outsider.register.id)
        retired = owners(shop)[2]
        for owner in (stranger, retired, OwnerRef.web(outsider.entity.id)):
            with pytest.raises(UnknownOwner):
                services.distribute_evenly(shop.entity.id, PERIOD, [owner], BOSS)
        stock = Range.objects.get()
    with outsider.tenant(), pytest.raises(RangeNotFound):
        services.assign(stock.id, 0, 49, OwnerRef.register(outsider.register.id), BOSS)
    assert everything(shop) == [(0, 99)]


def test_a_finished_period_is_neither_shared_out_nor_issued(shop):
    import_numbers(shop, csv_row(0, 99))
    with shop.tenant(), clock.moved(taipei(2027, 1, 1)), pytest.raises(PeriodOver):
        services.distribute_evenly(shop.entity.id, PERIOD, owners(shop), BOSS)


def test_blank_numbers_of_a_finished_period_are_all_that_was_not_issued(shop):
    import_numbers(shop, csv_row(0, 149), csv_row(300, 349))
    with shop.tenant():
        services.distribute_by_hand(
            shop.entity.id, PERIOD, {owners(shop)[0]: 1, owners(shop)[1]: 1}, BOSS
        )
        for second in range(3):
            services.take_number(shop.registers[0].id, taipei(2026, 11, 21, 12, 0, second))
        with pytest.raises(PeriodNotOver):
            services.close_period(PERIOD)
        with clock.moved(taipei(2027, 1, 1, 0, 0, 0)):
            assert services.close_period(PERIOD) == 4
            assert services.close_period(PERIOD) == 0
        blank = [row.span for row in queries.unissued(PERIOD)]
    assert blank == [Span("AB", 3, 149), Span("AB", 300, 349)]


def test_pausing_stops_issuing_and_a_closed_range_stays_closed(shop):
    import_numbers(shop, csv_row(0, 49))
    with shop.tenant():
        (given,) = services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[0]: 1}, BOSS)
        services.pause(given.id, BOSS, "盤點")
        assert queries.remaining(shop.registers[0].id, PERIOD) == 0
        services.resume(given.id, BOSS)
        assert queries.remaining(shop.registers[0].id, PERIOD) == 50
        with clock.moved(taipei(2027, 1, 2)):
            services.close_period(PERIOD)
        with pytest.raises(WrongRangeState):
            services.resume(given.id, BOSS)


def test_pausing_all_stops_every_register_and_no_other_merchant(shop):
    other = make_shop(ban=OTHER_BAN)
    for each in (shop, other):
        import_numbers(each, csv_row(0, 149, ban=each.entity.ban))
        with each.tenant():
            services.distribute_by_hand(each.entity.id, PERIOD, {owners(each)[0]: 1}, BOSS)
    with shop.tenant():
        used_up = Range.objects.filter(owner_kind="register").first()
        Range.objects.filter(id=used_up.id).update(next_no=used_up.end_no + 1)
        assert services.pause_all(BOSS, "自備份還原") >= 1
        assert Range.objects.get(id=used_up.id).state == "active"  # nobody needs to resume it
        assert services.pause_all(BOSS, "自備份還原") == 0
        assert queries.remaining(shop.registers[0].id, PERIOD) == 0
    with other.tenant():
        assert queries.remaining(other.registers[0].id, PERIOD) == 50


def test_forecast_looks_at_what_was_used(shop):
    import_numbers(shop, csv_row(0, 99))
    with shop.tenant():
        services.distribute_by_hand(shop.entity.id, PERIOD, {owners(shop)[0]: 2}, BOSS)
        for second in range(42):
            services.take_number(shop.registers[0].id, taipei(2026, 11, 21, 12, 0, second))
        seen = queries.forecast_of(shop.registers[0].id)
    # 42 in 21 days: 2 a day, 58 left, 40 days to go.
    assert (seen.remaining, seen.per_day, seen.days_left, seen.short) == (58, 2.0, 29, True)
