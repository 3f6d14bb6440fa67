"""The hot verb: one sale, one round trip to the database (DESIGN §3)."""

import secrets
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import transaction

from guitai.invoicing import errors as invoicing_errors
from guitai.kernel import clock, ids, scope, sqlcall
from guitai.kernel.audit import Actor
from guitai.numbering import errors as numbering_errors
from guitai.orders import rules
from guitai.orders.errors import LedgerBusy, ZeroInvoice
from guitai.orders.models import Order
from guitai.orders.rules import Choice, HandWritten, InvoiceChoiceKind, Priced, Sale
from guitai.orders.services.handwritten import keep_number
from guitai.payments.rules import Tender
from guitai.tenancy.errors import MerchantSuspended, NotBound, SessionClosed
from twinvoice.document import Invoice

_STATEMENT = (
    "SELECT public.orders_complete_sale(%s::uuid, %s::bytea, %s::uuid, %s::uuid, %s::bytea, "
    "%s::text[], %s::timestamptz, %s::jsonb)::text"
)


_CHOICE = tuple(field.name for field in fields(Choice))

REFUSALS = (
    NotBound,
    MerchantSuspended,
    SessionClosed,
    numbering_errors.NoNumber,
    invoicing_errors.NumberUsed,
)
"""What rooms below refuse inside the statement; imported, so that their codes are known here."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: the device's token as its hash, and the clerk's session."""

    merchant_id: UUID
    token_hash: bytes
    session_id: UUID | None


def random_code() -> str:
    """Four truly random digits (mof.md §2.7)."""
    return f"{secrets.randbelow(10_000):04d}"


def complete_sale(who: Credentials, sale: Sale, body_hash: bytes, now: datetime) -> str:
    """Sells: prices, checks, numbers, records, queues the print; all of it or nothing.

    Returns the answer as JSON text: ``{order, invoice, print_jobs, numbers, replay}``. The same
    ``sale.id`` with the same ``body_hash`` (SHA-256) returns the first answer with ``replay``
    true. Raises ``ORD-…``, ``NUM-…``, ``BIND-NONE``, ``TILL-SESSION``, ``GT-NOT-ALLOWED``;
    whatever is raised, nothing was written and no number was used.
    """
    price = rules.priced(sale)
    # Nothing to pay is nothing to invoice (mof.md V17, E0105): sold all the same, and said so.
    invoice = (
        rules.document_of(sale.lines, sale.order_discount, sale.invoice, random_code())
        if price.total
        else None
    )
    typed = _typed(sale.invoice, now)
    laid_out = {
        **_head(sale, price),
        "document": None if invoice is None else rules.skeleton(invoice),
        "notice": "" if price.total else ZeroInvoice.sentence,
        **_slips(sale, invoice),
        "manual_number": typed.number if typed else None,
        "manual_period": typed.period if typed else None,
        "lines": [_line(line) for line in sale.lines],
        "tenders": [_tender(tender) for tender in sale.tenders],
    }
    needs = sorted(rules.needs(sale))
    params = (
        who.merchant_id,
        who.token_hash,
        who.session_id,
        sale.id,
        body_hash,
        needs,
        now,
        msgspec.json.encode(laid_out).decode(),
    )
    return _called(params) if typed is None else _with_number(who, params, typed, sale, now)


def replayed(who: Credentials, sale_id: UUID, body_hash: bytes) -> str | None:
    """The answer of a sale that is already here, as ``complete_sale`` would replay it.

    ``None`` where there is none. Raises ``BIND-NONE`` and ``ORD-REUSED``; writes nothing.
    """
    row = sqlcall.one(
        "SELECT public.orders_replay(%s::uuid, t.register_id, %s::uuid, %s::bytea)::text "
        "FROM public.orders_till(%s::uuid, %s::bytea, %s::uuid) AS t",
        (who.merchant_id, sale_id, body_hash, who.merchant_id, who.token_hash, who.session_id),
        retry=True,
    )
    return row[0] if row else None


def _slips(sale: Sale, invoice: Invoice | None) -> dict[str, Any]:
    """What may come out, and what to tell where the detail is too long for a slip."""
    if invoice is None:
        items, proof = rules.items_of(sale.lines, sale.order_discount), ""
    else:
        items, proof = len(invoice.lines), rules.proof_kind(invoice)
    return {
        "proof_kind": proof,
        "long_detail": rules.too_long_for_paper(items),
        "long_company": rules.too_long_for_paper(items, company=True)
        if proof == "company_proof"
        else "",
    }


def _typed(choice: Choice, now: datetime) -> HandWritten | None:
    if choice.kind is not InvoiceChoiceKind.SELF or not choice.number:
        return None
    return rules.hand_written(choice.number, clock.in_taipei(now).date(), field="invoice.number")


def _called(params: tuple[Any, ...]) -> str:
    """Once more where a twin at another register, or a deadlock, came between."""
    for _ in range(2):
        try:
            row = sqlcall.one(_STATEMENT, params, retry=True)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            continue
        assert row is not None  # the function returns a row or refuses
        return str(row[0])
    raise LedgerBusy


def _with_number(
    who: Credentials, params: tuple[Any, ...], typed: HandWritten, sale: Sale, now: datetime
) -> str:
    """自行開立 with its number: kept in the same transaction, marked from the start (S3.17)."""
    with scope.tenant(who.merchant_id), transaction.atomic():
        answer = _called(params)
        order = Order.objects.get(id=sale.id)
        if not msgspec.json.decode(answer)["replay"]:
            clerk = Actor(kind="register", name=order.staff_name, id=order.staff_id)
            keep_number(order, typed, clerk, now, field="invoice.number")
        return answer


def _head(sale: Sale, price: Priced) -> dict[str, Any]:
    return {
        "ledger_id": ids.new_id(),
        "invoice_id": ids.new_id(),
        "transmission_id": ids.new_id(),
        "print_id": ids.new_id(),
        "detail_id": ids.new_id(),
        "audit_id": ids.new_id(),
        "started_at": sale.started_at,
        "recognised_on": sale.recognised_on,
        "note": sale.note,
        "kind": sale.invoice.kind,
        "choice": plain_choice(sale.invoice),
        "can_issue": price.total > 0 and sale.invoice.kind is not InvoiceChoiceKind.SELF,
        "gross": price.gross,
        "line_discount": price.line_discount,
        "order_discount": price.order_discount,
        "total": price.total,
        "change": price.change,
    }


def plain_choice(choice: Choice) -> dict[str, Any]:
    """The choice as it is kept with the order: what was given, nothing else."""
    given = {name: getattr(choice, name) for name in _CHOICE}
    kept = {name: value for name, value in given.items() if value not in ("", None)}
    return {**kept, "kind": choice.kind.value}


def _tender(tender: Tender) -> dict[str, Any]:
    return {
        "id": ids.new_id(),
        "method": tender.method,
        "amount": tender.amount,
        "received": tender.received,
        "reference": tender.reference,
    }


def _line(line: rules.SaleLine) -> dict[str, Any]:
    return {
        "id": ids.new_id(),
        "product_id": line.product_id,
        "name": line.name,
        "quantity": str(line.quantity),
        "unit_price": line.unit_price,
        "amount": line.amount,
        "discount": line.discount,
        "tax_type": line.tax_type,
        "price_override": line.price_override,
    }
