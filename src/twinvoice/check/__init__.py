"""What to check before a document leaves: the catalogue V01–V32 of mof.md §13.

``faults(document)`` looks at the document alone; what needs outside knowledge (own allocations, the
last number, today, the original invoice …) is checked where a ``Context`` brings it. Each code is
described in ``twinvoice/codes/faults.toml`` with the platform code it prevents.
"""

from twinvoice.check.catalogue import faults
from twinvoice.check.context import Context, LastIssued, Original, ReadBack

__all__ = ["Context", "LastIssued", "Original", "ReadBack", "faults"]
