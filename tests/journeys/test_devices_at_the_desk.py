"""設備 at the desk in a real browser: what a till reports is seen elsewhere without a reload."""

from datetime import UTC, datetime
from typing import Any

import pytest

from guitai.config import demo_shop, till_client
from guitai.tenancy.rules import BINDING_CODE_ALPHABET
from guitai_agent import knowledge
from tests.house import House
from tests.journeys.counter import Desk, expect, needs_chromium
from tests.journeys.test_pictures import look

pytestmark = [pytest.mark.browser, needs_chromium]

WAY = ("page", "agent", "driver", "port", "printer", "paper")
DEVICE = {"name": "Posiflex PP-8800（COM5）", "profile": "PP-8800"}
AGENT = "9f0c1d2e"


@pytest.fixture(scope="module")
def till(house: House, shop: dict[str, Any]) -> till_client.Till:
    till = till_client.Till(house.base)
    till.bind(shop["ban"], shop["code"], "櫃台電腦")
    till.sign_in(shop["clerk"], demo_shop.CLERK_PIN)
    return till


@pytest.fixture
def owner(house: House, device: Any) -> Desk:
    desk = Desk(house, device())
    desk.sign_in(demo_shop.OWNER)
    return desk


def report(till: till_client.Till, *codes: str, waiting: int = 0, **more: Any) -> None:
    """What the page passes on for an agent that found these conditions."""
    found = [knowledge.remedy(code, "PP-8800") for code in codes]
    bad = {one.hop: one for one in found}
    hops = [
        {
            "hop": hop,
            "state": bad[hop].level if hop in bad else "ok",
            "code": bad[hop].code if hop in bad else "OK",
            "message": bad[hop].message if hop in bad else "",
        }
        for hop in WAY
    ]
    told = {
        "agent_id": AGENT, "version": "0.1.0", "hops": hops, "queue": {"waiting": waiting},
        "findings": [{"code": one.code, "level": one.level, "hop": one.hop} for one in found],
        "printer": {"paper": "end" if "PAPER_END" in codes else "ok", "device": DEVICE},
        "clock": {"drift_ms": 1200, "source": "page"}, "time": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    till.call("POST", "agent", {**told, **more})


def test_a_fault_appears_and_goes_without_a_reload(till, owner):
    report(till)
    owner.menu("設備")
    row = owner.page.get_by_role("row").filter(has_text="Posiflex PP-8800")
    expect(row).to_contain_text("正常")
    found = look(owner.page, "desk-devices")
    report(till, "PAPER_END", waiting=2)
    expect(row).to_contain_text(knowledge.remedy("PAPER_END").message, timeout=12_000)
    found += look(owner.page, "desk-devices-trouble")
    row.get_by_role("link").click()
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("的設備")
    for step in knowledge.remedy("PAPER_END", "PP-8800").steps:
        expect(owner.page.get_by_text(step, exact=True)).to_be_visible()
    found += look(owner.page, "desk-device-paper")
    report(till)
    expect(owner.page.get_by_text("從列印程式到紙張都正常")).to_be_visible(timeout=12_000)
    found += look(owner.page, "desk-device")
    report(till, "PRN_SILENT", "CLOCK_DRIFT", version="0.0.1")
    old = owner.page.get_by_role("heading", name=knowledge.remedy("AGENT_OLD").message)
    expect(old).to_be_visible(timeout=12_000)
    drawing = owner.page.locator(".finding img").first
    expect(drawing).to_have_js_property("complete", True)
    assert drawing.evaluate("image => image.naturalWidth") > 0
    found += look(owner.page, "desk-device-findings")
    assert found == []


def test_the_focus_stays_in_its_row_while_the_table_is_renewed(till, owner):
    report(till)
    owner.menu("設備")
    link = owner.page.get_by_role("row").filter(has_text="Posiflex PP-8800").get_by_role("link")
    link.focus()
    report(till, "COVER_OPEN")
    expect(owner.page.get_by_text(knowledge.remedy("COVER_OPEN").message)).to_be_visible(
        timeout=12_000
    )
    expect(link).to_be_focused()


def test_a_code_for_an_agent(till, owner):
    report(till)
    owner.menu("設備")
    owner.page.get_by_role("row").filter(has_text="Posiflex PP-8800").get_by_role("link").click()
    owner.press("產生連線碼")
    shown = owner.page.locator(".code").inner_text().replace("-", "")
    assert len(shown) == 8
    assert set(shown) <= set(BINDING_CODE_ALPHABET)
    assert look(owner.page, "desk-device-code") == []
