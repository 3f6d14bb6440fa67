"""Numbers under fire: every number once, no gap, ascending. mof.md §4, §14.6; stack.md §1.

The first two tests are the control: without the lock the same work doubles and skips numbers, so
the tests behind them can fail.
"""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from django.db import connection

from guitai.invoicing.models import Invoice
from guitai.kernel import clock, scope
from guitai.kernel.errors import GuitaiError
from guitai.kernel.testing import taipei
from guitai.numbering import services as numbering
from guitai.numbering.models import Range
from guitai.numbering.services import OwnerRef
from guitai.numbering.tests.shop import BOSS, csv_row, give_evenly, import_numbers, make_shop
from guitai.orders import services
from guitai.orders.models import Order, ShiftSummary
from guitai.orders.rules import Choice, InvoiceChoiceKind
from guitai.orders.services import Counted
from guitai.orders.tests.till import NOON, make_till

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

TAKE = "SELECT number, issued_at, remaining FROM public.numbering_take_number(%s, %s, %s)"


def connect() -> "psycopg.Connection[Any]":
    """A connection of its own to the test's database, outside of Django."""
    params = connection.get_connection_params()
    plain = {k: params[k] for k in ("dbname", "user", "password", "host", "port") if k in params}
    return psycopg.connect(**plain, autocommit=True)


def at_once(clients: int, work: Callable[[int], Any]) -> list[Any]:
    """``work(0)`` … ``work(clients - 1)``, each in its own thread, all let go together."""
    gate = threading.Barrier(clients)

    def run(index: int) -> Any:
        gate.wait()
        return work(index)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(run, range(clients)))


def in_django(work: Callable[[int], Any]) -> Callable[[int], Any]:
    """Gives Django's connection of the thread back when the work is done."""

    def run(index: int) -> Any:
        try:
            return work(index)
        finally:
            connection.close()

    return run


def shop_with(registers: int, *rows: str):
    shop = make_shop(registers=registers)
    with clock.moved(NOON):
        import_numbers(shop, *rows)
        give_evenly(shop)
    return shop


def next_numbers(shop) -> dict[Any, int]:
    with shop.tenant():
        return {row.register_id: row.next_no - row.begin_no for row in Range.objects.all()}


def test_control_without_the_lock_numbers_are_given_twice():
    shop = shop_with(1, csv_row(0, 999))
    read = threading.Barrier(8)

    def unlocked(_: int) -> list[int]:
        taken = []
        with connect() as own:
            for _ in range(5):
                (number,) = own.execute("SELECT next_no FROM numbering_range").fetchone()
                read.wait()
                own.execute("UPDATE numbering_range SET next_no = %s", [number + 1])
                taken.append(number)
                read.wait()
        return taken

    numbers = [number for taken in at_once(8, unlocked) for number in taken]
    assert len(numbers) == 40
    assert len(set(numbers)) == 5
    assert next_numbers(shop)[shop.register.id] == 5


def test_control_a_sequence_skips_what_was_rolled_back():
    with connect() as own:
        own.execute("CREATE TEMP SEQUENCE counter MINVALUE 0")
        kept = []
        for index in range(10):
            with own.transaction(force_rollback=index % 3 == 1):
                (number,) = own.execute("SELECT nextval('counter')").fetchone()
            if index % 3 != 1:
                kept.append(number)
    assert kept == [0, 2, 3, 5, 6, 8, 9]


def test_thirty_two_registers_at_once():
    shop = shop_with(32, csv_row(0, 32 * 50 - 1))

    def client(index: int) -> list[str]:
        register = shop.registers[index]
        with connect() as own:
            return [
                own.execute(TAKE, [shop.merchant, register.id, NOON]).fetchone()[0]
                for _ in range(25)
            ]

    taken = at_once(32, client)
    for numbers in taken:
        first = int(numbers[0][2:])
        assert numbers == [f"AB{first + step:08d}" for step in range(25)]
    everything = [number for numbers in taken for number in numbers]
    assert len(set(everything)) == 32 * 25
    assert set(next_numbers(shop).values()) == {25}


def books(count: int) -> list[str]:
    """One row of the file a book, so that rolling over to the next is raced too."""
    return [csv_row(book * 50, book * 50 + 49) for book in range(count)]


def test_thirty_two_clients_on_one_register():
    shop = shop_with(1, *books(13))
    skew = random.Random(7)
    skews = [timedelta(milliseconds=skew.randrange(2_000)) for _ in range(32)]

    def client(index: int) -> list[tuple[str, datetime]]:
        with connect() as own:
            return [
                own.execute(
                    TAKE, [shop.merchant, shop.register.id, NOON + skews[(index + step) % 32]]
                ).fetchone()[:2]
                for step in range(20)
            ]

    taken = at_once(32, client)
    for numbers in taken:
        assert numbers == sorted(numbers)
    by_number = sorted(pair for numbers in taken for pair in numbers)
    assert [number for number, _ in by_number] == [f"AB{n:08d}" for n in range(640)]
    moments = [moment for _, moment in by_number]
    assert moments == sorted(moments)


