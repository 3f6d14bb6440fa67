"""Pages of long lists by the last row's key, as fast on page 1,000 as on page 1."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 4_102_444_800_000_000  # 2100-01-01; beyond it is no page of ours


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: its moment and its id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.id.hex}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """``None`` for nothing and for nonsense: that is the first page."""
        moment, dot, key = text.partition(".")
        if not dot or not (moment.isascii() and moment.isdigit()) or int(moment) > _LATEST:
            return None
        try:
            return cls(_EPOCH + int(moment) * _MICROSECOND, UUID(hex=key))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Keys:
    """Ids of one page, newest first, and where the next page begins (``None``: no more)."""

    ids: list[UUID]
    after: Cursor | None


def newest(
    branches: Sequence[QuerySet[Any]], at: str, size: int, after: Cursor | None = None
) -> Keys:
    """The ``size`` newest rows of all branches together, by moment ``at`` and then by id.

    A filter that no single index serves in order is split into branches that one does each (one
    register, one store); the database merges their heads and never sorts what is not shown.
    """
    if not branches:
        return Keys([], None)
    heads = [_head(branch, at, size + 1, after) for branch in branches]
    found = heads[0]
    if len(heads) > 1:
        found = heads[0].union(*heads[1:]).order_by(f"-{at}", "-id")[: size + 1]
    rows = _planned_afresh(found)
    last = Cursor(*rows[size - 1]) if len(rows) > size else None
    return Keys([row[1] for row in rows[:size]], last)


def _planned_afresh(found: QuerySet[Any]) -> list[Any]:
    """The rows by a plan for these very values: a plan kept for any value cannot use the partial
    indexes of the desk, because it does not know whether their condition holds."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        return list(found)


def _head(branch: QuerySet[Any], at: str, size: int, after: Cursor | None) -> QuerySet[Any]:
    if after is not None:
        # The first condition lets the index begin at the right place; the second is exact.
        branch = branch.filter(**{f"{at}__lte": after.at}).filter(
            Q(**{f"{at}__lt": after.at}) | Q(id__lt=after.id)
        )
    return branch.order_by(f"-{at}", "-id").values_list(at, "id")[:size]


def all_pages(
    branches: Sequence[QuerySet[Any]], at: str, size: int, limit: int
) -> Iterator[list[UUID]]:
    """Page after page of ids, ``limit`` rows at most; for exports."""
    after: Cursor | None = None
    while limit > 0:
        keys = newest(branches, at, min(size, limit), after)
        if keys.ids:
            yield keys.ids
        limit -= len(keys.ids)
        after = keys.after
        if after is None:
            return
