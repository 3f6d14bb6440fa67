"""The verbs of this room; the only writers of its tables."""

from guitai.devices.services.beats import store_beat, store_departure
from guitai.devices.services.printing import (
    cancel_waiting,
    change_state,
    keep_document,
    queue_print,
)

__all__ = [
    "cancel_waiting",
    "change_state",
    "keep_document",
    "queue_print",
    "store_beat",
    "store_departure",
]
