"""After every way a job can break off, the rest of it never comes before another receipt
(printing.md §3, §7), and the one thread that prints outlives whatever goes wrong around it."""

import time

import pytest

from guitai_agent.escpos import commands
from guitai_agent.journal import State
from guitai_agent.printer.session import Session
from guitai_agent.printer.worker import Pace
from guitai_agent.tests.rig import Plug, Shop, number_on, until
from guitai_agent.tests.slips import proof

FIRST, SECOND = "job-AB10000001", "job-AB10000002"
HEAD = "櫃台示範股份有限公司"
INSIDE_A_PICTURE = 700


def fault(name):
    """Trips a sensor while the head is inside a picture; returns how to mend it."""

    def break_off(shop, printer, plug):
        printer.plan_fault(name, INSIDE_A_PICTURE)
        shop.submit(FIRST)
        shop.wait(FIRST, "uncertain")
        return lambda: printer.set_fault(name, False)

    return break_off


def pulled(shop, printer, plug):
    shop.submit(FIRST)
    until(lambda: printer.consumed > INSIDE_A_PICTURE)
    plug.pull()
    shop.wait(FIRST, "uncertain")
    return lambda: setattr(plug, "present", True)


def power_gone(shop, printer, plug):
    shop.submit(FIRST)
    until(lambda: printer.consumed > INSIDE_A_PICTURE)
    printer.power_cycle()
    return lambda: None


def fell_silent(shop, printer, plug):
    shop.submit(FIRST)
    until(lambda: printer.consumed > INSIDE_A_PICTURE)
    printer.set_fault("silent", True)
    shop.wait(FIRST, "uncertain")
    return lambda: printer.set_fault("silent", False)


def far_too_slow(shop, printer, plug):
    printer.rate = 200
    shop.submit(FIRST)
    shop.wait(FIRST, "uncertain")
    return lambda: None


BREAKS = {
    "PAPER_END": fault("paper_end"), "COVER_OPEN": fault("cover_open"),
    "CUTTER_ERR": fault("cutter"), "PRN_FATAL": fault("fatal"), "hot for long": fault("hot"),
    "paused for long": fault("paused"), "PORT_GONE": pulled, "power": power_gone,
    "silent": fell_silent, "stalled": far_too_slow,
}  # fmt: skip
REASONS = {
    "hot for long": "FENCE_TIMEOUT", "paused for long": "FENCE_TIMEOUT", "power": "FENCE_TIMEOUT",
    "silent": "FENCE_TIMEOUT", "stalled": "LINK_STALLED",
}  # fmt: skip


@pytest.mark.parametrize("honours_clear", [True, False])
@pytest.mark.parametrize("why", BREAKS)
def test_the_rest_never_precedes_the_next_receipt(shop, printer, plug, why, honours_clear):
    printer.honours_clear = honours_clear
    printer.rate = 20_000
    mend = BREAKS[why](shop, printer, plug)
    job = shop.wait(FIRST, "uncertain")
    assert job.bytes > 0
    assert job.reason in (REASONS.get(why, why), "LINK_STALLED", "FENCE_TIMEOUT")
    printer.rate = 0
    mend()
    shop.submit(SECOND)
    until(lambda: shop.state(SECOND) == "done", 10)
    assert shop.state(FIRST) == "uncertain"
    assert not shop.journal.dirty
    assert number_on(printer.receipts[-1].page) == "10000002"
    for receipt in printer.receipts:
        assert receipt.text.count(HEAD) <= 1, "two jobs on one piece of paper"
    began = [receipt.text for receipt in printer.receipts if "AB-10000001" in receipt.text]
    assert len(began) <= 1


def test_a_kill_in_a_picture_is_cleared_by_the_next_agent(tmp_path, printer):
    first = Shop(tmp_path, Plug(printer))
    sending = first.journal.move(first.submit(FIRST), State.SENDING, bytes_sent=3384)
    data = first.worker._encoder(sending, "virtual")
    printer.receive(data[:1500])
    first.journal.close()
    printer.honours_clear = False
    second = Shop(tmp_path, Plug(printer)).start()
    second.submit(SECOND)
    second.wait(SECOND, "done")
    assert second.reason(FIRST) == "AGENT_RESTARTED"
    assert [number_on(receipt.page) for receipt in printer.receipts][-1] == "10000002"
    assert all(receipt.text.count(HEAD) <= 1 for receipt in printer.receipts)
    second.stop()


