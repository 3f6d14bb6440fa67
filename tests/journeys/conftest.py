"""One Chromium for all journeys; one whole counter for the stories of a file."""

from collections.abc import Iterator
from typing import Any

import pytest

from guitai.pos.tests.till_browser import ARGS, CHROMIUM, sync_api
from tests.house import House, house_folder
from tests.journeys.counter import PATIENCE, Till


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as playwright:
        # Playwright's loop stands in this thread; nothing of Django's is called from inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A counter from an empty folder."""
    with house_folder() as folder, House(folder) as house:
        yield house


@pytest.fixture(scope="module")
def shop(house: House) -> dict[str, Any]:
    """The demo shop in it, without a sale."""
    return house.run("seed_demo", sandbox=house.sandbox)


@pytest.fixture
def device(browser: Any) -> Iterator[Any]:
    """``device()``: a person's own browser at 1366 × 768, which knows nobody else's cookies."""
    opened = []

    def make(**options: Any) -> Any:
        size = {"width": 1366, "height": 768}
        context = browser.new_context(viewport=size, locale="zh-TW", **options)
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        return context.new_page()

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def till(house: House, device: Any) -> Iterator[Till]:
    """A device at the counter; at the end nothing in its page may have broken."""
    till = Till(house, device())
    yield till
    assert till.faults == []
