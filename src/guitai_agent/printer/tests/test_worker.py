"""Jobs through faults: nothing twice, nothing unknown called done (printing.md §3)."""

import time

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.knowledge import profile
from guitai_agent.printer.session import Session
from guitai_agent.tests.rig import BRISK, QUICK, Plug, Shop, number_on, until
from guitai_agent.tests.slips import proof

ID = "job-AB10000001"
NEXT = "job-AB10000002"


def whole(printer):
    """Complete receipts, by the invoice number in their Code 39; fragments do not count."""
    return [number for receipt in printer.receipts if (number := number_on(receipt.page))]


def test_a_job_is_done_when_the_printer_says_so(shop, printer):
    shop.submit(ID)
    job = shop.wait(ID, "done")
    assert 3000 < job.bytes < 4000
    assert whole(printer) == ["10000001"]
    assert shop.steps == [(ID, "queued"), (ID, "sending"), (ID, "done")]


def test_jobs_come_out_in_the_order_they_came_in(shop, printer):
    for number in range(20):
        shop.submit(f"job-AB{number:08}")
    shop.wait("job-AB00000019", "done")
    assert whole(printer) == [f"{number:08}" for number in range(20)]


def test_sending_is_on_disk_before_the_first_byte(tmp_path, printer):
    plug, seen = Plug(printer), []
    shop = Shop(tmp_path, plug)
    shop.start()
    until(lambda: shop.worker.report.link == "up")
    write = plug.link.write

    def spy(data):
        if b"\x1b@" in data:
            seen.append(shop.state(ID))
        write(data)

    plug.link.write = spy
    shop.submit(ID)
    shop.wait(ID, "done")
    shop.stop()
    assert seen == ["sending"]


@pytest.mark.parametrize(
    "fault, code",
    [
        ("paper_end", "PAPER_END"), ("cover_open", "COVER_OPEN"), ("cutter", "CUTTER_ERR"),
        ("hot", "PRN_HOT"), ("fatal", "PRN_FATAL"), ("paused", "PRN_OFFLINE"),
    ],
)  # fmt: skip
def test_fault_before_the_job_waits_and_goes_on_by_itself(shop, printer, fault, code):
    printer.set_fault(fault, True)
    until(lambda: shop.worker.report.code == code)
    shop.submit(ID)
    job = shop.wait(ID, "waiting")
    assert (job.reason, job.bytes) == (code, 0)
    printer.set_fault(fault, False)
    shop.wait(ID, "done")
    assert whole(printer) == ["10000001"]


