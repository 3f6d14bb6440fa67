"""How the buyer wants the invoice, and whether that may be. Pure.

Sources: product.md B.5.2-B.5.4; mof.md §2.1 (the delivery table), §2.2, §7.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from guitai.kernel import text
from guitai.orders import errors
from twinvoice import ban, proof
from twinvoice.carrier import (
    Carrier,
    CitizenCertificate,
    DonationCode,
    MemberCarrier,
    MobileBarcode,
)
from twinvoice.document import Buyer
from twinvoice.faults import Fault
from twinvoice.period import Period
from twinvoice.track import InvoiceNumber


class InvoiceChoiceKind(StrEnum):
    PAPER = "paper"
    COMPANY = "company"
    MOBILE_BARCODE = "mobile_barcode"
    CITIZEN_CERTIFICATE = "citizen_certificate"
    MEMBER = "member"
    DONATION = "donation"
    SELF = "self"
    NONE_YET = "none_yet"


K = InvoiceChoiceKind
_NOT_ISSUED = frozenset({K.SELF, K.NONE_YET})


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty fields mean "not given". ``print`` is only asked where both are allowed."""

    kind: InvoiceChoiceKind
    ban: str = ""
    buyer_name: str = ""
    carrier: str = ""
    npoban: str = ""
    print: bool | None = None
    number: str = ""
    zero_tax_reason: str = ""
    customs_mark: str = ""


_ALLOWED: dict[InvoiceChoiceKind, frozenset[str]] = {
    K.PAPER: frozenset(),
    K.COMPANY: frozenset({"ban", "buyer_name", "carrier"}),
    K.MOBILE_BARCODE: frozenset({"ban", "buyer_name", "carrier", "npoban"}),
    K.CITIZEN_CERTIFICATE: frozenset({"ban", "buyer_name", "carrier", "npoban"}),
    K.MEMBER: frozenset({"carrier", "npoban"}),
    K.DONATION: frozenset({"carrier", "npoban"}),
    K.SELF: frozenset({"number"}),
    K.NONE_YET: frozenset(),
}
_WORDS = {
    "ban": "統一編號",
    "buyer_name": "公司名稱",
    "carrier": "載具",
    "npoban": "捐贈碼",
    "number": "發票號碼",
}

MEMBER_TYPE_LATER = "AA0000"
"""Holds the place of the seller's own class of carriers until it is written in with the number;
the pattern of mof.md §1.4, issued to nobody."""
_MEMBER_SHAPE = "請重新掃描會員條碼，或輸入英數字的會員編號（最多 400 字，頭尾不能空白）。"


def is_issued(kind: InvoiceChoiceKind) -> bool:
    """Whether the system numbers and uploads it."""
    return kind not in _NOT_ISSUED


def is_printed(choice: Choice) -> bool:
    """The PrintMark (mof.md §2.1): paper always; a company unless a public carrier stands in."""
    if choice.kind is K.PAPER:
        return True
    if choice.ban:
        return choice.print is not False if choice.kind is K.COMPANY else bool(choice.print)
    return False


def checked(choice: Choice) -> Choice:
    """The same choice; refuses a wrong code at its field and fields that contradict the kind."""
    for name, label in _WORDS.items():
        if getattr(choice, name) and name not in _ALLOWED[choice.kind]:
            raise errors.BadChoice(
                field=f"invoice.{name}", detail=f"這種發票不能填寫{label}，請清除或改選發票類型。"
            )
    _check_needed(choice)
    if choice.ban:
        checked_ban(choice.ban, field="invoice.ban")
    if choice.npoban:
        checked_donation(choice.npoban, field="invoice.npoban")
    carrier_of(choice)
    _check_name(choice.buyer_name)
    _check_delivery(choice)
    return choice


_NEEDED = {
    K.COMPANY: "ban",
    K.MOBILE_BARCODE: "carrier",
    K.CITIZEN_CERTIFICATE: "carrier",
    K.MEMBER: "carrier",
    K.DONATION: "npoban",
}


def _check_needed(choice: Choice) -> None:
    name = _NEEDED.get(choice.kind)
    if name and not getattr(choice, name):
        raise errors.BadChoice(field=f"invoice.{name}", detail=f"請填寫{_WORDS[name]}。")


def _check_delivery(choice: Choice) -> None:
    if choice.ban and choice.npoban:
        raise errors.BadChoice(field="invoice.npoban", detail="有統一編號的發票不能捐贈。")
    if choice.print and not is_printed(choice) and is_issued(choice.kind):
        detail = "存入載具或捐贈的發票不印證明聯，請關閉列印或改選紙本。"
        raise errors.BadChoice(field="invoice.print", detail=detail)
    undelivered = choice.kind is K.COMPANY and not choice.carrier and not is_printed(choice)
    if undelivered or (choice.kind is K.PAPER and choice.print is False):
        raise errors.BadChoice(
            field="invoice.print", detail="沒有載具的發票一定要印證明聯，不能關閉列印。"
        )


