"""What the hostile tests share: a till that can be asked through both doors of the sale."""

from collections.abc import Iterator

import pytest
from django.db import connections

from guitai import invariants
from guitai.backoffice.tests.conftest import (  # noqa: F401 - the desk's fixtures, used as such here
    desk,
    operator,
    outside,
    quick_passwords,
    shop,
)
from guitai.backoffice.tests.test_access import (
    things as desk_things,  # noqa: F401 - a fixture
)
from guitai.backoffice.tests.test_access_invoicing import (
    things as counter_things,  # noqa: F401 - a fixture
)
from guitai.kernel import clock
from guitai.orders.tests.till import NOON, Till, make_till


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
