import pytest

from guitai.kernel import scope
from guitai.tenancy.services.pins import PinHasher
from guitai.tenancy.tests.shops import a_shop


@pytest.fixture
def shop(db, settings, monkeypatch):
    """A shop whose scope is open during the test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(PinHasher, "work_factor", 2)
    made = a_shop()
    with scope.tenant(made.merchant_id):
        yield made
