"""What a product may be: names, prices, tax. product.md B.5.13, mof.md §1.5, §2.6."""

from enum import StrEnum


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
