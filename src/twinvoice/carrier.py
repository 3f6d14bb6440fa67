"""Carriers (載具) and donation codes (捐贈碼): value types that cannot hold a wrong value.

Source: mof.md §7.1, §7.4 and §11; vectors in mof-vectors.md §6. A wrong code is refused at the
input and never replaced (DESIGN §4). Codes are not trimmed and not turned into upper case here.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from twinvoice.faults import Fault

MOBILE = "3J0002"
CITIZEN = "CQ0001"
PUBLIC_TYPES = frozenset({MOBILE, CITIZEN})
"""Carriers that a company invoice may name too (mof.md §2.1: 手機條碼報核)."""

_MOBILE = re.compile(r"/[0-9A-Z.+\-]{7}")
_CITIZEN = re.compile(r"[A-Z]{2}[0-9]{14}")
_TYPE = re.compile(r"[0-9A-Z]{2}[0-9]{4}")
_DONATION = re.compile(r"[0-9]{3,7}")
_MAX_ID = 400


def _mask(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]


@dataclass(frozen=True, slots=True)
class MobileBarcode:
    """手機條碼: a slash and seven of ``0-9 A-Z . + -``. Raises ``TWI-CARRIER-MOBILE``."""

    code: str
    carrier_type: ClassVar[str] = MOBILE

    def __post_init__(self) -> None:
        if not isinstance(self.code, str) or not _MOBILE.fullmatch(self.code):
            raise Fault("TWI-CARRIER-MOBILE", "Main/CarrierId1", {"value": self.code})

    @property
    def id1(self) -> str:
        return self.code

    @property
    def id2(self) -> str:
        """Both ids of a public carrier are the code (mof.md §2.1)."""
        return self.code

    @property
    def masked(self) -> str:
        """For screens: ``/AB****G`` (mof.md §11)."""
        return _mask(self.code, 3, 1)

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class CitizenCertificate:
    """自然人憑證條碼: two letters and fourteen digits. Raises ``TWI-CARRIER-CITIZEN``."""

    code: str
    carrier_type: ClassVar[str] = CITIZEN

    def __post_init__(self) -> None:
        if not isinstance(self.code, str) or not _CITIZEN.fullmatch(self.code):
            raise Fault("TWI-CARRIER-CITIZEN", "Main/CarrierId1", {"value": self.code})

    @property
    def id1(self) -> str:
        return self.code

    @property
    def id2(self) -> str:
        """Both ids of a public carrier are the code (mof.md §2.1)."""
        return self.code

    @property
    def masked(self) -> str:
        return _mask(self.code, 2, 2)

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class MemberCarrier:
    """A seller's own or a company's carrier: its type, shown id and hidden id (mof.md §7.1, §7.4).

    The type is issued to that seller by the platform (six characters); the two public types have
    classes of their own. ``id2`` empty repeats ``id1``. Raises ``TWI-CARRIER-TYPE`` or
    ``TWI-CARRIER-ID``.
    """

    carrier_type: str
    id1: str
    id2: str = ""

    def __post_init__(self) -> None:
        kind = self.carrier_type
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind) or kind in PUBLIC_TYPES:
            raise Fault("TWI-CARRIER-TYPE", "Main/CarrierType", {"value": kind})
        if self.id2 == "":
            object.__setattr__(self, "id2", self.id1)
        for path, value in (("Main/CarrierId1", self.id1), ("Main/CarrierId2", self.id2)):
            if not is_carrier_id(value):
                params = {"length": len(str(value)), "limit": _MAX_ID}
                raise Fault("TWI-CARRIER-ID", path, params)

    @property
    def masked(self) -> str:
        """The shown id, half hidden; the hidden id is never for screens (mof.md §11)."""
        head = min(3, len(self.id1) // 4)
        return _mask(self.id1, head, 1)


@dataclass(frozen=True, slots=True)
class DonationCode:
    """捐贈碼: three to seven digits. Raises ``TWI-DONATION``."""

    code: str

    def __post_init__(self) -> None:
        if not isinstance(self.code, str) or not _DONATION.fullmatch(self.code):
            raise Fault("TWI-DONATION", "Main/NPOBAN", {"value": self.code})

    @property
    def masked(self) -> str:
        """The code of a public body is public: nothing to hide."""
        return self.code

    def __str__(self) -> str:
        return self.code


Carrier = MobileBarcode | CitizenCertificate | MemberCarrier


def is_carrier_id(text: str) -> bool:
    """1–400 printable characters without a blank, half or full width, at either end (E1005)."""
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_ID:
        return False
    return text == text.strip() and text.isprintable()


def of(carrier_type: str, id1: str, id2: str = "") -> Carrier:
    """The carrier that three fields of an invoice name; raises as its class does.

    A public carrier whose two ids differ is refused with ``TWI-CARRIER-ID`` (mof.md §2.1).
    """
    if carrier_type not in PUBLIC_TYPES:
        return MemberCarrier(carrier_type, id1, id2)
    if id2 not in ("", id1):
        raise Fault("TWI-CARRIER-ID", "Main/CarrierId2", {"reason": "differs from CarrierId1"})
    return MobileBarcode(id1) if carrier_type == MOBILE else CitizenCertificate(id1)