def test_what_is_left_is_cleared_before_the_printer_is_called_ready(shop, printer, monkeypatch):
    """A person looks at the paper when the printer is ready: nothing may follow then."""
    order = []
    clean = Session.clean
    monkeypatch.setattr(Session, "clean", lambda self: (order.append("cleared"), clean(self)))
    shop.worker._on_report = lambda report: order.append("ready" if report.online else "not ready")
    printer.rate = 20_000
    printer.plan_fault("cover_open", INSIDE_A_PICTURE)
    shop.submit(FIRST)
    shop.wait(FIRST, "uncertain")
    until(lambda: shop.worker.report.link == "up")
    assert (shop.worker.report.code, shop.journal.dirty) == ("COVER_OPEN", True)
    printer.set_fault("cover_open", False)
    until(lambda: shop.worker.report.online)
    assert not shop.journal.dirty  # without any job that waits for it
    assert order.index("cleared") < order.index("ready")


def test_the_printer_is_not_ready_before_a_person_is_asked(shop, printer, plug):
    seen = []
    shop.journal.on_change = lambda job: seen.append((job.state.value, shop.worker.report.online))
    printer.rate = 20_000
    pulled(shop, printer, plug)
    assert ("uncertain", False) in seen


def test_a_pulled_cable_is_noticed_at_once_while_nothing_prints(tmp_path, plug):
    shop = Shop(tmp_path, plug, pace=Pace()).start()
    until(lambda: shop.worker.report.online)
    time.sleep(0.1)
    began = time.monotonic()
    plug.pull()
    until(lambda: shop.worker.report.link == "down")
    assert time.monotonic() - began < 0.4
    shop.stop()


def test_the_drawer_waits_until_the_printer_is_clean(shop, printer, plug):
    """A kick into half a picture would be printed instead of obeyed."""
    printer.honours_clear = False
    printer.rate = 20_000
    mend = pulled(shop, printer, plug)
    printer.rate = 0
    mend()
    until(lambda: shop.worker.report.online)
    shop.worker.open_drawer(1)
    until(lambda: printer.drawer_opened == 1)


def test_a_document_that_trips_the_encoder_does_not_hold_up_the_others(tmp_path, plug):
    def encoder(job, name):
        if job.job_id == FIRST:
            raise ZeroDivisionError
        return commands.INIT + b"ok\n"

    shop = Shop(tmp_path, plug, encoder=encoder).start()
    shop.submit(FIRST)
    shop.submit(SECOND)
    shop.wait(SECOND, "done")
    assert (shop.state(FIRST), shop.reason(FIRST)) == ("cancelled", "UNPRINTABLE")
    shop.stop()


def test_a_stumble_between_first_byte_and_fence_is_uncertain(shop, monkeypatch):
    def stumble(self, data):
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(Session, "print", stumble)
    shop.submit(FIRST)
    job = shop.wait(FIRST, "uncertain")
    assert job.bytes > 3000
    assert shop.journal.dirty or shop.worker.report.online
    shop.submit(SECOND)
    shop.wait(SECOND, "done")


def test_nothing_is_sent_while_the_disk_is_full_and_it_goes_on_by_itself(shop, printer):
    shop.submit(FIRST, proof("AB10000001"))
    shop.wait(FIRST, "done")
    printer.set_fault("cover_open", True)
    shop.submit(SECOND)
    shop.wait(SECOND, "waiting")
    shop.journal._db.execute("PRAGMA query_only = 1")
    printer.set_fault("cover_open", False)
    time.sleep(0.5)
    assert (len(printer.receipts), shop.state(SECOND)) == (1, "waiting")
    shop.journal._db.execute("PRAGMA query_only = 0")
    shop.wait(SECOND, "done")
    assert len(printer.receipts) == 2


def test_an_outcome_the_disk_did_not_take_is_written_later_not_printed_again(shop, printer):
    printer.rate = 10_000
    shop.submit(FIRST)
    shop.wait(FIRST, "sending")
    shop.journal._db.execute("PRAGMA query_only = 1")
    until(lambda: len(printer.receipts) == 1)
    time.sleep(0.3)
    assert shop.state(FIRST) == "sending"
    shop.journal._db.execute("PRAGMA query_only = 0")
    shop.wait(FIRST, "done")
    assert len(printer.receipts) == 1


def test_a_device_without_a_profile_is_no_printer_and_its_link_is_closed(tmp_path, printer):
    closed = []

    class Odd(Plug):
        def __call__(self):
            opened = super().__call__()
            close = self.link.close
            self.link.close = lambda: (closed.append(1), close())
            return opened

    shop = Shop(tmp_path, Odd(printer, profile="no such model")).start()
    until(lambda: closed)
    assert (shop.worker.report.link, shop.worker.report.code) == ("down", "NO_PRINTER")
    shop.stop()


def test_an_agent_that_runs_for_months_forgets_old_documents(tmp_path, plug):
    shop = Shop(tmp_path, plug).start()
    shop.submit(FIRST)
    shop.wait(FIRST, "done")
    later = time.time() + 91 * 86_400
    shop.journal.clock = shop.worker._clock = lambda: later
    shop.worker.wake()
    until(lambda: shop.journal.get(FIRST).doc is None)
    shop.stop()