@pytest.mark.parametrize(
    "fault, code",
    [
        ("paper_end", "PAPER_END"), ("cover_open", "COVER_OPEN"), ("cutter", "CUTTER_ERR"),
        ("fatal", "PRN_FATAL"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [60, 700, 3000])
def test_fault_during_the_job_is_uncertain_and_never_reprinted(shop, printer, fault, code, after):
    printer.rate = 40_000
    printer.plan_fault(fault, after)
    shop.submit(ID)
    shop.submit(NEXT)
    job = shop.wait(ID, "uncertain")
    assert job.reason == code
    assert job.bytes > 0
    shop.wait(NEXT, "waiting")
    assert shop.reason(NEXT) == code
    printer.rate = 0
    printer.set_fault(fault, False)
    shop.wait(NEXT, "done")
    time.sleep(0.2)
    assert shop.state(ID) == "uncertain"
    # The rest of the broken job was cleared: it must not come out of the printer afterwards.
    assert whole(printer) == ["10000002"]


def test_a_fault_is_noticed_within_a_tenth_of_a_second(shop, printer):
    printer.rate = 20_000
    shop.submit(ID)
    shop.wait(ID, "sending")
    began = time.monotonic()
    printer.set_fault("cover_open", True)
    shop.wait(ID, "uncertain")
    assert time.monotonic() - began < 1.0


def test_hot_head_pauses_the_job_and_it_is_done_afterwards(shop, printer):
    printer.rate = 40_000
    printer.plan_fault("hot", 1000)
    shop.submit(ID)
    until(lambda: "hot" in printer.faults)
    time.sleep(0.2)
    assert shop.state(ID) == "sending"
    printer.set_fault("hot", False)
    shop.wait(ID, "done")
    assert whole(printer) == ["10000001"]


def test_paper_near_end_is_a_warning_not_a_stop(shop, printer):
    printer.set_fault("near_end", True)
    until(lambda: shop.worker.report.code == "PAPER_NEAR")
    shop.submit(ID)
    shop.wait(ID, "done")


def test_near_end_that_halts_the_printer_is_named(shop, printer):
    printer.near_end_halts = True
    printer.set_fault("near_end", True)
    shop.submit(ID)
    assert shop.wait(ID, "waiting").reason == "PAPER_NEAR_HALT"
    assert "已停止" in shop.worker.report.as_json()["message"]


def test_unplugged_before_the_job_waits_then_prints_after_replug(shop, printer, plug):
    plug.pull()
    until(lambda: shop.worker.report.link == "down")
    shop.submit(ID)
    assert shop.wait(ID, "waiting").reason in ("PORT_GONE", "NO_PRINTER")
    plug.present = True
    shop.wait(ID, "done")
    assert whole(printer) == ["10000001"]


def test_unplugged_during_the_job_is_uncertain(shop, printer, plug):
    printer.rate = 10_000
    shop.submit(ID)
    until(lambda: printer.consumed > 500)
    plug.pull()
    assert shop.wait(ID, "uncertain").reason == "PORT_GONE"
    plug.present, printer.rate = True, 0
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    # Its bytes may have been in the printer's own buffer already; but never a second time.
    assert whole(printer).count("10000001") <= 1
    assert whole(printer)[-1] == "10000002"


def test_after_a_broken_picture_a_printer_that_cannot_clear_is_freed_by_zeros(shop, printer, plug):
    """DLE ENQ 2 is a matter of firmware: the fragment must still not eat the next receipt."""
    printer.honours_clear = False
    printer.rate = 20_000
    shop.submit(ID, proof("AB10000001"))
    until(lambda: printer.consumed > 700)  # inside the Code 39 picture
    plug.pull()
    shop.wait(ID, "uncertain")
    plug.present, printer.rate = True, 0
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    assert whole(printer)[-1] == "10000002"


def test_silent_printer_is_named_and_jobs_wait(shop, printer):
    printer.set_fault("silent", True)
    until(lambda: shop.worker.report.code == "PRN_SILENT")
    shop.submit(ID)
    assert shop.wait(ID, "waiting").reason == "PRN_SILENT"
    printer.set_fault("silent", False)
    shop.wait(ID, "done")


def test_printer_falling_silent_during_the_job_is_uncertain(shop, printer):
    printer.rate = 20_000
    shop.submit(ID)
    until(lambda: printer.consumed > 300)
    printer.set_fault("silent", True)
    assert shop.wait(ID, "uncertain").reason in ("FENCE_TIMEOUT", "LINK_STALLED")


def test_a_printer_that_stops_taking_data_is_uncertain(shop, printer):
    printer.rate = 200
    shop.submit(ID)
    assert shop.wait(ID, "uncertain").reason in ("LINK_STALLED", "FENCE_TIMEOUT")


def test_unprintable_document_is_set_aside_and_the_queue_moves(tmp_path, plug):
    def encoder(job, name):
        if job.job_id == ID:
            raise AgentError("bad_doc")
        return b"\x1b@ok\n\x1dVB\0"

    shop = Shop(tmp_path, plug, encoder=encoder).start()
    shop.submit(ID)
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    assert (shop.state(ID), shop.reason(ID)) == ("cancelled", "UNPRINTABLE")
    shop.stop()


def test_what_trips_the_encoder_is_logged_without_the_document(tmp_path, plug, caplog):
    def encoder(job, name):
        raise ValueError("買方 王小明")

    shop = Shop(tmp_path, plug, encoder=encoder).start()
    shop.submit(ID)
    shop.wait(ID, "cancelled")
    shop.stop()
    assert "cannot be encoded: ValueError at " in caplog.text
    assert "test_worker.py" in caplog.text
    assert "王小明" not in caplog.text


def test_expired_in_the_queue_is_never_printed(shop, printer):
    printer.set_fault("cover_open", True)
    until(lambda: shop.worker.report.code == "COVER_OPEN")
    shop.submit(ID, seconds=0.3)
    shop.wait(ID, "expired")
    printer.set_fault("cover_open", False)
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    assert whole(printer) == ["10000002"]


def test_agent_restart_in_the_middle_of_a_job(tmp_path, printer):
    """What a kill leaves: ``sending`` on disk, half a job in the printer."""
    first = Shop(tmp_path, Plug(printer))
    job = first.submit(ID)
    first.submit(NEXT)
    first.journal.move(job, type(job.state)("sending"))
    printer.receive(b"\x1b@half a job\x1dv0\0\x30\0\x40\0" + b"\xaa" * 100)
    first.journal.close()
    second = Shop(tmp_path, Plug(printer)).start()
    second.wait(NEXT, "done")
    assert (second.state(ID), second.reason(ID)) == ("uncertain", "AGENT_RESTARTED")
    assert whole(printer) == ["10000002"]
    assert not second.journal.dirty
    second.stop()


def test_a_test_slip_that_breaks_off_is_let_go_and_holds_up_nobody(shop, printer):
    printer.rate = 20_000
    printer.plan_fault("cover_open", 700)
    shop.submit("slip-AB10000001", kind="selftest")
    slip = shop.wait("slip-AB10000001", "cancelled")
    assert slip.bytes > 0 and slip.reason == "COVER_OPEN"
    printer.rate = 0
    printer.set_fault("cover_open", False)
    shop.submit(NEXT)
    shop.wait(NEXT, "done")
    assert whole(printer)[-1] == "10000002" and not shop.journal.dirty


def test_a_person_cancelling_first_wins_against_the_printer(tmp_path, printer):
    shop = Shop(tmp_path, Plug(printer))
    shop.submit(ID)
    stale = shop.journal.next()
    shop.journal.cancel(ID)
    shop.journal.next = lambda: stale if not printer.receipts else None
    shop.start()
    shop.submit(NEXT)
    time.sleep(0.3)
    assert whole(printer) == []
    shop.stop()


def test_drawer_opens_between_jobs_and_is_refused_when_it_cannot(shop, printer, plug):
    shop.worker.open_drawer(1)
    until(lambda: printer.drawer_opened == 1)
    with pytest.raises(AgentError) as caught:
        shop.worker.open_drawer(3)
    assert caught.value.code == "malformed"
    printer.set_fault("cover_open", True)
    for prepare in (lambda: None, plug.pull):
        prepare()
        with pytest.raises(AgentError) as caught:
            shop.worker.open_drawer(1)
        assert caught.value.code == "printer_offline"
    assert printer.drawer_opened == 1


def test_reset_reopens_the_link_and_clears_the_printer(shop, plug):
    before = plug.opened
    shop.worker.reconnect()
    until(lambda: plug.opened == before + 1 and shop.worker.report.link == "up")
    shop.submit(ID)
    shop.wait(ID, "done")


def test_late_fence_of_an_older_job_is_not_taken_for_this_one(printer):
    """A stale reply that arrives before our last byte went out proves nothing."""
    link = Plug(printer)().link
    session = Session(link, profile("virtual"), timings=QUICK)
    session.identify()
    write = link.write

    def late(data):
        write(data)
        if data.startswith(b"\x1b@"):
            with printer._lock:
                printer._say(b"\x00")  # the reply of long ago
            time.sleep(0.2)

    link.write = late
    printer.plan_fault("paused", 5)
    outcome = session.print(b"\x1b@" + b"A" * 600 + b"\n")
    assert outcome.reason == "FENCE_TIMEOUT"
    session.close()


def test_asb_is_not_switched_on_before_somebody_answered(printer):
    plug, written = Plug(printer), []
    link = plug().link
    write = link.write
    link.write = lambda data: (written.append(data), write(data))
    session = Session(link, profile("virtual"), timings=QUICK)
    session.identify()
    session.close()
    assert written[0] == b"\x10\x04\x01"
    assert written[-1] == b"\x1da\xff"


def test_heartbeat_notices_a_printer_that_went_away_quietly(shop, printer):
    assert BRISK.heartbeat < 1
    printer.set_fault("silent", True)
    until(lambda: shop.worker.report.link == "down", seconds=3)
