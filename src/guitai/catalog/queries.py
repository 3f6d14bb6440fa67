"""Reads of what is sold. Every one starts from the open tenant scope."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from guitai.catalog.models import CatalogVersion, Product, ProductImport
from guitai.catalog.rules import TaxType
from guitai.kernel import text
from guitai.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What the list shows: ``search`` in name, number and barcode; empty fields mean any."""

    search: str = ""
    tax_type: str = ""
    state: str = ""


def products(chosen: ProductFilter = ProductFilter()) -> QuerySet[Product]:
    """Products by number; ``state`` is ``active``, ``inactive`` or empty."""
    found = Product.objects.order_by("sku")
    word = chosen.search.strip()
    if text.first_fault(word):
        return found.none()
    if word:
        found = found.filter(
            Q(name__icontains=word) | Q(sku__icontains=word) | Q(barcode__startswith=word)
        )
    if chosen.tax_type in set(TaxType):
        found = found.filter(tax_type=chosen.tax_type)
    if chosen.state in {"active", "inactive"}:
        found = found.filter(active=chosen.state == "active")
    return found


def for_sale() -> QuerySet[Product]:
    """What a till may sell, by number."""
    return products(ProductFilter(state="active"))


def product(product_id: UUID) -> Product:
    found = Product.objects.filter(id=product_id).first()
    if found is None:
        raise NotFound
    return found


def catalog_version() -> int:
    """Grows with every change of the catalogue; 0 where nothing was ever entered."""
    return CatalogVersion.objects.values_list("version", flat=True).first() or 0


def waiting_import(import_id: UUID) -> ProductImport:
    found = ProductImport.objects.filter(id=import_id, applied_at=None).first()
    if found is None:
        raise NotFound
    return found
