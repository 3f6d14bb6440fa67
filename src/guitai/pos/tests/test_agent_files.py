"""``/agent/``: the installers for a shop's computer, and nothing else of the server's disk."""

import json

import pytest

from guitai.pos.agentfiles import files


@pytest.fixture
def folder(tmp_path, settings):
    settings.GUITAI_AGENT_FILES = str(tmp_path / "files")
    (tmp_path / "files").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "files"


def put(folder):
    (folder / "latest.json").write_text(json.dumps({"format": 1, "version": "0.3.0"}))
    (folder / "guitai_agent-0.3.0-py3-none-any.whl").write_bytes(b"PK wheel")
    (folder / "install.sh").write_text("#!/bin/sh\n")
    (folder / ".hidden").write_text("hidden")
    (folder / "agent-key.pem").write_text("private")
    (folder / "wheels").mkdir()
    return folder


def test_without_files_the_page_says_whom_to_ask(client, folder):
    page = client.get("/agent/")
    assert page.status_code == 200 and "還沒有放置安裝檔" in page.content.decode()
    assert "轉給架設伺服器的人" in page.content.decode()
    assert not any(word in page.content.decode() for word in ("make ", "GUITAI_"))
    assert client.get("/agent/latest.json").status_code == 404


def test_a_package_that_the_till_would_refuse_is_not_offered(client, folder):
    """Else an old agent is sent in a circle: told to update, and given the same version."""
    put(folder)
    (folder / "latest.json").write_text(json.dumps({"format": 1, "version": "0.0.9"}))
    page = client.get("/agent/").content.decode()
    assert "安裝檔太舊" in page and "新版的櫃台列印程式安裝檔" in page
    assert "install.sh" not in page


def test_the_files_are_listed_and_fetched(client, folder):
    put(folder)
    page = client.get("/agent/").content.decode()
    assert "0.3.0" in page and "install.sh http://testserver/agent" in page
    for name in ("install.sh", "latest.json", "guitai_agent-0.3.0-py3-none-any.whl"):
        assert f'href="/agent/{name}"' in page
        answer = client.get(f"/agent/{name}")
        assert b"".join(answer.streaming_content) == (folder / name).read_bytes()
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"
    assert next(each.name for each in files()) == "install.sh"


@pytest.mark.parametrize(
    "name",
    [
        ".hidden",
        "agent-key.pem",
        "wheels",
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "none",
    ],
)
def test_nothing_else_is_given(client, folder, name):
    put(folder)
    assert client.get(f"/agent/{name}").status_code == 404


def test_a_spoiled_description_shows_no_version(client, folder):
    put(folder)
    (folder / "latest.json").write_text("[]")
    assert client.get("/agent/").status_code == 200


def test_nothing_can_be_sent_there(client, folder):
    assert client.post("/agent/").status_code == 405
    assert client.put("/agent/latest.json").status_code == 405
