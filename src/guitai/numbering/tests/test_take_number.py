"""Only today, only this period, ascending in time, every refusal with its own code. mof.md §4."""

from datetime import date, timedelta

import pytest

from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering import errors, queries, services
from guitai.numbering.models import Range
from guitai.numbering.services import OwnerRef
from guitai.numbering.tests.shop import (
    BOSS,
    OTHER_BAN,
    csv_row,
    give_evenly,
    import_numbers,
    make_shop,
)

NOON = taipei(2026, 11, 21)


@pytest.fixture
def shop(db):
    made = make_shop()
    with clock.moved(NOON):
        import_numbers(made, csv_row(0, 49), csv_row(50, 99))
        give_evenly(made)
    return made


def take(shop, moment=NOON, day=None):
    with shop.tenant():
        return services.take_number(shop.register.id, moment, day)


def refusal(shop, moment=NOON, day=None):
    with shop.tenant():
        before = list(Range.objects.order_by("id").values_list("id", "next_no", "last_issued_at"))
    with pytest.raises(errors.NoNumber) as caught:
        take(shop, moment, day)
    with shop.tenant():
        after = list(Range.objects.order_by("id").values_list("id", "next_no", "last_issued_at"))
    assert before == after
    assert caught.value.message.startswith("發票開立錯誤，未收到發票號碼")
    return caught.value


def test_numbers_ascend_without_a_gap_into_the_next_book(shop):
    taken = [take(shop, NOON + timedelta(seconds=second)) for second in range(100)]
    assert [t.number for t in taken] == [f"AB{n:08d}" for n in range(100)]
    assert [t.remaining for t in taken] == list(range(99, -1, -1))
    assert len({t.range_id for t in taken}) == 2
    assert (taken[0].period, taken[0].centre) == ("11512", "turnkey")
    assert refusal(shop, NOON + timedelta(seconds=101)).code == "NUM-EXHAUSTED"


def test_a_rolled_back_sale_gives_its_number_back(shop):
    from django.db import transaction

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert take(shop).number == "AB00000000"
        _ = 1 / 0
    assert take(shop).number == "AB00000000"


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2026, 11, 20), "NUM-DAY-PAST"),
        (date(2026, 11, 22), "NUM-DAY-FUTURE"),
        (date(2026, 10, 31), "NUM-DAY-PERIOD"),
        (date(2027, 1, 1), "NUM-DAY-PERIOD"),
    ],
)
def test_only_todays_date(shop, day, code):
    assert refusal(shop, day=day).code == code


def test_today_asked_for_by_name_is_fine(shop):
    assert take(shop, day=date(2026, 11, 21)).number == "AB00000000"


def test_the_business_day_is_taipeis(shop):
    # 00:30 in Taipei on the 22nd is still the 21st in UTC.
    after_midnight = taipei(2026, 11, 22, 0, 30)
    assert take(shop, after_midnight, date(2026, 11, 22)).number == "AB00000000"


def test_midnight_between_two_periods(shop):
    last = taipei(2026, 12, 31, 23, 59, 59)
    first = taipei(2027, 1, 1, 0, 0, 0)
    assert take(shop, last).period == "11512"
    error = refusal(shop, first)
    assert error.code == "NUM-OTHER-PERIOD"
    assert "116年01-02月期" in error.message
    assert "115年11-12月期" in error.message
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 49, track="CD", months="116/01 ~ 116/02"))
        give_evenly(shop, "11602")
    assert take(shop, first).number == "CD00000000"


def test_a_clock_that_ran_back_is_refused(shop):
    take(shop, NOON)
    error = refusal(shop, NOON - timedelta(minutes=1))
    assert error.code == "NUM-CLOCK-BACK"
    assert "2026-11-21 12:00:00" in error.message


def test_the_next_book_remembers_the_time_of_the_book_before(shop):
    for _ in range(50):
        take(shop, NOON)
    assert refusal(shop, NOON - timedelta(minutes=1)).code == "NUM-CLOCK-BACK"


def test_a_client_that_waited_issues_at_the_moment_before_it_never_earlier(shop):
    take(shop, NOON)
    late = take(shop, NOON - timedelta(seconds=2))
    assert (late.number, late.issued_at) == ("AB00000001", NOON)


