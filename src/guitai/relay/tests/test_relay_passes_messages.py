"""What the relay does for pages and agents that may speak. docs/agent-protocol.md §10."""

import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from guitai.relay.books import Unavailable
from guitai.relay.tests.rig import Rig


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.stop()


def test_there_and_back(rig):
    _, agent, page, name = rig.pair()
    asked = {"v": 1, "id": "7", "type": "print.get", "job_id": "店-1", "n": 12345678901234567890}
    page.send(asked)
    assert agent.until(lambda f: "message" in f) == {"peer": name, "message": asked}
    answer = {"v": 1, "id": "7", "type": "print.get", "ok": True, "job": {"state": "完成"}}
    agent.send({"peer": name, "message": answer})
    assert page.read() == answer


def parted(rig, count):
    """The agents that were noted as gone, once there are so many."""
    end = time.monotonic() + 5
    while len(rig.books.parted) < count and time.monotonic() < end:
        time.sleep(0.02)
    return rig.books.parted


def test_an_agent_that_hangs_up_is_noted_at_once(rig):
    joined, agent, _, _ = rig.pair()
    assert rig.books.parted == []
    agent.socket.close()
    assert parted(rig, 1) == [joined.id]


def test_an_agent_whose_program_dies_is_noted_at_once(rig):
    joined, agent, _, _ = rig.pair()
    agent.socket.socket.shutdown(socket.SHUT_RDWR)  # no word of farewell
    assert parted(rig, 1) == [joined.id]


def test_an_agent_that_came_back_by_a_newer_line_is_not_gone(rig):
    joined, older, _, _ = rig.pair()
    newer = rig.agent(joined)
    assert newer.read()["type"] == "welcome"
    with pytest.raises(ConnectionClosed):
        while True:
            older.read()
    time.sleep(0.2)
    assert rig.books.parted == []
    newer.socket.close()
    assert parted(rig, 1) == [joined.id]


def test_a_departure_that_cannot_be_kept_harms_nobody(rig):
    joined, agent, _, _ = rig.pair()
    rig.books.failure = Unavailable("gone")
    agent.socket.close()
    time.sleep(0.2)
    rig.books.failure = None
    assert rig.agent(joined).read()["type"] == "welcome"


def test_a_relay_that_ends_does_not_say_that_the_agents_went():
    rig = Rig()
    rig.pair()
    rig.run(rig.relay.close())
    time.sleep(0.2)
    assert rig.books.parted == []
    rig.stop()
