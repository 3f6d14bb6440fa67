"""The hands and eyes of the journeys: a manager at the desk, a clerk at the till, paper in a tray.

Every step waits for what a person would wait to see; nothing here sleeps.
"""

import contextlib
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from guitai.config import demo_shop
from guitai.pos.tests.till_browser import expect, scan
from guitai_agent.client import OwnerClient
from tests.house import House

BARCODES = {sku: barcode for sku, barcode, *_ in demo_shop.PRODUCTS}
NAMES = {sku: name for sku, _, name, *_ in demo_shop.PRODUCTS}
PRICES = {sku: price for sku, _, _, price, _ in demo_shop.PRODUCTS}
PATIENCE = 30_000
"""Milliseconds that a state may take on a busy machine before a journey gives up."""


def until(true: Callable[[], Any], what: str, seconds: float = 45, page: Any = None) -> Any:
    """Waits for something that is not on a page; its first true value.

    A page whose requests are routed through the test stands still while the test sleeps: name it,
    and its requests go on.
    """
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        if page is None:
            time.sleep(0.1)
        else:
            page.wait_for_timeout(100)
    return found


class Desk:
    """A person who sits at the back office."""

    def __init__(self, house: House, page: Any) -> None:
        self.house, self.page = house, page

    def go(self, path: str) -> None:
        self.page.goto(f"{self.house.base}{path}")

    def sign_in(self, email: str, password: str = demo_shop.PASSWORD) -> None:
        self.go("/account/login/")
        self.page.get_by_label("電子信箱").fill(email)
        self.page.get_by_label("密碼", exact=True).fill(password)
        self.page.get_by_role("button", name="登入").click()
        expect(self.page.get_by_role("navigation", name="主選單")).to_be_visible()

    def menu(self, name: str) -> None:
        self.page.get_by_role("navigation", name="主選單").get_by_role(
            "link", name=name, exact=True
        ).click()
        expect(self.page.get_by_role("link", name=name, exact=True)).to_have_attribute(
            "aria-current", "page"
        )

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def fill(self, fields: dict[str, str]) -> None:
        """Types or chooses by the label that the person reads."""
        main = self.page.get_by_role("main")
        for label, value in fields.items():
            field = main.get_by_label(re.compile(rf"^{re.escape(label)}(必填)?$"))
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)

    def binding_code(self, register: str) -> str:
        """From the list of registers to a code for another device."""
        self.menu("POS 機")
        self.page.get_by_role("link", name=re.compile(register)).click()
        self.press("產生綁定碼")
        shown = self.page.locator(".code-panel .code")
        expect(shown).to_have_text(re.compile("[0-9A-Z]{4}-[0-9A-Z]{4}"))
        return str(shown.inner_text())


