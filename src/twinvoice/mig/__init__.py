"""MIG 4.1, the messages between a seller and the Ministry's platform, as XML.

``write`` makes the bytes that Turnkey takes (mof.md §1, element order of mig-elements.md);
``read`` turns bytes back into documents, also those the platform sends (mof.md §1.8, §9.5).
"""

from twinvoice.mig.messages import MESSAGE_CODES, message_code, namespace
from twinvoice.mig.reader import read
from twinvoice.mig.schema import compile_schema, schema_text
from twinvoice.mig.writer import write

__all__ = [
    "MESSAGE_CODES",
    "compile_schema",
    "message_code",
    "namespace",
    "read",
    "schema_text",
    "write",
]
