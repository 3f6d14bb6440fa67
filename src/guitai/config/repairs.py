"""Repairs of older data, merchant by merchant: ``guitai mark-typed-numbers``."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from guitai.kernel import clock, scope
from guitai.kernel.audit import SYSTEM
from guitai.kernel.errors import GuitaiError
from guitai.orders import queries, services
from guitai.orders.queries import TypedNumber
from guitai.tenancy.models import Merchant


@dataclass(frozen=True, slots=True)
class Repair:
    """``outcome``: listed | marked | refused, with the reason of a refusal."""

    merchant: str
    order: str
    number: str
    certain: bool
    outcome: str
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def mark_typed_numbers(*, certain: bool, noted: bool) -> Iterator[Repair]:
    """Lists every unmarked hand-written number and marks those that were asked for (S3.16-17).

    ``certain``: where the manual invoice is kept; ``noted``: also what stands in a note.
    """
    for merchant in Merchant.objects.order_by("name", "id"):
        with scope.tenant(merchant.id):
            for found in queries.typed_numbers():
                wanted = certain if found.certain else noted
                outcome, reason = _marked(found) if wanted else ("listed", "")
                yield Repair(
                    merchant.name, found.order.number, found.number, found.certain, outcome, reason
                )


def _marked(found: TypedNumber) -> tuple[str, str]:
    try:
        services.mark_handwritten(
            found.order.id,
            found.number,
            stores=[found.order.store_id],
            actor=SYSTEM,
            now=clock.now(),
        )
    except GuitaiError as error:
        return "refused", error.message
    return "marked", ""
