"""``desk_p95``: every filter of the invoice list and of the upload list, through the real page."""

import html
import json
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any

from tests.bench import history, place, report

ROWS = int(os.environ.get("GUITAI_BENCH_DESK_ROWS", "200000"))
FEW = 20_000
ROUNDS = int(os.environ.get("GUITAI_BENCH_DESK_ROUNDS", "21"))
FLOOR, AIM = 300, 150
PASSWORD = "guitai-bench-2026"
LISTS = ("/desk/invoices/", "/desk/transmissions/")
TYPED = (
    "q=HA00012345",  # a number
    "q=HA00012",  # the beginning of one
    "q=00012345",  # its digits alone
    "q=10000060",  # a company's BAN
    "q=%2FC000180",  # a carrier
    "q=H-12345",  # an order
    "q=nothing-like-this",
    "period=11506",
    "day=2026-05-20",
    "kind=member&state=issued",
    "kind=company&period=11506",
    "upload=rejected&period=11506",
)
TYPED_UPLOADS = ("q=HA00012345", "state=sent&kind=F0401", "state=confirmed&centre=mirle")
_ROW = re.compile(rb"/desk/(invoices|transmissions)/[0-9a-f-]{36}/")


@dataclass
class Shop:
    """One merchant's browser, and milliseconds by address."""

    browser: Any
    pages: list[str]
    seen: dict[str, list[float]] = field(default_factory=dict)


def run() -> None:
    """Both merchants are in one database and are asked in turn, filter by filter."""
    with place.own_database("desk"):
        many, few = _shop("大店", ROWS, "0001"), _shop("小店", FEW, "0002")
        for shop in (many, few):
            shop.pages = _pages(shop.browser)
        for _ in range(ROUNDS):
            for shop in (many, few):
                _ask_all(shop)
    worst = max(many.seen, key=lambda page: report.percentile(many.seen[page], 0.95))
    report.line(
        "desk_p95",
        report.percentile(many.seen[worst], 0.95),
        "ms p95 of the slowest filter",
        max(report.percentile(times, 0.95) for times in few.seen.values()),
        limit_is=f"the same at {FEW} rows",
        floor=FLOOR,
        aim=AIM,
        rows=ROWS,
        filters=len(many.seen),
        slowest=worst,
        all_filters_p95=round(_overall(many), 1),
        all_filters_p95_of_few=round(_overall(few), 1),
    )


def _overall(shop: Shop) -> float:
    return report.percentile([one for times in shop.seen.values() for one in times], 0.95)


def _shop(name: str, rows: int, mark: str) -> Shop:
    from guitai.config import demo_shop
    from guitai.invoicing.tests.shop import invoice_json
    from guitai.kernel import clock, scope
    from guitai.kernel.audit import SYSTEM
    from guitai.numbering import services as numbering
    from guitai.tenancy import services as tenancy
    from twinvoice.period import Period

    owner = tenancy.create_merchant_with_owner(
        name, f"desk-{mark}@example.com", PASSWORD, owner_name="量測"
    )
    with scope.tenant(owner.merchant_id):
        entity = tenancy.add_entity(owner, ban="12345675", name=name, address="臺北市")
        places = []
        for number in range(4):
            store = tenancy.add_store(owner, entity_id=entity.id, code=f"S{number}", name="門市")
            for code in ("1", "2", "3"):
                row = tenancy.add_register(owner, store_id=store.id, code=code, name=f"{code} 號機")
                places.append((row.id, store.id))
        period = Period.of(clock.today())
        told = demo_shop.allocation_csv("12345675", period, "HA", 0, 49)
        numbering.import_allocation(told, "bench.csv", SYSTEM)
    document = json.dumps(invoice_json())
    history.fill(owner.merchant_id, entity.id, places, rows, document, mark=mark)
    return Shop(_signed_in(owner), [])


def _signed_in(owner: Any) -> Any:
    from django.test import Client

    from guitai.backoffice.access import CHOSEN
    from guitai.kernel import scope
    from guitai.tenancy.models import Account, Staff

    with scope.tenant(owner.merchant_id):
        account_id = Staff.objects.get(id=owner.staff_id).account_id
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(
        Account.objects.get(id=account_id),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    session = browser.session
    session[CHOSEN] = str(owner.merchant_id)
    session.save()
    return browser


def _pages(browser: Any) -> list[str]:
    """Every link of the two lists that filters or pages, and what people type."""
    found = {f"{LISTS[0]}?{typed}" for typed in TYPED}
    found |= {f"{LISTS[1]}?{typed}" for typed in TYPED_UPLOADS}
    for address in LISTS:
        body = _got(browser, address).decode()
        links = {html.unescape(one) for one in re.findall(r'href="(\?[^"]*)"', body)}
        if len(links) < 10:
            raise RuntimeError(f"{address} offers {len(links)} filters only")
        found |= {address + link for link in links}
        found |= {f"{address}?register={one}" for one in _registers(body)[:1]}
    for page in found:
        if "?q=" in page and "nothing" not in page and not _ROW.search(_got(browser, page)):
            raise RuntimeError(f"{page} finds nothing")
    return sorted(found)


def _registers(body: str) -> list[str]:
    """The choices of the list's own field, where it has one."""
    choice = re.search(r'<select[^>]*name="register".*?</select>', body, re.DOTALL)
    return re.findall(r'value="([0-9a-f-]{36})"', choice.group()) if choice else []


def _ask_all(shop: Shop) -> None:
    for page in shop.pages:
        began = time.perf_counter()
        _got(shop.browser, page)
        shop.seen.setdefault(page, []).append((time.perf_counter() - began) * 1000)


def _got(browser: Any, page: str) -> bytes:
    answer = browser.get(page)
    if answer.status_code != 200:
        raise RuntimeError(f"{page}: {answer.status_code}")
    return bytes(answer.content)
