"""Reads of invoices and their sending. Every one starts from the open tenant scope."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from guitai.invoicing import rules
from guitai.invoicing.models import (
    NUMBER,
    CentreAccount,
    CentreAlarm,
    ExchangeRecord,
    Invoice,
    Transmission,
    TransmissionEvent,
    VoidDocument,
)
from guitai.invoicing.rules import AccountState, InvoiceState, TransmissionState
from guitai.kernel import scope
from twinvoice.document import CONSUMER_BAN

S = TransmissionState
OPEN = (S.WAITING, S.IN_FLIGHT, S.IN_DOUBT)
NEEDS_A_PERSON = (S.PARKED, S.REJECTED)
PAGE = 50


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """What the desk filters by; ``None`` and empty mean "any"."""

    text: str = ""
    """An invoice number, a part of one (prefix), or a company's BAN."""
    since: date | None = None
    until: date | None = None
    state: str = ""
    register_id: UUID | None = None
    period: str = ""
    delivery: str = ""
    """``paper``, ``carrier``, ``donation`` or ``company``."""
    upload: str = ""
    """A transmission state: invoices of which some document is there."""
    manual: bool | None = None


_DELIVERY: dict[str, Q] = {
    "paper": Q(carrier_type="", npoban="", buyer_ban=CONSUMER_BAN),
    "carrier": ~Q(carrier_type=""),
    "donation": ~Q(npoban=""),
    "company": ~Q(buyer_ban=CONSUMER_BAN),
}


def invoices(wanted: InvoiceFilter | None = None) -> QuerySet[Invoice]:
    """Invoices, newest first, without their documents (``defer``): lists do not need them."""
    wanted = wanted or InvoiceFilter()
    found = Invoice.objects.defer("document").order_by("-issued_at", "-id")
    exact: dict[str, Any] = {
        "state": wanted.state,
        "register_id": wanted.register_id,
        "period": wanted.period,
        "manual": wanted.manual,
        "issued_at__gte": _start(wanted.since),
        "issued_at__lt": _start(wanted.until and wanted.until + timedelta(days=1)),
    }
    found = found.filter(**{key: value for key, value in exact.items() if value not in (None, "")})
    if wanted.text:
        found = found.filter(_matches(wanted.text))
    if wanted.delivery:
        found = found.filter(_DELIVERY.get(wanted.delivery, Q(pk__in=[])))
    if wanted.upload:
        lanes = Transmission.objects.filter(state=wanted.upload, subject_kind="invoice")
        found = found.filter(id__in=lanes.values("subject_id"))
    return found


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, datetime.min.time(), rules.TAIPEI) if day else None


def _matches(text: str) -> Q:
    """A whole number is looked up by index; digits may be a buyer's BAN; letters are a prefix."""
    typed = text.strip().upper().replace("-", "").replace(" ", "")
    if re.fullmatch(NUMBER, typed):
        return Q(number=typed)
    if re.fullmatch(r"[0-9]{8}", typed):
        return Q(buyer_ban=typed) | Q(number__endswith=typed)
    if re.fullmatch(r"[A-Z]{1,2}[0-9]{0,7}", typed):
        return Q(number__gte=typed, number__lt=typed + "~")
    return Q(pk__in=[])


def after(found: QuerySet[Invoice], issued_at: datetime, last_id: UUID) -> QuerySet[Invoice]:
    """The next page behind the last row that was shown (keyset: as fast on page 1,000 as on 1)."""
    older = Q(issued_at__lt=issued_at) | Q(issued_at=issued_at, id__lt=last_id)
    return found.filter(older)


def invoice(invoice_id: UUID) -> Invoice | None:
    return Invoice.objects.filter(id=invoice_id).first()


def by_number(number: str, issue_date: date | None = None) -> Invoice | None:
    """The newest invoice of that number; ``issue_date`` (from a scanned code) must agree."""
    found = Invoice.objects.filter(number=number)
    if issue_date is not None:
        found = found.filter(issue_date=issue_date)
    return found.order_by("-issued_at").first()


