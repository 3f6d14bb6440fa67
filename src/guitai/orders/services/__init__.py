"""The verbs of sales; the only writers of this room's tables."""

from guitai.orders.services.clerk import Clerk
from guitai.orders.services.desk import mark_handwritten, void_invoice
from guitai.orders.services.later import (
    can_issue,
    cancel_order,
    issue_later,
    job_head,
    order_head,
    reprint,
    set_manual_number,
)
from guitai.orders.services.parked import park, unpark
from guitai.orders.services.printing import Slip, report, slip_of
from guitai.orders.services.restoring import skip_lost_orders
from guitai.orders.services.sale import Credentials, complete_sale, replayed
from guitai.orders.services.shifts import Counted, ShiftResult, close, record_drawer, summarise

__all__ = [
    "Clerk",
    "Counted",
    "Credentials",
    "ShiftResult",
    "Slip",
    "can_issue",
    "cancel_order",
    "close",
    "complete_sale",
    "issue_later",
    "job_head",
    "mark_handwritten",
    "order_head",
    "park",
    "record_drawer",
    "replayed",
    "report",
    "reprint",
    "set_manual_number",
    "skip_lost_orders",
    "slip_of",
    "summarise",
    "unpark",
    "void_invoice",
]
