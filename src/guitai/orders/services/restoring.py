"""Order numbers after the books were restored from a backup."""

from datetime import datetime

from django.db import transaction

from guitai.kernel import clock
from guitai.orders.models import RegisterLedger
from guitai.tenancy.models import Register

SKIPPED = 5000
"""Left out beside one order for each second of the day: no register sells more than that."""


def skip_lost_orders(now: datetime) -> None:
    """Today's orders of the open merchant go on far behind those that the backup does not know.

    Their slips are in the customers' hands: the same number again would lead from an old slip to
    somebody else's order. So does the same backup, restored once more the same day.
    """
    local = clock.in_taipei(now)
    today, second = local.date(), local.hour * 3600 + local.minute * 60 + local.second
    with transaction.atomic():
        ledgers = {
            row.register_id: row
            for row in RegisterLedger.objects.select_for_update().order_by("register_id")
        }
        for register in Register.objects.order_by("id"):
            row = ledgers.get(register.id) or RegisterLedger(register_id=register.id, day=today)
            known = row.day_serial if row.day >= today else 0
            row.day, row.day_serial = max(row.day, today), known + SKIPPED + second
            row.save()
