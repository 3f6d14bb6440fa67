"""The till follows the server that was joined; the version and its source are told."""

import socket

import pytest

from guitai_agent.errors import AgentError
from guitai_agent.install.home import SYSTEM_ROOT, Home
from guitai_agent.install.tests.test_updates import offer, served
from guitai_agent.service import upkeep
from guitai_agent.service.handler import Peer
from guitai_agent.service.upkeep import TillKeeper, UpkeepVerbs, how_to_update

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


def test_a_page_that_came_from_here_is_a_page_of_that_server(till):
    till.follow(FIRST)
    port = till.as_json()["url"].split(":")[2].split("/")[0]
    for name in ("127.0.0.1", "localhost", "[::1]"):
        assert till.server_of(f"http://{name}:{port}") == FIRST
    for other in ("https://shop.example", "http://127.0.0.1:1", f"http://evil.example:{port}"):
        assert till.server_of(other) == other
    till.follow("")
    assert till.server_of(f"http://127.0.0.1:{port}") == f"http://127.0.0.1:{port}"


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


def asking(home, till, role="owner", version="0.1.0", joined=""):
    """``ask(type)`` of one peer; the reply's update."""
    verbs = UpkeepVerbs(till, lambda: joined, home, version).table()
    peer = Peer("http://127.0.0.1:47120", lambda news: None, role=role)
    return lambda kind: verbs[kind](peer, {})["update"]


def check(home, till, **more):
    return asking(home, till, **more)("update.check")


def test_a_newer_version_of_the_source(home, till, tmp_path):
    with served(offer(tmp_path / "release", "0.2.0")) as address:
        home.remember_source(address)
        told = check(home, till)
        assert told["available"] == "0.2.0" and told["checked"] and "0.2.0" in told["message"]
        assert "guitai-agent update" in told["message"] and "開始" not in told["message"]
        told = check(home, till, version="0.2.0")
        assert told["available"] == "" and told["message"] == "0.2.0 已是最新版。"


def test_how_to_update_is_said_for_this_computer(monkeypatch, tmp_path):
    assert "按「開始」" in how_to_update("win32") and "終端機" not in how_to_update("win32")
    assert "輸入 guitai-agent update 後" in how_to_update("linux")
    monkeypatch.setattr(upkeep, "running_root", lambda: SYSTEM_ROOT)
    assert "輸入 sudo guitai-agent update 後" in how_to_update("linux")


def test_a_server_without_a_package_is_told_from_one_that_is_away(home, till, tmp_path):
    with served(tmp_path) as address:
        told = check(home, till, joined=address)
    assert told["refused"] == "update_none"
    assert "系統管理者" in told["message"] and "最新" not in told["message"]


def test_the_joined_server_is_the_source(home, till, tmp_path):
    offer(tmp_path, "0.0.1")
    offer(tmp_path / "agent", "0.2.0")
    home.remember_source(str(tmp_path))  # a folder is none
    with served(tmp_path) as address:
        told = check(home, till, joined=address)
    assert (told["source"], told["available"]) == (f"{address}/agent", "0.2.0")


def test_a_source_that_is_gone_is_never_called_the_newest(home, till, tmp_path):
    with served(offer(tmp_path / "release", "0.1.0")) as address:
        home.remember_source(address)
        ask = asking(home, till)
        assert "已是最新版" in ask("update.check")["message"]
    for kind in ("update.check", "update.get"):
        told = ask(kind)
        assert told["refused"] == "update_unreachable"
        assert told["message"].startswith("找不到更新來源")


def test_without_any_source_it_is_said_what_to_do(home, till):
    told = asking(home, till)("update.get")
    assert told["source"] == "" and "找不到更新來源" in told["message"]
    assert "加入伺服器" in told["message"] and "最新" not in told["message"]


def test_what_is_wrong_with_the_source_is_told(home, till, tmp_path):
    assert check(home, till)["refused"] == "update_no_source"
    with served(offer(tmp_path / "release", "0.2.0", format=2)) as address:
        home.remember_source(address)
        told = check(home, till)
    assert told["refused"] == "update_format" and "重新安裝" in told["message"]


def test_only_the_owner_has_the_source_asked(home, till):
    with pytest.raises(AgentError) as refused:
        check(home, till, role="page")
    assert refused.value.code == "not_allowed"
