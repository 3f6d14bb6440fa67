"""The till follows the server that was joined; the version and its source are told."""

import socket

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.install.home import Home
from guitai_agent.install.tests.test_updates import offer
from guitai_agent.service.handler import Peer
from guitai_agent.service.upkeep import TillKeeper, UpkeepVerbs

FIRST, SECOND = "http://127.0.0.1:9", "http://127.0.0.1:10"


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def till():
    keeper = TillKeeper(0)
    yield keeper
    keeper.stop()


def port_of(till):
    return int(till.as_json()["url"].split(":")[2].partition("/")[0])


def test_the_till_follows_the_server(till):
    assert till.as_json()["state"] == "off"
    till.follow(FIRST)
    port = port_of(till)
    assert till.as_json()["server"] == FIRST and listens(port)
    till.follow(FIRST)
    assert port_of(till) == port  # nothing changed: nobody was cut off
    till.follow(SECOND)
    assert till.as_json()["server"] == SECOND and not listens(port)
    till.follow("")
    assert till.as_json()["state"] == "off" and till.as_json()["url"] == ""


def test_after_the_end_nothing_is_opened(till):
    till.stop()
    till.follow(FIRST)
    assert till.as_json()["state"] == "off"


def test_a_named_server_is_served_whatever_was_joined():
    till = TillKeeper(0, FIRST)
    till.follow(SECOND)
    assert till.as_json()["server"] == FIRST
    till.stop()
    with pytest.raises(AgentError):
        TillKeeper(0, "shop")


def test_a_taken_port_is_told_and_asked_for_again_later():
    now = [0.0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        till = TillKeeper(taken.getsockname()[1], clock=lambda: now[0])
        till.follow(FIRST)
        assert till.as_json()["state"] == "port_taken"
        assert "占用" in till.as_json()["message"]
    till.follow(FIRST)
    assert till.as_json()["state"] == "port_taken"
    now[0] = 10.0
    till.follow(FIRST)
    assert till.as_json()["state"] == "serving"
    till.stop()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "app")
    home.prepare()
    return home


def check(home, till, role="owner", version="0.1.0"):
    verbs = UpkeepVerbs(till, lambda: "", home, version).table()
    peer = Peer("http://127.0.0.1:47120", lambda news: None, role=role)
    return verbs["update.check"](peer, {})["update"]


def test_a_newer_version_of_the_source(home, till, tmp_path):
    home.remember_source(str(offer(tmp_path / "release", "0.2.0")))
    told = check(home, till)
    assert told["available"] == "0.2.0" and told["checked"] and "0.2.0" in told["message"]
    assert check(home, till, version="0.2.0")["available"] == ""


def test_what_is_wrong_with_the_source_is_told(home, till, tmp_path):
    assert check(home, till)["refused"] == "update_no_source"
    home.remember_source(str(offer(tmp_path / "release", "0.2.0", format=2)))
    told = check(home, till)
    assert told["refused"] == "update_format" and "重新安裝" in told["message"]


def test_only_the_owner_has_the_source_asked(home, till):
    with pytest.raises(AgentError) as refused:
        check(home, till, role="page")
    assert refused.value.code == "not_allowed"
