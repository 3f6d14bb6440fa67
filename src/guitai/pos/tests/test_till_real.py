"""The till page with everything real behind it: our REST, our database, our agent.

The stand-ins of the other tests speak the contract; this one shows that the parties keep it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from guitai.catalog.models import Product
from guitai.devices.models import PrintJob
from guitai.invoicing.models import Invoice
from guitai.kernel import ids
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import BAN, csv_row, give_evenly, import_numbers, make_shop
from guitai.orders.models import Order
from guitai.pos.tests.till_browser import expect, moved_clock, needs_chromium, picture, scan
from guitai.tenancy.models import Staff
from guitai.tenancy.rules import ROLE_PERMISSIONS, Member, Role
from guitai.tenancy.services import devices, pins

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
NOON = taipei(2026, 11, 21)
GOODS = [("拿鐵", "4710002000014", 120, "1"), ("鮮奶", "4710002000021", 90, "3")]


@pytest.fixture
def noon(tmp_path: Path, monkeypatch):
    """Every thread of this process lives on that day: the numbers are those of its period."""
    file = tmp_path / "clock"
    offset = (NOON - datetime.now(UTC)).total_seconds()
    file.write_text(str(offset))
    monkeypatch.setenv("GUITAI_CLOCK_OFFSET_FILE", str(file))
    return offset


@pytest.fixture
def shop(noon):
    shop = make_shop()
    import_numbers(shop, csv_row(0, 99))
    give_evenly(shop)
    with shop.tenant():
        for at, (name, barcode, price, kind) in enumerate(GOODS):
            Product.objects.create(
                sku=f"P{at}", name=name, barcode=barcode, price=price, tax_type=kind
            )
        Staff.objects.create(
            name="林小美",
            role="store_manager",
            store_id=shop.store.id,
            pin_hash=pins.hash_pin("2468"),
        )
    return shop


def binding_code(shop) -> str:
    owner = Member(shop.merchant, ids.new_id(), "老闆", Role.OWNER, ROLE_PERMISSIONS[Role.OWNER])
    with shop.tenant():
        return devices.make_binding_code(owner, shop.register.id).code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def agent(tmp_path: Path, live_server, settings):
    """Our agent with its virtual printer; it pairs with the code that it writes into a file."""
    port = free_port()
    settings.GUITAI_AGENT_PORTS = [port]
    pair_file, receipts = tmp_path / "pair.json", tmp_path / "receipts"
    command = [
        sys.executable, "-m", "guitai_agent", "run", "--data", str(tmp_path / "agent"),
        "--device", "virtual", "--receipts", str(receipts), "--port", str(port),
        "--pair-file", str(pair_file), "--quiet",
    ]  # fmt: skip
    source = str(Path(__file__).resolve().parents[3])
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source})
    try:
        until(pair_file.exists)
        with urlopen(f"http://127.0.0.1:{port}/hello") as answer:
            assert answer.status == 200
        yield {"pair": pair_file, "receipts": receipts, "process": process}
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(10)


def until(done, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def open_till(page, live_server, shop) -> None:
    page.goto(f"{live_server.url}/pos/")
    page.locator("#bind-ban").fill(BAN)
    page.locator("#bind-code").fill(binding_code(shop))
    page.keyboard.press("Enter")
    page.locator(".person", has_text="林小美").click()
    page.locator("#pin").fill("2468")
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(2)


def pair(page, agent) -> None:
    page.keyboard.press("F10")
    page.locator("#pair-code").fill(json.loads(agent["pair"].read_text())["code"])
    page.get_by_role("button", name="配對", exact=True).click()
    expect(page.get_by_text("配對完成。")).to_be_visible()
    page.keyboard.press("F1")
    expect(page.locator("#query")).to_be_focused()


def confirm(page) -> None:
    page.keyboard.press("F9")
    expect(page.locator(".done")).to_be_visible()


def test_a_clerks_day_on_the_real_server_with_the_real_agent(
    browser, live_server, shop, agent, noon
):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-TW")
    context.add_init_script(moved_clock(noon))
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        open_till(page, live_server, shop)
        pair(page, agent)
        sell_four_ways(page)
        picture(page, "till-real-done")
        cancel_the_last_by_scanning(page, shop)
        close_the_shift_beside_a_stopped_agent(page, shop, agent)
    finally:
        context.close()
    assert faults == []
    check_the_books(shop, agent)


def sell_four_ways(page) -> None:
    scan(page, GOODS[0][1])
    scan(page, GOODS[1][1])
    page.keyboard.press("Shift+F6")
    page.locator("#edit-text").fill("10")
    page.keyboard.press("Enter")
    page.keyboard.press("F9")
    page.locator("#tender-0").fill("500")
    confirm(page)
    expect(page.locator(".done-figures .change dd")).to_contain_text("300")
    expect(page.locator(".job")).to_contain_text("已印好", timeout=15_000)
    for code, kind in (("12345675", "公司統編"), ("/ABC+123", "手機條碼"), (None, "捐贈")):
        page.keyboard.press("Enter")
        scan(page, GOODS[0][1])
        page.keyboard.press("F9")
        if code:
            scan(page, code)
        else:
            page.keyboard.press("F7")
            page.locator("#choice-field").fill("919")
        expect(page.get_by_role("radio", name=kind)).to_have_attribute("aria-checked", "true")
        confirm(page)


def cancel_the_last_by_scanning(page, shop) -> None:
    with shop.tenant():
        last = Order.objects.order_by("-seq").first()
        invoice = Invoice.objects.get(number=last.invoice_number)
        code = invoice.document["random_code"]
    scan(page, f"11512{last.invoice_number}{code}")
    expect(page.locator(".order h2")).to_have_text(last.number)
    page.get_by_role("button", name="取消訂單").click()
    page.get_by_role("button", name="商品打錯").click()
    page.get_by_role("button", name="確定取消訂單").click()
    expect(page.get_by_text("訂單已取消，請退還：現金 $ 120。")).to_be_visible()


def close_the_shift(page) -> None:
    page.keyboard.press("F4")
    expect(page.locator(".figures")).to_contain_text("作廢發票")
    picture(page, "till-real-shift")
    expected = page.locator(".figures tr.strong .money").inner_text()
    page.locator("#shift-counted").fill(expected.replace("$", "").replace(",", "").strip())
    page.get_by_role("button", name="小結完成並關帳").click()
    expect(page.get_by_text("關帳完成。")).to_be_visible()


def close_the_shift_beside_a_stopped_agent(page, shop, agent) -> None:
    """It never joined the server and keeps its sockets open: only the page's asking tells. What is
    to be printed meanwhile comes out once, when the process goes on."""
    until(lambda: all(state == "done" for state in job_states(shop)))
    strip = page.locator(".strip .cell", has_text="發票機")
    agent["process"].send_signal(signal.SIGSTOP)
    page.evaluate("Object.assign(window.guitai.app.agent.pulse, {every: 200, patience: 500})")
    close_the_shift(page)
    expect(strip).to_have_text("發票機列印程式沒有回應", timeout=20_000)
    assert "waiting" in job_states(shop) or "sent" in job_states(shop)
    agent["process"].send_signal(signal.SIGCONT)
    expect(strip).to_have_text("發票機就緒", timeout=20_000)
    until(lambda: all(state == "done" for state in job_states(shop)))


def job_states(shop) -> list[str]:
    with shop.tenant():
        return list(PrintJob.objects.values_list("state", flat=True))


def check_the_books(shop, agent) -> None:
    """What the page said is what the server kept, and what came out of the printer."""
    with shop.tenant():
        orders = list(Order.objects.order_by("seq"))
        jobs = list(PrintJob.objects.all())
    assert [order.total for order in orders] == [200, 120, 120, 120]
    assert [order.invoice_kind for order in orders] == [
        "paper", "company", "mobile_barcode", "donation",
    ]  # fmt: skip
    assert orders[-1].state == "cancelled" and orders[-1].invoice_voided
    assert [order.invoice_number for order in orders] == [f"AB{at:08}" for at in range(4)]
    kinds = [job.kind for job in jobs]
    assert {"proof": kinds.count("proof"), "company": kinds.count("company_proof")} == {
        "proof": 1, "company": 1,
    }  # fmt: skip
    assert "shift" in kinds

    def papers():
        return len(list(agent["receipts"].glob("*.png")))

    until(lambda: papers() >= len(jobs))  # a picture follows its paper
    assert papers() == len(jobs)
