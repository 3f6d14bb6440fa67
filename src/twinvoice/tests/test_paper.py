"""Slips: wording and order of the law, and the way they travel."""

import json
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinvoice import paper
from twinvoice.document import (
    Allowance,
    AllowanceLine,
    Buyer,
    Invoice,
    Line,
    Seller,
    Totals,
)
from twinvoice.faults import Fault
from twinvoice.paper.wire import CODE39_ALPHABET
from twinvoice.proof import code39, qr_pair, read_code39

KEY = "FE05F029154F6AA67A78B338ED2F6601"
SELLER = Seller("01234567", "好日子商行", "臺北市中正區測試路1號")

CONSUMER = Invoice(
    number="AB11223344",
    date=date(2025, 1, 23),
    time=time(11, 22, 33),
    seller=SELLER,
    buyer=Buyer(),
    lines=(
        Line("乾電池", Decimal(1), Decimal(105), Decimal(105), "1"),
        Line("口罩", Decimal(2), Decimal(105), Decimal(210), "2", unit="包"),
        Line("牛奶", Decimal(1), Decimal(25), Decimal(25), "3"),
    ),
    totals=Totals(340, 0, 0, "1", Decimal("0.05"), 0, 340),
    random_code="9999",
    print_mark=True,
)
COMPANY = replace(
    CONSUMER,
    buyer=Buyer("09876543", "買方有限公司"),
    lines=(
        Line("影印紙", Decimal("1.5"), Decimal("476.19"), Decimal("714.285"), "1"),
        Line("碳粉匣", Decimal(1), Decimal("2285.715"), Decimal("2285.715"), "2"),
    ),
    totals=Totals(3000, 0, 0, "1", Decimal("0.05"), 150, 3150),
    main_remark="專案\nA",
)


def texts(slip: paper.Slip) -> list[str]:
    """What a person reads, line by line; codes by their kind."""
    found = []
    for block in slip:
        match block:
            case paper.Text(text=text):
                found.append(text)
            case paper.Columns(left=left, right=right):
                found.append(f"{left} | {right}")
            case _:
                found.append(type(block).__name__)
    return found


# --- proof ------------------------------------------------------------------------------------


def test_a_consumers_proof_has_the_lines_of_the_law_in_their_order():
    assert texts(paper.proof_copy(CONSUMER, KEY)) == [
        "好日子商行",
        "電子發票證明聯",
        "114年01-02月",
        "AB-11223344",
        "2025-01-23 11:22:33",
        "隨機碼 9999 | 總計 340",
        "賣方 01234567",
        "Code39",
        "QrPair",
        "Cut",
    ]


def test_a_companys_proof_adds_its_number_and_the_filing_format():
    made = texts(paper.proof_copy(COMPANY, KEY, store_name="信義店"))
    assert made[:3] == ["好日子商行", "信義店", "電子發票證明聯"]
    assert made[5:8] == [
        "2025-01-23 11:22:33 | 格式 25",
        "隨機碼 9999 | 總計 3150",
        "賣方 01234567 | 買方 09876543",
    ]
    special = paper.proof_copy(replace(COMPANY, invoice_type="08"), KEY)
    assert texts(special)[4] == "2025-01-23 11:22:33 | 格式"


@pytest.mark.parametrize("store", ["", "  ", "好日子商行", " 好日子商行 "])
def test_the_sellers_name_stands_on_top_and_once(store):
    for slip in (
        paper.proof_copy(CONSUMER, KEY, store_name=store),
        paper.transaction_detail(CONSUMER, store_name=store),
    ):
        assert texts(slip).count("好日子商行") == 1
        assert texts(slip)[0] == "好日子商行"


def test_the_store_comes_below_its_seller_in_the_detail_too():
    slip = paper.transaction_detail(CONSUMER, store_name="信義店")
    assert texts(slip)[:3] == ["好日子商行", "信義店", "交易明細"]


def long(invoice, items):
    line = replace(invoice.lines[0], description="𠮷" * 100, unit_price=Decimal("4294967295"))
    return replace(invoice, lines=(line,) * items)


def test_the_longest_detail_still_fits_one_message_to_the_agent():
    for slip in (
        paper.transaction_detail(long(COMPANY, paper.LONGEST_DETAIL), store_name="店" * 60),
        paper.company_proof(long(COMPANY, paper.LONGEST_DETAIL), KEY, store_name="店" * 60),
    ):
        assert texts(slip).count("𠮷" * 100) == paper.LONGEST_DETAIL
        text = json.dumps(paper.to_json(slip), separators=(",", ":"), ensure_ascii=False)
        assert len(text.encode()) < 255 * 1024


