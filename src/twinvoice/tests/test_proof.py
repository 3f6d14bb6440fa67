"""The three barcodes of the proof against every published example (mof-vectors.md §1–2)."""

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinvoice import proof
from twinvoice.document import CONSUMER_BAN, Buyer, Invoice, Line, Seller, Totals
from twinvoice.faults import Fault

KEY = "FE05F029154F6AA67A78B338ED2F6601"

OFFICIAL_HEAD = "AB112233441020523999900000144000001540000000001234567ydXZt4LAN1UHN/j1juVcRA=="
OFFICIAL_UTF8 = (f"{OFFICIAL_HEAD}:**********:3:3:1:乾電池:1:105:", "**口罩:1:210:牛奶:1:25")
OFFICIAL_BIG5 = (f"{OFFICIAL_HEAD}:**********:3:3:0:乾電池:1:105:", "**口罩:1:210:牛奶:1:25")
OFFICIAL_BASE64 = (
    f"{OFFICIAL_HEAD}:**********:3:3:2:5Lm+6Zu75rGg",
    "**OjE6MTA1OuWPo+e9qToxOjIxMDrniZvlpbY6MToyNQ==",
)
OPAY = (
    "UV111000121080917686600000000000000640000000011456006Sxys2hDhHuVVGnbc7XhCOg=="
    ":**********:2:3:1:item01:1:50:",
    "**item02:1:20",
)
CY_HEAD = "AA12345678104051112340000006400000064000000000000000073UqXrAk5DsVNv2VEvIFkQ=="


def line(name: str, quantity: str, price: str, at: int = 1) -> Line:
    quantity_, price_ = Decimal(quantity), Decimal(price)
    return Line(name, quantity_, price_, quantity_ * price_, str(at))


def consumer_totals(total: int, tax_type: str = "1") -> Totals:
    return Totals(total, 0, 0, tax_type, Decimal("0.05"), 0, total)


def invoice(
    *,
    number: str = "AB11223344",
    day: date = date(2013, 5, 23),
    lines: tuple[Line, ...] = (
        line("乾電池", "1", "105"),
        line("口罩", "1", "210"),
        line("牛奶", "1", "25"),
    ),
    totals: Totals | None = None,
    random_code: str = "9999",
    seller: str = "01234567",
    buyer: Buyer | None = None,
) -> Invoice:
    totals = totals or consumer_totals(340)
    return Invoice(
        number=number,
        date=day,
        time=time(11, 22, 33),
        seller=Seller(seller, "測試商店"),
        buyer=buyer or Buyer(),
        lines=lines,
        totals=totals,
        random_code=random_code,
        print_mark=True,
    )


# --- verification -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [
        (KEY, "XF000012349876", "CamotDNRUN8bVyY5S1BhFQ=="),
        ("FE0F50D87215F625D1248F5FDAEBA37F", "AA123456781234", "73UqXrAk5DsVNv2VEvIFkQ=="),
        ("fe0f50d87215f625d1248f5fdaeba37f", "AA123456781234", "73UqXrAk5DsVNv2VEvIFkQ=="),
        ("0" * 32, "AB112233440001", "H6J+K09KuhMGcq8K5pknkg=="),
    ],
)
def test_verification_reproduces_the_published_ciphers(key, plain, cipher):
    assert proof.verification(plain[:10], plain[10:], key) == cipher


@pytest.mark.parametrize("key", ["", "0" * 31, "0" * 33, "G" * 32, "０" * 32, "0" * 32 + "\n"])
def test_a_key_that_is_not_32_hex_digits_is_refused_without_being_shown(key):
    with pytest.raises(Fault) as caught:
        proof.verification("AB11223344", "0001", key)
    assert caught.value.code == "TWI-KEY"
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "random_code", "code"),
    [
        ("ab11223344", "0001", "TWI-V01"),
        ("AB1122334", "0001", "TWI-V01"),
        ("AB１1223344", "0001", "TWI-V01"),
        ("AB11223344", "695", "TWI-V13"),
        ("AB11223344", "12a4", "TWI-V13"),
    ],
)
def test_number_and_random_code_are_checked(number, random_code, code):
    with pytest.raises(Fault) as caught:
        proof.verification(number, random_code, KEY)
    assert caught.value.code == code