def test_each_reason_has_its_code(shop, db):
    with shop.tenant():
        for row in Range.objects.all():
            services.pause(row.id, BOSS)
    assert refusal(shop).code == "NUM-PAUSED"

    bare = make_shop(name="沒號碼", ban=OTHER_BAN)
    assert refusal(bare).code == "NUM-NONE"

    with shop.tenant():
        shop.register.centre = "none"
        shop.register.save(update_fields=["centre"])
    assert refusal(shop).code == "NUM-NO-CENTRE"
    with shop.tenant():
        shop.register.retired_at = NOON
        shop.register.save(update_fields=["retired_at"])
    assert refusal(shop).code == "NUM-NO-REGISTER"


def test_the_ranges_own_centre_wins_over_the_registers(shop, db):
    assert take(shop).centre == "turnkey"
    with shop.tenant():
        Range.objects.update(centre="mirle")
        assert queries.centre_of(shop.register.id, "turnkey", "11512") == "mirle"
    assert take(shop).centre == "mirle"


def test_screens_name_the_centre_of_the_very_next_number(shop, db):
    with shop.tenant():
        ranges = list(Range.objects.order_by("track", "begin_no"))
        Range.objects.filter(id=ranges[-1].id).update(centre="mirle")
    for _ in range(sum(r.end_no - r.begin_no + 1 for r in ranges)):
        with shop.tenant():
            said = queries.centre_of(shop.register.id, "turnkey", "11512")
        assert take(shop).centre == said
    with shop.tenant():
        assert queries.centre_of(shop.register.id, "turnkey", "11512") == "turnkey"


def test_a_register_without_a_centre_takes_nothing_whatever_its_ranges_say(shop, db):
    with shop.tenant():
        Range.objects.update(centre="mirle")
        shop.register.centre = "none"
        shop.register.save(update_fields=["centre"])
        before = list(Range.objects.order_by("id").values())
        assert queries.centre_of(shop.register.id, "none", "11512") == "none"
    error = refusal(shop)
    assert error.code == "NUM-NO-CENTRE"
    assert "只能「自行開立」" in error.message
    with shop.tenant():
        assert list(Range.objects.order_by("id").values()) == before


def test_a_closed_period_says_so(shop):
    with shop.tenant():
        Range.objects.update(state="closed")
    assert refusal(shop).code == "NUM-CLOSED"


def test_a_stranger_takes_nothing_of_ours(shop):
    outsider = make_shop(name="別家", ban=OTHER_BAN)
    with outsider.tenant(), pytest.raises(errors.NoRegister):
        services.take_number(shop.register.id, NOON)
    assert take(shop).number == "AB00000000"


def test_numbers_of_a_centre_are_uploaded_through_it(shop):
    with clock.moved(NOON), shop.tenant():
        services.add_range_from_centre(shop.register.id, "11512", "AA", 0, 49, centre="mirle")
    assert take(shop).centre == "mirle"


def test_a_begun_book_goes_first(shop):
    assert take(shop).number == "AB00000000"
    with clock.moved(NOON), shop.tenant():
        services.add_range_from_centre(shop.register.id, "11512", "AA", 0, 49, centre="mirle")
    assert take(shop).number == "AB00000001"


def test_the_web_channel_has_numbers_of_its_own(shop):
    with clock.moved(NOON):
        import_numbers(shop, csv_row(100, 149))
        with shop.tenant():
            services.distribute_evenly(
                shop.entity.id, "11512", [OwnerRef.web(shop.entity.id)], BOSS
            )
            taken = services.take_web_number(shop.entity.id, "ecpay", NOON)
    assert (taken.number, taken.centre) == ("AB00000100", "ecpay")


def test_taking_stays_a_hot_update(shop):
    """``next_no`` is in no index: the row's new version stays on its page (stack.md §8.5)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'numbering_range' "
            "AND (indexdef LIKE '%next_no%' OR indexdef LIKE '%last_issued%' "
            "OR indexdef LIKE '%state%')"
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'numbering_range'")
        assert cursor.fetchone() == (["fillfactor=50"],)
