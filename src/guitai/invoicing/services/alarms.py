"""Raising and closing what a person should see about a centre."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from guitai.invoicing.models import CentreAlarm


def raise_alarm(
    centre: str,
    *,
    kind: str,
    key: str,
    sentence: str,
    now: datetime,
    transmission_id: UUID | None = None,
) -> bool:
    """Opens an alarm unless the same one is open; true if it is new."""
    try:
        with transaction.atomic():
            CentreAlarm.objects.create(
                centre=centre,
                kind=kind,
                key=key[:100],
                sentence=sentence[:300],
                transmission_id=transmission_id,
                raised_at=now,
            )
    except IntegrityError as error:
        if "centre_alarm_once" not in str(error):
            raise
        return False
    return True


def close(kind: str, key: str, *, now: datetime) -> bool:
    """Closes the open alarm of that kind and key; true if there was one."""
    found = CentreAlarm.objects.filter(kind=kind, key=key[:100], closed_at__isnull=True)
    return bool(found.update(closed_at=now))
