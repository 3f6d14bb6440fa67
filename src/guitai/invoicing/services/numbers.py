"""Numbers from a centre: taken when low, or when the desk asks (providers.md §3.5)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from guitai.invoicing import registry
from guitai.invoicing.errors import CentreCannot, CentreRefused, NoNumbersAtCentre
from guitai.invoicing.models import CentreAccount
from guitai.invoicing.ports import (
    ABILITY_NAMES,
    Ability,
    Account,
    Centre,
    CentreRange,
    RangesAnswer,
    Which,
)
from guitai.invoicing.rules import PAUSING, AccountState, Outcome
from guitai.invoicing.services import accounts, alarms
from guitai.invoicing.services.journal import BufferedJournal
from guitai.kernel import audit, clock
from guitai.kernel.errors import GuitaiError
from guitai.numbering import queries as stock
from guitai.numbering.services.imports import add_range_from_centre
from guitai.tenancy.models import Register
from twinvoice.period import Period

log = logging.getLogger(__name__)

BOOK = 50
NEXT_PERIOD_LEAD = timedelta(days=3)
_ADVICE = {
    Outcome.TEMPORARY: "請檢查網路，稍後再試。",
    Outcome.IN_DOUBT: "沒有收到完整回覆，系統會再查詢，請稍後再看。",
    Outcome.AUTH: "請到後台檢查機號與通道金鑰。",
    Outcome.SUSPENDED: "請聯絡加值中心確認帳號狀態。",
    Outcome.NOT_OPEN: "請到後台檢查加值中心網址。",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What one request brought: ranges that are new here, and how many numbers they hold."""

    ranges: Sequence[CentreRange]

    @property
    def count(self) -> int:
        return sum(int(one.end) - int(one.begin) + 1 for one in self.ranges)


def take_numbers(
    register_id: UUID,
    which: Which,
    *,
    actor: audit.Actor,
    now: datetime,
) -> Taken:
    """Takes numbers from the register's centre and adds them to the register's own ranges.

    What the centre handed out before but we never saw (a lost or garbled answer) is found by
    listing and added first; only when nothing new is found are more requested. Raises
    ``CentreCannot``, ``NoNumbersAtCentre`` (with the sentence of S2.26), ``CentreRefused`` and
    ``AccountNotFound``. Must not run inside a transaction: it talks to the centre.
    """
    register = Register.objects.select_related("store__entity").get(id=register_id)
    row = accounts.for_register(register.centre, register.id, register.store.entity.ban)
    journal = BufferedJournal()
    centre = registry.open_centre(row.centre, journal)
    ability = Ability.TAKE_NUMBERS if which is Which.CURRENT else Ability.TAKE_NEXT_PERIOD
    if ability not in centre.abilities:
        raise CentreCannot(centre=centre.name, ability=ABILITY_NAMES[ability])
    try:
        return _take(centre, row, register.id, which, actor, now)
    finally:
        journal.write()


def _take(
    centre: Centre,
    row: CentreAccount,
    register_id: UUID,
    which: Which,
    actor: audit.Actor,
    now: datetime,
) -> Taken:
    account = accounts.opened(row)
    found = _reconcile(centre, account, register_id, which, actor, now)
    if found:
        return Taken(found)
    answer = centre.take_numbers(account, which, now)
    if answer.outcome is Outcome.OK:
        added = _add(centre, register_id, answer.ranges, actor, now)
        alarms.close("no_numbers", f"{register_id}/{which}", now=now)
        return Taken(added)
    if answer.outcome in {Outcome.IN_DOUBT, Outcome.INVALID}:
        # Numbers may have been handed out all the same: the centre's own list tells.
        found = _reconcile(centre, account, register_id, which, actor, now)
        if found:
            return Taken(found)
    raise _refusal(row, register_id, which, answer, now)


def _reconcile(
    centre: Centre,
    account: Account,
    register_id: UUID,
    which: Which,
    actor: audit.Actor,
    now: datetime,
) -> list[CentreRange]:
    """Adds what the centre says this register holds and we do not know; returns what was new.

    Ranges that the merchant imported and told the centre (A03) are listed too, and known already.
    """
    if Ability.LIST_RANGES not in centre.abilities:
        return []
    answer = centre.list_ranges(account, which, now)
    if answer.outcome is not Outcome.OK:
        return []
    unknown = [
        one for one in answer.ranges if not stock.is_own(one.track + one.begin, one.period_code)
    ]
    return _add(centre, register_id, unknown, actor, now)


