import pytest
from django.test import Client

from guitai.backoffice.access import CHOSEN
from guitai.tenancy.models import Account
from guitai.tenancy.services.pins import PinHasher
from guitai.tenancy.tests.shops import BANS, a_shop


@pytest.fixture(autouse=True)
def quick_passwords(settings, monkeypatch):
    """Accounts and PINs are made by the dozen here; the strength of their hash is not tested."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(PinHasher, "work_factor", 2)


@pytest.fixture
def shop(db):
    return a_shop()


@pytest.fixture
def outside(db):
    """Another merchant with the same names: its people are the outsiders."""
    return a_shop("海邊書店", BANS[1])


@pytest.fixture
def desk():
    """``desk(shop, "clerk")`` → a browser in which that person is signed in."""

    def signed_in(shop, key, **options):
        browser = Client(**options)
        browser.force_login(
            Account.objects.get(id=shop.people[key].account_id),
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        session = browser.session
        session[CHOSEN] = str(shop.merchant_id)
        session.save()
        return browser

    return signed_in


@pytest.fixture
def operator(db):
    account = Account.objects.create_user("operator@example.com", "x", is_operator=True)
    browser = Client()
    browser.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser
