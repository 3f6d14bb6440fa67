import pytest

from guitai.tenancy.services.pins import PinHasher


@pytest.fixture(autouse=True)
def quick_passwords(request, settings, monkeypatch):
    """People are made by the dozen here; only test_pins looks at the strength of the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if "test_pins" not in request.node.nodeid:
        monkeypatch.setattr(PinHasher, "work_factor", 2)
