"""What a shop of two busy years has in its books, made by the database itself."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.bench import place

# Row n of ``rows``, the newest last; every 100 rows hold the same mixture of kinds.
_ROWS = """
WITH counted AS (
    SELECT n, n %% 100 AS kind,
        now() - (%(rows)s::bigint - n) * (interval '730 days' / %(rows)s) AS at,
        %(mark)s || '-7000-8000-' || lpad(to_hex(n), 12, '0') AS tail,
        'H' || chr(65 + (n / 100000000)::int) || lpad((n %% 100000000)::text, 8, '0') AS number,
        (%(registers)s::uuid[])[1 + n %% cardinality(%(registers)s::uuid[])] AS register,
        (%(stores)s::uuid[])[1 + n %% cardinality(%(stores)s::uuid[])] AS store
    FROM generate_series(1, %(rows)s::bigint) n
), made AS (
    SELECT *, ('0a000000-' || tail)::uuid AS invoice, ('0b000000-' || tail)::uuid AS sale,
        (at AT TIME ZONE 'Asia/Taipei')::date AS day,
        public.invoicing_period_of((at AT TIME ZONE 'Asia/Taipei')::date) AS period
    FROM counted
)
"""

_ORDERS = """
INSERT INTO public.orders_order (merchant_id, id, number, register_id, store_id, entity_id,
    session_id, staff_id, staff_name, state, seq, started_at, completed_at, business_day,
    recognised_on, gross, line_discount, order_discount, total, change, note, body_hash, answer,
    invoice_kind, invoice_choice, invoice_id, invoice_number, invoice_period, invoice_manual,
    invoice_voided, cancelled_by, cancel_reason)
SELECT %(merchant)s, sale, 'H-' || n, register, store, %(entity)s, %(entity)s, %(entity)s, '店員',
    'completed', n - %(rows)s::bigint, at, at, day, day, 105, 0, 0, 105, 0, '', '\\x00', '{}',
    'paper', '{}', invoice, number, period, false, kind = 99, '', ''
FROM made
"""

_LINES = """
INSERT INTO public.orders_orderline (merchant_id, id, order_id, position, name, quantity,
    unit_price, amount, discount, tax_type, price_override)
SELECT %(merchant)s, sale, sale, 1, '拿鐵 大杯', 1, 105, 105, 0, '1', false FROM made
"""

_TENDERS = """
INSERT INTO public.payments_tender (merchant_id, id, order_id, position, method, amount, received,
    reference, recorded_at)
SELECT %(merchant)s, sale, sale, 1, 'cash', 105, 105, '', at FROM made
"""

_INVOICES = """
INSERT INTO public.invoicing_invoice (merchant_id, id, order_id, register_id, range_id, centre,
    seller_ban, period, number, issued_at, issue_date, buyer_ban, carrier_type, npoban, total, tax,
    state, manual, issued_by, reprints, document)
SELECT %(merchant)s, invoice, sale, register, NULL, 'mirle', %(ban)s, period, number, at, day,
    buyer, carrier, npoban, 105, 0, CASE WHEN kind = 99 THEN 'voided' ELSE 'issued' END,
    kind = 98, '店員', 0, CASE WHEN kind <> 98 THEN %(document)s::jsonb || jsonb_build_object(
        'number', number, 'date', day, 'carrier_type', carrier, 'npoban', npoban,
        'carrier_id1', CASE WHEN carrier <> '' THEN '/C' || lpad((n %% 100000)::text, 6, '0')
                            ELSE '' END) END
FROM (SELECT *,
    CASE WHEN kind BETWEEN 60 AND 74 THEN lpad((10000000 + n %% 50000)::text, 8, '0')
         ELSE '0000000000' END AS buyer,
    CASE WHEN kind BETWEEN 75 AND 86 THEN '3J0002' WHEN kind BETWEEN 87 AND 89 THEN 'CQ0001'
         WHEN kind BETWEEN 90 AND 93 THEN 'EG000' || kind %% 2 ELSE '' END AS carrier,
    CASE WHEN kind BETWEEN 94 AND 97 THEN '25885' ELSE '' END AS npoban
    FROM made) told
"""

_SENDINGS = """
INSERT INTO public.invoicing_transmission (merchant_id, id, subject_kind, subject_id, lane,
    position, kind, centre, register_id, seller_ban, issue_date, number, state, created_at, due_at,
    next_try_at, attempts, asks, outcome, provider_code, provider_message, sent_at)
SELECT %(merchant)s, invoice, 'invoice', invoice, %(ban)s || '/' || period || '/' || number, 0,
    'F0401', 'mirle', register, %(ban)s, day, number,
    CASE WHEN n > %(rows)s::bigint - 300 THEN 'waiting' WHEN n %% 4001 = 0 THEN 'rejected'
         WHEN n %% 7001 = 0 THEN 'parked' WHEN n %% 9001 = 0 THEN 'in_doubt'
         WHEN n > %(rows)s::bigint - 2000 THEN 'sent' ELSE 'confirmed' END,
    at, at, at, 1, 0, '', '', '', at
FROM made WHERE kind <> 98
"""

_VOIDS = """
INSERT INTO public.invoicing_voiddocument (merchant_id, id, invoice_id, voided_at, reason,
    voided_by, document)
SELECT %(merchant)s, sale, invoice, at, '取消', '店長', '{}' FROM made WHERE kind = 99
"""

_VOID_SENDINGS = """
INSERT INTO public.invoicing_transmission (merchant_id, id, subject_kind, subject_id, lane,
    position, kind, centre, register_id, seller_ban, issue_date, number, state, created_at, due_at,
    next_try_at, attempts, asks, outcome, provider_code, provider_message, sent_at)
SELECT %(merchant)s, sale, 'void', sale, %(ban)s || '/' || period || '/' || number, 1, 'F0501',
    'mirle', register, %(ban)s, day, number, 'confirmed', at, at, at, 1, 0, '', '', '', at
FROM made WHERE kind = 99
"""


def fill(
    merchant: UUID,
    entity: UUID,
    places: Sequence[tuple[UUID, UUID]],
    rows: int,
    document: str,
    *,
    mark: str = "0001",
) -> None:
    """``rows`` invoices with order, line, tender and sending over two years up to this moment.

    ``places``: ``(register, store)``; ``document``: the JSON of one invoice, the pattern of all;
    ``mark``: four hexadecimal digits, another for each merchant of a database.
    """
    values: dict[str, Any] = {
        "merchant": merchant,
        "entity": entity,
        "registers": [register for register, _ in places],
        "stores": [store for _, store in places],
        "rows": rows,
        "ban": "12345675",
        "document": document,
        "mark": mark,
    }
    parts = (_ORDERS, _LINES, _TENDERS, _INVOICES, _SENDINGS, _VOIDS, _VOID_SENDINGS)
    place.swiftly([(_spelled(part), values) for part in parts])


def _spelled(part: str) -> str:
    """With the types named: the server is told nothing about a parameter alone."""
    text = _ROWS + part
    types = {"merchant": "uuid", "entity": "uuid", "ban": "text", "document": "jsonb"}
    for name, kind in {**types, "mark": "text", "rows": "bigint"}.items():
        text = text.replace(f"%({name})s::{kind}", f"%({name})s")
        text = text.replace(f"%({name})s", f"%({name})s::{kind}")
    return text
