"""docs/agent-protocol.md §11 over real sockets, with the virtual printer's faults."""

import base64
import io
import json
import logging
import time
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from guitai_agent.knowledge import remedy
from guitai_agent.service.joining import Membership
from guitai_agent.tests.rig import until
from guitai_agent.tests.running import OTHER, Page, Running, job
from guitai_agent.tests.slips import proof
from twinvoice import paper

HOPS = ["agent", "driver", "port", "printer", "paper"]
SENSED = {
    "paper_end": "PAPER_END",
    "cover_open": "COVER_OPEN",
    "cutter": "CUTTER_ERR",
    "near_end": "PAPER_NEAR",
    "hot": "PRN_HOT",
    "fatal": "PRN_FATAL",
    "paused": "PRN_OFFLINE",
    "silent": "PRN_SILENT",
}
MESSAGES = ("health.get", "diag.run", "diag.fix", "diag.answer", "diag.picture", "diag.bundle",
            "clock.tell")  # fmt: skip


@pytest.fixture
def agent(tmp_path):
    running = Running(tmp_path / "data")
    running.agent.desk.doctor.eyes._presences = list  # this machine's own USB is no part of it
    yield running
    running.stop()


def codes(health):
    return [finding["code"] for finding in health["findings"]]


def told(page, code, seconds=5.0):
    """The next health in which ``code`` is the first finding."""
    end = time.monotonic() + seconds
    while True:
        news = page.events.pop(0) if page.events else None
        if news is None:
            news = json.loads(page.socket.recv(timeout=max(0.01, end - time.monotonic())))
        if news["type"] == "health.changed" and codes(news["health"])[0] == code:
            return news["health"]


def green(page):
    until(lambda: codes(page.ask("health.get"))[0] == "OK")
    page.events.clear()


def test_health_has_the_shape_of_the_protocol(page):
    green(page)
    health = page.ask("health.get")
    assert [hop["hop"] for hop in health["hops"]] == HOPS
    assert {(hop["state"], hop["code"]) for hop in health["hops"]} == {("ok", "OK")}
    assert health["queue"] == {"waiting": 0, "sending": 0, "uncertain": 0}
    assert health["clock"] == {"drift_ms": None, "source": None}
    assert health["server"]["state"] == "none"
    assert health["printer"]["online"] is True
    assert health["device"]["profile"] == "virtual"
    assert len(health["agent_id"]) == 32
    for text in (health["time"], health["hops"][0]["since"], health["findings"][0]["since"]):
        assert datetime.fromisoformat(text).tzinfo is not None
    (finding,) = health["findings"]
    assert set(finding) == {
        "code", "level", "hop", "message", "steps", "picture", "fix", "ask", "params", "since",
    }  # fmt: skip


@pytest.mark.parametrize("fault, code", SENSED.items())
def test_every_fault_is_told_within_a_second_and_turns_green_again(agent, page, fault, code):
    green(page)
    began = time.monotonic()
    agent.printer.set_fault(fault, True)
    health = told(page, code)
    noticed = time.monotonic() - began
    assert noticed < (1.0 if fault != "silent" else 1.6)  # silence is heard at the next question
    words = remedy(code, "virtual")
    (finding,) = health["findings"]
    assert finding["message"] == words.message
    assert finding["steps"] == list(words.steps)
    assert (finding["level"], finding["picture"]) == (words.level, words.picture)
    broken = HOPS.index(words.hop)
    assert health["hops"][broken]["state"] == words.level
    behind = {hop["state"] for hop in health["hops"][broken + 1 :]}
    assert behind <= ({"unknown"} if words.level == "error" else {"ok"})
    assert codes(page.ask("diag.run"))[0] == code
    agent.printer.set_fault(fault, False)
    assert {hop["state"] for hop in told(page, "OK")["hops"]} == {"ok"}


def test_the_same_health_is_told_once(agent, page):
    green(page)
    agent.printer.set_fault("cover_open", True)
    told(page, "COVER_OPEN")
    for _ in range(5):
        agent.agent.desk.doctor.notice()
        page.ask("diag.run")
    time.sleep(1.3)  # a tick
    page.ask("health.get")
    assert [news for news in page.events if news["type"] == "health.changed"] == []


def test_the_recheck_turns_green_by_itself(agent, page):
    green(page)
    agent.printer.set_fault("cutter", True)
    health = told(page, "CUTTER_ERR")
    assert health["findings"][0]["fix"] == {"name": "reset", "label": "重置"}
    assert codes(page.ask("diag.fix", name="reset")) == ["OK"]  # DLE ENQ 2 frees the knife


def test_jobs_that_wait_and_jobs_that_need_a_person(agent, page):
    green(page)
    agent.printer.set_fault("paper_end", True)
    told(page, "PAPER_END")
    doc = paper.to_json(proof())
    page.ask("print.submit", **job("0192-waiting-1", doc))
    until(lambda: "JOB_WAITING" in codes(page.ask("health.get")))
    health = page.ask("health.get")
    waiting = health["findings"][codes(health).index("JOB_WAITING")]
    assert waiting["params"] == {"count": 1, "reason": "PAPER_END"}
    assert waiting["message"].startswith("有 1 張")
    assert health["queue"]["waiting"] == 1
    agent.printer.plan_fault("cover_open", after=200)
    agent.printer.set_fault("paper_end", False)
    until(lambda: page.ask("health.get")["queue"]["uncertain"] == 1)
    until(lambda: "JOB_UNCERTAIN" in codes(page.ask("health.get")))
    agent.printer.set_fault("cover_open", False)
    page.ask("print.resolve", job_id="0192-waiting-1", printed="yes")
    until(lambda: codes(page.ask("health.get")) == ["OK"])


def test_a_print_in_progress_is_not_disturbed(agent, page):
    green(page)
    agent.printer.rate = 12_000
    page.ask("print.submit", **job("0192-in-progress"))
    page.event("job.state", job_id="0192-in-progress", state="sending")
    began = time.monotonic()
    health = page.ask("diag.run")
    assert time.monotonic() - began < 5
    assert codes(health)[0] == "OK"
    page.event("job.state", job_id="0192-in-progress", state="done")
    assert len(agent.pages) == 1


def test_blank_paper_is_asked_told_and_cleared(agent, page):
    green(page)
    health = page.ask("diag.fix", name="test")
    assert codes(health) == ["OK", "TEST_PRINTED"]
    assert health["findings"][1]["ask"] == {
        "id": "readable", "question": "看得到字嗎？", "yes": "看得到", "no": "一片空白",
    }  # fmt: skip
    health = page.ask("diag.answer", id="readable", answer="no")
    assert codes(health) == ["BLANK_SUSPECT"]
    assert "感熱面" in "".join(health["findings"][0]["steps"])
    assert health["findings"][0]["picture"] == "paper-roll"
    health = page.ask("diag.answer", id="readable", answer="yes")
    assert codes(health)[0] == "OK"


def test_noise_is_asked_and_believed(agent, page):
    green(page)
    page.ask("diag.fix", name="test")
    assert codes(page.ask("diag.answer", id="readable", answer="yes")) == ["OK", "TEST_READABLE"]
    assert codes(page.ask("diag.answer", id="noise", answer="yes")) == ["JAM_SUSPECT"]
    assert codes(page.ask("diag.answer", id="noise", answer="no")) == ["OK"]


def test_the_other_printer_is_taken_in_place_of_the_one_that_is_gone(agent, page):
    """PRN_OTHER and its repair: the chosen one is not there, the virtual one is."""
    green(page)
    agent.agent.desk.choose("usb:0d3a:0300:A1", "")
    health = told(page, "PRN_OTHER")
    assert health["findings"][0]["params"]["candidates"] == [
        {"id": "virtual", "name": "虛擬發票機"}
    ]
    assert "虛擬發票機" in health["findings"][0]["message"]
    assert codes(page.ask("diag.fix", name="use"))[0] == "OK"
    assert agent.agent.settings.now.device_id == "virtual"


def test_a_cover_that_opens_again_and_again_looks_like_a_jam(agent, page):
    green(page)
    for _ in range(3):
        agent.printer.set_fault("cover_open", True)
        told(page, "COVER_OPEN")
        agent.printer.set_fault("cover_open", False)
        told(page, "OK" if _ < 2 else "JAM_SUSPECT")


def test_the_clock_is_compared_with_the_server_s(agent, page):
    green(page)
    now = datetime.now(UTC)
    assert page.ask("clock.tell", time=now.isoformat())["ok"]
    clock = page.ask("health.get")["clock"]
    assert abs(clock["drift_ms"]) < 2_000
    assert clock["source"] == "page"
    page.ask("clock.tell", time=(now + timedelta(days=1)).isoformat())
    health = told(page, "CLOCK_DATE")
    said = health["findings"][0]["message"]
    # Which computer, and what follows: what is sold on another device goes on.
    assert said.startswith("接發票機的電腦日期不對，時鐘比伺服器慢 24 小時，")
    page.ask("clock.tell", time=now.astimezone().isoformat())
    told(page, "OK")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21T10:00:00", "2026-11-21", 5, None])
