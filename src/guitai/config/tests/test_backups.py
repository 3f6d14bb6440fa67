"""After a restore nobody issues until a person has compared the numbers."""

import pytest
from django.db import connection

from guitai.config import backups
from guitai.kernel import clock
from guitai.kernel.testing import taipei
from guitai.numbering import queries, services
from guitai.numbering.models import Range
from guitai.numbering.services import OwnerRef
from guitai.numbering.tests.shop import BOSS, OTHER_BAN, csv_row, import_numbers, make_shop

PERIOD = "11512"


@pytest.mark.django_db
def test_a_restore_pauses_every_merchants_numbers():
    shops = [make_shop(), make_shop(ban=OTHER_BAN)]
    with clock.moved(taipei(2026, 11, 21)):
        for shop in shops:
            import_numbers(shop, csv_row(0, 99, ban=shop.entity.ban))
            with shop.tenant():
                owner = OwnerRef.register(shop.register.id)
                services.distribute_by_hand(shop.entity.id, PERIOD, {owner: 1}, BOSS)
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON SCHEMA public IS '{backups.OWED}'")
        assert backups.take_up_books() == 2 * 2  # stock and register of each
        assert backups.take_up_books() is None
        for shop in shops:
            with shop.tenant():
                assert set(Range.objects.values_list("state", flat=True)) == {"paused"}
                assert queries.remaining(shop.register.id, PERIOD) == 0
