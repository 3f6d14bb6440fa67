"""Every screen as a picture, at a counter PC and at a tablet, light and dark; axe reads each.

The pictures go into ``GUITAI_PICTURES`` (``var/pictures`` by default) for people to look at.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from guitai.config import demo_shop, till_client
from guitai.pos.tests.till_browser import expect, needs_chromium
from tests.house import ROOT, House
from tests.journeys.counter import PRICES, Desk, Till, Tray, paired_with, until

pytestmark = [pytest.mark.browser, needs_chromium]

PICTURES = Path(os.environ.get("GUITAI_PICTURES", ROOT / "var" / "pictures"))
SIZES = {"pc": {"width": 1366, "height": 768}, "tablet": {"width": 1024, "height": 768}}
THEMES = ("light", "dark")
DESK = {
    "home": "/desk/", "orders": "/desk/orders/", "products": "/desk/products/",
    "numbers": "/desk/numbers/", "invoices": "/desk/invoices/",
    "transmissions": "/desk/transmissions/", "centres": "/desk/centres/",
    "devices": "/desk/devices/", "registers": "/desk/registers/", "stores": "/desk/stores/",
    "entities": "/desk/entities/", "staff": "/desk/staff/", "audit": "/desk/audit/",
    "import": "/desk/products/import/", "product": "/desk/products/new/",
}  # fmt: skip
ONE = {
    "invoice": "/desk/invoices/", "order": "/desk/orders/", "register": "/desk/registers/",
    "device": "/desk/devices/",
}  # fmt: skip


@pytest.fixture(scope="module")
def sold(house: House, shop: dict[str, Any]) -> till_client.Till:
    """A morning's sales of all kinds, one of them cancelled; uploaded."""
    till = till_client.Till(house.base)
    till.bind(shop["ban"], shop["code"], "櫃台電腦")
    till.sign_in(shop["clerk"], demo_shop.CLERK_PIN)
    products = till.call("GET", "products")["products"]
    choices = [
        {"kind": "paper"}, {"kind": "company", "ban": "04595257", "buyer_name": "測試股份有限公司"},
        {"kind": "mobile_barcode", "carrier": "/ABC+123"}, {"kind": "donation", "npoban": "919"},
    ]  # fmt: skip
    for serial in range(12):
        goods = products[serial % 9 : serial % 9 + 1 + serial % 3]
        till.sell(till_client.sale_of(goods, choices[serial % 4]))
    until(lambda: len(house.documents(face="turnkey")) >= 12, "the uploads")
    return till


def look(page: Any, name: str) -> list[str]:
    """Four pictures of what stands on the page; what axe finds serious in any of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    found = []
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.screenshot(path=PICTURES / f"{name}-{size}-{theme}.png")
            found += [f"{name}-{size}-{theme}: {fault}" for fault in serious(page)]
        found += [f"{name}-{size}: wider than the screen"] * overflows(page)
    return found


def serious(page: Any) -> list[str]:
    """Violations that axe calls serious or critical, with the first place of each."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{v['id']} {v['nodes'][0]['target']} {v['nodes'][0]['failureSummary']}"
        for v in violations
        if v["impact"] in {"serious", "critical"}
    ]


def overflows(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.fixture
def counter(house: House, sold: till_client.Till, device: Any) -> Till:
    """The till of that morning, paired."""
    page = device()
    page.context.add_cookies([{"name": "guitai_till", "value": sold.token, "url": house.base}])
    page.add_init_script(paired_with(house))
    return Till(house, page)


def test_the_till_in_pictures(house, counter):
    counter.open()
    counter.at_sale()
    expect(counter.strip("發票機")).to_have_text("就緒")
    expect(counter.page.locator(".bar .badge")).to_have_count(0, timeout=30_000)
    found = look(counter.page, "till-1-idle")
    counter.scan_goods("A001", "C003", "D002")
    counter.total(PRICES["A001"] + PRICES["C003"] + PRICES["D002"])
    found += look(counter.page, "till-2-cart")
    counter.checkout()
    counter.choose("公司統編")
    counter.page.locator("#choice-field").fill("04595257")
    counter.cash(1000)
    found += look(counter.page, "till-3-checkout")
    counter.choose("紙本電子發票")
    counter.confirm()
    counter.printed()
    found += look(counter.page, "till-4-done")
    counter.page.keyboard.press("F2")
    counter.page.locator(".row").first.click()
    expect(counter.page.locator(".order .facts")).to_be_visible()
    found += look(counter.page, "till-5-orders")
    counter.page.keyboard.press("F4")
    counter.page.get_by_label("1000 元張數").fill("1")
    found += look(counter.page, "till-6-shift")
    counter.page.keyboard.press("F10")
    found += look(counter.page, "till-7-device")
    Tray(house).fault("paper_end", True)
    expect(counter.page.locator(".finding .steps")).to_be_visible()
    found += look(counter.page, "till-7-device-trouble")
    Tray(house).fault("paper_end", False)
    expect(counter.strip("發票機")).to_have_text("就緒")
    counter.page.get_by_role("button", name="換人").click()
    counter.page.locator(".person").first.click()
    found += look(counter.page, "till-8-sign-in")
    shutil.copyfile(Tray(house).papers()[-1], PICTURES / "proof.png")
    assert found == []


def test_the_desk_in_pictures(house, sold, device):
    owner = Desk(house, device())
    owner.go("/account/login/")
    found = look(owner.page, "desk-sign-in")
    owner.sign_in(demo_shop.OWNER)
    for name, path in DESK.items():
        owner.go(path)
        found += look(owner.page, f"desk-{name}")
    for name, path in ONE.items():
        owner.go(path)
        owner.page.locator("table.rows tbody th a").first.click()
        expect(owner.page.get_by_role("heading", level=1)).to_be_visible()
        owner.page.wait_for_load_state()
        found += look(owner.page, f"desk-{name}-one")
    assert found == []
