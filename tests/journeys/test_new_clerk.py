"""A new clerk's first day, from the binding code to the closed shift (product.md C, B.5, B.7).

What she sold is compared, field by field, with her paper and with what arrived at the platform.
"""

import re
from decimal import Decimal

import pytest

from guitai.config import demo_shop
from guitai.pos.tests.till_browser import expect, needs_chromium
from tests.journeys.counter import BARCODES, NAMES, PRICES, Desk, Tray, pair_code_of, until

pytestmark = [pytest.mark.browser, needs_chromium]

COMPANY, BARCODE, CHARITY = "04595257", "/ABC+123", "919"
REASON = "客人退貨"


def test_a_new_clerks_first_day(house, shop, device, till):
    tray = Tray(house)
    open_the_counter(house, shop, device, till)
    coffee = sell_on_paper(till, tray)
    cakes = sell_to_a_company(till, tray)
    tea = sell_to_a_phone(till, tray)
    rice = sell_for_charity(till, tray)
    the_coffee_comes_back(till, coffee)
    close_the_shift(till, tray, cakes["total"] + tea["total"] + rice["total"])
    the_platform_has_what_was_sold(house, [coffee, cakes, tea, rice])
    assert house.run("broken_facts") == []


# In the morning -----------------------------------------------------------------------------------


def open_the_counter(house, shop, device, till):
    manager = Desk(house, device())
    manager.sign_in(demo_shop.MANAGER)
    code = manager.binding_code("前台一號機")
    till.open()
    till.bind(shop["ban"], code, "櫃台的新電腦")
    expect(till.page.get_by_role("heading", name="請選擇您的名字")).to_be_visible()
    till.sign_in("林小芳", demo_shop.CLERK_PIN)
    till.at_sale()
    expect(till.strip("發票機")).to_have_text("尚未配對")
    before = Tray(house).papers()
    till.pair(pair_code_of(house, manager.page))
    assert len(Tray(house).new(before, 1)) == 1  # the six digits came out on paper too
    expect(till.strip("發票機")).to_have_text("就緒")
    expect(till.strip("號碼")).to_have_text("剩 500 張")
    expect(till.strip("加值中心")).to_have_text("財政部 Turnkey 正常")
    expect(till.strip("連線")).to_have_text("正常")


# Four customers -----------------------------------------------------------------------------------


def sell_on_paper(till, tray):
    """Two coffees by the scanner, a pineapple by name; 300 in cash; the proof comes out."""
    till.scan_goods("A001")
    till.scan(BARCODES["A001"])
    till.search("鳳梨")
    till.total(2 * PRICES["A001"] + PRICES["D002"])
    till.checkout()
    till.chosen("紙本電子發票")
    till.cash(300)
    before = tray.papers()
    number = till.confirm()
    till.change(300 - 220)
    till.printed()
    (paper,) = tray.new(before, 1)
    sold = {"number": number, "total": 220, "kind": "paper", "lines": [("A001", 2), ("D002", 1)]}
    check_paper(tray, paper, sold)
    till.next()
    return {**sold, "paper": paper}


def sell_to_a_company(till, tray):
    """The company's BAN is scanned at the payment; proof and detail are one piece of paper."""
    till.scan_goods("B001", "B002")
    till.checkout()
    till.scan(COMPANY)
    till.chosen("公司統編")
    till.page.locator("#buyer-name").fill("測試股份有限公司")
    before = tray.papers()
    number = till.confirm()
    till.change(0)
    till.printed()
    expect(till.page.locator(".done .job")).to_contain_text("證明聯連明細")
    (paper,) = tray.new(before, 1)
    sold = {"number": number, "total": 103, "kind": "company", "lines": [("B001", 1), ("B002", 1)]}
    check_paper(tray, paper, sold, buyer=COMPANY)
    assert tray.length(paper) > 1.2 * tray.length(before[-1])  # the detail hangs on it
    till.next()
    return sold


