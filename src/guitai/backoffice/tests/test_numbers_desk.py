"""發票號碼 at the desk: import, shares as previewed, take-back, pause, blanks, centres."""

import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from guitai import invariants
from guitai.backoffice.tests.counter import PERIOD, open_counter
from guitai.invoicing.models import ExchangeRecord
from guitai.kernel import clock, scope
from guitai.kernel.testing import taipei
from guitai.numbering.models import Allocation, Range
from guitai.numbering.tests.shop import csv_of, csv_row
from guitai.orders.tests.till import NOON
from guitai.reporting.queries import numbers as reads
from guitai.tenancy import services as tenancy
from twinvoice.period import Period


@pytest.fixture(autouse=True)
def noon():
    with clock.moved(NOON):
        yield


@pytest.fixture
def counter(shop):
    return open_counter(shop)


@pytest.fixture
def desk_of(desk, shop):
    return desk(shop, "accountant")


def upload(browser, content, name="字軌.csv"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile(name, content, content_type="text/csv")
    return browser.post(reverse("desk:number-import"), {"file": file})


def shown(answer):
    return answer.content.decode()


def page_of(browser, period=""):
    return shown(browser.get(reverse("desk:numbers"), {"period": period} if period else {}))


def test_the_platforms_file_brings_stock_and_the_same_file_again_brings_nothing(desk_of, shop):
    data = csv_of(csv_row(100, 299, ban=shop.entity.ban))
    assert upload(desk_of, data).status_code == 302
    assert "新增 1 段、200 個號碼" in page_of(desk_of)
    assert "庫存 4 本" in page_of(desk_of)
    upload(desk_of, data)
    assert "1 段先前已經匯入" in page_of(desk_of)
    with scope.tenant(shop.merchant_id):
        assert Allocation.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda ban: csv_of(csv_row(0, 48, ban=ban), csv_row(50, 99, ban=ban)), "TWI-CSV-BOOKS"),
        (lambda ban: csv_of(csv_row(0, 49, ban="22099131")), "NUM-BAN"),
        (lambda ban: csv_of(csv_row(0, 99, ban=ban), csv_row(50, 149, ban=ban)), "TWI-CSV-OVERLAP"),
        (lambda ban: csv_of(csv_row(0, 49, ban=ban, months="115/07 ~ 115/08")), "NUM-PERIOD-OVER"),
        (lambda ban: csv_of(csv_row(0, 49, ban=ban)).decode("cp950").encode(), "TWI-CSV-ENCODING"),
        (lambda ban: b"a,b,c\r\n1,2,3\r\n", "TWI-CSV-HEADER"),
        (lambda ban: b"\x00\xff" * 50, "TWI-CSV-"),
        (lambda ban: b"x" * (5 * 1024 * 1024 + 2), "TWI-CSV-SIZE"),
    ],
)
def test_a_wrong_file_is_refused_row_by_row_and_nothing_is_written(desk_of, shop, data, code):
    answer = upload(desk_of, data(shop.entity.ban))
    assert answer.status_code == 422
    assert code in shown(answer)
    with scope.tenant(shop.merchant_id):
        assert not Allocation.objects.exists()
        assert not Range.objects.exists()


def test_no_file_at_all_is_told_at_the_field(desk_of):
    answer = desk_of.post(reverse("desk:number-import"))
    assert answer.status_code == 422
    assert "請選擇字軌檔" in shown(answer)


def test_a_period_that_is_none_is_refused(desk_of):
    answer = desk_of.get(reverse("desk:numbers"), {"period": "13x"})
    assert answer.status_code == 404
    assert "NUM-PERIOD" in shown(answer)


# --- sharing out


@pytest.fixture
def stocked(counter, shop, desk_of):
    """Two registers and four books in stock above the 200 numbers of the first one."""
    with scope.tenant(shop.merchant_id):
        second = tenancy.add_register(shop.owner, store_id=shop.store.id, code="2", name="二號機")
    upload(desk_of, csv_of(csv_row(400, 599, ban=shop.entity.ban, track="CD")))
    return second


def share_address(shop):
    return reverse("desk:number-share", args=[PERIOD, shop.entity.id])


def typed(shop, second, first_books, second_books):
    return {
        f"register-{shop.register.id}": first_books,
        f"register-{second.id}": second_books,
        f"web-{shop.entity.id}": "",
    }


def mark_of(answer):
    return re.search(r'name="seen" value="([0-9a-f]{64})"', shown(answer))[1]


