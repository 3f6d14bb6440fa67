"""The doctor on the till, in a real browser: every hop, the finding, its cure, the clock, devices.

printing.md §6, product.md A.3 (S3.2–S3.15), B.17; docs/agent-protocol.md §7, §9.
"""

import re
import time

import pytest

from guitai.pos.tests.fake_agent import PAPER_END, PAPER_FINDING, READY, finding
from guitai.pos.tests.till_browser import (
    COFFEE,
    at_sale,
    expect,
    needs_chromium,
    pay,
    scan,
    settled,
    soon,
)

pytestmark = [pytest.mark.browser, needs_chromium]

OLD_ADVICE = "請先嘗試重開系統和裝置"


def hop(page, name: str):
    return page.locator(".hop", has_text=name)


def at_doctor(page) -> None:
    at_sale(page)
    page.keyboard.press("F10")
    expect(page.locator(".chain .hop")).to_have_count(8)


# The chain and its findings ----------------------------------------------------------------------


def test_all_is_well_and_every_hop_says_so_in_words_and_colour(page, agent):
    at_doctor(page)
    expect(page.locator(".hop.good")).to_have_count(8)
    for name in ("網頁", "列印程式", "驅動程式", "連接埠", "發票機", "紙張", "伺服器", "時鐘"):
        expect(hop(page, name)).to_contain_text("正常")
    expect(page.get_by_text("從網頁到紙張，每一段都正常。")).to_be_visible()
    assert agent.clocks, "the agent was told the server's time"


def test_a_fault_is_named_within_a_second_with_steps_and_turns_green_when_mended(page, agent):
    at_doctor(page)
    expect(page.locator(".hop.good")).to_have_count(8)
    began = time.monotonic()
    agent.find(PAPER_FINDING, printer=PAPER_END)
    soon(page, ".finding h3", "紙張用完，請換紙。")
    assert time.monotonic() - began < 1
    expect(page.locator(".finding .steps li")).to_have_count(3)
    expect(page.locator(".hop.bad")).to_have_text("紙張異常")
    expect(page.locator(".strip .cell.bad")).to_contain_text("紙張用完，請換紙。")
    agent.find(printer=READY)
    expect(page.locator(".hop.good")).to_have_count(8)
    expect(page.locator(".finding")).to_have_count(0)
    expect(page.locator(".strip .cell.good", has_text="發票機")).to_have_text("發票機就緒")
    assert OLD_ADVICE not in page.content()


def test_the_server_is_told_hops_and_paper_of_the_same_moment(page, world, agent):
    at_doctor(page)
    agent.find(PAPER_FINDING, printer=PAPER_END)
    expect(page.locator(".hop.bad")).to_have_text("紙張異常")
    agent.tell({"type": "printer.status", "printer": READY})  # the hops follow a moment later
    expect(page.locator(".strip .cell.good", has_text="發票機")).to_have_text("發票機就緒")
    whole = [news for news in world.agent_news if "hops" in news]
    told = [(news["hops"][-1]["state"], news["printer"]["paper"]) for news in whole]
    assert told[-1] == ("error", "end")
    assert set(told) <= {("ok", "ok"), ("error", "end")}


def test_the_strip_leads_to_the_doctor(page, agent):
    at_sale(page)
    agent.find(PAPER_FINDING, printer=PAPER_END)
    page.locator(".strip .cell", has_text="紙張用完").click()
    expect(page.locator("#doctor")).to_be_focused()
    expect(page.locator(".finding")).to_be_in_viewport()


def test_a_picture_that_only_the_agent_has_is_drawn_by_it(page, agent):
    at_doctor(page)
    agent.find(PAPER_FINDING, printer=PAPER_END)
    drawing = page.locator(".finding img")
    expect(drawing).to_have_attribute("src", re.compile("^blob:"))
    assert drawing.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    expect(drawing).to_have_attribute("alt", "圖：紙張用完，請換紙。")


