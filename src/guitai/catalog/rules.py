"""What a product may be: names, prices, tax. product.md B.5.13, mof.md §1.5, §2.6."""

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from guitai.catalog.errors import FieldFault
from guitai.kernel import text
from guitai.kernel.money import MAX_TWD


class TaxType(StrEnum):
    """A product's own tax type, spelled as MIG spells it (mof.md §1.4)."""

    TAXABLE = "1"
    ZERO_RATED = "2"
    EXEMPT = "3"


TAX_TYPE_NAMES = {
    TaxType.TAXABLE: "應稅",
    TaxType.ZERO_RATED: "零稅率",
    TaxType.EXEMPT: "免稅",
}

CUSTOMS_MARKS = {"1": "非經海關出口", "2": "經海關出口"}

ZERO_TAX_REASONS = {
    "71": "外銷貨物",
    "72": "與外銷有關之勞務，或在國內提供而在國外使用之勞務",
    "73": "免稅商店銷售與過境或出境旅客之貨物",
    "74": "銷售與保稅區營業人供營運之貨物或勞務",
    "75": "國際間之運輸",
    "76": "國際運輸用之船舶、航空器及遠洋漁船",
    "77": "銷售與國際運輸用船舶、航空器及遠洋漁船所使用之貨物或修繕勞務",
    "78": "保稅區營業人銷售與課稅區營業人未輸往課稅區而直接出口之貨物",
    "79": "保稅區營業人銷售與課稅區營業人存入自由港區、保稅倉庫或物流中心以供外銷之貨物",
}

LIMITS = {"sku": 40, "name": 100, "barcode": 40, "unit": 6}
"""Characters. ``unit`` is MIG's own limit (mof.md §1.5); the others are the columns'."""

COLUMNS = {
    "sku": "商品編號",
    "name": "商品名稱",
    "price": "售價（含稅）",
    "tax_type": "稅別",
    "barcode": "條碼",
    "unit": "單位",
    "zero_tax_reason": "零稅率原因",
    "customs_mark": "通關方式",
    "active": "販售中",
}
"""Columns of the file and labels of the form, in their order."""

REQUIRED_COLUMNS = ("sku", "name", "price")


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as it should become. ``price`` is tax-inclusive, whole TWD."""

    sku: str
    name: str
    price: int
    tax_type: str = TaxType.TAXABLE.value
    barcode: str = ""
    unit: str = ""
    zero_tax_reason: str = ""
    customs_mark: str = ""
    active: bool = True


DRAFT_FIELDS = tuple(field.name for field in fields(ProductDraft))


def tidied(draft: ProductDraft) -> ProductDraft:
    """Blanks trimmed; what is scanned or typed in full-width digits becomes half-width."""
    return replace(
        draft,
        sku=text.tidy(draft.sku),
        name=text.tidy(draft.name),
        barcode=half_width(draft.barcode),
        unit=text.tidy(draft.unit),
    )


def half_width(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip()


def faults_of(draft: ProductDraft) -> list[FieldFault]:
    """Everything that is wrong with a tidied draft; uniqueness is the database's business."""
    return [
        *_text_faults("sku", draft.sku, required=True),
        *_text_faults("name", draft.name, required=True),
        *_price_faults(draft.price),
        *_barcode_faults(draft.barcode),
        *_text_faults("unit", draft.unit, required=False),
        *_tax_faults(draft),
    ]


def _text_faults(field: str, value: str, *, required: bool) -> list[FieldFault]:
    label, limit = COLUMNS[field], LIMITS[field]
    if not value:
        return [FieldFault("CAT-EMPTY", field, f"請填寫{label}。")] if required else []
    if len(value) > limit:
        sentence = f"{label}最多 {limit} 個字，目前有 {len(value)} 個字。"
        return [FieldFault("CAT-LONG", field, sentence)]
    fault = text.first_fault(value)
    if fault is None:
        return []
    place, character, wrong = fault
    sentence = f"{label}的第 {place} 個字 {character} 是{wrong}，會讓訂單與發票失敗，請刪除。"
    return [FieldFault("CAT-CHARACTER", field, sentence)]


def _price_faults(price: int) -> list[FieldFault]:
    if 0 <= price <= MAX_TWD:
        return []
    return [FieldFault("CAT-PRICE", "price", f"售價需在 0 到 {MAX_TWD:,} 元之間。")]


