"""The tenant scope: a query without one raises (DESIGN §4 Tenancy).

Edges open it once per request, jobs once per run. Reading across merchants must be said aloud
with ``across_merchants`` and a reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from guitai.kernel.errors import NoTenantScope

EVERYONE = "every merchant"

_scope: ContextVar[UUID | str | None] = ContextVar("guitai_tenant", default=None)


@contextmanager
def tenant(merchant_id: UUID) -> Iterator[None]:
    """Everything inside sees and writes this merchant's rows only."""
    token = _scope.set(merchant_id)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def across_merchants(reason: str) -> Iterator[None]:
    """Reads over all merchants: the platform operator's lists, workers claiming, invariants."""
    if not reason:
        raise ValueError("say why this reads across merchants")
    token = _scope.set(EVERYONE)
    try:
        yield
    finally:
        _scope.reset(token)


def current() -> UUID:
    """The open merchant; raises ``NoTenantScope`` where none (or everyone) is open."""
    found = _scope.get()
    if not isinstance(found, UUID):
        raise NoTenantScope("no tenant scope is open")
    return found


def filter_of() -> UUID | None:
    """The merchant to filter by, ``None`` inside ``across_merchants``; raises without a scope."""
    found = _scope.get()
    if found is None:
        raise NoTenantScope("no tenant scope is open")
    return found if isinstance(found, UUID) else None
