"""Hand-written numbers (自行開立): marked as such the moment they are typed (S3.16-17)."""

from datetime import datetime

from guitai.invoicing import services as invoicing
from guitai.kernel.audit import Actor
from guitai.numbering import queries as numbering
from guitai.orders.errors import NumberOfOtherPeriod, OwnNumber
from guitai.orders.models import Order
from guitai.orders.rules import HandWritten
from guitai.tenancy.models import BusinessEntity
from twinvoice.period import Period


def keep_number(
    order: Order, typed: HandWritten, actor: Actor, now: datetime, *, field: str
) -> None:
    """Keeps the paper's number beside the order, never to be transmitted.

    Refuses a number of another period than the order's day (``ORD-NUMBER-PERIOD``), one that the
    system itself hands out (``ORD-OWN-NUMBER``), and one that is there already
    (``INV-NUMBER-USED``). Runs in the caller's transaction.
    """
    period = Period.of(order.business_day)
    if typed.period != period.code:
        raise NumberOfOtherPeriod(field=field, number=typed.number, label=period.label)
    if numbering.is_own(typed.number, typed.period):
        raise OwnNumber(field=field, number=typed.number)
    seller = BusinessEntity.objects.get(id=order.entity_id)
    invoicing.record_manual(
        order_id=order.id,
        register_id=order.register_id,
        seller_ban=seller.ban,
        number=typed.number,
        issue_date=order.business_day,
        total=order.total,
        tax=0,
        actor=actor,
        now=now,
    )
