"""Decisions about a sale. Pure."""

from enum import StrEnum


class OrderState(StrEnum):
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class InvoiceChoiceKind(StrEnum):
    """How the buyer wants the invoice (product.md B.5.2)."""

    PAPER = "paper"
    COMPANY = "company"
    MOBILE_BARCODE = "mobile_barcode"
    CITIZEN_CERTIFICATE = "citizen_certificate"
    MEMBER = "member"
    DONATION = "donation"
    SELF = "self"
    NONE_YET = "none_yet"
