"""The verbs of this room; the only writers of its tables."""

from guitai.devices.services.beats import beat
from guitai.devices.services.printing import (
    cancel_waiting,
    change_state,
    keep_document,
    queue_print,
)

__all__ = ["beat", "cancel_waiting", "change_state", "keep_document", "queue_print"]
