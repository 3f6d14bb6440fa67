"""The invoice list of the desk, and everything about one invoice (product.md B.12.3, F.3 (1))."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, Q, QuerySet, Sum, TextField

from guitai.devices import queries as devices
from guitai.devices.models import PrintJob
from guitai.invoicing import queries as invoicing
from guitai.invoicing.errors import InvoiceNotFound
from guitai.invoicing.models import (
    ExchangeRecord,
    Invoice,
    Transmission,
    TransmissionEvent,
    VoidDocument,
)
from guitai.invoicing.rules import SETTLED, InvoiceState, lane_of
from guitai.kernel import clock
from guitai.kernel.models import AuditEntry
from guitai.numbering.models import Allocation
from guitai.orders.models import Order
from guitai.reporting.queries.keyset import Cursor, Keys, all_pages, newest
from guitai.reporting.rules import Search, SearchKind, masked, searched, span_of_prefix
from twinvoice.document import CONSUMER_BAN
from twinvoice.period import Period

PAGE = 50
AT = "issued_at"
FEW = 5000
MANY_REGISTERS = 24
"""Above this a list of registers is one condition instead of one branch each."""


class CarrierId(Func):
    """``document ->> 'carrier_id1'``, spelled as in the index ``invoice_desk_carrier``."""

    template = "(%(expressions)s ->> 'carrier_id1')"
    output_field = TextField()


NATIONAL = ("3J0002", "CQ0001")
"""手機條碼 and 自然人憑證; every other carrier is a member's (mof.md §7)."""
_CONSUMER = Q(buyer_ban=CONSUMER_BAN)
KINDS: dict[str, tuple[str, Q]] = {
    "paper": ("紙本", Q(carrier_type="", npoban="", manual=False) & _CONSUMER),
    "company": ("公司統編", ~_CONSUMER),
    "mobile": ("手機條碼", Q(carrier_type="3J0002")),
    "citizen": ("自然人憑證", Q(carrier_type="CQ0001")),
    "member": ("會員載具", ~Q(carrier_type__in=["", *NATIONAL])),
    "donation": ("捐贈", ~Q(npoban="")),
    "manual": ("自行開立", Q(manual=True)),
}
"""Key in the address → word and condition."""


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """What the list is filtered by; empty and ``None`` mean any.

    ``registers`` confines to those registers (a store's own people see their store, B.14.9).
    """

    text: str = ""
    period: str = ""
    day: date | None = None
    registers: tuple[UUID, ...] | None = None
    state: str = ""
    upload: str = ""
    kind: str = ""

    @property
    def search(self) -> Search:
        return searched(self.text)


def branches(wanted: InvoiceFilter) -> list[QuerySet[Invoice]]:
    """The filter as queries that one index serves in order each; their union is the answer."""
    base = _common(wanted).alias(carrier_id=CarrierId("document"))
    parts = product(
        _by_text(wanted.search),
        _by_member_carrier(wanted.kind),
        _by_period(wanted.period),
        _by_upload(wanted.upload),
        _by_register(wanted),
    )
    return [base.filter(*conditions) for conditions in parts]


def _common(wanted: InvoiceFilter) -> QuerySet[Invoice]:
    found = Invoice.objects.all()
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.kind:
        found = found.filter(KINDS[wanted.kind][1]) if wanted.kind in KINDS else found.none()
    if wanted.day is not None:
        begin = _start(wanted.day)
        found = found.filter(issued_at__gte=begin, issued_at__lt=begin + timedelta(days=1))
    return found


def _start(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), clock.TAIPEI)


def _by_text(search: Search) -> list[Q]:
    value = search.value
    match search.kind:
        case SearchKind.NOTHING:
            return [Q()]
        case SearchKind.SCAN:
            return [Q(number=value, period=search.period)]
        case SearchKind.NUMBER:
            return [Q(number=value)]
        case SearchKind.PREFIX:
            return [Q(number__range=span_of_prefix(value))]
        case SearchKind.DIGITS:
            tracks = Allocation.objects.values_list("track", flat=True).distinct()
            return [Q(buyer_ban=value) & ~_CONSUMER, Q(number__in=[t + value for t in tracks])]
        case SearchKind.CARRIER:
            return [_carrier(value)]
        case SearchKind.OTHER:
            orders = list(Order.objects.filter(number=value).values_list("id", flat=True)[:50])
            return [Q(order_id__in=orders), _carrier(value)]
        case SearchKind.UNUSABLE:
            return []


