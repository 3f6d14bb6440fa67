"""The verbs of this room; the only writers of its tables."""

from guitai.invoicing.services.record import mark_printed, record_manual, void

__all__ = ["mark_printed", "record_manual", "void"]
