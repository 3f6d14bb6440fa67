"""How a sale is paid: cash with change, recorded card, other. Pure; whole TWD.

Source: product.md B.5.11 (several tenders for one order, "fill the difference").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from guitai.payments.errors import BadTender, TenderSum


class Method(StrEnum):
    CASH = "cash"
    CARD = "card"
    OTHER = "other"


METHOD_NAMES = {Method.CASH: "現金", Method.CARD: "刷卡", Method.OTHER: "其他"}


@dataclass(frozen=True, slots=True)
class Tender:
    """One payment. ``received`` is what the customer handed over (cash only)."""

    method: Method
    amount: int
    received: int | None = None
    reference: str = ""

    @property
    def change(self) -> int:
        return 0 if self.received is None else self.received - self.amount


@dataclass(frozen=True, slots=True)
class TenderFault:
    """Why tenders are refused; ``index`` is -1 where the sum is wrong, not one of them."""

    reason: str
    index: int
    amount: int


def fault_of(tenders: Sequence[Tender], total: int) -> TenderFault | None:
    """The first thing wrong: ``amount`` below 1, ``received`` for no cash, ``short`` or ``sum``."""
    for index, tender in enumerate(tenders):
        if tender.amount <= 0:
            return TenderFault("amount", index, tender.amount)
        if tender.received is not None and tender.method is not Method.CASH:
            return TenderFault("received", index, tender.received)
        if tender.change < 0:
            return TenderFault("short", index, -tender.change)
    paid = sum(tender.amount for tender in tenders)
    return None if paid == total else TenderFault("sum", -1, paid)


_WORDS = {
    "amount": "金額需大於 0",
    "received": "只有現金有實收金額",
    "short": "實收金額不足 {amount} 元",
}


def check(tenders: Sequence[Tender], total: int) -> None:
    """Refuses tenders that cannot be (``PAY-TENDER``) or do not add up (``PAY-SUM``)."""
    fault = fault_of(tenders, total)
    if fault is None:
        return
    if fault.reason == "sum":
        raise TenderSum(field="tenders", paid=fault.amount, total=total)
    raise BadTender(
        field=f"tenders[{fault.index}]",
        position=fault.index + 1,
        detail=_WORDS[fault.reason].format(amount=fault.amount),
    )
