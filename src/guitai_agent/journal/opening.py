"""Opening the journal's file, and saying plainly why it cannot be used (printing.md §3).

A journal that cannot be trusted is refused, never replaced: it knows what was printed. A database
that is no journal at all (put there by mistake, or another program's) is as little to be trusted.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..errors import AgentError

VERSION = 1
WAIT_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('document', 'selftest', 'pairing')),
  copy TEXT NOT NULL CHECK (copy IN ('original', 'reprint')),
  sha256 TEXT NOT NULL,
  doc TEXT,
  state TEXT NOT NULL CHECK (state IN
    ('queued', 'waiting', 'sending', 'done', 'uncertain', 'expired', 'cancelled')),
  reason TEXT NOT NULL DEFAULT '',
  bytes INTEGER NOT NULL DEFAULT 0,
  submitted_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  expires REAL NOT NULL
);
DROP INDEX IF EXISTS job_open;
CREATE INDEX IF NOT EXISTS job_unfinished ON job (seq)
  WHERE state IN ('queued', 'waiting', 'sending', 'uncertain', 'expired');
-- Older agents let paper expire for good, without a reason.
UPDATE job SET state = 'cancelled' WHERE state = 'expired' AND reason = '';
-- They asked about their own slips as well, as if those were invoices.
UPDATE job SET state = 'cancelled' WHERE state = 'uncertain' AND kind <> 'document';
CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS step (
  job_id TEXT NOT NULL, at REAL NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
  bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS step_job ON step (job_id);
"""
REFUSALS = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR_SHMSIZE: "disk_full",  # no room for the page that a start needs
    sqlite3.SQLITE_BUSY: "journal_locked",
    sqlite3.SQLITE_LOCKED: "journal_locked",
    sqlite3.SQLITE_CORRUPT: "journal_broken",
    sqlite3.SQLITE_NOTADB: "journal_broken",
    sqlite3.SQLITE_READONLY: "journal_unwritable",
    sqlite3.SQLITE_IOERR: "journal_unwritable",
    sqlite3.SQLITE_CANTOPEN: "journal_unwritable",
}
JOURNAL_CODES = frozenset(REFUSALS.values()) | {"journal_newer"}
JOB_COLUMNS = (
    "seq", "job_id", "origin", "kind", "copy", "sha256", "doc", "state", "reason", "bytes",
    "submitted_at", "updated_at", "expires",
)  # fmt: skip
OURS = {
    "job": frozenset(JOB_COLUMNS),
    "note": frozenset(("key", "value")),
    "step": frozenset(("job_id", "at", "state", "reason", "bytes")),
}
"""What every journal's tables have; a later agent may have added to it."""


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """Turns what SQLite says of file and disk into ``AgentError`` (``JOURNAL_CODES``)."""
    try:
        yield
    except sqlite3.Error as error:
        exact = getattr(error, "sqlite_errorcode", 0)
        code = REFUSALS.get(exact) or REFUSALS.get(exact & 0xFF)
        if code is None:
            raise
        raise AgentError(code, detail=str(error)) from error


def open_journal(path: Path) -> sqlite3.Connection:
    """A durable connection: WAL, every commit on the disk before it returns.

    Raises ``AgentError``: ``journal_locked`` (another program holds it), ``journal_broken``,
    ``journal_newer`` (written by a later agent), ``journal_unwritable``, ``disk_full``.
    """
    fit = _fits(path)
    with plainly():
        db = _connect(str(path))
    try:
        with _as_ours():
            if not fit:
                _judge(db, path)
            _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _connect(target: str) -> sqlite3.Connection:
    return sqlite3.connect(
        target, uri=target.startswith("file:"), check_same_thread=False, isolation_level=None,
        timeout=WAIT_SECONDS,
    )  # fmt: skip


def _fits(path: Path) -> bool:
    """Reads the file, and only reads: a stranger's must stay as it is, down to the byte.

    False when that tells nothing: there is no file yet, or a crash left it so that SQLite must
    write before it can read. Raises as ``open_journal``.
    """
    if not path.exists():
        return False
    with plainly():
        db = _connect(f"{path.resolve().as_uri()}?mode=ro")
    try:
        with _as_ours():
            _judge(db, path)
    except AgentError as error:
        if _primary(error.__cause__) == sqlite3.SQLITE_READONLY:
            return False
        raise
    finally:
        db.close()
    return True


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """As ``plainly``; what we ask of every journal and this file cannot answer: it is not ours."""
    try:
        with plainly():
            yield
    except sqlite3.Error as error:
        if _primary(error) not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT):
            raise
        raise AgentError("journal_broken", detail=str(error)) from error


def _primary(error: BaseException | None) -> int:
    """SQLite's result code without its particulars; 0 for what is not SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _judge(db: sqlite3.Connection, path: Path) -> None:
    """Is this a journal, whole, and one that this agent understands?"""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        raise AgentError("journal_broken", path=str(path), detail=verdict)
    named = dict(db.execute("SELECT name, type FROM sqlite_master").fetchall())
    tables = {name for name, kind in named.items() if kind == "table"}
    if named and not {"job", "sqlite_sequence"} <= tables:
        raise AgentError("journal_broken", path=str(path), detail=f"tables {sorted(tables)}")
    if version > VERSION:
        raise AgentError("journal_newer", path=str(path), version=version, known=VERSION)
    for name in tables & OURS.keys():
        columns = {str(row[1]) for row in db.execute(f"PRAGMA table_info({name})")}
        if missing := OURS[name] - columns:
            detail = f"table {name} without {sorted(missing)}"
            raise AgentError("journal_broken", path=str(path), detail=detail)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(SCHEMA)
    db.execute(f"PRAGMA user_version = {VERSION}")