def of_order(order_id: UUID) -> list[Invoice]:
    """All invoices of one order, oldest first."""
    return list(Invoice.objects.filter(order_id=order_id).order_by("issued_at", "id"))


def void_of(invoice_id: UUID) -> VoidDocument | None:
    return VoidDocument.objects.filter(invoice_id=invoice_id).first()


@dataclass(frozen=True, slots=True)
class Totals:
    """Whole TWD over a set of invoices."""

    count: int
    total: int
    tax: int
    voided_count: int
    voided_total: int


def totals(found: QuerySet[Invoice]) -> Totals:
    """Counts and sums of a filter's invoices; voided ones apart."""
    voided = Q(state=InvoiceState.VOIDED)
    row = found.order_by().aggregate(
        live=Count("id", filter=~voided),
        live_sum=Sum("total", filter=~voided, default=0),
        live_tax=Sum("tax", filter=~voided, default=0),
        gone=Count("id", filter=voided),
        gone_sum=Sum("total", filter=voided, default=0),
    )
    return Totals(row["live"], row["live_sum"], row["live_tax"], row["gone"], row["gone_sum"])


# --- sending


@dataclass(frozen=True, slots=True)
class TransmissionFilter:
    state: str = ""
    centre: str = ""
    kind: str = ""
    register_id: UUID | None = None
    number: str = ""


def transmissions(wanted: TransmissionFilter | None = None) -> QuerySet[Transmission]:
    """Transmissions, newest first."""
    wanted = wanted or TransmissionFilter()
    exact = {
        "state": wanted.state,
        "centre": wanted.centre,
        "kind": wanted.kind,
        "register_id": wanted.register_id,
        "number": wanted.number.strip().upper(),
    }
    found = Transmission.objects.order_by("-created_at", "-id")
    return found.filter(**{key: value for key, value in exact.items() if value})


def counts_by_state(centre: str = "") -> dict[str, int]:
    """How many transmissions are in each state that is not confirmed; absent states are 0."""
    found = Transmission.objects.exclude(state=S.CONFIRMED)
    if centre:
        found = found.filter(centre=centre)
    rows = found.order_by().values("state").annotate(count=Count("id"))
    return {state.value: 0 for state in S if state is not S.CONFIRMED} | {
        row["state"]: row["count"] for row in rows
    }


def sendings_of(subject_ids: list[UUID]) -> dict[UUID, Transmission]:
    """The newest transmission of each subject (invoice or void)."""
    found = Transmission.objects.filter(subject_id__in=subject_ids).order_by("created_at")
    return {row.subject_id: row for row in found}


def lane(invoice_row: Invoice) -> list[Transmission]:
    """Everything sent about one invoice, in its order."""
    key = rules.lane_of(invoice_row.seller_ban, invoice_row.period, invoice_row.number)
    return list(Transmission.objects.filter(lane=key).order_by("position"))


def history(transmission_id: UUID) -> list[TransmissionEvent]:
    """Every change of state, oldest first."""
    return list(TransmissionEvent.objects.filter(transmission_id=transmission_id).order_by("at"))


def exchanges(transmission_id: UUID) -> list[ExchangeRecord]:
    """What went over the wire for one transmission, oldest first, secrets masked."""
    return list(ExchangeRecord.objects.filter(transmission_id=transmission_id).order_by("at"))


def overdue(now: datetime, limit: timedelta = rules.ALARM_AFTER) -> QuerySet[Transmission]:
    """Not at the centre ``limit`` after it was made (36 h alarm, 48 h edge; providers.md §3.5)."""
    return (
        Transmission.objects.filter(state__in=(*OPEN, *NEEDS_A_PERSON), created_at__lt=now - limit)
        .order_by("created_at")
        .annotate(age=now - F("created_at"))
    )


def late(now: datetime) -> QuerySet[Transmission]:
    """Past the 48 hours that every vendor names as the edge."""
    return overdue(now, rules.LATE_AFTER)