def test_software_does_what_it_can_and_a_person_answers_what_no_sensor_sees(page, agent):
    at_doctor(page)
    agent.find(PAPER_FINDING, printer=PAPER_END)
    page.get_by_role("button", name="重置", exact=True).first.click()
    expect(page.locator(".finding")).to_have_count(0)
    ask = {"id": "q1", "question": "看得到字嗎？", "yes": "看得到", "no": "沒有字"}
    agent.find(finding("BLANK_SUSPECT", "paper", "請看剛印的測試頁。", level="warn", ask=ask))
    expect(page.locator(".ask")).to_contain_text("看得到字嗎？")
    page.get_by_role("button", name="沒有字").click()
    expect(page.locator(".finding")).to_have_count(0)
    assert (agent.fixes, agent.answers) == (["reset"], [("q1", "no")])


def test_checking_again_asks_the_agent_and_turns_green(page, agent):
    at_doctor(page)
    agent.find(PAPER_FINDING, printer=PAPER_END)
    expect(page.locator(".finding")).to_have_count(1)
    agent.findings, agent.printer = [], READY  # mended, and nobody was told
    page.get_by_role("button", name="重新檢查").click()
    expect(page.locator(".finding")).to_have_count(0)
    expect(page.locator(".doctor-head")).to_contain_text("檢查")


def test_without_the_agent_the_page_itself_says_what_to_do_and_turns_green_by_itself(page, agent):
    at_doctor(page)
    agent.stop()
    expect(hop(page, "列印程式")).to_contain_text("異常")
    expect(page.locator(".finding h3")).to_contain_text("列印程式")
    expect(page.locator(".finding .steps li").first).to_be_visible()
    expect(hop(page, "紙張")).to_contain_text("未知")
    agent.start()
    expect(page.locator(".hop.good")).to_have_count(8, timeout=20_000)


def test_an_older_agent_is_understood_by_its_printer_alone(page, agent):
    agent.doctor = False
    page.reload()
    at_doctor(page)
    expect(page.locator(".hop.good")).to_have_count(8)
    agent.set_printer(PAPER_END)
    expect(page.locator(".finding h3")).to_have_text("紙張用完，請換紙。")
    expect(hop(page, "紙張")).to_contain_text("異常")
    agent.set_printer(READY)
    expect(page.locator(".hop.good")).to_have_count(8)


def test_too_old_an_agent_is_refused_politely_with_the_way_to_a_new_one(page, world, agent):
    world.min_version = "0.2.0"
    page.reload()
    at_doctor(page)
    expect(page.locator(".strip")).to_contain_text("列印程式版本太舊")
    expect(page.locator(".finding")).to_contain_text("目前版本 0.1.0，至少需要 0.2.0。")
    expect(page.get_by_role("link", name="下載新版列印程式")).to_have_attribute("href", "/agent/")
    assert agent.sockets == set()
    agent.version = "0.2.0"
    expect(page.locator(".hop.good")).to_have_count(8, timeout=20_000)


def test_an_uncertain_paper_is_asked_where_the_doctor_tells_of_it(page, world, agent):
    at_sale(page)
    agent.behaviour = "uncertain"
    scan(page, COFFEE)
    pay(page, world)
    agent.find(finding("JOB_UNCERTAIN", "paper", "有 1 張單據不確定是否印完，請檢查紙本。"))
    page.locator(".strip .cell", has_text="有 1 張單據不確定是否印完").click()
    asked = page.locator(".finding .job-ask")
    expect(page.locator(".job-ask")).to_have_count(1)
    asked.get_by_role("button", name="已印好", exact=True).click()
    expect(page.locator(".job-ask")).to_have_count(0)
    settled(page, lambda: next(iter(world.jobs.values()))["state"] == "done")


# The clock ---------------------------------------------------------------------------------------


def test_another_date_blocks_issuing_with_the_reason_until_the_clock_is_right(page, world):
    at_sale(page)
    scan(page, COFFEE)
    page.keyboard.press("F9")
    world.ahead = 86_400.0
    page.reload()
    at_sale(page)
    expect(page.locator(".strip .cell").nth(3)).to_contain_text("日期不對，已停止開立")
    page.keyboard.press("F9")
    expect(page.locator("#confirm")).to_be_disabled()
    expect(page.locator(".clock-stop")).to_contain_text("這台裝置的時鐘慢了 24 小時。")
    page.keyboard.press("F9")
    expect(page.locator("#clock-recheck")).to_be_focused()
    assert world.sales == {}
    world.ahead = 0.0
    page.locator("#clock-recheck").click()
    expect(page.locator("#confirm")).to_be_enabled()
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()
    assert world.device_clocks[-1].endswith("Z")


