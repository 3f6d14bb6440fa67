"""Documents as Mirle's messages (providers.md §2.4–§2.6). Pure: no clock, no wire.

Company invoices go as C0401 with the buyer's BAN too: its fields and amounts for them are known,
those of A0401 around the MIG block are not (docs/decisions/0006-mirle-b2b-as-c0401.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from guitai.invoicing.ports import Account, CentreRange
from guitai.kernel.clock import in_taipei
from guitai.providers.centres.mirle.wire import Pair, element, elements, message
from twinvoice.document import Invoice, Line, Void

TYPE_NAMES = {"07": "一般電子發票", "08": "特種電子發票"}
_SIX_PLACES = Decimal("0.000001")
_TAXED = Decimal("1.05")


@dataclass(frozen=True, slots=True)
class Options:
    """The switches of providers.md §2.5 where clients differ."""

    send_tax_office_fields: bool = False
    tax_office: str = ""
    approval_date: str = ""
    approval_text: str = ""
    approval_number: str = ""
    full_width_text: bool = False

    @classmethod
    def of(cls, options: Mapping[str, object]) -> "Options":
        """From an account's stored options; unknown keys belong to others and are left alone."""
        texts = {
            name: str(options.get(name, ""))
            for name in ("tax_office", "approval_date", "approval_text", "approval_number")
        }
        return cls(
            send_tax_office_fields=options.get("send_tax_office_fields") is True,
            full_width_text=options.get("full_width_text") is True,
            **texts,
        )

    @property
    def tax_office_fields(self) -> tuple[str, str, str, str]:
        """A18–A21; blanks by default, as the newer clients send them."""
        if not self.send_tax_office_fields:
            return ("", "", "", "")
        return (self.tax_office, self.approval_date, self.approval_text, self.approval_number)


def stamp(moment: datetime) -> str:
    """``yyyy-MM-dd HH:mm:ss``, Taipei, 24 hours."""
    return f"{in_taipei(moment):%Y-%m-%d %H:%M:%S}"


def plain(value: Decimal) -> str:
    """At most six decimals, no exponent, no trailing zeros: 1.50 → 1.5, 1E+2 → 100."""
    text = f"{value.quantize(_SIX_PLACES, ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") or "0"


def _who(account: Account) -> list[Pair]:
    return [
        ("SELLERID", account.seller_ban),
        ("POSID", account.posid),
        ("POSSN", account.channel_key),
    ]


def ask(account: Account, code: str, now: datetime) -> bytes:
    """A01, C01 and Y01 (``INDEX``), A02 and C02 (``Invoice``)."""
    root, label = ("Invoice", "INVOICE_CODE") if code in {"A02", "C02"} else _INDEX
    return message(root, [elements([(label, code), *_who(account), ("SYSTIME", stamp(now))])])


_INDEX = ("INDEX", "FUNCTIONCODE")


def own_range(account: Account, code: str, numbers: CentreRange, now: datetime) -> bytes:
    """A03 and C03: exactly one of the merchant's own ranges."""
    data = elements(
        [
            ("SELLERID", account.seller_ban),
            ("TYPE", numbers.invoice_type),
            ("TYPENAME", TYPE_NAMES[numbers.invoice_type]),
            ("TAXMONTH", numbers.period_code),
            ("INVOICEHEADER", numbers.track),
            ("INVOICESTART", numbers.begin),
            ("INVOICEEND", numbers.end),
        ]
    )
    head = elements([("INVOICE_CODE", code), *_who(account), ("SYSTIME", stamp(now))])
    return message("INDEX", [head, f"<INVOICEDATA>{data}</INVOICEDATA>"])


def cursor(account: Account, numbers: CentreRange, next_number: str, now: datetime) -> bytes:
    """B01: where the register stands inside its range."""
    pairs = [
        ("FUNCTIONCODE", "B01"),
        *_who(account),
        ("SYSTIME", stamp(now)),
        ("TAXMONTH", numbers.period_code),
        ("INVOICEHEADER", numbers.track),
        ("INVOICESTART", numbers.begin),
        ("INVOICEEND", numbers.end),
        ("INVOICENUMBER", next_number),
    ]
    return message("INDEX", [elements(pairs)])


