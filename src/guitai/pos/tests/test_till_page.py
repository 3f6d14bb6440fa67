"""The till page in a real browser: binding, signing in, goods, checkout, against a stand-in REST.

What the clerk does and sees: DESIGN §7, product.md B.5–B.6, B.15.
"""

import json

import pytest

from guitai.pos.tests import mock_till
from guitai.pos.tests.mock_till import CLERK, Refusal
from guitai.pos.tests.till_browser import (
    COFFEE,
    EGG,
    HOSTILE,
    RICE,
    at_sale,
    expect,
    needs_chromium,
    pay,
    scan,
    settled,
    total,
)

pytestmark = [pytest.mark.browser, needs_chromium]


# Binding and signing in --------------------------------------------------------------------------


def test_a_device_is_bound_and_a_second_one_is_told_who_holds_it(context, url, world):
    world.bound, world.signed_in, world.taken_by = False, False, "櫃台左邊的平板"
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#bind-ban")).to_be_focused()
    page.keyboard.type("12345675")
    page.keyboard.press("Tab")
    page.keyboard.type("WRONG")
    page.keyboard.press("Enter")
    expect(page.get_by_text("此 POS 機目前由 櫃台左邊的平板 使用中")).to_be_visible()
    expect(page.get_by_text("解鎖")).to_be_visible()
    world.taken_by = ""
    page.keyboard.press("Enter")
    expect(page.locator("#bind-code-fault")).to_have_text("綁定碼不對或已過期。")
    page.fill("#bind-code", "BIND-1234")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="請選擇您的名字")).to_be_visible()


def test_a_clerk_signs_in_by_name_and_pin_with_keys_alone(context, url, world):
    world.signed_in = False
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".person")).to_have_count(3)
    page.keyboard.press("2")
    expect(page.locator("#pin")).to_be_focused()
    page.keyboard.type("9999", delay=40)
    page.keyboard.press("Enter")
    expect(page.locator("#pin-fault")).to_contain_text("還可以試 4 次")
    expect(page.locator("#pin")).to_have_value("")
    for digit in "1234":
        page.locator(".pad-key", has_text=digit).first.click()
    page.keyboard.press("Enter")
    at_sale(page)


def test_unbound_in_the_middle_of_work_says_so_and_keeps_the_cart(page, world):
    at_sale(page)
    scan(page, COFFEE)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    world.bound = False
    page.keyboard.press("Enter")
    expect(page.get_by_text("POS 未綁定")).to_be_visible()
    assert world.sales == {}
    page.fill("#bind-ban", "12345675")
    page.fill("#bind-code", "BIND-1234")
    page.keyboard.press("Enter")
    expect(page.locator(".line")).to_have_count(1)


