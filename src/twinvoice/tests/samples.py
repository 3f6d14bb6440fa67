"""The go-live scenarios of mof.md §4.2 as documents, and a seeded source of legal documents.

The golden files in ``examples/`` are these scenarios; samples and numbers follow mof-vectors.md §9.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from twinvoice import tax
from twinvoice.document import (
    Allowance,
    AllowanceLine,
    AllowanceVoid,
    Annulment,
    BlankReport,
    BranchAllocation,
    Buyer,
    Document,
    Invoice,
    NumberSpan,
    Seller,
    Void,
)
from twinvoice.tax import Item

SELLER = Seller("04595257", "測試賣方股份有限公司", "臺北市中正區測試路1號")
CONSUMER = Buyer()
COMPANY = Buyer("10458575", "測試買方有限公司")
DAY = dt.date(2026, 1, 15)
BREAD = (Item("葡萄乾吐司", Decimal(60)), Item("松子棗糕", Decimal(50)))
GOODS = (Item("商品A", Decimal(460), Decimal(3), unit="個"),)
MOBILE = {"carrier_type": "3J0002", "carrier_id1": "/TRM+O+P", "carrier_id2": "/TRM+O+P"}
CITIZEN = {
    "carrier_type": "CQ0001",
    "carrier_id1": "TP03000001234567",
    "carrier_id2": "TP03000001234567",
}
MEMBER = {
    "carrier_type": "EJ0113",
    "carrier_id1": "M000123",
    "carrier_id2": "5f0c6d0e9b1a4c7d8e2f3a4b5c6d7e8f",
}


def invoice(number: int, items=BREAD, buyer=CONSUMER, *, discount=0, paper=None, **more) -> Invoice:
    """An invoice of ``items``; printed unless a carrier or a donation takes it."""
    lines = tax.lines_for(buyer, items, discount=discount)
    printed = paper if paper is not None else not (more.get("carrier_type") or more.get("npoban"))
    return Invoice(
        number=f"AB{number:08d}",
        date=DAY,
        time=dt.time(14, 5, 9),
        seller=SELLER,
        buyer=buyer,
        lines=lines,
        totals=tax.totals(lines, buyer),
        random_code="0695",
        print_mark=printed,
        **more,
    )


def void_of(original: Invoice, reason: str = "全額退貨") -> Void:
    return Void(
        original.number,
        original.date,
        original.buyer.ban,
        original.seller.ban,
        dt.date(2026, 1, 16),
        dt.time(10),
        reason,
    )


def annulment_of(original: Invoice, reason: str = "載具誤植重傳") -> Annulment:
    return Annulment(
        original.number,
        original.date,
        original.buyer.ban,
        original.seller.ban,
        dt.date(2026, 1, 16),
        dt.time(11),
        reason,
    )


PRINTED = invoice(50)
COMPANY_INVOICE = invoice(53, GOODS, COMPANY)
ALLOWANCE = Allowance(
    number="AB00000053A001",
    date=dt.date(2026, 3, 20),
    seller=SELLER,
    buyer=COMPANY,
    lines=(
        AllowanceLine(
            original_date=DAY,
            original_number="AB00000053",
            original_description="商品A",
            quantity=Decimal(1),
            unit_price=Decimal(438),
            amount=Decimal(438),
            tax=22,
            sequence="1",
            unit="個",
            original_sequence="1",
        ),
    ),
    tax=22,
    total=438,
)
ALLOWANCE_VOID = AllowanceVoid(
    "AB00000053A001",
    ALLOWANCE.date,
    COMPANY.ban,
    SELLER.ban,
    dt.date(2026, 3, 21),
    dt.time(9, 30),
    "折讓金額誤植",
)
ALLOCATION_REPORT = BranchAllocation(
    "04595257",
    "10458575",
    "11502",
    "AB",
    "00000000",
    "00000499",
    (NumberSpan("00000200", "00000299", 2),),
)
BLANK_REPORT = BlankReport(
    "04595257", "10458575", "11502", "AB", (NumberSpan("00000231", "00000299"),)
)
MIXED = (Item("文具", Decimal(100)), Item("白米", Decimal(50), Decimal(2), tax_type="3"))
MISTYPED = invoice(61, **MOBILE | {"carrier_id1": "/TRM+O+Q", "carrier_id2": "/TRM+O+Q"})

SCENARIOS: dict[str, Document] = {
    "01-1-consumer": PRINTED,
    "01-2-company": COMPANY_INVOICE,
    "02-print": invoice(
        52,
        (Item("可頌 <早餐> & 咖啡", Decimal(95), Decimal(2), unit="組"), Item("紙袋", Decimal(2))),
        discount=12,
        relate_number="T20260115-0042",
        main_remark="店內飲用",
    ),
    "03-void": void_of(PRINTED),
    "04-1-a-issue": invoice(60),
    "04-1-b-void": void_of(invoice(60), "品項誤植"),
    "04-1-c-annul": annulment_of(invoice(60), "重新開立"),
    "04-1-d-reissue": invoice(60, BREAD[:1]),
    "04-2-a-issue": MISTYPED,
    "04-2-b-annul": annulment_of(MISTYPED),
    "04-2-c-reissue": invoice(61, **MOBILE),
    "05-allowance": ALLOWANCE,
    "06-allowance-void": ALLOWANCE_VOID,
    "07-mobile-barcode": invoice(67, **MOBILE),
    "08-donation": invoice(68, npoban="919"),
    "09-mobile-barcode-donation": invoice(69, **MOBILE, npoban="168001"),
    "10-mobile-barcode-company": invoice(70, GOODS, COMPANY, paper=True, **MOBILE),
    "11-member-carrier": invoice(71, **MEMBER),
    "12-member-carrier-donation": invoice(72, **MEMBER, npoban="25885"),
    "13-citizen-certificate": invoice(73, **CITIZEN),
    "14-citizen-certificate-donation": invoice(74, **CITIZEN, npoban="919"),
    "15-taxable": invoice(75, GOODS, COMPANY, discount=100),
    "16-zero-rated": invoice(
        76,
        (replace(GOODS[0], tax_type="2"),),
        COMPANY,
        customs_clearance_mark="2",
        zero_tax_rate_reason="71",
    ),
    "17-exempt": invoice(77, (replace(MIXED[1]),)),
    "18-mixed": invoice(78, MIXED, discount=20, **MOBILE),
    "18-mixed-company": invoice(79, MIXED, COMPANY, discount=20),
    "19-branch-allocation": ALLOCATION_REPORT,
    "20-blank-report": BLANK_REPORT,
}

_WORDS = (
    "熱拿鐵",
    "冰美式",
    "葡萄乾吐司",
    "A&B禮盒",
    "<特價>香皂",
    "堃記麵線",
    "Café au lait",
    "「限定」票券",
    "L'Oréal 洗髮精",
)


def legal_documents(count: int, seed: int = 11502) -> Iterator[Invoice]:
    """``count`` different invoices that break no rule, the same for the same seed."""
    source = random.Random(seed)
    for number in range(count):
        yield _legal(source, number)


def _legal(source: random.Random, number: int) -> Invoice:
    buyer = source.choice((CONSUMER, CONSUMER, COMPANY))
    kinds = source.choice(("1", "1", "1", "3", "2", "13", "12"))
    items = tuple(_item(source, source.choice(kinds)) for _ in range(source.randint(1, 6)))
    paid = sum(item.whole_amount for item in items)
    discount = source.choice((0, 0, source.randint(0, paid // 3)))
    delivery = source.choice(
        ({}, MOBILE, CITIZEN) if buyer.is_business else ({}, MOBILE, CITIZEN, MEMBER)
    )
    more = dict(delivery)
    if not buyer.is_business and source.random() < 0.2:
        more["npoban"] = source.choice(("919", "168001", "25885"))
    if any(item.tax_type == "2" for item in items):
        more["customs_clearance_mark"] = source.choice("12")
        more["zero_tax_rate_reason"] = str(source.randint(71, 79))
    if source.random() < 0.3:
        more["main_remark"] = source.choice(_WORDS)
    made = invoice(number, items, buyer, discount=discount, **more)
    return replace(
        made,
        random_code=f"{source.randrange(10_000):04d}",
        time=dt.time(source.randrange(24), source.randrange(60), source.randrange(60)),
    )


def _item(source: random.Random, kind: str) -> Item:
    quantity = source.choice((Decimal(source.randint(1, 12)), Decimal("0.333"), Decimal("1.25")))
    price = Decimal(source.randint(30, 30_000)) / source.choice((1, 1, 1, 2, 10))
    return Item(source.choice(_WORDS), price, quantity, kind, unit=source.choice(("", "個", "kg")))