def test_a_longer_detail_is_a_sheet_of_its_own_and_the_proof_says_so():
    """mof.md §3.2: a company's detail must be on or with the proof copy."""
    items = paper.LONGEST_DETAIL + 1
    made = texts(paper.company_proof(long(COMPANY, items), KEY))
    assert f"明細共 {items} 項，另附" in made
    assert "𠮷" * 100 not in made
    assert {"稅額 | 150", "總計 | 3,150", f"品項數 | {items}"} <= set(made)
    with pytest.raises(Fault) as caught:
        paper.transaction_detail(long(COMPANY, items))
    assert caught.value.code == "TWI-PAPER"
    assert caught.value.params == {"items": items, "most": paper.LONGEST_DETAIL}


def test_a_reprint_says_so_and_differs_in_nothing_else():
    first, again = paper.proof_copy(CONSUMER, KEY), paper.proof_copy(CONSUMER, KEY, reprint=True)
    assert texts(again)[1] == "電子發票證明聯補印"
    assert [pair for pair in zip(first, again, strict=True) if pair[0] != pair[1]] == [
        (first[1], again[1])
    ]


def test_title_period_and_number_are_big_and_the_last_two_bold():
    title, period, number = paper.proof_copy(CONSUMER, KEY)[1:4]
    assert (title.scale, period.scale, number.scale) == (2, 2, 2)
    assert (period.bold, number.bold) == (True, True)


def test_the_codes_are_those_of_the_proof():
    slip = paper.proof_copy(CONSUMER, KEY)
    assert paper.Code39(code39(CONSUMER)) in slip
    assert paper.QrPair(*qr_pair(CONSUMER, KEY)) in slip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"npoban": "919"}, "TWI-PRINT-DONATED"),
        ({"carrier_type": "3J0002", "carrier_id1": "/ABC1234"}, "TWI-PRINT-CARRIER"),
    ],
)
def test_what_must_not_be_printed_is_refused(change, code):
    for build in (paper.proof_copy, paper.company_proof):
        with pytest.raises(Fault) as caught:
            build(replace(CONSUMER, **change), KEY)
        assert caught.value.code == code


def test_a_winner_gets_the_proof_of_a_carrier_and_a_company_always():
    stored = replace(CONSUMER, carrier_type="EJ0113", carrier_id1="1", carrier_id2="1")
    assert paper.proof_copy(stored, KEY, prize_claim=True) == paper.proof_copy(CONSUMER, KEY)
    claimed = replace(COMPANY, carrier_type="3J0002", carrier_id1="/A", carrier_id2="/A")
    assert paper.proof_copy(claimed, KEY) == paper.proof_copy(COMPANY, KEY)


# --- detail -----------------------------------------------------------------------------------


def test_a_consumers_detail_stands_alone():
    slip = paper.transaction_detail(
        CONSUMER, order_number="A-1", cashier="小美", tenders=[("現金", 1000), ("找零", -660)]
    )
    assert texts(slip) == [
        "好日子商行",
        "交易明細",
        "2025-01-23 11:22:33",
        "發票號碼 AB-11223344",
        "賣方 01234567",
        "訂單編號 A-1",
        "收銀員 小美",
        "Rule",
        "乾電池",
        "  1 x 105 | 105",
        "口罩",
        "  2包 x 105 | 210",
        "牛奶",
        "  1 x 25 | 25",
        "Rule",
        "品項數 | 3",
        "總計 | 340",
        "現金 | 1,000",
        "找零 | -660",
        "退貨請憑電子發票證明聯正本辦理",
        "Cut",
    ]


def test_a_companys_detail_names_every_tax_figure_and_is_joined_to_the_proof():
    slip = paper.company_proof(COMPANY, KEY)
    made = texts(slip)
    assert made.count("Cut") == 1
    assert made[-1] == "Cut"
    assert made[: made.index("Feed")] == texts(paper.proof_copy(COMPANY, KEY))[:-1]
    assert made[made.index("Feed") :] == [
        "Feed",
        "Rule",
        "交易明細",
        "買受人 買方有限公司",
        "Rule",
        "影印紙",
        "  1.5 x 476.19 | 714.285 TX",
        "碳粉匣",
        "  1 x 2,285.715 | 2,285.715 TX",
        "Rule",
        "品項數 | 2",
        "課稅別 | 應稅",
        "應稅銷售額 | 3,000",
        "零稅率銷售額 | 0",
        "免稅銷售額 | 0",
        "稅額 | 150",
        "總計 | 3,150",
        "備註 專案 A",
        "退貨請憑電子發票證明聯正本辦理",
        "Cut",
    ]


