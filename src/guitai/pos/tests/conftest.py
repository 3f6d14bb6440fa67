"""A browser with a till page in it, a stand-in server and a stand-in agent."""

from collections.abc import Iterator

import pytest

from guitai.pos.tests.fake_agent import TOKEN, FakeAgent, FakeRelay
from guitai.pos.tests.mock_till import MockServer, World
from guitai.pos.tests.till_browser import ARGS, CHROMIUM, sync_api


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as playwright:
        # Playwright's loop stands in this thread; nothing of Django's is called from inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def agent() -> Iterator[FakeAgent]:
    agent = FakeAgent()
    agent.start()
    yield agent
    agent.stop()


@pytest.fixture
def relay(agent: FakeAgent, world: World) -> Iterator[FakeRelay]:
    """The second way to the same agent; the server knows of it."""
    relay = FakeRelay(agent)
    world.relay, world.relay_of = relay.ticket(), relay.ticket
    yield relay
    relay.stop()


@pytest.fixture
def world(agent: FakeAgent) -> World:
    world = World(agent.port)
    world.signed_in = True
    return world


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with MockServer(world) as url:
        yield f"{url}/pos/"


@pytest.fixture
def context(browser) -> Iterator:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
    # The device was paired once; a new tab of it keeps what the till keeps.
    context.add_init_script(
        "if (!localStorage.seeded) { localStorage.seeded = '1';"
        f" localStorage.setItem('guitai.till.agent_token', '\"{TOKEN}\"'); }}"
    )
    yield context
    context.close()


@pytest.fixture
def page(context, url: str):
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    page.till_faults = faults
    yield page
    assert faults == []
