"""What ``check.faults`` may be told beyond the document itself. ``None`` means: not known."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import time as Time
from typing import Literal

from twinvoice.document import Allowance, Invoice
from twinvoice.track import Allocation


@dataclass(frozen=True, slots=True)
class Original:
    """An invoice that was issued before, what became of it, and its live allowances."""

    invoice: Invoice
    state: Literal["issued", "void", "annulled"] = "issued"
    allowances: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class LastIssued:
    """The last invoice of the same stream of numbers (a register's range)."""

    number: str
    date: Date
    time: Time


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a scanner read from the printed proof: the three symbols as text."""

    code39: str
    qr_left: str
    qr_right: str


@dataclass(frozen=True, slots=True)
class Context:
    """Outside knowledge for the rules that need it (mof.md §13); every field may stay unknown."""

    today: Date | None = None
    """Business date in Asia/Taipei: V06, V30."""

    reissue: bool = False
    """Sent again under its old number after an annulment (mof.md §5.3): V04–V06 do not apply."""

    own_bans: Collection[str] | None = None
    """BANs of the merchant's own places of business: V08, V09."""

    allocations: Sequence[Allocation] | None = None
    """What the platform allotted: V02, V03, V29, V30."""

    used_numbers: Collection[str] | None = None
    """Numbers issued in the period: V04, V30."""

    last_issued: LastIssued | None = None
    """V05."""

    originals: Mapping[str, Original] | None = None
    """Invoices by number, as far as this document refers to them: V24–V27."""

    allowances: Mapping[str, Allowance] | None = None
    """Live allowances by number: V24 for a void of an allowance."""

    allowance_numbers: Collection[str] | None = None
    """Every allowance number ever used: V27."""

    government_bans: Collection[str] = ()
    """Buyers who get no allowance through the platform (mof.md §2.2): V27."""

    consent_stored: bool | None = None
    """Whether the other party's consent is on record (mof.md §5.2): V25."""

    void_deadline: Date | None = None
    """An earlier cut-off for voids than the filing deadline (mof.md §15): V25."""

    company_lines: Literal["exclusive", "inclusive"] = "exclusive"
    """The basis of a company's lines (mof.md §2.3): V16."""

    schema_error: Callable[[bytes], str | None] | None = None
    """Validates the bytes to be sent against the official schema, says what is wrong: V31."""

    read_back: ReadBack | None = None
    """V32."""


NOTHING_KNOWN = Context()
