"""A disk that is full and a journal that cannot be used: told in words, and never printed twice."""

import json
import sqlite3
import subprocess
import sys

import pytest

from guitai_agent.tests.rig import until
from guitai_agent.tests.running import Page, Running, job


def run_agent(folder):
    command = [sys.executable, "-m", "guitai_agent", "run", "--data", str(folder), "--quiet",
               "--device", "virtual", "--port", "0"]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def made_by_a_newer_agent(path):
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def overwritten(path):
    path.write_bytes(b"\xa5" * 20_000)


def test_an_agent_that_is_too_old_for_its_journal_does_not_start_and_says_why(tmp_path):
    made_by_a_newer_agent(tmp_path / "journal.db")
    before = (tmp_path / "journal.db").read_bytes()
    ended = run_agent(tmp_path)
    assert ended.returncode == 2
    assert "列印日誌由較新版的列印程式建立" in ended.stderr.replace("\n", "")
    assert (tmp_path / "journal.db").read_bytes() == before


def a_strangers(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE job (x)")
    db.close()


def paired_then_broken(folder, broken=overwritten):
    """An agent's folder whose journal is spoilt; what the pairing had answered."""
    agent = Running(folder)
    page = Page(agent)
    paired = page.ask("pair", code=agent.code())
    page.close()
    agent.stop()
    for path in folder.glob("journal.db*"):
        path.unlink()
    broken(folder / "journal.db")
    return paired


@pytest.mark.parametrize("broken", [overwritten, a_strangers])
def test_an_agent_with_a_broken_journal_says_so_to_every_page_and_prints_nothing(tmp_path, broken):
    """Were it not to run, the till could say no more than that it does not."""
    folder = tmp_path / "data"
    paired = paired_then_broken(folder, broken)
    before = (folder / "journal.db").read_bytes()
    agent = Running(folder)
    page = Page(agent)
    welcome = page.ask("auth", token=paired["token"])
    assert (welcome["ok"], welcome["jobs"]) == (True, [])
    health = page.ask("diag.run")
    assert [each["code"] for each in health["findings"]] == ["JOURNAL_BROKEN"]
    assert any("journal.db" in step for step in health["findings"][0]["steps"])
    states = {hop["hop"]: hop["state"] for hop in health["hops"]}
    assert states == {"agent": "error", **dict.fromkeys(
        ("driver", "port", "printer", "paper"), "unknown")}  # fmt: skip
    assert page.error("print.submit", **job()) == "journal_broken"
    assert page.error("print.get", job_id=job()["job_id"]) == "journal_broken"
    assert agent.pages == []
    owner = Page(agent, origin=agent.url)
    owner.ask("auth", token=agent.agent.page_token)
    assert owner.ask("diag.bundle")["ok"]
    owner.close()
    page.close()
    agent.stop()
    assert (folder / "journal.db").read_bytes() == before


def test_who_starts_it_in_a_terminal_is_told_that_the_journal_is_broken(tmp_path):
    """And not to pair: the code would be refused for the very same reason."""
    overwritten(tmp_path / "journal.db")
    command = [sys.executable, "-m", "guitai_agent", "run", "--data", str(tmp_path), "--quiet",
               "--device", "virtual", "--port", "0"]  # fmt: skip
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until((tmp_path / "run.json").exists, 60)
    looked = subprocess.run(
        [sys.executable, "-m", "guitai_agent", "doctor", "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    started.terminate()
    said, wrong = started.communicate(timeout=60)
    assert "已啟動" in said and "配對" not in said + wrong
    assert "列印日誌已損毀，為避免重複列印而停止。（JOURNAL_BROKEN）" in wrong
    assert "2. 把 journal.db 開頭的檔案都搬到別的資料夾保存" in wrong
    assert "JOURNAL_BROKEN" in looked.stdout and "NOT_PAIRED" not in looked.stdout


def test_once_the_broken_journal_was_moved_away_it_prints_under_another_name(tmp_path):
    folder = tmp_path / "data"
    before = paired_then_broken(folder)
    Running(folder).stop()
    (folder / "journal.db").unlink()
    agent = Running(folder)
    page = Page(agent)
    assert page.ask("auth", token=before["token"])["agent_id"] != before["agent_id"]
    assert page.ask("print.submit", **job())["ok"]
    until(lambda: len(agent.pages) == 1)
    page.close()
    agent.stop()


@pytest.fixture
def shop(tmp_path):
    """An agent, its page, and the journal's connection, which can be made to have no room."""
    agent = Running(tmp_path / "data")
    page = Page(agent)
    page.ask("pair", code=agent.code())
    yield agent, page, agent.agent.journal._db
    page.close()
    agent.stop()


def no_room(db):
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")


def hop_and_finding(page):
    health = page.ask("health.get")
    agent = next(hop for hop in health["hops"] if hop["hop"] == "agent")
    return agent["state"], health["findings"][0]


def await_news(page, code):
    """The next ``health.changed`` whose first finding is ``code``."""
    while True:
        news = json.loads(page.socket.recv(timeout=6))
        if news["type"] == "health.changed" and news["health"]["findings"][0]["code"] == code:
            return news["health"]


def test_a_refused_job_turns_the_agent_red_and_free_space_turns_it_green(shop):
    _, page, db = shop
    assert hop_and_finding(page)[1]["code"] == "OK"
    no_room(db)
    large = job("0192-AB12345679", [{"block": "text", "text": "店" * 40_000}, {"block": "cut"}])
    assert page.error("print.submit", **large) == "disk_full"
    state, finding = hop_and_finding(page)
    assert (state, finding["code"], finding["level"]) == ("error", "DISK_FULL", "error")
    assert "磁碟空間不足" in finding["message"]
    assert any("資源回收筒" in step for step in finding["steps"])
    assert page.ask("diag.run")["findings"][0]["code"] == "DISK_FULL"
    db.execute("PRAGMA max_page_count = 1000000")
    assert await_news(page, "OK")["hops"][0]["state"] == "ok"
    assert page.ask("print.submit", **large)["ok"]


def test_a_full_disk_is_seen_before_a_job_comes(shop):
    agent, page, db = shop
    agent.agent.desk.doctor.disk._free = lambda: 0
    no_room(db)
    assert await_news(page, "DISK_FULL")["hops"][0]["state"] == "error"


def test_a_journal_that_turns_read_only_is_told_and_recovers(shop):
    _, page, db = shop
    db.execute("PRAGMA query_only = 1")
    assert page.ask("diag.run")["findings"][0]["code"] == "JOURNAL_UNWRITABLE"
    db.execute("PRAGMA query_only = 0")
    await_news(page, "OK")


def test_a_page_is_told_of_a_full_disk_and_the_agent_stays_up(tmp_path):
    agent = Running(tmp_path / "data")
    page = Page(agent)
    page.ask("pair", code=agent.code())
    db = agent.agent.journal._db
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    large = job("0192-AB12345679", [{"block": "text", "text": "店" * 40_000}, {"block": "cut"}])
    refusal = page.ask("print.submit", **large)["error"]
    assert (refusal["code"], "磁碟空間不足" in refusal["message"]) == ("disk_full", True)
    assert page.error("print.get", job_id=large["job_id"]) == "unknown_job"
    assert page.ask("printer.get")["printer"]["online"]
    db.execute("PRAGMA max_page_count = 1000000")
    assert page.ask("print.submit", **job())["ok"]
    until(lambda: page.ask("print.get", job_id=job()["job_id"])["job"]["state"] == "done")
    page.close()
    agent.stop()
