"""What travels over the till's REST: one struct a body, one an answer.

They decode requests, encode answers and make the OpenAPI document, so that the three cannot differ.
Money is whole TWD; quantities are decimal texts; moments carry their offset.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from guitai.kernel.money import MAX_TWD
from guitai.orders.rules import Choice, InvoiceChoiceKind, Sale, SaleLine
from guitai.payments.rules import Method, Tender

Money = Annotated[int, Meta(ge=0, le=MAX_TWD)]
Moment = Annotated[datetime, Meta(tz=True)]
# Python's $ lets a last line break pass, the document's readers' does not: (?!\n) makes them agree.
Quantity = Annotated[str, Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$(?!\n)", max_length=10)]
Short = Annotated[str, Meta(max_length=64)]
Code = Annotated[str, Meta(max_length=400)]
TaxType = Literal["1", "2", "3"]


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request: what is not known is refused."""


class Answer(msgspec.Struct, kw_only=True):
    """A reply."""


class LineIn(Body):
    name: Annotated[str, Meta(max_length=200)]
    quantity: Quantity
    unit_price: Money
    tax_type: TaxType
    discount: Money = 0
    product_id: UUID | None = None
    price_override: bool = False
    id: Short | None = None


class TenderIn(Body):
    method: Method
    amount: Money
    received: Money | None = None
    reference: Annotated[str, Meta(max_length=200)] = ""


class ChoiceIn(Body):
    kind: InvoiceChoiceKind
    ban: Code = ""
    buyer_name: Annotated[str, Meta(max_length=200)] = ""
    carrier: Code = ""
    npoban: Code = ""
    print: bool | None = None
    number: Annotated[str, Meta(max_length=400)] = ""
    zero_tax_reason: Literal["", "71", "72", "73", "74", "75", "76", "77", "78", "79"] = ""
    customs_mark: Literal["", "1", "2"] = ""

    def choice(self) -> Choice:
        return Choice(**{name: getattr(self, name) for name in self.__struct_fields__})


class SaleIn(Body):
    id: UUID
    started_at: Moment
    lines: list[LineIn]
    tenders: list[TenderIn]
    invoice: ChoiceIn
    total: Money
    order_discount: Money = 0
    note: Annotated[str, Meta(max_length=1000)] = ""
    recognised_on: date | None = None

    def sale(self) -> Sale:
        """The sale as the rules know it. A tender of nothing for nothing is left out."""
        return Sale(
            id=self.id,
            started_at=self.started_at,
            lines=tuple(_line(line) for line in self.lines),
            tenders=tuple(
                Tender(tender.method, tender.amount, tender.received, tender.reference)
                for tender in self.tenders
                if self.total or tender.amount or tender.received
            ),
            invoice=self.invoice.choice(),
            total=self.total,
            order_discount=self.order_discount,
            note=self.note,
            recognised_on=self.recognised_on,
        )


def _line(line: LineIn) -> SaleLine:
    return SaleLine(
        name=line.name,
        quantity=Decimal(line.quantity),
        unit_price=line.unit_price,
        tax_type=line.tax_type,
        discount=line.discount,
        product_id=line.product_id,
        price_override=line.price_override,
    )


class BindIn(Body):
    ban: Short
    code: Short
    device_name: Annotated[str, Meta(max_length=200)]


class SignInIn(Body):
    staff_id: UUID
    pin: Short


class IssueIn(Body):
    invoice: ChoiceIn | None = None


class CancelIn(Body):
    reason: Annotated[str, Meta(max_length=200)]


class ReprintIn(Body):
    what: Literal["proof", "detail"]


class ManualNumberIn(Body):
    number: Annotated[str, Meta(max_length=400)]


class JobStateIn(Body):
    state: Literal["sent", "done", "uncertain", "expired", "cancelled"]
    detail: Annotated[str, Meta(max_length=200)] = ""


class ParkedIn(Body):
    label: Annotated[str, Meta(max_length=60)]
    cart: dict[str, Any]


class SummaryIn(Body):
    counted_cash: Money
    taken_out: Money = 0
    reason: Annotated[str, Meta(max_length=200)] = ""
    close: bool = False
    confirm: bool = False
    id: UUID | None = None


class CloseIn(Body):
    confirm: bool = False


class DrawerIn(Body):
    reason: Annotated[str, Meta(max_length=200)]


class CheckIn(Body):
    ban: Code = ""
    mobile_barcode: Code = ""
    citizen_certificate: Code = ""
    npoban: Code = ""


Objects = Annotated[list[dict[str, Any]], Meta(max_length=100)]


class AgentIn(msgspec.Struct, kw_only=True):
    """The agent's Health as it told it (docs/agent-protocol.md): a newer agent may say more.

    ``code`` and ``message`` are for a report without hops. What is inside is cut to size and read
    with suspicion by ``devices.rules.signs_of``.
    """

    agent_id: Short
    version: Annotated[str, Meta(max_length=64)] = ""
    hops: Objects = []
    findings: Objects = []
    printer: dict[str, Any] | None = None
    device: dict[str, Any] | None = None
    queue: dict[str, Any] | None = None
    clock: dict[str, Any] | None = None
    time: Annotated[str, Meta(max_length=64)] = ""
    code: Annotated[str, Meta(max_length=40)] = ""
    message: Annotated[str, Meta(max_length=200)] = ""


class Ok(Answer):
    ok: bool = True


class Fault(Answer):
    code: str
    message: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Refusal(Answer):
    """Every answer that is not 2xx."""

    error: Fault


class RegisterOut(Answer):
    id: UUID
    code: str
    name: str
    auto_issue: bool
    auto_print: bool
    print_detail: bool
    printer_profile: str
    centre: str


class StoreOut(Answer):
    id: UUID
    code: str
    name: str


