"""Which document is which message. Source: mof.md §1.2, §1.3."""

from collections.abc import Mapping

from twinvoice import document as model

MESSAGE_CODES: Mapping[type, str] = {
    model.Invoice: "F0401",
    model.Void: "F0501",
    model.Annulment: "F0701",
    model.Allowance: "G0401",
    model.AllowanceVoid: "G0501",
    model.BranchAllocation: "E0401",
    model.BlankReport: "E0402",
    model.Assignment: "E0501",
    model.AwardList: "E0504",
    model.ProcessResult: "ProcessResult",
    model.SummaryResult: "SummaryResult",
}
"""The message code of each document class; results have none and go by their name."""

_EXCEPTIONS = {
    "E0501": "urn:GEINV:E0501:4.0",
    "E0504": "urn:GEINV:eInvoiceMessage:E0504:4.0",
    "ProcessResult": "urn:GEINV:ProcessResult:4.0",
    "SummaryResult": "urn:GEINV:SummaryResult:4.0",
}


def message_code(document: model.Document) -> str:
    """``F0401`` for an ``Invoice`` and so on (mof.md §1.2)."""
    return MESSAGE_CODES[type(document)]


def namespace(code: str) -> str:
    """The XML namespace of a message code (mof.md §1.3)."""
    return _EXCEPTIONS.get(code) or f"urn:GEINV:eInvoiceMessage:{code}:4.1"
