"""Buckets and the book of refusals (agent-protocol.md §2)."""

import logging

import pytest

from guitai_agent.service.guard import Bucket, Refusals


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.WARNING, "guitai_agent.service.guard")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_bucket_gives_its_burst_and_then_its_rate(clock):
    bucket = Bucket(3, 2, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]


def test_refusals_add_up_although_tokens_drop_in_between(clock):
    """A flood of a thousand a second gets thirty tokens a second and is a flood all the same."""
    bucket = Bucket(100, 30, clock)
    for _ in range(500):
        clock.now += 0.001
        bucket.take()
    assert bucket.refusals > 300


def test_a_little_too_eager_is_forgiven(clock):
    bucket = Bucket(100, 30, clock)
    for _ in range(4_000):
        clock.now += 1 / 35
        bucket.take()
    assert bucket.refusals < 10


def test_the_first_refusal_is_written_and_the_rest_is_counted(clock, lines):
    book = Refusals(10, clock)
    for _ in range(1000):
        book.note("host", "evil.example")
    assert lines() == ["refused host to 'evil.example'"]
    clock.now += 11
    book.write_counts()
    book.write_counts()
    assert lines()[1:] == ["refused host to 'evil.example' 999 times more"]
    book.note("host", "evil.example")
    assert len(lines()) == 2
    book.settle("evil.example")
    assert lines()[2:] == ["refused host to 'evil.example' 1 times more"]
    book.settle("evil.example")
    assert len(lines()) == 3


def test_what_they_send_is_cut_and_cannot_forge_a_line(clock, lines):
    book = Refusals(10, clock)
    book.note("origin", "x\n2026-11-21 INFO all is well\x1b[2J" + "y" * 5000)
    (line,) = lines()
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 140


def test_very_many_sources_become_one(clock, lines):
    book = Refusals(10, clock)
    for number in range(10_000):
        book.note("host", f"{number}.evil.example")
    assert len(lines()) == 101
    assert lines()[-1] == "refused host to many"
    clock.now += 70
    book.write_counts()
    assert lines()[-1] == "refused host to many 9899 times more"
    assert len(book._tallies) <= 1


def test_a_source_that_calls_itself_many_is_no_trouble(clock, lines):
    book = Refusals(10, clock)
    book.note("host", "many")
    book.note("host", "many")
    assert lines() == ["refused host to 'many'"]