class Till:
    """A clerk who stands at the counter."""

    def __init__(self, house: House, page: Any) -> None:
        self.house, self.page = house, page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self) -> None:
        self.page.goto(f"{self.house.base}/pos/")

    def bind(self, ban: str, code: str, device: str) -> None:
        expect(self.page.locator("#bind-ban")).to_be_focused()
        self.page.keyboard.type(ban)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(code)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(device)
        self.page.keyboard.press("Enter")

    def sign_in(self, name: str, pin: str) -> None:
        self.page.locator(".person", has_text=name).click()
        expect(self.page.locator("#pin")).to_be_focused()
        self.page.keyboard.type(pin)
        self.page.keyboard.press("Enter")

    def at_sale(self) -> None:
        expect(self.page.locator(".tile").first).to_be_visible(timeout=PATIENCE)
        expect(self.page.locator("#query")).to_be_focused()

    def pair(self, code: str) -> None:
        self.page.keyboard.press("F10")
        self.page.locator("#pair-code").fill(code)
        self.page.get_by_role("button", name="配對", exact=True).click()
        expect(self.page.get_by_text("配對完成。")).to_be_visible()
        self.page.keyboard.press("F1")

    def scan(self, text: str) -> None:
        scan(self.page, text)

    def scan_goods(self, *skus: str) -> None:
        for sku in skus:
            self.scan(BARCODES[sku])
            line = self.page.locator(".lines .line", has_text=NAMES[sku])
            expect(line).to_have_count(1)

    def search(self, words: str) -> None:
        """Types like a person and takes the first hit with Enter."""
        self.page.locator("#query").fill(words)
        expect(self.page.locator(".tile.is-active")).to_be_visible()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#query")).to_have_value("")

    def total(self, amount: int) -> None:
        expect(self.page.locator("output.total")).to_have_text(f"${amount:,}")

    def checkout(self) -> None:
        self.page.keyboard.press("F9")
        expect(self.page.locator("#confirm")).to_be_visible()

    def choose(self, kind: str) -> None:
        self.page.get_by_role("radio", name=kind).click()
        self.chosen(kind)

    def chosen(self, kind: str) -> None:
        expect(self.page.get_by_role("radio", name=kind)).to_have_attribute("aria-checked", "true")

    def cash(self, received: int) -> None:
        self.page.locator("#tender-0").fill(str(received))

    def confirm(self) -> str:
        """F9; the number of the invoice as the page shows it, without its dash; empty if none."""
        self.page.keyboard.press("F9")
        expect(self.page.locator(".done")).to_be_visible(timeout=PATIENCE)
        number = self.page.locator(".done-figures .invoice .number")
        return str(number.inner_text()).replace("-", "") if number.count() else ""

    def change(self, amount: int) -> None:
        expect(self.page.locator(".done-figures .change dd")).to_have_text(f"${amount:,}")

    def printed(self) -> None:
        expect(self.page.locator(".done .job")).to_have_count(1)
        expect(self.page.locator(".done .job")).to_contain_text("已印好", timeout=PATIENCE)

    def nothing_printed(self) -> None:
        expect(self.page.locator(".done .job")).to_have_count(0)

    def next(self) -> None:
        self.page.keyboard.press("F9")
        self.at_sale()

    def strip(self, cell: str) -> Any:
        """One of the four words below: 號碼, 發票機, 加值中心, 連線."""
        return self.page.locator(".strip .cell", has_text=cell).locator(".cell-words")


@contextlib.contextmanager
def at_counter(
    house: House, shop: dict[str, Any], browser: Any, before: Callable[[Any], None] | None = None
) -> Iterator[Till]:
    """Register 01 as on any morning: bound, paired with its printer, its clerk signed in.

    ``before`` is given the page before its first request.
    """
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(paired_with(house))
    till = Till(house, context.new_page())
    if before:
        before(till.page)
    till.open()
    till.bind(shop["ban"], shop["code"], "櫃台電腦")
    till.sign_in("林小芳", demo_shop.CLERK_PIN)
    till.at_sale()
    yield till
    context.close()


def paired_with(house: House) -> str:
    """The script of a page that was paired with the house's agent."""
    token = (house.folder / "agent-token").read_text().strip()
    return f"localStorage.setItem('guitai.till.agent_token', '\"{token}\"');"


class Tray:
    """The paper that came out of the virtual printer, and its sensors."""

    def __init__(self, house: House, page: Any = None) -> None:
        self.house = house
        self.page = page
        self.folder = house.folder / "receipts"

    def papers(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.png"))

    def new(self, before: list[Path], count: int) -> list[Path]:
        """What has come out since ``before``, once ``count`` papers have."""
        came = lambda: len(self.papers()) >= len(before) + count  # noqa: E731 - one line's name
        until(came, f"{count} papers", page=self.page)
        return [paper for paper in self.papers() if paper not in before]

    def fault(self, name: str, on: bool) -> None:
        with OwnerClient(self.house.folder / "agent") as agent:
            agent.ask("virtual.fault", fault=name, on=on)

    @staticmethod
    def length(paper: Path) -> int:
        """In dots."""
        with Image.open(paper) as image:
            return int(image.height)

    @staticmethod
    def barcodes(paper: Path) -> set[str]:
        with Image.open(paper) as image:
            return {code.bytes.decode() for code in zxingcpp.read_barcodes(image.convert("L"))}


def pair_code_of(house: House, page: Any) -> str:
    """The agent's own page hands out a code and prints it."""
    page.goto(f"http://127.0.0.1:{house.agent_port}/")
    expect(page.locator("#printer-message")).to_have_attribute("data-tone", "good")
    page.get_by_role("button", name="取得配對碼").click()
    expect(page.locator("#code")).to_have_text(re.compile(r"\d"))
    return re.sub(r"\D", "", str(page.locator("#code").inner_text()))


def served(house: House) -> bool:
    """Whether the server answers again."""
    try:
        with urllib.request.urlopen(f"{house.base}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