def issue(account: Account, invoice: Invoice, wire_at: datetime, options: Options) -> bytes:
    """C0401. The same invoice and ``wire_at`` give the same bytes."""
    wide = options.full_width_text
    parts = [elements(_head(invoice, options), full_width=wide)]
    for place, line in enumerate(invoice.lines, 1):
        block = elements(_line(place, line, invoice), full_width=wide)
        parts.append(f"<B>{block}</B>")
    parts.append(elements(_amounts(invoice)))
    parts.append(
        elements(
            [
                ("D1", account.seller_ban),
                ("D2", account.channel_key),
                ("D3", account.posid),
                ("D4", stamp(wire_at)),
                ("D5", ""),
            ]
        )
    )
    return message("Invoice", parts)


def _head(invoice: Invoice, options: Options) -> Iterator[Pair]:
    buyer = invoice.buyer
    values = [
        "C0401",
        invoice.number,
        invoice.date.isoformat(),
        f"{invoice.time:%H:%M:%S}",
        buyer.ban,
        buyer.name,
        buyer.address,
        buyer.person_in_charge,
        buyer.telephone,
        buyer.facsimile,
        buyer.email,
        buyer.customer_number,
        buyer.role_remark,
        "",  # A14 檢查碼: no client fills it
        invoice.buyer_remark,
        invoice.main_remark,
        invoice.customs_clearance_mark,
        *options.tax_office_fields,
        invoice.invoice_type,
        "*" if invoice.group_mark else "",
        "1" if invoice.is_donated else "0",
        invoice.carrier_type,
        invoice.carrier_id1,
        invoice.carrier_id2,
        "Y" if invoice.print_mark else "N",
        invoice.npoban,
        invoice.random_code,  # text of four digits: 0482, never 482
        invoice.relate_number,
        invoice.bonded_area_confirm,
        invoice.zero_tax_rate_reason,
    ]
    return ((f"A{place}", value) for place, value in enumerate(values, 1))


def _line(place: int, line: Line, invoice: Invoice) -> Iterator[Pair]:
    values = [
        str(place),
        line.description,
        plain(line.quantity),
        line.unit,
        plain(line.unit_price),
        plain(line.amount),
        line.sequence,
        line.remark,
        line.relate_number,
        plain(_without_tax(line, invoice)),
        "",  # B11 品號 and B12 條碼: MIG has no such fields, so the document does not carry them
        "",
        line.tax_type,
    ]
    return ((f"B{number}", value) for number, value in enumerate(values, 1))


def _without_tax(line: Line, invoice: Invoice) -> Decimal:
    """B10: a consumer's taxable line contains the tax, a company's does not."""
    if invoice.buyer.is_business or line.tax_type != "1":
        return line.amount
    return line.amount / _TAXED


def _amounts(invoice: Invoice) -> list[Pair]:
    totals = invoice.totals
    foreign = (invoice.original_currency_amount, invoice.exchange_rate)
    values = [
        str(totals.sales),
        str(totals.free_tax_sales),
        str(totals.zero_tax_sales),
        totals.tax_type,
        plain(totals.tax_rate),
        str(totals.tax),
        str(totals.total),
        str(invoice.discount_amount or 0),
        *("" if value is None else plain(value) for value in foreign),
        invoice.currency,
        "",  # C12 and C13 are for paper printed by the centre's own driver
        "",
    ]
    return [(f"C{place}", value) for place, value in enumerate(values, 1)]


def void(account: Account, document: Void, wire_at: datetime, options: Options) -> bytes:
    """C0501, with the protocol's own misspelling. A real time of day: 24:00:00 is refused later."""
    pairs = [
        ("INVOICE_CODE", "C0501"),
        ("POSSN", account.channel_key),
        ("POSID", account.posid),
        ("INVOICE_NUMBER", document.number),
        ("INVOICE_DATE", document.invoice_date.isoformat()),
        ("BUYERID", document.buyer_ban),
        ("SELLERID", document.seller_ban),
        ("CANCEL_DATE", document.void_date.isoformat()),
        ("CANCEL_TIME", f"{document.void_time:%H:%M:%S}"),
    ]
    free_text = [
        ("CANCEL_REASON", document.reason),
        ("B_EMAIL_ADDRESS", ""),
        ("RETURNTAXDOCUEMTN_NUMBER", document.return_tax_document_number),
        ("REMARK", document.remark),
    ]
    return message(
        "Invoice",
        [
            elements(pairs),
            elements(free_text, full_width=options.full_width_text),
            element("SYSTIME", stamp(wire_at)),
        ],
    )