def _add(
    centre: Centre,
    register_id: UUID,
    ranges: Sequence[CentreRange],
    actor: audit.Actor,
    now: datetime,
) -> list[CentreRange]:
    """Adds the ranges one by one; one that overlaps is somebody else's and raises an alarm."""
    added = []
    for one in ranges:
        try:
            with transaction.atomic():
                _, new = add_range_from_centre(
                    register_id,
                    one.period_code,
                    one.track,
                    int(one.begin),
                    int(one.end),
                    centre=centre.key,
                    actor=actor,
                    invoice_type=one.invoice_type,
                )
        except GuitaiError as error:
            _alarm_overlap(centre, register_id, one, error, now)
        else:
            added += [one] if new else []
    return added


def _alarm_overlap(
    centre: Centre, register_id: UUID, one: CentreRange, error: GuitaiError, now: datetime
) -> None:
    alarms.raise_alarm(
        centre.key,
        kind="range_refused",
        key=f"{register_id}/{one.period_code}/{one.track}{one.begin}",
        sentence=f"{centre.name} 給的 {one.track}{one.begin}–{one.end} 沒有採用：{error.message}",
        now=now,
    )


def _refusal(
    row: CentreAccount, register_id: UUID, which: Which, answer: RangesAnswer, now: datetime
) -> GuitaiError:
    period = Period.of(clock.in_taipei(now).date())
    wanted = period if which is Which.CURRENT else period.next()
    if answer.outcome in PAUSING:
        accounts.pause(row, outcome=answer.outcome, message=answer.message, now=now)
    if answer.outcome is not Outcome.NO_NUMBERS:
        advice = _ADVICE.get(answer.outcome, "")
        return CentreRefused(message=answer.message or answer.outcome, advice=advice)
    error = NoNumbersAtCentre(message=answer.message, period_label=wanted.label)
    alarms.raise_alarm(
        row.centre,
        kind="no_numbers",
        key=f"{register_id}/{which}",
        sentence=error.message,
        now=now,
    )
    return error


def tell_range(register_id: UUID, one: CentreRange, *, actor: audit.Actor, now: datetime) -> None:
    """Tells the register's centre one of the merchant's own ranges (A03/C03; S2.23–S2.24).

    Needed before the period begins, where the centre may not download the allotment itself. The
    same range again does no harm. Raises ``CentreCannot``, ``CentreRefused``, ``AccountNotFound``.
    """
    register = Register.objects.select_related("store__entity").get(id=register_id)
    row = accounts.for_register(register.centre, register.id, register.store.entity.ban)
    journal = BufferedJournal()
    centre = registry.open_centre(row.centre, journal)
    if Ability.IMPORT_RANGES not in centre.abilities:
        raise CentreCannot(centre=centre.name, ability=ABILITY_NAMES[Ability.IMPORT_RANGES])
    period = Period.of(clock.in_taipei(now).date())
    which = Which.NEXT if one.period_code == period.next().code else Which.CURRENT
    try:
        answer = centre.import_range(accounts.opened(row), which, one, now)
    finally:
        journal.write()
    if answer.outcome is not Outcome.OK:
        raise _refusal(row, register_id, which, answer, now)
    audit.record(
        actor,
        "centre_account.tell_range",
        row,
        after={"period": one.period_code, "range": f"{one.track}{one.begin}–{one.end}"},
    )


def refill(*, now: datetime) -> int:
    """Takes numbers for every register of the open merchant that runs low; returns how many ranges.

    Low is fewer than the larger of one book and two days' average use; of the next period at least
    one book is wanted from three days before it begins (providers.md §3.5). A register whose centre
    does not answer does not hold up the others.
    """
    ranges = 0
    rows = CentreAccount.objects.filter(state=AccountState.OK, register_id__isnull=False)
    for row in rows:
        if Ability.TAKE_NUMBERS not in registry.abilities_of(row.centre):
            continue
        for which in _wanted(row.register_id, now):
            try:
                taken = take_numbers(row.register_id, which, actor=audit.SYSTEM, now=now)
            except GuitaiError as error:
                log.warning("refill of register %s: %s", row.register_id, error.message)
            else:
                ranges += len(taken.ranges)
    return ranges


def _wanted(register_id: UUID, now: datetime) -> list[Which]:
    today = clock.in_taipei(now).date()
    period = Period.of(today)
    wanted = []
    low = stock.remaining(register_id, period.code) < _low_water(register_id, period, now)
    # While some wait for a person, more of them would only wait beside those.
    if low and not stock.paused(register_id, period.code):
        wanted.append(Which.CURRENT)
    near_end = period.next().first_day - today <= NEXT_PERIOD_LEAD
    if near_end and stock.remaining(register_id, period.next().code) < BOOK:
        wanted.append(Which.NEXT)
    return wanted


def _low_water(register_id: UUID, period: Period, now: datetime) -> int:
    """max(one book, two days' average of this period so far)."""
    used = stock.used_by_owner([period.code]).get(register_id, 0)
    days = (clock.in_taipei(now).date() - period.first_day).days + 1
    return max(BOOK, -(-2 * used // days))