# --- Code 39 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "number", "random_code", "expected"),
    [
        (date(2015, 3, 3), "UZ17690872", "0122", "10404UZ176908720122"),
        (date(2013, 5, 23), "AB11223344", "9999", "10206AB112233449999"),
        (date(2019, 9, 17), "UV11100012", "6866", "10810UV111000126866"),
        (date(2015, 5, 11), "AA12345678", "1234", "10406AA123456781234"),
        (date(2022, 8, 14), "XF33858713", "1807", "11108XF338587131807"),
        (date(2010, 1, 1), "AB00000001", "0000", "09902AB000000010000"),
    ],
)
def test_code39_carries_the_even_month_of_the_period(day, number, random_code, expected):
    made = proof.code39(invoice(number=number, day=day, random_code=random_code))
    assert made == expected
    read = proof.read_code39(f"*{made}*")
    assert (read.period_code, read.number, read.random_code) == (expected[:5], number, random_code)


@pytest.mark.parametrize(
    "text",
    ["*10405UZ176908720122*", "10405AA123456781234", "10400AA123456781234", "10414AA123456781234",
     "10404UZ17690872", "", "10404UZ17690872０122", "10404UZ1769087201223"],
)  # fmt: skip
def test_code39_of_an_odd_month_or_another_shape_is_refused(text):
    with pytest.raises(Fault, match="TWI-CODE39-READ"):
        proof.read_code39(text)


# --- QR, written ------------------------------------------------------------------------------


def test_the_official_example_with_our_own_cipher():
    left, right = proof.qr_pair(invoice(), KEY)
    cipher = proof.verification("AB11223344", "9999", KEY)
    assert left == OFFICIAL_UTF8[0].replace("ydXZt4LAN1UHN/j1juVcRA==", cipher)
    assert right.rstrip(" ").removesuffix(":") == OFFICIAL_UTF8[1]
    assert len(left.encode()) == len(right.encode())


def test_the_official_example_to_the_letter():
    head = proof.qr_head(invoice(), "ydXZt4LAN1UHN/j1juVcRA==")
    assert head == OFFICIAL_HEAD
    items = [proof.item_text(item) for item in invoice().lines]
    assert proof.fill_pair(head, items, 3)[0] == OFFICIAL_UTF8[0]


def test_the_fixed_part_of_the_second_published_example():
    made = invoice(
        number="AA12345678",
        day=date(2015, 5, 11),
        random_code="1234",
        seller="00000000",
        buyer=Buyer("00000000", "x"),
        totals=Totals(100, 0, 0, "1", Decimal("0.05"), 0, 100),
        lines=(line("x" * 500, "1", "100"), line("y", "1", "1")),
    )
    key = "FE0F50D87215F625D1248F5FDAEBA37F"
    left, right = proof.qr_pair(made, key)
    assert left[:77] == CY_HEAD
    # A name that no symbol takes: no item is recorded, of two.
    assert left[77:] == ":**********:0:2:1:"
    assert right == "**" + " " * (len(left) - 2)


def test_the_value_added_centres_example_splits_alike():
    head = OPAY[0][:77]
    left, right = proof.fill_pair(head, ["item01:1:50", "item02:1:20"], 3)
    assert left == OPAY[0]
    assert right.rstrip().removesuffix(":") == OPAY[1]


@pytest.mark.parametrize(
    ("total", "sales_hex", "total_hex"),
    [(340, "00000144", "00000154"), (942, "00000381", "000003ae"), (2050, "000007a0", "00000802"),
     (39900, "00009470", "00009bdc")],
)  # fmt: skip
def test_a_consumers_sales_are_shown_without_tax_in_lower_case(total, sales_hex, total_hex):
    head = proof.qr_head(invoice(totals=consumer_totals(total)), "=" * 24)
    assert (head[21:29], head[29:37]) == (sales_hex, total_hex)


@pytest.mark.parametrize(
    ("totals", "buyer", "sales"),
    [
        (Totals(3000, 0, 0, "1", Decimal("0.05"), 150, 3150), Buyer("04595257", "公司"), 3000),
        (Totals(0, 500, 0, "3", Decimal(0), 0, 500), Buyer(), 500),
        (Totals(0, 0, 500, "2", Decimal(0), 0, 500), Buyer(), 500),
        (Totals(105, 30, 0, "9", Decimal("0.05"), 0, 135), Buyer(), 130),
        (Totals(100, 30, 0, "9", Decimal("0.05"), 5, 135), Buyer("04595257", "公司"), 130),
        (Totals(1000, 0, 0, "4", Decimal("0.25"), 0, 1000), Buyer(), 0),
    ],
)
def test_sales_without_tax_by_kind_of_tax(totals, buyer, sales):
    assert proof.sales_without_tax(invoice(totals=totals, buyer=buyer)) == sales


