"""The till page served by the agent on this computer: bound, sold and printed through it.

The page stands on http://127.0.0.1:<port> of the agent and knows no other origin; our server sees
its own (guitai_agent.service.tillpage).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from guitai.orders.models import Order
from guitai.pos.tests import test_till_real as real
from guitai.pos.tests.till_browser import expect, moved_clock, needs_chromium, scan
from guitai.tenancy.models import Binding

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
noon, shop = real.noon, real.shop


class Served:
    """The agent's address for pages, and what the helpers of the real till ask of a live server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.agent = {"pair": folder / "pair.json", "receipts": folder / "receipts"}


@pytest.fixture
def served(tmp_path: Path, live_server, settings):
    port, till_port = real.free_port(), real.free_port()
    settings.GUITAI_AGENT_PORTS = [port]
    found = Served(tmp_path, till_port)
    command = [
        sys.executable, "-m", "guitai_agent", "run", "--data", str(tmp_path / "agent"),
        "--device", "virtual", "--receipts", str(found.agent["receipts"]), "--port", str(port),
        "--pair-file", str(found.agent["pair"]), "--quiet",
        "--serve-till", live_server.url, "--till-port", str(till_port),
    ]  # fmt: skip
    source = str(Path(__file__).resolve().parents[3])
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source})
    try:
        real.until(found.agent["pair"].exists)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def test_a_register_is_bound_and_sells_through_the_agent(browser, served, shop, noon):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
    context.add_init_script(moved_clock(noon))
    page = context.new_page()
    faults: list[str] = []
    asked: set[str] = set()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    try:
        real.open_till(page, served, shop)
        real.pair(page, served.agent)
        scan(page, real.GOODS[0][1])
        page.keyboard.press("F9")
        real.confirm(page)
        expect(page.locator(".job")).to_contain_text("已印好", timeout=15_000)
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    finally:
        context.close()
    assert faults == []
    port = served.url.rpartition(":")[2]
    # Nothing was asked of the server itself, and its cookie stands apart from other programs'.
    assert asked <= {served.url, f"http://127.0.0.1:{agent_port(served)}"}
    assert cookies[f"agent{port}-guitai_till"]["httpOnly"]
    with shop.tenant():
        assert [order.total for order in Order.objects.all()] == [120]
        assert Binding.objects.filter(register_id=shop.register.id).exists()
    assert list(served.agent["receipts"].glob("*.png"))


def agent_port(served: Served) -> str:
    return str(json.loads(served.agent["pair"].read_text())["port"])


def test_only_the_till_is_served_and_only_to_its_own_page(served, live_server):
    for path in ("/desk/", "/account/login/", "/api/openapi.json", "/metrics"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{served.url}{path}")
        assert refused.value.code == 404
    request = Request(
        f"{served.url}/api/till/bind", b"{}", {"Origin": "https://evil.example"}, method="POST"
    )
    with pytest.raises(HTTPError) as refused:
        urlopen(request)
    assert refused.value.code == 403
    with urlopen(f"{served.url}/pos/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert f"ws://127.0.0.1:{agent_port(served)}" in policy
