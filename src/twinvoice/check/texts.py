"""V23: lengths, characters and digits. Source: mof.md §1.4–§1.8, the schemas' types, §2.8.

Lengths count characters, not bytes. Mandatory texts need a character that is not a blank: the
schema would let an empty description or a missing address pass (mof-vectors.md §9).
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from twinvoice import document as model
from twinvoice.faults import Fault

_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

Text = tuple[str, str, int, int]
"""Path, text, least and most characters."""

_ROLE = (
    ("Name", "name", 1, 60),
    ("Address", "address", 0, 100),
    ("PersonInCharge", "person_in_charge", 0, 30),
    ("TelephoneNumber", "telephone", 0, 26),
    ("FacsimileNumber", "facsimile", 0, 26),
    ("EmailAddress", "email", 0, 400),
    ("CustomerNumber", "customer_number", 0, 20),
    ("RoleRemark", "role_remark", 0, 40),
)


def text_fault(path: str, text: str, least: int, most: int) -> Fault | None:
    """The fault of one text, if any."""
    if found := _BROKEN.search(text):
        return Fault("TWI-V23", path, {"character": f"U+{ord(found[0]):04X}"})
    if len(text) > most:
        return Fault("TWI-V23", path, {"length": len(text), "limit": most})
    if least and len(text.strip()) < least:
        return Fault("TWI-V23", path, {"length": len(text.strip()), "least": least})
    return None


def text_faults(texts: Iterable[Text]) -> Iterator[Fault]:
    for path, text, least, most in texts:
        if fault := text_fault(path, text, least, most):
            yield fault


def role_texts(path: str, role: model.Seller | model.Buyer) -> Iterator[Text]:
    for name, attribute, least, most in _ROLE:
        yield f"{path}/{name}", getattr(role, attribute), least, most


def invoice_texts(invoice: model.Invoice) -> Iterator[Text]:
    yield from role_texts("Main/Seller", invoice.seller)
    yield from role_texts("Main/Buyer", invoice.buyer)
    yield "Main/MainRemark", invoice.main_remark, 0, 200
    yield "Main/Category", invoice.category, 0, 2
    yield "Main/RelateNumber", invoice.relate_number, 0, 20
    yield "Main/Reserved1", invoice.reserved1, 0, 20
    yield "Main/Reserved2", invoice.reserved2, 0, 100
    for index, line in enumerate(invoice.lines, 1):
        path = f"Details/ProductItem[{index}]"
        yield f"{path}/Description", line.description, 1, 500
        yield f"{path}/Unit", line.unit, 0, 6
        yield f"{path}/Remark", line.remark, 0, 120
        yield f"{path}/RelateNumber", line.relate_number, 0, 50


def allowance_texts(allowance: model.Allowance) -> Iterator[Text]:
    yield from role_texts("Main/Seller", allowance.seller)
    yield from role_texts("Main/Buyer", allowance.buyer)
    for index, line in enumerate(allowance.lines, 1):
        path = f"Details/ProductItem[{index}]"
        yield f"{path}/OriginalDescription", line.original_description, 1, 500
        yield f"{path}/OriginalSequenceNumber", line.original_sequence, 0, 4
        yield f"{path}/Unit", line.unit, 0, 6


def reserved_texts(document: model.Void | model.Annulment) -> Iterator[Text]:
    yield "Remark", document.remark, 0, 200
    yield "Reserved1", document.reserved1, 0, 20
    yield "Reserved2", document.reserved2, 0, 100


def reason_fault(path: str, reason: str) -> Fault | None:
    """Reasons are 1–20 characters after their whitespace is collapsed (mof.md §1.6)."""
    return text_fault(path, " ".join(reason.split()) if reason.isprintable() else reason, 1, 20)


def summable(value: Decimal) -> bool:
    """Whether it can be added up; what cannot has a ``decimal_fault`` of its own."""
    return value.is_finite() and (not value or value.adjusted() <= 40)


def decimal_fault(
    path: str, value: Decimal, *, digits: int = 20, fraction: int = 7
) -> Fault | None:
    """``totalDigits`` and ``fractionDigits`` of the schema, counted without idle zeros."""
    if not value.is_finite():
        return Fault("TWI-V23", path, {"value": str(value)})
    _, coefficient, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not any(coefficient):
        return None
    text = "".join(map(str, coefficient))
    stripped = text.rstrip("0")
    exponent += len(text) - len(stripped)
    behind = max(-exponent, 0)
    before = max(len(stripped.lstrip("0")) + exponent, 0)
    if behind > fraction or before + behind > digits:
        return Fault("TWI-V23", path, {"value": str(value), "digits": f"{digits}/{fraction}"})
    return None
