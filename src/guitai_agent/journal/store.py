"""The job journal in SQLite: one row a job, WAL, ``synchronous=FULL`` (printing.md §3).

Every step is compare-and-set on the state column, so two threads, or an operator and the printer,
never both win. ``seq`` keeps the order of submission. A disk that is full or a file that is held by
another program is told with a code of ``opening.JOURNAL_CODES``; nothing has changed then.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import AgentError
from .mark import Mark
from .opening import JOURNAL_CODES, WAIT_SECONDS, open_journal, plainly
from .rules import OPEN, PRINTABLE, State, broken_off, canonical, digest, may

COLUMNS = (
    "job_id, origin, kind, copy, sha256, doc, state, reason, bytes,"
    " submitted_at, updated_at, expires"
)
PENDING = (*PRINTABLE, State.SENDING)
QUEUE_LIMIT = 200
KEEP_DOCUMENTS = 90 * 86_400.0
IDENTITY_LIFE = 730 * 86_400.0
RENEWED = 86_400.0
"""So long paper waits that a person still wanted after its time had run out."""
TRY_OUT_MS = 200


@dataclass(frozen=True, slots=True)
class Job:
    """One print job. Times are epoch seconds; ``doc`` is JSON text, None once pruned."""

    job_id: str
    origin: str
    kind: str
    copy: str
    sha256: str
    doc: str | None
    state: State
    reason: str
    bytes: int
    submitted_at: float
    updated_at: float
    expires: float


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked to be printed; ``doc`` is the parsed JSON array of blocks."""

    job_id: str
    origin: str
    doc: list[object]
    copy: str = "original"
    kind: str = "document"
    expires: float = 0.0


