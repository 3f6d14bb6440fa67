"""What a person must be able to read at the till, whatever the cart, the theme and the width."""

import pytest

from guitai.pos.tests.till_browser import COFFEE, at_sale, expect, needs_chromium, scan

pytestmark = [pytest.mark.browser, needs_chromium]
GOODS = [
    "4710001000015", "4710001000022", "4710001000039", "4710001000046", "4710001000053",
    "4710001000060", "4710001000077", "4710001000084", "4710001000091", "4710001000107",
]  # fmt: skip


def test_in_a_long_cart_the_newest_line_is_in_sight(page):
    """A scan shows its line at once (DESIGN §7), also where the list is longer than its room."""
    at_sale(page)
    for code in GOODS:
        scan(page, code)
    expect(page.locator(".line")).to_have_count(len(GOODS))
    expect(page.locator(".line").first).not_to_be_in_viewport()
    expect(page.locator(".line").last).to_be_in_viewport(ratio=0.99)
    scan(page, GOODS[0])  # again: its line is far up, and is the one that changed
    expect(page.locator(".line").first).to_be_in_viewport(ratio=0.99)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_touched_invoice_choice_stays_readable(page, theme):
    """A finger leaves the pointer where it touched; the chosen kind must not look hovered."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    kind = page.get_by_role("radio", name="公司統編")
    kind.click()
    page.mouse.move(0, 0)
    chosen = kind.evaluate("kind => getComputedStyle(kind).backgroundColor")
    kind.hover()
    expect(kind).to_have_css("background-color", chosen)


def test_no_word_of_the_strip_is_cut_off_on_a_tablet(page, world):
    """The strip tells its four things in words as well as in colour (DESIGN §7)."""
    world.centre = {**world.centre, "name": "財政部 Turnkey", "state": "ok", "waiting": 12}
    page.set_viewport_size({"width": 1024, "height": 768})
    page.reload()
    at_sale(page)
    words = page.locator(".cell-words")
    expect(words.nth(2)).to_have_text("財政部 Turnkey・12 張待上傳")
    cut = """words => words.filter(w =>
      w.scrollWidth > w.clientWidth || w.scrollHeight > w.clientHeight).map(w => w.innerText)"""
    assert words.evaluate_all(cut) == []


def test_a_wrong_ban_is_refused_at_its_field_before_the_code_is_blamed(context, url, world):
    world.bound, world.signed_in = False, False
    page = context.new_page()
    page.goto(url)
    page.fill("#bind-ban", "1234")
    page.keyboard.press("Enter")
    expect(page.locator("#bind-ban-fault")).to_contain_text("統一編號是 8 位數字")
    expect(page.locator("#bind-ban")).to_be_focused()
    page.fill("#bind-ban", "12345675")
    page.keyboard.press("Enter")
    expect(page.locator("#bind-code-fault")).to_contain_text("請輸入綁定碼")
    expect(page.locator("#bind-code")).to_be_focused()


def test_the_till_names_the_desk_page_as_the_desk_does(context, url, world):
    world.bound, world.signed_in = False, False
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".field", has=page.locator("#bind-code"))).to_contain_text("後台「POS 機」")
