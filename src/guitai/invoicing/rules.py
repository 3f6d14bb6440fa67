"""Decisions about invoices and about sending them: pure functions and tables.

Sources: DESIGN §4 (Outgoing documents), providers.md §3.3 (outcomes) and §3.5, product.md B.7.2 and
B.23 X3 (void window), mof.md §5.1 and §6 (legal ends), S2.19 (the 09:00 batch).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from guitai.invoicing.errors import BadReason, ReasonText, VoidWindowClosed
from guitai.kernel import text
from twinvoice.period import Period

TAIPEI = ZoneInfo("Asia/Taipei")


class InvoiceState(StrEnum):
    ISSUED = "issued"
    VOIDED = "voided"


INVOICE_TRANSITIONS: dict[InvoiceState, frozenset[InvoiceState]] = {
    InvoiceState.ISSUED: frozenset({InvoiceState.VOIDED}),
    InvoiceState.VOIDED: frozenset(),
}
INVOICE_STATE_NAMES = {InvoiceState.ISSUED: "已開立", InvoiceState.VOIDED: "已作廢"}


class Kind(StrEnum):
    """MIG message of a transmission."""

    ISSUE = "F0401"
    VOID = "F0501"
    ANNUL = "F0701"
    ALLOW = "G0401"
    ALLOW_VOID = "G0501"


KIND_NAMES = {
    Kind.ISSUE: "開立",
    Kind.VOID: "作廢",
    Kind.ANNUL: "註銷",
    Kind.ALLOW: "折讓",
    Kind.ALLOW_VOID: "作廢折讓",
}


class TransmissionState(StrEnum):
    """``parked`` waits for a person; ``rejected`` was refused for its content."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    PARKED = "parked"


S = TransmissionState
STATE_NAMES = {
    S.WAITING: "等待上傳",
    S.IN_FLIGHT: "上傳中",
    S.SENT: "已上傳",
    S.CONFIRMED: "已確認",
    S.REJECTED: "被退回",
    S.IN_DOUBT: "結果不明，查詢中",
    S.PARKED: "待人工處理",
}
TRANSITIONS: dict[TransmissionState, frozenset[TransmissionState]] = {
    S.WAITING: frozenset({S.IN_FLIGHT, S.PARKED}),
    S.IN_FLIGHT: frozenset({S.WAITING, S.SENT, S.CONFIRMED, S.REJECTED, S.IN_DOUBT, S.PARKED}),
    S.IN_DOUBT: frozenset(
        {S.WAITING, S.IN_FLIGHT, S.SENT, S.CONFIRMED, S.REJECTED, S.IN_DOUBT, S.PARKED}
    ),
    S.SENT: frozenset({S.CONFIRMED, S.REJECTED, S.PARKED}),
    S.PARKED: frozenset({S.WAITING, S.SENT, S.CONFIRMED, S.REJECTED}),
    S.REJECTED: frozenset({S.WAITING, S.PARKED}),
    S.CONFIRMED: frozenset(),
}
SETTLED = frozenset({S.SENT, S.CONFIRMED})
"""The next document of a lane may go once the one before it is here."""


CENTRE_NAMES = {"mirle": "盟立 Mirle", "turnkey": "財政部 Turnkey"}
"""What people call the centres; ``registry.CENTRES`` says who serves them."""


def centre_name(key: str) -> str:
    return CENTRE_NAMES.get(key, "未設定" if key == "none" else key)


class AccountState(StrEnum):
    OK = "ok"
    PAUSED = "paused"


class Outcome(StrEnum):
    """What a centre's answer means; every adapter maps into exactly these (providers.md §3.3)."""

    OK = "OK"
    DUP_SAME = "DUP_SAME"
    DUP_CONFLICT = "DUP_CONFLICT"
    IN_DOUBT = "IN_DOUBT"
    TEMPORARY = "TEMPORARY"
    AUTH = "AUTH"
    CLOCK = "CLOCK"
    SUSPENDED = "SUSPENDED"
    NOT_OPEN = "NOT_OPEN"
    NO_NUMBERS = "NO_NUMBERS"
    RANGE_UNKNOWN = "RANGE_UNKNOWN"
    NOT_FOUND_ORIGINAL = "NOT_FOUND_ORIGINAL"
    STATE_CONFLICT = "STATE_CONFLICT"
    INVALID = "INVALID"


PAUSING = frozenset({Outcome.AUTH, Outcome.CLOCK, Outcome.SUSPENDED, Outcome.NOT_OPEN})


class Finding(StrEnum):
    """What asking about a document in doubt found."""

    THERE = "there"
    CONFIRMED = "confirmed"
    ABSENT = "absent"
    DIFFERENT = "different"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """The centre could not be reached or did not say: ask again later."""
    CANNOT_ASK = "cannot_ask"
    """The centre has no such question."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine does with a transmission: its next state, and what else."""

    state: TransmissionState
    again: bool = False
    """Try (or ask) once more after ``backoff``."""
    pause: bool = False
    """Pause the centre account until a person or the clock check resumes it."""


_AFTER_UPLOAD: dict[Outcome, Step] = {
    Outcome.OK: Step(S.SENT),
    Outcome.DUP_SAME: Step(S.SENT),
    Outcome.DUP_CONFLICT: Step(S.PARKED),
    Outcome.IN_DOUBT: Step(S.IN_DOUBT, again=True),
    Outcome.TEMPORARY: Step(S.WAITING, again=True),
    Outcome.AUTH: Step(S.WAITING, again=True, pause=True),
    Outcome.CLOCK: Step(S.WAITING, again=True, pause=True),
    Outcome.SUSPENDED: Step(S.WAITING, again=True, pause=True),
    Outcome.NOT_OPEN: Step(S.WAITING, again=True, pause=True),
    Outcome.NO_NUMBERS: Step(S.PARKED),
    Outcome.RANGE_UNKNOWN: Step(S.PARKED),
    Outcome.NOT_FOUND_ORIGINAL: Step(S.WAITING, again=True),
    Outcome.STATE_CONFLICT: Step(S.REJECTED),
    Outcome.INVALID: Step(S.REJECTED),
}
ORIGINAL_TRIES = 6
"""After so many 'original not found' a person looks: our own record says that it was sent."""


def after_upload(outcome: Outcome, *, doubted: bool, attempts: int, ask: bool = False) -> Step:
    """The step after a centre answered a sending.

    ``doubted``: an earlier sending of the same bytes was in doubt. Then a refusal is no proof that
    nothing arrived: what would go back to waiting stays in doubt, and what would count as refused
    waits for a person. ``ask``: the centre named a duplicate, did not compare it, and can be asked.
    """
    if outcome is Outcome.DUP_CONFLICT and ask:
        return Step(S.IN_DOUBT, again=True)
    if outcome is Outcome.NOT_FOUND_ORIGINAL and attempts >= ORIGINAL_TRIES:
        return Step(S.PARKED)
    step = _AFTER_UPLOAD[outcome]
    if not doubted or outcome is Outcome.NOT_FOUND_ORIGINAL:
        return step
    if step.state is S.WAITING:
        return Step(S.IN_DOUBT, again=True, pause=step.pause)
    if step.state is S.REJECTED:
        return Step(S.PARKED)
    return step


def after_asking(finding: Finding, *, may_probe: bool) -> Step:
    """The step after asking about a document in doubt. ``IN_FLIGHT`` means: probe now.

    ``may_probe``: the centre keys by number, so that the same bytes under the same number can
    only be accepted once (docs/decisions/0005).
    """
    steps = {
        Finding.THERE: Step(S.SENT),
        Finding.CONFIRMED: Step(S.CONFIRMED),
        Finding.ABSENT: Step(S.WAITING, again=True),
        Finding.DIFFERENT: Step(S.PARKED),
        Finding.REJECTED: Step(S.REJECTED),
        Finding.UNKNOWN: Step(S.IN_DOUBT, again=True),
        Finding.CANNOT_ASK: Step(S.IN_FLIGHT) if may_probe else Step(S.PARKED),
    }
    return steps[finding]


_AFTER_RESULT = {
    Finding.CONFIRMED: S.CONFIRMED,
    Finding.REJECTED: S.REJECTED,
    Finding.DIFFERENT: S.PARKED,
}
RESULTS_COUNT_IN = frozenset({S.SENT, S.IN_DOUBT, S.PARKED, S.REJECTED})


def after_result(state: TransmissionState, finding: Finding) -> TransmissionState | None:
    """The state after a platform's result file spoke about a document; ``None``: no change.

    What is confirmed stays confirmed: a later "already there" is about a second file, and a later
    refusal is an alarm for a person, not a change of record (mof.md §14.5).
    """
    target = _AFTER_RESULT.get(finding)
    if target is None or state not in RESULTS_COUNT_IN or target == state:
        return None
    return target if target in TRANSITIONS[state] else None


FIRST_PAUSE = timedelta(seconds=20)
LONGEST_PAUSE = timedelta(minutes=15)


def backoff(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the n-th attempt (1 = first): doubling, ±25 % by ``jitter`` in 0…1."""
    exponent = min(max(attempts, 1) - 1, 10)
    pause: timedelta = min(FIRST_PAUSE * 2**exponent, LONGEST_PAUSE)
    return pause * (0.75 + 0.5 * jitter)


BATCH_HOUR = time(9)
NEXT_DAY_CENTRES = frozenset({"mirle"})


def due_at(centre: str, now: datetime) -> datetime:
    """When a document made ``now`` (aware) is due at its centre.

    Mirle: the batch at 09:00 Taipei of the next day (S2.19); every other centre: at once. The
    function ``public.invoicing_due_at`` says the same in the database.
    """
    if centre not in NEXT_DAY_CENTRES:
        return now
    tomorrow = now.astimezone(TAIPEI).date() + timedelta(days=1)
    return datetime.combine(tomorrow, BATCH_HOUR, TAIPEI)


ALARM_AFTER = timedelta(hours=36)
LATE_AFTER = timedelta(hours=48)
"""The vendors' edge for consumers; stricter than the law's two days (providers.md §3.2)."""


def legal_deadline(issue_date: date, *, business: bool) -> datetime:
    """End of the 2nd (consumer) or 7th (company) day after issue, Taipei (mof.md §6)."""
    last = issue_date + timedelta(days=7 if business else 2)
    return datetime.combine(last, time(23, 59, 59), TAIPEI)


LONGEST_REASON = 20


def check_reason(reason: str) -> str:
    """F0501's CancelReason: 1–20 characters after trimming (mof.md V25), and none that a centre
    or a printer cannot spell (V23, product.md B.5.13)."""
    trimmed = reason.strip()
    if not 1 <= len(trimmed) <= LONGEST_REASON:
        raise BadReason(field="reason")
    fault = text.first_fault(trimmed)
    if fault:
        place, character, wrong = fault
        raise ReasonText(field="reason", place=place, character=character, wrong=wrong)
    return trimmed


def void_deadline(period_code: str, closes_on_day: int = 4) -> date:
    """The last day for a void of that period: the 4th of the month after (product.md B.7.2).

    A centre may close earlier; nothing may close later than the filing on the 15th (mof.md §5.1).
    """
    period = Period.parse(period_code)
    legal_end = period.filing_deadline
    return legal_end.replace(day=min(closes_on_day, legal_end.day))


def check_void_window(period_code: str, now: datetime, closes_on_day: int = 4) -> None:
    """Refuses with ``INV-WINDOW`` after 23:59:59 Taipei of the last day."""
    deadline = void_deadline(period_code, closes_on_day)
    if now.astimezone(TAIPEI).date() > deadline:
        raise VoidWindowClosed(
            period_label=Period.parse(period_code).label, deadline=deadline.isoformat()
        )


def lane_of(seller_ban: str, period_code: str, number: str) -> str:
    """Where documents of one invoice queue behind each other."""
    return f"{seller_ban}/{period_code}/{number}"


POSITIONS = {Kind.ISSUE: 0, Kind.VOID: 1}
"""Order in a lane; later instruments (annulment, allowance) count on from the lane's last."""
