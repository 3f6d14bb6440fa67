"""Files of the folder that are empty, cut short or of another version: never a traceback."""

import json

import pytest

from guitai_agent.datadir import SettingsFile
from guitai_agent.service.joining import Membership, MembershipFile
from guitai_agent.service.pairing import PairingDesk
from guitai_agent.tests.running import Running

SPOILT = [b"", b"{", b"\xff\xfe\x00", b"[]", b"null", b'"text"', b"[" * 100_000]
CONFIG = [
    *SPOILT, b'{"agent_id": 5}', b'{"pairings": []}', b'{"agent_id": "a", "pairings": null}',
    b'{"agent_id": "a", "pairings": [5]}', b'{"agent_id": "a", "pairings": [{"id": "x"}]}',
    b'{"agent_id": "a", "scanner_baud": "9600"}', b'{"agent_id": "a", "devices": {"x": 5}}',
]  # fmt: skip
RELAY = [*SPOILT, b"{}", b'{"server": "https://a"}', b'{"server": 5}']
JOINED = Membership("https://shop.example", "wss://shop.example/relay", "m.secret", "01", "台北店")


@pytest.mark.parametrize("content", CONFIG, ids=lambda content: content[:30].decode("latin-1"))
def test_an_unreadable_config_is_put_aside_and_the_agent_begins_anew(tmp_path, content, caplog):
    (tmp_path / "config.json").write_bytes(content)
    file = SettingsFile(tmp_path)
    assert file.fresh
    assert len(file.now.agent_id) == 32
    assert [aside.read_bytes() for aside in tmp_path.glob("config.json.broken-*")] == [content]
    assert "config.json 無法讀取" in caplog.text
    again = SettingsFile(tmp_path)
    assert (again.now, again.fresh) == (file.now, False)


@pytest.mark.parametrize("content", RELAY, ids=lambda content: content[:30].decode("latin-1"))
def test_an_unreadable_relay_file_is_put_aside_and_nothing_is_joined(tmp_path, content, caplog):
    (tmp_path / "relay.json").write_bytes(content)
    assert MembershipFile(tmp_path).now is None
    assert not (tmp_path / "relay.json").exists()
    assert [aside.read_bytes() for aside in tmp_path.glob("relay.json.broken-*")] == [content]
    assert "relay.json 無法讀取" in caplog.text


def test_an_agent_with_spoilt_files_starts_under_another_name(tmp_path):
    first = Running(tmp_path)
    name = first.agent.desk.agent_id
    first.stop()
    (tmp_path / "config.json").write_bytes(b"")
    (tmp_path / "relay.json").write_bytes(b"{")
    (tmp_path / "run.json").write_bytes(b"")
    again = Running(tmp_path)
    assert again.agent.desk.agent_id != name
    assert again.agent.journal.name == again.agent.desk.agent_id
    assert any("config.json 無法讀取" in line for line in again.agent.desk.tail.last(50))
    again.stop()


def test_what_a_later_version_wrote_is_ignored_and_kept(tmp_path):
    file = SettingsFile(tmp_path)
    PairingDesk(file).preset("t" * 43, "https://a.example")
    path = tmp_path / "config.json"
    told = json.loads(path.read_text("utf-8"))
    told["theme"], told["rest"] = {"colour": "dark"}, 7
    told["pairings"][0]["seen"] = 3
    path.write_text(json.dumps(told), "utf-8")
    again = SettingsFile(tmp_path)
    assert not again.fresh
    assert PairingDesk(again).recognise("t" * 43, "https://a.example")
    with again.changing() as settings:
        settings.device_id = "virtual"
    assert json.loads(path.read_text("utf-8")) == told | {"device_id": "virtual"}


def test_a_membership_of_a_later_version_is_ignored_and_kept(tmp_path):
    MembershipFile(tmp_path).keep(JOINED)
    path = tmp_path / "relay.json"
    told = json.loads(path.read_text("utf-8")) | {"region": "tw"}
    path.write_text(json.dumps(told), "utf-8")
    file = MembershipFile(tmp_path)
    assert file.now == JOINED
    file.mark_refused(JOINED.token)
    assert json.loads(path.read_text("utf-8")) == told | {"refused": True}
