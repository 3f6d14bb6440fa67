"""What was received, as neutral JSON: for the desk of a demo and for exactly-once assertions."""

from __future__ import annotations

import json
import sqlite3
from itertools import pairwise
from typing import Any

from guitai_sandbox.world import World

_FILTERS = ("seller", "kind", "number", "period")
_DELIVERED = (
    "(SELECT COUNT(*) FROM deliveries d WHERE d.number = documents.number "
    "AND d.message = documents.message) AS deliveries"
)


def overview(
    world: World, faults: list[dict[str, Any]], turnkey: Any, query: dict[str, str]
) -> dict[str, Any]:
    """Return clock, sellers, ranges, what was handed out, faults, counts and documents."""
    link = world.link
    return {
        "now": world.clock.now().isoformat(sep=" ", timespec="seconds"),
        "sellers": _rows(link, "SELECT * FROM sellers ORDER BY ban"),
        "machines": _rows(link, "SELECT seller, posid FROM machines ORDER BY seller, posid"),
        "ranges": [_range(row) for row in link.execute("SELECT * FROM ranges ORDER BY id")],
        "grants": [_range(row) for row in link.execute("SELECT * FROM grants ORDER BY id")],
        "faults": faults,
        "counts": {
            "mirle": _counts(link),
            "turnkey": _counts(turnkey.link) if turnkey else {},
        },
        **documents(world, turnkey, query),
    }


def documents(world: World, turnkey: Any, query: dict[str, str]) -> dict[str, Any]:
    """Return a page of documents of one face, oldest first; ``next_after`` leads to the next."""
    face = query.get("face", "mirle")
    link = _link(world, turnkey, face)
    chosen = [key for key in _FILTERS if key in query]
    clause = "".join(f" AND {key} = ?" for key in chosen)
    limit = min(int(query.get("limit", "1000")), 50_000)
    rows = link.execute(
        f"SELECT *, {_DELIVERED} FROM documents WHERE id > ?{clause} ORDER BY id LIMIT ?",
        (int(query.get("after", "0")), *(query[key] for key in chosen), limit),
    ).fetchall()
    page = [_document(row, face) for row in rows]
    return {"documents": page, "next_after": rows[-1]["id"] if len(rows) == limit else None}


def _document(row: sqlite3.Row, face: str) -> dict[str, Any]:
    return {
        "face": face,
        "id": row["id"],
        "kind": row["kind"],
        "message": row["message"],
        "period": row["period"],
        "state": row["state"],
        "received_at": row["received_at"],
        "late": bool(row["late"]),
        "register": row["posid"],
        "deliveries": row["deliveries"],
        **json.loads(row["body"]),
    }


def deliveries(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Return the log of every message that reached the Mirle centre, refused ones included."""
    clause, values = ("", ()) if "number" not in query else (" AND number = ?", (query["number"],))
    rows = _rows(
        world.link,
        f"SELECT * FROM deliveries WHERE id > ?{clause} ORDER BY id LIMIT ?",
        int(query.get("after", "0")),
        *values,
        int(query.get("limit", "1000")),
    )
    return {"deliveries": [{**row, "accepted": bool(row["accepted"])} for row in rows]}


def ledger(world: World, turnkey: Any, query: dict[str, str]) -> dict[str, Any]:
    """Return what an exactly-once assertion needs: counts, doubles, and the gaps of every range.

    ``accepted_twice`` must be empty whatever happened; ``gaps`` are numbers between the first and
    the last received number of a range that never arrived, as ``[first, last]`` pairs.
    """
    face = query.get("face", "mirle")
    link = _link(world, turnkey, face)
    twice = link.execute(
        "SELECT message, number, COUNT(*) AS n FROM deliveries WHERE accepted AND number <> '' "
        "AND message NOT IN ('B01', 'E0401', 'E0402') GROUP BY 1, 2 HAVING n > 1"
    ).fetchall()
    # a number that was withdrawn may be accepted again: mof.md §5.3
    free = {
        row["number"] for row in link.execute("SELECT number FROM documents WHERE kind = 'annul'")
    }
    where = "grants" if face == "mirle" else "ranges"
    columns = f'seller, period, track, begin, "end" FROM {where}'
    clause = "" if face == "mirle" else " WHERE face = 'turnkey'"
    ranges = world.link.execute(f"SELECT {columns}{clause} ORDER BY id").fetchall()
    return {
        "face": face,
        "counts": _counts(link),
        "deliveries": link.execute("SELECT COUNT(*) FROM deliveries").fetchone()[0],
        "refused": link.execute("SELECT COUNT(*) FROM deliveries WHERE NOT accepted").fetchone()[0],
        "accepted_twice": [dict(row) for row in twice if row["number"] not in free],
        "ranges": [_filled(link, row) for row in ranges if _wanted(row, query)],
    }


def _wanted(row: sqlite3.Row, query: dict[str, str]) -> bool:
    return all(row[key] == query[key] for key in ("seller", "period") if key in query)


def _filled(link: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    low, high = (f"{row['track']}{row[key]:08d}" for key in ("begin", "end"))
    found = link.execute(
        "SELECT number FROM documents WHERE seller = ? AND period = ? AND kind = 'invoice' "
        "AND generation = 0 AND number BETWEEN ? AND ? ORDER BY number",
        (row["seller"], row["period"], low, high),
    )
    numbers = [int(one["number"][2:]) for one in found]
    holes = [
        [f"{row['track']}{a + 1:08d}", f"{row['track']}{b - 1:08d}"]
        for a, b in pairwise(numbers)
        if b - a > 1
    ]
    return {**_range(row), "received": len(numbers), "gaps": holes}


def _range(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "begin": f"{row['begin']:08d}", "end": f"{row['end']:08d}"}


def _counts(link: sqlite3.Connection) -> dict[str, int]:
    rows = link.execute("SELECT kind, state, COUNT(*) AS n FROM documents GROUP BY 1, 2")
    return {f"{row['kind']}/{row['state']}": row["n"] for row in rows}


def _link(world: World, turnkey: Any, face: str) -> sqlite3.Connection:
    if face == "mirle":
        return world.link
    if face == "turnkey" and turnkey is not None:
        link: sqlite3.Connection = turnkey.link
        return link
    raise ValueError(f"face: {face}")


def _rows(link: sqlite3.Connection, statement: str, *values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in link.execute(statement, values)]
