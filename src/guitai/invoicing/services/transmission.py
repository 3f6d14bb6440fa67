"""The engine that brings documents to their centres (DESIGN §4, docs/flows/transmission.md).

One tick: recover what a dead worker left, send what is due, ask about what is in doubt. Every
claim is committed before the wire is touched, every call happens outside of a transaction, every
answer is written by compare-and-set on the claim. A kill at any point leaves each document either
waiting (not sent), in flight (found and put in doubt), or settled.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from prometheus_client import Counter

from guitai.invoicing import ports, registry, rules
from guitai.invoicing.errors import AccountNotFound
from guitai.invoicing.models import CentreAccount
from guitai.invoicing.ports import Ability, Account, Answer, Centre, Parcel, Status
from guitai.invoicing.rules import Finding, Kind, Outcome, Step, TransmissionState
from guitai.invoicing.services import accounts, sqlcalls
from guitai.invoicing.services.journal import BufferedJournal
from guitai.invoicing.services.sqlcalls import Claimed, Settlement
from guitai.kernel import clock, scope
from twinvoice import jsonform
from twinvoice.faults import Fault

log = logging.getLogger(__name__)

UPLOADS = Counter("guitai_transmissions", "Answers to uploads", ["centre", "kind", "outcome"])
FLUSH_EVERY = 0.25
NO_ACCOUNT = Answer(
    Outcome.TEMPORARY, "NO-ACCOUNT", "還沒有設定加值中心帳號，請到後台「加值中心設定」填寫。"
)
NO_KEY = Answer(
    Outcome.TEMPORARY,
    "SECRET-KEY",
    "加值中心帳號的通道金鑰無法解密：請放回原來的 secrets 資料夾，或到後台重新填寫金鑰。",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at once. ``lease``: a claim older than this counts as left behind."""

    batch: int = 64
    """Claimed at once: small, because a kill puts all of them in doubt."""
    threads: int = 8
    lease: timedelta = timedelta(minutes=5)
    quiet: timedelta | None = None
    """How long a document in doubt rests before it is asked about; default: the longest call."""


@dataclass(slots=True)
class Tally:
    """What one tick did."""

    recovered: int = 0
    sent: int = 0
    asked: int = 0
    lost: int = 0

    @property
    def busy(self) -> bool:
        return bool(self.recovered or self.sent or self.asked)


@dataclass(frozen=True, slots=True)
class _Load:
    """One claimed document, ready to go (or not, and then why)."""

    row: Claimed
    centre: Centre
    account: Account | None
    parcel: Parcel | None
    refusal: Answer | None = None


