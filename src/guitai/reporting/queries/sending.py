"""How sending stands: counts that lead to their documents, lists, paused centres, alarms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce

from guitai.invoicing import queries as invoicing
from guitai.invoicing import registry
from guitai.invoicing.errors import TransmissionNotFound
from guitai.invoicing.models import (
    CentreAccount,
    CentreAlarm,
    Invoice,
    Transmission,
    VoidDocument,
)
from guitai.invoicing.rules import (
    ALARM_AFTER,
    LATE_AFTER,
    AccountState,
    TransmissionState,
    lane_of,
)
from guitai.reporting.queries.invoices import Sending, sending
from guitai.reporting.queries.keyset import Cursor, all_pages, newest
from guitai.reporting.rules import SearchKind, searched

S = TransmissionState
UNSENT = (S.WAITING, S.IN_FLIGHT, S.IN_DOUBT, S.REJECTED, S.PARKED)
SETTLED = (S.SENT, S.CONFIRMED)
RECENT = timedelta(days=2)
"""Settled documents are counted over the last two days only: older ones are nobody's work."""
PAGE = 50
AT = "created_at"
FEW_FIRST = "made_at"
Registers = tuple[UUID, ...] | None


def _of(registers: Registers) -> QuerySet[Transmission]:
    found = Transmission.objects.all()
    return found if registers is None else found.filter(register_id__in=registers)


@dataclass(frozen=True, slots=True)
class CentreCounts:
    """One centre: state → how many documents; ``total`` of the unsent ones."""

    centre: str
    by_state: dict[str, int]

    @property
    def unsent(self) -> int:
        return sum(self.by_state.get(state, 0) for state in UNSENT)


def counts(registers: Registers, now: datetime) -> list[CentreCounts]:
    """Unsent documents of all times and settled ones of the last two days, by centre and state."""
    found: dict[str, dict[str, int]] = {}
    open_ones = _of(registers).filter(state__in=UNSENT)
    settled = _of(registers).filter(state__in=SETTLED, created_at__gte=now - RECENT)
    for rows in (open_ones, settled):
        for row in rows.order_by().values("centre", "state").annotate(count=Count("id")):
            found.setdefault(row["centre"], {})[row["state"]] = row["count"]
    return [CentreCounts(centre, found[centre]) for centre in sorted(found)]


@dataclass(frozen=True, slots=True)
class Lateness:
    """How many unsent documents are older than 36 and than 48 hours."""

    warned: int
    late: int


def lateness(registers: Registers, now: datetime) -> Lateness:
    row = (
        _of(registers)
        .filter(state__in=UNSENT, created_at__lt=now - ALARM_AFTER)
        .aggregate(
            warned=Count("id", filter=Q(created_at__gte=now - LATE_AFTER)),
            late=Count("id", filter=Q(created_at__lt=now - LATE_AFTER)),
        )
    )
    return Lateness(row["warned"], row["late"])


@dataclass(frozen=True, slots=True)
class SendingFilter:
    """``late`` is empty, ``36`` or ``48`` (hours); ``number`` is typed or scanned."""

    registers: Registers = None
    state: str = ""
    centre: str = ""
    kind: str = ""
    number: str = ""
    late: str = ""


@dataclass(frozen=True, slots=True)
class SendingPage:
    rows: list[Transmission]
    after: Cursor | None


def page(
    wanted: SendingFilter, now: datetime, after: Cursor | None = None, size: int = PAGE
) -> SendingPage:
    """One page of transmissions, newest first."""
    keys = newest([_found(wanted, now)], _order(wanted), size, after)
    return SendingPage(rows_of(keys.ids), keys.after)


def _found(wanted: SendingFilter, now: datetime) -> QuerySet[Transmission]:
    found = _of(wanted.registers)
    exact = {
        "state": wanted.state,
        "centre": wanted.centre,
        "kind": wanted.kind,
    }
    found = found.filter(**{key: value for key, value in exact.items() if value})
    if wanted.number:
        found = found.filter(lane__in=_lanes(wanted.number))
    if wanted.late:
        limit = LATE_AFTER if wanted.late == "48" else ALARM_AFTER
        found = found.filter(state__in=UNSENT, created_at__lt=now - limit)
    if _order(wanted) == FEW_FIRST:
        found = found.annotate(**{FEW_FIRST: Coalesce(AT, AT)})
    return found


