"""The verbs of invoice numbers; the only writers of this room."""

from guitai.numbering.services._parts import OwnerRef
from guitai.numbering.services.distribution import (
    assign,
    distribute_by_hand,
    distribute_by_use,
    distribute_evenly,
    take_back,
)
from guitai.numbering.services.imports import (
    ImportResult,
    add_range_from_centre,
    import_allocation,
)
from guitai.numbering.services.periods import close_period, pause, pause_all, resume
from guitai.numbering.services.reconciling import books_restored, note_issued
from guitai.numbering.services.taking import Taken, take_number, take_web_number

__all__ = [
    "ImportResult",
    "OwnerRef",
    "Taken",
    "add_range_from_centre",
    "assign",
    "books_restored",
    "close_period",
    "distribute_by_hand",
    "distribute_by_use",
    "distribute_evenly",
    "import_allocation",
    "note_issued",
    "pause",
    "pause_all",
    "resume",
    "take_back",
    "take_number",
    "take_web_number",
]
