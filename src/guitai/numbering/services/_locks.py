"""The locks that order everything done to one seller's stock."""

from uuid import UUID

from guitai.numbering.errors import RangeNotFound
from guitai.numbering.models import Range
from guitai.tenancy.models import BusinessEntity


def lock_seller(entity_id: UUID) -> bool:
    """Waits for whoever changes this seller's stock; ``False`` where there is no such seller.

    A row lock on the ranges is not enough: rows that another verb cuts off are new, and a statement
    that waited does not see them. Taking numbers does not need this lock and never waits for it.
    """
    return (
        BusinessEntity.objects.select_for_update(no_key=True).filter(id=entity_id).first()
        is not None
    )


def lock_range(range_id: UUID) -> Range:
    """The range under its row lock, after the seller's: the order that every verb here keeps."""
    entity_id = Range.objects.filter(id=range_id).values_list("entity_id", flat=True).first()
    if entity_id is None or not lock_seller(entity_id):
        raise RangeNotFound
    row = Range.objects.select_for_update().filter(id=range_id).first()
    if row is None:
        raise RangeNotFound
    return row
