"""A job that another agent holds, and an agent that holds other registers' jobs.

docs/agent-protocol.md §6.1; DESIGN §4: paper is doubled only by a person's word, and never lost.
"""

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, READY, FakeAgent, finding
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

UNSURE = finding("JOB_UNCERTAIN", "paper", "有 1 張單據不確定是否印完，請檢查紙本。")
WARNING = "這張先前交給了別台電腦，它恢復後可能會自己印出原本那一張。"


def sold_waiting(page, world, agent) -> str:
    """A sale whose paper waits at the first agent; its job."""
    at_sale(page)
    agent.behaviour = "waiting"
    agent.set_printer(PAPER_END)
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等待中")
    return next(iter(world.jobs))


def replaced(agent) -> FakeAgent:
    """Another agent answers in the first one's place; the first one, gone from there."""
    first = FakeAgent(agent.agent_id)
    first.journal, first.printed, first.behaviour = agent.journal, agent.printed, "waiting"
    agent.stop()
    agent.agent_id, agent.journal, agent.printed = "agent-2", {}, []
    agent.behaviour, agent.printer = "done", READY
    agent.start()
    return first


def asked(page):
    return page.locator(".job", has_text="可能沒有印完整")


def answer(page, what: str) -> None:
    expect(asked(page)).to_be_visible(timeout=20_000)
    asked(page).get_by_role("button", name=what, exact=True).click()


# The agent was changed ---------------------------------------------------------------------------


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
def test_after_a_change_of_agent_it_is_printed_is_kept_at_the_server(page, world, agent, reload):
    job = sold_waiting(page, world, agent)
    replaced(agent)
    if reload:
        page.reload()
    answer(page, "已印好")
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: world.jobs[job]["state"] == "done")
    assert agent.printed == [] and len(world.jobs) == 1


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
def test_after_a_change_of_agent_a_reprint_ends_the_old_job(page, world, agent, reload):
    sold_waiting(page, world, agent)
    replaced(agent)
    if reload:
        page.reload()
    answer(page, "補印")
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: len(agent.printed) == 1)
    first, second = world.jobs.values()
    settled(page, lambda: second["state"] == "done")
    assert (first["state"], first["detail"]) == ("cancelled", "NOT_PRINTED")
    assert (second["copy"], agent.printed) == ("reprint", [second["id"]])


