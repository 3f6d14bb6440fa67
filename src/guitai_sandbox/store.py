"""SQLite under both faces: one connection a thread, write-ahead log, explicit transactions.

``synchronous=NORMAL`` with the write-ahead log: what is committed survives ``kill -9`` of the
process; only a power cut can take the last commits, and then consistently.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORLD = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sellers (
  ban TEXT PRIMARY KEY, name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'suspended')));
CREATE TABLE IF NOT EXISTS machines (
  seller TEXT NOT NULL REFERENCES sellers, posid TEXT NOT NULL, possn TEXT NOT NULL,
  PRIMARY KEY (seller, posid));
CREATE TABLE IF NOT EXISTS ranges (
  id INTEGER PRIMARY KEY, face TEXT NOT NULL CHECK (face IN ('mirle', 'turnkey')),
  seller TEXT NOT NULL REFERENCES sellers, type TEXT NOT NULL, period TEXT NOT NULL,
  track TEXT NOT NULL, begin INTEGER NOT NULL, "end" INTEGER NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('platform', 'merchant')),
  UNIQUE (period, track, begin));
CREATE TABLE IF NOT EXISTS grants (
  id INTEGER PRIMARY KEY, range_id INTEGER NOT NULL REFERENCES ranges, seller TEXT NOT NULL,
  posid TEXT NOT NULL, type TEXT NOT NULL, period TEXT NOT NULL, track TEXT NOT NULL,
  begin INTEGER NOT NULL, "end" INTEGER NOT NULL, cursor INTEGER, granted_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS grants_by_number ON grants (seller, period, track, begin);
CREATE TABLE IF NOT EXISTS faults (
  face TEXT NOT NULL, name TEXT NOT NULL, times INTEGER, params TEXT NOT NULL,
  PRIMARY KEY (face, name, params));
"""

# generation 0 is in force; a withdrawn document carries its own id there and frees its number
DOCUMENTS = """
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY, seller TEXT NOT NULL, period TEXT NOT NULL, kind TEXT NOT NULL,
  number TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL, posid TEXT NOT NULL,
  issued_at TEXT NOT NULL, content TEXT NOT NULL, body TEXT NOT NULL, received_at TEXT NOT NULL,
  late INTEGER NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
  UNIQUE (seller, period, kind, number, generation));
CREATE INDEX IF NOT EXISTS documents_by_number ON documents (number);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, message TEXT NOT NULL, seller TEXT NOT NULL, posid TEXT NOT NULL,
  number TEXT NOT NULL, accepted INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,
  at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_number ON deliveries (number);
"""


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open (and create) a database for the calling thread; autocommit, rows by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    link = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
    link.row_factory = sqlite3.Row
    link.execute("PRAGMA journal_mode=WAL")
    link.execute("PRAGMA synchronous=NORMAL")
    link.execute("PRAGMA foreign_keys=ON")
    link.executescript(schema)
    return link


@contextmanager
def transaction(link: sqlite3.Connection) -> Iterator[None]:
    """Commit everything written inside, or nothing of it."""
    link.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        link.execute("ROLLBACK")
        raise
    link.execute("COMMIT")
