"""After a restored backup: what was issued since is never issued again. mof.md §4."""

import pytest

from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering import queries, services
from guitai.numbering.errors import BadReason, NotInRange, NotPaused
from guitai.numbering.models import Range
from guitai.numbering.rules import Span
from guitai.numbering.services import OwnerRef
from guitai.numbering.tests.shop import BOSS, csv_row, import_numbers, make_shop

PERIOD = "11512"
WHY = "自備份還原"


@pytest.fixture(autouse=True)
def _now():
    with clock.moved(taipei(2026, 11, 21)):
        yield


@pytest.fixture
def shop(db):
    """One book of the register, five numbers of it issued; a book in the stock; all paused."""
    shop = make_shop()
    import_numbers(shop, csv_row(0, 99))
    with shop.tenant():
        owner = OwnerRef.register(shop.register.id)
        services.distribute_by_hand(shop.entity.id, PERIOD, {owner: 1}, BOSS)
        for second in range(5):
            take(shop, second)
        services.pause_all(BOSS, WHY)
    return shop


def take(shop, second):
    return services.take_number(shop.register.id, taipei(2026, 11, 21, 12, 0, second)).number


def test_numbers_that_the_backup_does_not_know_at_all_arrive_paused(shop):
    with shop.tenant():
        services.books_restored(BOSS, taipei(2026, 11, 21, 9))
        import_numbers(shop, csv_row(100, 149))
        centre = {"centre": "mirle", "actor": BOSS}
        taken, new = services.add_range_from_centre(
            shop.register.id, PERIOD, "CD", 250, 299, **centre
        )
        assert (new, taken.state) == (True, "paused")
        assert Range.objects.get(begin_no=100).state == "paused"
        assert queries.paused(shop.register.id, PERIOD) == 45 + 50
        assert services.resume(taken.id, BOSS).state == "active"
        later, _ = services.add_range_from_centre(shop.register.id, "11602", "EF", 0, 49, **centre)
        assert later.state == "active"  # Of the next period nothing can have been issued.


def test_a_restore_in_another_period_pauses_nothing_that_comes_now(shop):
    with shop.tenant():
        services.books_restored(BOSS, taipei(2026, 10, 31, 23, 59))
        import_numbers(shop, csv_row(100, 149))
        assert Range.objects.get(begin_no=100).state == "active"


def parts():
    rows = Range.objects.order_by("begin_no")
    return [(row.begin_no, row.end_no, row.next_no, row.state) for row in rows]


def his_range():
    return Range.objects.get(owner_kind="register", begin_no=0).id


def test_the_next_number_comes_after_the_last_that_was_issued(shop):
    with shop.tenant():
        whole = his_range()
        services.note_issued(whole, "AB00000005", "ab-0000 0016", BOSS, WHY)
        assert parts() == [
            (0, 4, 5, "active"),
            (5, 16, 5, "unbooked"),
            (17, 49, 17, "paused"),
            (50, 99, 50, "paused"),
        ]
        assert Range.objects.get(id=whole).end_no == 4  # The invoices' own row keeps its id.
        services.resume(Range.objects.get(begin_no=17).id, BOSS)
        assert take(shop, 30) == "AB00000017"


def test_what_was_issued_is_not_reported_as_blank(shop):
    with shop.tenant():
        services.note_issued(his_range(), "AB00000005", "AB00000016", BOSS, WHY)
        blank = [row.span for row in queries.unissued(PERIOD)]
        assert blank == [Span("AB", 17, 99)]
        assert services.resume(Range.objects.get(begin_no=17).id, BOSS).state == "active"


def test_a_book_may_be_issued_to_its_end_and_from_its_begin(shop):
    with shop.tenant():
        services.note_issued(his_range(), "AB00000005", "AB00000049", BOSS, WHY)
        assert parts()[:2] == [(0, 4, 5, "active"), (5, 49, 5, "unbooked")]
        book = Range.objects.get(owner_kind="stock").id
        services.note_issued(book, "AB00000050", "AB00000060", BOSS, WHY)
        assert parts()[2:] == [(50, 60, 50, "unbooked"), (61, 99, 61, "paused")]


def test_of_the_stock_any_part_may_have_been_handed_out_since(shop):
    with shop.tenant():
        book = Range.objects.get(owner_kind="stock").id
        services.note_issued(book, "AB00000070", "AB00000072", BOSS, WHY)
        rest = [(50, 69, 50, "paused"), (70, 72, 70, "unbooked"), (73, 99, 73, "paused")]
        assert parts()[1:] == rest


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("AB00000004", "AB00000016", "first"),  # is in the books
        ("AB00000006", "AB00000016", "first"),  # a register leaves no gap
        ("AC00000005", "AB00000016", "first"),
        ("AB00000005", "AB00000004", "last"),
        ("AB00000005", "AB00000050", "last"),  # another range
        ("AB00000005", "AB0000016", "last"),
        ("AB00000005", "", "last"),
    ],
)
def test_numbers_that_cannot_be_are_refused_at_their_field(shop, first, last, field):
    with shop.tenant():
        before = parts()
        with pytest.raises(NotInRange) as refused:
            services.note_issued(his_range(), first, last, BOSS, WHY)
        assert (refused.value.field, parts()) == (field, before)


def test_only_a_paused_range_is_cut_and_never_without_a_reason(shop):
    with shop.tenant():
        for reason in (" ", "還原😀", "原" * 101):
            with pytest.raises(BadReason):
                services.note_issued(his_range(), "AB00000005", "AB00000016", BOSS, reason)
        services.resume(his_range(), BOSS)
        with pytest.raises(NotPaused):
            services.note_issued(his_range(), "AB00000005", "AB00000016", BOSS, WHY)
        services.pause(his_range(), BOSS)
        gone = services.note_issued(his_range(), "AB00000005", "AB00000016", BOSS, WHY)
        with pytest.raises(NotPaused):
            services.note_issued(gone.id, "AB00000005", "AB00000016", BOSS, WHY)
