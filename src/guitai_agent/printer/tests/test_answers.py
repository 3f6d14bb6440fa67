"""Late, lost, strayed and half answers: none is taken for another (printing.md §5, §7)."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai_agent.drivers.virtual import VirtualLink
from guitai_agent.errors import LinkError
from guitai_agent.knowledge import profile
from guitai_agent.printer.session import Session
from guitai_agent.printer.status import Demultiplexer, Kind
from guitai_agent.tests.rig import QUICK, until

SLIP = b"\x1b@" + b"A" * 300 + b"\n\x1dVB\0"


def kinds(demux, data):
    return [piece.kind for piece in demux.feed(data)]


def asked(*numbers):
    demux = Demultiplexer()
    for n in numbers:
        demux.asked(n)
    return demux


# -- taking the stream apart ----------------------------------------------------------------------


def test_a_lost_answer_shifts_no_other_one():
    """Paper end (DLE EOT 4) one place too early would read as fatal and hot (DLE EOT 3)."""
    demux = asked(1, 2, 3, 4)
    kinds(demux, bytes((0x12, 0x12, 0x7E)))  # the answer to 3 got lost
    assert demux.state.fatal is None
    assert demux.state.code == "OK"


def test_an_answer_given_up_counts_for_nothing_and_the_next_ones_count():
    demux = asked(1, 2)
    assert demux.give_up()
    for n in (1, 4):
        demux.asked(n)
    said = kinds(demux, bytes((0x1A, 0x16, 0x12, 0x7E)))
    assert said == [Kind.LATE, Kind.LATE, Kind.REALTIME, Kind.REALTIME]
    assert (demux.state.offline, demux.state.paper_end) == (False, True)
    assert demux.state.cover_open is None
    assert not demux.give_up()


def test_an_answer_nobody_asked_for_is_remembered_as_strayed():
    demux = asked(1)
    assert kinds(demux, b"\x12\x12") == [Kind.REALTIME, Kind.NOISE]
    assert demux.strayed
    demux.forget()
    assert not demux.strayed


def test_automatic_status_is_newer_than_the_answers_before_it():
    demux = asked(1, 4)
    kinds(demux, b"\x12")  # on-line
    kinds(demux, b"\x38\x00\x00\x0f")  # no: the cover was opened
    kinds(demux, b"\x12")
    assert (demux.state.offline, demux.state.cover_open) == (True, True)


@pytest.mark.parametrize("byte", [0x08, 0x02, 0x2A, 0x07])
def test_what_both_paper_sensors_cannot_say_is_no_fence(byte):
    assert kinds(Demultiplexer(), bytes((byte,))) == [Kind.NOISE]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0x80, 0xFF), max_size=8), st.integers(0, 4))
def test_noise_between_the_bytes_changes_nothing(noise, at):
    clean, noisy = asked(1, 2, 3, 4), asked(1, 2, 3, 4)
    data = bytes((0x1A, 0x32, 0x12, 0x7E))
    kinds(clean, data)
    said = kinds(noisy, data[:at] + bytes(noise) + data[at:])
    assert noisy.state == clean.state
    assert said.count(Kind.NOISE) == len(noise)


# -- a session over it ----------------------------------------------------------------------------


@pytest.fixture
def session(printer):
    opened = Session(VirtualLink(printer), profile("virtual"), timings=QUICK)
    opened.identify()
    yield opened
    opened.close()


def test_answers_of_an_older_opening_are_not_taken_for_ours(printer):
    """A serial line stays when it is closed: what was asked before is answered to whoever opens."""
    link = VirtualLink(printer)
    write = link.write

    def old_words_first(data):
        if data == b"\x10\x04\x01":
            printer.say(bytes((0x12, 0x12, 0x12, 0x7E)))  # of long ago, paper was out
        write(data)

    link.write = old_words_first
    session = Session(link, profile("virtual"), timings=QUICK)
    assert session.identify().code == "OK"
    assert session.state.ready
    session.close()


def test_one_lost_answer_is_asked_again_and_no_reason_to_hang_up(session, printer):
    write, lost = session.link.write, []

    def lossy(data):
        if not lost and data.endswith(b"\x10\x04\x04"):
            lost.append(data)
            data = data[:-3]
        write(data)

    session.link.write = lossy
    printer.set_fault("paper_end", True)
    assert session.refresh().code == "PAPER_END"
    assert lost


def test_silence_is_told_soon(session, printer):
    printer.set_fault("silent", True)
    began = time.monotonic()
    with pytest.raises(LinkError) as caught:
        session.refresh()
    assert caught.value.code == "PRN_SILENT"
    assert time.monotonic() - began < QUICK.prompt + 0.3


def test_the_end_of_a_broken_packet_is_not_a_fence(session, printer):
    """Three bytes of automatic status without the first one look like answers to GS r 1."""
    printer.set_fault("lost_fence", True)
    write = session.link.write

    def with_a_tail(data):
        write(data)
        if data.endswith(b"\x1dr\x01"):
            until(lambda: printer.receipts)
            printer.say(b"\x00\x00\x0f")

    session.link.write = with_a_tail
    assert session.print(SLIP).reason == "FENCE_TIMEOUT"
    assert session.state.paper_end is False


def test_half_a_packet_does_not_swallow_the_fence(session, printer):
    printer.rate = 2_000
    printer.set_fault("half_asb", True)
    printer.set_fault("drawer_open", True)  # half a packet is told of it
    assert session.print(SLIP).reason == ""


def test_a_lost_fence_is_never_called_printed(session, printer):
    printer.set_fault("lost_fence", True)
    assert session.print(SLIP).reason == "FENCE_TIMEOUT"


def test_power_lost_in_the_middle_is_never_called_printed(session, printer):
    printer.rate = 2_000
    printer.plan_fault("off", 100)
    assert session.print(SLIP).reason == "FENCE_TIMEOUT"


def test_a_printer_that_was_hot_gets_all_its_time_again(session, printer):
    """Longer hot than the patience for a fence: it goes on, and the job is done."""
    printer.rate = 4_000
    printer.plan_fault("hot", 100)
    began = time.monotonic()
    cooling = threading.Timer(QUICK.fence + 0.4, printer.set_fault, ("hot", False))
    cooling.start()
    assert session.print(SLIP).reason == ""
    cooling.join()
    assert time.monotonic() - began > QUICK.fence


def test_cleaning_leaves_automatic_status_on(session, printer):
    session.clean()
    printer.set_fault("cover_open", True)
    until(lambda: session.state.code == "COVER_OPEN", 0.5)


def test_the_drawer_is_sensed(session, printer):
    assert session.state.drawer_high is False
    printer.set_fault("drawer_open", True)
    until(lambda: session.state.drawer_high is True, 0.5)
    assert session.refresh().drawer_high is True
    assert session.state.ready
