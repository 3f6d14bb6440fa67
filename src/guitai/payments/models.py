"""Tables of payments."""

from django.db import models
from django.db.models import F, Q

from guitai.kernel.models import TenantModel
from guitai.payments.rules import Method


class Tender(TenantModel):
    """One payment of one order, whole TWD. ``received`` less ``amount`` is the change given.

    ``order_id`` is the key of a row of the room above.
    """

    order_id = models.UUIDField()
    position = models.SmallIntegerField()
    method = models.CharField(max_length=10)
    amount = models.BigIntegerField()
    received = models.BigIntegerField(null=True)
    reference = models.CharField(max_length=64, blank=True, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_id", "order_id", "position"], name="tender_position_once"
            ),
            models.CheckConstraint(
                condition=Q(method__in=[m.value for m in Method]), name="tender_method_known"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="tender_amount_positive"),
            models.CheckConstraint(
                condition=Q(received__isnull=True) | Q(method="cash", received__gte=F("amount")),
                name="tender_received_covers",
            ),
        ]
