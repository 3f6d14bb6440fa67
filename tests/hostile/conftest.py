"""What the hostile tests share: a till that can be asked through both doors of the sale."""

from collections.abc import Iterator

import pytest
from django.db import connections

from guitai import invariants
from guitai.kernel import clock
from guitai.orders.tests.till import NOON, Till, make_till
from guitai.tenancy.services.pins import PinHasher


@pytest.fixture(autouse=True)
def quick_passwords(settings, monkeypatch) -> None:
    """People are made by the dozen here; the strength of their hash is tested elsewhere."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(PinHasher, "work_factor", 2)


@pytest.fixture
def one_connection(monkeypatch) -> None:
    """Requests straight through WSGI leave the test's own connection, and transaction, open."""
    monkeypatch.setattr(connections["default"], "close_if_unusable_or_obsolete", lambda: None)


@pytest.fixture
def till(db, one_connection) -> Iterator[Till]:
    """A bound register with a signed-in store manager, at noon of 2026-11-21.

    Whatever a test did to it, afterwards every fact of the shop still holds.
    """
    with clock.moved(NOON):
        yield make_till()
    assert invariants.broken() == []