class Journal:
    """All jobs of one agent. Safe from any thread; ``on_change(job)`` follows each commit."""

    sealed = False
    """Broken, and only told of (``sealed.SealedJournal``)."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.on_change: Callable[[Job], None] = lambda job: None
        self.path = path
        self.trouble = ""
        """Why file or disk refused us last (``JOURNAL_CODES``), until ``try_out`` finds it well."""
        self._lock = threading.RLock()
        self._db = open_journal(path)
        self._mark = Mark(path.with_name("journal.mark"))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def recover(self) -> list[Job]:
        """After a start: what was being sent has broken off; what waited goes on waiting."""
        with self._lock:
            stranded = self._select("state = 'sending'")
            return [
                self.break_off(job, "AGENT_RESTARTED", bytes_sent=job.bytes) for job in stranded
            ]

    def submit(self, wanted: Submission) -> tuple[Job, bool]:
        """Store the job and return ``(job, replay)``.

        The same id with the same content returns the stored job and True; with other content it
        raises ``conflict``. Durable when it returns.
        """
        sha256 = digest(wanted.doc)
        with self._lock:
            known = self.find(wanted.job_id)
            if known is not None:
                return self._replay(known, wanted, sha256), True
            now = self.clock()
            if wanted.expires <= now:
                raise AgentError("expired")
            self._refuse_when_full()
            self._mark.write(self._insert(wanted, sha256, now))
            job = self.get(wanted.job_id)
        self.on_change(job)
        return job, False

    def find(self, job_id: str) -> Job | None:
        found = self._select("job_id = ?", (job_id,))
        return found[0] if found else None

    def get(self, job_id: str) -> Job:
        job = self.find(job_id)
        if job is None:
            raise AgentError("unknown_job")
        return job

    def next(self) -> Job | None:
        """The oldest job that may be printed."""
        found = self._select("state IN ('queued', 'waiting')", limit="LIMIT 1")
        return found[0] if found else None

    def unbegun(self) -> list[Job]:
        """Jobs of which not one byte was ever sent, those whose time ran out too."""
        return self._select("state IN ('queued', 'waiting', 'expired')")

    def open_jobs(self, origin: str | None = None) -> list[Job]:
        """Jobs that somebody or something still has to finish; of one origin or of all."""
        jobs = self._select(f"state IN ({_quoted(OPEN)})")
        return [job for job in jobs if origin in (None, job.origin)]

    def latest(self, limit: int, origin: str | None = None) -> list[Job]:
        where, args = ("origin = ?", (origin,)) if origin is not None else ("1", ())
        return self._select(where, args, order="seq DESC", limit=f"LIMIT {int(limit)}")

    def counts(self) -> dict[str, int]:
        with self._reading() as cursor:
            return dict(cursor.execute("SELECT state, count(*) FROM job GROUP BY state"))

    def steps(self, job_id: str) -> list[tuple[str, str, int]]:
        """The history of one job: (state, reason, bytes), oldest first."""
        with self._reading() as cursor:
            return cursor.execute(
                "SELECT state, reason, bytes FROM step WHERE job_id = ? ORDER BY rowid", (job_id,)
            ).fetchall()

    def move(self, job: Job, new: State, reason: str = "", *, bytes_sent: int | None = None) -> Job:
        """Take one step from the state the caller has seen; else ``wrong_state``."""
        if not may(job.state, new):
            raise AgentError("wrong_state", state=job.state.value)
        sent = job.bytes if bytes_sent is None else bytes_sent
        with self._lock:
            self._compare_and_set(job, new, reason, sent)
            moved = self.get(job.job_id)
        self.on_change(moved)
        return moved

    def step_back(self, job: Job, reason: str, *, bytes_sent: int) -> Job:
        """``sending → waiting``: only when not one byte has left the agent."""
        if bytes_sent:
            raise AgentError("wrong_state", state=job.state.value)
        return self.move(job, State.WAITING, reason, bytes_sent=0)

    def break_off(self, job: Job, reason: str, *, bytes_sent: int) -> Job:
        """Bytes were sent and nobody knows what is on the paper: a document becomes a question to
        a person, a slip of the agent's own is let go. The printer stays ``dirty``."""
        return self.move(job, broken_off(job.kind), reason, bytes_sent=bytes_sent)

    def park(self, reason: str) -> None:
        """Tell every job that could be printed why it is waiting; one commit for all of them."""
        where = f"state IN ({_quoted(PRINTABLE)}) AND NOT (state = 'waiting' AND reason = ?)"
        self._move_all(where, (reason,), State.WAITING, reason)

    def expire(self) -> None:
        """Stop jobs whose time ran out before their first byte (``rules``); test slips just go."""
        late = f"state IN ({_quoted(PRINTABLE)}) AND expires <= ? AND kind"
        now = self.clock()
        self._move_all(f"{late} = 'document'", (now,), State.EXPIRED, "EXPIRED")
        self._move_all(f"{late} <> 'document'", (now,), State.CANCELLED, "TOO_LATE")

    def renew(self, job_id: str) -> Job:
        """A person still wants paper that is ``expired``: back into the queue, the same job.

        Anything that goes on already, or was printed, is left as it is, so that pressing twice is
        one paper; ``wrong_state`` when it was taken back.
        """
        with self._lock:
            job = self.get(job_id)
            if job.state is State.CANCELLED:
                raise AgentError("wrong_state", state=job.state.value)
            if job.state is not State.EXPIRED:
                return job
            self._refuse_when_full()
            renewed = self._back_in_the_queue(job)
        self.on_change(renewed)
        return renewed

    def _back_in_the_queue(self, job: Job) -> Job:
        now = self.clock()
        with self._writing():
            self._db.execute(
                "UPDATE job SET state = 'queued', reason = '', expires = ?, updated_at = ?"
                " WHERE job_id = ? AND state = 'expired'",
                (now + RENEWED, now, job.job_id),
            )
            self._record(job.job_id, now, State.QUEUED, "", job.bytes)
        return self.get(job.job_id)

    def cancel(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job.state is State.CANCELLED:
            return job
        if job.state not in (*PRINTABLE, State.EXPIRED):
            raise AgentError("wrong_state", state=job.state.value)
        return self.move(job, State.CANCELLED, "TAKEN_BACK")

    def resolve(self, job_id: str, *, printed: bool) -> Job:
        """A person's word about an uncertain job. The same answer again is a replay."""
        answer = (State.DONE, "CONFIRMED") if printed else (State.CANCELLED, "NOT_PRINTED")
        job = self.get(job_id)
        if (job.state, job.reason) == answer:
            return job
        if job.state is not State.UNCERTAIN:
            raise AgentError("wrong_state", state=job.state.value)
        return self.move(job, *answer)

    def prune(self, *, older_than: float) -> int:
        """Forget what finished jobs said (buyers, numbers) and how they went; returns how many.

        Ids and hashes stay for replays, ``IDENTITY_LIFE`` at the least.
        """
        now = self.clock()
        ended = "updated_at < ? AND state IN ('done', 'cancelled')"
        with self._writing():
            self._db.execute(
                f"DELETE FROM step WHERE job_id IN (SELECT job_id FROM job WHERE {ended}"
                " AND doc IS NOT NULL)",
                (now - older_than,),
            )
            pruned = self._db.execute(
                f"UPDATE job SET doc = NULL WHERE doc IS NOT NULL AND {ended}", (now - older_than,)
            ).rowcount
            self._db.execute(f"DELETE FROM job WHERE {ended}", (now - IDENTITY_LIFE,))
        return pruned

    @property
    def name(self) -> str:
        """The agent whose memory this is; empty: nobody's yet."""
        return self._note("agent_id")

    def take_name(self, agent_id: str) -> None:
        """From now on this is the memory of that agent, from here on complete."""
        with self._writing():
            self._write_note("agent_id", agent_id)
        self._mark.write(self.taken)

    @property
    def taken(self) -> int:
        """How many jobs have ever been taken, the forgotten ones too."""
        with self._reading() as cursor:
            row = cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'job'").fetchone()
        return int(row[0]) if row else 0

    @property
    def complete(self) -> bool:
        """Is the last job that was taken in here? Not after an older copy was put back."""
        return self.taken >= self._mark.read()

    def try_out(self, size: int) -> str:
        """Can ``size`` more bytes be written? Writes and deletes them; the code if not, else empty.

        Waits for another program much shorter than a job would: it looks again soon.
        """
        with self._lock:
            self._db.execute(f"PRAGMA busy_timeout = {TRY_OUT_MS}")
            try:
                with self._writing():
                    self._write_note("room", "x" * size)
                with self._writing():
                    self._db.execute("DELETE FROM note WHERE key = 'room'")
            except AgentError as error:
                return error.code
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
            if self.trouble != "journal_broken":  # that does not heal by writing beside it
                self.trouble = ""
        return self.trouble

    @property
    def dirty(self) -> bool:
        """May the printer still hold a part of a job? True from ``sending`` to ``done``, also
        over a crash: then it must be cleaned before the next first byte (printing.md §7)."""
        return self._note("dirty") == "1"

    def set_dirty(self, dirty: bool) -> None:
        with self._writing():
            self._write_dirty(dirty)

    def _write_dirty(self, dirty: bool) -> None:
        self._write_note("dirty", str(int(dirty)))

    def _note(self, key: str) -> str:
        with self._reading() as cursor:
            row = cursor.execute("SELECT value FROM note WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _write_note(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (key, value))

    def _move_all(self, where: str, args: tuple[object, ...], new: State, reason: str) -> None:
        with self._lock:
            jobs = self._select(where, args)
            if not jobs:
                return
            now = self.clock()
            with self._writing():
                for job in jobs:
                    self._db.execute(
                        "UPDATE job SET state = ?, reason = ?, updated_at = ? WHERE job_id = ?",
                        (new.value, reason, now, job.job_id),
                    )
                    self._record(job.job_id, now, new, reason, job.bytes)
        for job in jobs:
            self.on_change(replace(job, state=new, reason=reason, updated_at=now))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        with self._plainly(), self._lock, closing(self._db.cursor()) as cursor:
            yield cursor

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, on the disk when it is left; nothing has changed when it fails."""
        with self._plainly(), self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """As ``plainly``, and remembers it: the doctor tells of it (``trouble``)."""
        try:
            with plainly():
                yield
        except AgentError as error:
            if error.code in JOURNAL_CODES:
                self.trouble = error.code
            raise

    def _compare_and_set(self, job: Job, new: State, reason: str, sent: int) -> None:
        now = self.clock()
        with self._writing():
            cursor = self._db.execute(
                "UPDATE job SET state = ?, reason = ?, bytes = ?, updated_at = ?"
                " WHERE job_id = ? AND state = ?",
                (new.value, reason, sent, now, job.job_id, job.state.value),
            )
            if cursor.rowcount != 1:
                raise AgentError("wrong_state", state=self.get(job.job_id).state.value)
            self._record(job.job_id, now, new, reason, sent)
            if new is State.SENDING:
                self._write_dirty(True)
            elif new in (State.DONE, State.WAITING) and job.state is State.SENDING:
                self._write_dirty(False)

    def _insert(self, wanted: Submission, sha256: str, now: float) -> int:
        values = (wanted.job_id, wanted.origin, wanted.kind, wanted.copy, sha256)
        doc = canonical(wanted.doc).decode()
        with self._writing():
            cursor = self._db.execute(
                f"INSERT INTO job ({COLUMNS}) VALUES (?,?,?,?,?,?,'queued','',0,?,?,?)",
                (*values, doc, now, now, wanted.expires),
            )
            self._record(wanted.job_id, now, State.QUEUED, "", 0)
        return int(cursor.lastrowid or 0)

    def _record(self, job_id: str, now: float, state: State, reason: str, sent: int) -> None:
        self._db.execute(
            "INSERT INTO step VALUES (?, ?, ?, ?, ?)", (job_id, now, state.value, reason, sent)
        )

    def _replay(self, known: Job, wanted: Submission, sha256: str) -> Job:
        same = (known.sha256, known.copy, known.origin, known.kind)
        if same != (sha256, wanted.copy, wanted.origin, wanted.kind):
            raise AgentError("conflict")
        return known

    def _refuse_when_full(self) -> None:
        with self._reading() as cursor:
            sql = f"SELECT count(*) FROM job WHERE state IN ({_quoted(PENDING)})"
            if int(cursor.execute(sql).fetchone()[0]) >= QUEUE_LIMIT:
                raise AgentError("queue_full")

    def _select(
        self, where: str, args: tuple[object, ...] = (), *, order: str = "seq", limit: str = ""
    ) -> list[Job]:
        sql = f"SELECT {COLUMNS} FROM job WHERE {where} ORDER BY {order} {limit}"
        with self._reading() as cursor:
            return [_job(row) for row in cursor.execute(sql, args)]


def blocks_of(job: Job) -> list[object]:
    """The stored document, parsed again."""
    return list(json.loads(job.doc or "[]"))


def _job(row: tuple[Any, ...]) -> Job:
    named = dict(zip(COLUMNS.replace(" ", "").split(","), row, strict=True))
    return Job(**{**named, "state": State(named["state"])})


def _quoted(states: Iterable[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in states)
