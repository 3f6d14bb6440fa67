"""The agent's own page in Chromium: state, test print, pairing code, faults, both themes."""

import asyncio
import threading
from pathlib import Path

import pytest

from guitai_agent.app import Agent, Options
from guitai_agent.tests.rig import QUICK, until

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.browser


@pytest.fixture
def agent(tmp_path):
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    options = Options(tmp_path / "data", "virtual", ports=(0,), timings=QUICK, finder=list)
    running = Agent(options)
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(20)
    yield running
    asyncio.run_coroutine_threadsafe(running.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(params=["light", "dark"])
def page(request):
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        opened = browser.new_page(color_scheme=request.param)
        opened.faults = []
        opened.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.on(
            "console",
            lambda said: opened.faults.append(said.text) if said.type == "error" else None,
        )
        yield opened
        assert opened.faults == []
        browser.close()


def serious(page):
    """What axe calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [v["id"] for v in found if v["impact"] in ("serious", "critical")]


def test_a_person_at_the_agents_page(agent, page):
    page.goto(f"http://127.0.0.1:{agent.door.port}/")
    page.get_by_text("發票機就緒。").wait_for()
    page.get_by_role("button", name="列印測試頁").click()
    page.locator("#jobs").get_by_text("已印好").first.wait_for()
    page.get_by_role("button", name="取得配對碼").click()
    until(lambda: len(page.locator("#code").inner_text()) == 6)
    assert agent.pairing._open.code == page.locator("#code").inner_text()

    page.get_by_label("缺紙").check()
    page.locator("#printer-message").get_by_text("紙張用完，請換紙。").wait_for()
    page.get_by_role("button", name="列印寬度尺").click()
    page.locator("#jobs").get_by_text("等待中").wait_for()
    page.get_by_role("button", name="取消").click()
    page.locator("#jobs").get_by_text("已取消").first.wait_for()
    page.get_by_label("缺紙").uncheck()
    until(lambda: agent.worker.report.online)
    page.get_by_role("button", name="開錢櫃").click()
    until(lambda: agent.virtual.drawer_opened == 1)
    page.get_by_role("button", name="重置連線").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []
