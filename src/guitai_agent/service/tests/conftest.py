"""A running agent, a page that is paired with it, and its own page."""

import pytest

from guitai_agent.tests.running import Page, Running


@pytest.fixture
def agent(tmp_path):
    running = Running(tmp_path / "data")
    yield running
    running.stop()


@pytest.fixture
def page(agent):
    opened = Page(agent)
    reply = opened.ask("pair", code=agent.code(), terminal="R1", label="收銀機 1")
    assert reply["ok"]
    opened.token = reply["token"]
    yield opened
    opened.close()


@pytest.fixture
def owner(agent):
    opened = Page(agent, origin=agent.url)
    assert opened.ask("auth", token=agent.agent.page_token)["ok"]
    yield opened
    opened.close()
