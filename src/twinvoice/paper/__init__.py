"""What stands on 57 mm paper, as logical blocks. Blocks, never printer bytes (printing.md §3).

A slip is a tuple of blocks. It travels as JSON from the server through the page to the agent,
which renders it for the printer it has; the same blocks draw the preview, so the preview is the
paper.
"""

from twinvoice.paper.allowances import allowance_slip
from twinvoice.paper.blocks import (
    Align,
    Block,
    Code39,
    Columns,
    Cut,
    Feed,
    QrPair,
    Rule,
    Ruler,
    Slip,
    Text,
)
from twinvoice.paper.counter import (
    SelfTestFacts,
    ShiftSummary,
    TenderSum,
    pairing_slip,
    shift_slip,
    test_slip,
)
from twinvoice.paper.invoices import (
    LONGEST_DETAIL,
    company_proof,
    proof_copy,
    transaction_detail,
)
from twinvoice.paper.plain import as_text
from twinvoice.paper.wire import from_json, to_json

__all__ = [
    "LONGEST_DETAIL",
    "Align",
    "Block",
    "Code39",
    "Columns",
    "Cut",
    "Feed",
    "QrPair",
    "Rule",
    "Ruler",
    "SelfTestFacts",
    "ShiftSummary",
    "Slip",
    "TenderSum",
    "Text",
    "allowance_slip",
    "as_text",
    "company_proof",
    "from_json",
    "pairing_slip",
    "proof_copy",
    "shift_slip",
    "test_slip",
    "to_json",
    "transaction_detail",
]
