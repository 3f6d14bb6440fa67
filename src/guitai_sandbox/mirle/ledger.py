"""Where this centre keeps ranges and documents; the verbs run inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from guitai_sandbox.facts import BOOK
from guitai_sandbox.mirle.refusal import Refused
from guitai_sandbox.world import is_late

BATCH = 5 * BOOK
"""Numbers handed out by one A01 or C01 (provider sheet §2.3: example of 250)."""


_HANDED_OUT = (
    'SELECT begin, "end", type FROM grants WHERE seller = :seller AND period = :period '
    'AND track = :track AND begin BETWEEN :count - 249 AND :count AND "end" >= :count '
    "AND posid = :posid"
)
_OWN = (
    'SELECT r.begin, r."end", r.type FROM ranges r WHERE r.period = :period '
    'AND r.track = :track AND r.begin <= :count AND r."end" >= :count AND r.seller = :seller '
    "AND r.source = 'merchant' AND r.face = 'mirle' "
    "AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.range_id = r.id)"
)


def hand_out(
    link: sqlite3.Connection, seller: str, posid: str, period: str, at: datetime
) -> sqlite3.Row:
    """Hand the next 250 numbers of the period (fewer at a range's end) to one machine.

    Raises ``S301`` when nothing is left. No number is ever handed out twice.
    """
    stock = link.execute(
        'SELECT r.*, COALESCE(MAX(g."end") + 1, r.begin) AS next FROM ranges r '
        "LEFT JOIN grants g ON g.range_id = r.id "
        "WHERE r.face = 'mirle' AND r.seller = ? AND r.period = ? "
        'GROUP BY r.id HAVING next <= r."end" ORDER BY r.track, r.begin LIMIT 1',
        (seller, period),
    ).fetchone()
    if stock is None:
        raise Refused("S301")
    end = min(stock["next"] + BATCH - 1, stock["end"])
    granted: sqlite3.Row = link.execute(
        'INSERT INTO grants (range_id, seller, posid, type, period, track, begin, "end", '
        "granted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            stock["id"],
            seller,
            posid,
            stock["type"],
            period,
            stock["track"],
            stock["next"],
            end,
            at.isoformat(sep=" ", timespec="seconds"),
        ),
    ).fetchone()
    return granted


def newest_grant(link: sqlite3.Connection, seller: str, period: str) -> sqlite3.Row | None:
    """Return what was handed out last, for the fault that hands it out again."""
    row: sqlite3.Row | None = link.execute(
        "SELECT * FROM grants WHERE seller = ? AND period = ? ORDER BY id DESC LIMIT 1",
        (seller, period),
    ).fetchone()
    return row


def ranges_of(link: sqlite3.Connection, seller: str, posid: str, period: str) -> list[sqlite3.Row]:
    """Return what one machine holds in a period: ranges handed out, and the merchant's own."""
    return link.execute(
        'SELECT type, period, track, begin, "end" FROM grants '
        "WHERE seller = :seller AND posid = :posid AND period = :period UNION ALL "
        'SELECT r.type, r.period, r.track, r.begin, r."end" FROM ranges r '
        "WHERE r.seller = :seller AND r.period = :period AND r.source = 'merchant' "
        "AND r.face = 'mirle' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.range_id = r.id) "
        "ORDER BY track, begin",
        {"seller": seller, "posid": posid, "period": period},
    ).fetchall()


def holding(
    link: sqlite3.Connection, seller: str, posid: str, period: str, number: str
) -> tuple[int, int, str]:
    """Return begin, end and type of the range a number was handed out in, or raise."""
    track, count = number[:2], int(number[2:])
    place = {"seller": seller, "posid": posid, "period": period, "track": track, "count": count}
    found = link.execute(_HANDED_OUT, place).fetchone() or link.execute(_OWN, place).fetchone()
    if found:
        return found["begin"], found["end"], found["type"]
    elsewhere = link.execute(
        'SELECT 1 FROM grants WHERE seller = ? AND track = ? AND begin <= ? AND "end" >= ? '
        "AND period <> ?",
        (seller, track, count, count, period),
    ).fetchone()
    raise Refused("S304" if elsewhere else "S303", number)


def find(
    link: sqlite3.Connection, seller: str, kind: str, number: str, period: str = ""
) -> sqlite3.Row | None:
    """Return one document; allowances have no period, their numbers are unique for ever."""
    row: sqlite3.Row | None = link.execute(
        "SELECT * FROM documents WHERE seller = ? AND period = ? AND kind = ? AND number = ?",
        (seller, period, kind, number),
    ).fetchone()
    return row


def refuse_double(
    link: sqlite3.Connection,
    key: tuple[str, str, str, str],
    content: str,
) -> None:
    """Refuse a (seller, kind, number, period) that is here: ``S401`` same, ``S402`` other."""
    old = find(link, *key)
    if old is not None:
        raise Refused("S401" if old["content"] == content else "S402", key[2])


def keep(
    link: sqlite3.Connection,
    *,
    key: tuple[str, str, str, str],
    message: str,
    posid: str,
    moment: datetime,
    content: str,
    body: dict[str, Any],
    now: datetime,
) -> None:
    """Store one accepted document."""
    seller, kind, number, period = key
    company = body.get("buyer", "0000000000") != "0000000000"
    link.execute(
        "INSERT INTO documents (seller, period, kind, number, state, message, posid, issued_at, "
        "content, body, received_at, late) VALUES (?, ?, ?, ?, 'live', ?, ?, ?, ?, ?, ?, ?)",
        (
            seller,
            period,
            kind,
            number,
            message,
            posid,
            moment.isoformat(sep=" "),
            content,
            json.dumps(body, ensure_ascii=False),
            now.isoformat(sep=" ", timespec="milliseconds"),
            is_late(moment.date(), now.date(), company),
        ),
    )


def set_state(link: sqlite3.Connection, document_id: int, state: str) -> None:
    """Move a document to ``void`` (作廢)."""
    link.execute("UPDATE documents SET state = ? WHERE id = ?", (state, document_id))


def allowed_so_far(
    link: sqlite3.Connection, seller: str, number: str, day: str
) -> tuple[int, int, int]:
    """Return count of lines, amount and tax (dollars) of the live allowances on an invoice."""
    count = amount = tax = 0
    for row in link.execute(
        "SELECT body FROM documents WHERE seller = ? AND period = '' AND kind = 'allowance' "
        "AND state = 'live' AND instr(body, ?)",
        (seller, f'"{number}"'),
    ):
        for line in json.loads(row["body"])["lines"]:
            if (line["invoice_number"], line["invoice_date"]) == (number, day):
                count, amount, tax = count + 1, amount + line["amount"], tax + line["tax"]
    return count, amount, tax
