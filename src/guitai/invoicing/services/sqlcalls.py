"""The Python signatures of ``sql/transmit.sql``: claim, settle, recover (one trip each)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.rows import class_row

from guitai.kernel import ids

_COLUMNS = (
    "merchant_id, id, subject_kind, subject_id, kind, centre, register_id, seller_ban, number, "
    "state, attempts, asks, wire_at, doubted_at IS NOT NULL AS doubted"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A transmission that this worker holds, as it was when claimed."""

    merchant_id: UUID
    id: UUID
    subject_kind: str
    subject_id: UUID
    kind: str
    centre: str
    register_id: UUID | None
    seller_ban: str
    number: str
    state: str
    attempts: int
    asks: int
    wire_at: datetime
    doubted: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """One change of state to write. Empty ``outcome`` keeps the last answer that is shown."""

    merchant_id: UUID
    id: UUID
    before: str
    after: str
    next_at: datetime | None
    outcome: str
    code: str
    message: str
    note: str
    pause: bool

    @classmethod
    def of(
        cls,
        row: Claimed,
        after: str,
        *,
        next_at: datetime | None = None,
        outcome: str = "",
        code: str = "",
        message: str = "",
        note: str = "",
        pause: bool = False,
    ) -> "Settlement":
        short = code[:40], message[:500].replace("\0", ""), note[:200]
        return cls(row.merchant_id, row.id, row.state, after, next_at, outcome, *short, pause)


def _raw() -> "psycopg.Connection[Any]":
    connection.ensure_connection()
    return connection.connection  # type: ignore[return-value]  # Django types it as Any | None


def _fetch(sql: str, params: Sequence[Any]) -> list[Any]:
    with psycopg.Cursor(_raw()) as cursor:
        return cursor.execute(sql, params, prepare=True).fetchall()


def claim(worker: int, centres: list[str], now: datetime, limit: int) -> list[Claimed]:
    """Due transmissions, now in flight and this worker's. Committed when this returns."""
    return _claim("invoicing_claim", worker, centres, now, limit)


def claim_doubt(worker: int, centres: list[str], now: datetime, limit: int) -> list[Claimed]:
    """Documents in doubt whose time to ask has come, held by this worker."""
    return _claim("invoicing_claim_doubt", worker, centres, now, limit)


def _claim(name: str, worker: int, centres: list[str], now: datetime, limit: int) -> list[Claimed]:
    sql = f"SELECT {_COLUMNS} FROM public.{name}(%s, %s, %s, %s)"
    with psycopg.Cursor(_raw(), row_factory=class_row(Claimed)) as cursor:
        return cursor.execute(sql, [worker, centres, now, limit], prepare=True).fetchall()


def settle(worker: int, now: datetime, settlements: Sequence[Settlement]) -> set[UUID]:
    """Writes the changes with one event each; returns the ids that were still this worker's."""
    columns: list[list[Any]] = [
        [one.merchant_id for one in settlements],
        [one.id for one in settlements],
        [ids.new_id() for _ in settlements],
        [str(one.before) for one in settlements],
        [str(one.after) for one in settlements],
        [one.next_at for one in settlements],
        [str(one.outcome) for one in settlements],
        [one.code for one in settlements],
        [one.message for one in settlements],
        [one.note for one in settlements],
    ]
    sql = (
        "SELECT public.invoicing_settle(%s, %s, %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], "
        "%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])"
    )
    return {row[0] for row in _fetch(sql, [worker, now, *columns])}


def recover(worker: int, now: datetime, lease: timedelta, quiet: timedelta) -> int:
    """Puts in doubt what dead workers left in flight; returns how many rows were freed."""
    sql = "SELECT public.invoicing_recover(%s, %s, %s, %s)"
    return int(_fetch(sql, [worker, now, lease, quiet])[0][0])


def documents(rows: Sequence[Claimed]) -> dict[tuple[UUID, UUID], dict[str, Any]]:
    """The documents of the rows by ``(merchant, transmission)``, as JSON."""
    found: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    for kind, table in (("invoice", "invoice"), ("void", "voiddocument")):
        wanted = [row for row in rows if row.subject_kind == kind]
        if not wanted:
            continue
        sql = (
            "SELECT w.merchant_id, w.id, d.document::text "
            "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (merchant_id, id, subject_id) "
            f"JOIN public.invoicing_{table} d "
            "ON d.merchant_id = w.merchant_id AND d.id = w.subject_id"
        )
        columns = [
            [row.merchant_id for row in wanted],
            [row.id for row in wanted],
            [row.subject_id for row in wanted],
        ]
        for merchant_id, id_, text in _fetch(sql, columns):
            found[merchant_id, id_] = json.loads(text)
    return found


def hold_lock(number: int) -> "psycopg.Connection[Any]":
    """A session of its own that holds the advisory lock of ``number`` until it is closed."""
    params = connection.get_connection_params()
    plain = {
        key: value
        for key, value in params.items()
        if key not in {"cursor_factory", "context", "prepare_threshold", "server_side_binding"}
    }
    held = psycopg.connect(**plain, autocommit=True, application_name="guitai worker pulse")
    held.execute("SELECT pg_advisory_lock(%s)", [number])
    return held


@dataclass(frozen=True, slots=True)
class Decision:
    """One change of state that a result file or a person decided."""

    merchant_id: UUID
    id: UUID
    before: str
    after: str
    code: str = ""
    message: str = ""
    note: str = ""


def decide(now: datetime, actor: str, decisions: Sequence[Decision]) -> set[UUID]:
    """Writes the changes by compare-and-set on the state; returns the ids that moved."""
    columns: list[list[Any]] = [
        [one.merchant_id for one in decisions],
        [one.id for one in decisions],
        [ids.new_id() for _ in decisions],
        [str(one.before) for one in decisions],
        [str(one.after) for one in decisions],
        [one.code[:40] for one in decisions],
        [one.message[:500].replace("\0", "") for one in decisions],
        [one.note[:200] for one in decisions],
    ]
    sql = (
        "SELECT public.invoicing_decide(%s, %s, %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], "
        "%s::text[], %s::text[], %s::text[], %s::text[])"
    )
    return {row[0] for row in _fetch(sql, [now, actor, *columns])}
