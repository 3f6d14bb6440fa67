"""An agent that is stuck keeps its sockets open and says nothing; the page notices by asking.

docs/agent-protocol.md §4.1, §6; the page's rhythm itself is tested in ``js/pulse.test.mjs``.
"""

import pytest

from guitai.pos.tests.fake_agent import FakeAgent, finding
from guitai.pos.tests.test_till_late_paper import answer, asked, sold_late
from guitai.pos.tests.test_till_other_agents import WARNING
from guitai.pos.tests.test_till_other_agents import answer as answer_unsure
from guitai.pos.tests.test_till_other_agents import asked as unsure
from guitai.pos.tests.till_browser import (
    COFFEE,
    at_sale,
    expect,
    needs_chromium,
    pay,
    picture,
    scan,
    settled,
)
from guitai_agent import knowledge

pytestmark = [pytest.mark.browser, needs_chromium]

WELL = "每一段都正常"
RIGHT_HERE = "這台裝置的時鐘正確，開立發票不受影響。"
STOPPED = "停止開立"


def strip(page):
    return page.locator(".strip .cell", has_text="發票機")


def at_doctor(page) -> None:
    at_sale(page)
    page.keyboard.press("F10")
    expect(page.locator(".hop.good")).to_have_count(8, timeout=20_000)


def hang(page, agent) -> None:
    impatient(page)
    agent.hang()


def impatient(page) -> None:
    """Silence counts sooner, or every test would sit out the page's patience."""
    page.evaluate("Object.assign(window.guitai.app.agent.pulse, {every: 200, patience: 500})")


@pytest.fixture
def tablet(context, url, world, relay):
    """A device without an agent of its own; it prints at the counter over the relay."""
    world.agent_port = 1
    page = context.new_page()
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(url)
    at_sale(page)
    page.evaluate("window.guitai.app.agent.relay.start()")
    expect(strip(page)).to_have_text("發票機就緒・經伺服器")
    page.keyboard.press("F10")
    return page


# Beside the page ---------------------------------------------------------------------------------


def test_a_hung_agent_is_named_and_found_again_by_itself(page, agent):
    at_doctor(page)
    hang(page, agent)
    expect(strip(page)).to_have_text("發票機列印程式沒有回應", timeout=20_000)
    expect(page.locator(".strip .cell.bad")).to_have_count(1)
    expect(page.locator(".finding h3")).to_have_text(knowledge.remedy("AGENT_HUNG").message)
    expect(page.locator(".finding .steps")).to_contain_text("重新啟動這台電腦")
    expect(page.locator(".hop.bad")).to_have_text("列印程式異常")
    expect(page.locator(".hop", has_text="紙張")).to_contain_text("未知")
    picture(page, "till-agent-hung")
    page.reload()  # A page that never spoke with it says the same.
    at_sale(page)
    expect(strip(page)).to_have_text("發票機列印程式沒有回應", timeout=20_000)
    agent.wake()
    expect(strip(page)).to_have_text("發票機就緒", timeout=20_000)


def test_checking_again_never_shows_red_and_all_is_well_together(page, agent):
    at_doctor(page)
    agent.hang()  # Nobody has noticed yet: the page's own rhythm is slower than this hand.
    page.get_by_role("button", name="重新檢查").click()
    hung = knowledge.remedy("AGENT_HUNG").message
    expect(page.locator(".finding h3")).to_have_text(hung, timeout=20_000)
    expect(page.get_by_text(WELL)).to_have_count(0)
    expect(page.locator(".notice.bad")).to_have_count(0)
    agent.wake()
    expect(page.get_by_text(WELL)).to_be_visible(timeout=20_000)


def test_a_refused_check_is_said_and_nothing_is_called_well_beside_it(page, agent):
    at_doctor(page)
    agent.doctor = False
    page.get_by_role("button", name="重新檢查").click()
    expect(page.locator(".doctor .notice.bad")).to_be_visible()
    expect(page.get_by_text(WELL)).to_have_count(0)
    agent.doctor = True
    page.get_by_role("button", name="重新檢查").click()
    expect(page.get_by_text(WELL)).to_be_visible()
    expect(page.locator(".doctor .notice.bad")).to_have_count(0)


