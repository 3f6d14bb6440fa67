"""What a product may be: product.md B.5.13, mof.md §2.6 and V21."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guitai.catalog import rules
from guitai.catalog.rules import ProductDraft, faults_of, tidied
from guitai.kernel.money import MAX_TWD


def codes(**changes):
    draft = ProductDraft(**{"sku": "A-1", "name": "美式咖啡", "price": 80, **changes})
    return [(fault.field, fault.code) for fault in faults_of(tidied(draft))]


@pytest.mark.parametrize(
    "name",
    ["美式咖啡（大）", "Café au lait", "★限定★ 50% off!", "茶葉蛋 2入/組", "𠮷野家", "ABC-1_2"],
)
def test_ordinary_names_pass(name):
    assert codes(name=name) == []


@pytest.mark.parametrize(
    ("name", "character", "kind"),
    [
        ("珍奶🧋", "🧋（U+1F9CB）", "表情符號"),
        ("愛心❤️", "❤（U+2764）", "特殊符號"),
        ("可樂®", "®（U+00AE）", "特殊符號"),
        ("咖\u0000啡", "U+0000", "控制字元"),
        ("咖\n啡", "U+000A", "控制字元"),
        ("咖\u200b啡", "U+200B", "看不見的格式字元"),
        ("咖\u202e啡", "U+202E", "看不見的格式字元"),
        ("咖\ue000啡", "U+E000", "造字（私人使用區）"),
        ("咖\u2028啡", "U+2028", "分行符號"),
        ("國旗🇹🇼", "🇹（U+1F1F9）", "表情符號"),
    ],
)
def test_the_sentence_names_the_character_and_its_kind(name, character, kind):
    fault = faults_of(ProductDraft(sku="A", name=name, price=1))[0]
    assert (fault.field, fault.code) == ("name", "CAT-CHARACTER")
    assert character in fault.sentence
    assert kind in fault.sentence


def test_a_lone_surrogate_is_refused():
    assert codes(name="咖\ud800啡") == [("name", "CAT-CHARACTER")]


@given(st.text(min_size=1, max_size=100))
def test_whatever_passes_can_be_written_into_a_document(name):
    draft = tidied(ProductDraft(sku="A", name=name, price=1))
    if not faults_of(draft):
        draft.name.encode("utf-8")
        assert draft.name.isprintable() or "\u3000" in draft.name or " " in draft.name
        assert not set(draft.name) & set("\n\r\t\x00")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sku": ""}, ("sku", "CAT-EMPTY")),
        ({"sku": "x" * 41}, ("sku", "CAT-LONG")),
        ({"name": "  "}, ("name", "CAT-EMPTY")),
        ({"name": "長" * 101}, ("name", "CAT-LONG")),
        ({"price": -1}, ("price", "CAT-PRICE")),
        ({"price": MAX_TWD + 1}, ("price", "CAT-PRICE")),
        ({"tax_type": "9"}, ("tax_type", "CAT-TAX")),
        ({"unit": "七個字的單位喔"}, ("unit", "CAT-LONG")),
        ({"barcode": "471 123"}, ("barcode", "CAT-BARCODE")),
        ({"barcode": "條碼"}, ("barcode", "CAT-BARCODE")),
        ({"barcode": "4.71E+12"}, ("barcode", "CAT-BARCODE-SCIENTIFIC")),
        ({"zero_tax_reason": "71"}, ("zero_tax_reason", "CAT-NOT-ZERO-RATE")),
    ],
)
def test_each_limit_has_its_code_at_its_field(changes, expected):
    assert codes(**changes) == [expected]


def test_zero_rated_needs_reason_and_customs_mark_and_nothing_else_may_have_them():
    assert codes(tax_type="2") == [
        ("zero_tax_reason", "CAT-ZERO-RATE"),
        ("customs_mark", "CAT-ZERO-RATE"),
    ]
    assert codes(tax_type="2", zero_tax_reason="71", customs_mark="2") == []
    assert codes(tax_type="3", customs_mark="1") == [("customs_mark", "CAT-NOT-ZERO-RATE")]


def test_every_fault_is_told_at_once():
    assert {field for field, _ in codes(sku="", name="", price=-1, barcode="條")} == {
        "sku", "name", "price", "barcode",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "price"),
    [("120", 120), ("1,200", 1200), ("１２０", 120), ("120.00", 120), (" 0 ", 0), ("1e3", 1000)],
)
def test_prices_as_people_type_them(typed, price):
    assert rules.price_of(typed) == price


@pytest.mark.parametrize(
    "typed", ["", "abc", "12.5", "-1", "1,2,3", "NaN", "Infinity", "9" * 30, "1e999999", "12元"]
)
def test_what_is_no_price_is_refused_with_a_sentence(typed):
    with pytest.raises(ValueError, match="售價"):
        rules.price_of(typed)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("應稅", "1"), ("", "1"), ("零稅率", "2"), ("免稅", "3"), ("３", "3"), ("混稅", "混稅")],
)
def test_tax_words(typed, code):
    assert rules.tax_type_of(typed) == code


def test_codes_may_carry_their_name():
    assert rules.code_of("71 外銷貨物", rules.ZERO_TAX_REASONS) == "71"
    assert rules.code_of("經海關出口", rules.CUSTOMS_MARKS) == "2"
    assert rules.code_of("99", rules.ZERO_TAX_REASONS) == "99"


@given(st.text(max_size=20))
def test_defusing_is_undone_by_reading(value):
    assert rules.unsafe_cell(rules.safe_cell(value)) == value or value.startswith("'")
    assert not rules.safe_cell(value).startswith(("=", "+", "-", "@", "\t", "\r"))
