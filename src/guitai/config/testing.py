"""The pytest plugin that gives tests their database (``-p guitai.config.testing``).

Tests run on the embedded PostgreSQL unless ``DATABASE_URL`` names another one. ``GUITAI_TEST_DB``
gives a run its own database, so that several runs can share one server. It is a plugin and no
conftest, because Django's settings are read before any conftest.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
os.environ.setdefault("GUITAI_HOME", str(ROOT / "var" / "test"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guitai.config.settings")

_started = None


def pytest_configure(config):
    """The controller starts the server once, before Django reads its settings."""
    global _started
    if hasattr(config, "workerinput") or os.environ.get("DATABASE_URL"):
        return
    from guitai.config import embedded, home

    _started = embedded.start(home.folder())


def pytest_unconfigure(config):
    if _started is not None and os.environ.get("GUITAI_TEST_KEEP") != "1":
        from guitai.config import embedded, home

        embedded.stop(home.folder())
        _started.wait(30)