def test_what_is_sold_meanwhile_waits_and_is_printed_once(page, world, agent):
    at_sale(page)
    expect(strip(page)).to_have_text("發票機就緒")
    hang(page, agent)
    scan(page, COFFEE)
    pay(page, world)
    job = page.locator(".job")
    expect(job).to_contain_text("等發票機：列印程式沒有回應", timeout=20_000)
    picture(page, "till-agent-hung-sale")
    agent.wake()
    expect(job).to_contain_text("已印好", timeout=20_000)
    settled(page, lambda: [one["state"] for one in world.jobs.values()] == ["done"])
    assert agent.printed == list(world.jobs)


# What was answered and not heard -----------------------------------------------------------------


@pytest.fixture
def unheard(page, world, agent):
    """「印出來」 was read by an agent that said nothing after it; the job."""
    job = sold_late(page, world, agent)
    impatient(page)
    agent.hang_at = "print.renew"
    answer(page, "印出來")
    row = page.locator(".job")
    expect(row).to_contain_text("等發票機：列印程式沒有回應", timeout=20_000)
    expect(row).to_contain_text("請先不要另外補印")
    expect(asked(page)).to_have_count(0)
    picture(page, "till-answer-unheard")
    return job


def reloaded_in_the_silence(page, agent) -> None:
    """Before the page has given up waiting: what the person wished is written down, and no more."""
    settled(page, lambda: not agent.awake.is_set())
    assert page.evaluate("localStorage['guitai.till.owed_reprints']") != "{}"
    page.reload()
    at_sale(page)


def test_a_reload_in_the_silence_prints_the_renewed_slip_and_no_other(page, world, agent):
    """The wish was written down for the case that the slip is given up; it is not."""
    job = sold_late(page, world, agent)
    agent.hang_at = "print.renew"
    answer(page, "印出來")
    reloaded_in_the_silence(page, agent)
    settled(page, lambda: page.evaluate("Boolean(window.guitai.app.hurry)"))  # its heart beats
    page.evaluate("window.guitai.app.hurry()")
    page.wait_for_timeout(4000)  # a heartbeat
    assert list(world.jobs) == [job]
    agent.wake()
    settled(page, lambda: world.jobs[job]["state"] == "done")
    settled(page, lambda: page.evaluate("localStorage['guitai.till.owed_reprints']") == "{}")
    assert (agent.printed, list(world.jobs)) == ([job], [job])


