"""Paper whose time ran out before it began, and paper that the agent does not take just now.

docs/agent-protocol.md §6: nothing expires in silence. It was never printed, so what a person still
wants is the original, once.
"""

import pytest

from guitai.pos.tests.test_till_other_agents import replaced
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

pytestmark = [pytest.mark.browser, needs_chromium]

ONE_MOMENT = """() => {
  window.real = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp');
  const at = performance.now();
  Object.defineProperty(Event.prototype, 'timeStamp', {configurable: true, get: () => at});
}"""
"""Whatever happens from now on was pressed at once, however long this machine takes."""
TIME_GOES_ON = "() => Object.defineProperty(Event.prototype, 'timeStamp', window.real)"
TOO_LATE = "等太久，還沒有印：還要印嗎？"


def asked(page):
    return page.locator(".job", has_text=TOO_LATE)


def answer(page, what: str) -> None:
    expect(asked(page)).to_be_visible(timeout=20_000)
    asked(page).get_by_role("button", name=what, exact=True).click()


def sold_late(page, world, agent) -> str:
    """A sale whose paper expired while it waited; its job."""
    at_sale(page)
    agent.behaviour = "expired"
    scan(page, COFFEE)
    pay(page, world)
    expect(asked(page)).to_be_visible(timeout=20_000)
    agent.behaviour = "done"
    return next(iter(world.jobs))


def test_it_is_asked_everywhere_and_printed_once_as_the_original(page, world, agent):
    job = sold_late(page, world, agent)
    settled(page, lambda: world.jobs[job]["state"] == "expired")
    page.keyboard.press("Enter")
    expect(page.locator(".questions")).to_contain_text(TOO_LATE)
    page.keyboard.press("F10")
    expect(asked(page)).to_have_count(1)
    picture(page, "till-job-expired")
    page.reload()
    at_sale(page)
    answer(page, "印出來")
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: world.jobs[job]["state"] == "done")
    assert (agent.printed, len(world.jobs)) == ([job], 1)
    assert agent.journal[job]["copy"] == "original"


def test_what_is_no_longer_wanted_is_gone_at_agent_and_server(page, world, agent):
    job = sold_late(page, world, agent)
    answer(page, "不用了")
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: world.jobs[job]["state"] == "cancelled")
    assert (agent.journal[job]["state"], agent.printed) == ("cancelled", [])


def test_a_double_click_answers_one_question(page, world, agent):
    """The answered row goes and the other one slides under the pointer."""
    first = sold_late(page, world, agent)
    page.keyboard.press("Enter")
    agent.behaviour = "expired"
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("Enter")
    expect(page.locator(".questions .job")).to_have_count(2, timeout=20_000)
    drop = page.locator(".questions .job").last.get_by_role("button", name="不用了")
    box = drop.bounding_box()
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(ONE_MOMENT)
    page.mouse.click(*at)
    expect(page.locator(".questions .job")).to_have_count(1)
    page.mouse.click(*at)
    page.wait_for_timeout(800)
    expect(page.locator(".questions .job")).to_have_count(1)
    page.evaluate(TIME_GOES_ON)
    assert world.jobs[first]["state"] == "expired"
    page.locator(".questions").get_by_role("button", name="不用了").click()
    settled(page, lambda: world.jobs[first]["state"] == "cancelled")


def test_a_double_click_takes_no_answer_back(page, world, agent):
    """「不印了」 comes to stand where 「印出來」 was, once the slip waits again."""
    job = sold_late(page, world, agent)
    agent.behaviour = "waiting"
    page.evaluate(ONE_MOMENT)
    asked(page).get_by_role("button", name="印出來").click()
    cancel = page.locator(".job").get_by_role("button", name="不印了")
    cancel.click()
    page.wait_for_timeout(500)
    assert agent.journal[job]["state"] == "waiting"
    page.evaluate(TIME_GOES_ON)
    page.wait_for_timeout(800)
    cancel.click()
    settled(page, lambda: agent.journal[job]["state"] == "cancelled")


@pytest.mark.parametrize("behaviour", ["waiting", "expired"])
def test_the_paper_of_a_cancelled_order_does_not_come_out(page, world, agent, behaviour):
    """Its invoice is voided by then: nobody may hold its proof."""
    at_sale(page)
    agent.behaviour = behaviour
    scan(page, COFFEE)
    pay(page, world)
    job = next(iter(world.jobs))
    settled(page, lambda: agent.journal.get(job, {}).get("state") == behaviour)
    page.keyboard.press("F2")
    page.locator(".row").first.click()
    page.get_by_role("button", name="取消訂單").click()
    page.get_by_role("button", name="商品打錯").click()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("訂單已取消，請退還")).to_be_visible()
    settled(page, lambda: agent.journal[job]["state"] == "cancelled")
    settled(page, lambda: world.jobs[job]["state"] == "cancelled")
    expect(page.locator(".questions, .job-ask")).to_have_count(0)
    assert agent.printed == []