def test_mixed_and_zero_rated_sales_are_told_apart():
    mixed = replace(
        CONSUMER,
        lines=(
            Line("書", Decimal(1), Decimal(30), Decimal(30), "1", tax_type="3"),
            Line("筆", Decimal(1), Decimal(105), Decimal(105), "2"),
        ),
        totals=Totals(105, 30, 0, "9", Decimal("0.05"), 0, 135),
    )
    made = texts(paper.transaction_detail(mixed))
    assert "  1 x 30 | 30 TZ" in made
    assert "  1 x 105 | 105 TX" in made
    assert "免稅銷售額 | 30" in made
    exported = replace(
        CONSUMER,
        totals=Totals(0, 0, 340, "2", Decimal(0), 0, 340),
        customs_clearance_mark="2",
    )
    made = texts(paper.transaction_detail(exported))
    assert "課稅別 | 零稅率" in made
    assert "通關方式 經海關出口" in made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"totals": Totals(340, 0, 0, "7", Decimal(0), 0, 340)}, "TWI-V18"),
        ({"customs_clearance_mark": "9"}, "TWI-V21"),
    ],
)
def test_codes_without_a_meaning_are_not_printed(change, code):
    with pytest.raises(Fault) as caught:
        paper.transaction_detail(replace(CONSUMER, **change))
    assert caught.value.code == code


# --- other slips ------------------------------------------------------------------------------


def test_an_allowance_slip_adds_up():
    lines = (
        AllowanceLine(date(2025, 1, 23), "AB11223344", "咖啡豆", Decimal(1), Decimal(300),
                      Decimal(300), 15, "1"),
        AllowanceLine(date(2025, 1, 23), "AB11223344", "濾紙", Decimal(2), Decimal(250),
                      Decimal(500), 25, "2"),
    )  # fmt: skip
    made = texts(
        paper.allowance_slip(
            Allowance("AB11223344A01", date(2025, 2, 1), SELLER, Buyer(), lines, 40, 800)
        )
    )
    assert "折讓單號 AB11223344A01" in made
    assert "AB-11223344 | 2025-01-23" in made
    assert "  2 x 250 | 500" in made
    assert made[made.index("金額合計(未稅) | 800") :][:3] == [
        "金額合計(未稅) | 800",
        "營業稅額合計 | 40",
        "退還總額 | 840",
    ]
    assert "簽收人" in made


SHIFT = paper.ShiftSummary(
    store="信義店", register="POS 1", cashier="小美", serial="20250123-2",
    begin=datetime(2025, 1, 23, 10, 30), end=datetime(2025, 1, 23, 18, 0),  # noqa: DTZ001 - Asia/Taipei by contract
    orders=12, sales=12_345, cancelled_orders=1, cancelled_amount=500,
    invoices=13, invoice_amount=12_845, voided_invoices=1, voided_amount=500,
    cash_float=3_000, expected_cash=9_000, counted_cash=8_950, cash_taken=5_950, cash_left=3_000,
    tenders=(paper.TenderSum("現金", 8, 6_000), paper.TenderSum("信用卡", 4, 6_345)),
    first_number="AB11223344", last_number="AB11223356", difference_reason="找錯零錢",
)  # fmt: skip


def test_a_shift_slip_says_every_figure():
    made = texts(paper.shift_slip(SHIFT))
    assert made[0] == "小結表"
    for expected in (
        "訂單 12 筆 | 12,345",
        "取消訂單 1 筆 | 500",
        "開立發票 13 筆 | 12,845",
        "  AB11223344 - AB11223356",
        "作廢發票 1 筆 | 500",
        "現金 8 筆 | 6,000",
        "信用卡 4 筆 | 6,345",
        "前次零用金 | 3,000",
        "應有現金 | 9,000",
        "實點現金 | 8,950",
        "差額 | -50",
        "  原因 找錯零錢",
        "取出現金 | 5,950",
        "留存現金 | 3,000",
    ):
        assert expected in made
    closing = texts(paper.shift_slip(replace(SHIFT, closing=True, summaries=3)))
    assert closing[0] == "關帳表"
    assert "涵蓋小結 | 3 次" in closing


