"""What the tests of the till page share beside their fixtures: a scanner, a payment, a picture."""

import os
from pathlib import Path

import pytest

from guitai.pos.tests.mock_till import World

CHROMIUM = os.environ.get("GUITAI_CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PICTURES = os.environ.get("GUITAI_PICTURES")
COFFEE, RICE, EGG = "4710001000039", "4710001000077", "4710001000022"
HOSTILE = "4710001000176"
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=15_000)
needs_chromium = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed")


def public(*ports: int) -> str:
    """The flag under which Chromium takes these ports of the loopback for public addresses."""
    return "--ip-address-space-overrides=" + ",".join(f"127.0.0.1:{port}=public" for port in ports)


def moved_clock(seconds: float) -> str:
    """A script after which a page's wall clock is that far off; its monotonic one is not."""
    return f"""(() => {{
      const Real = Date, shift = {round(seconds * 1000)};
      window.Date = class extends Real {{
        constructor(...given) {{ given.length ? super(...given) : super(Real.now() + shift); }}
        static now() {{ return Real.now() + shift; }}
      }};
    }})()"""


def permit(browser, page, origin: str, setting: str) -> None:
    """What the browser says about the loopback to ``origin``: granted, denied or prompt.

    Playwright knows no name for the permission and can only grant; the browser's own protocol can
    do all three, for one context.
    """
    target = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]
    cdp = browser.new_browser_cdp_session()
    for name in ("loopback-network", "local-network-access"):
        cdp.send("Browser.setPermission", {
            "permission": {"name": name}, "setting": setting, "origin": origin,
            "browserContextId": target["browserContextId"],
        })  # fmt: skip


def scan(page, text: str) -> None:
    """A wedge scanner: keys 2 ms apart into whatever has the focus, then Enter.

    Of a real key the browser says when it was pressed, however busy the page is; so do these.
    """
    page.evaluate(
        """text => {
          let at = performance.now();
          const send = (init) => {
            const key = new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...init});
            Object.defineProperty(key, 'timeStamp', {value: at += 2});
            document.activeElement.dispatchEvent(key);
          };
          for (const key of text) send({key});
          send({key: 'Enter', code: 'Enter'});
        }""",
        text,
    )


def soon(page, selector: str, text: str) -> None:
    """Until an element says that, looked at fifty times a second: ``expect`` looks ever less often,
    and would add up to a second to what is measured.
    """
    says = "([where, text]) => document.querySelector(where)?.textContent.includes(text)"
    page.wait_for_function(says, arg=[selector, text], polling=20)


def settled(page, what) -> None:
    """Until ``what()`` is true: for what no page shows. The page goes on meanwhile."""
    for _ in range(300):
        if what():
            return
        page.wait_for_timeout(100)
    pytest.fail("it never came to be")


def at_sale(page) -> None:
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator("#query")).to_be_focused()


def total(page) -> str:
    return page.locator(".total").inner_text().replace("\n", "")


def pay(page, world: World) -> dict:
    """F9, exact cash, Enter; returns what the server has stored."""
    page.keyboard.press("F9")
    expect(page.locator("#tender-0")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_be_visible()
    return list(world.sales.values())[-1]["order"]


def picture(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))
