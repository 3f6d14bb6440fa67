"""Slips of the counter itself: shift summary, self-test of the printer, pairing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twinvoice.faults import Fault
from twinvoice.paper.blocks import (
    Block,
    Code39,
    Columns,
    Cut,
    Feed,
    QrPair,
    Rule,
    Ruler,
    Slip,
    Text,
)
from twinvoice.paper.invoices import clean

SAMPLE_CODE39 = "00000XX000000000000"
"""As long as an invoice's, of a period that does not exist: no reader takes it for one."""

SAMPLE_QR = (
    "TEST LEFT 左方測試碼 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ 這不是發票 請勿掃描兌獎 0123456789",
    "**TEST RIGHT 右方測試碼 0123456789",
)


@dataclass(frozen=True, slots=True)
class TenderSum:
    """How much came in by one kind of payment, TWD."""

    name: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class ShiftSummary:
    """The figures of a 小結, or of a 關帳 over several, of one register (product.md B.11).

    Amounts are TWD. ``sales`` is net of cancelled orders. ``cash_float`` is the last float,
    ``expected_cash`` what should be in the drawer; moments are of Asia/Taipei.
    """

    store: str
    register: str
    cashier: str
    serial: str
    begin: datetime
    end: datetime
    orders: int
    sales: int
    cancelled_orders: int
    cancelled_amount: int
    invoices: int
    invoice_amount: int
    voided_invoices: int
    voided_amount: int
    cash_float: int
    expected_cash: int
    counted_cash: int
    cash_taken: int
    cash_left: int
    tenders: tuple[TenderSum, ...] = ()
    first_number: str = ""
    last_number: str = ""
    difference_reason: str = ""
    closing: bool = False
    summaries: int = 1

    @property
    def difference(self) -> int:
        """Counted minus expected cash: negative where money is missing."""
        return self.counted_cash - self.expected_cash


@dataclass(frozen=True, slots=True)
class SelfTestFacts:
    """What the self-test prints about the printer; ``facts`` are further pairs of name, value."""

    printer: str
    connection: str
    width: int
    agent_version: str
    printed_at: datetime
    facts: tuple[tuple[str, str], ...] = ()


def shift_slip(summary: ShiftSummary) -> Slip:
    """The paper of a shift summary 小結 or of a closing 關帳, ending with a cut."""
    return (
        Text("關帳表" if summary.closing else "小結表", scale=2, bold=True, align="centre"),
        *_shift_head(summary),
        Rule(),
        *_counted("訂單", summary.orders, summary.sales),
        *_counted("取消訂單", summary.cancelled_orders, summary.cancelled_amount),
        Rule(),
        *_counted("開立發票", summary.invoices, summary.invoice_amount),
        *_numbers(summary),
        *_counted("作廢發票", summary.voided_invoices, summary.voided_amount),
        Rule(),
        *(
            block
            for sums in summary.tenders
            for block in _counted(sums.name, sums.count, sums.amount)
        ),
        *((Rule(),) if summary.tenders else ()),
        *_cash(summary),
        Feed(24),
        Text("收銀員簽名"),
        Feed(40),
        Rule(),
        Cut(),
    )


def test_slip(facts: SelfTestFacts) -> Slip:
    """The self-test: type, a ruler of widths, and codes of an invoice's size that mean nothing."""
    named = (
        ("印表機", facts.printer),
        ("連線", facts.connection),
        ("可印寬度", f"{facts.width} 點"),
        ("程式版本", facts.agent_version),
        ("列印時間", f"{facts.printed_at:%Y-%m-%d %H:%M:%S}"),
        *facts.facts,
    )
    return (
        Text("測試列印", scale=2, bold=True, align="centre"),
        Text("非統一發票 不可兌獎", bold=True, align="centre"),
        *(Columns(clean(name), clean(value)) for name, value in named),
        Rule(),
        Text("看得到這行字，表示紙捲方向正確。"),
        Text("一般 Abc 0123 國字"),
        Text("粗體 Abc 0123 國字", bold=True),
        Text("大字 0123", scale=2),
        Text("右邊最後一條看得到的刻度就是可印寬度："),
        Ruler(),
        Code39(SAMPLE_CODE39),
        QrPair(*SAMPLE_QR),
        Cut(),
    )


def pairing_slip(code: str, *, minutes: int = 2, device: str = "") -> Slip:
    """The pairing code that the till page asks for, in big type, with its life in minutes.

    ``device`` names the agent. Raises ``Fault`` TWI-PAPER unless the code is 4 to 12 ASCII
    letters or digits.
    """
    if not (code.isascii() and code.isalnum() and 4 <= len(code) <= 12):
        raise Fault("TWI-PAPER", "code", {"length": len(code)})
    return (
        Text("裝置配對碼", bold=True, align="centre"),
        Text(" ".join(_halves(code)), scale=2, bold=True, align="centre"),
        *((Text(clean(device), align="centre"),) if device else ()),
        Text(f"請在 {minutes} 分鐘內於收銀頁面輸入。"),
        Text("請勿將此碼交給他人。"),
        Cut(),
    )


def _shift_head(summary: ShiftSummary) -> Sequence[Block]:
    covered = (Columns("涵蓋小結", f"{summary.summaries} 次"),) if summary.closing else ()
    return (
        Text(clean(summary.store), bold=True, align="centre"),
        Columns(f"收銀機 {clean(summary.register)}", clean(summary.serial)),
        Text(f"收銀員 {clean(summary.cashier)}"),
        Text(f"起 {summary.begin:%Y-%m-%d %H:%M:%S}"),
        Text(f"迄 {summary.end:%Y-%m-%d %H:%M:%S}"),
        *covered,
    )


def _counted(name: str, count: int, amount: int) -> Sequence[Block]:
    return (Columns(f"{clean(name)} {count:,} 筆", f"{amount:,}"),)


def _numbers(summary: ShiftSummary) -> Sequence[Block]:
    if not summary.first_number:
        return ()
    return (Text(f"  {summary.first_number} - {summary.last_number or summary.first_number}"),)


def _cash(summary: ShiftSummary) -> Sequence[Block]:
    reason = summary.difference_reason
    return (
        Columns("前次零用金", f"{summary.cash_float:,}"),
        Columns("應有現金", f"{summary.expected_cash:,}"),
        Columns("實點現金", f"{summary.counted_cash:,}", bold=True),
        Columns("差額", f"{summary.difference:+,}" if summary.difference else "0", bold=True),
        *((Text(f"  原因 {clean(reason)}"),) if reason else ()),
        Columns("取出現金", f"{summary.cash_taken:,}"),
        Columns("留存現金", f"{summary.cash_left:,}"),
    )


def _halves(code: str) -> tuple[str, str]:
    middle = (len(code) + 1) // 2
    return code[:middle], code[middle:]
