"""What the relay does for pages and agents that may speak. docs/agent-protocol.md §10."""

import pytest

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
