"""Shift summary 小結 and closing 關帳 of one register (product.md B.11)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from guitai.devices import services as devices
from guitai.devices.models import PrintJob
from guitai.devices.rules import Copy, JobKind
from guitai.kernel import audit, clock, ids
from guitai.kernel.constraints import refused_as
from guitai.orders import queries
from guitai.orders.errors import (
    CashReason,
    ClosingBusy,
    ConfirmClosing,
    NothingToClose,
    ReasonNeeded,
    ShiftReused,
    TakenTooMuch,
)
from guitai.orders.models import RegisterLedger, ShiftClosing, ShiftSummary
from guitai.orders.queries import Figures
from guitai.orders.rules import check_text
from guitai.orders.services.clerk import Clerk

REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Counted:
    """What the clerk counted and took out, whole TWD, and why it differs."""

    cash: int
    taken_out: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShiftResult:
    """The summary, the closing where one was made, and the slips to print."""

    summary: ShiftSummary | None
    closing: ShiftClosing | None
    jobs: tuple[PrintJob, ...]


def summarise(
    clerk: Clerk,
    counted: Counted,
    now: datetime,
    *,
    summary_id: UUID | None = None,
    close: bool = False,
    confirmed: bool = False,
) -> ShiftResult:
    """小結: everything at this register since the last one (B.11.1); ``close`` closes too (B.11.6).

    No sale falls between two summaries: both take the ledger's lock. The same ``summary_id``
    again answers what was made. Raises ``SHIFT-REASON``, ``SHIFT-TAKEN``, ``SHIFT-CONFIRM``.
    """
    with transaction.atomic():
        _lock(clerk, now)
        known = ShiftSummary.objects.filter(id=summary_id).first() if summary_id else None
        if known is not None:
            return _again(clerk, known, counted)
        figures = queries.figures(clerk.register, now)
        _check(figures, counted)
        summary = ShiftSummary(
            id=summary_id or ids.new_id(),
            **_columns(clerk, figures, counted),
            serial=_serial(clerk, now, "S", ShiftSummary),
        )
        summary.save(force_insert=True)
        audit.record(clerk.actor, "shift.summary", summary, after=_facts(summary))
        closing = _close(clerk, now, confirmed=confirmed) if close else None
        subjects = [summary.id, *([closing.id] if closing else [])]
        jobs = tuple(_print(clerk, subject, now) for subject in subjects)
    return ShiftResult(summary, closing, jobs)


def close(clerk: Clerk, now: datetime, *, confirmed: bool = False) -> ShiftResult:
    """關帳: all summaries since the last closing; needs one, and a yes for the second of a day.

    Raises ``SHIFT-EMPTY`` and ``SHIFT-CONFIRM`` (B.11.1-2).
    """
    with transaction.atomic():
        _lock(clerk, now)
        closing = _close(clerk, now, confirmed=confirmed)
        job = _print(clerk, closing.id, now)
    return ShiftResult(None, closing, (job,))


def record_drawer(clerk: Clerk, reason: str) -> None:
    """The cash drawer was opened without a sale: kept in the audit trail."""
    text = reason.strip()
    if not 1 <= len(text) <= REASON_LIMIT:
        raise ReasonNeeded(field="reason", limit=REASON_LIMIT)
    check_text("reason", "開錢櫃原因", text)
    audit.record(clerk.actor, "drawer.open", clerk.session, reason=text)


def _lock(clerk: Clerk, now: datetime) -> None:
    defaults = {"day": clock.in_taipei(now).date()}
    RegisterLedger.objects.get_or_create(register_id=clerk.register_id, defaults=defaults)
    RegisterLedger.objects.select_for_update().get(register_id=clerk.register_id)


def _again(clerk: Clerk, known: ShiftSummary, counted: Counted) -> ShiftResult:
    same = (known.register_id, known.counted_cash, known.taken_out)
    if same != (clerk.register_id, counted.cash, counted.taken_out):
        raise ShiftReused
    closing = ShiftClosing.objects.filter(id=known.closing_id).first()
    return ShiftResult(known, closing, ())


def _check(figures: Figures, counted: Counted) -> None:
    difference = counted.cash - figures.expected_cash
    if difference and not counted.reason.strip():
        raise CashReason(field="reason", difference=f"{difference:+,}")
    check_text("reason", "差額原因", counted.reason, REASON_LIMIT)
    if counted.taken_out > counted.cash:
        raise TakenTooMuch(field="taken_out", taken=counted.taken_out, counted=counted.cash)


def _columns(clerk: Clerk, figures: Figures, counted: Counted) -> dict[str, Any]:
    return {
        **asdict(figures),
        "register_id": clerk.register_id,
        "business_day": clock.in_taipei(figures.end_at).date(),
        "staff_id": clerk.session.staff_id,
        "staff_name": clerk.session.staff_name,
        "counted_cash": counted.cash,
        "difference": counted.cash - figures.expected_cash,
        "reason": counted.reason.strip(),
        "taken_out": counted.taken_out,
        "cash_left": counted.cash - counted.taken_out,
    }


def _serial(
    clerk: Clerk, now: datetime, letter: str, model: type[ShiftSummary] | type[ShiftClosing]
) -> str:
    """``A01-261121-S02``: register, day, the how-manieth of the day."""
    day = clock.in_taipei(now).date()
    nth = model.objects.filter(register_id=clerk.register_id, business_day=day).count() + 1
    store = clerk.register.store.code
    return f"{store}-{clerk.register.code}-{day:%y%m%d}-{letter}{nth:02d}"


def _close(clerk: Clerk, now: datetime, *, confirmed: bool) -> ShiftClosing:
    open_ones = ShiftSummary.objects.filter(register_id=clerk.register_id, closing_id=None)
    parts = list(open_ones.order_by("to_seq", "end_at"))
    if not parts:
        raise NothingToClose
    day = clock.in_taipei(now).date()
    before = ShiftClosing.objects.filter(register_id=clerk.register_id, business_day=day).count()
    if before and not confirmed:
        raise ConfirmClosing(count=before)
    closing = ShiftClosing(
        id=ids.new_id(),
        **_sum(parts),
        register_id=clerk.register_id,
        serial=_serial(clerk, now, "C", ShiftClosing),
        business_day=day,
        end_at=now,
        staff_id=clerk.session.staff_id,
        staff_name=clerk.session.staff_name,
        summaries=len(parts),
    )
    # Two closings of nothing in one microsecond: the second is asked to press again.
    with refused_as({"closing_span_once": ClosingBusy()}):
        closing.save(force_insert=True)
    ShiftSummary.objects.filter(id__in=[part.id for part in parts]).update(closing_id=closing.id)
    audit.record(clerk.actor, "shift.close", closing, after=_facts(closing))
    return closing


_ADDED = (
    "orders",
    "sales",
    "cancelled_orders",
    "cancelled_amount",
    "invoices",
    "invoice_amount",
    "voided_invoices",
    "voided_amount",
    "difference",
    "taken_out",
)


def _sum(parts: Sequence[ShiftSummary]) -> dict[str, Any]:
    """The figures of a closing: flows add up, the drawer is as the first began and the last ended.

    ``expected_cash`` is what should be there after all that was taken out before: the last
    summary's count less the differences of all of them.
    """
    first, last = parts[0], parts[-1]
    numbered = [part for part in parts if part.first_number]
    sums = {name: sum(getattr(part, name) for part in parts) for name in _ADDED}
    return {
        **sums,
        "from_seq": first.from_seq,
        "to_seq": last.to_seq,
        "begin_at": first.begin_at,
        "first_number": numbered[0].first_number if numbered else "",
        "last_number": numbered[-1].last_number if numbered else "",
        "tenders": _added_tenders(part.tenders for part in parts),
        "cash_float": first.cash_float,
        "expected_cash": last.counted_cash - sums["difference"],
        "counted_cash": last.counted_cash,
        "reason": "；".join(part.reason for part in parts if part.reason)[:REASON_LIMIT],
        "cash_left": last.cash_left,
    }


def _added_tenders(lists: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entries in lists:
        for entry in entries:
            known = found.setdefault(entry["method"], {**entry, "count": 0, "amount": 0})
            known["count"] += entry["count"]
            known["amount"] += entry["amount"]
    return list(found.values())


def _facts(row: ShiftSummary | ShiftClosing) -> dict[str, Any]:
    return {
        "serial": row.serial,
        "orders": row.orders,
        "sales": row.sales,
        "expected": row.expected_cash,
        "counted": row.counted_cash,
        "taken_out": row.taken_out,
    }


def _print(clerk: Clerk, subject: UUID, now: datetime) -> PrintJob:
    return devices.queue_print(clerk.register_id, JobKind.SHIFT, subject, Copy.ORIGINAL, now)
