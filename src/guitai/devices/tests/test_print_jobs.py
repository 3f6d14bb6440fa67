"""Print jobs keep their states; nothing expires in silence. docs/agent-protocol.md §6."""

from datetime import timedelta
from itertools import product

import pytest

from guitai.devices import queries, rules, services
from guitai.devices.errors import JobNotFound, WrongJobState
from guitai.devices.models import PrintJob
from guitai.devices.rules import Copy, JobKind, JobState
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import OTHER_BAN, make_shop, new_id

NOON = taipei(2026, 11, 21)
REACHED = {
    "waiting": [],
    "sent": ["sent"],
    "uncertain": ["sent", "uncertain"],
    "done": ["sent", "done"],
    "expired": ["sent", "expired"],
    "cancelled": ["cancelled"],
}


@pytest.fixture
def shop(db):
    made = make_shop()
    with made.tenant():
        yield made


def queue(shop, kind=JobKind.PROOF, subject=None):
    return services.queue_print(shop.register.id, kind, subject or new_id(), Copy.ORIGINAL, NOON)


@pytest.mark.parametrize(("before", "after"), list(product(JobState, JobState)))
def test_the_table_of_states_and_nothing_else(shop, before, after):
    job = queue(shop)
    for state in REACHED[before]:
        services.change_state(queries.job(shop.register.id, job.id), state, "", NOON)
    job = queries.job(shop.register.id, job.id)
    assert job.state == before
    if before == after:
        assert services.change_state(job, after, "", NOON) is False
    elif after in rules.TRANSITIONS[before]:
        assert services.change_state(job, after, "", NOON) is True
        assert queries.job(shop.register.id, job.id).state == after
    else:
        with pytest.raises(WrongJobState):
            services.change_state(job, after, "", NOON)
        assert queries.job(shop.register.id, job.id).state == before


def test_what_a_person_looked_for_on_paper_counts_as_sent(shop):
    """Also where the page's own word of it got lost: what is printed next must say 補印."""
    asked, taken_back = queue(shop), queue(shop)
    services.change_state(asked, "cancelled", "NOT_PRINTED", NOON)
    services.change_state(taken_back, "cancelled", "CLERK", NOON)
    assert queries.may_be_on_paper(asked.subject_id, [JobKind.PROOF.value])
    assert not queries.may_be_on_paper(taken_back.subject_id, [JobKind.PROOF.value])


def test_a_stale_reader_cannot_undo_what_happened(shop):
    job = queue(shop)
    stale = queries.job(shop.register.id, job.id)
    services.change_state(job, "sent", "", NOON)
    services.change_state(queries.job(shop.register.id, job.id), "done", "", NOON)
    with pytest.raises(WrongJobState):
        services.change_state(stale, "cancelled", "", NOON)
    assert queries.job(shop.register.id, job.id).state == "done"


def test_open_jobs_wait_for_ever(shop):
    first, second = queue(shop), queue(shop)
    services.change_state(second, "sent", "", NOON + timedelta(days=400))
    assert [job.id for job in queries.open_jobs(shop.register.id)] == [first.id, second.id]


def test_only_what_left_may_be_on_paper(shop):
    subject = new_id()
    job = queue(shop, subject=subject)
    assert not queries.may_be_on_paper(subject, ["proof"])
    services.change_state(job, "cancelled", "訂單已取消", NOON)
    assert not queries.may_be_on_paper(subject, ["proof"])
    services.change_state(queue(shop, subject=subject), "sent", "", NOON)
    assert queries.may_be_on_paper(subject, ["proof"])


def states(shop, job, *wanted):
    for state, detail in wanted:
        services.change_state(queries.job(shop.register.id, job.id), state, detail, NOON)
    return queries.job(shop.register.id, job.id)


def test_paper_whose_time_ran_out_is_listed_and_counted_until_somebody_answers(shop):
    job = states(shop, queue(shop), ("sent", "agent-9f0c"), ("expired", "EXPIRED"))
    assert [each.id for each in queries.open_jobs(shop.register.id)] == [job.id]
    assert queries.queues([shop.register.id])[shop.register.id].expired == 1
    states(shop, job, ("cancelled", "TAKEN_BACK"))
    assert not queries.open_jobs(shop.register.id)


@pytest.mark.parametrize("before", [[], [("sent", "agent-9f0c")]], ids=["", "sent"])
@pytest.mark.parametrize("said", ["TAKEN_BACK", "EXPIRED", "NOT_PRINTED"])
def test_what_never_began_leaves_the_next_paper_the_original(shop, before, said):
    """The agent that has it says that no byte was sent, and then it was given up."""
    job = states(shop, queue(shop), *before, ("expired", "EXPIRED"))
    assert queries.may_be_on_paper(job.subject_id, ["proof"])  # it may still be wanted there
    states(shop, job, ("cancelled", said))
    assert not queries.may_be_on_paper(job.subject_id, ["proof"])


def test_what_never_began_is_answered_as_it_is_and_taken_back_with_its_sale(shop):
    job = states(shop, queue(shop), ("sent", "agent-9f0c"), ("expired", "EXPIRED"))
    assert queries.waiting_job(job.subject_id, ["proof"]) == job
    assert services.cancel_waiting([job.subject_id], NOON, "訂單已取消") == 1
    assert queries.waiting_job(job.subject_id, ["proof"]) is None
    assert not queries.may_be_on_paper(job.subject_id, ["proof"])


def test_what_was_wanted_after_its_time_is_under_way_again(shop):
    job = states(shop, queue(shop), ("sent", "a"), ("expired", "EXPIRED"), ("sent", "a"))
    assert (job.state, job.copy) == ("sent", "original")
    states(shop, job, ("cancelled", "CLERK"))
    assert queries.may_be_on_paper(job.subject_id, ["proof"])


def test_the_first_rendering_stays(shop):
    job = queue(shop)
    services.keep_document(job, [{"block": "cut"}], "a" * 64)
    stale = PrintJob.objects.get(id=job.id)
    stale.doc = None
    again = services.keep_document(stale, [], "b" * 64)
    assert (again.doc, again.sha256) == ([{"block": "cut"}], "a" * 64)


def test_strangers_see_no_jobs(shop):
    job = queue(shop)
    other = make_shop(name="別家", ban=OTHER_BAN)
    with other.tenant(), pytest.raises(JobNotFound):
        queries.job(shop.register.id, job.id)
