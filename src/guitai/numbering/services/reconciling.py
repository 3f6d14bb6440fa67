"""Numbers that were issued although the books do not know it: a restored backup is older."""

import unicodedata
from datetime import datetime
from uuid import UUID

from django.db import transaction

from guitai.kernel import audit, text
from guitai.kernel.audit import Actor
from guitai.numbering.errors import BadReason, NotInRange, NotPaused
from guitai.numbering.models import Range, RestoredBooks
from guitai.numbering.rules import Owner, RangeState, Span, unbooked
from guitai.numbering.services._locks import lock_range
from guitai.numbering.services._parts import facts, owner_of, part_of
from guitai.numbering.services.periods import pause_all
from twinvoice.faults import Fault
from twinvoice.track import InvoiceNumber

LONGEST_REASON = 100


def books_restored(actor: Actor, now: datetime) -> int:
    """Pauses every active range of the open merchant; how many were.

    A backup does not know the numbers issued after it was made: going on from where it stood would
    give them out twice. It may not know whole allotments either: what is imported or taken for this
    period from now on arrives paused as well (``queries.is_restored``).
    """
    with transaction.atomic():
        RestoredBooks.objects.create(restored_at=now)
        return pause_all(actor, "自備份還原，請先核對下一號再恢復")


def note_issued(range_id: UUID, first: str, last: str, actor: Actor, reason: str) -> Range:
    """``first`` to ``last`` were issued since the backup: nobody gets them again.

    They become a range of their own, ``unbooked``: neither usable nor blank (they must not be
    reported as unused, mof.md §4). What came before stays with its invoices, what comes after
    stays paused until a person resumes it. A register's numbers are issued without a gap, so there
    ``first`` is its next number; in the stock it may be any, because books may have been handed out
    after the backup. Returns the unbooked range. Raises ``BadReason``, ``NotPaused``,
    ``NotInRange``, ``RangeNotFound``.
    """
    why = text.tidy(reason)
    if not 1 <= len(why) <= LONGEST_REASON or text.first_fault(why):
        raise BadReason(field="reason", limit=LONGEST_REASON)
    with transaction.atomic():
        row = lock_range(range_id)
        if row.state != RangeState.PAUSED:
            raise NotPaused
        part = _part(row, first, last)
        before = facts(row)
        found = _cut(row, part)
        audit.record(
            actor, "numbering.unbooked", found, before=before, after=facts(found), reason=why
        )
    return found


def _part(row: Range, first: str, last: str) -> Span:
    span = Span(row.track, _number(row, "first", first), _number(row, "last", last))
    free = Span(row.track, row.next_no, row.end_no)
    fault = unbooked(free, span, in_order=row.owner_kind != Owner.STOCK)
    if fault:
        raise _refusal(row, fault, {"first": first, "last": last}[fault])
    return span


def _number(row: Range, field: str, typed: str) -> int:
    tidied = unicodedata.normalize("NFKC", typed).replace(" ", "").upper()
    try:
        number = InvoiceNumber.parse(tidied)
    except Fault as error:
        raise _refusal(row, field, typed) from error
    if number.track != row.track:
        raise _refusal(row, field, typed)
    return number.value


def _refusal(row: Range, field: str, typed: str) -> NotInRange:
    begin, end = InvoiceNumber.of(row.track, row.next_no), InvoiceNumber.of(row.track, row.end_no)
    return NotInRange(field=field, number=typed[:20], begin=str(begin), end=str(end))


def _cut(row: Range, part: Span) -> Range:
    """The unbooked row; the row of the invoices keeps its id, and what is left over is paused."""
    owner, last = owner_of(row), row.end_no
    if part.begin == row.begin_no:
        row.end_no, row.state = part.end, RangeState.UNBOOKED.value
        row.save(update_fields=["end_no", "state"])
        found = row
    else:
        row.end_no = part.begin - 1
        row.save(update_fields=["end_no"])
        found = part_of(row, part.begin, part.end, owner, RangeState.UNBOOKED)
    if part.end < last:
        part_of(row, part.end + 1, last, owner, RangeState.PAUSED)
    if row.id != found.id and row.next_no > row.end_no:
        row.state = RangeState.ACTIVE.value  # Used up: there is nothing in it to hold back.
        row.save(update_fields=["state"])
    return found
