import pytest


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Accounts are made by the dozen here; the strength of their hash is not what is tested."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
