"""Paper that nobody wants any more: its invoice was voided, or its order cancelled, elsewhere.

product.md B.7.2; docs/agent-protocol.md §6.1: what has not begun is taken back from the agent.
"""

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, READY
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

BEAT = "window.guitai.app.prints.tend()"


def sold(page, world, agent, behaviour: str) -> str:
    at_sale(page)
    agent.behaviour = behaviour
    if behaviour == "waiting":
        agent.set_printer(PAPER_END)
    scan(page, COFFEE)
    pay(page, world)
    job = next(iter(world.jobs))
    settled(page, lambda: agent.journal.get(job, {}).get("state") == behaviour)
    settled(page, lambda: world.jobs[job]["state"] in ("sent", behaviour))
    return job


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
def test_a_slip_that_waits_at_the_agent_is_taken_back(page, world, agent, reload):
    job = sold(page, world, agent, "waiting")
    world.withdrawn.add(job)
    if reload:
        page.reload()
        at_sale(page)
    else:
        page.evaluate(BEAT)
        expect(page.locator(".job")).to_contain_text("已作廢或訂單已取消，這張不會印出")
    settled(page, lambda: world.jobs[job]["state"] == "cancelled")
    assert agent.journal[job]["state"] == "cancelled"
    agent.behaviour = "done"
    agent.set_printer(READY)
    agent.carry_on(job)
    assert agent.printed == []


def test_the_heartbeat_brings_it_without_anybody_doing_anything(page, world, agent):
    job = sold(page, world, agent, "waiting")
    world.withdrawn.add(job)
    expect(page.locator(".job")).to_contain_text("這張不會印出", timeout=20_000)


def test_a_till_that_nobody_is_signed_in_at_takes_it_back_too(page, world, agent):
    """The evening's void, and paper that is changed before the morning's first clerk."""
    job = sold(page, world, agent, "waiting")
    page.get_by_role("button", name="換人").click()
    expect(page.locator(".person").first).to_be_visible()
    world.withdrawn.add(job)
    settled(page, lambda: agent.journal[job]["state"] == "cancelled")


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [("已收回", "done", "CONFIRMED"), ("沒有印出", "cancelled", "NOT_PRINTED")],
)
def test_what_may_be_on_paper_is_asked_back_and_not_offered_again(
    page, world, agent, answer, state, reason
):
    job = sold(page, world, agent, "uncertain")
    page.keyboard.press("Enter")  # the next customer
    world.withdrawn.add(job)
    page.evaluate(BEAT)
    row = page.locator(".questions .job")
    expect(row).to_contain_text("印出來的請收回，不必補印")
    expect(row.get_by_role("button", name="補印", exact=True)).to_have_count(0)
    picture(page, "till-voided-doubt")
    row.get_by_role("button", name=answer, exact=True).click()
    settled(page, lambda: world.jobs[job]["state"] == state)
    expect(page.locator(".questions")).to_have_count(0)
    assert (agent.journal[job]["reason"], len(world.jobs)) == (reason, 1)


def test_what_came_out_all_the_same_is_asked_back(page, world, agent):
    job = sold(page, world, agent, "waiting")
    agent.journal[job]["state"] = "sending"
    world.withdrawn.add(job)
    page.evaluate(BEAT)
    settled(page, lambda: page.evaluate(f"window.guitai.app.prints.jobs.get('{job}').withdrawn"))
    agent.journal[job]["state"], agent.behaviour = "waiting", "done"
    agent.carry_on(job)
    expect(page.locator(".job")).to_contain_text("卻還是印了出來：請收回這張紙")
    settled(page, lambda: world.jobs[job]["state"] == "done")
    page.keyboard.press("Enter")  # it is asked back until somebody has it
    expect(page.locator(".questions .job")).to_be_visible()
    picture(page, "till-came-out")
    page.locator(".questions .job").get_by_role("button", name="已收回").click()
    expect(page.locator(".questions")).to_have_count(0)


def test_what_no_agent_took_is_not_handed_over_again(page, world, agent):
    """The server was told that it is at the agent, and the agent was too busy to take it."""
    at_sale(page)
    agent.refusal = "queue_full"
    scan(page, COFFEE)
    pay(page, world)
    job = next(iter(world.jobs))
    settled(page, lambda: world.jobs[job]["state"] == "sent")
    expect(page.locator(".job")).to_contain_text("等發票機")
    world.withdrawn.add(job)
    agent.refusal = ""
    page.evaluate(BEAT)
    settled(page, lambda: world.jobs[job]["state"] == "cancelled")
    expect(page.locator(".job")).to_contain_text("這張不會印出")
    assert (agent.journal, agent.printed) == ({}, [])


def test_what_was_cancelled_at_the_server_is_not_handed_over(page, world, agent):
    at_sale(page)
    agent.refusal = "queue_full"
    scan(page, COFFEE)
    pay(page, world)
    job = next(iter(world.jobs))
    settled(page, lambda: world.jobs[job]["state"] == "sent")
    expect(page.locator(".job")).to_contain_text("等發票機")
    world.jobs[job]["state"] = "cancelled"
    agent.refusal = ""
    page.evaluate(BEAT)
    expect(page.locator(".job")).to_contain_text("已取消")
    assert (agent.journal, agent.printed) == ({}, [])


def test_a_void_between_fetching_and_handing_over_stops_the_slip(page, world, agent):
    at_sale(page)

    def voided(route):
        for job in world.jobs.values():
            world.withdrawn.add(job["id"])
            job["state"] = "cancelled"
        route.continue_()

    page.route("**/state", voided, times=1)  # 「交給列印程式」 comes too late
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("這張不會印出")
    assert (agent.journal, agent.printed) == ({}, [])


def test_what_the_server_took_for_unsent_is_taken_back_from_the_agent(page, world, agent):
    """「交給列印程式」 was lost; the desk cancelled what never left, for all it knew."""
    job = sold(page, world, agent, "waiting")
    world.withdrawn.add(job)
    world.jobs[job]["state"] = "cancelled"
    page.evaluate(BEAT)
    settled(page, lambda: agent.journal[job]["state"] == "cancelled")
    expect(page.locator(".job")).to_contain_text("這張不會印出")


def test_an_agent_that_goes_away_while_the_slip_is_fetched_leaves_no_question(page, world, agent):
    """Nothing was handed over: it is not asked about, and printed when the agent is back."""
    at_sale(page)

    def gone(route):
        agent.stop()
        expect_gone = "window.guitai.app.agent.state !== 'ready'"
        settled(page, lambda: page.evaluate(expect_gone))
        route.continue_()

    page.route("**/api/till/print-jobs/*", gone, times=1)
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".strip")).to_contain_text("列印程式未執行")
    expect(page.locator(".job")).to_contain_text("等發票機")
    assert world.reports == []
    agent.start()
    expect(page.locator(".job.good")).to_contain_text("已印好", timeout=20_000)
    assert agent.printed == list(world.jobs)
