"""How the page reaches an agent: Chromium's Local Network Access for real, and the relay beside it.

The page is declared public (``--ip-address-space-overrides``), as it is in a shop; the browser then
guards the loopback for real. printing.md §3; docs/agent-protocol.md §1, §10.
"""

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, PAPER_FINDING, TOKEN
from guitai.pos.tests.mock_till import MockServer
from guitai.pos.tests.till_browser import (
    ARGS,
    CHROMIUM,
    COFFEE,
    at_sale,
    expect,
    needs_chromium,
    pay,
    permit,
    public,
    scan,
    settled,
    sync_api,
)
from guitai_agent import knowledge

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def browser():
    """Not this: every shop below has a browser of its own, which takes its server for public."""


class Shop:
    """A page of a public server in a browser of its own."""

    def __init__(self, browser, base: str) -> None:
        self.browser, self.base = browser, base
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
        self.context.add_init_script(
            f"localStorage.setItem('guitai.till.agent_token', '\"{TOKEN}\"')"
        )
        self.page = self.context.new_page()

    def permit(self, setting: str) -> None:
        permit(self.browser, self.page, self.base, setting)

    def open(self, setting: str):
        self.permit(setting)
        self.page.goto(f"{self.base}/pos/")
        at_sale(self.page)
        self.page.keyboard.press("F10")
        return self.page


@pytest.fixture
def shop(world, request):
    """With the relay, where the test asks for one: it is as public as the server."""
    relays = [request.getfixturevalue("relay").port] if "relay" in request.fixturenames else []
    with MockServer(world) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        port = int(url.rsplit(":", 1)[1])
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*ARGS, public(port, *relays)]
            )
            yield Shop(browser, f"http://till.localhost:{port}")
            browser.close()


def relay_is_away(page):
    """Until the page has heard that the agent is not connected to the server either."""
    settled(page, lambda: page.evaluate("window.guitai.app.state.agent.relay") == "away")


def strip(page):
    return page.locator(".strip .cell", has_text="發票機")


# The three words of the browser ------------------------------------------------------------------


def test_granted_the_page_reaches_the_agent(shop, agent):
    page = shop.open("granted")
    expect(page.locator(".hop.good")).to_have_count(8)
    assert set(agent.hellos) == {shop.base}


def test_denied_the_page_says_so_with_a_picture_and_the_agent_sees_nothing(shop, agent):
    page = shop.open("denied")
    expect(page.locator(".hop", has_text="網頁")).to_contain_text("異常")
    expect(page.locator(".hop", has_text="列印程式")).to_contain_text("未知")
    expect(page.locator(".finding h3").first).to_contain_text("瀏覽器封鎖了本機連線")
    expect(page.locator(".finding .steps").first).to_contain_text("網址列")
    expect(strip(page)).to_contain_text("瀏覽器封鎖本機連線")
    picture = page.locator(".finding img").first
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    assert agent.hellos == [] and agent.sockets == set()


def test_pending_the_page_says_what_to_press_and_goes_on_when_allowed(shop, agent):
    page = shop.open("prompt")
    expect(page.locator(".finding.warn h3")).to_contain_text("瀏覽器正在詢問")
    expect(page.locator(".finding .steps")).to_contain_text("允許")
    expect(strip(page)).to_contain_text("請允許瀏覽器連線本機")
    expect(page.get_by_role("button", name="再問一次")).to_be_visible()
    assert agent.hellos == [] and agent.sockets == set()
    shop.permit("granted")
    expect(page.locator(".hop.good")).to_have_count(8)


def test_taken_back_in_the_middle_it_is_named_and_given_again_it_is_well(shop, agent):
    page = shop.open("granted")
    expect(page.locator(".hop.good")).to_have_count(8)
    shop.permit("denied")
    agent.stop()
    expect(page.locator(".finding h3").first).to_contain_text("瀏覽器封鎖了本機連線")
    agent.start()
    shop.permit("granted")
    expect(page.locator(".hop.good")).to_have_count(8, timeout=20_000)


# The relay ---------------------------------------------------------------------------------------


def test_denied_the_relay_prints_and_the_strip_says_which_way(shop, world, agent, relay):
    page = shop.open("denied")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器")
    expect(page.get_by_text("目前經由伺服器使用發票機")).to_be_visible()
    expect(page.locator(".hop", has_text="網頁")).to_contain_text("注意")
    page.keyboard.press("F1")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("已印好")
    assert agent.printed == list(world.jobs) and agent.hellos == []
    agent.find(PAPER_FINDING, printer=PAPER_END)
    expect(strip(page)).to_contain_text("紙張用完")


def test_loopback_wins_as_soon_as_it_works_and_never_two_at_once(shop, agent, relay):
    page = shop.open("denied")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器")
    shop.permit("granted")
    expect(strip(page)).to_have_text("發票機就緒", timeout=20_000)
    expect(page.locator(".hop.good")).to_have_count(8)
    settled(page, lambda: relay.open == 0)
    page.wait_for_timeout(300)
    assert (relay.open, len(agent.sockets)) == (0, 1)
    assert relay.entered == 1


def test_an_agent_that_is_not_on_this_computer_is_reached_over_the_relay(shop, agent, relay):
    away = agent.port
    agent.stop()
    page = shop.open("granted")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器", timeout=20_000)
    expect(page.locator(".hop.good")).to_have_count(8)
    assert agent.port == away


def test_an_agent_away_from_the_relay_too_is_said(shop, agent, relay):
    relay.away = True
    silent = knowledge.remedy("AGENT_SILENT").message
    page = shop.open("denied")
    expect(page.locator(".finding h3", has_text=silent)).to_be_visible()
    expect(strip(page)).to_contain_text("列印電腦沒有連線")
    relay.away = False
    expect(strip(page)).to_have_text("發票機就緒・經伺服器", timeout=20_000)


def test_at_the_agent_s_own_computer_the_program_is_started_there(shop, agent, relay):
    """Met here once, it is here that it must be started, also when it has joined the server."""
    relay.away = True
    page = shop.open("granted")
    expect(page.locator(".hop.good")).to_have_count(8)
    agent.stop()
    expect(page.locator(".finding h3")).to_have_text("列印程式沒有執行。", timeout=20_000)
    relay_is_away(page)
    page.reload()  # What this computer is, it knows from the day before.
    at_sale(page)
    page.keyboard.press("F10")
    relay_is_away(page)
    expect(page.locator(".finding h3")).to_have_text("列印程式沒有執行。")
    expect(page.locator(".finding .steps")).to_contain_text("啟動列印程式")
    expect(strip(page)).to_contain_text("列印程式未執行")


def test_the_relay_falls_silent_and_comes_back(shop, agent, relay):
    page = shop.open("denied")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器")
    for socket in list(agent.sockets):
        socket.close(1012)
    expect(strip(page)).not_to_have_text("發票機就緒・經伺服器")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器", timeout=10_000)
    assert relay.entered == 2
