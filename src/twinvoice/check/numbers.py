"""V29 and V30: branch allocations, blank numbers, and what the platform sends about numbers.

Source: mof.md §1.8, §4, §13.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from twinvoice import ban
from twinvoice.check import basics
from twinvoice.check.context import Context
from twinvoice.document import (
    Assignment,
    AwardList,
    BlankReport,
    BranchAllocation,
    NumberSpan,
    SummaryResult,
)
from twinvoice.faults import Fault
from twinvoice.track import BOOK, NumberRange

_MOST_ALLOCATED = 25_000
_MOST_BLANK = 10_000


def branch_allocation_faults(document: BranchAllocation, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one E0401."""
    code, period, track = "TWI-V29", document.period_code, document.track
    yield from basics.main_faults(
        code, document.head_ban, document.branch_ban, document.invoice_type, period, track
    )
    main = basics.range_of(period, track, document.begin, document.end)
    if main is None:
        params = {"begin": document.begin, "end": document.end}
        yield Fault(code, "Main/InvoiceBeginNo", params)
        return
    if not main.on_book_borders:
        yield Fault(code, "Main/InvoiceBeginNo", {"reason": "not on book borders"})
    kind = document.invoice_type
    if context.allocations is not None and not any(
        basics.allotted_to(one, document.head_ban, kind, main) and one.range == main
        for one in context.allocations
    ):
        yield Fault(code, "Main/InvoiceBeginNo", {"reason": "not the platform's range"})
    path = "Details/BranchTrackItem"
    yield from _items(code, path, document.items, main, _MOST_ALLOCATED)
    for index, item in enumerate(document.items, 1):
        span = basics.range_of(period, track, item.begin, item.end)
        if span is not None and item.booklets != _booklets(span):
            booklets = {"value": item.booklets, "expected": _booklets(span)}
            yield Fault(code, f"{path}[{index}]/InvoiceBooklet", booklets)


def _booklets(span: NumberRange) -> int | None:
    return span.books if span.on_book_borders else None


def _items(
    code: str, path: str, items: Sequence[NumberSpan], main: NumberRange, most: int
) -> Iterator[Fault]:
    """Each item is a range, inside ``main``, and none overlaps another."""
    if not 1 <= len(items) <= most:
        yield Fault(code, "Details", {"items": len(items), "limit": most})
    spans: list[tuple[NumberRange, int]] = []
    for index, item in enumerate(items, 1):
        span = basics.range_of(main.period.code, main.track, item.begin, item.end)
        params = {"begin": item.begin, "end": item.end}
        if span is None:
            yield Fault(code, f"{path}[{index}]", params)
        elif not main.covers(span):
            yield Fault(code, f"{path}[{index}]", {**params, "reason": "outside"})
        else:
            spans.append((span, index))
    spans.sort()
    for (before, _), (span, index) in pairwise(spans):
        if span.begin <= before.end:
            params = {"begin": span.begin_digits, "end": span.end_digits, "reason": "overlap"}
            yield Fault(code, f"{path}[{index}]", params)


def blank_report_faults(document: BlankReport, context: Context) -> Iterator[Fault]:
    """Everything that can be said of one E0402."""
    code, period, track = "TWI-V30", document.period_code, document.track
    yield from basics.main_faults(
        code, document.head_ban, document.branch_ban, document.invoice_type, period, track
    )
    whole = basics.range_of(period, track, "00000000", "99999999")
    if whole is None:
        return
    if context.today is not None and context.today <= whole.period.last_day:
        yield Fault(code, "Main/YearMonth", {"value": period, "reason": "not over yet"})
    path = "Details/BranchTrackBlankItem"
    yield from _items(code, path, document.items, whole, _MOST_BLANK)
    yield from _blank_allotted(document, context, path)
    yield from _blank_used(document, context, path)


def _blank_allotted(document: BlankReport, context: Context, path: str) -> Iterator[Fault]:
    """Each item lies in an allocation of the head office or of the branch."""
    if context.allocations is None:
        return
    owners = (document.head_ban, document.branch_ban)
    for index, item in enumerate(document.items, 1):
        span = basics.range_of(document.period_code, document.track, item.begin, item.end)
        if span is not None and not any(
            basics.allotted_to(one, owner, document.invoice_type, span)
            for one in context.allocations
            for owner in owners
        ):
            params = {"begin": item.begin, "end": item.end, "reason": "not allotted"}
            yield Fault("TWI-V30", f"{path}[{index}]", params)


def _blank_used(document: BlankReport, context: Context, path: str) -> Iterator[Fault]:
    """No number of an item was issued."""
    used = sorted(
        number[2:] for number in context.used_numbers or () if number[:2] == document.track
    )
    for index, item in enumerate(document.items, 1):
        inside = next((digits for digits in used if item.begin <= digits <= item.end), None)
        if inside is not None:
            params = {"value": document.track + inside, "reason": "used"}
            yield Fault("TWI-V30", f"{path}[{index}]", params)


def assignment_faults(document: Assignment) -> Iterator[Fault]:
    """An E0501 whose range is no whole number of books, or not the number it names."""
    if not ban.is_valid(document.ban):
        yield Fault("TWI-V08", "Ban", {"value": document.ban})
    span = basics.range_of(document.period_code, document.track, document.begin, document.end)
    if span is None or not span.on_book_borders or document.invoice_type not in ("07", "08"):
        params = {"begin": document.begin, "end": document.end, "period": document.period_code}
        yield Fault("TWI-RANGE", "InvoiceBeginNo", params)
    elif span.count != document.booklets * BOOK:
        booklets = {"value": document.booklets, "expected": span.books}
        yield Fault("TWI-RANGE", "InvoiceBooklet", booklets)


def award_list_faults(document: AwardList) -> Iterator[Fault]:
    """An E0504 whose header disagrees with its rows."""
    amount = sum(award.prize_amount for award in document.awards)
    if (document.total_count, document.total_amount) != (len(document.awards), amount):
        params = {"count": len(document.awards), "amount": amount}
        yield Fault("TWI-AWARD", "Main/TotalRecordCnt", params)
    for index, award in enumerate(document.awards, 1):
        path = f"Details/PrizeInvoice[{index}]"
        if fault := basics.number_fault(f"{path}/InvoiceNumber", award.number):
            yield fault
        elif not basics.in_period(award.date, document.period_code):
            yield Fault("TWI-AWARD", f"{path}/InvoiceDate", {"value": award.date.isoformat()})


def summary_faults(document: SummaryResult) -> Iterator[Fault]:
    """Total = good + failed, and the lists as long as their counts (mof.md §9.5)."""
    for index, message in enumerate(document.messages, 1):
        path = f"DetailList/Message[{index}]"
        if message.total != message.good + message.failed:
            params = {"total": message.total, "good": message.good, "failed": message.failed}
            yield Fault("TWI-SUMMARY", path, params, "warn")
        for name, count, listed in (
            ("Good", message.good, message.good_references),
            ("Failed", message.failed, message.failed_references),
        ):
            if listed and len(listed) != count:
                params = {"count": count, "listed": len(listed)}
                yield Fault("TWI-SUMMARY", f"{path}/{name}", params, "warn")
