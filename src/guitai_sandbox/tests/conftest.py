"""Fixtures: a furnished sandbox, without and with numbers taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from guitai_sandbox.tests.desk import Desk, furnish, sample
from guitai_sandbox.tests.office import Office


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A furnished sandbox whose machine has not taken numbers yet."""
    return furnish(Desk(tmp_path))


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """The same, numbers AB00000000–AB00000249 taken."""
    assert desk.post(sample("mirle/a01"))["REPLY"] == "1"
    return desk


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A Turnkey folder with the seller of the samples, on 2026-01-16."""
    return Office(tmp_path)
