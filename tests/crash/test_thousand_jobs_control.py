"""The books of the crash test find what they are meant to find: each sin is committed once here."""

import pytest

from guitai_agent.journal import State
from guitai_agent.printer.session import Session
from guitai_agent.tests.rig import Plug, Shop, new_printer, until
from guitai_agent.tests.slips import proof
from tests.crash.pile import Row, faults_in_books, piece_of

FIRST, SECOND = "AB10000001", "AB10000002"
WHOLE = 638


@pytest.fixture
def printer():
    device = new_printer()
    yield device
    device.close()


@pytest.fixture
def counter(tmp_path, printer):
    """Opens agents on one folder and one printer, one after the other."""
    opened = []

    def start(journal_broken=lambda journal: None):
        plug = Plug(printer)
        shop = Shop(tmp_path, plug)
        shop.plug = plug
        journal_broken(shop.journal)
        opened.append(shop.start())
        until(lambda: shop.worker.report.online)
        return shop

    yield start
    opened[-1].stop()


def books(shop, printer, numbers):
    rows = [Row(j.job_id, j.copy, j.state.value, j.reason) for j in shop.journal.latest(99)]
    pieces = [piece_of(str(n), r.page, r.text) for n, r in enumerate(printer.receipts)]
    return faults_in_books(pieces, rows, numbers, WHOLE)


def died_before_the_outcome_was_written(shop, number):
    """Printed, fenced, and killed before ``done`` reached the disk."""
    shop.submit(number)
    shop.wait(number, "done")
    shop.worker.stop()
    shop.journal._db.execute("UPDATE job SET state = 'sending'")
    shop.journal.set_dirty(True)
    shop.journal.close()


def test_an_honest_agent_passes(counter, printer):
    died_before_the_outcome_was_written(counter(), FIRST)
    shop = counter()
    assert shop.reason(FIRST) == "AGENT_RESTARTED"
    assert books(shop, printer, [FIRST]) == [
        f"{FIRST} has a job without a proper end", f"{FIRST} lost: no job is done",
    ]  # fmt: skip
    shop.journal.resolve(FIRST, printed=True)
    assert books(shop, printer, [FIRST]) == []


def test_an_agent_that_sends_again_after_a_restart_is_found(counter, printer):
    def sends_again(journal):
        def recover():
            journal._db.execute("UPDATE job SET state = 'queued' WHERE state = 'sending'")
            return []

        journal.recover = recover

    died_before_the_outcome_was_written(counter(), FIRST)
    shop = counter(sends_again)
    shop.wait(FIRST, "done")
    assert books(shop, printer, [FIRST]) == [
        f"{FIRST} printed 2 times", f"{FIRST} begun 2 times for 1 jobs",
    ]  # fmt: skip


def test_an_agent_that_believes_its_own_bytes_is_found(counter, printer):
    """``done`` without a fence: the cover was open and nothing is on paper."""
    shop = counter()
    printer.set_fault("cover_open", True)
    job = shop.submit(FIRST)
    until(lambda: shop.state(FIRST) == "waiting")
    sending = shop.journal.move(shop.journal.get(job.job_id), State.SENDING)
    shop.journal.move(sending, State.DONE)
    assert books(shop, printer, [FIRST]) == [f"{FIRST} lost: not whole on any paper"]


def test_a_lost_job_is_found(counter, printer):
    assert books(counter(), printer, [FIRST]) == [
        f"{FIRST} lost: the journal has no job", f"{FIRST} lost: no job is done",
        f"{FIRST} lost: not whole on any paper",
    ]  # fmt: skip


def test_an_agent_that_does_not_clear_the_rest_is_found(counter, printer, monkeypatch):
    monkeypatch.setattr(Session, "clean", lambda self: None)
    shop = counter()
    printer.rate = 20_000
    shop.submit(FIRST)
    until(lambda: printer.consumed > 1500)
    printer.power_cycle()
    shop.plug.pull()
    shop.wait(FIRST, "uncertain")
    printer.rate, shop.plug.present = 0, True
    shop.submit(SECOND)
    shop.wait(SECOND, "done")
    assert "0 holds the pieces of two proofs" in books(shop, printer, [FIRST, SECOND])


def test_an_unasked_reprint_and_a_wrong_mark_are_found(counter, printer):
    shop = counter()
    shop.submit(FIRST)
    shop.wait(FIRST, "done")
    shop.submit(SECOND, proof(FIRST))
    shop.wait(SECOND, "done")
    pieces = [piece_of(str(n), r.page, r.text) for n, r in enumerate(printer.receipts)]
    rows = [Row(FIRST, "original", "done", ""), Row(FIRST, "reprint", "done", "")]
    found = faults_in_books(pieces, rows, [FIRST], WHOLE)
    assert f"{FIRST} reprinted without a person's word" in found
    assert f"{FIRST} printed 2 times" in found
    assert f"0 bears the wrong mark for {FIRST}" in found