class EntityOut(Answer):
    """``member_carrier``: whether 會員載具 can be offered (mof.md §7.1)."""

    ban: str
    name: str
    member_carrier: bool


class StaffOut(Answer):
    id: UUID
    name: str
    role: str
    role_name: str


class PersonOut(Answer):
    id: UUID
    name: str


class SessionOut(Answer):
    id: UUID
    staff: PersonOut
    permissions: list[str]
    opened_at: datetime


class NumbersOut(Answer):
    remaining: int
    paused: int
    period: str
    period_label: str


class CentreOut(Answer):
    key: str
    name: str
    state: str
    state_text: str
    waiting: int
    in_doubt: int
    rejected: int


class BindOut(Answer):
    register: RegisterOut


class AgentVersions(Answer):
    """``min_version``: older agents are refused; ``download``: where a new one is found."""

    min_version: str
    latest: str
    download: str


class StateOut(Answer):
    register: RegisterOut
    store: StoreOut
    entity: EntityOut
    staff: list[StaffOut]
    session: SessionOut | None
    numbers: NumbersOut
    centre: CentreOut
    agent: AgentVersions
    now: datetime
    catalog_version: int


class SignInOut(Answer):
    session: SessionOut


class ProductOut(Answer):
    id: UUID
    sku: str
    barcode: str
    name: str
    price: int
    tax_type: TaxType


class ProductsOut(Answer):
    version: int
    products: list[ProductOut]


class JobHead(Answer):
    id: UUID
    kind: str
    copy: str | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET


class OrderHead(Answer):
    id: UUID
    number: str
    total: int
    change: int
    issued_at: datetime
    can_issue: bool
    notice: str
    state: str | msgspec.UnsetType = msgspec.UNSET
    invoice_number: str | msgspec.UnsetType = msgspec.UNSET
    invoice_manual: bool | msgspec.UnsetType = msgspec.UNSET
    invoice_voided: bool | msgspec.UnsetType = msgspec.UNSET


class InvoiceHead(Answer):
    """``id`` and ``random_code`` are null for a hand-written number."""

    id: UUID | None
    number: str
    period_label: str
    random_code: str | None
    state: str
    manual: bool


class Remaining(Answer):
    remaining: int


class SaleOut(Answer):
    order: OrderHead
    invoice: InvoiceHead | None
    print_jobs: list[JobHead]
    numbers: Remaining
    replay: bool


class OrderInvoice(Answer):
    """``upload_text`` is how far the newest sending came, in words; empty where none is sent."""

    id: UUID | None
    number: str
    period_label: str
    manual: bool
    voided: bool
    state: str
    state_text: str
    random_code: str | None
    buyer_ban: str
    carrier: str
    npoban: str
    printable: bool
    upload_state: str
    upload_text: str


class OrderEntry(Answer):
    id: UUID
    number: str
    state: str
    state_text: str
    total: int
    issued_at: datetime
    recognised_on: date
    register_id: UUID
    staff_name: str
    invoice_kind: str
    invoice_number: str
    invoice_manual: bool
    invoice_voided: bool
    can_issue: bool


class OrdersOut(Answer):
    """``next`` is the ``after`` of the following page; null on the last one."""

    orders: list[OrderEntry]
    next: UUID | None


class OrderLineOut(Answer):
    product_id: UUID | None
    name: str
    quantity: str
    unit_price: int
    amount: int
    discount: int
    tax_type: str


class TenderOut(Answer):
    method: str
    name: str
    amount: int
    received: int | None
    reference: str


class JobOut(Answer):
    id: UUID
    kind: str
    copy: str
    state: str
    detail: str
    subject_id: UUID
    order_id: UUID | None
    withdrawn: bool
    """Its invoice was voided, or its order cancelled: what has not begun shall not come out."""
    created_at: datetime


class OrderDetail(OrderEntry):
    gross: int
    line_discount: int
    order_discount: int
    change: int
    note: str
    notice: str
    cancelled_at: datetime | None
    cancelled_by: str
    cancel_reason: str
    invoice: OrderInvoice | None
    lines: list[OrderLineOut]
    tenders: list[TenderOut]
    print_jobs: list[JobOut]


class OrderOut(Answer):
    order: OrderDetail


class CancelOut(Answer):
    order: OrderHead
    refund: dict[str, int]


class ManualNumberOut(Answer):
    order: OrderHead


class ReprintOut(Answer):
    print_jobs: list[JobHead]


class JobsOut(Answer):
    jobs: list[JobOut]


class SlipOut(Answer):
    job_id: UUID
    kind: str
    copy: str
    state: str
    doc: list[dict[str, Any]]
    sha256: str
    expires: datetime
    withdrawn: bool


class JobStateOut(Answer):
    job: JobOut


class ParkedOut(Answer):
    id: UUID
    label: str
    cart: dict[str, Any]
    parked_by: str
    parked_at: datetime
    expires_at: datetime


class ParkedListOut(Answer):
    parked: list[ParkedOut]
    limit: int


class TenderSumOut(Answer):
    method: str
    name: str
    count: int
    amount: int


class ShiftOut(Answer):
    """The figures since the last summary, and how the closing stands."""

    begin_at: datetime
    end_at: datetime
    orders: int
    sales: int
    cancelled_orders: int
    cancelled_amount: int
    net_sales: int
    invoices: int
    invoice_amount: int
    voided_invoices: int
    voided_amount: int
    first_number: str
    last_number: str
    tenders: list[TenderSumOut]
    cash_float: int
    expected_cash: int
    open_summaries: int
    closed_today: int


class ShiftDoneOut(Answer):
    serial: str
    expected_cash: int
    counted_cash: int
    difference: int
    taken_out: int
    cash_left: int
    closing_serial: str | None
    print_jobs: list[JobHead]
