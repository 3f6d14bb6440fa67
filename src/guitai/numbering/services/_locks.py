"""The lock that orders everything done to one seller's stock."""

from uuid import UUID

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