def test_a_company_stands_in_the_head():
    made = invoice(
        totals=Totals(3000, 0, 0, "1", Decimal("0.05"), 150, 3150), buyer=Buyer("04595257", "公司")
    )
    left, _ = proof.qr_pair(made, KEY)
    assert left[21:53] == "00000bb800000c4e0459525701234567"
    assert len(left.split(":")[0]) == 77


def test_colons_and_control_characters_never_leave_a_name():
    made = invoice(lines=(line("A:B\nC\tD\u2028E ", "1", "340"),))
    left, right = proof.qr_pair(made, KEY)
    assert left.endswith(":1:1:1:A：B C D E:1:340:")
    assert proof.read_pair(left, right).items == (proof.Item("A：B C D E", "1", "340"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("1.500", "1.5"), ("-0.00", "0"), ("-2", "-2"), ("476.190476", "476.190476"),
     ("100", "100"), ("0.5", "0.5")],
)  # fmt: skip
def test_decimals_are_plain(value, text):
    assert proof.plain_decimal(Decimal(value)) == text


@pytest.mark.parametrize("count", [1, 3, 8, 30, 200])
def test_what_fits_is_listed_and_the_true_count_is_said(count):
    lines = tuple(line(f"鳳梨酥禮盒{n}", "1", "100", n) for n in range(count))
    left, right = proof.qr_pair(invoice(lines=lines), KEY)
    read = proof.read_pair(left, right)
    assert read.left.total_items == count
    assert read.left.recorded == len(read.items)
    assert [item.name for item in read.items] == [f"鳳梨酥禮盒{n}" for n in range(len(read.items))]
    assert len(left.encode()) == len(right.encode()) <= proof.LARGEST_BYTES
    if count <= 8:
        assert len(read.items) == count
    else:
        # What does not fit at all falls back to the symbol that every scanner reads.
        assert 0 < len(read.items) < count
        assert len(left.encode()) <= proof.COMFORTABLE_BYTES


def test_symbols_grow_to_version_10_only_when_that_lets_every_item_in():
    def width(count: int) -> int:
        lines = tuple(line("四個字名", "1", "100", n) for n in range(count))
        return len(proof.qr_pair(invoice(lines=lines), KEY)[0].encode())

    assert width(8) <= proof.BYTE_CAPACITY[6]
    assert proof.BYTE_CAPACITY[7] < width(20) <= proof.BYTE_CAPACITY[10]
    assert width(40) <= proof.BYTE_CAPACITY[7]