_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")


def _barcode_faults(barcode: str) -> list[FieldFault]:
    if _SCIENTIFIC.fullmatch(barcode):
        sentence = (
            f"條碼「{barcode}」被試算表改成了科學記號，數字已經遺失；"
            "請把該欄設為「文字」後重新輸入條碼。"
        )
        return [FieldFault("CAT-BARCODE-SCIENTIFIC", "barcode", sentence)]
    if len(barcode) > LIMITS["barcode"]:
        return [FieldFault("CAT-LONG", "barcode", f"條碼最多 {LIMITS['barcode']} 個字。")]
    if all("!" <= character <= "~" for character in barcode):
        return []
    sentence = "條碼只能有半形的英文、數字與符號，不能有空白或中文。"
    return [FieldFault("CAT-BARCODE", "barcode", sentence)]


def _tax_faults(draft: ProductDraft) -> list[FieldFault]:
    """Zero-rated ⇔ with reason and customs mark (mof.md V21)."""
    if draft.tax_type not in set(TaxType):
        names = "、".join(TAX_TYPE_NAMES.values())
        return [FieldFault("CAT-TAX", "tax_type", f"稅別請填{names}其中之一。")]
    found = []
    zero = draft.tax_type == TaxType.ZERO_RATED
    for field, known in (("zero_tax_reason", ZERO_TAX_REASONS), ("customs_mark", CUSTOMS_MARKS)):
        value, label = getattr(draft, field), COLUMNS[field]
        codes = f"{min(known)}–{max(known)}"
        if zero and value not in known:
            sentence = f"零稅率的商品必須填{label}（{codes}）。"
            found.append(FieldFault("CAT-ZERO-RATE", field, sentence))
        if not zero and value:
            sentence = f"只有零稅率的商品才填{label}，請清空或把稅別改為零稅率。"
            found.append(FieldFault("CAT-NOT-ZERO-RATE", field, sentence))
    return found


def price_of(typed: str) -> int:
    """``1,200``, ``120``, ``120.00``, ``１２０`` as whole TWD; ``ValueError`` with a sentence."""
    cleaned = half_width(typed)
    if not cleaned:
        raise ValueError("請填寫售價（含稅）。")
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.0*)?", cleaned):
        cleaned = cleaned.replace(",", "")
    try:
        amount = Decimal(cleaned)
    except InvalidOperation as error:
        raise ValueError(f"售價「{typed[:40]}」不是數字。") from error
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError(f"售價「{typed[:40]}」不是整數；發票以新臺幣元計，不能有角分。")
    if amount < 0 or amount > MAX_TWD:
        raise ValueError(f"售價需在 0 到 {MAX_TWD:,} 元之間。")
    return int(amount)


_TAX_WORDS = {
    **{name: tax.value for tax, name in TAX_TYPE_NAMES.items()},
    **{tax.value: tax.value for tax in TaxType},
    "零稅": TaxType.ZERO_RATED.value,
    "": TaxType.TAXABLE.value,
}


def tax_type_of(typed: str) -> str:
    """應稅, 零稅率, 免稅 or MIG's digit; empty means taxable. Unknown words come back as typed."""
    word = half_width(typed)
    return _TAX_WORDS.get(word, word)


_YES = {"", "是", "1", "Y", "YES", "TRUE", "V", "上架", "販售中"}
_NO = {"否", "0", "N", "NO", "FALSE", "X", "下架", "停售"}


def active_of(typed: str) -> bool:
    """是 or 否 and their usual spellings; empty means yes. ``ValueError`` with a sentence."""
    word = half_width(typed).upper()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(f"販售中「{typed[:40]}」請填「是」或「否」。")


def code_of(typed: str, names: dict[str, str]) -> str:
    """A code as such, by its name, or as ``71 外銷貨物``; unknown text comes back as typed."""
    word = half_width(typed)
    by_name = {half_width(name): code for code, name in names.items()}
    first = word.split(" ", 1)[0]
    return by_name.get(word, first if first in names else word)


_DANGEROUS = tuple("=+-@\t\r＝＋－＠")


def safe_cell(value: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front of it."""
    return f"'{value}" if value.startswith(_DANGEROUS) else value


def unsafe_cell(value: str) -> str:
    """The inverse of ``safe_cell``, so that our own export can be imported unchanged."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_DANGEROUS) else value