def test_what_is_rolled_back_is_taken_by_the_next():
    shop = shop_with(1, *books(8))

    def client(index: int) -> list[str]:
        dice, kept = random.Random(index), []
        with connect() as own:
            for _ in range(20):
                fails = dice.random() < 0.4
                with own.transaction(force_rollback=fails):
                    number = own.execute(TAKE, [shop.merchant, shop.register.id, NOON]).fetchone()
                if not fails:
                    kept.append(number[0])
        return kept

    kept = sorted(number for numbers in at_once(16, client) for number in numbers)
    assert kept == [f"AB{n:08d}" for n in range(len(kept))]
    with shop.tenant():
        assert sum(row.next_no - row.begin_no for row in Range.objects.all()) == len(kept)


def test_the_last_numbers_are_shared_and_then_refused():
    shop = shop_with(1, *books(2))

    def client(_: int) -> tuple[list[str], str]:
        numbers: list[str] = []
        with connect() as own:
            while True:
                try:
                    row = own.execute(TAKE, [shop.merchant, shop.register.id, NOON]).fetchone()
                except psycopg.Error as error:
                    return numbers, error.diag.message_primary or ""
                numbers.append(row[0])

    results = at_once(16, client)
    assert {code for _, code in results} == {"NUM-EXHAUSTED"}
    taken = sorted(number for numbers, _ in results for number in numbers)
    assert taken == [f"AB{n:08d}" for n in range(100)]


def test_registers_and_tracks_do_not_wait_for_each_other():
    shop = shop_with(2, csv_row(0, 49), csv_row(0, 49, track="CD"))
    first, second = shop.registers
    with connect() as holding, connect() as other:
        other.execute("SET lock_timeout = '400ms'")
        with holding.transaction():
            held = holding.execute(TAKE, [shop.merchant, first.id, NOON]).fetchone()
            free = other.execute(TAKE, [shop.merchant, second.id, NOON]).fetchone()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(TAKE, [shop.merchant, first.id, NOON])
    assert {held[0], free[0]} == {"AB00000000", "CD00000000"}


def test_around_midnight_of_a_period_every_number_stays_in_its_own():
    shop = shop_with(1, csv_row(0, 999))
    with clock.moved(NOON):
        import_numbers(shop, csv_row(0, 999, track="CD", months="116/01 ~ 116/02"))
        give_evenly(shop, "11602")
    midnight = taipei(2027, 1, 1, 0)
    tick = timedelta(milliseconds=7)

    def client(index: int) -> list[tuple[str, datetime]]:
        with connect() as own:
            return [
                own.execute(
                    TAKE, [shop.merchant, shop.register.id, midnight + tick * (step - 15 + index)]
                ).fetchone()[:2]
                for step in range(30)
            ]

    pairs = [pair for taken in at_once(16, client) for pair in taken]
    misplaced = [(n, m) for n, m in pairs if (m < midnight) != n.startswith("AB")]
    assert misplaced == []
    for letters in ("AB", "CD"):
        numbers = sorted(number for number, _ in pairs if number.startswith(letters))
        assert numbers == [f"{letters}{n:08d}" for n in range(len(numbers))]


