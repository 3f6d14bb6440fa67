"""One run over the Turnkey folder: take, check, judge, move, answer (mof.md §9.3, §9.5).

What a run decides is committed before a file moves, and files that were decided but not moved
are moved by the next run: killed at any moment, every file is judged exactly once.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from guitai_sandbox.faults import Board
from guitai_sandbox.store import DOCUMENTS, connect, transaction
from guitai_sandbox.turnkey import results, rules
from guitai_sandbox.turnkey.codes import OK, PlatformError
from guitai_sandbox.turnkey.folder import GROUPS, Folder
from guitai_sandbox.turnkey.layout import LocalError, read
from guitai_sandbox.turnkey.platform import Platform
from guitai_sandbox.turnkey.schemas import Schemas
from guitai_sandbox.world import World

PACK = 1000
"""Messages in one uploaded object (mof.md §9.2)."""
_SCHEMA = (
    DOCUMENTS
    + """
CREATE TABLE IF NOT EXISTS objects (
  id TEXT PRIMARY KEY, message TEXT NOT NULL, size INTEGER NOT NULL, sent_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY, object TEXT NOT NULL, file TEXT NOT NULL, sha TEXT NOT NULL,
  part TEXT NOT NULL, moved INTEGER NOT NULL DEFAULT 0, seller TEXT NOT NULL,
  number TEXT NOT NULL, day TEXT NOT NULL, code TEXT NOT NULL, field TEXT NOT NULL,
  value TEXT NOT NULL, due_at TEXT, lost INTEGER NOT NULL, reported INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_open ON messages (reported, due_at);
CREATE INDEX IF NOT EXISTS messages_unmoved ON messages (moved) WHERE moved = 0;
CREATE TABLE IF NOT EXISTS summaries (day TEXT PRIMARY KEY);
"""
)


@dataclass(slots=True)
class Ruling:
    """What became of one file: code, the field it is about, and when it is answered."""

    code: str = ""
    field: str = ""
    value: str = ""
    seller: str = ""
    number: str = ""
    day: str = ""
    parcel: str = ""
    due_at: str | None = None
    lost: bool = False


class Turnkey:
    """Plays Turnkey and the platform on one folder; one run at a time, from any thread."""

    def __init__(
        self, data: Path, root: Path, *, shape: str = "wild", xsd: Path | None = None
    ) -> None:
        self.folder, self.shape = Folder(root), shape
        self.schemas = Schemas(xsd) if xsd else None
        self.lock = threading.Lock()
        self.world = World(data)
        self.book = connect(data / "turnkey.sqlite3", _SCHEMA)
        self.link = connect(data / "turnkey.sqlite3", _SCHEMA)  # what reports read from
        self.board = Board(self.world.link, "turnkey")
        self.platform = Platform(self.book, self.world)

    @contextmanager
    def _turn(self) -> Iterator[datetime]:
        with self.lock:
            self.world.reload()
            self.board.reload()
            yield self.world.clock.now()

    def run_once(self) -> dict[str, int]:
        """Work everything that lies in SRC now, write what is due; return how many of each."""
        with self._turn() as now:
            self._finish_moves(now)
            done = {"accepted": 0, "refused": 0, "errors": 0}
            for message in GROUPS:
                files = self.folder.waiting(message)
                for start in range(0, len(files), PACK):
                    for key, count in self._pack(message, files[start : start + PACK], now).items():
                        done[key] += count
            done["process_results"] = self._report(now)
            done["summary_results"] = self._summarise_past(now)
            return done

    # -- taking files -------------------------------------------------------------------------

    def _pack(self, message: str, files: list[Path], now: datetime) -> dict[str, int]:
        done = {"accepted": 0, "refused": 0, "errors": 0}
        parcel = _object_id(message, now)
        size = 0
        with transaction(self.book):
            for file in files:
                data = file.read_bytes()
                key = self._take(message, file, data, parcel, now)
                done[key] += 1
                size += len(data) if key != "errors" else 0
            if done["accepted"] + done["refused"]:
                self.book.execute(
                    "INSERT INTO objects VALUES (?, ?, ?, ?)", (parcel, message, size, str(now))
                )
        self._finish_moves(now)
        return done

    def _take(self, message: str, file: Path, data: bytes, parcel: str, now: datetime) -> str:
        try:
            values = read(message, data)
            rules.check_local(message, values)
            if self.schemas:
                self.schemas.check(message, data)
        except LocalError as error:
            self._note(file, data, Ruling(code=error.code, value=error.text), "ERR")
            self._log(message, Ruling(code=error.code, value=error.text), now)
            return "errors"
        number, day = rules.number_of(message, values)
        ruling = self._rule(message, values, number)
        ruling.number, ruling.day, ruling.parcel = number, day, parcel
        ruling.due_at = self._due_at(message, number, now)
        self._note(file, data, ruling, "BAK")
        if not ruling.lost:
            self._log(message, ruling, now)
        return "accepted" if ruling.code == OK else "refused"

    def _rule(self, message: str, values: dict[str, Any], number: str) -> Ruling:
        """Let the platform judge one message; a refused document leaves nothing behind."""
        facts = {"message": message, "number": number}
        never = self.board.peek("never_answer", **facts)
        if never and never.get("lost"):
            return Ruling(lost=True)
        forced = self.board.take("result_code", **facts)
        self.platform.ascending = self.board.take("out_of_order", **facts) is not None
        seller = ""
        self.book.execute("SAVEPOINT document")
        try:
            document = rules.neutral(message, values)
            seller = document["seller"]
            if forced:
                raise PlatformError(forced.get("code", "E0001"), "InvoiceNumber", number)
            self.platform.accept(message, document)
        except PlatformError as error:
            self.book.execute("ROLLBACK TO document")
            return Ruling(error.code, error.name, error.value, seller)
        return Ruling(OK, seller=seller)

    def _due_at(self, message: str, number: str, now: datetime) -> str | None:
        """Return when the ProcessResult is due; ``None`` for never."""
        facts = {"message": message, "number": number}
        if self.board.take("never_answer", **facts) is not None:
            return None
        late = self.board.take("answer_late", **facts) or {}
        return str(now + timedelta(seconds=late.get("seconds", 0.0)))

    def _note(self, file: Path, data: bytes, ruling: Ruling, part: str) -> None:
        self.book.execute(
            "INSERT INTO messages (object, file, sha, part, seller, number, day, code, field, "
            "value, due_at, lost) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ruling.parcel,
                str(file.relative_to(self.folder.root)),
                hashlib.sha256(data).hexdigest(),
                part,
                ruling.seller,
                ruling.number,
                ruling.day,
                ruling.code,
                ruling.field,
                ruling.value,
                ruling.due_at,
                ruling.lost,
            ),
        )

    def _log(self, message: str, ruling: Ruling, now: datetime) -> None:
        self.book.execute(
            "INSERT INTO deliveries (message, seller, posid, number, accepted, code, text, at) "
            "VALUES (?, ?, '', ?, ?, ?, ?, ?)",
            (
                message,
                ruling.seller,
                ruling.number,
                ruling.code == OK,
                "" if ruling.code == OK else ruling.code,
                ruling.value,
                str(now),
            ),
        )

    def _finish_moves(self, now: datetime) -> None:
        """Move what was decided; a file that is gone or has another content was moved before."""
        rows = self.book.execute("SELECT * FROM messages WHERE moved = 0 ORDER BY id").fetchall()
        for row in rows:
            file = self.folder.root / row["file"]
            if file.is_file() and _sha(file) == row["sha"]:
                self.folder.put_away(file, row["part"], now)
        with transaction(self.book):
            self.book.executemany(
                "UPDATE messages SET moved = 1 WHERE id = ?", [(row["id"],) for row in rows]
            )

    # -- answering ----------------------------------------------------------------------------

    def _report(self, now: datetime) -> int:
        due = self.book.execute(
            "SELECT object, due_at, MIN(id) AS first FROM messages WHERE reported = 0 "
            "AND due_at <= ? GROUP BY object, due_at ORDER BY first",
            (str(now),),
        ).fetchall()
        for one in due:
            rows = self.book.execute(
                "SELECT * FROM messages WHERE object = ? AND due_at = ? ORDER BY id",
                (one["object"], one["due_at"]),
            ).fetchall()
            data = results.process_result(self._parcel(one["object"], rows), self.shape)
            name = f"{one['object']}-{one['first']}.xml"
            self.folder.drop("ProcessResult", name, data, datetime.fromisoformat(one["due_at"]))
            self.book.execute(
                "UPDATE messages SET reported = 1 WHERE object = ? AND due_at = ?",
                (one["object"], one["due_at"]),
            )
        return len(due)

    def _parcel(self, object_id: str, rows: list[sqlite3.Row]) -> results.Parcel:
        parcel = self.book.execute("SELECT * FROM objects WHERE id = ?", (object_id,)).fetchone()
        outcomes = tuple(
            results.Outcome(row["number"], row["day"], row["code"], row["field"], row["value"])
            for row in rows
        )
        seller = rows[0]["seller"] if rows else ""
        return results.Parcel(object_id, parcel["message"], parcel["size"], seller, outcomes)

    def _summarise_past(self, now: datetime) -> int:
        days = self.book.execute(
            "SELECT DISTINCT substr(sent_at, 1, 10) AS day FROM objects WHERE day < ? "
            "AND day NOT IN (SELECT day FROM summaries) ORDER BY day",
            (now.date().isoformat(),),
        ).fetchall()
        return sum(self._summarise(row["day"], now) for row in days)

    def summarise(self, date: str | None = None) -> dict[str, int]:  # the control face's word
        """Write the SummaryResult of a day (ISO date; yesterday when left out), again if asked."""
        with self._turn() as now:
            day = date or (now.date() - timedelta(days=1)).isoformat()
            return {"summary_results": self._summarise(_iso_day(day), now)}

    def _summarise(self, day: str, now: datetime) -> int:
        parcels = [
            self._parcel(one["id"], self._summary_rows(one["id"], one["message"]))
            for one in self.book.execute(
                "SELECT * FROM objects WHERE substr(sent_at, 1, 10) = ? ORDER BY sent_at, id",
                (day,),
            ).fetchall()
            if one["message"] not in ("E0401", "E0402")
        ]
        parcels = [parcel for parcel in parcels if parcel.outcomes]
        if parcels:
            data = results.summary_result(parcels, self.shape)
            self.folder.drop("SummaryResult", f"SummaryResult-{day}.xml", data, now)
        self.book.execute("INSERT OR IGNORE INTO summaries VALUES (?)", (day,))
        return int(bool(parcels))

    def _summary_rows(self, object_id: str, message: str) -> list[sqlite3.Row]:
        rows = self.book.execute(
            "SELECT * FROM messages WHERE object = ? AND NOT lost ORDER BY id", (object_id,)
        ).fetchall()
        return [
            row
            for row in rows
            if self.board.take("summary_missing", message=message, number=row["number"]) is None
        ]

    def assign(self, seller: str, period: str, envelope: bool = True) -> dict[str, int]:
        """Drop the seller's ranges of a period as E0501: one envelope, or a bare file a range."""
        with self._turn() as now:
            texts = [
                results.assignment(
                    seller, row["type"], period, row["track"], row["begin"], row["end"]
                )
                for row in self.world.ranges("turnkey", seller=seller, period=period)
            ]
            files = [results.envelope(seller, texts)] if envelope and texts else None
            for data in files or [results.declared(text) for text in texts]:
                name = f"4.0-E0501-{now:%Y%m%d-%H%M%S}-{uuid.uuid4()}.xml"
                self.folder.drop("E0501", name, data, now)
            return {"ranges": len(texts), "files": len(files or texts)}

    def forget(self) -> None:
        """Empty the platform's memory; the files stay where they are."""
        with self.lock, transaction(self.book):
            for table in ("documents", "deliveries", "objects", "messages", "summaries"):
                self.book.execute(f"DELETE FROM {table}")

    def watch(self, stop: threading.Event, interval: float) -> None:
        """Run again and again until ``stop`` is set; ``interval`` in seconds."""
        while not stop.wait(interval):
            try:
                self.run_once()
            except OSError as error:  # a file or folder taken away under us: said, then tried again
                print(f"turnkey: {error}", file=sys.stderr, flush=True)


def _iso_day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _object_id(message: str, now: datetime) -> str:
    stamp = f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03d}"
    return f"4.1-{message}-{stamp}-{uuid.uuid4()}"
