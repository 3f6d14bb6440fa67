"""The agent's own page in Chromium: the way to the paper, devices, jobs, pairing, both themes."""

import asyncio
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from guitai_agent.app import Agent, Options
from guitai_agent.drivers.ports import Device
from guitai_agent.install.home import Home
from guitai_agent.journal import State
from guitai_agent.journal.store import Submission
from guitai_agent.tests.rig import QUICK, until
from guitai_agent.tests.slips import proof
from twinvoice import paper

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.browser
PORTS = [
    Device("serial:/dev/ttyS0", "serial", "n/a", "/dev/ttyS0", "generic-80"),
    Device("serial:/dev/ttyS1", "serial", "n/a", "/dev/ttyS1", "generic-80"),
]


@pytest.fixture
def agent(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    options = Options(
        tmp_path / "data", "virtual", ports=(0,), timings=QUICK, finder=lambda: list(PORTS),
        till_port=0,
    )  # fmt: skip
    running = Agent(options)
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(20)
    yield running
    asyncio.run_coroutine_threadsafe(running.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(params=["light", "dark"])
def page(request):
    yield from opened(request.param)


@pytest.fixture
def light():
    yield from opened("light")


def opened(scheme):
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        made = browser.new_page(color_scheme=scheme, viewport={"width": 1366, "height": 768})
        made.faults = []
        made.on("pageerror", lambda error: made.faults.append(str(error)))
        made.on(
            "console",
            lambda said: made.faults.append(said.text) if said.type == "error" else None,
        )
        yield made
        assert made.faults == []
        browser.close()


def visit(page, agent):
    page.goto(f"http://127.0.0.1:{agent.door.port}/")
    page.locator("#printer-message[data-tone=good]").wait_for()


def hops(page):
    """{"列印程式": "正常", …} as the person reads them, all of one moment: they are drawn anew."""
    read = "() => [...document.querySelectorAll('#hops li')].map((one) => one.innerText)"
    words = page.evaluate(read)
    return dict(cell.split("\n") for cell in words)


def serious(page):
    """What axe calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [v["id"] for v in found if v["impact"] in ("serious", "critical")]


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def rest(page):
    """As long as nobody takes for a double click."""
    page.wait_for_timeout(750)


ONE_MOMENT = """() => {
  window.real = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp');
  const at = performance.now();
  Object.defineProperty(Event.prototype, 'timeStamp', {configurable: true, get: () => at});
}"""
"""Whatever happens from now on was pressed at once, however long this machine takes."""
TIME_GOES_ON = "() => Object.defineProperty(Event.prototype, 'timeStamp', window.real)"


def test_a_person_at_the_agents_page(agent, page):
    visit(page, agent)
    assert list(hops(page)) == ["列印程式", "驅動程式", "連接埠", "發票機", "紙張"]
    press(page, "列印測試頁")
    page.locator("#jobs").get_by_text("已印好").first.wait_for()
    press(page, "取得配對碼")
    until(lambda: len(page.locator("#code").inner_text()) == 6)
    assert agent.pairing._open.code == page.locator("#code").inner_text()
    page.locator("#jobs tr", has_text="配對碼").get_by_text("已印好").wait_for()

    page.get_by_label("缺紙").check()
    page.locator("#printer-message").get_by_text("紙張用完，請換紙。").wait_for()
    finding = page.locator(".finding", has_text="PAPER_END")
    finding.locator("ol li").first.wait_for()
    finding.locator(".picture svg").wait_for()
    until(lambda: hops(page)["紙張"] == "有問題")
    press(page, "列印寬度尺")
    page.locator("#jobs").get_by_text("等待中").wait_for()
    page.locator("#jobs").get_by_role("button", name="取消").click()
    page.locator("#jobs").get_by_text("已取消").first.wait_for()
    assert serious(page) == []
    page.get_by_label("缺紙").uncheck()
    until(lambda: hops(page)["紙張"] == "正常")
    press(page, "重新檢查")
    page.get_by_text("檢查完成。").wait_for()
    assert page.get_by_role("button", name="開錢櫃").count() == 0  # the till asks for a reason
    press(page, "重置連線")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []


def test_news_that_overtakes_the_reply_to_a_test_slip_stays(agent, light):
    visit(light, agent)
    shown = light.evaluate(
        """async () => {
          const { begun, remember } = await import('./jobs.js');
          const job = {job_id: '0192-late', kind: 'selftest', submitted_at: '2026-11-21T10:00:00Z'};
          remember({...job, state: 'waiting'});
          begun({...job, state: 'queued'});
          return document.getElementById('jobs').innerText;
        }"""
    )
    assert "等待中" in shown and "排隊中" not in shown


def test_what_no_sensor_sees_is_asked(agent, light):
    visit(light, agent)
    press(light, "列印測試頁")
    press(light, "一片空白")
    blank = light.locator(".finding", has_text="BLANK_SUSPECT")
    blank.locator("ol li").first.wait_for()
    rest(light)
    blank.get_by_role("button", name="列印測試頁").click()
    rest(light)
    press(light, "看得到")
    blank.wait_for(state="detached")
    assert light.locator("#jobs tr").count() == 2


def test_devices_are_called_what_people_call_them(agent, light):
    visit(light, agent)
    words = light.locator("#devices").inner_text()
    assert "虛擬發票機" in words and "使用中" in words
    light.get_by_text("其他連接埠（2）").click()
    shown = light.locator("body").inner_text()
    assert "未辨識的裝置" in shown and "序列埠 ttyS0" in shown
    for jargon in ("n/a", "/dev/", "generic-80", "virtual", "serial"):
        assert jargon not in shown, jargon
    assert light.get_by_role("button", name="使用 未辨識的裝置 序列埠 ttyS1").count() == 1

    light.get_by_label("序列掃描器").select_option(label="未辨識的裝置　序列埠 ttyS1")
    until(lambda: agent.settings.now.scanner_id == "serial:/dev/ttyS1")
    light.get_by_label("掃描器鮑率").select_option("19200")
    until(lambda: agent.settings.now.scanner_baud == 19200)
    light.get_by_label("序列掃描器").select_option("")
    until(lambda: agent.settings.now.scanner_id == "")
    light.get_by_label("機型").select_option("PP-8800")
    light.get_by_text("目前以「PP-8800」列印。").wait_for()


def test_a_network_printer_that_is_found_can_be_used(agent, light):
    from guitai_agent.drivers.network import Found

    there = Device(
        "tcp:192.168.7.9:9100", "tcp", "Epson TM-m30III", "192.168.7.9:9100", "TM-m30III"
    )
    agent.handler.devices.search = lambda busy: [Found(there, True)]
    visit(light, agent)
    press(light, "搜尋網路")
    light.get_by_text("找到 1 台網路發票機。").wait_for()
    light.get_by_role("button", name="使用 Epson TM-m30III 網路 192.168.7.9").click()
    until(lambda: agent.settings.now.device_id == "tcp:192.168.7.9:9100")


def test_an_uncertain_job_is_settled_by_a_person(agent, light):
    wanted = Submission(
        "job-0001", "https://shop.example", list(paper.to_json(proof("AB12345678"))), expires=9e9
    )
    agent.worker.stop()
    agent.journal.submit(wanted)
    agent.journal.move(agent.journal.get("job-0001"), State.SENDING)
    agent.journal.recover()
    late = agent.journal.submit(replace(wanted, job_id="job-0002"))[0]
    agent.journal.move(late, State.EXPIRED, "EXPIRED")
    visit_any(light, agent)
    light.locator("#findings").get_by_text("已過列印期限，還沒有印").wait_for()
    light.get_by_role("button", name="不用了 b-0002").click()
    light.locator("#jobs").get_by_text("已取消列印。").wait_for()
    assert agent.journal.get("job-0002").state.value == "cancelled"
    light.get_by_role("link", name="到「列印工作」選擇").wait_for()
    light.get_by_text("到開這張單的那台收銀機選「補印」").wait_for()  # not here
    rest(light)
    light.get_by_role("button", name="未印出 b-0001").click()
    light.locator("#jobs").get_by_text("已由人員確認未印出。").wait_for()
    assert agent.journal.get("job-0001").state.value == "cancelled"


def asking(agent, state, count):
    """So many jobs in that state, each a question to a person; the oldest first."""
    agent.worker.stop()
    doc, made = list(paper.to_json(proof("AB12345678"))), []
    for number in range(count):
        wanted = Submission(f"job-{number:04}", "https://shop.example", doc, expires=9e9)
        job = agent.journal.submit(wanted)[0]
        if state is State.UNCERTAIN:
            job = agent.journal.move(job, State.SENDING)
        made.append(agent.journal.move(job, state, "EXPIRED"))
    return made


def middle(button):
    box = button.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def in_sight(page):
    """Nothing below the pointer may move but what the page itself moves."""
    page.locator("#jobs tr").last.scroll_into_view_if_needed()
    page.mouse.move(0, 0)


@pytest.mark.parametrize(
    ("state", "word"),
    [(State.EXPIRED, "不用了"), (State.UNCERTAIN, "未印出"), (State.UNCERTAIN, "已印好")],
)
def test_a_double_click_answers_one_question(agent, light, state, word):
    """The answered row sorts down, and the next question slides under the pointer."""
    jobs = asking(agent, state, 3)
    visit_any(light, agent)
    answers = light.locator("#jobs").get_by_text(word, exact=True).and_(light.locator("button"))
    answers.nth(2).wait_for()
    in_sight(light)
    at = middle(answers.first)

    def still_asked():
        return sum(agent.journal.get(each.job_id).state is state for each in jobs)

    light.evaluate(ONE_MOMENT)
    light.mouse.click(*at)
    until(lambda: answers.count() == 2)
    assert light.evaluate("([x, y]) => document.elementFromPoint(x, y).tagName", at) == "BUTTON"
    light.mouse.click(*at)
    light.wait_for_timeout(500)
    assert (still_asked(), answers.count()) == (2, 2)
    light.evaluate(TIME_GOES_ON)
    rest(light)
    answers.first.click()
    until(lambda: still_asked() == 1)


def test_a_double_click_meets_no_other_button_of_the_same_row(agent, light):
    """Its time runs out as it is taken back: 「不用了」 stands where 「取消」 was."""
    [job] = asking(agent, State.WAITING, 1)
    asked = []

    def too_late(job_id):
        asked.append(job_id)
        return agent.journal.move(agent.journal.get(job_id), State.EXPIRED, "EXPIRED")

    agent.journal.cancel = too_late
    visit_any(light, agent)
    cancel = light.get_by_role("button", name="取消 b-0000")
    cancel.wait_for()
    in_sight(light)
    at = middle(cancel)
    light.evaluate(ONE_MOMENT)
    light.mouse.click(*at)
    light.get_by_role("button", name="不用了 b-0000").wait_for()
    for _ in range(2):
        light.get_by_role("button", name="不用了 b-0000").click()
    light.wait_for_timeout(500)
    assert asked == [job.job_id]
    light.evaluate(TIME_GOES_ON)


def test_a_double_click_parts_from_one_page_only(agent, light):
    for number in range(2):
        agent.pairing.preset(str(number) * 43, f"https://shop{number}.example")
    visit(light, agent)
    part = light.locator("#pairings button")
    part.nth(1).wait_for()
    light.evaluate(ONE_MOMENT)
    part.first.click()
    until(lambda: part.count() == 1)
    part.first.click()
    light.wait_for_timeout(500)
    assert len(agent.pairing.pairings()) == 1
    light.evaluate(TIME_GOES_ON)


def visit_any(page, agent):
    page.goto(f"http://127.0.0.1:{agent.door.port}/")
    page.locator("#line[data-tone=good]").wait_for()


def test_pairings_evidence_log_and_version(agent, light, tmp_path):
    agent.pairing.preset("t" * 43, "https://shop.example")
    visit(light, agent)
    light.get_by_role("button", name="解除 預設配對").click()
    light.locator("#pairings").get_by_text("尚未配對。").wait_for()
    assert agent.pairing.pairings() == []
    with light.expect_download() as waiting:
        press(light, "下載客服資料")
    assert zipfile.ZipFile(waiting.value.path()).namelist()
    light.get_by_text("紀錄", exact=True).click()
    until(lambda: "listening on port" in light.locator("#log").inner_text())
    assert light.locator("#version").inner_text() == "版本 0.1.0"
    assert "0.1.0" in light.locator("#update-state").inner_text()


def test_a_newer_version_is_told(agent, light, tmp_path):
    from guitai_agent.install.tests.test_updates import offer, served

    home = Home(tmp_path / "share" / "guitai-agent")
    home.prepare()
    with served(offer(tmp_path / "release", "9.9.9")) as address:
        home.remember_source(address)
        visit(light, agent)
        press(light, "檢查更新")
        light.get_by_text("有新版 9.9.9").wait_for()
    press(light, "檢查更新")
    light.get_by_text("找不到更新來源").wait_for()


def test_a_server_that_cannot_be_reached_is_told(agent, light):
    visit(light, agent)
    light.get_by_label("網址").fill("http://127.0.0.1:9")
    light.get_by_label("連線碼").fill("abcd2345")
    press(light, "加入")
    light.get_by_text("連不上伺服器").wait_for()
    assert light.locator("#till").is_hidden()


def test_everything_is_reached_by_keyboard(agent, light):
    visit(light, agent)
    seen = []
    for _ in range(60):
        light.keyboard.press("Tab")
        name = light.evaluate("document.activeElement.id || document.activeElement.tagName")
        seen.append(name)
        if name == "BODY":
            break
    for wanted in ("recheck", "test", "pair", "profile", "scanner", "server", "bundle"):
        assert wanted in seen
    light.locator("#recheck").focus()
    light.keyboard.press("Enter")
    light.get_by_text("檢查完成。").wait_for()