@dataclass(slots=True)
class Engine:
    """One worker's engine. Use as a context manager: while it is open its claims count as alive."""

    pace: Pace = field(default_factory=Pace)
    open_centre: Callable[[str, ports.Journal], Centre] = registry.open_centre
    jitter: Callable[[], float] = random.random
    now: Callable[[], datetime] = clock.now
    stopping: Callable[[], bool] = lambda: False
    """Asked before every call: what is not on the wire yet goes back unsent."""
    worker: int = field(default_factory=lambda: random.SystemRandom().getrandbits(62))
    _journal: BufferedJournal = field(default_factory=BufferedJournal)
    _centres: dict[str, Centre] = field(default_factory=dict)
    _pulse: "psycopg.Connection[Any] | None" = None
    _pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "Engine":
        self._centres = {key: self.open_centre(key, self._journal) for key in registry.CENTRES}
        self._pool = ThreadPoolExecutor(self.pace.threads, thread_name_prefix="transmit")
        self.beat()
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        if self._pulse is not None:
            self._pulse.close()
        self._pulse = self._pool = None

    def beat(self) -> None:
        """Holds the lock by which others see that this worker lives; reconnects if lost."""
        if self._pulse is not None:
            try:
                self._pulse.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                self._pulse.close()
        self._pulse = sqlcalls.hold_lock(self.worker)

    def tick(self) -> Tally:
        """Does everything that is due now, one batch of each kind."""
        if connection.in_atomic_block:
            raise RuntimeError("the engine commits before it calls: no transaction may be open")
        self.beat()
        tally = Tally(recovered=self._recover())
        self._send(tally)
        self._ask(tally)
        return tally

    def _recover(self) -> int:
        limits = [centre.call_limit for centre in self._centres.values()]
        quiet = max(limits) if self.pace.quiet is None else self.pace.quiet
        return sqlcalls.recover(self.worker, self.now(), self.pace.lease, quiet)

    def _send(self, tally: Tally) -> None:
        rows = sqlcalls.claim(self.worker, list(self._centres), self.now(), self.pace.batch)
        tally.sent += len(rows)
        self._deliver(rows, tally)

    def _deliver(self, rows: Sequence[Claimed], tally: Tally) -> None:
        """Hands over rows that are in flight and ours; settles them as the answers come."""
        started = time.monotonic()
        loads = self._load(rows)
        self._each(loads, lambda load: self._upload(load, started), self._after_upload, tally)

    def _ask(self, tally: Tally) -> None:
        rows = sqlcalls.claim_doubt(self.worker, list(self._centres), self.now(), self.pace.batch)
        tally.asked += len(rows)
        probes: list[Claimed] = []

        def after(load: _Load, status: Status) -> Settlement:
            settlement = self._after_asking(load, status)
            if settlement.after == TransmissionState.IN_FLIGHT:
                probes.append(load.row)
            return settlement

        moved = self._each(self._load(rows), self._query, after, tally)
        # Committed as in flight above; only now may the same bytes go out again.
        self._deliver(
            [
                replace(row, state=TransmissionState.IN_FLIGHT, attempts=row.attempts + 1)
                for row in probes
                if row.id in moved
            ],
            tally,
        )

    def _each(
        self,
        loads: Sequence[_Load],
        call: Callable[[_Load], Any],
        after: Callable[[_Load, Any], Settlement],
        tally: Tally,
    ) -> set[UUID]:
        """Calls ``call`` for each load in threads, settles what is done every quarter second."""
        if not loads:
            return set()
        assert self._pool is not None
        pending: dict[Future[Any], _Load] = {self._pool.submit(call, load): load for load in loads}
        moved: set[UUID] = set()
        while pending:
            time_up = time.monotonic() + FLUSH_EVERY
            done: set[Future[Any]] = set()
            while (left := time_up - time.monotonic()) > 0 and len(done) < len(pending):
                finished, _ = wait(pending.keys() - done, left, FIRST_COMPLETED)
                done |= finished
            answered = [(pending.pop(future), future.result()) for future in done]
            moved |= self._settle(answered, after, tally)
        return moved

    def _settle(
        self,
        answered: Sequence[tuple[_Load, Any]],
        after: Callable[[_Load, Any], Settlement],
        tally: Tally,
    ) -> set[UUID]:
        settlements = [after(load, answer) for load, answer in answered]
        moved = sqlcalls.settle(self.worker, self.now(), settlements) if settlements else set()
        self._journal.write()
        tally.lost += len(settlements) - len(moved)
        for (load, answer), settlement in zip(answered, settlements, strict=True):
            if settlement.pause and load.account is not None and isinstance(answer, Answer):
                self._pause(load.account, answer)
        return moved

    def _pause(self, account: Account, answer: Answer) -> None:
        with scope.tenant(account.merchant_id):
            row = CentreAccount.objects.get(id=account.id)
            accounts.pause(row, outcome=answer.outcome, message=answer.message, now=self.now())

    # --- loading

    def _load(self, rows: Sequence[Claimed]) -> list[_Load]:
        documents = sqlcalls.documents(rows)
        known: dict[tuple[UUID, str, UUID | None, str], Account | Answer] = {}
        return [
            self._load_one(row, documents.get((row.merchant_id, row.id)), known) for row in rows
        ]

    def _load_one(
        self,
        row: Claimed,
        document: dict[str, Any] | None,
        known: dict[tuple[UUID, str, UUID | None, str], Account | Answer],
    ) -> _Load:
        centre = self._centres[row.centre]
        key = (row.merchant_id, row.centre, row.register_id, row.seller_ban)
        if key not in known:
            known[key] = _account(*key)
        account = known[key]
        if isinstance(account, Answer):
            return _Load(row, centre, None, None, account)
        try:
            parcel = _parcel(row, document)
        except Fault as fault:
            return _Load(
                row, centre, account, None, Answer(Outcome.INVALID, fault.code, str(fault))
            )
        return _Load(row, centre, account, parcel)

    # --- calling (in threads: no database from here)

    def _upload(self, load: _Load, started: float) -> Answer | None:
        if load.refusal is not None:
            return load.refusal
        assert load.account is not None and load.parcel is not None
        limit = self.pace.lease - load.centre.call_limit
        if time.monotonic() - started > limit.total_seconds() or self.stopping():
            return None  # the claim is about to run out, or the worker: give it back unsent
        verb = load.centre.upload_void if load.row.kind == Kind.VOID else load.centre.upload_issue
        try:
            answer = verb(load.account, load.parcel)
        except Exception as error:  # a provider's own mistake must not stop the others: in doubt
            log.exception("upload of %s failed inside the provider", load.row.id)
            answer = Answer(Outcome.IN_DOUBT, "EXCEPTION", type(error).__name__)
        UPLOADS.labels(load.row.centre, load.row.kind, answer.outcome).inc()
        return answer

    def _query(self, load: _Load) -> Status:
        if load.refusal is not None:
            return Status(Finding.UNKNOWN, load.refusal.code, load.refusal.message)
        assert load.account is not None and load.parcel is not None
        if Ability.QUERY_STATUS not in load.centre.abilities:
            return Status(Finding.CANNOT_ASK)
        try:
            return load.centre.query(load.account, load.parcel, self.now())
        except Exception as error:  # as above: stays in doubt and is asked again
            log.exception("asking about %s failed inside the provider", load.row.id)
            return Status(Finding.UNKNOWN, "EXCEPTION", type(error).__name__)

    # --- deciding

    def _after_upload(self, load: _Load, answer: Answer | None) -> Settlement:
        row = load.row
        if answer is None:
            return Settlement.of(row, TransmissionState.WAITING, note="未送出，改由下一批")
        can_ask = Ability.QUERY_STATUS in load.centre.abilities
        step = rules.after_upload(
            answer.outcome,
            doubted=row.doubted,
            attempts=row.attempts,
            ask=can_ask and not answer.compared,
        )
        note = "" if answer.compared else "號碼已存在，加值中心未說明內容是否相同"
        return self._settlement(row, step, answer, answer.outcome, note)

    def _after_asking(self, load: _Load, status: Status) -> Settlement:
        may_probe = (
            Ability.KEYED_BY_NUMBER in load.centre.abilities
            and load.account is not None
            and load.account.options.get("probe_by_resend", True) is True
        )
        step = rules.after_asking(status.finding, may_probe=may_probe)
        note = "以相同內容再送一次確認" if step.state is TransmissionState.IN_FLIGHT else ""
        answer = Answer(Outcome.IN_DOUBT, status.code, status.message)
        return self._settlement(load.row, step, answer, None, note)

    def _settlement(
        self, row: Claimed, step: Step, answer: Answer, outcome: Outcome | None, note: str
    ) -> Settlement:
        next_at = None
        if step.again:
            pause = rules.backoff(row.attempts + row.asks, self.jitter())
            next_at = self.now() + max(pause, answer.retry_after or pause)
        return Settlement.of(
            row,
            step.state,
            next_at=next_at,
            outcome=outcome or "",
            code=answer.code,
            message=answer.message,
            note=note,
            pause=step.pause,
        )


def _account(
    merchant_id: UUID, centre: str, register_id: UUID | None, seller_ban: str
) -> Account | Answer:
    with scope.tenant(merchant_id):
        try:
            return accounts.opened(accounts.for_register(centre, register_id, seller_ban))
        except AccountNotFound:
            return NO_ACCOUNT
        except ImproperlyConfigured:  # the key ring is another one: this account's trouble alone
            log.error("the channel key of merchant %s at %s cannot be opened", merchant_id, centre)
            return NO_KEY


def _parcel(row: Claimed, document: dict[str, Any] | None) -> Parcel:
    if document is None:
        raise Fault("TRX-SUBJECT", "", {"subject": str(row.subject_id)})
    return Parcel(row.id, Kind(row.kind), jsonform.from_json(document), row.wire_at)  # type: ignore[arg-type]  # only outgoing documents are queued


def run_until_idle(engine: Engine, *, rounds: int = 1000) -> Tally:
    """Ticks until a tick finds nothing; for the batch job, the demo and tests."""
    total = Tally()
    for _ in range(rounds):
        tally = engine.tick()
        for name in ("recovered", "sent", "asked", "lost"):
            setattr(total, name, getattr(total, name) + getattr(tally, name))
        if not tally.busy:
            break
    return total