@pytest.fixture
def tablet(browser, url, relay):
    """A second device of the same register: nothing is paired there, so it goes over the relay."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def test_two_devices_of_the_register_ask_and_one_answer_is_enough(page, tablet, world, agent):
    """Also where the tablet's way to the agent is just being opened: one paper either way."""
    job = sold_late(page, world, agent)
    at_sale(tablet)
    answer(tablet, "印出來")
    expect(asked(page)).to_have_count(0)
    expect(asked(tablet)).to_have_count(0)
    settled(page, lambda: world.jobs[job]["state"] in ("done", "cancelled"))
    settled(page, lambda: len(agent.printed) == 1)
    settled(page, lambda: {one["state"] for one in world.jobs.values()} <= {"done", "cancelled"})
    assert len(agent.printed) == 1


def test_without_the_server_nothing_is_printed_and_the_question_stays(page, world, agent, context):
    """Another computer might be told otherwise meanwhile: the server hears of it first."""
    sold_late(page, world, agent)
    context.set_offline(True)
    answer(page, "印出來")
    expect(page.locator(".job .fault")).to_have_text("伺服器沒有回應，請稍候再試。")
    expect(asked(page)).to_be_visible()
    assert agent.printed == []
    context.set_offline(False)
    answer(page, "印出來")
    settled(page, lambda: len(agent.printed) == 1)


@pytest.mark.parametrize("way", ["loopback", "relay"])
def test_paper_that_the_agent_refuses_as_late_is_a_question_too(page, relay, world, agent, way):
    if way == "relay":
        page.evaluate("localStorage.removeItem('guitai.till.agent_token')")
        page.reload()
    at_sale(page)
    agent.refusal = "expired"
    scan(page, COFFEE)
    pay(page, world)
    expect(asked(page)).to_be_visible(timeout=20_000)
    assert bool(relay.entered) is (way == "relay")
    agent.refusal = ""
    answer(page, "印出來")
    settled(page, lambda: len(agent.printed) == 1)
    expect(asked(page)).to_have_count(0)
    first, second = world.jobs.values()
    assert (first["state"], first["detail"]) == ("cancelled", "EXPIRED")
    assert agent.printed == [second["id"]]


def test_a_page_hands_no_time_of_another_clock_to_the_agent(page, world, agent):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("已印好")
    assert all("expires" not in job for job in agent.submitted)


def test_after_a_change_of_agent_the_old_one_gives_it_up_and_a_new_slip_is_printed(
    relay, page, world, agent
):
    job = sold_late(page, world, agent)
    relay.others["r2"] = first = replaced(agent)
    page.reload()
    at_sale(page)
    answer(page, "印出來")
    settled(page, lambda: len(agent.printed) == 1)
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: world.jobs[job]["state"] == "cancelled")
    assert (first.journal[job]["state"], first.printed) == ("cancelled", [])
    assert world.jobs[job]["detail"] == "EXPIRED"


def test_what_was_answered_at_another_device_is_not_printed_here_again(page, world, agent):
    job = sold_late(page, world, agent)
    agent.journal.clear()  # the agent in use knows nothing that could tell the page
    replaced(agent)
    page.reload()
    at_sale(page)
    expect(asked(page)).to_be_visible(timeout=20_000)
    world.jobs[job].update(state="cancelled", detail="EXPIRED")
    answer(page, "印出來")
    expect(asked(page)).to_have_count(0)
    assert (agent.printed, len(world.jobs)) == ([], 1)


def test_a_full_disk_holds_the_paper_and_it_goes_by_itself_once_there_is_room(page, world, agent):
    at_sale(page)
    agent.refusal = "disk_full"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等發票機")
    expect(page.locator(".job")).to_contain_text("排除後會自動印出")
    agent.refusal = ""
    agent.find()  # the doctor says that there is room again
    expect(page.locator(".job")).to_contain_text("已印好", timeout=40_000)
    assert len(agent.printed) == 1


def test_paper_that_the_agent_has_under_another_name_is_asked_about(page, world, agent):
    """The same till came over another address: it may be on paper, so a person is asked."""
    at_sale(page)
    agent.refusal = "conflict"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("可能沒有印完整")
    assert agent.printed == []


def test_paper_that_cannot_be_taken_may_be_tried_again_or_given_up(page, world, agent):
    at_sale(page)
    agent.refusal = "internal"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("無法列印")
    agent.refusal = ""
    page.locator(".job").get_by_role("button", name="再試一次").click()
    expect(page.locator(".job")).to_contain_text("已印好")
    assert len(agent.printed) == 1