def _carrier(value: str) -> Q:
    # The first condition is that of the partial index.
    return ~Q(carrier_type="") & Q(carrier_id=value)


def _by_member_carrier(kind: str) -> list[Q]:
    """One branch for each class of member carriers that there is: no index knows "any other"."""
    if kind != "member":
        return [Q()]
    return [Q(carrier_type=one) for one in _carrier_types() if one not in NATIONAL]


def _carrier_types() -> Iterator[str]:
    """Every class of carriers in use, by stepping from one to the next along the index."""
    kept = Invoice.objects.exclude(carrier_type="").order_by("carrier_type")
    last = ""
    while True:
        found = kept.filter(carrier_type__gt=last).values_list("carrier_type", flat=True).first()
        if found is None:
            return
        yield found
        last = found


def _by_period(code: str) -> list[Q]:
    """A period is a span of days of issue; hand-written numbers may be typed in later (S3.16)."""
    if not code:
        return [Q()]
    try:
        period = Period.parse(code)
    except ValueError:
        return []
    begin, end = _start(period.first_day), _start(period.last_day + timedelta(days=1))
    return [
        Q(period=period.code, issued_at__gte=begin, issued_at__lt=end),
        Q(period=period.code, manual=True),
    ]


def _by_upload(state: str) -> list[Q]:
    if not state:
        return [Q()]
    return [
        Q(id__in=_subjects(state, "invoice")),
        Q(id__in=_invoices_of(_subjects(state, "void"))),
    ]


def _subjects(state: str, kind: str) -> Any:
    """Ids of what is in that state: a list where few are, so that these are looked up one by one.

    Where many are, the newest invoices are among them, and the database walks from there.
    """
    found = Transmission.objects.filter(state=state, subject_kind=kind).values_list(
        "subject_id", flat=True
    )
    if state in SETTLED:
        return found
    few = list(found[: FEW + 1])
    return found if len(few) > FEW else few


def _invoices_of(voids: Any) -> Any:
    found = VoidDocument.objects.filter(id__in=voids).values_list("invoice_id", flat=True)
    return list(found) if isinstance(voids, list) else found


def _has_own_index(wanted: InvoiceFilter) -> bool:
    """Filters with an index over all registers (migration 0001)."""
    return wanted.state == InvoiceState.VOIDED or wanted.kind not in {"", "paper"}


def _by_register(wanted: InvoiceFilter) -> list[Q]:
    if wanted.registers is None:
        return [Q()]
    one_list = wanted.text or wanted.upload or _has_own_index(wanted)
    if one_list or len(wanted.registers) > MANY_REGISTERS:
        return [Q(register_id__in=wanted.registers)]
    return [Q(register_id=register) for register in wanted.registers]


@dataclass(slots=True)
class InvoiceRow:
    """One line of the list. ``carrier`` is masked."""

    invoice: Invoice
    carrier: str
    order_number: str = ""
    sendings: list[Transmission] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InvoicePage:
    rows: list[InvoiceRow]
    after: Cursor | None


def page(wanted: InvoiceFilter, after: Cursor | None = None, size: int = PAGE) -> InvoicePage:
    """One page, newest first: keys by index, then the rows of those keys."""
    keys: Keys = newest(branches(wanted), AT, size, after)
    return InvoicePage(rows_of(keys.ids), keys.after)


def export(wanted: InvoiceFilter, limit: int, size: int = 1000) -> Iterator[InvoiceRow]:
    """The filter's rows for a file, newest first, ``limit`` at most."""
    for ids in all_pages(branches(wanted), AT, size, limit):
        yield from rows_of(ids)


def rows_of(ids: Sequence[UUID]) -> list[InvoiceRow]:
    """The list's lines of those invoices, in the order of ``ids``."""
    found = (
        Invoice.objects.filter(id__in=list(ids))
        .defer("document")
        .annotate(carrier_id=CarrierId("document"))
        .prefetch_related("register__store")
    )
    by_id = {row.id: row for row in found}
    invoices = [by_id[key] for key in ids]
    lanes = _lanes(invoices)
    numbers = dict(
        Order.objects.filter(id__in=[i.order_id for i in invoices if i.order_id]).values_list(
            "id", "number"
        )
    )
    return [
        InvoiceRow(
            invoice,
            masked(invoice.carrier_id or ""),
            numbers.get(invoice.order_id, "") if invoice.order_id else "",
            lanes[_lane(invoice)],
        )
        for invoice in invoices
    ]


