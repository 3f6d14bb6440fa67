"""Lists as files. Carriers stay masked and secrets never appear (DESIGN §4)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guitai.catalog.services.tables import write_csv, write_xlsx
from guitai.invoicing import registry
from guitai.invoicing.models import Transmission
from guitai.invoicing.rules import (
    INVOICE_STATE_NAMES,
    KIND_NAMES,
    STATE_NAMES,
    InvoiceState,
    Kind,
    TransmissionState,
)
from guitai.kernel.clock import in_taipei
from guitai.kernel.errors import BadInput
from guitai.numbering.queries import BlankSpan
from guitai.orders.models import Order
from guitai.reporting.queries.invoices import InvoiceRow
from guitai.tenancy.models import Register
from twinvoice.period import Period

Cell = str | int
CSV_ROWS = 100_000
XLSX_ROWS = 20_000
LIMITS = {"csv": CSV_ROWS, "xlsx": XLSX_ROWS}


class TooMuch(BadInput):
    code = "RPT-TOO-MUCH"
    sentence = "符合的資料超過 {limit:,} 列，請先用日期或期別縮小範圍{other}。"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and its rows; money and counts are ``int``, everything else text."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def written(sheet: Sheet, kind: str) -> bytes:
    """The file's bytes. Raises ``TooMuch`` instead of leaving rows out in silence."""
    limit = LIMITS[kind]
    rows = list(_at_most(sheet.rows, limit, kind))
    if kind == "xlsx":
        return write_xlsx(sheet.header, rows, title=sheet.title)
    return write_csv(sheet.header, rows)


def _at_most(rows: Iterable[Sequence[Cell]], limit: int, kind: str) -> Iterator[Sequence[Cell]]:
    for count, row in enumerate(rows, start=1):
        if count > limit:
            raise TooMuch(limit=limit, other="，或改用 CSV" if kind == "xlsx" else "")
        yield row


INVOICE_HEADER = (
    "發票號碼", "期別", "開立時間", "門市", "POS 機", "訂單編號", "買方統編", "載具類別",
    "載具（遮罩）", "捐贈碼", "總計", "稅額", "狀態", "自行開立", "上傳", "加值中心", "開立人員",
)  # fmt: skip


def invoices(rows: Iterable[InvoiceRow]) -> Sheet:
    return Sheet("發票", INVOICE_HEADER, (_invoice(row) for row in rows))


def _invoice(row: InvoiceRow) -> list[Cell]:
    found = row.invoice
    register = found.register
    return [
        found.number,
        Period.parse(found.period).label,
        f"{in_taipei(found.issued_at):%Y-%m-%d %H:%M:%S}",
        register.store.name if register else "",
        register.name if register else "",
        row.order_number,
        "" if found.buyer_ban == "0000000000" else found.buyer_ban,
        found.carrier_type,
        row.carrier,
        found.npoban,
        found.total,
        found.tax,
        INVOICE_STATE_NAMES[InvoiceState(found.state)],
        "是" if found.manual else "",
        "、".join(sending_words(one) for one in row.sendings),
        registry.name_of(found.centre),
        found.issued_by,
    ]


def sending_words(row: Transmission) -> str:
    """``作廢：等待上傳``."""
    return f"{KIND_NAMES[Kind(row.kind)]}：{STATE_NAMES[TransmissionState(row.state)]}"


ORDER_HEADER = (
    "訂單編號", "結帳時間", "認單日期", "門市", "POS 機", "收銀員", "折扣前", "折扣", "總計",
    "發票號碼", "自行開立", "狀態", "取消時間", "取消人員", "取消原因", "備註",
)  # fmt: skip


def orders(rows: Iterable[Order]) -> Sheet:
    return Sheet("訂單", ORDER_HEADER, (_order(row) for row in rows))


def _order(row: Order) -> list[Cell]:
    cancelled = row.cancelled_at
    return [
        row.number,
        f"{in_taipei(row.completed_at):%Y-%m-%d %H:%M:%S}",
        row.recognised_on.isoformat(),
        row.register.store.name,
        row.register.name,
        row.staff_name,
        row.gross,
        row.line_discount + row.order_discount,
        row.total,
        row.invoice_number,
        "是" if row.invoice_manual else "",
        "已取消" if cancelled else "完成",
        f"{in_taipei(cancelled):%Y-%m-%d %H:%M:%S}" if cancelled else "",
        row.cancelled_by,
        row.cancel_reason,
        row.note,
    ]


SENDING_HEADER = (
    "發票號碼", "單據", "狀態", "加值中心", "開立時間", "應上傳時間", "嘗試次數", "代碼",
    "加值中心說明",
)  # fmt: skip


def sendings(rows: Iterable[Transmission]) -> Sheet:
    return Sheet("上傳", SENDING_HEADER, (_sending(row) for row in rows))


def _sending(row: Transmission) -> list[Cell]:
    return [
        row.number,
        KIND_NAMES[Kind(row.kind)],
        STATE_NAMES[TransmissionState(row.state)],
        registry.name_of(row.centre),
        f"{in_taipei(row.created_at):%Y-%m-%d %H:%M:%S}",
        f"{in_taipei(row.due_at):%Y-%m-%d %H:%M:%S}",
        row.attempts,
        row.provider_code,
        row.provider_message,
    ]


def blanks(rows: Iterable[BlankSpan]) -> Sheet:
    header = ("統一編號", "發票類別", "字軌", "起號", "迄號", "張數")
    return Sheet(
        "空白發票號碼",
        header,
        (
            [
                row.ban,
                row.invoice_type,
                row.span.track,
                f"{row.span.begin:08d}",
                f"{row.span.end:08d}",
                row.span.count,
            ]
            for row in rows
        ),
    )


def register_name(register: Register | None) -> str:
    return f"{register.store.name} {register.name}" if register else "網路通路"
