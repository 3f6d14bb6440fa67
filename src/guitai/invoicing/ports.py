"""What a value-added centre (加值中心) looks like to this room (providers.md §3.3).

Providers implement ``Centre`` and get everything they need in the call: no provider reads the
database, settings or a clock of its own. Amounts are whole TWD; moments are aware.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from guitai.invoicing.rules import Finding, Kind, Outcome
from twinvoice.document import Outgoing


class Ability(StrEnum):
    """What a centre can do at all; everything else is refused before it is called."""

    TAKE_NUMBERS = "take_numbers"
    TAKE_NEXT_PERIOD = "take_next_period"
    IMPORT_RANGES = "import_ranges"
    LIST_RANGES = "list_ranges"
    REPORT_CURSOR = "report_cursor"
    UPLOAD_ISSUE = "upload_issue"
    UPLOAD_VOID = "upload_void"
    UPLOADS_BLANK_ITSELF = "uploads_blank_itself"
    QUERY_STATUS = "query_status"
    KEYED_BY_NUMBER = "keyed_by_number"
    """A second sending of the same bytes under the same number cannot become a second document."""
    READ_RESULTS = "read_results"
    SERVER_TIME = "server_time"


ABILITY_NAMES = {
    Ability.TAKE_NUMBERS: "取號",
    Ability.TAKE_NEXT_PERIOD: "取下一期號",
    Ability.IMPORT_RANGES: "上傳自有字軌",
    Ability.LIST_RANGES: "查詢字軌",
    Ability.REPORT_CURSOR: "回報目前號碼",
    Ability.UPLOAD_ISSUE: "上傳開立",
    Ability.UPLOAD_VOID: "上傳作廢",
    Ability.UPLOADS_BLANK_ITSELF: "代傳空白字軌",
    Ability.QUERY_STATUS: "查詢上傳狀態",
    Ability.KEYED_BY_NUMBER: "以發票號碼辨識重複",
    Ability.READ_RESULTS: "讀取處理結果",
    Ability.SERVER_TIME: "對時",
}


class Which(StrEnum):
    CURRENT = "current"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Account:
    """How one register or one business entity reaches its centre. Never log ``channel_key``."""

    merchant_id: UUID
    id: UUID
    centre: str
    seller_ban: str
    register_id: UUID | None = None
    base_url: str = ""
    posid: str = ""
    channel_key: str = field(default="", repr=False)
    allow_plain_http: bool = False
    folder: str = ""
    """The operator's Turnkey folder; comes from the settings, never from a merchant."""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One document to hand over. ``wire_at`` is the moment of its first sending."""

    transmission_id: UUID
    kind: Kind
    document: Outgoing
    wire_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one parcel. ``code`` and ``message`` are the centre's own words.

    ``compared`` is false where the centre says that the number is there but not whether the
    content is the same.
    """

    outcome: Outcome
    code: str = ""
    message: str = ""
    compared: bool = True
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What asking about a document found."""

    finding: Finding
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class CentreRange:
    """Consecutive numbers; ``begin`` and ``end`` are eight digits, both inclusive."""

    period_code: str
    track: str
    begin: str
    end: str
    invoice_type: str = "07"


@dataclass(frozen=True, slots=True)
class RangesAnswer:
    """What the centre said about ranges. ``ranges`` is empty unless ``outcome`` is OK."""

    outcome: Outcome
    ranges: Sequence[CentreRange] = ()
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """The centre's clock; ``moment`` is ``None`` unless ``outcome`` is OK."""

    outcome: Outcome
    moment: datetime | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ResultItem:
    """One thing a platform's result file says about one document.

    ``finding`` is CONFIRMED, REJECTED or DIFFERENT (the number is there with another content).
    ``transmission_id`` where the file tells it, else ``number``.
    """

    kind: Kind
    finding: Finding
    number: str = ""
    transmission_id: UUID | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file that a platform left. ``days`` are the days of which it lists every document."""

    name: str
    items: Sequence[ResultItem] = ()
    days: frozenset[date] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, secrets already masked."""

    centre: str
    operation: str
    at: datetime
    milliseconds: int
    method: str
    url: str
    status: int | None
    problem: str
    request: bytes
    response: bytes
    merchant_id: UUID
    register_id: UUID | None = None
    transmission_id: UUID | None = None


class Journal(Protocol):
    """Where the one door out writes down what passed through it. Must not raise or block."""

    def record(self, exchange: Exchange) -> None: ...


class Centre(Protocol):
    """One value-added centre. Instances are shared by threads and keep no state of a call."""

    key: str
    name: str
    abilities: frozenset[Ability]
    call_limit: timedelta
    """No call takes longer; a document in doubt is asked about only after it has passed."""
    published: bool
    """False where the protocol is reconstructed; the screens then say 「規格未公開」."""

    def upload_issue(self, account: Account, parcel: Parcel) -> Answer: ...

    def upload_void(self, account: Account, parcel: Parcel) -> Answer: ...

    def query(self, account: Account, parcel: Parcel, now: datetime) -> Status: ...

    def take_numbers(self, account: Account, which: Which, now: datetime) -> RangesAnswer: ...

    def list_ranges(self, account: Account, which: Which, now: datetime) -> RangesAnswer: ...

    def import_range(
        self, account: Account, which: Which, numbers: CentreRange, now: datetime
    ) -> RangesAnswer: ...

    def report_cursor(
        self, account: Account, numbers: CentreRange, next_number: str, now: datetime
    ) -> Answer: ...

    def server_time(self, account: Account, now: datetime) -> TimeAnswer: ...

    def faults_of(self, account: Account) -> Sequence[str]:
        """What is missing or wrong in the account's settings, as sentences for a person."""
        ...


class CentreClass(Protocol):
    """How the registry sees a centre before it is opened."""

    abilities: frozenset[Ability]
    published: bool

    def __call__(self, journal: Journal) -> Centre: ...


class ResultReader(Protocol):
    """A centre whose answers arrive as files later. ``folder`` is the operator's."""

    def result_names(self, folder: str, since: date) -> Sequence[str]:
        """Names of the result files there since that day, oldest first."""
        ...

    def read_result(self, folder: str, name: str) -> ResultFile:
        """One of them, read tolerantly; what cannot be read says so in ``problem``."""
        ...