def _lane(invoice: Invoice) -> str:
    return lane_of(invoice.seller_ban, invoice.period, invoice.number)


def _lanes(invoices: Sequence[Invoice]) -> defaultdict[str, list[Transmission]]:
    found: defaultdict[str, list[Transmission]] = defaultdict(list)
    wanted = [_lane(invoice) for invoice in invoices]
    for row in Transmission.objects.filter(lane__in=wanted).order_by("lane", "position"):
        found[row.lane].append(row)
    return found


@dataclass(frozen=True, slots=True)
class DayTotal:
    """One register's invoices of one day; voided ones apart. Whole TWD (S2.22)."""

    register_id: UUID | None
    store_name: str
    register_name: str
    count: int
    total: int
    voided: int
    voided_total: int


def day_totals(day: date, registers: tuple[UUID, ...] | None) -> list[DayTotal]:
    """What each register issued on ``day``, to be compared with the centre's daily count."""
    found = _common(InvoiceFilter(day=day))
    if registers is not None:
        found = found.filter(register_id__in=registers)
    voided = Q(state=InvoiceState.VOIDED)
    rows = (
        found.order_by()
        .values("register_id", name=F("register__name"), store=F("register__store__name"))
        .annotate(
            count=Count("id"),
            amount=Sum("total"),
            voided=Count("id", filter=voided),
            voided_total=Sum("total", filter=voided, default=0),
        )
        .order_by("store", "name")
    )
    return [
        DayTotal(
            row["register_id"],
            row["store"] or "",
            row["name"] or "網路通路",
            row["count"],
            row["amount"],
            row["voided"],
            row["voided_total"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Sending:
    """One document on its way, with what was said about it."""

    transmission: Transmission
    events: list[TransmissionEvent]
    exchanges: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one invoice. ``carrier`` is masked, in the exchanges too."""

    invoice: Invoice
    carrier: str
    order: Order | None
    void: VoidDocument | None
    sendings: list[Sending]
    jobs: list[PrintJob]
    audit: list[AuditEntry]


SHOWN_BYTES = 8 * 1024


def one(invoice_id: UUID, registers: tuple[UUID, ...] | None) -> Invoice:
    """The invoice, if it is of those registers (``None``: any). Raises ``InvoiceNotFound``."""
    found = Invoice.objects.select_related("register__store").filter(id=invoice_id)
    if registers is not None:
        found = found.filter(register_id__in=registers)
    row = found.first()
    if row is None:
        raise InvoiceNotFound
    return row


def dossier(invoice_id: UUID, registers: tuple[UUID, ...] | None) -> Dossier:
    """Raises ``InvoiceNotFound``."""
    invoice = one(invoice_id, registers)
    document: dict[str, Any] = invoice.document or {}
    secrets = [str(document.get(key, "")) for key in ("carrier_id1", "carrier_id2")]
    void = invoicing.void_of(invoice.id)
    lane = invoicing.lane(invoice)
    parts = [invoice.order_id, void.id if void else None]
    subjects = [invoice.id, *(t.id for t in lane), *(part for part in parts if part)]
    return Dossier(
        invoice=invoice,
        carrier=masked(secrets[0]),
        order=Order.objects.filter(id=invoice.order_id).first() if invoice.order_id else None,
        void=void,
        sendings=[sending(row, secrets) for row in lane],
        jobs=list(devices.jobs_of(invoice.id)),
        audit=list(AuditEntry.objects.filter(subject_id__in=subjects).order_by("at", "id")[:200]),
    )


def sending(row: Transmission, secrets: Sequence[str]) -> Sending:
    """A transmission with its journal; the carrier's ``secrets`` are masked in what went out."""
    return Sending(
        row,
        invoicing.history(row.id),
        [_exchange(record, secrets) for record in invoicing.exchanges(row.id)],
    )


def _exchange(record: ExchangeRecord, secrets: Sequence[str]) -> dict[str, Any]:
    return {
        "record": record,
        "request": _readable(bytes(record.request), secrets),
        "response": _readable(bytes(record.response), secrets),
    }


def _readable(data: bytes, secrets: Sequence[str]) -> str:
    """Bytes as a person reads them: UTF-8, else Big5; long ones are cut."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp950", "replace")
    for secret in secrets:
        if secret:
            text = text.replace(secret, masked(secret))
    return text if len(text) <= SHOWN_BYTES else text[:SHOWN_BYTES] + "…"
