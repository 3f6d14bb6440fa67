"""Reaching the printer as shops do: a public page, Chromium's own guard of the loopback, the relay.

The server counts as public (``--ip-address-space-overrides``), so that the browser asks before the
page may reach its own computer. printing.md §3; docs/agent-protocol.md §1, §10.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from guitai.config import demo_shop
from guitai.pos.tests.till_browser import ARGS, CHROMIUM, expect, needs_chromium, permit, public
from tests.house import House, house_folder
from tests.journeys.counter import PATIENCE, Desk, Till, Tray, at_counter, pair_code_of, until

pytestmark = [pytest.mark.browser, needs_chromium]

KEEP_THE_LINE = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) { window.line = this; return send.call(this, text); };
"""
ASK_AGAIN = 'line.send(JSON.stringify({ v: 1, id: "again", type: "drawer.open" }))'
"""A page that asks by itself, over the line that it has to the agent."""
WELL = "從網頁到紙張，每一段都正常。"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A counter that also answers under a name which is not this computer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUITAI_HOSTS", "localhost,127.0.0.1,till.localhost")
        with house_folder() as folder, House(folder) as house:
            yield house


@pytest.fixture(scope="module")
def browser(house: House, playwright: Any) -> Iterator[Any]:
    flag = public(house.server_port, house.relay_port)
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, flag])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def counter(house: House, shop: dict[str, Any], browser: Any) -> Iterator[Till]:
    """Register 01 at its computer, allowed to reach its agent."""
    allowed = lambda page: permit(browser, page, house.base, "granted")  # noqa: E731
    with at_counter(house, shop, browser, allowed) as till:
        yield till
        assert till.faults == []


def proofs(tray: Tray) -> list[str]:
    codes = [code for paper in tray.papers() for code in tray.barcodes(paper)]
    return [code[5:15] for code in codes if len(code) == 19]


def sell(till: Till, sku: str) -> str:
    till.page.keyboard.press("F1")
    till.scan_goods(sku)
    till.checkout()
    number = till.confirm()
    till.printed()
    till.next()
    return number


def answers_about(till: Till, kind: str) -> list[dict[str, Any]]:
    """What the agent, or the relay, will answer to such questions of the page from now on."""
    found: list[dict[str, Any]] = []

    def hear(text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") == kind and "ok" in message:
            found.append(message)

    till.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    return found


def test_granted_the_page_prints_over_loopback_and_lets_its_agent_join_the_server(counter, house):
    expect(counter.strip("發票機")).to_have_text("就緒", timeout=PATIENCE)
    assert proofs(Tray(house)) == []
    number = sell(counter, "A001")
    assert proofs(Tray(house)) == [number]
    counter.page.keyboard.press("F10")
    expect(counter.page.get_by_text(WELL)).to_be_visible()
    counter.page.get_by_role("button", name="連上伺服器").click()
    expect(counter.page.get_by_text("已連上伺服器")).to_be_visible(timeout=PATIENCE)


def test_denied_the_page_explains_it_and_prints_over_the_relay(counter, house, browser):
    before, drawers = proofs(Tray(house)), answers_about(counter, "drawer.open")
    permit(browser, counter.page, house.base, "denied")
    counter.page.add_init_script(KEEP_THE_LINE)
    counter.open()
    counter.at_sale()
    expect(counter.strip("發票機")).to_have_text("就緒・經伺服器", timeout=PATIENCE)
    counter.page.keyboard.press("F10")
    expect(counter.page.locator(".hop.warn")).to_contain_text("網頁")
    finding = counter.page.locator(".finding", has_text="瀏覽器封鎖了本機連線")
    expect(finding.locator(".steps li").first).to_be_visible()
    assert finding.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    number = sell(counter, "A002")
    assert proofs(Tray(house)) == [*before, number]
    until(lambda: drawers, "the drawer's answer", page=counter.page)
    assert drawers[0]["ok"]  # for the sale, which was in cash
    # Twice: what was sold over loopback may not be a minute old. One after the other: what the
    # relay refuses is answered at once, and overtakes the agent's answer to the question before.
    for asked in (2, 3):
        counter.page.evaluate(ASK_AGAIN)
        until(lambda asked=asked: len(drawers) == asked, "the other answers", page=counter.page)
    assert drawers[2]["error"]["code"] == "drawer_not_granted"


def test_trouble_is_named_over_the_relay_as_well(counter, house):
    counter.page.keyboard.press("F10")
    tray = Tray(house)
    tray.fault("paper_end", True)
    try:
        expect(counter.page.locator(".finding.bad h3")).to_contain_text("紙張用完")
    finally:
        tray.fault("paper_end", False)
    expect(counter.page.locator(".hop", has_text="紙張")).to_contain_text("正常")


def test_allowed_again_the_page_goes_back_to_loopback_by_itself(counter, house, browser):
    permit(browser, counter.page, house.base, "granted")
    expect(counter.strip("發票機")).to_have_text("就緒", timeout=PATIENCE)
    before = proofs(Tray(house))
    number = sell(counter, "B003")
    assert proofs(Tray(house)) == [*before, number]


def test_pending_the_page_says_what_to_press_then_asks_for_its_pairing(
    counter, house, device, browser
):
    desk = Desk(house, device())
    desk.sign_in(demo_shop.MANAGER)
    code = desk.binding_code("前台二號機")
    till = Till(house, device())
    base = f"http://till.localhost:{house.server_port}"
    permit(browser, till.page, base, "prompt")
    till.page.goto(f"{base}/pos/")
    till.bind(demo_shop.BAN, code, "二號機")
    till.sign_in("林小芳", demo_shop.CLERK_PIN)
    till.at_sale()
    expect(till.strip("發票機")).to_have_text("請允許瀏覽器連線本機", timeout=PATIENCE)
    till.page.keyboard.press("F10")
    asked = till.page.locator(".finding", has_text="瀏覽器正在詢問")
    expect(asked.locator(".steps")).to_contain_text("允許")
    permit(browser, till.page, base, "granted")
    expect(till.strip("發票機")).to_have_text("尚未配對", timeout=PATIENCE)
    till.page.locator("#pair-code").fill(pair_code_of(house, device()))
    till.page.get_by_role("button", name="配對", exact=True).click()
    expect(till.strip("發票機")).to_have_text("就緒", timeout=PATIENCE)
    assert till.faults == []


def test_without_agent_and_relay_the_queue_still_moves(counter, house):
    """Neither way: the sale is made at once, the paper follows when the agent is back."""
    before = proofs(Tray(house))
    house.kill("agent")
    counter.page.keyboard.press("F1")
    counter.scan_goods("C002")
    counter.checkout()
    number = counter.confirm()
    counter.next()
    until(lambda: proofs(Tray(house)) == [*before, number], "the paper")
