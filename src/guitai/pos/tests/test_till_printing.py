"""The till page in a real browser: printing through the agent, orders, shift, drawer, line, looks.

printing.md §3, docs/agent-protocol.md, product.md A.3, B.7, B.11, B.16–B.17, DESIGN §7.
"""

import re

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, PAPER_FINDING, READY, TOKEN
from guitai.pos.tests.till_browser import (
    COFFEE,
    EGG,
    HOSTILE,
    RICE,
    at_sale,
    expect,
    needs_chromium,
    pay,
    picture,
    scan,
    settled,
)

pytestmark = [pytest.mark.browser, needs_chromium]


# Printing ----------------------------------------------------------------------------------------


def test_a_sale_prints_once_and_reports(page, world, agent):
    at_sale(page)
    expect(page.locator(".cell.good", has_text="發票機")).to_contain_text("就緒")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("已印好")
    job_id = next(iter(world.jobs))
    settled(page, lambda: world.jobs[job_id]["state"] == "done")
    assert agent.printed == [job_id]
    assert "sent" in dict(reversed(world.reports)).values()
    settled(page, lambda: agent.drawers == 1)


def test_paper_end_waits_and_goes_on_by_itself(page, world, agent):
    at_sale(page)
    agent.behaviour = "waiting"
    agent.set_printer(PAPER_END)
    expect(page.locator(".strip")).to_contain_text("紙張用完，請換紙。")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等待中：紙張用完，請換紙。")
    agent.behaviour = "done"
    agent.set_printer(READY)
    agent.carry_on(next(iter(world.jobs)))
    expect(page.locator(".job")).to_contain_text("已印好")
    assert len(agent.printed) == 1


def test_an_uncertain_job_is_asked_and_a_reprint_is_a_new_job(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("可能沒有印完整")
    agent.behaviour = "done"
    page.get_by_role("button", name="補印").click()
    expect(page.locator(".job.good .tax-tag", has_text="補印")).to_be_visible()
    first, second = world.jobs.values()
    settled(page, lambda: second["state"] == "done")
    assert (first["state"], first["copy"], second["copy"]) == ("cancelled", "original", "reprint")
    assert agent.printed == [first["id"], second["id"]]


def test_after_a_reload_an_uncertain_job_is_reprinted_whoever_told_of_it_first(page, world, agent):
    """The agent's news may come before the server's list, which alone knows whose paper it is."""
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job-ask")).to_be_visible()
    held: list = []
    page.route("**/api/till/print-jobs?*", lambda route: held.append(route))
    page.reload()
    at_sale(page)
    settled(page, lambda: held)
    page.wait_for_timeout(500)
    expect(page.locator(".questions")).to_have_count(0)
    for route in held:
        route.continue_()
    page.unroute_all()
    agent.behaviour = "done"
    page.get_by_role("button", name="補印", exact=True).click()
    expect(page.locator(".questions")).to_have_count(0)
    settled(page, lambda: len(agent.printed) == 2)
    assert [job["copy"] for job in world.jobs.values()] == ["original", "reprint"]
    assert agent.printed == list(world.jobs)


def test_without_the_server_the_question_stays_and_says_why(page, world, agent, context):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job-ask")).to_be_visible()
    context.set_offline(True)
    page.get_by_role("button", name="補印", exact=True).click()
    expect(page.locator(".job .fault")).to_have_text("伺服器沒有回應，請稍候再試。")
    expect(page.locator(".job-ask")).to_be_visible()
    context.set_offline(False)
    agent.behaviour = "done"
    page.get_by_role("button", name="補印", exact=True).click()
    expect(page.locator(".job.good .tax-tag", has_text="補印")).to_be_visible()
    assert len(agent.printed) == 2


@pytest.mark.parametrize("moment", ["before it arrives", "after it is written"])
def test_a_reprint_that_meets_a_cut_line_is_kept_and_made_once(page, world, agent, moment):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job-ask")).to_be_visible()
    agent.behaviour = "done"

    def cut(route):
        if moment == "after it is written":
            assert route.fetch().status == 200
        route.abort("connectionreset")

    page.route("**/reprint", cut, times=1)
    page.get_by_role("button", name="補印", exact=True).click()
    expect(page.get_by_text("補印已記下，恢復後會自動送出")).to_be_visible()
    page.reload()
    at_sale(page)
    owed = "localStorage.getItem('guitai.till.owed_reprints')"
    settled(page, lambda: page.evaluate(owed) == "{}" and len(agent.printed) == 2)
    assert [job["copy"] for job in world.jobs.values()] == ["original", "reprint"]
    assert agent.printed == list(world.jobs)


def test_the_agent_may_start_late_and_jobs_wait_for_it(page, world, agent):
    at_sale(page)
    agent.stop()
    expect(page.locator(".strip")).to_contain_text("列印程式未執行")
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("等發票機")
    agent.start()
    expect(page.locator(".job")).to_contain_text("已印好", timeout=20_000)
    assert len(agent.printed) == 1


def test_a_reload_in_the_middle_of_a_print_prints_nothing_twice(page, world, agent):
    at_sale(page)
    agent.behaviour = "silent"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("排隊列印")
    page.reload()
    at_sale(page)
    agent.behaviour = "done"
    agent.carry_on(next(iter(world.jobs)))
    settled(page, lambda: next(iter(world.jobs.values()))["state"] == "done")
    assert len(agent.printed) == 1


def test_another_agent_never_prints_what_the_first_may_have_printed(page, world, agent):
    at_sale(page)
    agent.behaviour = "silent"
    scan(page, COFFEE)
    pay(page, world)
    expect(page.locator(".job")).to_contain_text("排隊列印")
    agent.agent_id, agent.journal, agent.behaviour = "agent-2", {}, "done"
    page.reload()
    at_sale(page)
    expect(page.locator(".questions")).to_contain_text("可能沒有印完整")
    assert agent.printed == []
    page.get_by_role("button", name="已印好").click()
    expect(page.locator(".questions")).to_have_count(0)
    settled(page, lambda: next(iter(world.jobs.values()))["state"] == "done")


def test_pairing_asks_for_the_six_digits(page, context, url, agent):
    at_sale(page)
    page.evaluate("localStorage.removeItem('guitai.till.agent_token')")
    page.reload()
    at_sale(page)
    expect(page.locator(".strip")).to_contain_text("尚未配對")
    page.keyboard.press("F10")
    page.locator("#pair-code").fill("000000")
    page.get_by_role("button", name="配對", exact=True).click()
    expect(page.locator("#pair-code-fault")).to_be_visible()
    page.locator("#pair-code").fill("493817")
    page.get_by_role("button", name="配對", exact=True).click()
    expect(page.get_by_text("配對完成。")).to_be_visible()
    expect(page.locator(".cell.good", has_text="發票機")).to_contain_text("就緒")


# The other pages ---------------------------------------------------------------------------------


def test_an_order_is_found_by_scanning_its_invoice_and_cancelled_with_a_reason(page, world):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("Enter")
    scan(page, "11512ZX000000310815")
    expect(page.locator(".order h2")).to_have_text("A1-00001")
    page.get_by_role("button", name="取消訂單").click()
    expect(page.get_by_text("發票 ZX-00000031 會作廢")).to_be_visible()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.locator("#cancel-reason-fault")).to_have_text("請寫原因。")
    page.get_by_role("button", name="商品打錯").click()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("訂單已取消，請退還：現金 $ 65。")).to_be_visible()
    assert next(iter(world.sales.values()))["order"]["cancel_reason"] == "商品打錯"


