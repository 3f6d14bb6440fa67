"""What every verb of this room does with typed text: tidy it, then take it or refuse it."""

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from guitai.kernel import text
from guitai.kernel.audit import Actor
from guitai.tenancy.errors import (
    BadBan,
    BadCarrierType,
    BadCode,
    BadEmail,
    BadPassword,
    BadQrKey,
    BadText,
    TextMissing,
    TextTooLong,
)
from guitai.tenancy.models import Account
from guitai.tenancy.rules import Member, is_carrier_type, is_code, is_qr_key
from twinvoice import ban


def actor_of(member: Member) -> Actor:
    return Actor(kind="person", name=member.name, id=member.staff_id)


def line(value: str, *, field: str, label: str, limit: int, required: bool = True) -> str:
    """One line of text as a document may carry it (product.md B.5.13, mof.md V23)."""
    tidied = text.tidy(value)
    if required and not tidied:
        raise TextMissing(field=field, label=label)
    if len(tidied) > limit:
        raise TextTooLong(field=field, label=label, limit=limit, length=len(tidied))
    fault = text.first_fault(tidied)
    if fault:
        place, character, wrong = fault
        raise BadText(field=field, label=label, place=place, character=character, wrong=wrong)
    return tidied


def code(value: str, *, field: str = "code") -> str:
    tidied = value.strip()
    if not is_code(tidied):
        raise BadCode(field=field, value=tidied[:40])
    return tidied


def business_number(value: str, *, field: str = "ban") -> str:
    tidied = value.strip()
    if not ban.is_valid(tidied):
        raise BadBan(field=field, value=tidied[:20])
    return tidied


def qr_key(value: str, *, field: str = "qr_key") -> str:
    tidied = value.strip().upper()
    if tidied and not is_qr_key(tidied):
        raise BadQrKey(field=field)
    return tidied


def carrier_type(value: str, *, field: str = "member_carrier_type") -> str:
    tidied = value.strip().upper()
    if tidied and not is_carrier_type(tidied):
        raise BadCarrierType(field=field, value=tidied[:20])
    return tidied


def email(value: str, *, field: str = "email") -> str:
    tidied = value.strip().lower()
    try:
        validate_email(tidied)
    except ValidationError as error:
        raise BadEmail(field=field, value=tidied[:80]) from error
    return tidied


def password(value: str, account: Account | None = None, *, field: str = "password") -> str:
    """Long enough, not all digits, not among the common ones (settings' validators)."""
    try:
        password_validation.validate_password(value, account)
    except ValidationError as error:
        raise BadPassword(field=field, detail=" ".join(error.messages)) from error
    return value


def optional_line(value: str, *, field: str, label: str, limit: int) -> str:
    return line(value, field=field, label=label, limit=limit, required=False)
