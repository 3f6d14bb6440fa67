"""The doctor at the counter, with everything real: fault, name, cure, green; paper one can trust.

product.md A.3 (S3.2–S3.15), B.17; printing.md §6; docs/agent-protocol.md §6, §11.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from guitai.pos.tests.till_browser import expect, needs_chromium, soon
from tests.house import House
from tests.journeys.counter import PATIENCE, Till, Tray, at_counter, until
from tests.journeys.test_when_things_go_wrong import agent_away

pytestmark = [pytest.mark.browser, needs_chromium]

WELL = "從網頁到紙張，每一段都正常。"


@pytest.fixture(scope="module")
def counter(house: House, shop: dict[str, Any], browser: Any) -> Iterator[Till]:
    with at_counter(house, shop, browser) as till:
        yield till


@pytest.fixture
def front(counter: Till) -> Iterator[Till]:
    """The counter between two customers, all well; at the end nothing in the page broke."""
    counter.page.keyboard.press("F1")
    expect(counter.strip("發票機")).to_have_text("就緒", timeout=PATIENCE)
    counter.faults.clear()
    yield counter
    assert counter.faults == []


def doctor(till: Till) -> Any:
    till.page.keyboard.press("F10")
    expect(till.page.get_by_text(WELL)).to_be_visible(timeout=PATIENCE)
    return till.page


def sell(till: Till, sku: str) -> str:
    till.page.keyboard.press("F1")
    till.scan_goods(sku)
    till.checkout()
    return till.confirm()


# Fault → name → cure → green ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "hop", "said", "seconds"),
    [
        ("paper_end", "紙張", "紙張用完", 1),
        ("cover_open", "紙張", "上蓋", 1),
        ("cutter", "紙張", "裁刀", 1),
        ("silent", "發票機", "沒有回應", 8),  # silence is waited for
    ],
)
def test_a_fault_is_named_with_its_steps_and_turns_green(front, house, fault, hop, said, seconds):
    page, tray = doctor(front), Tray(house)
    try:
        took = named_after(page, tray, fault, said)
        if took >= seconds:  # a machine that is busy with something else gets one more chance
            tray.fault(fault, False)
            mend(page)
            took = named_after(page, tray, fault, said)
        assert took < seconds
        expect(page.locator(".finding .steps li").first).to_be_visible()
        expect(page.locator(".hop.bad")).to_contain_text(hop)
        expect(page.locator(".strip .cell.bad", has_text="發票機")).to_contain_text(said)
        picture = page.locator(".finding img").first
        assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
        page.get_by_role("button", name="重新檢查").click()
        expect(page.locator(".doctor-head")).to_contain_text("檢查")
        expect(page.locator(".finding h3").first).to_contain_text(said)
    finally:
        tray.fault(fault, False)
    mend(page)
    expect(front.strip("發票機")).to_have_text("就緒")


def named_after(page: Any, tray: Tray, fault: str, said: str) -> float:
    """Seconds from the fault until the page names it."""
    began = time.monotonic()
    tray.fault(fault, True)
    soon(page, ".finding h3", said)
    return time.monotonic() - began


def mend(page: Any) -> None:
    """Paper and lid turn green by themselves; else the button does what software can do."""
    well = page.get_by_text(WELL)
    try:
        expect(well).to_be_visible(timeout=4_000)
    except AssertionError:
        page.locator(".finding .tools .button.primary").first.click()
        expect(well).to_be_visible(timeout=PATIENCE)


def test_without_the_agent_the_page_knows_the_cure_and_turns_green_by_itself(front, house):
    page = doctor(front)
    with agent_away(house):
        expect(page.locator(".hop.bad")).to_contain_text("列印程式", timeout=PATIENCE)
        expect(page.locator(".finding h3").first).to_have_text("列印程式沒有執行。")
        expect(page.locator(".finding .steps").first).to_contain_text("啟動列印程式")
        expect(front.strip("發票機")).to_have_text("列印程式未執行")
    expect(page.get_by_text(WELL)).to_be_visible(timeout=60_000)
    assert "請先嘗試重開系統和裝置" not in page.content()


def test_what_no_sensor_sees_is_asked(front, house):
    """A test slip: first all is well, then the roll lies the wrong way round (P5, P6)."""
    page = doctor(front)
    printed = page.locator(".finding", has_text="測試頁已印出")
    test_page = page.get_by_role("button", name="列印測試頁", exact=True)
    test_page.click()
    printed.get_by_role("button", name="看得到").click()
    expect(page.locator(".ask")).to_contain_text("異音")
    page.locator(".ask").get_by_role("button", name="沒有").click()
    expect(page.get_by_text(WELL)).to_be_visible()
    test_page.click()
    printed.get_by_role("button", name="一片空白").click()
    blank = page.locator(".finding.bad")
    expect(blank.locator("h3")).to_contain_text("無字")
    expect(page.locator(".hop.bad")).to_contain_text("紙張")
    blank.locator(".ask").get_by_role("button", name="看得到").click()
    expect(page.get_by_text(WELL)).to_be_visible()


# Paper one can trust -----------------------------------------------------------------------------


def uncertain_sale(front: Till, house: House, sku: str) -> str:
    """The printer's last word is lost: nobody knows whether the proof is whole."""
    tray = Tray(house)
    tray.fault("lost_fence", True)
    try:
        number = sell(front, sku)
        expect(front.page.locator(".done .job")).to_contain_text("可能沒有印完整", timeout=60_000)
    finally:
        tray.fault("lost_fence", False)
    return number


