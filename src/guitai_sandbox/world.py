"""What both faces share: sellers, their machines, allotted ranges, the movable clock.

A range belongs to one seller and to one face: the same numbers must never be loaded in two
systems (provider sheet §3.2), so an overlap is refused whoever asks.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from guitai_sandbox.clock import Clock
from guitai_sandbox.facts import BOOK, PERIOD, business_number_ok
from guitai_sandbox.store import DOCUMENTS, WORLD, connect, transaction


class Unusable(ValueError):
    """A seller, machine or range as ordered cannot exist; the text says why."""


class World:
    """The shared database ``sandbox.sqlite3``, opened by one thread."""

    def __init__(self, folder: Path) -> None:
        self.link: sqlite3.Connection = connect(folder / "sandbox.sqlite3", WORLD + DOCUMENTS)
        self.clock = Clock()
        self.reload()

    def reload(self) -> None:
        """Take the clock over from the database (another thread may have moved it)."""
        row = self.link.execute("SELECT value FROM settings WHERE key = 'clock'").fetchone()
        if row:
            self.clock.load(json.loads(row["value"]))

    def move_clock(self, order: dict[str, Any]) -> None:
        """Move the clock and keep it moved over a restart."""
        self.clock.move(order)
        self.link.execute(
            "INSERT OR REPLACE INTO settings VALUES ('clock', ?)", (json.dumps(self.clock.dump()),)
        )

    def add_seller(self, ban: str, name: str = "", state: str = "active") -> None:
        """Open an account, rename it, suspend it or take the suspension back."""
        if not business_number_ok(ban):
            raise Unusable(f"統一編號不正確：{ban}")
        if state not in ("active", "suspended"):
            raise Unusable(f"state: {state}")
        self.link.execute(
            "INSERT INTO sellers VALUES (?, ?, ?) ON CONFLICT (ban) DO UPDATE SET "
            "state = excluded.state, name = CASE excluded.name WHEN '' THEN name "
            "ELSE excluded.name END",
            (ban, name, state),
        )

    def add_machine(self, ban: str, posid: str, possn: str) -> None:
        """Register a machine with its channel key (20 hexadecimal characters) or change its key."""
        if not re.fullmatch(r"[A-Za-z0-9]{1,10}", posid):
            raise Unusable(f"機號不正確：{posid}")
        if not re.fullmatch(r"[0-9A-Fa-f]{20}", possn):
            raise Unusable("通道金鑰應為 20 個十六進位字元")
        self._known(ban)
        self.link.execute("INSERT OR REPLACE INTO machines VALUES (?, ?, ?)", (ban, posid, possn))

    def _known(self, ban: str) -> None:
        if not self.link.execute("SELECT 1 FROM sellers WHERE ban = ?", (ban,)).fetchone():
            raise Unusable(f"尚未建立賣方：{ban}")

    def allot(
        self,
        face: str,
        seller: str,
        period: str,
        track: str,
        begin: str,
        end: str,
        kind: str = "07",
        source: str = "platform",
        *,
        inside: bool = False,
    ) -> bool:
        """Give a seller a range of whole books; return whether it is new to us.

        Raises :class:`Unusable` for anything that is no range of whole books of 50, or overlaps.
        ``inside`` says that the caller has a transaction open.
        """
        check_range(face, period, track, begin, end, kind)
        self._known(seller)
        row = (face, seller, kind, period, track, int(begin), int(end), source)
        columns = 'face, seller, type, period, track, begin, "end", source'
        with nullcontext() if inside else transaction(self.link):
            clash = self.link.execute(
                f"SELECT {columns} FROM ranges WHERE period = ? AND track = ? "
                'AND begin <= ? AND "end" >= ?',
                (period, track, int(end), int(begin)),
            ).fetchall()
            if [tuple(one) for one in clash] == [row]:
                return False
            if clash:
                raise Unusable(f"字軌區間重疊：{period} {track} {begin}–{end}")
            self.link.execute(
                f"INSERT INTO ranges ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
            )
        return True

    def ranges(self, face: str, **where: str) -> list[sqlite3.Row]:
        """Return the ranges of a face, by seller, period or track, in numeric order."""
        clause = "".join(f" AND {key} = ?" for key in where)
        return self.link.execute(
            f"SELECT * FROM ranges WHERE face = ?{clause} ORDER BY period, track, begin",
            (face, *where.values()),
        ).fetchall()

    def seller_state(self, ban: str) -> str | None:
        """Return ``active``, ``suspended``, or ``None`` for a stranger."""
        row = self.link.execute("SELECT state FROM sellers WHERE ban = ?", (ban,)).fetchone()
        return row["state"] if row else None


def check_range(face: str, period: str, track: str, begin: str, end: str, kind: str) -> None:
    """Refuse what is no range of whole books (mof.md §4: begins …00 or …50, ends …49 or …99)."""
    if face not in ("mirle", "turnkey"):
        raise Unusable(f"face: {face}")
    if not PERIOD.fullmatch(period):
        raise Unusable(f"期別應為民國年三碼加雙數月：{period}")
    if not re.fullmatch(r"[A-Z]{2}", track):
        raise Unusable(f"字軌應為兩個大寫字母：{track}")
    if kind not in ("07", "08"):
        raise Unusable(f"發票類別應為 07 或 08：{kind}")
    if not all(re.fullmatch(r"\d{8}", one, re.ASCII) for one in (begin, end)):
        raise Unusable(f"起迄號應為八位數字：{begin}–{end}")
    if int(begin) % BOOK or (int(end) + 1) % BOOK or int(begin) > int(end):
        raise Unusable(f"起迄號應為整本（50 號）：{begin}–{end}")


def is_late(issued: date, today: date, company: bool) -> bool:
    """Say whether an upload misses its legal days (mof.md §6: 2 days, with a buyer's number 7)."""
    return (today - issued).days > (7 if company else 2)