def test_the_self_test_has_a_ruler_and_codes_that_no_reader_takes_for_an_invoice():
    facts = paper.SelfTestFacts(
        "PP-8800", "COM3 38400", 384, "0.1.0", SHIFT.end, (("中文", "Big5"),)
    )
    slip = paper.test_slip(facts)
    assert paper.Ruler() in slip
    assert "中文 | Big5" in texts(slip)
    (code,) = (block for block in slip if isinstance(block, paper.Code39))
    assert len(code.data) == 19
    with pytest.raises(Fault):
        read_code39(code.data)


def test_a_pairing_slip_shows_the_code_in_two_halves():
    assert "123 456" in texts(paper.pairing_slip("123456", device="櫃台一"))
    for wrong in ("", "12", "12345６", "12 456", "1" * 13):
        with pytest.raises(Fault, match="TWI-PAPER"):
            paper.pairing_slip(wrong)


# --- the way they travel ----------------------------------------------------------------------


def test_a_slip_as_json_is_short_and_readable():
    slip = (paper.Text("電子發票證明聯", scale=2, align="centre"), paper.Feed(16), paper.Cut())
    assert paper.to_json(slip) == [
        {"block": "text", "text": "電子發票證明聯", "scale": 2, "align": "centre"},
        {"block": "feed", "dots": 16},
        {"block": "cut"},
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SOME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
BLOCKS = st.one_of(
    st.builds(
        paper.Text,
        TEXT,
        st.sampled_from([1, 2]),
        st.booleans(),
        st.sampled_from(["left", "centre", "right"]),
    ),
    st.builds(paper.Columns, TEXT, TEXT, st.booleans()),
    st.builds(paper.Code39, st.text(sorted(CODE39_ALPHABET), min_size=1)),
    st.builds(paper.QrPair, SOME, SOME),
    st.builds(paper.Feed, st.integers(0, 8000)),
    st.sampled_from([paper.Rule(), paper.Ruler(), paper.Cut()]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCKS, max_size=12).map(tuple))
def test_every_slip_comes_back_through_json(slip):
    assert paper.from_json(json.loads(json.dumps(paper.to_json(slip)))) == slip


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"block": "cut"}, ""),
        ("cut", ""),
        (["cut"], "[0]"),
        ([{}], "[0]/block"),
        ([{"block": "escpos", "data": "G1"}], "[0]/block"),
        ([{"block": ["cut"]}], "[0]/block"),
        ([{"block": "cut"}, {"block": "cut", "feed": 3}], "[1]/feed"),
        ([{"block": "text"}], "[0]/text"),
        ([{"block": "text", "text": 5}], "[0]/text"),
        ([{"block": "text", "text": "\ud800"}], "[0]/text"),
        ([{"block": "text", "text": "x", "scale": 3}], "[0]/scale"),
        ([{"block": "text", "text": "x", "scale": True}], "[0]/scale"),
        ([{"block": "text", "text": "x", "bold": 1}], "[0]/bold"),
        ([{"block": "text", "text": "x", "align": "justify"}], "[0]/align"),
        ([{"block": "columns", "left": "x"}], "[0]/right"),
        ([{"block": "feed", "dots": -1}], "[0]/dots"),
        ([{"block": "feed", "dots": 8001}], "[0]/dots"),
        ([{"block": "feed", "dots": "1"}], "[0]/dots"),
        ([{"block": "code39", "data": "ab"}], "[0]/data"),
        ([{"block": "code39", "data": ""}], "[0]/data"),
        ([{"block": "qr_pair", "left": "x", "right": ""}], "[0]"),
    ],
)
def test_anything_unknown_is_refused_with_its_place(value, path):
    with pytest.raises(Fault) as caught:
        paper.from_json(value)
    assert (caught.value.code, caught.value.path) == ("TWI-PAPER", path)


def test_the_slip_as_text():
    made = paper.as_text(paper.proof_copy(CONSUMER, KEY)).splitlines()
    assert made[0] == "           好日子商行"
    assert made[1] == "       【電子發票證明聯】"
    assert made[5] == "隨機碼 9999             總計 340"
    assert made[7] == "  |||*11402AB112233449999*|||"
    assert made[8].startswith("[QR] AB112233441140123")
    assert made[-1] == "8<------------------------------"