def test_a_reprint_wished_before_a_reload_comes_once_and_is_not_asked_for_again(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(unsure(page)).to_be_visible()
    agent.behaviour, agent.hang_at = "done", "print.resolve"
    answer_unsure(page, "補印")
    reloaded_in_the_silence(page, agent)
    agent.wake()
    settled(page, lambda: [job["state"] for job in world.jobs.values()] == ["cancelled", "done"])
    expect(page.locator(".questions, .job-ask")).to_have_count(0)
    assert agent.printed == list(world.jobs)


def test_paper_that_comes_out_after_a_silence_is_called_printed_without_a_reload(
    page, world, agent, unheard
):
    agent.wake()
    expect(page.locator(".job")).to_contain_text("已印好", timeout=20_000)
    settled(page, lambda: world.jobs[unheard]["state"] == "done")
    assert (agent.printed, len(world.jobs)) == ([unheard], 1)


def test_at_another_agent_she_is_told_before_she_presses_again(relay, page, world, unheard):
    relay.others["r2"] = other = FakeAgent("agent-2")
    page.evaluate(
        """localStorage.setItem("guitai.till.agent_of", '"r2"'); guitai.app.agent.rechoose()"""
    )
    expect(unsure(page)).to_contain_text(WARNING, timeout=20_000)
    expect(asked(page)).to_have_count(0)
    assert (world.jobs[unheard]["state"], other.printed) == ("sent", [])


def test_an_agent_that_hangs_before_it_is_told_prints_one_paper_when_it_wakes(page, world, agent):
    job = sold_late(page, world, agent)
    hang(page, agent)
    answer(page, "印出來")
    settled(page, lambda: len(world.jobs) == 2)
    agent.wake()
    settled(page, lambda: agent.printed == [list(world.jobs)[1]])
    settled(page, lambda: agent.journal[job]["state"] == "cancelled")
    ends = ["cancelled", "done"]
    settled(page, lambda: [one["state"] for one in world.jobs.values()] == ends)


def test_a_reprint_that_was_not_heard_can_still_be_answered_either_way(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(unsure(page)).to_be_visible(timeout=20_000)
    impatient(page)
    agent.hang_at = "print.resolve"
    answer_unsure(page, "補印")
    expect(page.locator(".job .fault")).to_have_text(
        "列印程式沒有回應，請再試一次。", timeout=20_000
    )
    agent.wake()
    expect(unsure(page)).to_contain_text("列印電腦已記下「未印出」", timeout=20_000)
    expect(page.locator(".job .fault")).to_have_count(0)
    answer_unsure(page, "已印好")
    expect(unsure(page)).to_have_count(0)
    settled(page, lambda: [one["state"] for one in world.jobs.values()] == ["done"])


# Over the relay ----------------------------------------------------------------------------------


def test_over_the_relay_silence_is_named_and_ends_by_itself(tablet, agent, relay):
    expect(tablet.locator(".hop.good")).to_have_count(8)
    hang(tablet, agent)
    silent = knowledge.remedy("AGENT_SILENT").message
    expect(tablet.locator(".finding h3")).to_have_text(silent, timeout=20_000)
    expect(strip(tablet)).to_contain_text("列印電腦沒有連線")
    expect(tablet.get_by_text(WELL)).to_have_count(0)
    picture(tablet, "tablet-agent-silent")
    agent.wake()
    expect(strip(tablet)).to_have_text("發票機就緒・經伺服器", timeout=20_000)
    expect(tablet.get_by_text(WELL)).to_be_visible()


# The clock of the agent's computer ---------------------------------------------------------------


def clock_is_off(agent, code: str, drift_ms: int, *others: dict) -> None:
    """As an agent tells it that is older than this page."""
    book = knowledge.remedy(code)
    more = {"level": book.level, "steps": list(book.steps), "picture": book.picture}
    agent.drift_ms = drift_ms
    agent.find(finding(code, "clock", book.message, **more), *others)


def test_a_wrong_clock_at_the_printing_computer_stops_no_issuing_here(tablet, world, agent):
    clock_is_off(agent, "CLOCK_DATE", 3 * 86_400_000)
    expect(tablet.locator(".finding h3")).to_have_text("列印電腦日期不對")
    told = tablet.locator(".finding")
    expect(told).to_contain_text("「r1 號機」的電腦比伺服器快 3 天，等候列印的單據過期時間會不準。")
    expect(told).to_contain_text(RIGHT_HERE)
    expect(told.locator(".steps li").first).to_have_text("到列印電腦做下面的步驟。")
    expect(strip(tablet)).to_have_text("發票機就緒・經伺服器")
    expect(tablet.locator(".hop.good")).to_have_count(8)
    assert STOPPED not in tablet.locator("#till").inner_text()
    picture(tablet, "tablet-clock-there")
    clock_is_off(agent, "CLOCK_DRIFT", -240_000)
    expect(tablet.locator(".finding h3")).to_have_text("列印電腦時鐘不準")
    expect(told).to_contain_text("比伺服器慢 4 分鐘，等候列印的單據過期時間會不準。")
    picture(tablet, "tablet-clock-there-drift")
    tablet.keyboard.press("F1")
    scan(tablet, COFFEE)
    pay(tablet, world)


def test_both_clocks_may_be_wrong_and_each_is_told(tablet, world, agent, url):
    world.ahead = 86_400.0
    tablet.get_by_role("button", name="重新檢查").click()
    expect(tablet.locator(".finding h3").first).to_contain_text("已停止開立發票")
    clock_is_off(agent, "CLOCK_DATE", -86_400_000)
    expect(tablet.locator(".finding h3")).to_have_count(2)
    expect(tablet.locator(".finding", has_text="列印電腦")).not_to_contain_text(RIGHT_HERE)
    picture(tablet, "tablet-both-clocks")


def test_at_its_own_computer_the_page_s_word_about_the_clock_is_the_only_one(page, agent):
    at_doctor(page)
    clock_is_off(agent, "CLOCK_DATE", 86_400_000, finding("PRN_HOT", "printer", "太熱"))
    expect(page.locator(".finding h3")).to_have_text("太熱")