def blocked() -> QuerySet[Transmission]:
    """Waiting behind a document of the same lane that needs a person."""
    stuck = Transmission.objects.filter(state__in=NEEDS_A_PERSON).values("lane")
    return Transmission.objects.filter(state=S.WAITING, position__gt=0, lane__in=stuck)


def without_centre() -> QuerySet[Transmission]:
    """Waiting for a centre that does not exist: the register has none set."""
    return Transmission.objects.filter(state=S.WAITING).exclude(centre__in=list(rules.CENTRE_NAMES))


def alarms(only_open: bool = True) -> QuerySet[CentreAlarm]:
    """Alarms, newest first."""
    found = CentreAlarm.objects.order_by("-raised_at")
    return found.filter(closed_at__isnull=True) if only_open else found


def accounts() -> QuerySet[CentreAccount]:
    """Centre accounts with their entity and register; the key is never selected."""
    return (
        CentreAccount.objects.prefetch_related("entity", "register")
        .defer("channel_key")
        .order_by("centre", "seller_ban", "register_id")
    )


# --- for the worker, which serves all merchants


def merchants_with_accounts() -> list[UUID]:
    """Merchants that have any centre account."""
    with scope.across_merchants("排程要走訪每個商家"):
        return list(CentreAccount.objects.values_list("merchant_id", flat=True).distinct())


def merchants_with_open_sendings() -> list[UUID]:
    """Merchants with a document not at its centre yet, or with an alarm about one."""
    with scope.across_merchants("排程要走訪每個商家"):
        found = Transmission.objects.filter(state__in=(*OPEN, *NEEDS_A_PERSON))
        waiting = set(found.values_list("merchant_id", flat=True).distinct())
        alarmed = CentreAlarm.objects.filter(closed_at__isnull=True)
        return sorted(waiting | set(alarmed.values_list("merchant_id", flat=True).distinct()))


# --- what the till shows


@dataclass(frozen=True, slots=True)
class CentreState:
    """The centre's part of the till's status strip. ``state``: ok · busy · attention · none."""

    key: str
    name: str
    state: str
    state_text: str
    waiting: int
    in_doubt: int
    rejected: int


def centre_state(register_id: UUID, centre: str, seller_ban: str, now: datetime) -> CentreState:
    """How sending stands for one register, in the clerk's words."""
    rows = (
        Transmission.objects.filter(register_id=register_id, centre=centre)
        .filter(state__in=(*OPEN, *NEEDS_A_PERSON))
        .order_by()
        .values("state")
        .annotate(count=Count("id"))
    )
    found = {row["state"]: row["count"] for row in rows}
    waiting = found.get(S.WAITING, 0) + found.get(S.IN_FLIGHT, 0)
    doubt, refused = found.get(S.IN_DOUBT, 0), sum(found.get(one, 0) for one in NEEDS_A_PERSON)
    state, text = _state_of(register_id, centre, seller_ban, waiting, doubt, refused)
    return CentreState(centre, rules.centre_name(centre), state, text, waiting, doubt, refused)


def _state_of(
    register_id: UUID, centre: str, seller_ban: str, waiting: int, doubt: int, refused: int
) -> tuple[str, str]:
    if centre not in rules.CENTRE_NAMES:
        return "none", "沒有連接加值中心，只能自行開立"
    own = Q(register_id=register_id) | Q(register_id__isnull=True, seller_ban=seller_ban)
    states = list(CentreAccount.objects.filter(own, centre=centre).values_list("state", "problem"))
    if not states:
        return "attention", "未設定加值中心帳號，發票尚未上傳"
    paused = [problem for state, problem in states if state == AccountState.PAUSED]
    if paused:
        return "attention", f"上傳暫停：{paused[0] or '請通知店長'}"
    if refused:
        return "attention", f"{refused} 張需要處理，請通知店長"
    if doubt:
        return "busy", f"{doubt} 張結果查詢中"
    return ("busy", f"{waiting} 張等待上傳") if waiting else ("ok", "上傳正常")
