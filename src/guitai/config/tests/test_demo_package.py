"""The demo's server has a package of the agent: an old agent finds there what it is sent for."""

from guitai.config import demo_package
from guitai.devices.rules import AGENT_MIN_VERSION, is_older
from guitai.pos import agentfiles


def test_the_demo_offers_a_package_that_the_till_accepts(client, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("GUITAI_HOME", str(tmp_path))
    monkeypatch.delenv("GUITAI_AGENT_FILES", raising=False)
    assert demo_package.end(demo_package.begin()) == ""
    settings.GUITAI_AGENT_FILES = str(tmp_path / "agent-files")
    assert agentfiles.version() and not is_older(agentfiles.version(), AGENT_MIN_VERSION)
    page = client.get("/agent/").content.decode()
    for name in ("install.sh", "install.ps1", "latest.json", "latest.json.sig", "update.pub"):
        assert f'href="/agent/{name}"' in page
    assert (tmp_path / "agent-key.pem").stat().st_mode & 0o777 == 0o600


def test_what_went_wrong_is_told_and_a_named_folder_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("GUITAI_HOME", str(tmp_path))
    monkeypatch.delenv("GUITAI_AGENT_FILES", raising=False)
    (tmp_path / "agent-key.pem").write_text("no key")
    assert "agent-key.pem" in demo_package.end(demo_package.begin())
    monkeypatch.setenv("GUITAI_AGENT_FILES", str(tmp_path / "own"))
    assert demo_package.begin() is None and demo_package.end(None) == ""
