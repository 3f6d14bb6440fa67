"""The exchange journal: collected beside the call, written by whoever owns the transaction."""

from collections.abc import Iterable
from threading import Lock

from guitai.invoicing.models import ExchangeRecord
from guitai.invoicing.ports import Exchange
from guitai.kernel import ids, scope

KEEP_BYTES = 64 * 1024


class BufferedJournal:
    """Collects exchanges from any thread; ``write`` puts them into the database.

    Kept in memory until then, because providers run outside of transactions and never touch
    storage. What a killed worker loses is the copy of the talk, never the state of a document.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        with self._lock:
            self._waiting.append(exchange)

    def write(self) -> int:
        """Writes what was collected; returns how many."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        if taken:
            with scope.across_merchants("一批上傳可能屬於多個商家"):
                ExchangeRecord.objects.bulk_create(_rows(taken), batch_size=200)
        return len(taken)


def _rows(exchanges: Iterable[Exchange]) -> list[ExchangeRecord]:
    return [
        ExchangeRecord(
            merchant_id=one.merchant_id,
            id=ids.new_id(),
            transmission_id=one.transmission_id,
            centre=one.centre,
            register_id=one.register_id,
            operation=one.operation,
            at=one.at,
            milliseconds=one.milliseconds,
            method=one.method,
            url=one.url[:300],
            status=one.status,
            problem=one.problem[:200],
            request=one.request[:KEEP_BYTES],
            response=one.response[:KEEP_BYTES],
        )
        for one in exchanges
    ]
