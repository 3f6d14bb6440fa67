"""The status stream takes itself apart, whatever is interleaved (printing.md §0.9)."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guitai_agent.printer.status import Demultiplexer, Kind, PrinterState


def test_the_four_kinds_of_bytes_never_collide():
    for byte in range(256):
        kinds = [
            byte in (0x11, 0x13),
            byte & 0x93 == 0x12,
            byte & 0x93 == 0x10,
            byte & 0x90 == 0,
        ]
        assert sum(kinds) <= 1


def test_every_asb_state_is_read_back():
    for first, second, third in itertools.product(
        range(0x10, 0x80), (0, 8, 0x20, 0x40, 0x68), (0, 3, 0xF)
    ):
        if first & 0x93 != 0x10:
            continue
        demux = Demultiplexer()
        (heard,) = demux.feed(bytes((first, second, third, 0x0F)))
        assert heard.kind is Kind.ASB
        state = demux.state
        assert (state.offline, state.cover_open) == (bool(first & 8), bool(first & 0x20))
        assert (state.cutter_error, state.fatal) == (bool(second & 8), bool(second & 0x20))
        assert (state.hot, state.paper_near) == (bool(second & 0x40), bool(third & 3))
        assert state.paper_end == bool(third & 0xC)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["asb", "flow", "realtime"]), max_size=12), st.data())
def test_interleaved_flow_control_and_replies_do_not_disturb_a_packet(order, data):
    demux = Demultiplexer()
    packet = [0x18, 0x08, 0x0F, 0x0F]
    stream, expected = bytearray(), 0
    for kind in order:
        if kind == "asb":
            for byte in packet:
                stream.append(byte)
                if data.draw(st.booleans()):
                    stream.append(data.draw(st.sampled_from([0x11, 0x13])))
            expected += 1
        elif kind == "flow":
            stream.append(0x13)
        else:
            demux.asked(1)
            stream.append(0x12 | 0x08)
    kinds = [piece.kind for piece in demux.feed(bytes(stream))]
    assert kinds.count(Kind.ASB) == expected
    assert kinds.count(Kind.REALTIME) == order.count("realtime")
    assert Kind.FENCE not in kinds
    assert Kind.NOISE not in kinds


def test_replies_are_matched_to_questions_in_order():
    demux = Demultiplexer()
    for n in (1, 2, 3, 4):
        demux.asked(n)
    demux.feed(bytes((0x1A, 0x16, 0x1A, 0x72 | 0x0C)))
    assert demux.state == PrinterState(
        offline=True, drawer_high=False, cover_open=True, cutter_error=True, fatal=False,
        hot=False, paper_near=True, paper_end=True,
    )  # fmt: skip


def test_a_reply_nobody_asked_for_is_noise():
    assert [piece.kind for piece in Demultiplexer().feed(b"\x12\x80\xff")] == [Kind.NOISE] * 3


def test_half_a_packet_does_not_swallow_the_next_one_or_a_fence():
    demux = Demultiplexer()
    assert demux.feed(b"\x10\x00") == []
    assert [piece.kind for piece in demux.feed(b"\x10\x00\x00\x0f")] == [Kind.ASB]
    demux.feed(b"\x10\x00")
    demux.stale()
    assert [piece.kind for piece in demux.feed(b"\x00")] == [Kind.FENCE]


@pytest.mark.parametrize(
    "state, code, ready, broken",
    [
        (PrinterState(offline=False), "OK", True, False),
        (PrinterState(offline=False, paper_near=True), "PAPER_NEAR", True, False),
        (PrinterState(offline=True, paper_near=True), "PAPER_NEAR_HALT", False, False),
        (PrinterState(offline=True), "PRN_OFFLINE", False, False),
        (PrinterState(offline=True, hot=True), "PRN_HOT", False, False),
        (PrinterState(offline=True, cover_open=True, paper_end=True), "COVER_OPEN", False, True),
        (PrinterState(offline=True, paper_end=True), "PAPER_END", False, True),
        (PrinterState(cutter_error=True, cover_open=True), "CUTTER_ERR", False, True),
        (PrinterState(fatal=True, cutter_error=True), "PRN_FATAL", False, True),
        (PrinterState(), "OK", False, False),
    ],
)
def test_the_one_condition_to_tell(state, code, ready, broken):
    assert (state.code, state.ready, state.broken) == (code, ready, broken)