def test_the_order_before_is_out_of_reach_while_another_is_fetched(page, world):
    """On a slow line a form would open on one order and vanish, or be about the next one."""
    at_sale(page)
    for _ in range(2):
        scan(page, COFFEE)
        pay(page, world)
        page.keyboard.press("Enter")
    page.keyboard.press("F2")
    page.locator(".row", has_text="A1-00001").click()
    expect(page.locator(".order h2")).to_have_text("A1-00001")
    held: list = []
    page.route("**/api/till/orders/*", lambda route: held.append(route))
    page.locator(".row", has_text="A1-00002").click()
    expect(page.get_by_text("開啟中…")).to_be_visible()
    expect(page.get_by_role("button", name="取消訂單")).to_have_count(0)
    held.pop().continue_()
    expect(page.locator(".order h2")).to_have_text("A1-00002")
    page.unroute_all()
    page.route("**/api/till/orders?*", lambda route: held.append(route))
    scan(page, "11512ZX000000310815")
    expect(page.locator(".order")).to_have_count(0)
    held.pop().continue_()
    page.get_by_role("button", name="取消訂單").click()
    expect(page.get_by_text("發票 ZX-00000031 會作廢")).to_be_visible()


def test_a_reprint_is_marked(page, world, agent):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("F2")
    page.locator(".row").first.click()
    page.get_by_role("button", name="補印證明聯").click()
    expect(page.locator(".job.good .tax-tag", has_text="補印")).to_be_visible()
    assert [job["copy"] for job in world.jobs.values()] == ["original", "reprint"]