def test_a_smaller_limit_is_kept_and_one_too_small_is_refused():
    lines = tuple(line("鳳梨酥禮盒", "1", "100", n) for n in range(12))
    left, right = proof.qr_pair(invoice(lines=lines), KEY, byte_limit=134)
    assert len(left.encode()) == len(right.encode()) <= 134
    with pytest.raises(Fault, match="TWI-QR-LIMIT"):
        proof.qr_pair(invoice(), KEY, byte_limit=133)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "A"}, "TWI-V01"),
        ({"random_code": "1"}, "TWI-V13"),
        ({"seller": "123"}, "TWI-V08"),
        ({"buyer": Buyer("1234567", "x")}, "TWI-V09"),
        ({"totals": consumer_totals(2**32)}, "TWI-V17"),
        ({"totals": consumer_totals(-1)}, "TWI-AMOUNT"),
        ({"totals": Totals(0, 0, 0, "1", Decimal(0), 0, -1)}, "TWI-V17"),
        ({"lines": (line("\ud800", "1", "1"),)}, "TWI-V23"),
        ({"lines": (Line("x", Decimal("NaN"), Decimal(1), Decimal(1), "1"),)}, "TWI-V15"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_rule(change, code):
    with pytest.raises(Fault) as caught:
        proof.qr_pair(invoice(**change), KEY)
    assert caught.value.code == code


# --- QR, read ---------------------------------------------------------------------------------

OFFICIAL_ITEMS = (
    proof.Item("乾電池", "1", "105"),
    proof.Item("口罩", "1", "210"),
    proof.Item("牛奶", "1", "25"),
)


@pytest.mark.parametrize("codes", [OFFICIAL_UTF8, OFFICIAL_BIG5, OFFICIAL_BASE64])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_official_examples_are_read_in_every_encoding(codes, swapped):
    read = proof.read_pair(*reversed(codes)) if swapped else proof.read_pair(*codes)
    left = read.left
    assert (left.number, left.date, left.random_code) == (
        "AB11223344",
        date(2013, 5, 23),
        "9999",
    )
    assert (left.sales, left.total) == (324, 340)
    assert (left.buyer_ban, left.seller_ban) == (CONSUMER_BAN, "01234567")
    assert left.verification == "ydXZt4LAN1UHN/j1juVcRA=="
    assert read.items == OFFICIAL_ITEMS
    assert read.supplement == ""


def test_the_value_added_centres_example_is_read():
    read = proof.read_pair(*OPAY)
    assert (read.left.sales, read.left.total, read.left.seller_ban) == (0, 100, "11456006")
    assert (read.left.recorded, read.left.total_items) == (2, 3)
    assert read.items == (proof.Item("item01", "1", "50"), proof.Item("item02", "1", "20"))


def test_a_supplement_behind_the_items_is_kept_apart():
    read = proof.read_pair(f"{OFFICIAL_HEAD}:**********:1:1:1:乾電池:1:105", "**:LCxKT點數:4:0")
    assert read.items == (OFFICIAL_ITEMS[0],)
    assert read.supplement == "LCxKT點數:4:0"


@pytest.mark.parametrize(
    "tail", ["", ":", ":**********::1:", ":**********:0:2:1", ":**********:1:1:1:"]
)
def test_heads_of_real_receipts_are_read(tail):
    assert proof.read_left(OFFICIAL_HEAD + tail).total == 340


def test_both_cases_of_hexadecimal_digits_are_read():
    upper = OFFICIAL_HEAD[:29] + "000003AE" + OFFICIAL_HEAD[37:]
    assert proof.read_left(upper).total == proof.read_left(
        OFFICIAL_HEAD[:29] + "000003ae" + OFFICIAL_HEAD[37:]
    ).total == 942  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        OFFICIAL_HEAD[:-1] + ":**********:1:1:1:",
        OFFICIAL_HEAD + "=:**********:1:1:1:",
        OFFICIAL_HEAD[:10] + "1021340" + OFFICIAL_HEAD[17:] + ":",
        OFFICIAL_HEAD[:21] + "0000014G" + OFFICIAL_HEAD[29:] + ":",
        OFFICIAL_HEAD[:9] + "４" + OFFICIAL_HEAD[10:] + ":",
        OFFICIAL_HEAD[:9] + "²" + OFFICIAL_HEAD[10:] + ":",
        OFFICIAL_HEAD.lower() + ":",
        "https://example.com/",
        "",
    ],
)
def test_what_is_not_a_left_code_is_refused(text):
    with pytest.raises(Fault, match="TWI-QR-READ"):
        proof.read_left(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (OFFICIAL_UTF8[0], "口罩:1:210"),
        (OFFICIAL_UTF8[0], OFFICIAL_UTF8[0]),
        ("**a", "**b"),
        (OFFICIAL_BASE64[0], "**!!!!"),
    ],
)
def test_what_is_not_a_pair_is_refused(left, right):
    with pytest.raises(Fault, match="TWI-QR-READ"):
        proof.read_pair(left, right)


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=":\ufeff"),
    min_size=1,
    max_size=40,
).filter(lambda name: name == name.strip())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            NAMES,
            st.decimals("-999", "999", places=3, allow_nan=False),
            st.decimals("-99999", "99999", places=7, allow_nan=False),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([134, 154, 192, 271, 367]),
)
def test_whatever_is_written_is_read_back(rows, limit):
    lines = tuple(
        Line(name, quantity, price, Decimal(1), str(at))
        for at, (name, quantity, price) in enumerate(rows, 1)
    )
    left, right = proof.qr_pair(invoice(lines=lines), KEY, byte_limit=limit)
    read = proof.read_pair(left, right)
    assert len(left.encode()) == len(right.encode()) <= limit
    assert read.left.total_items == len(lines)
    assert read.left.recorded == len(read.items)
    for item, source in zip(read.items, lines, strict=False):
        assert item.name == source.description
        assert Decimal(item.quantity) == source.quantity
        assert Decimal(item.price) == source.unit_price