def proofs(tray: Tray) -> list[str]:
    """The numbers on the proofs in the tray; a strip that only cleared the printer is none."""
    codes = [code for paper in tray.papers() for code in tray.barcodes(paper)]
    return [code[5:15] for code in codes if len(code) == 19]


def server_says(house: House, number: str) -> list[tuple[str, str]]:
    """(state, copy) of every print job of that invoice, oldest first."""
    return [(job["state"], job["copy"]) for job in house.run("print_jobs", number=number)]


def test_an_uncertain_proof_is_asked_after_reload_and_restart_and_reprinted_once(front, house):
    tray = Tray(house)
    number = uncertain_sale(front, house, "A001")
    before = proofs(tray)
    front.open()
    front.at_sale()
    expect(front.page.locator(".questions")).to_contain_text("可能沒有印完整")
    house.kill("agent")
    expect(front.strip("發票機")).not_to_have_text("就緒", timeout=PATIENCE)
    expect(front.page.locator(".questions .job-ask")).to_be_visible(timeout=60_000)
    expect(front.strip("發票機")).to_contain_text("不確定", timeout=60_000)
    other = Till(house, front.page.context.new_page())
    other.open()
    expect(other.page.get_by_text("櫃台已在另一個分頁開啟")).to_be_visible()
    other.page.close()
    assert proofs(tray) == before, "nothing is printed again by itself"
    front.page.get_by_role("button", name="補印", exact=True).click()
    until(lambda: len(proofs(tray)) > len(before), "the reprint")
    until(lambda: server_says(house, number) == [("cancelled", "original"), ("done", "reprint")],
          "the server to know")  # fmt: skip
    expect(front.page.locator(".questions")).to_have_count(0)
    assert proofs(tray) == [*before, number]


def test_what_was_answered_while_the_server_was_away_is_reported_later(front, house):
    tray = Tray(house)
    number = uncertain_sale(front, house, "A002")
    before = proofs(tray)
    # Only the server is away: a page that is set off-line does not reach its own computer either.
    front.page.route("**/api/till/**", lambda route: route.abort("connectionrefused"))
    expect(front.strip("連線")).to_have_text("已斷線", timeout=PATIENCE)
    front.page.get_by_role("button", name="已印好", exact=True).click()
    expect(front.page.locator(".done .job.good")).to_contain_text("已印好")
    assert server_says(house, number) == [("uncertain", "original")]
    front.page.unroute_all()
    until(lambda: server_says(house, number) == [("done", "original")], "the report")
    assert proofs(tray) == before


def test_after_all_that_every_fact_still_holds(house, shop):
    assert house.run("broken_facts") == []