def test_an_agent_that_lost_its_folder_knows_nothing_and_the_answer_counts(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(asked(page)).to_be_visible()
    agent.journal.clear()
    answer(page, "已印好")
    expect(asked(page)).to_have_count(0)
    settled(page, lambda: next(iter(world.jobs.values()))["state"] == "done")


# The first one may yet print it ------------------------------------------------------------------


def test_a_reprint_is_taken_back_at_the_first_agent_before(relay, page, world, agent):
    job = sold_waiting(page, world, agent)
    relay.others["r2"] = first = replaced(agent)
    answer(page, "補印")
    settled(page, lambda: len(agent.printed) == 1)
    assert first.journal[job]["state"] == "cancelled"
    first.behaviour = "done"
    first.carry_on(job)
    assert first.printed == []
    assert [one["copy"] for one in world.jobs.values()] == ["original", "reprint"]


def test_where_the_first_agent_is_away_she_is_told_before_and_it_is_taken_back_later(
    page, world, agent
):
    job = sold_waiting(page, world, agent)
    first = replaced(agent)
    expect(asked(page)).to_contain_text(WARNING, timeout=20_000)
    expect(asked(page)).to_contain_text("最後可能有兩張紙")
    picture(page, "till-job-at-another-computer")
    answer(page, "補印")
    settled(page, lambda: len(agent.printed) == 1)
    page.reload()
    at_sale(page)
    agent.stop()
    agent.agent_id, agent.journal, agent.behaviour = "agent-1", first.journal, "silent"
    agent.start()
    settled(page, lambda: first.journal[job]["state"] == "cancelled")
    expect(asked(page)).to_have_count(0)


def test_the_same_page_takes_it_back_when_the_first_agent_returns(page, world, agent):
    job = sold_waiting(page, world, agent)
    first = replaced(agent)
    answer(page, "已印好")
    expect(asked(page)).to_have_count(0)
    agent.stop()
    agent.agent_id, agent.journal, agent.behaviour = "agent-1", first.journal, "silent"
    agent.start()
    settled(page, lambda: first.journal[job]["state"] == "cancelled")
    assert world.jobs[job]["state"] == "done"


def test_what_the_first_agent_has_printed_meanwhile_is_not_printed_again(relay, page, world, agent):
    job = sold_waiting(page, world, agent)
    relay.others["r2"] = first = replaced(agent)
    expect(asked(page)).to_be_visible(timeout=20_000)
    first.behaviour = "done"
    first.carry_on(job)
    answer(page, "補印")
    expect(asked(page)).to_have_count(0)
    expect(page.locator(".job")).to_contain_text("已印好")
    settled(page, lambda: world.jobs[job]["state"] == "done")
    assert (len(world.jobs), agent.printed) == (1, [])


def test_while_the_first_agent_is_printing_it_nobody_prints_it_again(relay, page, world, agent):
    job = sold_waiting(page, world, agent)
    relay.others["r2"] = first = replaced(agent)
    expect(asked(page)).to_be_visible(timeout=20_000)
    first.journal[job]["state"] = "sending"
    answer(page, "補印")
    expect(page.locator(".job .fault")).to_contain_text("另一台電腦正在列印這張")
    assert len(world.jobs) == 1
    first.journal[job].update(state="uncertain", reason="FENCE_TIMEOUT")
    answer(page, "補印")
    settled(page, lambda: len(agent.printed) == 1)
    assert first.journal[job]["reason"] == "NOT_PRINTED"


# Whose job it is ---------------------------------------------------------------------------------


def of_another_register(agent, state: str) -> dict:
    """A job at this agent that the server does not list for this register."""
    job = {"job_id": "0192-other-register", "state": state, "reason": "", "message": "",
           "copy": "original", "kind": "document", "sha256": "0" * 64, "bytes": 9}  # fmt: skip
    agent.journal[job["job_id"]] = job
    agent.find(UNSURE)
    agent.tell({"type": "job.state", "job": job})
    return job


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
def test_another_register_s_question_is_told_and_cannot_be_answered(page, world, agent, reload):
    at_sale(page)
    job = of_another_register(agent, "uncertain")
    if reload:
        page.reload()
        at_sale(page)
    expect(page.locator(".strip")).to_contain_text("另一台 POS 機有單據待確認")
    expect(page.locator(".questions")).to_have_count(0)
    page.keyboard.press("F10")
    expect(page.locator(".finding.warn h3")).to_have_text("另一台 POS 機有單據待確認。")
    expect(page.get_by_role("button", name="補印")).to_have_count(0)
    expect(page.get_by_role("button", name="已印好")).to_have_count(0)
    assert job["state"] == "uncertain" and world.reports == []


def test_beside_another_register_s_question_ours_is_asked(page, world, agent):
    at_sale(page)
    other = of_another_register(agent, "uncertain")
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("F10")
    expect(page.locator(".job-ask")).to_have_count(1)
    expect(page.locator(".finding")).to_contain_text("另一台 POS 機有單據待確認。")
    page.get_by_role("button", name="已印好", exact=True).click()
    expect(page.locator(".job-ask")).to_have_count(0)
    settled(page, lambda: next(iter(world.jobs.values()))["state"] == "done")
    assert other["state"] == "uncertain"


def test_another_register_s_waiting_job_is_left_alone(page, world, agent):
    at_sale(page)
    job = of_another_register(agent, "waiting")
    page.keyboard.press("F10")
    expect(page.get_by_text("沒有待處理的列印。")).to_be_visible()
    page.wait_for_timeout(300)
    assert job["state"] == "waiting"


def test_a_question_of_nobody_s_register_is_answered_at_the_agent(page, agent):
    """A test slip, or the job of another server's shop: no register of ours can answer."""
    at_sale(page)
    agent.find(UNSURE)
    expect(page.locator(".strip")).to_contain_text("請到列印電腦的列印程式頁面確認單據")
    expect(page.locator(".job-ask")).to_have_count(0)


@pytest.mark.parametrize("reload", [False, True], ids=["", "reloaded"])
def test_not_printed_said_at_the_agent_s_own_page_still_owes_the_paper(page, world, agent, reload):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(asked(page)).to_be_visible()
    job = next(iter(world.jobs))
    agent.behaviour = "done"
    agent.settle(agent.journal[job], printed=False)
    expect(asked(page)).to_contain_text("列印電腦已記下「未印出」")
    if reload:
        page.reload()
        expect(asked(page)).to_contain_text("列印電腦已記下「未印出」")
    answer(page, "補印")
    settled(page, lambda: len(agent.printed) == 2)
    first, second = world.jobs.values()
    assert (first["state"], first["copy"], second["copy"]) == ("cancelled", "original", "reprint")
