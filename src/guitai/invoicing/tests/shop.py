"""A small shop for the tests of this room: one merchant, one entity, one register, documents."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.types.json import Jsonb

from guitai.kernel import clock, ids, scope, sqlerrors
from guitai.tenancy.models import BusinessEntity, Merchant, Register, Store

NOW = datetime(2026, 7, 3, 10, 20, 11, tzinfo=UTC)  # 18:20:11 in Taipei
BAN = "12345675"


@dataclass
class Shop:
    merchant: UUID
    entity: UUID
    register: UUID


def open_shop(name: str = "範例商店", ban: str = BAN) -> Shop:
    merchant = Merchant.objects.create(name=name)
    with scope.tenant(merchant.id):
        entity = BusinessEntity.objects.create(ban=ban, name=f"{name}有限公司", address="台北市")
        store = Store.objects.create(entity_id=entity.id, code="S1", name="一號店")
        register = Register.objects.create(
            store_id=store.id, code="1", name="一號機", centre="mirle"
        )
    return Shop(merchant.id, entity.id, register.id)


def invoice_json(number: str = "AB00000036", **changes: Any) -> dict[str, Any]:
    """provider-vectors.md §9.1: one latte, 105 TWD, on a mobile barcode."""
    return {
        "type": "Invoice",
        "form": 1,
        "number": number,
        "date": "2026-07-03",
        "time": "18:20:11",
        "seller": {"ban": BAN, "name": "範例商店有限公司", "address": "台北市市府路1號"},
        "buyer": {"ban": "0000000000", "name": "0000"},
        "lines": [
            {
                "description": "拿鐵 大杯",
                "quantity": "1",
                "unit_price": "105",
                "amount": "105",
                "sequence": "1",
                "tax_type": "1",
                "unit": "杯",
            }
        ],
        "totals": {
            "sales": 105,
            "free_tax_sales": 0,
            "zero_tax_sales": 0,
            "tax_type": "1",
            "tax_rate": "0.05",
            "tax": 0,
            "total": 105,
        },
        "random_code": "4827",
        "print_mark": False,
        "invoice_type": "07",
        "carrier_type": "3J0002",
        "carrier_id1": "/TRM+O+P",
        "carrier_id2": "/TRM+O+P",
        **changes,
    }


def record(
    shop: Shop,
    document: dict[str, Any] | None = None,
    *,
    centre: str = "mirle",
    now: datetime = NOW,
    order: UUID | None = None,
) -> dict[str, Any]:
    """What the sale path calls, with this room's own part only."""
    document = document or invoice_json()
    with sqlerrors.refusals():
        cursor = psycopg.Cursor(_raw())
        cursor.execute(
            "SELECT public.invoicing_record_invoice(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)",
            [
                shop.merchant,
                ids.new_id(),
                order or ids.new_id(),
                shop.register,
                ids.new_id(),
                centre,
                now,
                Jsonb(document),
                ids.new_id(),
                "王小明",
            ],
            prepare=True,
        )
        return json.loads(cursor.fetchone()[0])


def _raw() -> Any:
    connection.ensure_connection()
    return connection.connection


def at(text: str) -> datetime:
    """``2026-07-04 09:00`` as a moment in Taipei."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.TAIPEI)
