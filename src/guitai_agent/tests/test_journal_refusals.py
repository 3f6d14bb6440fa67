"""A disk that is full and a journal that cannot be used: told in words, and never printed twice."""

import sqlite3
import subprocess
import sys

import pytest

from guitai_agent.service.tests.test_protocol import Page, Running, job
from guitai_agent.tests.rig import until


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


@pytest.mark.parametrize("spoil, sentence", [
    (made_by_a_newer_agent, "列印日誌由較新版的列印程式建立"), (overwritten, "列印日誌已損毀"),
])  # fmt: skip
def test_an_agent_that_cannot_trust_its_journal_does_not_start_and_says_why(
    tmp_path, spoil, sentence
):
    spoil(tmp_path / "journal.db")
    before = (tmp_path / "journal.db").read_bytes()
    ended = run_agent(tmp_path)
    assert ended.returncode == 2
    assert sentence in ended.stderr.replace("\n", "")
    assert (tmp_path / "journal.db").read_bytes() == before


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