def _order(wanted: SendingFilter) -> str:
    """Unsent documents are few among millions: find them first, then sort them.

    Ordered by the plain column, the database would walk from the newest on until it met them.
    """
    return FEW_FIRST if wanted.late or wanted.state in UNSENT else AT


def _lanes(typed: str) -> list[str]:
    """Lanes of the invoices of that number: transmissions have no index by number alone."""
    search = searched(typed)
    if search.kind not in {SearchKind.NUMBER, SearchKind.SCAN}:
        return []
    rows = Invoice.objects.filter(number=search.value).values_list("seller_ban", "period", "number")
    return [lane_of(*row) for row in rows]


def export(
    wanted: SendingFilter, now: datetime, limit: int, size: int = 1000
) -> Iterator[Transmission]:
    for ids in all_pages([_found(wanted, now)], _order(wanted), size, limit):
        yield from rows_of(ids)


def rows_of(ids: Sequence[UUID]) -> list[Transmission]:
    by_id = {row.id: row for row in Transmission.objects.filter(id__in=list(ids))}
    return [by_id[key] for key in ids]


def invoice_ids(rows: Sequence[Transmission]) -> dict[UUID, UUID]:
    """Transmission → its invoice, for the link."""
    voids = dict(
        VoidDocument.objects.filter(
            id__in=[row.subject_id for row in rows if row.subject_kind == "void"]
        ).values_list("id", "invoice_id")
    )
    return {
        row.id: row.subject_id if row.subject_kind == "invoice" else voids[row.subject_id]
        for row in rows
        if row.subject_kind == "invoice" or row.subject_id in voids
    }


def one(transmission_id: UUID, registers: Registers) -> Transmission:
    """Raises ``TransmissionNotFound`` for what is not of those registers."""
    row = _of(registers).filter(id=transmission_id).first()
    if row is None:
        raise TransmissionNotFound
    return row


def journal(row: Transmission) -> Sending:
    """The transmission with events and exchanges; the carrier is masked."""
    invoice = invoicing.invoice(invoice_ids([row]).get(row.id, row.subject_id))
    document = (invoice.document or {}) if invoice else {}
    return sending(row, [str(document.get(key, "")) for key in ("carrier_id1", "carrier_id2")])


def hindered(rows: Sequence[Transmission]) -> dict[UUID, str]:
    """Why waiting documents do not go: ``no_centre``, ``paused`` or ``behind`` another one.

    The same conditions as those of ``public.invoicing_claim``.
    """
    waiting = [row for row in rows if row.state == S.WAITING]
    if not waiting:
        return {}
    stopped = list(CentreAccount.objects.defer("channel_key").filter(state=AccountState.PAUSED))
    open_before = set(
        Transmission.objects.filter(lane__in=[row.lane for row in waiting], position=0)
        .exclude(state__in=SETTLED)
        .values_list("lane", flat=True)
    )
    found = {row.id: _hindrance(row, stopped, open_before) for row in waiting}
    return {key: why for key, why in found.items() if why}


def _hindrance(row: Transmission, stopped: Sequence[CentreAccount], open_before: set[str]) -> str:
    if row.centre not in registry.CENTRES:
        return "no_centre"
    if any(_through(row, account) for account in stopped):
        return "paused"
    return "behind" if row.position and row.lane in open_before else ""


def _through(row: Transmission, account: CentreAccount) -> bool:
    if row.centre != account.centre:
        return False
    if account.register_id is None:
        return bool(row.seller_ban == account.seller_ban)
    return bool(row.register_id == account.register_id)


def paused(accounts: QuerySet[CentreAccount]) -> list[CentreAccount]:
    return list(accounts.filter(state=AccountState.PAUSED))


def alarms(registers: Registers) -> list[CentreAlarm]:
    """Open alarms, newest first; who sees some registers only sees those about their documents."""
    found = invoicing.alarms()
    if registers is not None:
        mine = _of(registers).filter(state__in=UNSENT).values("id")
        found = found.filter(transmission_id__in=mine)
    return list(found[:100])
