"""What a test asks of a running house, run inside it: ``python -m tests.house_tasks TASK JSON``."""

import json
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from guitai import invariants  # noqa: E402 - Django must be set up before its models
from guitai.config import demo_shop  # noqa: E402
from guitai.devices.models import AgentBeat, PrintJob  # noqa: E402
from guitai.invoicing.models import Invoice, Transmission  # noqa: E402
from guitai.kernel import clock, scope  # noqa: E402
from guitai.kernel.audit import SYSTEM  # noqa: E402
from guitai.numbering import services as numbering  # noqa: E402
from guitai.numbering.services import OwnerRef  # noqa: E402
from guitai.orders.models import Order  # noqa: E402
from guitai.orders.queries import orders_of_subjects  # noqa: E402
from guitai.tenancy import services as tenancy  # noqa: E402
from guitai.tenancy.models import Merchant  # noqa: E402
from twinvoice.period import Period  # noqa: E402


def merchant_id() -> Any:
    return Merchant.objects.get(name=demo_shop.NAME).id


def seed_demo(sandbox: str) -> dict[str, Any]:
    """The demo shop, without a sale."""
    demo_shop.prepare_sandbox(sandbox)
    shop = demo_shop.ensure(sandbox)
    with scope.tenant(shop.merchant_id):
        code = tenancy.make_binding_code(shop.owner, shop.turnkey_register).code
    return {"ban": demo_shop.BAN, "code": code, "clerk": str(shop.clerk_id)}


def seed_trouble(sandbox: str) -> dict[str, Any]:
    """The demo shop with one more clerk, and a register 03 that has no numbers."""
    seeded = seed_demo(sandbox)
    shop = demo_shop.ensure(sandbox)
    with scope.tenant(shop.merchant_id):
        tenancy.add_staff(
            shop.owner, name="周小明", role="clerk", store_id=demo_shop.store_id(), pin="864209"
        )
        demo_shop.add_register(shop, demo_shop.store_id(), "03", "turnkey", sandbox)
    return seeded


def seed_crash(sandbox: str, sales: int) -> dict[str, Any]:
    """The demo shop with two registers at each centre, numbers for all sales, all signed in."""
    demo_shop.prepare_sandbox(sandbox)
    shop = demo_shop.ensure(sandbox)
    demo_shop.allot(sandbox, Period.of(clock.today()), "TK", 19999, face="turnkey")
    with scope.tenant(shop.merchant_id):
        store_id = demo_shop.store_id()
        registers = [("01", shop.turnkey_register), ("02", shop.mirle_register)]
        registers += [
            (code, demo_shop.add_register(shop, store_id, code, centre, sandbox))
            for code, centre in (("03", "turnkey"), ("04", "mirle"))
        ]
    demo_shop.add_machine(sandbox, "4")
    with scope.tenant(shop.merchant_id):
        _numbers_for(shop, registers, sales // 4 + 50)
        return {"registers": [_signed_in(shop, code, register) for code, register in registers]}


def _numbers_for(shop: Any, registers: list[tuple[str, Any]], each: int) -> None:
    today = Period.of(clock.today())
    numbering.import_allocation(
        demo_shop.allocation_csv(demo_shop.BAN, today, "TK", 0, 19999), "tk.csv", SYSTEM
    )
    for code, register in registers:
        if code in {"01", "03"}:
            owner = OwnerRef.register(register)
            numbering.distribute_by_hand(
                shop.entity_id, today.code, {owner: each // 50 + 1}, SYSTEM
            )
        else:
            demo_shop.take_from_centre(shop, register, each)


def _signed_in(shop: Any, code: str, register: Any) -> dict[str, Any]:
    clerk = tenancy.add_staff(
        shop.owner, name=f"店員 {code}", role="clerk", store_id=demo_shop.store_id(), pin="975310"
    )
    held = tenancy.bind_here(shop.owner, register, device_name=f"測試機 {code}")
    session = tenancy.open_session(register, clerk.id, "975310")
    return {"code": code, "token": held.token, "session": str(session.id)}


def seconds_until_next_batch() -> float:
    """From now to 09:05 of tomorrow in Taipei."""
    now = clock.in_taipei(clock.now())
    batch = (now + timedelta(days=1)).replace(hour=9, minute=5, second=0, microsecond=0)
    return (batch - now).total_seconds()


def unsettled() -> list[dict[str, Any]]:
    """Transmissions that are still on their way: Turnkey's end at confirmed, Mirle's at sent."""
    with scope.tenant(merchant_id()):
        return [
            {
                "number": t.number,
                "centre": t.centre,
                "state": t.state,
                "message": t.provider_message,
            }
            for t in Transmission.objects.exclude(state="confirmed").exclude(
                centre="mirle", state="sent"
            )[:20]
        ]


def books() -> dict[str, Any]:
    """Orders and invoices as the shop's own books have them."""
    with scope.tenant(merchant_id()):
        return {
            "orders": [
                {
                    "id": str(o.id),
                    "number": o.number,
                    "kind": o.invoice_kind,
                    "invoice_number": o.invoice_number,
                    "manual": o.invoice_manual,
                    "total": o.total,
                }
                for o in Order.objects.all()
            ],
            "invoices": [
                {
                    "number": i.number,
                    "range_id": str(i.range_id),
                    "total": i.total,
                    "state": i.state,
                    "random_code": (i.document or {}).get("random_code", ""),
                    "document": i.document,
                }
                for i in Invoice.objects.all()
            ],
        }


def print_jobs(number: str) -> list[dict[str, str]]:
    """The print jobs of that invoice's order, oldest first."""
    with scope.tenant(merchant_id()):
        order = Order.objects.get(invoice_number=number)
        return [
            {"state": job.state, "copy": job.copy, "detail": job.detail}
            for job in PrintJob.objects.order_by("created_at")
            if order in orders_of_subjects([job.subject_id]).values()
        ]


def beats() -> list[dict[str, Any]]:
    """What the agents last said of themselves."""
    with scope.tenant(merchant_id()):
        return list(AgentBeat.objects.values("source", "version", "code", "hops", "drift_ms"))


def broken_facts() -> list[dict[str, Any]]:
    return [fact.as_dict() for fact in invariants.broken()]


TASKS = {
    task.__name__: task
    for task in (
        seed_demo,
        seed_trouble,
        seed_crash,
        seconds_until_next_batch,
        unsettled,
        books,
        print_jobs,
        beats,
        broken_facts,
    )
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
