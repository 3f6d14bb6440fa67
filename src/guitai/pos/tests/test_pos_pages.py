"""The two pages themselves: addresses, policy, and that every module they name is there."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from whitenoise.media_types import MediaTypes

from guitai_agent import knowledge

pytestmark = pytest.mark.django_db


def test_the_landing_page_leads_to_till_and_desk():
    answer = Client().get("/")
    text = answer.content.decode()
    assert answer.status_code == 200 and 'lang="zh-Hant"' in text
    assert 'href="/pos/"' in text and 'href="/desk/"' in text


def test_the_till_page_allows_only_itself_and_the_agent(settings):
    settings.GUITAI_AGENT_PORTS = [47120, 47121]
    answer = Client().get("/pos/")
    policy = dict(
        part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "ws://127.0.0.1:47121" in policy["connect-src"]
    assert policy["img-src"] == "'self' blob:"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    assert 'data-agent-ports="47120,47121"' in answer.content.decode()


def test_every_file_that_the_page_names_is_served_as_what_it_is():
    text = Client().get("/pos/").content.decode()
    names = re.findall(r'(?:href|src)="/static/([^"]+)"', text)
    assert "pos/main.mjs" in names and "guitai/tokens.css" in names
    for name in names:
        assert finders.find(name), name
    # A module served as anything but JavaScript is refused by every browser.
    assert MediaTypes().get_type("pos/main.mjs").startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/pos/"])
def test_pages_take_no_post(path):
    assert Client().post(path).status_code == 405


@pytest.mark.parametrize(
    ("public", "expected"),
    [("", "ws://testserver:18001"), ("wss://shop.example/relay", "wss://shop.example")],
)
def test_the_till_page_may_speak_to_the_servers_relay(settings, public, expected):
    settings.GUITAI_RELAY_URL, settings.GUITAI_RELAY_PORT = public, 18001
    settings.ALLOWED_HOSTS = ["testserver"]
    policy = Client().get("/pos/")["Content-Security-Policy"]
    connect = next(part for part in policy.split(";") if "connect-src" in part)
    assert connect.split()[-1] == expected


def test_the_book_of_conditions_is_served_as_it_is_with_its_version():
    answer = Client().get("/pos/remedies.json")
    book = answer.json()
    assert set(book["remedies"]) == set(knowledge.remedies())
    denied = book["remedies"]["LNA_DENIED"]
    assert denied["hop"] == "page" and denied["steps"] and denied["message"]
    again = Client().get("/pos/remedies.json", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for remedy in book["remedies"].values():
        assert not remedy["picture"] or remedy["picture"] in book["pictures"], remedy["code"]


def test_every_picture_of_the_book_is_served_and_can_run_nothing():
    for name in Client().get("/pos/remedies.json").json()["pictures"]:
        answer = Client().get(f"/pos/pictures/{name}.svg")
        assert answer.status_code == 200 and answer["Content-Type"] == "image/svg+xml"
        assert answer.content.startswith(b"<svg")
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")


def test_no_other_file_is_served_as_a_picture():
    assert Client().get("/pos/pictures/no-such.svg").status_code == 404
    assert Client().get("/pos/pictures/..%2Fremedies.svg").status_code == 404


def test_the_old_advice_is_gone():
    """「請先嘗試重開系統和裝置」 told nobody anything (product.md S3.12)."""
    said = [Client().get("/pos/remedies.json").content.decode()]
    said += [path.read_text() for path in (Path(__file__).parents[1] / "static").rglob("*.mjs")]
    assert not any("請先嘗試重開" in text for text in said)
