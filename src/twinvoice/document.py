"""The documents of MIG 4.1 as frozen values.

Amounts of a document's header are whole TWD (``int``); ``Line.amount`` is a ``Decimal`` because
the lines of a company invoice are tax-exclusive and carry decimals (mof.md §2.3). Field names are
the snake case of MIG's own, with one exception that the glossary explains: MIG's F0501
``CancelInvoice`` is 作廢 = ``Void``, MIG's F0701 ``VoidInvoice`` is 註銷 = ``Annulment``.

A document does not check itself: ``twinvoice.check.faults`` does, so that a wrong document that
came from elsewhere can still be held and shown.
"""

from dataclasses import dataclass
from datetime import date as Date
from datetime import time as Time
from decimal import Decimal
from typing import Literal

CONSUMER_BAN = "0000000000"
"""Buyer/Identifier of a consumer: exactly ten zeros (mof.md §2.2)."""

TaxType = Literal["1", "2", "3", "4", "9"]
"""1 taxable · 2 zero-rated · 3 exempt · 4 special rate · 9 mixed (header only)."""


@dataclass(frozen=True, slots=True)
class Seller:
    """The issuing place of business. ``ban`` is that of the branch if the branch issues."""

    ban: str
    name: str
    address: str = ""
    person_in_charge: str = ""
    telephone: str = ""
    facsimile: str = ""
    email: str = ""
    customer_number: str = ""
    role_remark: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys; the default is a consumer without a BAN."""

    ban: str = CONSUMER_BAN
    name: str = "0000"
    address: str = ""
    person_in_charge: str = ""
    telephone: str = ""
    facsimile: str = ""
    email: str = ""
    customer_number: str = ""
    role_remark: str = ""

    @property
    def is_business(self) -> bool:
        return self.ban != CONSUMER_BAN


@dataclass(frozen=True, slots=True)
class Line:
    """One ProductItem. ``amount`` is tax-inclusive for a consumer, tax-exclusive for a company."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    sequence: str
    tax_type: TaxType = "1"
    unit: str = ""
    remark: str = ""
    relate_number: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """The Amount block of F0401, whole TWD."""

    sales: int
    free_tax_sales: int
    zero_tax_sales: int
    tax_type: TaxType
    tax_rate: Decimal
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """F0401. ``carrier_*`` and ``npoban`` are empty strings where absent."""

    number: str
    date: Date
    time: Time
    seller: Seller
    buyer: Buyer
    lines: tuple[Line, ...]
    totals: Totals
    random_code: str
    print_mark: bool
    invoice_type: Literal["07", "08"] = "07"
    carrier_type: str = ""
    carrier_id1: str = ""
    carrier_id2: str = ""
    npoban: str = ""
    buyer_remark: str = ""
    main_remark: str = ""
    customs_clearance_mark: str = ""
    category: str = ""
    relate_number: str = ""
    group_mark: bool = False
    bonded_area_confirm: str = ""
    zero_tax_rate_reason: str = ""
    reserved1: str = ""
    reserved2: str = ""
    discount_amount: int | None = None
    original_currency_amount: Decimal | None = None
    exchange_rate: Decimal | None = None
    currency: str = ""

    @property
    def is_donated(self) -> bool:
        return self.npoban != ""


@dataclass(frozen=True, slots=True)
class Void:
    """F0501 作廢."""

    number: str
    invoice_date: Date
    buyer_ban: str
    seller_ban: str
    void_date: Date
    void_time: Time
    reason: str
    return_tax_document_number: str = ""
    remark: str = ""
    reserved1: str = ""
    reserved2: str = ""


@dataclass(frozen=True, slots=True)
class Annulment:
    """F0701 註銷: withdraws the deposited record so that the same number can be sent again."""

    number: str
    invoice_date: Date
    buyer_ban: str
    seller_ban: str
    annul_date: Date
    annul_time: Time
    reason: str
    remark: str = ""
    reserved1: str = ""
    reserved2: str = ""


@dataclass(frozen=True, slots=True)
class AllowanceLine:
    """One ProductItem of G0401. ``amount`` is tax-exclusive, ``tax`` whole TWD."""

    original_date: Date
    original_number: str
    original_description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax: int
    sequence: str
    tax_type: TaxType = "1"
    unit: str = ""
    original_sequence: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """G0401 折讓, always issued by the seller (AllowanceType 2, mof.md §5.4)."""

    number: str
    date: Date
    seller: Seller
    buyer: Buyer
    lines: tuple[AllowanceLine, ...]
    tax: int
    total: int
    original_seller_ban: str = ""
    original_buyer_ban: str = ""


@dataclass(frozen=True, slots=True)
class AllowanceVoid:
    """G0501 作廢折讓."""

    number: str
    allowance_date: Date
    buyer_ban: str
    seller_ban: str
    void_date: Date
    void_time: Time
    reason: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """Begin and end of consecutive numbers, eight digits each, both inclusive."""

    begin: str
    end: str
    booklets: int | None = None


@dataclass(frozen=True, slots=True)
class BranchAllocation:
    """E0401. ``period_code`` is five digits with the even month: 11510."""

    head_ban: str
    branch_ban: str
    period_code: str
    track: str
    begin: str
    end: str
    items: tuple[NumberSpan, ...]
    invoice_type: Literal["07", "08"] = "07"


@dataclass(frozen=True, slots=True)
class BlankReport:
    """E0402 空白未使用字軌."""

    head_ban: str
    branch_ban: str
    period_code: str
    track: str
    items: tuple[NumberSpan, ...]
    invoice_type: Literal["07", "08"] = "07"


@dataclass(frozen=True, slots=True)
class Assignment:
    """E0501, read only: what the platform allotted."""

    ban: str
    invoice_type: str
    period_code: str
    track: str
    begin: str
    end: str
    booklets: int


@dataclass(frozen=True, slots=True)
class Award:
    """One PrizeInvoice of E0504. Codes whose meaning is not public stay raw."""

    number: str
    date: Date
    seller_ban: str
    buyer_ban: str
    total: int
    random_code: str
    prize_type: str
    prize_amount: int
    deposit_mark: str
    time: Time | None = None
    carrier_type: str = ""
    carrier_type_name: str = ""
    carrier_id1: str = ""
    carrier_id2: str = ""
    redeem_data_type: str = ""
    prize_data_source: str = ""
    print_type: str = ""


@dataclass(frozen=True, slots=True)
class AwardList:
    """E0504, read only."""

    head_ban: str
    period_code: str
    award_list_type: str
    total_count: int
    total_amount: int
    receive_begin: Date
    receive_end: Date
    awards: tuple[Award, ...]


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One Info of a ProcessResult. ``code`` 00000 is success."""

    code: str
    description: str = ""
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """The platform's answer to one object that Turnkey sent (mof.md §9.5)."""

    message_id: str
    message_type: str
    lines: tuple[ResultLine, ...]
    service: str = ""
    action: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class SummaryMessage:
    """One message type of the daily SummaryResult; references are invoice or allowance numbers."""

    message_id: str
    message_type: str
    total: int
    good: int
    failed: int
    good_references: tuple[tuple[str, Date], ...] = ()
    failed_references: tuple[tuple[str, Date], ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """The platform's count of the previous day."""

    messages: tuple[SummaryMessage, ...]


Outgoing = Invoice | Void | Annulment | Allowance | AllowanceVoid | BranchAllocation | BlankReport
"""What a seller may send."""

Incoming = Assignment | AwardList | ProcessResult | SummaryResult
"""What the platform sends."""

Document = Outgoing | Incoming