def _check_name(name: str) -> None:
    if len(name) > 60:
        raise errors.TextTooLong(
            field="invoice.buyer_name", label="公司名稱", limit=60, length=len(name)
        )
    fault = text.first_fault(name) if name else None
    if fault:
        place, character, wrong = fault
        raise errors.BadNote(
            field="invoice.buyer_name",
            label="公司名稱",
            place=place,
            character=character,
            wrong=wrong,
        )


def buyer_of(choice: Choice) -> Buyer:
    """A company whose name is not known is named by its number; a consumer is ten zeros."""
    if not choice.ban:
        return Buyer()
    return Buyer(ban=choice.ban, name=choice.buyer_name or choice.ban)


def carrier_of(choice: Choice) -> Carrier | None:
    """The carrier as a checked value, by the kind or, beside a BAN or donation, by its shape."""
    if not choice.carrier:
        return None
    if choice.kind is K.CITIZEN_CERTIFICATE:
        return checked_citizen(choice.carrier, field="invoice.carrier")
    if choice.kind is K.MEMBER:
        return checked_member(choice.carrier)
    if choice.kind is K.MOBILE_BARCODE or choice.carrier.startswith("/"):
        return checked_mobile(choice.carrier, field="invoice.carrier")
    return checked_citizen(choice.carrier, field="invoice.carrier")


def checked_ban(value: str, *, field: str = "ban") -> str:
    if not ban.is_valid(value):
        raise errors.BadBan(field=field, value=value[:20])
    return value


def checked_mobile(value: str, *, field: str = "mobile_barcode") -> MobileBarcode:
    try:
        return MobileBarcode(value)
    except Fault as fault:
        raise errors.BadMobileBarcode(field=field, value=value[:20]) from fault


def checked_citizen(value: str, *, field: str = "citizen_certificate") -> CitizenCertificate:
    try:
        return CitizenCertificate(value)
    except Fault as fault:
        raise errors.BadCitizenCertificate(field=field, value=value[:20]) from fault


def checked_donation(value: str, *, field: str = "npoban") -> DonationCode:
    try:
        return DonationCode(value)
    except Fault as fault:
        raise errors.BadDonation(field=field, value=value[:20]) from fault


def checked_member(value: str) -> MemberCarrier:
    """A member's own id, 1-400 printable ASCII characters: what a scanner or a keyboard gives.

    Its class is the seller's (mof.md §7.1), which the database writes in (``MEMBER_TYPE_LATER``).
    """
    try:
        found = MemberCarrier(MEMBER_TYPE_LATER, value)
    except Fault as fault:
        raise errors.BadMember(field="invoice.carrier", detail=_MEMBER_SHAPE) from fault
    if not value.isascii():
        raise errors.BadMember(field="invoice.carrier", detail=_MEMBER_SHAPE)
    return found


@dataclass(frozen=True, slots=True)
class HandWritten:
    """A number that somebody typed or scanned; ``period`` is known where the code tells it."""

    number: str
    period: str


def hand_written(typed: str, today: date, *, field: str = "number") -> HandWritten:
    """自行開立: typed as ``AB12345678`` or ``AB-12345678``, or a scanned invoice (B.5.4).

    ``period`` is that of the scanned code, else today's. Raises ``ORD-NUMBER``.
    """
    value = typed.strip().upper()
    try:
        return HandWritten(str(InvoiceNumber.parse(value)), Period.of(today).code)
    except Fault:
        found = scanned(typed)
    if found is None:
        raise errors.BadNumber(field=field, value=value[:20])
    return found


NOTED = r"[A-Za-zＡ-Ｚａ-ｚ]{2}[-－ ]?[0-9０-９]{8}"
"""What looks like an invoice number in free text, also as a Chinese input method types it."""
_NOTED = re.compile(rf"(?<![A-Za-z0-9])({NOTED})(?![0-9０-９])")


def noted_number(text: str) -> str:
    """The invoice number that somebody wrote into a note, as it is spelled; empty for none.

    A number there is marked nowhere (S3.16): neither lists nor files know that the order has one.
    """
    found = _NOTED.search(text)
    if found is None:
        return ""
    return re.sub("[- ]", "", unicodedata.normalize("NFKC", found[1])).upper()


def scanned(code: str) -> HandWritten | None:
    """Number and period of a scanned Code 39 or left QR code of an invoice; else ``None``."""
    try:
        bars = proof.read_code39(code)
        return HandWritten(bars.number, bars.period_code)
    except Fault:
        pass
    try:
        left = proof.read_left(code.strip())
        return HandWritten(left.number, Period.of(left.date).code)
    except Fault:
        return None
