"""``guitai doctor`` sees what would stop the counter."""

import pytest
from cryptography.fernet import Fernet

from guitai.config import checkup
from guitai.kernel import fields, scope
from guitai.tenancy.models import BusinessEntity
from guitai.tenancy.tests.shops import a_shop


@pytest.mark.django_db
def test_a_key_ring_that_does_not_fit_is_found(settings):
    shop = a_shop()
    with scope.tenant(shop.merchant_id):
        BusinessEntity.objects.update(qr_key="FE05F029154F6AA67A78B338ED2F6601")
    assert all(finding.good for finding in checkup.stored_secrets())
    settings.GUITAI_SECRET_KEYS = [Fernet.generate_key().decode()]
    fields._key_ring.cache_clear()
    (finding,) = checkup.stored_secrets()
    assert not finding.good
    assert "secrets/" in finding.detail


def test_a_missing_turnkey_folder_is_no_fault(settings, tmp_path):
    settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "none")
    assert all(finding.good for finding in checkup._turnkey())