def test_what_is_previewed_is_what_is_done(desk_of, shop, stocked):
    books = typed(shop, stocked, 1, 3)
    preview = desk_of.get(share_address(shop), {**books, "way": "preview"})
    assert "CD 00000400–00000449" in shown(preview)
    assert "CD 00000450–00000599" in shown(preview)
    with scope.tenant(shop.merchant_id):
        before = Range.objects.count()
    done = desk_of.post(share_address(shop), {**books, "seen": mark_of(preview)})
    assert done.status_code == 302
    with scope.tenant(shop.merchant_id):
        assert Range.objects.count() == before + 1
        given = Range.objects.get(register_id=stocked.id)
        assert (given.track, given.begin_no, given.end_no) == ("CD", 450, 599)


def test_a_changed_stock_is_shown_again_instead_of_doing_something_else(desk_of, shop, stocked):
    books = typed(shop, stocked, 1, 1)
    seen = mark_of(desk_of.get(share_address(shop), {**books, "way": "preview"}))
    other = typed(shop, stocked, "", 2)
    again = mark_of(desk_of.get(share_address(shop), {**other, "way": "preview"}))
    desk_of.post(share_address(shop), {**other, "seen": again})
    with scope.tenant(shop.merchant_id):
        before = list(Range.objects.order_by("id").values())
    answer = desk_of.post(share_address(shop), {**books, "seen": seen})
    assert "請再看一次預覽" in shown(answer)
    with scope.tenant(shop.merchant_id):
        assert list(Range.objects.order_by("id").values()) == before


def test_a_post_without_a_preview_does_nothing(desk_of, shop, stocked):
    desk_of.post(share_address(shop), typed(shop, stocked, 1, 1))
    with scope.tenant(shop.merchant_id):
        assert not Range.objects.filter(register_id=stocked.id).exists()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [(9, 9, "庫存只有 4 本"), ("x", 1, "請填 0 以上的整數"), (-1, 1, "請填 0 以上的整數")],
)
def test_books_that_are_not_there_are_refused(desk_of, shop, stocked, first, second, code):
    answer = desk_of.get(
        share_address(shop), {**typed(shop, stocked, first, second), "way": "preview"}
    )
    assert answer.status_code == 422
    assert code in shown(answer)


def test_the_proposals_fill_the_fields(desk_of, shop, stocked, counter):
    even = shown(desk_of.get(share_address(shop), {"way": "even"}))
    # Three registers of the seller (one in the other store), four books.
    assert (even.count('value="2"'), even.count('value="1"')) == (1, 2)
    limited = shown(desk_of.get(share_address(shop), {"way": "even", "books": "2"}))
    assert (limited.count('value="2"'), limited.count('value="1"')) == (0, 2)
    use = desk_of.get(share_address(shop), {"way": "use", "books": "nonsense"})
    assert use.status_code == 200


def test_the_plan_is_the_services_own(shop, stocked, counter):
    """The preview and the service come to the same spans, floors included."""
    from guitai.numbering.services import OwnerRef, distribute_by_hand

    with scope.tenant(shop.merchant_id):
        period = Period.parse(PERIOD)
        owners = reads.candidates(shop.entity.id, period)
        books = {OwnerRef.register(shop.register.id): 2, OwnerRef.register(stocked.id): 2}
        planned = {
            (line.owner.ref.id, span.track, span.begin, span.end)
            for line in reads.plan(shop.entity.id, period, books, owners)
            for span in line.spans
        }
        given = distribute_by_hand(shop.entity.id, PERIOD, books, counter.till.clerk.actor)
        assert planned == {(r.owner_id, r.track, r.begin_no, r.end_no) for r in given}


# --- single ranges


def test_books_go_back_and_a_range_pauses_and_resumes(desk_of, counter, shop):
    row = counter.ranges()[0]
    desk_of.post(reverse("desk:number-take-back", args=[row.id]), {"books": "2"})
    kept, returned = counter.ranges()
    assert (kept.end_no, returned.owner_kind) == (99, "stock")
    desk_of.post(reverse("desk:number-pause", args=[row.id]))
    assert counter.ranges()[0].state == "paused"
    assert "號碼已暫停使用" in page_of(desk_of)
    desk_of.post(reverse("desk:number-resume", args=[row.id]))
    assert counter.ranges()[0].state == "active"


def test_after_a_restore_what_was_issued_since_is_taken_out_of_use(desk_of, counter, shop):
    counter.sell()
    row = counter.ranges()[0]
    desk_of.post(reverse("desk:number-pause", args=[row.id]))
    address = reverse("desk:number-reconcile", args=[row.id])
    assert address in page_of(desk_of)
    asked = shown(desk_of.get(address))
    first = f"{row.track}{row.next_no:08d}"
    assert f'value="{first}"' in asked
    posted = {"first": first, "last": f"{row.track}{row.end_no + 1:08d}", "reason": "自備份還原"}
    refused = desk_of.post(address, posted)
    assert (refused.status_code, "POS 機的號碼是連續開立的" in shown(refused)) == (422, True)
    last = f"{row.track}{row.next_no + 11:08d}"
    assert desk_of.post(address, posted | {"last": last}).status_code == 302
    page = page_of(desk_of)
    assert "備份後已開立" in page
    assert f"{row.track}{row.next_no + 12:08d}" in page
    assert [one.state for one in counter.ranges()] == ["active", "unbooked", "paused"]
    assert invariants.broken() == []
    trail = re.sub(r"<[^>]+>|\s+", "", shown(desk_of.get(reverse("desk:audit"))))
    owner = f"POS機{shop.store.name}{shop.register.name}".replace(" ", "")
    begin = f"字軌{row.track}起號{row.begin_no:08d}→{row.next_no:08d}"
    end = f"迄號{row.end_no:08d}→{row.next_no + 11:08d}使用者POS機{owner}"
    assert f"{begin}{end}自備份還原" in trail
    assert "狀態使用中→已暫停" in trail
    assert desk_of.post(address, posted | {"last": last}).status_code == 422


@pytest.mark.parametrize("books", ["0", "-1", "x", "999999999"])
def test_a_wrong_number_of_books_changes_nothing(desk_of, counter, books):
    row = counter.ranges()[0]
    desk_of.post(reverse("desk:number-take-back", args=[row.id]), {"books": books})
    assert counter.ranges()[0].end_no == row.end_no


# --- the sentence of S2.26 is explained where a register has none


def test_each_register_that_cannot_issue_says_why_and_what_to_do(desk_of, counter, shop):
    # The other store's register has no centre yet; ours may issue.
    troubles = page_of(desk_of).split("troubles")[1].split("</section>")[0]
    assert "信義一號機" in troubles
    assert "中正店 一號機" not in troubles
    with scope.tenant(shop.merchant_id):
        Range.objects.update(next_no=200)
    body = page_of(desk_of)
    assert "未收到發票號碼" in body
    assert "本期號碼已用完" in body
    assert "由加值中心取號" in body
    with scope.tenant(shop.merchant_id):
        shop.register.centre = "none"
        shop.register.save(update_fields=["centre"])
    assert "還沒有連接加值中心" in page_of(desk_of)


def test_numbers_of_another_period_only_are_named(desk_of, counter, shop):
    with clock.moved(taipei(2027, 1, 2)):
        body = page_of(desk_of)
    assert "沒有本期的號碼" in body or "不同期別不能使用" in body
    assert "115年11-12月" in body


def test_the_forecast_counts_what_was_sold(desk_of, counter):
    with scope.tenant(counter.merchant):
        Range.objects.update(next_no=150)
    body = page_of(desk_of)
    assert "號碼快用完：剩 50 號" in body


def test_the_next_period_asks_for_its_numbers_in_time(desk_of, counter):
    body = page_of(desk_of, "11602")
    assert "下一期還沒準備好" in body
    assert "01/01 之前匯入" in body


# --- blanks of a finished period


def test_a_finished_period_lists_its_blank_numbers(desk_of, counter, shop):
    counter.sell()
    with clock.moved(taipei(2027, 1, 3)):
        body = page_of(desk_of, PERIOD)
        assert "00000001" in body
        assert "199 號" in body
        file = desk_of.get(reverse("desk:number-blanks", args=[PERIOD, "csv"]))
    assert "AB,00000001,00000199,199" in file.content.decode("utf-8-sig")


def test_a_running_period_has_no_blanks_yet(desk_of, counter):
    file = desk_of.get(reverse("desk:number-blanks", args=[PERIOD, "csv"]))
    assert "00000" not in file.content.decode("utf-8-sig")


# --- numbers of a centre


def test_a_centre_that_does_not_answer_is_told_in_its_words(desk_of, counter, shop):
    with scope.tenant(shop.merchant_id):
        type(counter.account).objects.filter(id=counter.account.id).update(
            base_url="http://127.0.0.1:9/", allow_plain_http=True
        )
    address = reverse("desk:number-take", args=[shop.register.id, "next"])
    answer = desk_of.post(address, follow=True)
    assert "加值中心沒有接受" in shown(answer)
    assert "請檢查網路" in shown(answer)
    with scope.tenant(shop.merchant_id):
        assert ExchangeRecord.objects.exists()
        assert Range.objects.filter(period="11602").count() == 0


def test_a_centre_that_hands_out_no_numbers_is_not_offered(desk_of, counter, shop):
    assert "取本期號" in page_of(desk_of)
    with scope.tenant(shop.merchant_id):
        shop.register.centre = "turnkey"
        shop.register.save(update_fields=["centre"])
    assert "取本期號" not in page_of(desk_of)


def test_used_numbers_click_down_to_their_invoices(desk_of, counter, shop):
    counter.sell()
    link = "?" + urlencode({"period": PERIOD, "register": shop.register.id}).replace("&", "&amp;")
    assert link in page_of(desk_of)
