"""The engine against a centre in memory: order, doubt, pauses, and death at every point."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction

from guitai.invoicing import services
from guitai.invoicing.errors import BadReason, BadTransition, TransmissionNotFound
from guitai.invoicing.models import CentreAccount, Transmission, TransmissionEvent
from guitai.invoicing.ports import Ability, Answer
from guitai.invoicing.rules import Outcome
from guitai.invoicing.services import desk
from guitai.invoicing.services.transmission import run_until_idle
from guitai.invoicing.tests import fakes
from guitai.invoicing.tests import shop as shops
from guitai.invoicing.tests.fakes import FakeCentre, Killed, Moment, sending, states
from guitai.kernel import ids, scope
from guitai.kernel.audit import Actor

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = Actor("person", "林老闆")


@pytest.fixture
def now():
    return Moment()


@pytest.fixture
def shop():
    shop = shops.open_shop()
    fakes.open_account(shop)
    return shop


def void(shop, when="2026-07-03 19:00"):
    with scope.tenant(shop.merchant):
        from guitai.invoicing.models import Invoice

        services.void(Invoice.objects.get().id, reason="取消", actor=OWNER, now=shops.at(when))


def test_nothing_goes_before_nine_in_the_morning(shop, now):
    shops.record(shop)
    now.value = shops.at("2026-07-04 08:59")
    centre = FakeCentre()
    with fakes.engine(centre, now=now) as engine:
        assert not engine.tick().busy
        now.value = shops.at("2026-07-04 09:00")
        assert engine.tick().sent == 1
    found = sending(shop)
    assert (found.state, found.outcome, found.sent_at) == ("sent", "OK", now.value)
    assert found.claimed_by is None


def test_a_void_leaves_only_after_its_issue_arrived(shop, now):
    shops.record(shop)
    void(shop)
    centre = FakeCentre()
    with fakes.engine(centre, now=now) as engine:
        assert engine.tick().sent == 1
        assert centre.calls == [("F0401", "AB00000036")]
        assert engine.tick().sent == 1
    assert centre.calls == [("F0401", "AB00000036"), ("F0501", "AB00000036")]
    assert states(shop) == {"sent": 2}


@pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.DUP_CONFLICT, Outcome.IN_DOUBT])
def test_a_void_stays_behind_an_issue_that_did_not_arrive(shop, now, outcome):
    shops.record(shop)
    void(shop)
    centre = FakeCentre(script=lambda parcel, go: Answer(outcome))
    with fakes.engine(centre, now=now) as engine:
        run_until_idle(engine, rounds=5)
    assert sending(shop, "F0501").state == "waiting"
    assert sending(shop, "F0501").attempts == 0


def test_a_lost_reply_is_proved_by_the_same_bytes_and_arrives_once(shop, now):
    shops.record(shop)
    wires = []

    def lose_first(parcel, go):
        wires.append((parcel.wire_at, parcel.document))
        answer = go()
        return Answer(Outcome.IN_DOUBT, "NO-ANSWER") if len(wires) == 1 else answer

    centre = FakeCentre(script=lose_first)
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        assert sending(shop).state == "in_doubt"
        engine.tick()
        assert len(wires) == 1  # not before its time
        now.on(minutes=1)
        engine.tick()
    assert wires[0] == wires[1]
    assert (sending(shop).state, sending(shop).outcome) == ("sent", "DUP_SAME")
    assert len(centre.kept) == 1


def test_a_centre_that_can_be_asked_is_asked_and_nothing_is_sent_again(shop, now):
    shops.record(shop)

    def lose(parcel, go):
        go()
        return Answer(Outcome.IN_DOUBT)

    centre = FakeCentre(script=lose)
    centre.abilities |= {Ability.QUERY_STATUS}
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        now.on(minutes=1)
        engine.tick()
    assert centre.calls == [("F0401", "AB00000036")]
    assert sending(shop).state == "sent"


def test_what_the_centre_never_got_is_sent_after_asking(shop, now):
    shops.record(shop)
    tries = []

    def drop_first(parcel, go):
        tries.append(1)
        return go() if len(tries) > 1 else Answer(Outcome.IN_DOUBT)

    centre = FakeCentre(script=drop_first)
    centre.abilities |= {Ability.QUERY_STATUS}
    with fakes.engine(centre, now=now) as engine:
        for _ in range(4):
            engine.tick()
            now.on(minutes=2)
    assert (sending(shop).state, len(centre.kept)) == ("sent", 1)


def test_without_question_and_without_probing_a_doubt_waits_for_a_person(shop, now):
    with scope.tenant(shop.merchant):
        CentreAccount.objects.update(options={"probe_by_resend": False})
    shops.record(shop)
    centre = FakeCentre(script=lambda parcel, go: Answer(Outcome.IN_DOUBT))
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        now.on(minutes=1)
        engine.tick()
    assert sending(shop).state == "parked"


def test_a_duplicate_that_nobody_compared_is_never_adopted(shop, now):
    shops.record(shop)
    centre = FakeCentre(
        script=lambda parcel, go: Answer(Outcome.DUP_CONFLICT, message="號碼重複", compared=False)
    )
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
    assert sending(shop).state == "parked"
    with scope.tenant(shop.merchant):
        assert "未說明" in TransmissionEvent.objects.get().note


def test_a_refused_second_sending_does_not_make_a_doubt_a_refusal(shop, now):
    shops.record(shop)
    answers = [Answer(Outcome.IN_DOUBT), Answer(Outcome.INVALID, "E1", "看不懂")]
    centre = FakeCentre(script=lambda parcel, go: answers.pop(0))
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        now.on(minutes=1)
        engine.tick()
    found = sending(shop)
    assert (found.state, found.provider_code, found.provider_message) == ("parked", "E1", "看不懂")


def test_a_temporary_refusal_is_tried_again_later_with_growing_pauses(shop, now):
    shops.record(shop)
    centre = FakeCentre(
        script=lambda parcel, go: Answer(Outcome.TEMPORARY, retry_after=timedelta(hours=2))
    )
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        assert sending(shop).next_try_at == now() + timedelta(hours=2)
        centre.script = lambda parcel, go: Answer(Outcome.TEMPORARY)
        pauses = []
        for _ in range(4):
            now.value = sending(shop).next_try_at
            engine.tick()
            pauses.append(sending(shop).next_try_at - now())
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert sending(shop).state == "waiting"


def test_an_original_not_found_is_tried_behind_the_issue_and_then_shown_to_a_person(shop, now):
    shops.record(shop)
    void(shop)
    centre = FakeCentre()
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        centre.kept.clear()  # the centre lost it; our record says sent
        for _ in range(10):
            engine.tick()
            now.on(hours=1)
    found = sending(shop, "F0501")
    assert (found.state, found.outcome, found.attempts) == ("parked", "NOT_FOUND_ORIGINAL", 6)


def test_a_provider_that_breaks_leaves_a_doubt_not_a_loss(shop, now):
    shops.record(shop)

    def explode(parcel, go):
        go()
        raise RuntimeError("a mistake of ours")

    centre = FakeCentre(script=explode)
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        assert (sending(shop).state, sending(shop).provider_code) == ("in_doubt", "EXCEPTION")
        centre.script = None
        now.on(minutes=1)
        engine.tick()
    assert (sending(shop).state, len(centre.kept)) == ("sent", 1)


def test_an_open_transaction_is_refused(shop, now):
    with (
        fakes.engine(FakeCentre(), now=now) as engine,
        transaction.atomic(),
        pytest.raises(RuntimeError),
    ):
        engine.tick()


# --- death in each gap


def die(engine):
    """As kill -9 leaves it: no settling, the session and its lock gone."""
    engine._pulse.close()


@pytest.mark.crash
@pytest.mark.parametrize("arrived", [False, True])
def test_killed_around_the_wire_the_document_arrives_once(shop, now, arrived):
    shops.record(shop)

    def killed(parcel, go):
        if arrived:
            go()
        raise Killed

    centre = FakeCentre(script=killed)
    first = fakes.engine(centre, now=now)
    first.__enter__()
    with pytest.raises(Killed):
        first.tick()
    assert sending(shop).state == "in_flight"  # committed before the wire
    die(first)
    centre.script = None
    with fakes.engine(centre, now=now) as second:
        assert second.tick().recovered == 1
        now.on(minutes=1)
        run_until_idle(second)
    assert (sending(shop).state, len(centre.kept)) == ("sent", 1)
    with scope.tenant(shop.merchant):
        assert TransmissionEvent.objects.filter(after="in_doubt").count() == 1


@pytest.mark.crash
def test_killed_between_the_answer_and_its_mark_the_document_arrives_once(shop, now, monkeypatch):
    from guitai.invoicing.services import transmission

    shops.record(shop)
    centre = FakeCentre()
    real = transmission.sqlcalls.settle

    def killed(*args):
        raise Killed

    first = fakes.engine(centre, now=now)
    first.__enter__()
    monkeypatch.setattr(transmission.sqlcalls, "settle", killed)
    with pytest.raises(Killed):
        first.tick()
    monkeypatch.setattr(transmission.sqlcalls, "settle", real)
    die(first)
    with fakes.engine(centre, now=now) as second:
        second.tick()
        now.on(minutes=1)
        run_until_idle(second)
    assert centre.calls == [("F0401", "AB00000036")] * 2
    assert (sending(shop).state, len(centre.kept)) == ("sent", 1)


@pytest.mark.crash
def test_killed_while_probing_the_document_arrives_once(shop, now):
    shops.record(shop)
    plan = ["doubt", "kill", "go"]

    def script(parcel, go):
        step = plan.pop(0)
        answer = go()
        if step == "kill":
            raise Killed
        return Answer(Outcome.IN_DOUBT) if step == "doubt" else answer

    centre = FakeCentre(script=script)
    first = fakes.engine(centre, now=now)
    first.__enter__()
    first.tick()
    now.on(minutes=1)
    with pytest.raises(Killed):
        first.tick()
    die(first)
    with fakes.engine(centre, now=now) as second:
        second.tick()
        now.on(minutes=5)
        run_until_idle(second)
    assert (sending(shop).state, len(centre.kept)) == ("sent", 1)


def test_a_living_worker_is_not_recovered_until_its_lease_is_over(shop, now):
    shops.record(shop)

    def killed(parcel, go):
        raise Killed

    with fakes.engine(FakeCentre(script=killed), now=now) as hung:
        with pytest.raises(Killed):
            hung.tick()
        with fakes.engine(FakeCentre(), now=now) as other:
            assert other.tick().recovered == 0
            now.on(minutes=6)
            assert other.tick().recovered == 1
            assert sending(shop).state in {"in_doubt", "sent"}


def test_an_answer_that_comes_after_the_claim_was_taken_over_changes_nothing(shop, now):
    shops.record(shop)
    centre = FakeCentre()

    def overtaken(parcel, go):
        with fakes.engine(centre, now=lambda: now() + timedelta(minutes=6)) as other:
            other._recover()
        connection.close()
        return go()

    centre.script = overtaken
    with fakes.engine(centre, now=now) as slow:
        tally = slow.tick()
    assert (tally.lost, sending(shop).state) == (1, "in_doubt")


# --- races


@pytest.mark.race
def test_workers_side_by_side_never_send_a_document_twice(shop, now):
    for count in range(60):
        shops.record(shop, shops.invoice_json(f"AB{count:08d}"))
    centre = FakeCentre(seconds=0.002)
    start = threading.Barrier(4)

    def work():
        try:
            with fakes.engine(centre, now=now, batch=7) as engine:
                start.wait()
                run_until_idle(engine)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(centre.calls) == {("F0401", f"AB{n:08d}"): 1 for n in range(60)}
    assert states(shop) == {"sent": 60}


@pytest.mark.race
def test_without_the_lock_two_workers_do_claim_the_same_document(shop, now):
    """The control: read-then-write, as it would be without SKIP LOCKED, sends twice."""
    shops.record(shop)
    seen = []
    both_read = threading.Barrier(2)

    def naive():
        try:
            with scope.tenant(shop.merchant):
                row = Transmission.objects.get(state="waiting")
                both_read.wait()
                Transmission.objects.filter(id=row.id).update(state="in_flight", claimed_by=1)
                seen.append(row.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=naive) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 2


@pytest.mark.race
def test_a_lane_never_has_two_documents_in_the_air(shop, now):
    with scope.tenant(shop.merchant):
        from guitai.invoicing.models import Invoice

        for count in range(20):
            shops.record(shop, shops.invoice_json(f"AB{count:08d}"))
        for invoice in Invoice.objects.all():
            services.void(invoice.id, reason="取消", actor=OWNER, now=shops.at("2026-07-03 19:00"))
    centre = FakeCentre(seconds=0.003)
    start = threading.Barrier(3)

    def work():
        try:
            with fakes.engine(centre, now=now, batch=5) as engine:
                start.wait()
                run_until_idle(engine)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with fakes.engine(centre, now=now) as engine:
        run_until_idle(engine)
    assert centre.overlaps == []
    assert states(shop) == {"sent": 40}
    for count in range(20):
        number = f"AB{count:08d}"
        assert [kind for kind, one in centre.calls if one == number] == ["F0401", "F0501"]


# --- a person's word


def parked(shop, now):
    shops.record(shop)
    centre = FakeCentre(script=lambda parcel, go: Answer(Outcome.DUP_CONFLICT))
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
    return sending(shop)


def test_a_person_sends_a_parked_document_again_or_marks_it_there(shop, now):
    row = parked(shop, now)
    with scope.tenant(shop.merchant):
        desk.send_again(row.id, actor=OWNER, reason="已請中心刪除", now=now())
    with fakes.engine(FakeCentre(), now=now) as engine:
        engine.tick()
    assert sending(shop).state == "sent"
    with scope.tenant(shop.merchant):
        note = TransmissionEvent.objects.get(before="parked")
        assert (note.actor, note.note) == ("林老闆", "已請中心刪除")
        with pytest.raises(BadTransition):
            desk.send_again(row.id, actor=OWNER, reason="再送", now=now())


def test_marking_as_there_needs_a_reason_and_the_right_merchant(shop, now):
    row = parked(shop, now)
    other = shops.open_shop("別家")
    with scope.tenant(other.merchant), pytest.raises(TransmissionNotFound):
        desk.confirm_present(row.id, actor=OWNER, reason="看到了", now=now())
    with scope.tenant(shop.merchant):
        with pytest.raises(BadReason):
            desk.confirm_present(row.id, actor=OWNER, reason=" ", now=now())
        assert sending(shop).state == "parked"
        desk.confirm_present(row.id, actor=OWNER, reason="後台有這張", now=now())
    assert sending(shop).state == "sent"


def test_a_document_that_cannot_be_read_is_refused_not_sent(shop, now):
    shops.record(shop, shops.invoice_json(random_code=4827))
    centre = FakeCentre()
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
    assert (sending(shop).state, sending(shop).provider_code) == ("rejected", "TWI-JSON")
    assert centre.calls == []


def test_an_unknown_transmission_is_not_found(shop):
    with scope.tenant(shop.merchant), pytest.raises(TransmissionNotFound):
        desk.give_up(ids.new_id(), actor=OWNER, reason="x", now=shops.NOW)
