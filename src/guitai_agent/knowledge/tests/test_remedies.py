"""The book of troubles: complete, in the clerk's words, with pictures that can be shown."""

import re
import xml.etree.ElementTree as ET

import pytest

from guitai_agent.errors import REASONS
from guitai_agent.journal.opening import JOURNAL_CODES
from guitai_agent.knowledge import drift_params, picture, profiles, remedies, remedy
from guitai_agent.knowledge.remedies import HOPS, LEVELS, on_linux

# printing.md §6 (its codes), §0–§3 (page, agent), product.md S3.1–S3.16, the clock guard.
FACTS = {
    "OK", "LNA_PENDING", "LNA_DENIED", "AGENT_DOWN", "AGENT_OLD", "AGENT_SILENT", "AGENT_HUNG",
    "NOT_PAIRED", "DRV_MISSING", "DRV_SIGNATURE", "USB_ABSENT", "USB_WRONG_MODE", "NO_PRINTER",
    "PORT_BUSY",
    "PORT_DENIED", "PORT_GONE", "PRN_SILENT", "PRN_OFFLINE", "PRN_HOT", "PRN_FATAL",
    "CUTTER_ERR", "COVER_OPEN", "PAPER_END", "PAPER_NEAR", "PAPER_NEAR_HALT",
    "JAM_SUSPECT", "BLANK_SUSPECT",
    "FENCE_TIMEOUT", "LINK_STALLED", "JOB_WAITING", "JOB_UNCERTAIN", "JOB_EXPIRED", "CLOCK_DRIFT",
    "CLOCK_DATE", "INV_MANUAL_UNMARKED",
    "DISK_FULL", "JOURNAL_LOCKED", "JOURNAL_UNWRITABLE", "JOURNAL_BROKEN", "JOURNAL_NEWER",
}  # fmt: skip
FIXES = {"reset", "redetect", "test", "use"}
WITHOUT_PICTURE = {
    "OK", "CONNECTING", "PRN_SEVERAL", "PRN_HOT", "JOB_WAITING", "JOB_EXPIRED",
    "TEST_PRINTED", "TEST_READABLE", "INV_MANUAL_UNMARKED", "DISK_FULL", "JOURNAL_LOCKED",
    "JOURNAL_UNWRITABLE", "JOURNAL_BROKEN", "JOURNAL_NEWER", "AGENT_HUNG",
}  # fmt: skip
CODES = list(remedies())
SVG = "{http://www.w3.org/2000/svg}"


def every_variant():
    for code in CODES:
        for model in ("", *profiles()):
            yield remedy(code, model)


def pictures():
    return sorted({each.picture for each in every_variant() if each.picture})


def test_every_known_condition_is_in_the_book():
    assert set(CODES) >= FACTS


@pytest.mark.parametrize("code", CODES)
def test_a_condition_is_told_in_chinese_with_steps_of_one_action(code):
    for model in ("", *profiles()):
        told = remedy(code, model)
        assert told.level in LEVELS
        assert told.hop in HOPS
        assert re.search("[\u4e00-\u9fff]", told.message)
        assert bool(told.steps) is (code != "OK")
        for step in told.steps:
            assert step.endswith("。")
            assert step.count("。") == 1  # one sentence a step
            assert len(step) <= 60
        assert bool(told.picture) is (code not in WITHOUT_PICTURE)
        assert told.fix is None or told.fix.name in FIXES
        assert told.ask is None or told.ask.id in ("readable", "noise")


def test_on_linux_nothing_is_said_of_the_start_menu():
    said = {step for each in every_variant() for step in each.steps}
    assert set(on_linux()) <= said  # word for word as in the book
    for told in every_variant():
        there = told.on("linux")
        assert not any("按「開始」" in step for step in there.steps), told.code
        assert (there.picture == told.picture) or "agent-start" in told.picture
        assert told.on("win32") is told
    assert "guitai-agent update" in remedy("AGENT_OLD").on("linux").steps[0]


def test_every_fix_of_the_book_is_known_to_the_desk():
    from guitai_agent.service.desk import FIXES as DONE

    assert {each.fix.name for each in remedies().values() if each.fix} <= set(DONE)


def test_every_refusal_of_the_journal_is_in_the_book():
    assert {code.upper() for code in JOURNAL_CODES} <= set(CODES)


@pytest.mark.parametrize("code", sorted(set(REASONS) & set(CODES)))
def test_the_short_reason_and_the_book_say_the_same(code):
    assert REASONS[code] == remedy(code).message


def test_every_condition_of_printer_and_port_has_a_short_reason():
    """The worker's report may carry any of these; the doctor alone makes the others."""
    made_by_rules = {
        "CONNECTING", "USB_ABSENT", "NET_UNREACHABLE", "PRN_OTHER", "PRN_SEVERAL", "JAM_SUSPECT",
        "BLANK_SUSPECT", "TEST_PRINTED", "TEST_READABLE", "JOB_WAITING", "JOB_UNCERTAIN",
        "JOB_EXPIRED",
    }  # fmt: skip
    told = {c for c, r in remedies().items() if r.hop in ("port", "printer", "paper")}
    assert told - made_by_rules <= set(REASONS)


@pytest.mark.parametrize("model", ["PP-8800", "PP-5200"])
def test_a_silent_posiflex_is_about_its_switches(model):
    """S3.7: 1, 2, 4, 6 ON at the bottom, then off and on."""
    told = remedy("PRN_SILENT", model)
    assert told.picture == "dip-switches"
    assert any("1、2、4、6" in step and "ON" in step for step in told.steps)
    assert any("開機" in step for step in told.steps)


