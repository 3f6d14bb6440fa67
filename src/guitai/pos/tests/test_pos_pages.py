"""The two pages themselves: addresses, policy, and that every module they name is there."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from whitenoise.media_types import MediaTypes

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
