"""Rules that several documents share: numbers, dates, BANs, ranges. Source: mof.md §13."""

import datetime as dt
import re
from collections.abc import Iterator

from twinvoice import ban
from twinvoice.check.context import Context
from twinvoice.document import CONSUMER_BAN
from twinvoice.faults import Fault
from twinvoice.period import Period
from twinvoice.track import Allocation, InvoiceNumber, NumberRange

_NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}")
_TRACK = re.compile(r"[A-Z]{2}")
_PERIOD = re.compile(r"[0-9]{3}(?:0[2468]|1[02])")


def number_fault(path: str, number: str) -> Fault | None:
    """V01."""
    return None if _NUMBER.fullmatch(number) else Fault("TWI-V01", path, {"value": number})


def date_faults(path: str, date: dt.date) -> Iterator[Fault]:
    """V07: a ``date`` is in the calendar by nature, but must have an ROC year."""
    if not has_period(date):
        yield Fault("TWI-V07", path, {"value": date.isoformat()})


def has_period(date: dt.date) -> bool:
    """Whether ROC years of three digits reach it."""
    return 1912 <= date.year <= 2910


def in_period(date: dt.date, code: str) -> bool:
    return has_period(date) and Period.of(date).code == code


def time_faults(path: str, time: dt.time) -> Iterator[Fault]:
    """V07: HH:MM:SS without zone and without fractions (mof.md §1.4)."""
    if time.tzinfo is not None or time.microsecond:
        yield Fault("TWI-V07", path, {"value": time.isoformat()})


def seller_faults(path: str, seller_ban: str, context: Context) -> Iterator[Fault]:
    """V08: checksum, and one of the merchant's own places of business where they are known."""
    if not ban.is_valid(seller_ban):
        yield Fault("TWI-V08", path, {"value": seller_ban})
    elif context.own_bans is not None and seller_ban not in context.own_bans:
        yield Fault("TWI-V08", path, {"value": seller_ban, "reason": "not our own"})


def buyer_faults(path: str, buyer_ban: str, seller_ban: str, context: Context) -> Iterator[Fault]:
    """V09: ten zeros, or a valid BAN; one's own is only worth a warning."""
    if buyer_ban == CONSUMER_BAN:
        return
    if not ban.is_valid(buyer_ban):
        yield Fault("TWI-V09", path, {"value": buyer_ban})
    elif buyer_ban == seller_ban or buyer_ban in (context.own_bans or ()):
        yield Fault("TWI-V09", path, {"value": buyer_ban, "reason": "our own"}, "warn")


def allocation_of(
    number: InvoiceNumber, ban_text: str, kind: str, period: Period, context: Context
) -> Iterator[Fault]:
    """V02 and V03: the number lies in an own allocation of that BAN, type and period."""
    own = [
        allocation
        for allocation in context.allocations or ()
        if (allocation.ban, allocation.invoice_type) == (ban_text, kind)
        and number in allocation.range
    ]
    if not own:
        yield Fault("TWI-V02", "Main/InvoiceNumber", {"value": str(number), "ban": ban_text})
    elif period not in [allocation.period for allocation in own]:
        allotted = ", ".join(sorted(allocation.period.code for allocation in own))
        params = {"value": str(number), "period": period.code, "allotted": allotted}
        yield Fault("TWI-V03", "Main/InvoiceDate", params)


def main_faults(
    code: str, head_ban: str, branch_ban: str, kind: str, period: str, track: str
) -> Iterator[Fault]:
    """What E0401 and E0402 say of themselves: BANs, type, period, track."""
    for name, value in (("HeadBan", head_ban), ("BranchBan", branch_ban)):
        if not ban.is_valid(value):
            yield Fault("TWI-V08", f"Main/{name}", {"value": value})
    if kind not in ("07", "08"):
        yield Fault(code, "Main/InvoiceType", {"value": kind})
    if not _PERIOD.fullmatch(period) or period.startswith("000"):
        yield Fault(code, "Main/YearMonth", {"value": period})
    if not _TRACK.fullmatch(track):
        yield Fault(code, "Main/InvoiceTrack", {"value": track})


def range_of(period: str, track: str, begin: str, end: str) -> NumberRange | None:
    """The range that four texts spell, or ``None`` where they spell none."""
    try:
        if not _PERIOD.fullmatch(period):
            return None
        return NumberRange.parse(Period.parse(period), track, begin, end)
    except Fault:
        return None


def allotted_to(allocation: Allocation, ban_text: str, kind: str, span: NumberRange) -> bool:
    """Whether ``span`` lies in that allocation, and the allocation is of that BAN and type."""
    mine = (allocation.ban, allocation.invoice_type) == (ban_text, kind)
    return mine and allocation.range.covers(span)
