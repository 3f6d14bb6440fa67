"""設備 at the desk in a real browser: what a till reports is seen elsewhere without a reload."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from guitai.config import demo_shop, till_client
from guitai.pos.tests.till_browser import expect, needs_chromium
from guitai.tenancy.rules import DEVICE_CODE_ALPHABET
from guitai_agent import knowledge
from tests.house import House
from tests.journeys.counter import Desk
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
    assert set(shown) <= set(DEVICE_CODE_ALPHABET)
    assert look(owner.page, "desk-device-code") == []


LOST = re.compile(r"失去聯絡（最後 \d\d:\d\d）")


def test_an_agent_that_freezes_or_dies_is_not_called_good(house, till, owner):
    """The house's own agent joins and is seen; frozen, the relay gives it up after two pings."""
    report(till)
    owner.menu("設備")
    row = owner.page.get_by_role("row").filter(has_text="一號機").first
    row.get_by_role("link").click()
    address = owner.page.url
    owner.press("產生連線碼")
    code = owner.page.locator(".code").inner_text().replace("-", "")
    joining = ["join", "--server", house.base, "--code", code]
    joining += ["--data", str(house.folder / "agent")]
    subprocess.run([sys.executable, "-m", "guitai_agent", *joining], check=True)
    owner.page.goto(address)
    stands = owner.page.locator(".device-head")
    expect(stands).to_contain_text("從列印程式到紙張都正常", timeout=15_000)
    expect(owner.page.get_by_text("虛擬發票機").first).to_be_visible(timeout=15_000)

    pid = int((house.folder / "run" / "agent.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        expect(stands).to_contain_text(LOST, timeout=45_000)
        for name in ("驅動程式", "連接埠", "發票機", "紙張"):
            called = owner.page.locator("strong", has_text=name)
            expect(owner.page.locator(".way li").filter(has=called)).to_contain_text("不明")
        assert look(owner.page, "desk-device-lost") == []
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(stands).to_contain_text("從列印程式到紙張都正常", timeout=75_000)
