"""The indexes that only the desk's lists need; partial, so that a plain sale pays for none of them.

They stand here and not in the room of the table because the read models decide which they need.
"""

from django.db import migrations

INDEXES = {
    "invoice_desk_voided": (
        "invoicing_invoice (merchant_id, issued_at DESC, id DESC) WHERE state = 'voided'"
    ),
    "invoice_desk_company": (
        "invoicing_invoice (merchant_id, issued_at DESC, id DESC) WHERE buyer_ban <> '0000000000'"
    ),
    "invoice_desk_ban": (
        "invoicing_invoice (merchant_id, buyer_ban, issued_at DESC, id DESC) "
        "WHERE buyer_ban <> '0000000000'"
    ),
    "invoice_desk_donation": (
        "invoicing_invoice (merchant_id, issued_at DESC, id DESC) WHERE npoban <> ''"
    ),
    "invoice_desk_manual": "invoicing_invoice (merchant_id, issued_at DESC, id DESC) WHERE manual",
    "invoice_desk_carrier": (
        "invoicing_invoice (merchant_id, (document ->> 'carrier_id1'), issued_at DESC, id DESC) "
        "WHERE carrier_type <> ''"
    ),
    "invoice_desk_carrier_type": (
        "invoicing_invoice (merchant_id, carrier_type, issued_at DESC, id DESC) "
        "WHERE carrier_type <> ''"
    ),
    "transmission_desk_later": (
        "invoicing_transmission (merchant_id, created_at DESC, id DESC) WHERE kind <> 'F0401'"
    ),
    "order_desk_kind": (
        "orders_order (merchant_id, invoice_kind, completed_at DESC, id DESC) "
        "WHERE invoice_kind <> 'paper'"
    ),
    "order_desk_cancelled": (
        "orders_order (merchant_id, completed_at DESC, id DESC) WHERE state = 'cancelled'"
    ),
}


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial"), ("orders", "0001_initial")]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {name} ON public.{on}", f"DROP INDEX IF EXISTS public.{name}"
        )
        for name, on in INDEXES.items()
    ]