def test_changing_clerks_keeps_binding_and_cart(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.get_by_role("button", name="換人").click()
    expect(page.get_by_text("購物車裡的 1 項商品已保留。")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.type("1234", delay=40)
    page.keyboard.press("Enter")
    expect(page.locator(".line")).to_have_count(1)


def test_a_second_tab_of_the_device_does_not_sell(page, context, url, world):
    at_sale(page)
    other = context.new_page()
    other.goto(url)
    expect(other.get_by_text("櫃台已在另一個分頁開啟")).to_be_visible()
    other.get_by_role("button", name="改在這個分頁使用").click()
    expect(other.locator("#query")).to_be_visible()
    expect(page.get_by_text("櫃台已在另一個分頁開啟")).to_be_visible()


# Taking up goods ---------------------------------------------------------------------------------


def test_a_scan_shows_its_line_at_once_wherever_the_focus_is(page):
    at_sale(page)
    scan(page, COFFEE)
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_role("button", name="寄存").last.focus()
    scan(page, COFFEE)
    scan(page, RICE)
    expect(page.locator(".line")).to_have_count(2)
    assert total(page) == "$390"
    page.locator("#query").fill("咖啡")
    scan(page, EGG)
    expect(page.locator(".line")).to_have_count(3)
    expect(page.locator("#query")).to_have_value("")


def test_an_input_method_cannot_swallow_a_scan(page):
    at_sale(page)
    page.evaluate(
        """() => {
          const field = document.activeElement;
          const send = (init) => field.dispatchEvent(
            new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init}));
          field.value = 'ㄅ';
          for (const digit of '4710001000039') {
            send({key: 'Process', code: 'Digit' + digit, isComposing: true, keyCode: 229});
          }
          send({key: 'Enter', code: 'Enter'});
        }"""
    )
    expect(page.locator(".line .name").first).to_have_text("拿鐵咖啡 大杯")


def test_a_person_who_types_fast_loses_no_letter(page):
    at_sale(page)
    page.keyboard.type("A003")
    expect(page.locator("#query")).to_have_value("A003")
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    expect(page.locator(".line .name").first).to_have_text("拿鐵咖啡 大杯")


def test_an_unknown_barcode_is_said_and_may_become_a_free_line(page, world):
    at_sale(page)
    scan(page, "9999999999999")
    expect(page.locator(".say")).to_contain_text("查無此商品：9999999999999")
    page.get_by_role("button", name="以自訂商品加入").click()
    page.keyboard.type("臨時雨傘", delay=35)
    page.locator("#edit-text").fill("100")
    page.keyboard.press("Enter")
    assert total(page) == "$100"
    order = pay(page, world)
    assert order["lines"][0]["product_id"] is None


def test_three_times_and_then_a_scan_are_three_pieces(page):
    at_sale(page)
    page.keyboard.type("3*", delay=50)
    expect(page.locator(".times")).to_have_text("× 3")
    scan(page, COFFEE)
    expect(page.locator(".total")).to_have_text("$195")
    scan(page, COFFEE)  # the next one counts once again
    expect(page.locator(".total")).to_have_text("$260")


def test_quantities_discounts_and_prices_by_keys(page):
    at_sale(page)
    page.locator("#query").fill("3*" + COFFEE)
    page.keyboard.press("Enter")
    assert total(page) == "$195"
    page.keyboard.press("+")
    expect(page.locator(".total")).to_contain_text("260")
    page.wait_for_timeout(120)  # no person presses two keys within 30 ms
    page.keyboard.press("-")
    expect(page.locator(".total")).to_contain_text("195")
    page.wait_for_timeout(120)
    page.keyboard.press("F6")
    page.keyboard.type("9折", delay=35)
    page.keyboard.press("Enter")
    expect(page.locator(".total")).to_contain_text("176")
    page.keyboard.press("F7")
    page.keyboard.type("abc", delay=35)
    page.keyboard.press("Enter")
    expect(page.locator("#edit-text-fault")).to_be_visible()
    page.locator("#edit-text").fill("50")
    page.keyboard.press("Enter")
    expect(page.locator(".total")).to_contain_text("131")  # three of 50, the 19 off stay
    page.keyboard.press("Shift+F6")
    page.keyboard.type("31", delay=35)
    page.keyboard.press("Enter")
    expect(page.locator(".total")).to_contain_text("100")
    page.keyboard.press("Delete")
    expect(page.locator(".line")).to_have_count(0)
    page.get_by_role("button", name="復原").click()
    expect(page.locator(".line")).to_have_count(1)


def test_a_clerk_without_the_right_is_told_whom_to_ask(context, url, world):
    world.permissions = CLERK
    page = context.new_page()
    page.goto(url)
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F7")
    expect(page.locator(".say")).to_contain_text("改價需要權限，請按「換人」由店長登入")
    expect(page.locator("#edit-text")).to_have_count(0)
    scan(page, "9999999999999")
    expect(page.get_by_role("button", name="以自訂商品加入")).to_have_count(0)


def test_hostile_names_are_only_text(page):
    at_sale(page)
    scan(page, HOSTILE)
    expect(page.locator(".line .name").first).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_parked_carts_keep_their_id(page, world):
    at_sale(page)
    scan(page, COFFEE)
    sale_id = json.loads(page.evaluate("localStorage['guitai.till.cart']"))["id"]
    page.keyboard.press("F8")
    expect(page.locator(".say")).to_contain_text("已寄存")
    assert list(world.parked) == [sale_id]
    page.keyboard.press("F3")
    page.get_by_role("button", name="取回").click()
    expect(page.locator(".line")).to_have_count(1)
    settled(page, lambda: world.parked == {})
    assert pay(page, world)["id"] == sale_id


# Checkout ----------------------------------------------------------------------------------------


def test_four_kinds_of_buyers(page, world):
    at_sale(page)
    scan(page, COFFEE)
    assert pay(page, world)["choice"] == {"kind": "paper"}
    page.keyboard.press("Enter")

    scan(page, COFFEE)
    page.keyboard.press("F9")
    page.keyboard.press("F2")
    page.keyboard.type("12345678", delay=40)
    expect(page.locator("#choice-field-fault")).to_contain_text("檢查碼不符")
    page.keyboard.press("F9")
    expect(page.locator("#choice-field")).to_be_focused()
    assert len(world.sales) == 1
    page.locator("#choice-field").fill("04595257")
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    page.keyboard.press("Enter")

    scan(page, COFFEE)
    scan(page, "/ABC+123")
    expect(page.locator(".say")).to_contain_text("/AB****3")
    expect(page.locator("#pay")).to_contain_text("手機條碼")
    pay(page, world)
    page.keyboard.press("Enter")

    scan(page, COFFEE)
    page.keyboard.press("F9")
    page.keyboard.press("F7")
    page.keyboard.type("919", delay=40)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible()
    choices = [sale["order"]["choice"] for sale in world.sales.values()]
    assert choices[1:] == [
        {"kind": "company", "ban": "04595257"},
        {"kind": "mobile_barcode", "carrier": "/ABC+123"},
        {"kind": "donation", "npoban": "919"},
    ]


def test_scans_pick_the_invoice_choice_in_checkout(page):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    scan(page, "TP03000001234567")
    expect(page.get_by_role("radio", name="自然人憑證")).to_have_attribute("aria-checked", "true")
    expect(page.locator("#tender-0")).to_have_value("")
    scan(page, "12345675")
    expect(page.locator("#choice-field")).to_have_value("12345675")
    scan(page, EGG)
    expect(page.locator(".total")).to_contain_text("78")


def test_a_company_stores_its_invoice_in_a_phones_barcode(page, world):
    """手機條碼報核 (mof.md §2.1): both codes are scanned, the proof is printed only when wanted."""
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    scan(page, "04595257")
    scan(page, "/ABC+123")
    expect(page.get_by_role("radio", name="公司統編")).to_have_attribute("aria-checked", "true")
    expect(page.locator("#company-carrier")).to_have_value("/ABC+123")
    page.locator("#company-carrier").fill("/ABC")
    page.keyboard.press("F9")
    expect(page.locator("#company-carrier-fault")).to_contain_text("手機條碼是 / 加 7 碼")
    expect(page.locator("#company-carrier")).to_be_focused()
    expect(page.locator("#choice-field-fault")).to_have_count(0)
    page.locator("#company-carrier").fill("/abc+123")
    page.get_by_label("也印證明聯").uncheck()
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    (sale,) = world.sales.values()
    wanted = {"kind": "company", "ban": "04595257", "carrier": "/ABC+123", "print": False}
    assert sale["order"]["choice"] == wanted
    assert world.jobs == {}


def test_cash_change_and_several_tenders(page, world):
    at_sale(page)
    scan(page, RICE)
    page.keyboard.press("F9")
    page.keyboard.type("200", delay=40)
    page.keyboard.press("Enter")
    expect(page.locator("#tender-fault")).to_have_text("現金還少 $ 60。")
    page.locator("#tender-0").fill("500")
    expect(page.locator(".change-row")).to_contain_text("240")
    page.locator("#tender-0").fill("100")
    page.keyboard.press("F10")
    page.locator("#reference-1").fill("4242")
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    assert list(world.sales.values())[-1]["order"]["tenders"] == [
        {"method": "cash", "amount": 100, "received": 100},
        {"method": "card", "amount": 160, "reference": "4242"},
    ]


def test_change_is_the_largest_thing_after_a_cash_sale(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    page.keyboard.type("100", delay=40)
    page.keyboard.press("Enter")
    expect(page.locator(".done-figures .change dd")).to_contain_text("35")
    expect(page.locator(".done-figures .invoice")).to_contain_text("ZX-00000031")
    sizes = page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter(e => e.children.length < 2 && e.textContent.trim())"
        ".map(e => [parseFloat(getComputedStyle(e).fontSize), e.textContent])"
    )
    assert "35" in max(sizes)[1]


def test_a_refusal_says_why_and_keeps_the_cart_and_its_id(page, world):
    at_sale(page)
    scan(page, COFFEE)
    world.remaining = 0
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.locator(".refusal")).to_contain_text("發票開立錯誤，未收到發票號碼")
    expect(page.locator(".refusal")).to_contain_text("購物車已保留")
    assert world.sales == {}
    world.remaining = 5
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    assert len(set(world.sale_tries)) == 1 and len(world.sale_tries) == 2


def test_pressing_twice_sells_once(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    page.evaluate(
        "() => { for (let at = 0; at < 3; at += 1) document.getElementById('confirm').click(); }"
    )
    expect(page.locator(".done")).to_be_visible()
    assert len(world.sales) == 1 and len(world.sale_tries) == 1


def test_a_lost_answer_is_asked_again_under_the_same_id(page, world):
    at_sale(page)
    scan(page, COFFEE)
    world.faults.append(lambda method, path: "lose" if path == "sales" else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("還沒收到答覆，再問一次")).to_be_visible()
    world.faults.clear()
    expect(page.locator(".done")).to_be_visible(timeout=15_000)
    assert len(world.sales) == 1 and len(set(world.sale_tries)) == 1
    assert world.remaining == 1233


def test_a_page_that_dies_with_the_question_out_asks_again_after_its_start(
    page, context, url, world
):
    at_sale(page)
    scan(page, COFFEE)
    world.faults.append(lambda method, path: "lose" if path == "sales" else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("還沒收到答覆，再問一次")).to_be_visible()
    page.close()
    world.faults.clear()
    again = context.new_page()
    again.goto(url)
    expect(again.locator(".done")).to_be_visible(timeout=15_000)
    expect(again.locator(".done")).to_contain_text("ZX-00000031")
    assert len(world.sales) == 1 and len(set(world.sale_tries)) == 1


def test_signed_out_with_the_question_out_is_held_not_refused(page, world):
    at_sale(page)
    scan(page, COFFEE)
    world.faults.append(lambda method, path: "lose" if path == "sales" else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("還沒收到答覆，再問一次")).to_be_visible()
    world.signed_in = False
    world.faults.clear()
    expect(page.get_by_role("heading", name="請選擇您的名字")).to_be_visible(timeout=10_000)
    page.keyboard.press("1")
    page.keyboard.type("1234", delay=40)
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible(timeout=15_000)
    assert len(world.sales) == 1


def test_a_sale_without_answer_is_put_aside_and_told_when_done(page, world):
    at_sale(page)
    scan(page, COFFEE)
    world.faults.append(lambda method, path: "drop" if path == "sales" else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    page.get_by_role("button", name="先放一邊，服務下一位").click(timeout=15_000)
    scan(page, EGG)
    expect(page.locator(".line")).to_have_count(1)
    world.faults.clear()
    expect(page.locator(".say")).to_contain_text("先放一邊的那筆已完成", timeout=15_000)
    assert len(world.sales) == 1
    assert total(page) == "$13"


def test_the_same_id_with_other_content_is_shown_never_renamed(page, world):
    at_sale(page)
    scan(page, COFFEE)
    world.refuse_sale = Refusal(409, "ORD-REUSED", "這個編號已經用在另一筆內容不同的訂單。")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.locator(".refusal")).to_contain_text("查看訂單")
    page.keyboard.press("F9")
    expect(page.locator(".refusal")).to_be_visible()
    assert len(set(world.sale_tries)) == 1


def test_without_auto_issue_the_button_cannot_be_missed(page, world):
    world.auto_issue = False
    page.reload()
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    expect(page.get_by_text("發票還沒開！")).to_be_visible()
    expect(page.locator("#issue")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".done-figures .invoice")).to_contain_text("ZX-00000031")


def test_self_issued_numbers_now_or_later(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    page.keyboard.press("F8")
    expect(page.locator("#choice-field")).to_be_focused()
    page.keyboard.press("F9")
    expect(page.locator("#self-number")).to_be_visible()
    scan(page, "11512AB876543210815")
    expect(page.locator("#self-number")).to_have_value("AB87654321")
    page.get_by_role("button", name="登記號碼").click()
    expect(page.get_by_text("自行開立：AB-87654321")).to_be_visible()
    order = list(world.sales.values())[-1]["order"]
    assert order["invoice_number"] == "AB87654321" and order["invoice_manual"]


def test_without_a_centre_only_self_issued_can_be_chosen(page, world):
    world.centre = {
        "key": "none",
        "name": "",
        "state": "none",
        "state_text": "",
        "waiting": 0,
        "in_doubt": 0,
        "rejected": 0,
    }
    page.reload()
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    expect(page.get_by_text("只能自行開立").first).to_be_visible()
    expect(page.get_by_role("radio", name="紙本電子發票")).to_have_count(0)
    expect(page.get_by_role("radio", name="自行開立")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("F1")
    expect(page.get_by_role("radio", name="暫不開立")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator("#issue")).to_have_count(0)
    sold = next(iter(world.sales.values()))
    assert sold["order"]["choice"] == {"kind": "none_yet"}
    assert sold["answer"]["invoice"] is None


def test_a_member_carrier_is_offered_where_the_seller_has_a_class(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    expect(page.get_by_role("radio", name="會員載具")).to_have_count(0)
    page.keyboard.press("F6")
    expect(page.get_by_role("radio", name="紙本電子發票")).to_have_attribute("aria-checked", "true")
    world.member_carrier = True
    page.reload()
    at_sale(page)
    page.keyboard.press("F9")
    page.keyboard.press("F6")
    page.locator("#choice-field").fill("會員1")
    page.keyboard.press("F9")
    expect(page.locator("#choice-field-fault")).to_contain_text("半形英數字")
    scan(page, "20260001")
    expect(page.locator("#choice-field")).to_have_value("20260001")
    page.locator("#choice-field").fill("Ｍ0001")
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    choice = next(iter(world.sales.values()))["order"]["choice"]
    assert choice == {"kind": "member", "carrier": "M0001"}


def test_older_orders_a_page_at_a_time(page, world, monkeypatch):
    monkeypatch.setattr(mock_till, "ORDERS_A_PAGE", 2)
    at_sale(page)
    numbers = []
    for _ in range(3):
        scan(page, COFFEE)
        numbers.append(pay(page, world)["number"])
        page.keyboard.press("Enter")
        at_sale(page)
    page.get_by_role("button", name="訂單").first.click()
    rows = page.locator(".list-scroll .row strong.number")
    expect(rows).to_have_text(numbers[:0:-1])
    page.get_by_role("button", name="較舊").click()
    expect(rows).to_have_text(numbers[:1])
    expect(page.get_by_role("button", name="較舊")).to_be_disabled()
    page.get_by_role("button", name="較新").click()
    expect(rows).to_have_text(numbers[:0:-1])
    expect(page.get_by_role("button", name="較新")).to_be_disabled()