def test_a_clock_that_is_off_on_the_same_day_is_only_a_warning(page, world):
    world.ahead = -90.0
    page.reload()
    at_sale(page)
    expect(page.locator(".strip .cell").nth(3)).to_contain_text("時鐘不準")
    page.locator(".strip .cell").nth(3).click()
    expect(page.locator(".finding.warn")).to_contain_text("這台裝置的時鐘快了 90 秒。")
    page.keyboard.press("F1")
    scan(page, COFFEE)
    pay(page, world)


# Devices and scanners ----------------------------------------------------------------------------


def test_a_serial_scanner_scans_like_any_other_wherever_the_focus_is(page, agent):
    at_doctor(page)
    page.locator("#drawer-reason").focus()
    agent.tell({"type": "scanner.data", "text": COFFEE, "device": "serial:1"})
    expect(page.locator(".line")).to_have_count(1)
    expect(page.locator("#query")).to_have_value("")
    page.locator("#query").fill("3*")
    agent.tell({"type": "scanner.data", "text": COFFEE, "device": "serial:1"})
    expect(page.locator(".quantity")).to_have_text("4")
    agent.tell({"type": "scanner.data", "text": "/ABC+123", "device": "serial:1"})
    expect(page.locator(".say")).to_contain_text("已選手機條碼")


def test_a_printer_is_found_chosen_and_given_its_model(page, agent):
    at_doctor(page)
    expect(page.locator(".device-row.is-chosen")).to_contain_text("Posiflex PP-8800")
    page.get_by_role("button", name="搜尋網路發票機").click()
    row = page.locator(".device-row", has_text="TM-m30III")
    expect(row).to_contain_text("網路・192.168.1.50:9100")
    found = {**READY["device"], "id": "tcp:192.168.1.50:9100", "name": "TM-m30III", "kind": "tcp"}
    agent.devices.append({**found, "port": "192.168.1.50:9100", "selected": False})
    row.get_by_role("button", name="改用").click()
    expect(page.locator(".device-row.is-chosen")).to_contain_text("TM-m30III")
    page.locator(".device-row.is-chosen select").select_option("generic-58")
    expect(page.locator(".device-row.is-chosen select")).to_have_value("generic-58")
    assert agent.devices[1]["profile"] == "generic-58"
    page.get_by_role("button", name="列印尺規").click()
    expect(page.get_by_text("尺規已送出")).to_be_visible()


def test_a_serial_scanner_is_chosen_with_its_speed_and_given_up(page, agent):
    port = {"id": "serial:COM3", "kind": "serial", "name": "USB Serial", "port": "COM3"}
    agent.devices.append({**port, "profile": "", "dots": 0, "selected": False})
    at_doctor(page)
    panel = page.locator(".panel", has_text="序列埠掃描器")
    panel.locator("select").select_option("115200")
    panel.get_by_role("button", name="用 USB Serial 掃描").click()
    expect(panel.locator(".notice")).to_contain_text("掃描器就緒")
    assert agent.scanner["device_id"] == "serial:COM3"
    panel.get_by_role("button", name="停用").click()
    expect(panel.locator(".notice")).to_have_count(0)


def test_every_touch_is_answered_within_a_tenth_of_a_second(page, agent):
    """DESIGN §7: a word at once, also where the work takes long."""
    at_doctor(page)
    agent.behaviour = "silent"
    page.evaluate(
        """() => { window.first = null; const began = performance.now();
        new MutationObserver(() => { window.first ??= performance.now() - began; })
          .observe(document.getElementById('till'), {subtree: true, childList: true,
            characterData: true, attributes: true});
        [...document.querySelectorAll('button')].find(b => b.innerText === '重新檢查').click(); }"""
    )
    page.wait_for_function("window.first !== null")
    assert page.evaluate("window.first") < 100
