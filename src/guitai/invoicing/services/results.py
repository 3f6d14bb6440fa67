"""Reading what a platform left in its folder back into the states of documents (mof.md §9.5)."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from guitai.invoicing import registry, rules
from guitai.invoicing.models import ResultRead, Transmission
from guitai.invoicing.ports import Ability, ResultFile, ResultItem, ResultReader
from guitai.invoicing.rules import Finding, TransmissionState
from guitai.invoicing.services import alarms, sqlcalls
from guitai.invoicing.services.journal import BufferedJournal
from guitai.invoicing.services.sqlcalls import Decision
from guitai.kernel import clock, scope

log = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=14)
TOO_EARLY = "文件還沒有送出，稍後再讀"
UNSENT = (TransmissionState.WAITING, TransmissionState.IN_FLIGHT)
_WHY = "結果檔案屬於整台 Turnkey，不分商家"


@dataclass(slots=True)
class ReadTally:
    """What one reading did."""

    files: int = 0
    changed: int = 0
    unknown: int = 0
    missing: int = 0
    unreadable: int = 0


def read_results(*, now: datetime, folder: str = "") -> ReadTally:
    """Reads every new result file of every centre that answers by files; safe to repeat.

    Each file is one transaction: its changes and the note that it was read commit together.
    """
    tally = ReadTally()
    where = folder or settings.GUITAI_TURNKEY_FOLDER
    for key in registry.CENTRES:
        if Ability.READ_RESULTS not in registry.abilities_of(key):
            continue
        reader = cast(ResultReader, registry.open_centre(key, BufferedJournal()))
        names = reader.result_names(where, clock.in_taipei(now).date() - LOOK_BACK)
        for name in _unread(names):
            _take(key, reader.read_result(where, name), now, tally)
    return tally


def _unread(names: Sequence[str]) -> list[str]:
    # What could not be read may have been half copied: it is looked at again until it can.
    done = ResultRead.objects.filter(name__in=names, problem="")
    known = set(done.values_list("name", flat=True))
    return [name for name in names if name not in known]


@transaction.atomic
def _take(centre: str, file: ResultFile, now: datetime, tally: ReadTally) -> None:
    read = {"read_at": now, "items": len(file.items), "problem": file.problem[:200]}
    noted, first = ResultRead.objects.get_or_create(name=file.name, defaults=read)
    if not first:
        if file.problem or not noted.problem:
            return
        ResultRead.objects.filter(name=file.name).update(**read)
    tally.files += 1
    if file.problem:
        tally.unreadable += 1
        log.warning("result file %s: %s", file.name, file.problem)
        return
    rows = _rows_of(centre, file.items)
    if _speaks_too_early(file.items, rows):
        ResultRead.objects.filter(name=file.name).update(problem=TOO_EARLY)
    decisions, late = _decided(file.items, rows, tally)
    if decisions:
        tally.changed += len(sqlcalls.decide(now, "財政部平台", decisions))
    for row, item in late:
        _alarm_late_refusal(row, item, now)
    for day in file.days:
        tally.missing += _alarm_missing(centre, day, file.items, now)


def _speaks_too_early(
    items: Iterable[ResultItem], rows: Mapping[tuple[str, str], Transmission]
) -> bool:
    """Whether it knows of a document that has not been sent, for all our books say.

    A restored backup is older than the platform's answer: the document finds its file there when it
    is sent again, and only this file tells how it went. So the file is read again until then.
    """
    found = (rows.get((item.kind, item.number)) for item in items)
    return any(row is not None and row.state in UNSENT for row in found)


def _rows_of(centre: str, items: Sequence[ResultItem]) -> dict[tuple[str, str], Transmission]:
    """The newest transmission of each (kind, number), by one question for the whole file."""
    numbers = {item.number for item in items}
    with scope.across_merchants(_WHY):
        found = Transmission.objects.filter(centre=centre, number__in=numbers)
        return {(row.kind, row.number): row for row in found.order_by("created_at")}


def _decided(
    items: Iterable[ResultItem], rows: dict[tuple[str, str], Transmission], tally: ReadTally
) -> tuple[list[Decision], list[tuple[Transmission, ResultItem]]]:
    decisions: dict[UUID, Decision] = {}
    late: list[tuple[Transmission, ResultItem]] = []
    for item in items:
        row = rows.get((item.kind, item.number))
        if row is None or item.transmission_id not in (None, row.id):
            tally.unknown += 1
            continue
        state = TransmissionState(row.state)
        if state is TransmissionState.CONFIRMED and item.finding is Finding.REJECTED:
            late.append((row, item))
        after = rules.after_result(state, item.finding)
        if after is not None:
            decisions[row.id] = Decision(
                row.merchant_id, row.id, state, after, item.code, item.message
            )
    return list(decisions.values()), late


def _alarm_late_refusal(row: Transmission, item: ResultItem, now: datetime) -> None:
    with scope.tenant(row.merchant_id):
        alarms.raise_alarm(
            row.centre,
            kind="refused_later",
            key=str(row.id),
            sentence=f"{row.number} 先前已確認，平台後來回覆失敗（{item.code}），請到平台查明。",
            now=now,
            transmission_id=row.id,
        )


def _alarm_missing(centre: str, day: date, items: Sequence[ResultItem], now: datetime) -> int:
    """漏上傳: sent on that day, but the platform's summary of the day does not know it (§14.5)."""
    listed = {(item.kind, item.number) for item in items}
    begin = datetime.combine(day, datetime.min.time(), clock.TAIPEI)
    with scope.across_merchants(_WHY):
        sent = list(
            Transmission.objects.filter(
                Q(state=TransmissionState.SENT) | Q(state=TransmissionState.CONFIRMED),
                centre=centre,
                sent_at__gte=begin,
                sent_at__lt=begin + timedelta(days=1),
            )
        )
    by_merchant: dict[UUID, list[Transmission]] = defaultdict(list)
    for row in sent:
        if (rules.Kind(row.kind), row.number) not in listed:
            by_merchant[row.merchant_id].append(row)
    for merchant_id, rows in by_merchant.items():
        with scope.tenant(merchant_id):
            for row in rows:
                _alarm_one_missing(row, day, now)
    return sum(len(rows) for rows in by_merchant.values())


def _alarm_one_missing(row: Transmission, day: date, now: datetime) -> None:
    alarms.raise_alarm(
        row.centre,
        kind="missing",
        key=str(row.id),
        sentence=f"{row.number} 在 {day} 交給 Turnkey，平台當日彙總沒有這張，請查是否漏上傳。",
        now=now,
        transmission_id=row.id,
    )
