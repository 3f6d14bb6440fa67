"""Tables of what is sold."""

from django.db import models
from django.db.models import Q

from guitai.catalog.rules import CUSTOMS_MARKS, ZERO_TAX_REASONS, TaxType
from guitai.kernel import clock
from guitai.kernel.models import TenantModel
from guitai.kernel.money import MAX_TWD


class Product(TenantModel):
    """What is sold at one tax-inclusive price in whole TWD.

    ``barcode`` is empty where there is none. ``zero_tax_reason`` and ``customs_mark`` are set
    exactly when the product is zero-rated (mof.md §2.6, V21).
    """

    sku = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    price = models.BigIntegerField()
    tax_type = models.CharField(max_length=1, default=TaxType.TAXABLE.value)
    barcode = models.CharField(max_length=40, blank=True, default="")
    unit = models.CharField(max_length=6, blank=True, default="")
    zero_tax_reason = models.CharField(max_length=2, blank=True, default="")
    customs_mark = models.CharField(max_length=1, blank=True, default="")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id", "sku"], name="product_sku_once"),
            models.UniqueConstraint(
                fields=["merchant_id", "barcode"],
                condition=~Q(barcode=""),
                name="product_barcode_once",
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0, price__lte=MAX_TWD), name="product_price_in_range"
            ),
            models.CheckConstraint(
                condition=Q(tax_type__in=[t.value for t in TaxType]), name="product_tax_type_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    tax_type=TaxType.ZERO_RATED.value,
                    zero_tax_reason__in=list(ZERO_TAX_REASONS),
                    customs_mark__in=list(CUSTOMS_MARKS),
                )
                | (~Q(tax_type=TaxType.ZERO_RATED.value) & Q(zero_tax_reason="", customs_mark="")),
                name="product_zero_rate_has_its_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_id", "active", "name"], name="product_by_name"),
        ]


class CatalogVersion(TenantModel):
    """One row a merchant: grows by one with every change, so that a till knows it is behind."""

    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_id"], name="catalog_version_one_row")
        ]


class ProductImport(TenantModel):
    """A file that was uploaded and looked at, waiting to be confirmed; applied once at most."""

    filename = models.CharField(max_length=200)
    content = models.BinaryField()
    uploaded_by = models.UUIDField()
    uploaded_at = models.DateTimeField(default=clock.now)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["merchant_id", "uploaded_by"], name="product_import_by"),
        ]