def sell_to_a_phone(till, tray):
    """The phone is scanned before the goods; nothing is printed."""
    till.scan(BARCODE)
    till.page.keyboard.type("3*", delay=50)
    expect(till.page.locator(".times")).to_have_text("× 3")
    till.scan(BARCODES["A003"])
    till.total(3 * PRICES["A003"])
    till.checkout()
    till.chosen("手機條碼")
    number = confirm_without_paper(till, tray)
    return {"number": number, "total": 180, "kind": "mobile_barcode", "lines": [("A003", 3)]}


def sell_for_charity(till, tray):
    till.scan_goods("D001")
    till.checkout()
    till.choose("捐贈")
    till.page.keyboard.type(CHARITY, delay=40)
    number = confirm_without_paper(till, tray)
    return {"number": number, "total": 260, "kind": "donation", "lines": [("D001", 1)]}


def confirm_without_paper(till, tray):
    before = tray.papers()
    number = till.confirm()
    till.nothing_printed()
    till.next()
    assert tray.papers() == before
    return number


def check_paper(tray, paper, sold, buyer="00000000"):
    """The three barcodes of the proof say what was sold (mof.md §3: Code 39, left, right QR)."""
    codes = tray.barcodes(paper)
    assert len(codes) == 3
    code39 = next(code for code in codes if len(code) == 19)
    left = next(code for code in codes if code.startswith(sold["number"]) and code != code39)
    right = next(code for code in codes if code.startswith("**"))
    assert code39[5:15] == sold["number"]
    assert code39[15:] == left[17:21]  # the same random code
    assert int(left[29:37], 16) == sold["total"]
    assert left[37:45] == buyer
    assert left[45:53] == demo_shop.BAN
    words = (left[77:] + right[2:]).split(":")
    shown = {sku: words[words.index(NAMES[sku]) + 1 :][:2] for sku, _ in sold["lines"]}
    assert {sku: int(count) for sku, (count, _) in shown.items()} == dict(sold["lines"])
    if buyer == "00000000":
        assert {sku: int(price) for sku, (_, price) in shown.items()} == {
            sku: PRICES[sku] for sku, _ in sold["lines"]
        }
    else:  # a company's prices stand without tax, and add up to the sales amount (mof.md §2.3)
        net = sum(int(count) * Decimal(price) for count, price in shown.values())
        assert net == int(left[21:29], 16) == round(sold["total"] / 1.05)


# In the afternoon ---------------------------------------------------------------------------------


def the_coffee_comes_back(till, coffee):
    """The customer brings his proof: its barcode finds the order; cancelling is the manager's."""
    page = till.page
    (code39,) = (code for code in Tray.barcodes(coffee["paper"]) if len(code) == 19)
    find_by_paper(till, code39, coffee)
    page.get_by_role("button", name="取消訂單").click()
    expect(page.get_by_text("取消訂單需要權限，請按「換人」由店長登入")).to_be_visible()
    change_clerk(till, "陳店長", demo_shop.MANAGER_PIN)
    find_by_paper(till, code39, coffee)
    page.get_by_role("button", name="取消訂單").click()
    expect(page.get_by_text(f"發票 {dashed(coffee['number'])} 會作廢")).to_be_visible()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("請寫原因。")).to_be_visible()
    page.get_by_role("button", name=REASON).click()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("訂單已取消，請退還：現金 $ 220。")).to_be_visible()
    expect(page.locator(".order .facts")).to_contain_text("已作廢")
    change_clerk(till, "林小芳", demo_shop.CLERK_PIN)


def find_by_paper(till, code39, sold):
    till.scan(code39)
    expect(till.page.locator(".order .facts")).to_contain_text(dashed(sold["number"]))


def change_clerk(till, name, pin):
    till.page.get_by_role("button", name="換人").click()
    till.sign_in(name, pin)
    till.at_sale()


def dashed(number):
    return f"{number[:2]}-{number[2:]}"


# In the evening -----------------------------------------------------------------------------------


def close_the_shift(till, tray, expected):
    """She counts 20 less than there should be, says why, takes the rest out, and closes."""
    page = till.page
    page.keyboard.press("F4")
    row = page.locator(".figures tr", has_text="作廢發票")
    expect(row).to_contain_text("1 張")
    expect(row).to_contain_text("220")
    expect(page.locator(".figures tr", has_text="應有現金")).to_contain_text(f"{expected}")
    page.get_by_label("100 元張數").fill(str(expected // 100))
    page.get_by_label("1 元張數", exact=True).fill(str(expected % 100 - 20))
    expect(page.locator(".count-result")).to_contain_text("短少")
    page.locator("#shift-taken").fill("500")
    page.get_by_role("button", name="小結完成並關帳").click()
    expect(page.get_by_text("現金不符，請寫差異原因。")).to_be_visible()
    page.locator("#shift-reason").fill("找錯錢")
    before = tray.papers()
    page.get_by_role("button", name="小結完成並關帳").click()
    expect(page.get_by_text("關帳完成。")).to_be_visible()
    expect(page.locator(".figures tr", has_text="作廢發票")).to_contain_text("0 張")
    tray.new(before, 1)


# At the platform ----------------------------------------------------------------------------------


def the_platform_has_what_was_sold(house, sales):
    """Four invoices and one void, once each, equal to what was sold."""
    arrived = until(
        lambda: (found := house.documents(face="turnkey")) and len(found) >= 5 and found,
        "four invoices and a void at the platform",
    )
    assert [d["deliveries"] for d in arrived] == [1] * 5
    books = {row["number"]: row["document"] for row in house.run("books")["invoices"]}
    invoices = {d["number"]: d for d in arrived if d["message"] == "F0401"}
    assert sorted(invoices) == sorted(sale["number"] for sale in sales) == sorted(books)
    for sale in sales:
        check_document(invoices[sale["number"]], sale, books[sale["number"]])
    (void,) = (d for d in arrived if d["message"] == "F0501")
    assert (void["number"], void["reason"]) == (sales[0]["number"], REASON)
    assert invoices[void["number"]]["state"] == "void"


def check_document(arrived, sale, book):
    """The document at the platform against the sale, in the platform's own terms (mof.md §2)."""
    company, phone = sale["kind"] == "company", sale["kind"] == "mobile_barcode"
    assert arrived["seller"] == demo_shop.BAN
    assert arrived["buyer"] == (COMPANY if company else "0000000000")
    if company:
        assert arrived["buyer_name"] == "測試股份有限公司"
    assert re.fullmatch(r"\d{4}", arrived["random"]) and arrived["random"] == book["random_code"]
    assert arrived["print"] == ("Y" if sale["kind"] in {"paper", "company"} else "N")
    carrier = {"type": "3J0002", "id1": BARCODE, "id2": BARCODE}
    assert arrived["carrier"] == (carrier if phone else None)
    donated = sale["kind"] == "donation"
    assert (arrived["donate"], arrived["donation"]) == (("1", CHARITY) if donated else ("0", ""))
    assert (arrived["date"], arrived["time"]) == (book["date"], book["time"])
    assert [line["description"] for line in arrived["lines"]] == [
        NAMES[sku] for sku, _ in sale["lines"]
    ]
    assert [int(line["quantity"]) for line in arrived["lines"]] == [n for _, n in sale["lines"]]
    check_totals(arrived["totals"], sale)


def check_totals(totals, sale):
    free = sum(PRICES[sku] * count for sku, count in sale["lines"] if sku.startswith("D"))
    taxed = sale["total"] - free
    assert (totals["total"], totals["free"], totals["zero"]) == (sale["total"], free, 0)
    assert totals["tax_type"] == ("9" if free and taxed else "3" if free else "1")
    if sale["kind"] == "company":  # tax is shown apart to a company: 103 holds 5 (mof.md §6)
        assert (totals["sales"], totals["tax"]) == (98, 5)
    else:
        assert (totals["sales"], totals["tax"]) == (taxed, 0)