def test_the_shift_summary_wants_a_reason_for_a_difference(page, world):
    at_sale(page)
    scan(page, COFFEE)
    pay(page, world)
    page.keyboard.press("F4")
    expect(page.locator(".figures")).to_contain_text("3,065")
    page.locator("#shift-counted").fill("3000")
    page.keyboard.press("Enter")
    expect(page.locator("#shift-reason-fault")).to_be_visible()
    page.locator("#shift-reason").fill("找錯錢")
    page.locator("#shift-taken").fill("1000")
    page.get_by_role("button", name="小結完成並關帳").click()
    expect(page.get_by_text("關帳完成。")).to_be_visible()
    [summary] = world.summaries
    assert (summary["counted_cash"], summary["taken_out"], summary["close"]) == (3000, 1000, True)


def test_the_drawer_opens_only_after_its_reason_is_recorded(page, world, agent):
    at_sale(page)
    page.keyboard.press("F10")
    page.get_by_role("button", name="開錢櫃").click()
    expect(page.locator("#drawer-reason-fault")).to_be_visible()
    page.locator("#drawer-reason").fill("換零錢")
    page.get_by_role("button", name="開錢櫃").click()
    expect(page.get_by_text("錢櫃已打開。")).to_be_visible()
    assert world.drawer == ["換零錢"] and agent.drawers == 1


def test_the_line_warns_after_five_seconds_and_when_cut(page, world, context):
    at_sale(page)
    world.faults.append(lambda method, path: "slow" if path.startswith("shift") else "")
    page.keyboard.press("F4")
    expect(page.locator(".line-warning")).to_have_text(
        "您目前的網路連線不穩定，將影響您的操作。", timeout=6500
    )
    world.faults.clear()
    context.set_offline(True)
    expect(page.locator(".line-warning")).to_contain_text("您目前網路斷線，將無法進行操作。")
    context.set_offline(False)
    expect(page.locator(".line-warning")).to_have_count(0, timeout=10_000)


# Looks -------------------------------------------------------------------------------------------


def visit_states(page, world, agent):
    """Every main state in turn, by name."""
    at_sale(page)
    yield "empty"
    for code in (COFFEE, RICE, HOSTILE, "4710001000183"):
        scan(page, code)
    yield "cart"
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    yield "checkout"
    page.keyboard.press("F2")
    page.keyboard.type("12345678", delay=40)
    page.keyboard.press("F10")
    yield "wrong-ban-two-tenders"
    page.locator(".tender-tools button").nth(1).click()
    page.keyboard.press("F1")
    page.keyboard.press("F9")
    expect(page.locator(".job")).to_contain_text("已印好")
    yield "done"
    agent.behaviour = "uncertain"
    scan(page, EGG)
    pay(page, world)
    expect(page.locator(".job-ask")).to_be_visible()
    yield "uncertain"
    page.get_by_role("button", name="已印好").click()
    page.keyboard.press("F2")
    page.locator(".row").first.click()
    page.get_by_role("button", name="取消訂單").click()
    yield "orders"
    page.keyboard.press("F4")
    page.locator("#shift-counted").fill("3000")
    yield "shift"
    page.keyboard.press("F10")
    expect(page.locator(".device")).to_be_visible()
    expect(page.locator(".hop.good")).to_have_count(8)
    yield "device"
    agent.find(PAPER_FINDING, printer=PAPER_END)
    expect(page.locator(".finding img")).to_be_visible()
    yield "device-trouble"
    agent.find(printer=READY)
    page.get_by_role("button", name="換人").click()
    expect(page.locator(".person")).to_have_count(3)
    page.keyboard.press("1")
    expect(page.locator("#pin")).to_be_visible()
    yield "sign-in"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (1024, 768)], ids=["desktop", "tablet"])
def test_every_state_fits_the_screen_and_axe_finds_nothing_serious(
    browser, url, world, agent, scheme, size
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.add_init_script(f"localStorage.setItem('guitai.till.agent_token', '\"{TOKEN}\"')")
    page = context.new_page()
    page.goto(url)
    try:
        for name in visit_states(page, world, agent):
            picture(page, f"till-{name}-{size[0]}-{scheme}")
            check_state(page, axe, name)
    finally:
        context.close()


def check_state(page, axe, name: str) -> None:
    overflow = page.evaluate(
        "(({scrollWidth: w, scrollHeight: h}) => [w - innerWidth, h - innerHeight])"
        "(document.documentElement)"
    )
    assert max(overflow) <= 0, f"{name} does not fit: {overflow}"
    small = page.evaluate(
        "[...document.querySelectorAll('button')]"
        ".filter(b => b.offsetParent && b.getBoundingClientRect().height < 44)"
        ".map(b => b.textContent)"
    )
    assert small == [], f"{name}: too small to touch: {small}"
    unworded = re.findall(r"^[a-z]+\.[a-z_]+$", page.inner_text("#till"), re.M)
    assert unworded == [], f"{name}: words missing: {unworded}"
    results = axe.run(page)
    serious = [
        (found["id"], [node["target"] for node in found["nodes"]][:4])
        for found in results.response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    assert serious == [], f"{name}: {serious}"
