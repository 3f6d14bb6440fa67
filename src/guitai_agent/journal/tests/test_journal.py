"""The journal's promises: durable, compare-and-set, idempotent (printing.md §3)."""

import itertools
import sqlite3
import threading

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.journal import Journal, State, canonical, digest
from guitai_agent.journal.rules import TRANSITIONS, may
from guitai_agent.journal.store import QUEUE_LIMIT, Submission


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
