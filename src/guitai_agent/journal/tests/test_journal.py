"""The journal's promises: durable, compare-and-set, idempotent (printing.md §3)."""

import itertools
import sqlite3
import threading

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.journal import Journal, State, canonical, digest, opening
from guitai_agent.journal.rules import TRANSITIONS, may
from guitai_agent.journal.store import (
    IDENTITY_LIFE,
    KEEP_DOCUMENTS,
    QUEUE_LIMIT,
    RENEWED,
    Submission,
)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path, clock):
    store = Journal(tmp_path / "journal.db", clock=clock)
    yield store
    store.close()


def wanted(job_id="job-00000001", doc=None, **changes):
    doc = [{"a": "店"}] if doc is None else doc
    return Submission(job_id, "https://shop.example", doc, **({"expires": 2000.0} | changes))


def refused(code, call, *args, **kwargs):
    with pytest.raises(AgentError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code


def test_canonical_form_is_the_published_one():
    assert canonical([{"b": 1, "a": "店"}]) == '[{"a":"店","b":1}]'.encode()
    assert digest([{"a": "店", "b": 1}]) == (
        "499032750d83174cb9b0112999333b65a860e076fa375a446adc9e874eed15a4"
    )


@pytest.mark.parametrize("bad", [["\ud800"], [float("nan")]])
def test_what_has_no_canonical_form_is_refused(bad):
    with pytest.raises(ValueError):
        canonical(bad)


def test_journal_is_durable_by_its_settings(journal):
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_submit_then_submit_again_is_a_replay(journal):
    first, replay = journal.submit(wanted())
    assert (first.state, replay) == (State.QUEUED, False)
    again, replay = journal.submit(wanted())
    assert (again, replay) == (first, True)
    assert len(journal.latest(10)) == 1


@pytest.mark.parametrize(
    "change", [{"doc": [{"a": "別"}]}, {"copy": "reprint"}, {"kind": "selftest"}]
)
def test_same_id_with_other_content_is_a_conflict(journal, change):
    journal.submit(wanted())
    refused("conflict", journal.submit, wanted(**change))


def test_replay_of_a_finished_job_returns_its_result_even_after_expiry(journal, clock):
    job, _ = journal.submit(wanted())
    journal.move(journal.move(job, State.SENDING), State.DONE, bytes_sent=7)
    clock.now = 5000
    again, replay = journal.submit(wanted())
    assert (again.state, again.bytes, replay) == (State.DONE, 7, True)


def test_expired_at_submission_and_in_the_queue(journal, clock):
    refused("expired", journal.submit, wanted(expires=1000.0))
    journal.submit(wanted())
    clock.now = 2000.0
    journal.expire()
    assert journal.get("job-00000001").state is State.EXPIRED
    assert journal.next() is None


def expired(journal, clock, job_id="job-00000001", **changes):
    job, _ = journal.submit(wanted(job_id, **changes))
    clock.now = 2000.0
    journal.expire()
    return journal.get(job.job_id)


def test_paper_whose_time_ran_out_is_a_question_that_stays_until_it_is_answered(journal, clock):
    """Nothing expires in silence: whoever starts anew is told of it, and its document is kept."""
    job = expired(journal, clock)
    assert (job.state, job.reason) == (State.EXPIRED, "EXPIRED")
    clock.now += 2 * IDENTITY_LIFE
    journal.prune(older_than=KEEP_DOCUMENTS)
    assert [(each.job_id, bool(each.doc)) for each in journal.open_jobs()] == [(job.job_id, True)]


def test_paper_that_is_still_wanted_is_the_same_job_and_waits_once_more(journal, clock):
    """However often it is pressed: it never began, so it is still the original, and one paper."""
    job = expired(journal, clock)
    again = journal.renew(job.job_id)
    assert (again.state, again.copy, again.expires) == (State.QUEUED, "original", 2000.0 + RENEWED)
    assert journal.renew(job.job_id) == again
    sending = journal.move(again, State.SENDING)
    assert journal.renew(job.job_id) == sending
    done = journal.move(sending, State.DONE, bytes_sent=9)
    assert journal.renew(job.job_id) == done
    assert journal.next() is None


def test_paper_that_is_no_longer_wanted_is_taken_back_for_good(journal, clock):
    job = expired(journal, clock)
    assert journal.cancel(job.job_id).state is State.CANCELLED
    refused("wrong_state", journal.renew, job.job_id)


def test_only_documents_are_asked_about_a_late_test_slip_is_nobody_s_loss(journal, clock):
    for kind in ("selftest", "pairing"):
        clock.now = 1000.0
        job = expired(journal, clock, f"{kind}-0001", kind=kind)
        assert (job.state, job.reason) == (State.CANCELLED, "TOO_LATE")


@pytest.mark.parametrize("kind", ["selftest", "pairing"])
def test_a_slip_of_the_agents_own_that_broke_off_is_let_go_and_the_printer_still_cleaned(
    journal, tmp_path, clock, kind
):
    """It has no number and no till knows it: nobody could answer a question about it."""
    torn = journal.move(journal.submit(wanted(kind=kind))[0], State.SENDING, bytes_sent=900)
    torn = journal.break_off(torn, "PAPER_END", bytes_sent=300)
    assert (torn.state, torn.reason, torn.bytes) == (State.CANCELLED, "PAPER_END", 300)
    assert journal.dirty
    journal.set_dirty(False)
    journal.move(journal.submit(wanted("job-00000002", kind=kind))[0], State.SENDING, bytes_sent=9)
    journal.close()
    reopened = Journal(tmp_path / "journal.db", clock=clock)
    (stranded,) = reopened.recover()
    assert (stranded.state, stranded.reason) == (State.CANCELLED, "AGENT_RESTARTED")
    assert (reopened.open_jobs(), reopened.dirty) == ([], True)
    reopened.close()


def test_what_an_older_agent_asked_about_its_own_slips_is_no_question_now(journal, tmp_path, clock):
    for number, kind in enumerate(("document", "selftest", "pairing")):
        job, _ = journal.submit(wanted(f"job-{number:08}", kind=kind))
        journal.move(journal.move(job, State.SENDING), State.UNCERTAIN, "PORT_GONE", bytes_sent=5)
    journal.close()
    later = Journal(tmp_path / "journal.db", clock=clock)
    assert [job.kind for job in later.open_jobs()] == ["document"]
    later.close()


def test_what_has_begun_never_expires(journal, clock):
    job, _ = journal.submit(wanted())
    sending = journal.move(job, State.SENDING)
    clock.now = 9e9
    journal.expire()
    assert journal.get(job.job_id).state is State.SENDING
    journal.move(sending, State.UNCERTAIN, "PORT_GONE", bytes_sent=5)
    journal.expire()
    assert journal.get(job.job_id).state is State.UNCERTAIN


def test_a_full_queue_takes_no_renewed_paper(journal, clock):
    job = expired(journal, clock)
    for number in range(QUEUE_LIMIT):
        journal.submit(wanted(f"more-{number:08}", expires=9e9))
    refused("queue_full", journal.renew, job.job_id)
    assert journal.get(job.job_id).state is State.EXPIRED


def test_what_an_older_agent_let_expire_is_no_question_now(journal, tmp_path, clock):
    """It told the server so at the time, and may have forgotten the document since."""
    job = expired(journal, clock)
    journal._db.execute("UPDATE job SET reason = '', doc = NULL")
    journal.close()
    later = Journal(tmp_path / "journal.db", clock=clock)
    assert later.get(job.job_id).state is State.CANCELLED
    later.close()


def test_open_jobs_are_found_by_their_index_in_a_journal_of_years(journal):
    sql = "EXPLAIN QUERY PLAN SELECT * FROM job WHERE state IN "
    states = "('queued', 'waiting', 'sending', 'uncertain', 'expired') ORDER BY seq"
    plan = " ".join(str(row) for row in journal._db.execute(sql + states))
    assert "job_unfinished" in plan


def test_every_step_is_allowed_or_refused_by_the_table(journal):
    paths = {
        State.QUEUED: [],
        State.WAITING: [State.WAITING],
        State.SENDING: [State.SENDING],
        State.DONE: [State.SENDING, State.DONE],
        State.UNCERTAIN: [State.SENDING, State.UNCERTAIN],
        State.EXPIRED: [State.EXPIRED],
        State.CANCELLED: [State.CANCELLED],
    }
    for number, (old, new) in enumerate(itertools.product(State, State)):
        job, _ = journal.submit(wanted(f"job-{number:08}"))
        for step in paths[old]:
            job = journal.move(job, step)
        assert job.state is old
        if may(old, new):
            assert journal.move(job, new).state is new
        else:
            refused("wrong_state", journal.move, job, new)
    assert set(TRANSITIONS) == set(State)


def test_only_one_of_two_threads_wins_a_step(journal):
    job, _ = journal.submit(wanted())
    outcome, gate = [], threading.Barrier(2)

    def take(new):
        gate.wait()
        try:
            outcome.append(journal.move(job, new).state)
        except AgentError as error:
            outcome.append(error.code)

    threads = [threading.Thread(target=take, args=(s,)) for s in (State.SENDING, State.CANCELLED)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert outcome.count("wrong_state") == 1
    assert journal.get(job.job_id).state.value in outcome


def test_the_database_itself_refuses_an_unknown_state(journal):
    journal.submit(wanted())
    with pytest.raises(sqlite3.IntegrityError):
        journal._db.execute("UPDATE job SET state = 'printed'")


def test_recovery_makes_sending_uncertain_and_keeps_the_rest(journal, tmp_path, clock):
    for number in range(4):
        journal.submit(wanted(f"job-{number:08}"))
    journal.move(journal.get("job-00000000"), State.SENDING)
    journal.move(journal.get("job-00000001"), State.WAITING, "PAPER_END")
    journal.move(journal.move(journal.get("job-00000002"), State.SENDING), State.DONE)
    journal.close()
    reopened = Journal(tmp_path / "journal.db", clock=clock)
    assert [job.job_id for job in reopened.recover()] == ["job-00000000"]
    states = {job.job_id[-1]: (job.state, job.reason) for job in reopened.latest(9)}
    assert states == {
        "0": (State.UNCERTAIN, "AGENT_RESTARTED"),
        "1": (State.WAITING, "PAPER_END"),
        "2": (State.DONE, ""),
        "3": (State.QUEUED, ""),
    }
    assert reopened.next().job_id == "job-00000001"


@pytest.mark.parametrize("printed, state", [(True, State.DONE), (False, State.CANCELLED)])
def test_a_person_resolves_an_uncertain_job_once(journal, printed, state):
    job, _ = journal.submit(wanted())
    refused("wrong_state", journal.resolve, job.job_id, printed=printed)
    journal.move(journal.move(job, State.SENDING), State.UNCERTAIN, "PORT_GONE", bytes_sent=512)
    assert journal.resolve(job.job_id, printed=printed).state is state
    assert journal.resolve(job.job_id, printed=printed).state is state
    refused("wrong_state", journal.resolve, job.job_id, printed=not printed)
    assert [step[0] for step in journal.steps(job.job_id)] == [
        "queued", "sending", "uncertain", state.value,
    ]  # fmt: skip


def test_cancel_only_before_the_first_byte(journal):
    job, _ = journal.submit(wanted())
    assert journal.cancel(job.job_id).state is State.CANCELLED
    assert journal.cancel(job.job_id).reason == "TAKEN_BACK"
    other, _ = journal.submit(wanted("job-00000002"))
    journal.move(other, State.SENDING)
    refused("wrong_state", journal.cancel, other.job_id)
    refused("unknown_job", journal.cancel, "job-none")


def test_step_back_needs_zero_bytes(journal):
    job, _ = journal.submit(wanted())
    sending = journal.move(job, State.SENDING, bytes_sent=3000)
    refused("wrong_state", journal.step_back, sending, "PORT_GONE", bytes_sent=256)
    assert journal.dirty
    back = journal.step_back(sending, "PORT_GONE", bytes_sent=0)
    assert (back.state, back.bytes, journal.dirty) == (State.WAITING, 0, False)


def test_dirty_from_the_first_byte_to_the_fence_also_over_a_crash(journal, tmp_path, clock):
    """The printer may hold half a job: it has to be cleaned before the next one."""
    job, _ = journal.submit(wanted())
    assert not journal.dirty
    sending = journal.move(job, State.SENDING, bytes_sent=3000)
    journal.close()
    reopened = Journal(tmp_path / "journal.db", clock=clock)
    (stranded,) = reopened.recover()
    assert (stranded.bytes, reopened.dirty) == (3000, True)
    reopened.set_dirty(False)
    done = reopened.submit(wanted("job-00000002"))[0]
    reopened.move(reopened.move(done, State.SENDING), State.DONE)
    assert not reopened.dirty
    assert sending.job_id == stranded.job_id


def test_park_tells_every_waiting_job_why_and_says_so_once(journal):
    seen = []
    for number in range(3):
        journal.submit(wanted(f"job-{number:08}"))
    journal.on_change = seen.append
    journal.park("COVER_OPEN")
    journal.park("COVER_OPEN")
    assert [(job.state, job.reason) for job in seen] == [(State.WAITING, "COVER_OPEN")] * 3


def test_queue_has_a_limit(journal):
    for number in range(QUEUE_LIMIT):
        journal.submit(wanted(f"job-{number:08}"))
    refused("queue_full", journal.submit, wanted("job-one-more"))


def test_prune_forgets_content_but_not_the_identity(journal, clock):
    job, _ = journal.submit(wanted())
    journal.move(journal.move(job, State.SENDING), State.DONE)
    clock.now = 1500.0
    assert journal.prune(older_than=100) == 1
    assert journal.get(job.job_id).doc is None
    assert journal.submit(wanted())[1] is True


def test_jobs_are_seen_by_their_origin(journal):
    journal.submit(wanted())
    assert journal.open_jobs("https://shop.example") == journal.open_jobs()
    assert journal.open_jobs("https://other.example") == []
    assert journal.latest(5, "https://other.example") == []


# -- files and disks that refuse ----------------------------------------------------------------


def fill_the_disk(journal):
    """No page more than there are: what SQLite answers is what a full disk makes it answer."""
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_refuses_the_job_and_keeps_what_was_there(journal):
    journal.submit(wanted())
    fill_the_disk(journal)
    large = [{"a": "店" * 20_000}]
    refused("disk_full", journal.submit, wanted("job-00000002", doc=large))
    assert [job.job_id for job in journal.latest(9)] == ["job-00000001"]
    journal._db.execute("PRAGMA max_page_count = 100000")
    assert journal.submit(wanted("job-00000002", doc=large))[0].state is State.QUEUED


def test_a_journal_held_by_another_program_is_told(journal, tmp_path):
    journal.submit(wanted())
    journal._db.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused("journal_locked", journal.submit, wanted("job-00000002"))
    refused("journal_locked", journal.move, journal.get("job-00000001"), State.SENDING)
    holder.execute("ROLLBACK")
    assert journal.submit(wanted("job-00000002"))[1] is False
    holder.close()


def test_a_journal_locked_for_good_refuses_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "WAIT_SECONDS", 0.05)
    holder = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    holder.executescript("PRAGMA locking_mode=EXCLUSIVE; CREATE TABLE x (y); BEGIN EXCLUSIVE;")
    refused("journal_locked", Journal, tmp_path / "journal.db")
    holder.close()


def test_a_broken_journal_is_refused_and_left_as_it_is(journal, tmp_path):
    for number in range(50):
        journal.submit(wanted(f"job-{number:08}", doc=[{"a": "店" * 500}]))
    journal.close()
    path = tmp_path / "journal.db"
    whole = path.read_bytes()
    for at, length in ((0, 100), (5000, 40_000), (len(whole) // 2, len(whole) // 2)):
        path.write_bytes(whole[:at] + b"\xa5" * length + whole[at + length :])
        broken = path.read_bytes()
        refused("journal_broken", Journal, path)
        assert path.read_bytes() == broken


STRANGERS = {
    "another table called job": "CREATE TABLE job (x)",
    "no such table": "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('a')",
    "a version of its own": "CREATE TABLE bookmarks (url TEXT); PRAGMA user_version = 70",
    "a view": "CREATE VIEW job AS SELECT 1 AS seq",
    "steps of another kind": opening.SCHEMA + "; DROP TABLE step; CREATE TABLE step (x)",
    "no count of what was taken": opening.SCHEMA.replace("AUTOINCREMENT", ""),
    "write ahead": "PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)",
}


@pytest.mark.parametrize("made", STRANGERS.values(), ids=STRANGERS)
def test_a_database_that_is_no_journal_is_refused_and_not_written_into(tmp_path, made):
    path = tmp_path / "journal.db"
    stranger = sqlite3.connect(path)
    stranger.executescript(made)
    stranger.close()
    before = path.read_bytes()
    refused("journal_broken", Journal, path)
    assert path.read_bytes() == before


def test_a_stranger_that_is_open_elsewhere_keeps_what_it_has_not_merged_yet(tmp_path):
    path = tmp_path / "journal.db"
    stranger = sqlite3.connect(path)
    stranger.executescript("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)")
    for name in ("journal.db", "journal.db-wal"):  # as after a power cut
        (tmp_path / name).replace(tmp_path / f"kept-{name}")
    stranger.close()
    for name in ("journal.db", "journal.db-wal"):
        (tmp_path / f"kept-{name}").replace(tmp_path / name)
    before = path.read_bytes()
    refused("journal_broken", Journal, path)
    assert path.read_bytes() == before


def test_a_journal_that_was_only_half_made_is_finished(tmp_path, clock):
    """The power went while the tables were made, one after the other."""
    path = tmp_path / "journal.db"
    half = sqlite3.connect(path)
    half.executescript(opening.SCHEMA.split("CREATE TABLE IF NOT EXISTS note")[0])
    half.close()
    for _ in range(2):
        journal = Journal(path, clock=clock)
        journal.submit(wanted())
        journal.close()


def test_a_journal_of_a_newer_agent_is_refused(journal, tmp_path):
    journal._db.execute(f"PRAGMA user_version = {opening.VERSION + 1}")
    journal.close()
    refused("journal_newer", Journal, tmp_path / "journal.db")


def test_a_journal_from_before_versions_is_taken_over(journal, tmp_path, clock):
    journal.submit(wanted())
    journal._db.execute("PRAGMA user_version = 0")
    journal.close()
    reopened = Journal(tmp_path / "journal.db", clock=clock)
    assert reopened.get("job-00000001").state is State.QUEUED
    reopened.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    refused("journal_unwritable", Journal, tmp_path / "nowhere" / "journal.db")


@pytest.mark.parametrize("code", sorted(opening.JOURNAL_CODES))
def test_every_refusal_has_a_sentence(code):
    assert len(AgentError(code).message) > 10


def test_parking_is_one_commit_and_only_for_jobs_with_news(journal):
    for number in range(5):
        journal.submit(wanted(f"job-{number:08}"))
    journal.cancel("job-00000000")
    commits = []
    journal._db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    journal.park("PAPER_END")
    journal.park("PAPER_END")
    journal.expire()
    assert len(commits) == 1
    assert [journal.steps(f"job-{n:08}")[-1][:2] for n in range(5)] == [
        ("cancelled", "TAKEN_BACK"), *[("waiting", "PAPER_END")] * 4,
    ]  # fmt: skip


def test_uncertain_jobs_do_not_fill_the_queue_and_what_is_sent_does(journal):
    """A question nobody answers must not keep the shop from printing."""
    for number in range(QUEUE_LIMIT):
        journal.submit(wanted(f"job-{number:08}"))
    sending = journal.move(journal.get("job-00000000"), State.SENDING)
    refused("queue_full", journal.submit, wanted("job-one-more"))
    journal.move(sending, State.UNCERTAIN, "PORT_GONE", bytes_sent=9)
    assert journal.submit(wanted("job-one-more"))[1] is False


def test_the_journal_does_not_grow_for_ever(journal, clock):
    for number in range(30):
        job, _ = journal.submit(wanted(f"job-{number:08}", expires=9e9))
        sending = journal.move(job, State.SENDING)
        journal.move(sending, State.DONE if number else State.UNCERTAIN, bytes_sent=5)
    assert len(journal.steps("job-00000001")) == 3
    clock.now += 91 * 86_400.0
    assert journal.prune(older_than=KEEP_DOCUMENTS) == 29
    assert journal.steps("job-00000001") == []
    assert journal.submit(wanted("job-00000001", expires=9e9))[1] is True  # still never twice
    assert len(journal.steps("job-00000000")) == 3  # a person has still to answer
    clock.now += IDENTITY_LIFE
    journal.prune(older_than=KEEP_DOCUMENTS)
    assert [job.job_id for job in journal.latest(99)] == ["job-00000000"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (sqlite3.SQLITE_FULL, "disk_full"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "disk_full"),  # what a start on a full disk comes to
        (sqlite3.SQLITE_IOERR_WRITE, "journal_unwritable"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "journal_unwritable"),
    ],
)
def test_what_the_system_said_is_told_as_what_it_means(said, code):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = said
    with pytest.raises(AgentError) as refused, opening.plainly():
        raise error
    assert refused.value.code == code
