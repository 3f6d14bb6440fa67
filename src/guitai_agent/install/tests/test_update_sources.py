"""Where updates come from: who is believed, and what is said of a source that cannot be read."""

from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler

import pytest

from guitai_agent.install.refusals import InstallRefused
from guitai_agent.install.releases import Source, latest
from guitai_agent.install.tests.test_updates import answering, offer, refused, served, signed


def test_an_unreadable_folder_is_told_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InstallRefused) as found:
        latest(Source("gone", signed=False), None)
    assert found.value.code == "update_unreachable" and str(tmp_path / "gone") in found.value.detail


@pytest.mark.parametrize(
    ("location", "joined", "signed", "taken"),
    [
        ("http://shop.example/agent", "http://shop.example", False, False),
        ("http://192.168.1.10:8000/agent", "http://192.168.1.10:8000", False, False),
        ("http://192.168.1.10:8000/agent", "http://192.168.1.10:8000", True, True),
        ("https://shop.example/agent", "https://shop.example", False, True),
        ("https://SHOP.example:443/agent", "https://shop.example", False, True),
        ("https://shop.example:8443/agent", "https://shop.example", False, False),
        ("https://other.example/agent", "https://shop.example", False, False),
        ("https://other.example/agent", "", False, False),
        ("https://other.example/agent", "", True, True),
        ("http://127.0.0.1:8000/agent", "", False, True),
        ("http://localhost.example/agent", "", False, False),
        ("http://127.0.0.1@evil.example/agent", "", False, False),
        ("dist", "", False, True),
    ],
)
def test_whom_an_update_is_believed(location, joined, signed, taken):
    """docs/decisions/0013: signed, or by https from the joined server, or from this computer."""
    if taken:
        Source(location, signed=signed, joined=joined)
    else:
        with pytest.raises(InstallRefused) as found:
            Source(location, signed=signed, joined=joined)
        assert found.value.code == "update_insecure"
        assert "重新安裝" in found.value.message


def test_what_is_believed_for_its_own_sake_leads_nowhere_else(tmp_path):
    with served(offer(tmp_path / "a")) as elsewhere:

        class Leads(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(302)
                self.send_header("Location", elsewhere + self.path)
                self.end_headers()

            def log_message(self, *args):
                pass

        with answering(Leads) as address:
            assert refused(latest, Source(address, signed=False), None) == "update_unreachable"
            key, _ = signed(tmp_path / "a")
            assert latest(Source(address, signed=True), key).version == "0.1.1"


def test_this_computer_is_asked_without_a_proxy(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with served(offer(tmp_path / "a")) as address:
        assert latest(Source(address, signed=False), None).version == "0.1.1"


@pytest.mark.parametrize("location", ["ftp://x/", "file:///tmp/dist", "htps://shop.example/agent"])
def test_an_address_that_is_none_is_no_folder_either(location):
    assert refused(partial(Source, location, signed=True)) == "update_address"


def test_a_signature_that_cannot_be_fetched_is_not_said_to_be_missing(tmp_path):
    key, _ = signed(offer(tmp_path / "a"))

    class Trips(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path.endswith(".sig"):
                self.send_error(503)
            else:
                super().do_GET()

        def log_message(self, *args):
            pass

    with answering(partial(Trips, directory=str(tmp_path / "a"))) as address:
        assert refused(latest, Source(address, signed=True), key) == "update_unreachable"
    (tmp_path / "a" / "latest.json.sig").unlink()
    with served(tmp_path / "a") as address:
        assert refused(latest, Source(address, signed=True), key) == "update_unsigned"