class TestSales:
    def test_sixteen_posts_of_one_sale_are_one_invoice(self):
        till = make_till()
        sale = till.sale()
        answers = at_once(16, in_django(lambda _: till.sell(sale)))
        assert sorted(answer["replay"] for answer in answers) == [False] + [True] * 15
        assert len({answer["invoice"]["number"] for answer in answers}) == 1
        with till.shop.tenant():
            assert Order.objects.count() == Invoice.objects.count() == 1
        assert till.sell()["order"]["number"].endswith("-0002")
        assert next_numbers(till.shop)[till.register.id] == 2

    def test_one_key_at_many_registers_is_one_sale(self):
        shop = shop_with(8, csv_row(0, 399))
        tills = [make_till(shop, index) for index in range(8)]
        sale = tills[0].sale()

        def post(index: int) -> str:
            try:
                return str(tills[index].sell(sale)["invoice"]["number"])
            except GuitaiError as error:
                return error.code

        results = at_once(8, in_django(post))
        assert sorted(results)[1:] == ["ORD-REUSED"] * 7
        with shop.tenant():
            assert Invoice.objects.count() == 1
        assert sum(next_numbers(shop).values()) == 1

    def test_many_clients_sell_at_one_register_without_gap(self):
        till = make_till(books=8)

        def client(_: int) -> list[dict[str, Any]]:
            return [till.sell() for _ in range(10)]

        answers = [a for taken in at_once(16, in_django(client)) for a in taken]
        numbers = sorted(answer["invoice"]["number"] for answer in answers)
        assert numbers == [f"AB{n:08d}" for n in range(160)]
        serials = sorted(answer["order"]["number"] for answer in answers)
        assert serials == [f"S1-A01-261121-{n:04d}" for n in range(1, 161)]
        with till.shop.tenant():
            pairs = list(Order.objects.order_by("seq").values_list("number", "invoice_number"))
        assert [invoice for _, invoice in pairs] == numbers

    def test_two_cancel_the_same_order(self):
        till = make_till()
        order = till.sell()["order"]["id"]

        def cancel(_: int) -> str:
            with till.shop.tenant(), clock.moved(NOON):
                try:
                    services.cancel_order(till.clerk, order, "退貨", NOON)
                except GuitaiError as error:
                    return error.code
            return "done"

        assert sorted(at_once(4, in_django(cancel))) == ["ORD-CANCELLED"] * 3 + ["done"]
        with till.shop.tenant():
            assert Invoice.objects.get().state == "voided"

    def test_no_sale_falls_between_two_summaries(self):
        till = make_till(books=4)
        ends = threading.Event()
        none_yet = Choice(InvoiceChoiceKind.NONE_YET)

        def work(index: int) -> int:
            if index:
                for _ in range(15):
                    till.sell(till.sale(choice=none_yet))
                return 15
            made = 0
            while not ends.wait(0.02) and made < 20:
                with till.shop.tenant(), clock.moved(NOON):
                    services.summarise(till.clerk, Counted(0, 0, "測試"), NOON)
                made += 1
            return 0

        sold = sum(at_once(5, in_django(work)))
        ends.set()
        with till.shop.tenant(), clock.moved(NOON):
            services.summarise(till.clerk, Counted(0, 0, "測試"), NOON)
            spans = list(
                ShiftSummary.objects.order_by("from_seq", "to_seq").values_list(
                    "from_seq", "to_seq", "orders"
                )
            )
        assert sum(orders for _, _, orders in spans) == sold == 60
        assert all(a[1] == b[0] for a, b in pairwise(spans))


class TestDesk:
    def test_two_people_share_out_the_same_stock(self):
        shop = make_shop(registers=4)
        with clock.moved(NOON):
            import_numbers(shop, csv_row(0, 399))

        def share(index: int) -> str:
            owner = OwnerRef.register(shop.registers[index].id)
            with scope.tenant(shop.merchant), clock.moved(NOON):
                try:
                    numbering.distribute_by_hand(shop.entity.id, "11512", {owner: 3}, BOSS)
                except GuitaiError as error:
                    return error.code
            return "done"

        results = at_once(4, in_django(share))
        assert sorted(results) == ["NUM-STOCK"] * 2 + ["done"] * 2
        with shop.tenant():
            spans = sorted((r.begin_no, r.end_no) for r in Range.objects.all())
        assert spans[0][0] == 0
        assert spans[-1][1] == 399
        assert all(a[1] + 1 == b[0] for a, b in pairwise(spans))

    def test_taking_back_never_takes_what_is_just_issued(self):
        shop = shop_with(1, csv_row(0, 499))
        with shop.tenant():
            range_id = Range.objects.get().id

        def work(index: int) -> list[str]:
            if index == 0:
                for _ in range(6):
                    with scope.tenant(shop.merchant), clock.moved(NOON):
                        numbering.take_back(range_id, BOSS, books=1)
                return []
            with connect() as own:
                return [
                    own.execute(TAKE, [shop.merchant, shop.register.id, NOON]).fetchone()[0]
                    for _ in range(30)
                ]

        taken = sorted(n for numbers in at_once(4, in_django(work)) for n in numbers)
        assert taken == [f"AB{n:08d}" for n in range(90)]
        with shop.tenant():
            spans = sorted((r.begin_no, r.end_no) for r in Range.objects.all())
        assert spans[0] == (0, 199)
        assert all(a[1] + 1 == b[0] for a, b in pairwise(spans))

    def test_one_range_of_a_centre_arrives_twice_at_once(self):
        shop = make_shop()

        def arrive(_: int) -> str:
            with scope.tenant(shop.merchant), clock.moved(NOON):
                try:
                    _, new = numbering.add_range_from_centre(
                        shop.register.id, "11512", "ZX", 0, 49, centre="mirle"
                    )
                except GuitaiError as error:
                    return error.code
            return "new" if new else "known"

        results = at_once(8, in_django(arrive))
        assert results.count("new") == 1
        assert set(results) <= {"new", "known"}
        with shop.tenant():
            assert Range.objects.count() == 1