def test_a_silent_8802_is_about_its_utility_and_then_support():
    """S3.8: no switch; compare with the picture; different means call support."""
    told = remedy("PRN_SILENT", "PP-8802")
    assert told.picture == "vendor-utility"
    assert any("客服" in step for step in told.steps)
    assert not any("撥" in step for step in told.steps)


@pytest.mark.parametrize(
    "code, model, word",
    [
        ("DRV_MISSING", "PP-8800", "USBVCOM_Win_x64"),
        ("DRV_MISSING", "TM-T82III", "TM Virtual Port Driver"),
        ("DRV_MISSING", "TM-T82III", "58mm – 35 columns"),
        ("DRV_SIGNATURE", "PP-8800", "重新啟動電腦"),
        ("PRN_SILENT", "TM-T82III", "COM"),
        ("NET_UNREACHABLE", "TM-m30III", "接受憑證"),
        ("PAPER_END", "SUNMI", "3.6"),
        ("PAPER_END", "PP-8800", "5.7"),
        ("AGENT_DOWN", "", "啟動列印程式"),
        ("BLANK_SUSPECT", "PP-8800", "感熱面"),
    ],
)  # B.17.1–B.17.6, S3.4, S3.5, S3.10
def test_the_steps_hold_what_the_faq_says(code, model, word):
    assert any(word in step for step in remedy(code, model).steps)


def test_a_printer_that_has_stopped_at_near_end_wants_its_roll_now():
    """printing.md §1: set to "busy on off-line" it takes no more data."""
    told = remedy("PAPER_NEAR_HALT")
    assert "已停止" in told.message and "換紙" in told.message
    assert "準備" not in told.message + told.steps[0]


@pytest.mark.parametrize("code", ["FENCE_TIMEOUT", "LINK_STALLED", "JOB_UNCERTAIN", "JOB_EXPIRED"])
def test_the_question_is_looked_for_where_the_slip_was_made(code):
    """It is asked at one register's till; whoever reads this may stand at another, or the desk."""
    told = remedy(code)
    assert any("開這張單的那台收銀機" in step for step in told.steps)
    assert not any("在收銀頁面選擇" in step for step in told.steps)


@pytest.mark.parametrize("code", remedies())
def test_no_condition_calls_what_shows_it_a_page(code):
    """The same words stand at the till, at the desk and in a terminal."""
    assert "此頁" not in "".join([remedy(code).message, remedy(code).told, *remedy(code).steps])


def test_who_reads_that_an_agent_is_silent_knows_which_computer_and_what_to_press():
    told = remedy("AGENT_SILENT")
    assert "接發票機的電腦" in told.message
    assert any("啟動列印程式" in step for step in told.steps)


@pytest.mark.parametrize(
    "drift_ms, said",
    [
        (240_000, "快 4 分鐘"),
        (-7_200_000, "慢 2 小時"),
        (86_400_000, "快 24 小時"),
        (-40 * 86_400_000, "慢 40 天"),
    ],
)
def test_a_clock_is_told_of_its_own_computer_and_of_what_follows(drift_ms, said):
    """An agent does not know whether its computer sells: only the page may say that it stopped."""
    for code in ("CLOCK_DRIFT", "CLOCK_DATE"):
        told = remedy(code).say(drift_params(drift_ms))
        assert told.startswith("接發票機的電腦")
        assert told.endswith(f"比伺服器{said}，等候列印的單據過期時間會不準。")
        assert "開立" not in told


def test_the_faq_s_own_words_are_recognised():
    assert "已註冊的裝置為 0，1 個問題待修正" in remedy("DRV_MISSING").message
    assert "代碼 52" in remedy("DRV_SIGNATURE").message


@pytest.mark.parametrize("name", pictures())
def test_a_picture_can_be_shown_in_light_and_dark(name):
    text = picture(name)
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("stroke") == "currentColor"
    assert root.get("viewBox").split()[:3] == ["0", "0", "280"]
    assert root.find(f"{SVG}title").text
    assert root.get("aria-labelledby") == root.find(f"{SVG}title").get("id")
    labels = root.findall(f".//{SVG}text")
    assert labels
    assert all(float(label.get("font-size")) >= 10 for label in labels)


@pytest.mark.parametrize("name", pictures())
def test_a_picture_brings_nothing_from_outside_and_runs_nothing(name):
    text = picture(name)
    for word in (
        "href",
        "url(",
        "<script",
        "<style",
        "<image",
        "<foreignObject",
        "@import",
    ):
        assert word not in text
    for element in ET.fromstring(picture(name)).iter():
        assert not any(key.lower().startswith("on") for key in element.attrib)


def test_every_drawing_is_used():
    from importlib.resources import files

    drawn = files("guitai_agent.knowledge").joinpath("pictures").iterdir()
    assert sorted(each.name.removesuffix(".svg") for each in drawn) == pictures()


@pytest.mark.parametrize("name", ["", "no-such", "../remedies", "cover.svg", "..", "a/b"])
def test_no_other_file_is_read_as_a_picture(name):
    with pytest.raises(KeyError):
        picture(name)


def test_a_sentence_with_the_case_in_it():
    waiting = remedy("JOB_WAITING")
    assert waiting.say({"count": 3}).startswith("有 3 張")
    assert waiting.say({}) == waiting.message
    assert remedy("COVER_OPEN").say({"count": 3}) == remedy("COVER_OPEN").message
    with pytest.raises(KeyError):
        remedy("NO_SUCH_CODE")
