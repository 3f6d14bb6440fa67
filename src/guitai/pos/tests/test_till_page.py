"""The till page in a real browser, against a stand-in REST and a stand-in agent.

What the clerk does and sees: DESIGN §7, product.md A.3, B.5–B.7, B.11, B.15–B.17, printing.md §3.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, READY, TOKEN, FakeAgent
from guitai.pos.tests.mock_till import CLERK, MockServer, Refusal, World

CHROMIUM = os.environ.get("GUITAI_CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = os.environ.get("GUITAI_PICTURES")
COFFEE, RICE, EGG = "4710001000039", "4710001000077", "4710001000022"
HOSTILE = "4710001000176"
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def agent() -> Iterator[FakeAgent]:
    agent = FakeAgent()
    agent.start()
    yield agent
    agent.stop()


@pytest.fixture
def world(agent: FakeAgent) -> World:
    world = World(agent.port)
    world.signed_in = True
    return world


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with MockServer(world) as url:
        yield f"{url}/pos/"


@pytest.fixture
def context(browser) -> Iterator:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
    # The device was paired once; a new tab of it keeps what the till keeps.
    context.add_init_script(
        "if (!localStorage.seeded) { localStorage.seeded = '1';"
        f" localStorage.setItem('guitai.till.agent_token', '\"{TOKEN}\"'); }}"
    )
    yield context
    context.close()


@pytest.fixture
def page(context, url: str):
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    page.till_faults = faults
    yield page
    assert faults == []


def scan(page, text: str) -> None:
    """A wedge scanner: keys without a pause into whatever has the focus, then Enter."""
    page.evaluate(
        """text => {
          const send = (init) => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init}));
          for (const key of text) send({key});
          send({key: 'Enter', code: 'Enter'});
        }""",
        text,
    )


def at_sale(page) -> None:
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator("#query")).to_be_focused()


def total(page) -> str:
    return page.locator(".total").inner_text().replace("\n", "")


def pay(page, world: World) -> dict:
    """F9, exact cash, Enter; returns what the server has stored."""
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible()
    return list(world.sales.values())[-1]["order"]


def picture(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


# Binding and signing in -------------------------------------------------------------------------


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
    world.bound = False
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("POS 未綁定")).to_be_visible()
    assert world.sales == {}
    world.bound = True
    page.fill("#bind-ban", "12345675")
    page.fill("#bind-code", "BIND-1234")
    page.keyboard.press("Enter")
    at_sale_again = page.locator(".line")
    expect(at_sale_again).to_have_count(1)


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


# Taking up goods ----------------------------------------------------------------------------------


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
          const send = (init) => field.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init}));
          field.value = 'ㄅ';
          for (const digit of '4710001000039') send({key: 'Process', code: 'Digit' + digit, isComposing: true, keyCode: 229});
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


def test_quantities_discounts_and_prices_by_keys(page):
    at_sale(page)
    page.locator("#query").fill("3*" + COFFEE)
    page.keyboard.press("Enter")
    assert total(page) == "$195"
    page.keyboard.press("+")
    expect(page.locator(".total")).to_contain_text("260")
    page.keyboard.press("-")
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
    page.wait_for_timeout(200)
    assert world.parked == {}
    assert pay(page, world)["id"] == sale_id


# Checkout ------------------------------------------------------------------------------------------


def test_four_kinds_of_buyers(page, world):
    at_sale(page)
    scan(page, COFFEE)
    assert pay(page, world)["choice"] == {"kind": "paper", "print": True}
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
        {"kind": "company", "ban": "04595257", "print": True},
        {"kind": "mobile_barcode", "carrier": "/ABC+123", "print": False},
        {"kind": "donation", "npoban": "919", "print": False},
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
        "[...document.querySelectorAll('body *')].filter(e => e.children.length < 2 && e.textContent.trim())"
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
    page.evaluate("() => { const b = document.getElementById('confirm'); b.click(); b.click(); b.click(); }")
    expect(page.locator(".done")).to_be_visible()
    assert len(world.sales) == 1 and len(world.sale_tries) == 1


def test_a_lost_answer_is_asked_again_under_the_same_id(page, world):
    at_sale(page)
    scan(page, COFFEE)
    lost = iter(["lose", "drop"])
    world.faults.append(lambda method, path: next(lost, "") if path == "sales" else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("還沒收到答覆，再問一次")).to_be_visible()
    expect(page.locator(".done")).to_be_visible(timeout=15_000)
    assert len(world.sales) == 1 and len(set(world.sale_tries)) == 1
    assert world.remaining == 1233


def test_a_page_that_dies_with_the_question_out_asks_again_after_its_start(page, context, url, world):
    at_sale(page)
    scan(page, COFFEE)
    world.faults.append(lambda method, path: "lose" if path == "sales" and not world.sales else "")
    world.faults.append(lambda method, path: "drop" if path == "sales" else "")
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
    world.faults.append(lambda method, path: "lose" if path == "sales" and not world.sales else "")
    page.keyboard.press("F9")
    page.locator("#tender-0").press("Enter")
    expect(page.get_by_text("還沒收到答覆，再問一次")).to_be_visible()
    world.signed_in = False
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
    world.centre = {"key": None, "name": "", "state": "none", "state_text": "", "waiting": 0, "in_doubt": 0, "rejected": 0}
    page.reload()
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    expect(page.get_by_text("只能自行開立").first).to_be_visible()
    expect(page.get_by_role("radio", name="紙本電子發票")).to_be_disabled()
    expect(page.get_by_role("radio", name="自行開立")).to_have_attribute("aria-checked", "true")


# Printing -------------------------------------------------------------------------------------------


def test_a_sale_prints_once_and_reports(page, world, agent):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("已印好")
    job_id = next(iter(world.jobs))
    assert agent.printed == [job_id]
    assert ("sent" in dict(reversed(world.reports)).values()) and world.jobs[job_id]["state"] == "done"
    assert agent.drawers == 1


def test_paper_end_waits_and_goes_on_by_itself(page, world, agent):
    at_sale(page)
    agent.behaviour = "waiting"
    agent.set_printer(PAPER_END)
    expect(page.locator(".strip")).to_contain_text("紙張用完，請換紙。")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等待中：紙張用完，請換紙。")
    agent.behaviour = "done"
    agent.set_printer(READY)
    agent.carry_on(next(iter(world.jobs)))
    expect(page.locator(".job")).to_contain_text("已印好")
    assert len(agent.printed) == 1


def test_an_uncertain_job_is_asked_and_a_reprint_is_a_new_job(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("可能沒有印完整")
    agent.behaviour = "done"
    page.get_by_role("button", name="補印").click()
    expect(page.locator(".job", has_text="補印").last).to_contain_text("已印好")
    first, second = world.jobs.values()
    assert (first["state"], first["copy"]) == ("cancelled", "original")
    assert (second["state"], second["copy"]) == ("done", "reprint")
    assert agent.printed == [first["id"], second["id"]]


def test_the_agent_may_start_late_and_jobs_wait_for_it(page, world, agent):
    at_sale(page)
    agent.stop()
    expect(page.locator(".strip")).to_contain_text("列印程式未執行")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等發票機")
    agent.start()
    expect(page.locator(".job")).to_contain_text("已印好", timeout=20_000)
    assert len(agent.printed) == 1


def test_a_reload_in_the_middle_of_a_print_prints_nothing_twice(page, world, agent):
    at_sale(page)
    agent.behaviour = "silent"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("排隊列印")
    page.reload()
    at_sale(page)
    agent.behaviour = "done"
    agent.carry_on(next(iter(world.jobs)))
    page.wait_for_timeout(500)
    assert len(agent.printed) == 1
    assert next(iter(world.jobs.values()))["state"] == "done"


def test_another_agent_never_prints_what_the_first_may_have_printed(page, world, agent):
    at_sale(page)
    agent.behaviour = "silent"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("排隊列印")
    agent.agent_id, agent.journal, agent.behaviour = "agent-2", {}, "done"
    page.reload()
    at_sale(page)
    expect(page.locator(".questions")).to_contain_text("可能沒有印完整")
    assert agent.printed == []
    page.get_by_role("button", name="已印好").click()
    expect(page.locator(".questions")).to_have_count(0)
    assert next(iter(world.jobs.values()))["state"] == "done"


def test_pairing_asks_for_the_six_digits(page, context, url, agent):
    at_sale(page)
    page.evaluate("localStorage.removeItem('guitai.till.agent_token')")
    page.reload()
    at_sale(page)
    expect(page.locator(".strip")).to_contain_text("尚未配對")
    page.keyboard.press("F10")
    page.locator("#pair-code").fill("000000")
    page.get_by_role("button", name="配對", exact=True).click()
    expect(page.locator("#pair-code-fault")).to_be_visible()
    page.locator("#pair-code").fill("493817")
    page.get_by_role("button", name="配對", exact=True).click()
    expect(page.get_by_text("配對完成。")).to_be_visible()
    expect(page.locator(".cell.good", has_text="發票機")).to_contain_text("就緒")


# The other pages ------------------------------------------------------------------------------------


def test_an_order_is_found_by_scanning_its_invoice_and_cancelled_with_a_reason(page, world):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("Enter")
    scan(page, "11512ZX000000310815")
    expect(page.locator(".order h2")).to_have_text("A1-00001")
    page.get_by_role("button", name="取消訂單").click()
    expect(page.get_by_text("發票 ZX-00000031 會作廢")).to_be_visible()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.locator("#cancel-reason-fault")).to_have_text("請寫原因。")
    page.get_by_role("button", name="商品打錯").click()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("訂單已取消。")).to_be_visible()
    assert list(world.sales.values())[0]["order"]["cancel_reason"] == "商品打錯"


def test_a_reprint_is_marked(page, world, agent):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("F2")
    page.locator(".row").first.click()
    page.get_by_role("button", name="補印證明聯").click()
    expect(page.locator(".job", has_text="補印")).to_contain_text("已印好")
    assert [job["copy"] for job in world.jobs.values()] == ["original", "reprint"]


def test_the_shift_summary_wants_a_reason_for_a_difference(page, world):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("F4")
    expect(page.locator(".figures")).to_contain_text("3,065")
    page.locator("#shift-counted").fill("3000")
    page.keyboard.press("Enter")
    expect(page.locator("#shift-reason-fault")).to_be_visible()
    page.locator("#shift-reason").fill("找錯錢")
    page.locator("#shift-taken").fill("1000")
    page.get_by_role("button", name="小結完成並關帳").click()
    expect(page.get_by_text("關帳完成。")).to_be_visible()
    [summary] = world.summaries
    assert (summary["counted_cash"], summary["taken_out"], summary["close"]) == (3000, 1000, True)


def test_the_drawer_opens_only_after_its_reason_is_recorded(page, world, agent):
    at_sale(page)
    page.keyboard.press("F10")
    page.get_by_role("button", name="開錢櫃").click()
    expect(page.locator("#drawer-reason-fault")).to_be_visible()
    page.locator("#drawer-reason").fill("換零錢")
    page.get_by_role("button", name="開錢櫃").click()
    expect(page.get_by_text("錢櫃已打開。")).to_be_visible()
    assert world.drawer == ["換零錢"] and agent.drawers == 1


def test_the_line_warns_after_five_seconds_and_when_cut(page, world, context):
    at_sale(page)
    world.faults.append(lambda method, path: "slow" if path.startswith("shift") else "")
    page.keyboard.press("F4")
    expect(page.locator(".line-warning")).to_have_text(
        "您目前的網路連線不穩定，將影響您的操作。", timeout=6500
    )
    world.faults.clear()
    context.set_offline(True)
    expect(page.locator(".line-warning")).to_contain_text("您目前網路斷線，將無法進行操作。")
    context.set_offline(False)
    expect(page.locator(".line-warning")).to_have_count(0, timeout=10_000)


# Looks -----------------------------------------------------------------------------------------------


def visit_states(page, world, agent):
    """Every main state in turn, by name."""
    at_sale(page)
    yield "empty"
    for code in (COFFEE, RICE, HOSTILE, "4710001000183"):
        scan(page, code)
    yield "cart"
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    yield "checkout"
    page.keyboard.press("F2")
    page.keyboard.type("12345678", delay=40)
    page.keyboard.press("F10")
    yield "wrong-ban-two-tenders"
    page.locator(".tender-tools button").nth(1).click()
    page.keyboard.press("F1")
    page.keyboard.press("F9")
    expect(page.locator(".job")).to_contain_text("已印好")
    yield "done"
    agent.behaviour = "uncertain"
    scan(page, EGG)
    pay(page, world)
    expect(page.locator(".job-ask")).to_be_visible()
    yield "uncertain"
    page.get_by_role("button", name="已印好").click()
    page.keyboard.press("F2")
    page.locator(".row").first.click()
    page.get_by_role("button", name="取消訂單").click()
    yield "orders"
    page.keyboard.press("F4")
    page.locator("#shift-counted").fill("3000")
    yield "shift"
    page.keyboard.press("F10")
    expect(page.locator(".device")).to_be_visible()
    yield "device"
    page.get_by_role("button", name="換人").click()
    page.keyboard.press("1")
    expect(page.locator("#pin")).to_be_visible()
    yield "sign-in"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)], ids=["desktop", "tablet"])
def test_every_state_fits_the_screen_and_axe_finds_nothing_serious(
    browser, url, world, agent, scheme, size
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.add_init_script(f"localStorage.setItem('guitai.till.agent_token', '\"{TOKEN}\"')")
    page = context.new_page()
    page.goto(url)
    try:
        for name in visit_states(page, world, agent):
            picture(page, f"till-{name}-{size[0]}-{scheme}")
            check_state(page, axe, name)
    finally:
        context.close()


def check_state(page, axe, name: str) -> None:
    overflow = page.evaluate(
        "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    )
    assert max(overflow) <= 0, f"{name} does not fit: {overflow}"
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.offsetParent && b.getBoundingClientRect().height < 44)"
        ".map(b => b.textContent)"
    )
    assert small == [], f"{name}: too small to touch: {small}"
    unworded = re.findall(r"^[a-z]+\.[a-z_]+$", page.inner_text("#till"), re.M)
    assert unworded == [], f"{name}: words missing: {unworded}"
    results = axe.run(page)
    serious = [
        (found["id"], [node["target"] for node in found["nodes"]][:4])
        for found in results.response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    assert serious == [], f"{name}: {serious}"
