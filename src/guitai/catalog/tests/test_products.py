"""Products one at a time: rights, uniqueness, version, two people at once."""

import pytest

from guitai.catalog import queries, services
from guitai.catalog.errors import ProductChanged, ProductRefused
from guitai.catalog.models import Product
from guitai.catalog.queries import ProductFilter
from guitai.catalog.rules import ProductDraft
from guitai.kernel import scope
from guitai.kernel.errors import NotAllowed, NotFound
from guitai.kernel.models import AuditEntry
from guitai.tenancy.tests.shops import BANS, a_shop

COFFEE = ProductDraft(sku="C-1", name="美式咖啡", price=80, barcode="4710000000016")


def test_every_change_makes_a_new_version(shop):
    assert queries.catalog_version() == 0
    product = services.add_product(shop.owner, COFFEE)
    assert queries.catalog_version() == 1
    changed = ProductDraft(sku="C-1", name="美式咖啡", price=90)
    services.update_product(shop.owner, product.id, changed)
    assert queries.catalog_version() == 2
    services.update_product(shop.owner, product.id, changed)
    assert queries.catalog_version() == 2


def test_the_change_is_audited_with_what_was_and_what_is(shop):
    product = services.add_product(shop.owner, COFFEE)
    services.update_product(
        shop.owner, product.id, ProductDraft(sku="C-1", name="美式咖啡", price=90, barcode="471")
    )
    entry = AuditEntry.objects.get(verb="product.change")
    assert entry.before == {"price": 80, "barcode": "4710000000016"}
    assert entry.after == {"price": 90, "barcode": "471"}


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ProductDraft(sku="C-1", name="別的", price=1), "sku"),
        (ProductDraft(sku="C-2", name="別的", price=1, barcode="4710000000016"), "barcode"),
        (
            ProductDraft(sku="C-2", name="別的", price=1, barcode="４７１００００００００１６"),
            "barcode",
        ),
    ],
)
def test_number_and_barcode_stand_once(shop, draft, field):
    services.add_product(shop.owner, COFFEE)
    with pytest.raises(ProductRefused) as caught:
        services.add_product(shop.owner, draft)
    assert caught.value.field == field
    assert queries.catalog_version() == 1
    assert Product.objects.count() == 1


def test_many_products_may_be_without_a_barcode(shop):
    for number in range(3):
        services.add_product(shop.owner, ProductDraft(sku=f"N{number}", name="無條碼", price=1))
    assert Product.objects.count() == 3


def test_two_people_at_once_the_second_is_told(shop):
    product = services.add_product(shop.owner, COFFEE)
    seen = product.updated_at
    first = ProductDraft(sku="C-1", name="美式咖啡", price=90)
    services.update_product(shop.owner, product.id, first, seen_at=seen)
    with pytest.raises(ProductChanged):
        services.update_product(
            shop.owner, product.id, ProductDraft(sku="C-1", name="拿鐵", price=70), seen_at=seen
        )
    assert queries.product(product.id).price == 90


@pytest.mark.parametrize("key", ["clerk", "eticket_clerk", "accountant"])
def test_who_may_not_manage_products_changes_nothing(shop, key):
    product = services.add_product(shop.owner, COFFEE)
    with pytest.raises(NotAllowed):
        services.add_product(shop.member(key), ProductDraft(sku="X", name="x", price=1))
    with pytest.raises(NotAllowed):
        services.update_product(
            shop.member(key), product.id, ProductDraft(sku="C-1", name="x", price=1)
        )
    with pytest.raises(NotAllowed):
        services.upload(shop.member(key), b"sku,name,price\n", "x.csv")
    assert list(Product.objects.values_list("name", "price")) == [("美式咖啡", 80)]


def test_another_merchant_sees_and_changes_nothing(shop):
    product = services.add_product(shop.owner, COFFEE)
    other = a_shop("海邊書店", BANS[1])
    with scope.tenant(other.merchant_id):
        assert list(queries.products()) == []
        with pytest.raises(NotFound):
            services.update_product(
                other.owner, product.id, ProductDraft(sku="C-1", name="偷", price=1)
            )
        assert services.add_product(other.owner, COFFEE)
        assert queries.catalog_version() == 1
    assert queries.product(product.id).name == "美式咖啡"


def test_the_list_searches_name_number_and_barcode(shop):
    services.add_product(shop.owner, COFFEE)
    services.add_product(
        shop.owner, ProductDraft(sku="T-9", name="紅茶", price=30, tax_type="3", active=False)
    )

    def found(**chosen):
        return [p.sku for p in queries.products(ProductFilter(**chosen))]

    assert found(search="咖啡") == ["C-1"]
    assert found(search="t-9") == ["T-9"]
    assert found(search="47100000") == ["C-1"]
    assert found(search="100%") == found(search="\x00") == found(search="🍵") == []
    assert found(tax_type="3") == ["T-9"]
    assert found(state="active") == ["C-1"] == [p.sku for p in queries.for_sale()]
    assert found(state="inactive") == ["T-9"]
