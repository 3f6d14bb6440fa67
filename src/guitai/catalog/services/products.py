"""One product at a time: entered, changed, taken off sale."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from guitai.catalog.errors import FieldFault, ProductChanged, ProductRefused
from guitai.catalog.models import CatalogVersion, Product
from guitai.catalog.rules import DRAFT_FIELDS, ProductDraft, faults_of, tidied
from guitai.kernel import audit, clock, scope
from guitai.kernel.audit import Actor
from guitai.kernel.constraints import refused_as
from guitai.kernel.errors import NotFound
from guitai.tenancy.rules import Member, Permission


def actor_of(member: Member) -> Actor:
    return Actor(kind="person", name=member.name, id=member.staff_id)


def add_product(member: Member, draft: ProductDraft) -> Product:
    """Enters a product; ``ProductRefused`` names every fault at its field."""
    member.require(Permission.MANAGE_PRODUCTS)
    draft = checked(draft)
    with transaction.atomic():
        next_version()
        with refused_as(_taken(draft)):
            product = Product.objects.create(**asdict(draft))
        audit.record(actor_of(member), "product.add", product, after=asdict(draft))
    return product


def update_product(
    member: Member, product_id: UUID, draft: ProductDraft, *, seen_at: datetime | None = None
) -> Product:
    """Changes a product. ``seen_at`` is the ``updated_at`` that the person had before him:
    where somebody else changed the product since, ``ProductChanged`` is raised instead.
    """
    member.require(Permission.MANAGE_PRODUCTS)
    draft = checked(draft)
    with transaction.atomic():
        product = _locked(product_id)
        if seen_at is not None and product.updated_at != seen_at:
            raise ProductChanged(name=product.name)
        before = {f: getattr(product, f) for f in DRAFT_FIELDS}
        after = {f: value for f, value in asdict(draft).items() if before[f] != value}
        if not after:
            return product
        next_version()
        for field, value in after.items():
            setattr(product, field, value)
        product.updated_at = clock.now()
        with refused_as(_taken(draft)):
            product.save()
        audit.record(
            actor_of(member),
            "product.change",
            product,
            before={f: before[f] for f in after},
            after=after,
        )
    return product


def checked(draft: ProductDraft) -> ProductDraft:
    draft = tidied(draft)
    faults = faults_of(draft)
    if faults:
        raise ProductRefused(faults)
    return draft


def _locked(product_id: UUID) -> Product:
    product = Product.objects.select_for_update(no_key=True).filter(id=product_id).first()
    if product is None:
        raise NotFound
    return product


def _taken(draft: ProductDraft) -> dict[str, ProductRefused]:
    return {
        "product_sku_once": ProductRefused([sku_taken(draft.sku)]),
        "product_barcode_once": ProductRefused([barcode_taken(draft.barcode)]),
    }


def sku_taken(sku: str) -> FieldFault:
    return FieldFault("CAT-SKU-TAKEN", "sku", f"商品編號「{sku}」已經有商品使用。")


def barcode_taken(barcode: str, by: str = "") -> FieldFault:
    owner = f"「{by}」" if by else "別的商品"
    return FieldFault("CAT-BARCODE-TAKEN", "barcode", f"條碼「{barcode}」已經由{owner}使用。")


def next_version() -> int:
    """Takes the catalogue's lock and its next version; first of all writes in a transaction.

    The single row makes the writers of one merchant's catalogue wait for each other, so that an
    import checks against what it will really meet.
    """
    CatalogVersion.objects.bulk_create(
        [CatalogVersion(merchant_id=scope.current(), version=0)], ignore_conflicts=True
    )
    CatalogVersion.objects.update(version=F("version") + 1)
    return CatalogVersion.objects.values_list("version", flat=True).get()
