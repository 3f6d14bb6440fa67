"""Slips for the agent's tests: a proof copy of three items, for a consumer and for a company."""

from datetime import date, time
from decimal import Decimal

from twinvoice import paper
from twinvoice.document import Buyer, Invoice, Line, Seller, Totals

KEY = "0123456789ABCDEF0123456789ABCDEF"
ITEMS = (("拿鐵咖啡大杯", 2, 75), ("起司蛋糕", 1, 120), ("經典三明治", 3, 60))


def invoice(number: str = "AB12345678", *, company: bool = False) -> Invoice:
    """An invoice of three taxable items."""
    lines = tuple(
        Line(name, Decimal(count), Decimal(price), Decimal(count * price), f"{at:03}")
        for at, (name, count, price) in enumerate(ITEMS, 1)
    )
    total = sum(count * price for _, count, price in ITEMS)
    sales, tax = (429, 21) if company else (total, 0)
    return Invoice(
        number=number,
        date=date(2026, 11, 21),
        time=time(14, 30, 25),
        seller=Seller("53212539", "櫃台示範股份有限公司"),
        buyer=Buyer("22099131", "台灣積體電路製造股份有限公司") if company else Buyer(),
        lines=lines,
        totals=Totals(sales, 0, 0, "1", Decimal("0.05"), tax, total),
        random_code="7391",
        print_mark=True,
    )


def proof(number: str = "AB12345678", *, company: bool = False) -> paper.Slip:
    """The paper of ``invoice``."""
    return paper.proof_copy(invoice(number, company=company), KEY, store_name="櫃台示範店")