def test_a_time_without_an_offset_is_none(page, text):
    assert page.error("clock.tell", time=text) == "malformed"


def test_an_unpaired_agent_says_so(agent, owner):
    until(lambda: codes(owner.ask("health.get")) == ["NOT_PAIRED"])
    friend = Page(agent)
    friend.ask("pair", code=agent.code())
    until(lambda: codes(owner.ask("health.get")) == ["OK"])
    friend.close()


def test_pictures_come_as_text(page):
    assert page.ask("diag.picture", name="dip-switches")["svg"].startswith("<svg")
    assert page.error("diag.picture", name="../remedies") == "unknown_picture"
    assert page.error("diag.picture") == "malformed"


def test_bad_repairs_and_answers_are_refused(page):
    assert page.error("diag.fix", name="format-disk") == "unknown_fix"
    assert page.error("diag.fix") == "malformed"
    assert page.error("diag.fix", name="use") == "unknown_device"
    assert page.error("diag.answer", id="weather", answer="yes") == "malformed"
    assert page.error("diag.answer", id="noise", answer="perhaps") == "malformed"


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_outsider_gets_nothing_and_changes_nothing(agent, page, kind):
    green(page)
    stranger = Page(agent, OTHER)
    fields = {
        "name": "test", "id": "readable", "answer": "no", "time": "2020-01-01T00:00:00+08:00",
    }  # fmt: skip
    assert stranger.error(kind, **fields) == "not_paired"
    assert page.ask("health.get")["clock"]["drift_ms"] is None
    assert codes(page.ask("health.get")) == ["OK"]
    assert agent.pages == []
    agent.printer.set_fault("cover_open", True)
    told(page, "COVER_OPEN")
    with pytest.raises(TimeoutError):
        stranger.socket.recv(timeout=0.3)  # no news for strangers
    stranger.close()


def test_only_the_owner_takes_evidence_and_only_pages_tell_the_time(page, owner):
    assert page.error("diag.bundle") == "not_allowed"
    assert owner.error("clock.tell", time=datetime.now(UTC).isoformat()) == "page_only"


def test_no_secret_and_no_document_is_in_the_evidence(agent, page, owner, tmp_path):
    green(page)
    preshared = "preshared-" + "s" * 40
    agent.agent.pairing.preset(preshared, "https://other.example")
    relay = "019abc00-0000-7000-8000-000000000000." + "r" * 43
    agent.agent.outbound._file.keep(
        Membership("https://shop.example", "wss://shop.example/relay", relay, "R1", "台北店")
    )
    secret, rare = "/XYZ.123", "\U0010fffd"
    text = f"載具 {secret} 買方 12345675 AB12345678 {rare}"
    slip = paper.to_json((paper.Text(text), paper.Cut()))
    assert page.ask("print.submit", **job("AB-12345678-original", slip))["missing"] == rare
    page.event("job.state", state="done")
    log = logging.getLogger("guitai_agent.test")
    log.warning("relay token %s for %s of AB12345678 code 493817", relay, secret)
    reply = owner.ask("diag.bundle")
    assert reply["filename"].endswith(".zip")
    zipped = zipfile.ZipFile(io.BytesIO(base64.b64decode(reply["zip_b64"])))
    files = {name: zipped.read(name).decode() for name in zipped.namelist()}
    assert set(files) == {
        "health.json", "devices.json", "jobs.json", "settings.json", "system.json", "log.txt",
    }  # fmt: skip
    everything = "\n".join(files.values())
    hashes = [each.token_sha256 for each in agent.agent.pairing.pairings()]
    config = (tmp_path / "data" / "config.json").read_text()
    assert all(each in config for each in hashes)  # they are there to be leaked
    for planted in (
        page.token, preshared, agent.agent.page_token, "r" * 43, secret, "12345675", "AB12345678",
        "AB-12345678", "493817", rare, *hashes,
    ):  # fmt: skip
        assert planted not in everything
    assert "r" * 43 in (tmp_path / "data" / "relay.json").read_text()
    jobs = json.loads(files["jobs.json"])
    assert jobs["counts"] == {"done": 1}
    assert jobs["jobs"][0]["job"].startswith("sha256:")
    assert json.loads(files["settings.json"])["pairings"][0]["origin"] == "https://shop.example"
    assert "paired https://shop.example" in files["log.txt"]
    assert "no glyph for 1 characters" in files["log.txt"]
    assert json.loads(files["health.json"])["findings"][0]["code"] == "OK"
    assert json.loads(files["system.json"])["agent"]
