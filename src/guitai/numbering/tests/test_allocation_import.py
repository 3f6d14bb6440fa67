"""The platform's file: all rows or none, ours only, never a past period. mof.md §4, S2.24."""

import pytest

from guitai.kernel import clock
from guitai.kernel.models import AuditEntry
from guitai.kernel.testing import taipei
from guitai.numbering import queries, services
from guitai.numbering.errors import AllocationFileRefused, PeriodOver, RangeOverlap, UnknownOwner
from guitai.numbering.models import Allocation, Range
from guitai.numbering.tests.shop import (
    BOSS,
    OTHER_BAN,
    csv_of,
    csv_row,
    import_numbers,
    make_shop,
    new_id,
)

NOON = taipei(2026, 11, 21)


@pytest.fixture
def shop(db):
    return make_shop()


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(NOON):
        yield


def refused(shop, *rows):
    with pytest.raises(AllocationFileRefused) as caught, shop.tenant():
        services.import_allocation(csv_of(*rows), "a.csv", BOSS)
    with shop.tenant():
        assert not Allocation.objects.exists()
        assert not Range.objects.exists()
    return [(row["row"], row["code"]) for row in caught.value.params["rows"]]


def test_every_allotted_number_lies_in_one_range(shop):
    result = import_numbers(shop, csv_row(0, 99), csv_row(100, 149, track="CD"))
    assert (result.added, result.known, result.numbers) == (2, 0, 150)
    with shop.tenant():
        rows = [(r.track, r.begin_no, r.end_no, r.next_no, r.owner_kind) for r in queries.ranges()]
        assert rows == [("AB", 0, 99, 0, "stock"), ("CD", 100, 149, 100, "stock")]
        assert AuditEntry.objects.filter(verb="numbering.import").count() == 2


def test_the_same_file_again_changes_nothing(shop):
    import_numbers(shop, csv_row(0, 99))
    again = import_numbers(shop, csv_row(0, 99), csv_row(100, 149))
    assert (again.added, again.known, again.numbers) == (1, 1, 50)
    with shop.tenant():
        assert Range.objects.count() == 2


def test_a_file_for_somebody_elses_ban_is_refused_whole(shop):
    assert refused(shop, csv_row(0, 49), csv_row(50, 99, ban=OTHER_BAN)) == [(3, "NUM-BAN")]


def test_a_past_period_is_refused_and_the_next_one_taken(shop):
    assert refused(shop, csv_row(0, 49, months="115/09 ~ 115/10")) == [(2, "NUM-PERIOD-OVER")]
    import_numbers(shop, csv_row(0, 49, months="116/01 ~ 116/02"))


def test_every_bad_row_is_named(shop):
    rows = (csv_row(0, 49).replace("00000000", "0"), csv_row(50, 98), csv_row(100, 149))
    assert refused(shop, *rows) == [(2, "TWI-CSV-ZEROS"), (3, "TWI-CSV-BOOKS")]


def test_an_overlap_with_what_is_there_is_refused(shop):
    import_numbers(shop, csv_row(0, 99))
    with pytest.raises(AllocationFileRefused) as caught:
        import_numbers(shop, csv_row(50, 149), csv_row(150, 199))
    assert [row["code"] for row in caught.value.params["rows"]] == ["NUM-OVERLAP"]
    with shop.tenant():
        assert Allocation.objects.count() == 1


def test_the_same_numbers_may_belong_to_another_merchant(shop):
    other = make_shop(name="別家")
    import_numbers(shop, csv_row(0, 99))
    import_numbers(other, csv_row(0, 99))
    with other.tenant():
        assert Allocation.objects.count() == 1


def test_the_database_itself_refuses_an_overlap(shop):
    from django.db import transaction
    from django.db.utils import IntegrityError

    import_numbers(shop, csv_row(0, 99))
    with shop.tenant():
        row = Range.objects.get()
        row.pk, row.id = None, new_id()
        row.merchant_id, row.begin_no, row.next_no, row.end_no = shop.merchant, 99, 99, 120
        with pytest.raises(IntegrityError, match="range_never_overlaps"), transaction.atomic():
            row.save(force_insert=True)


class TestFromCentre:
    def add(self, shop, begin=0, end=49, **more):
        with shop.tenant():
            return services.add_range_from_centre(
                shop.register.id, "11512", "ZX", begin, end, centre="mirle", **more
            )

    def test_goes_straight_to_the_register_once(self, shop):
        first, new = self.add(shop)
        again, again_new = self.add(shop)
        assert (new, again_new, again.id) == (True, False, first.id)
        assert (first.owner_id, first.centre) == (shop.register.id, "mirle")

    def test_is_known_again_even_after_books_went_back(self, shop):
        first, _ = self.add(shop, 0, 149)
        with shop.tenant():
            services.take_back(first.id, BOSS, books=1)
        again, new = self.add(shop, 0, 149)
        assert (again.id, new) == (first.id, False)

    def test_never_overlaps_what_the_file_brought(self, shop):
        import_numbers(shop, csv_row(0, 99, track="ZX"))
        with pytest.raises(RangeOverlap):
            self.add(shop)

    def test_not_for_a_past_period_nor_a_strangers_register(self, shop):
        with clock.moved(taipei(2027, 1, 1)), pytest.raises(PeriodOver):
            self.add(shop)
        outsider = make_shop(name="別家", ban=OTHER_BAN)
        with outsider.tenant(), pytest.raises(UnknownOwner):
            services.add_range_from_centre(shop.register.id, "11512", "ZX", 0, 49, centre="mirle")
        with shop.tenant():
            assert not Range.objects.exists()
