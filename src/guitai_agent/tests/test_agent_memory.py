"""The agent's name stands for its journal's memory: without the memory, under another name."""

import json
import sqlite3

import pytest

from guitai_agent.datadir import SettingsFile
from guitai_agent.identity import settle
from guitai_agent.journal import Journal, State
from guitai_agent.journal.store import Submission
from guitai_agent.service.joining import Membership, MembershipFile
from guitai_agent.tests.rig import number_on, until
from guitai_agent.tests.running import Page, Running, job

FOREVER = 9e12


def moved_away(folder):
    for path in folder.glob("journal.db*"):
        path.rename(path.with_name(f"kept-{path.name}"))


def deleted(folder):
    for path in folder.glob("journal*"):
        path.unlink()


def restored_empty(folder):
    """The tables are there, the name even, and no job: a copy of the first day."""
    name = SettingsFile(folder).now.agent_id
    moved_away(folder)
    journal = Journal(folder / "journal.db")
    journal._db.execute("INSERT INTO note VALUES ('agent_id', ?)", (name,))
    journal.close()


def next_step(known, sent_to, agent_id):
    """What the till page does with a job that it handed over (pos/logic/printing.mjs)."""
    if known:
        return "follow"
    return "submit" if sent_to == agent_id else "ask"


def printed_once(folder):
    """An agent that has printed an original; what the page remembers of it."""
    agent = Running(folder)
    page = Page(agent)
    paired = page.ask("pair", code=agent.code())
    assert page.ask("print.submit", **job())["ok"]
    until(lambda: page.ask("print.get", job_id=job()["job_id"])["job"]["state"] == "done")
    assert len(agent.pages) == 1
    page.close()
    agent.stop()
    return paired["token"], paired["agent_id"]


@pytest.mark.parametrize("spoil", [moved_away, deleted, restored_empty])
def test_a_journal_lost_after_printing_leads_to_a_question_not_to_a_second_original(
    tmp_path, spoil
):
    MembershipFile(tmp_path).keep(Membership("http://127.0.0.1:9", "ws://127.0.0.1:9", "t", "", ""))
    token, agent_id = printed_once(tmp_path)
    spoil(tmp_path)
    agent = Running(tmp_path)
    page = Page(agent)
    welcome = page.ask("auth", token=token)  # the pairing has survived
    assert welcome["ok"]
    assert page.error("print.get", job_id=job()["job_id"]) == "unknown_job"
    assert next_step(None, agent_id, welcome["agent_id"]) == "ask"
    assert page.ask("health.get")["agent_id"] == welcome["agent_id"] != agent_id
    assert agent.agent.outbound.state()["address"] == "http://127.0.0.1:9"  # still joined
    assert not [number_on(each.page) for each in agent.pages if number_on(each.page)]
    page.close()
    agent.stop()


def test_the_name_stays_as_long_as_the_journal_does(tmp_path):
    token, agent_id = printed_once(tmp_path)
    agent = Running(tmp_path)
    page = Page(agent)
    welcome = page.ask("auth", token=token)
    assert welcome["agent_id"] == agent_id
    assert page.ask("print.submit", **job())["replay"]
    page.close()
    agent.stop()


def open_in(folder):
    settings, journal = SettingsFile(folder), Journal(folder / "journal.db")
    settle(settings, journal)
    return settings.now.agent_id, journal


def take(journal, number):
    return journal.submit(Submission(f"job-{number:05}", "https://a", [], expires=FOREVER))[0]


def test_an_older_copy_of_the_journal_is_another_memory_and_prints_nothing_by_itself(tmp_path):
    name, journal = open_in(tmp_path)
    first = take(journal, 1)
    take(journal, 2)
    late = journal.get("job-00002")
    journal.move(late, State.EXPIRED, "EXPIRED")  # and somebody may have wanted it since
    with sqlite3.connect(tmp_path / "copy") as copy:
        journal._db.backup(copy)
    copy.close()
    journal.move(journal.move(first, State.SENDING), State.DONE)
    take(journal, 3)
    journal.close()
    moved_away(tmp_path)
    (tmp_path / "copy").rename(tmp_path / "journal.db")
    other, journal = open_in(tmp_path)
    assert other != name
    assert [each.state for each in journal.recover()] == [State.UNCERTAIN] * 2
    assert journal.next() is None
    assert journal.dirty
    journal.close()
    same, journal = open_in(tmp_path)  # and from here on it is this name's memory
    assert same == other
    journal.close()


def test_a_lost_mark_or_a_pruned_journal_is_no_lost_memory(tmp_path):
    name, journal = open_in(tmp_path)
    take(journal, 1)
    journal._db.execute("DELETE FROM job")
    journal.close()
    assert open_in(tmp_path)[0] == name
    (tmp_path / "journal.mark").write_text("")
    assert open_in(tmp_path)[0] == name


def test_a_journal_from_before_journals_had_names_keeps_the_name(tmp_path):
    name, journal = open_in(tmp_path)
    take(journal, 1)
    journal._db.execute("DELETE FROM note")
    journal.close()
    assert open_in(tmp_path)[0] == name
    with sqlite3.connect(tmp_path / "journal.db") as db:
        assert db.execute("SELECT value FROM note WHERE key = 'agent_id'").fetchone() == (name,)
    db.close()


def test_lost_settings_mean_another_name_though_the_journal_is_there(tmp_path):
    name, journal = open_in(tmp_path)
    waiting = take(journal, 1)
    journal.close()
    (tmp_path / "config.json").unlink()
    other, journal = open_in(tmp_path)
    assert other != name
    assert journal.next() == waiting  # that memory is whole: what waits was never printed
    journal.close()
    assert json.loads((tmp_path / "config.json").read_text("utf-8"))["agent_id"] == other
