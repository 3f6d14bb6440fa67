"""Pairing and choosing on a full disk: refused in words, and nothing half remembered."""

import copy
import errno

import pytest

from guitai_agent import datadir
from guitai_agent.service.joining import Membership, MembershipFile
from guitai_agent.service.tests.test_device_messages import NETWORK, Counter
from guitai_agent.tests.running import Page, Running


@pytest.fixture
def fill(monkeypatch):
    """``fill()``: from now on nothing can be written; ``fill(False)``: there is room again."""
    real = datadir.os.fsync

    def no_room(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda on=True: monkeypatch.setattr(datadir.os, "fsync", no_room if on else real)


def refusal(answer):
    assert answer["ok"] is False
    return answer["error"]["code"], "磁碟空間不足" in answer["error"]["message"]


def test_pairing_is_refused_with_the_disks_word_and_the_code_stays_good(tmp_path, fill):
    agent = Running(tmp_path / "data")
    page = Page(agent)
    code = agent.code()
    fill()
    assert refusal(page.ask("pair", code=code)) == ("disk_full", True)
    assert agent.agent.pairing.pairings() == []
    assert [each.name for each in (tmp_path / "data").glob(".config.json.*")] == []
    fill(False)
    assert page.ask("pair", code=code)["ok"]
    page.close()
    agent.stop()


def test_choosing_is_refused_with_the_disks_word_and_undone(tmp_path, fill):
    counter = Counter(tmp_path, "")
    counter.present = [NETWORK]
    before = copy.deepcopy(counter.agent.settings.now)
    fill()
    for kind, fields in (
        ("device.select", {"device_id": NETWORK.id}),
        ("device.select", {"device_id": NETWORK.id, "drawer": 2}),
        ("scanner.select", {"device_id": "", "baud": 19200}),
    ):
        assert refusal(counter.ask(kind, **fields)) == ("disk_full", True), kind
    assert counter.agent.settings.now == before and counter.agent.opener.chosen == ""
    fill(False)
    assert counter.ask("scanner.select", device_id="", baud=19200)["ok"]
    counter.stop()


def test_a_server_is_joined_on_disk_or_not_at_all(tmp_path, fill):
    file = MembershipFile(tmp_path)
    fill()
    joined = Membership("https://shop.example", "wss://shop.example/relay/agent", "m.s", "1", "店")
    with pytest.raises(OSError):
        file.keep(joined)
    assert file.now is None
    fill(False)
    file.keep(joined)
    fill()
    file.mark_refused("m.s")  # the server's word holds, though it cannot be written down
    assert file.now.refused and not MembershipFile(tmp_path).now.refused
