"""What can go wrong with a sale, an order or a shift. Codes are stable."""

from guitai.kernel.errors import BadInput, Conflict, GuitaiError, NotFound


class SaleReused(Conflict):
    code = "ORD-REUSED"
    sentence = "這個交易編號已經用於另一筆內容不同的交易，請重新整理後再結帳。"


class PriceChanged(Conflict):
    """``total`` is what it costs now, ``seen`` what the clerk saw, ``lines`` what differs."""

    code = "ORD-PRICE-CHANGED"
    sentence = "金額與系統不同：應為 {total} 元，畫面是 {seen} 元。請確認新的金額後再結帳。"


class CatalogChanged(PriceChanged):
    sentence = "商品資料剛更新（{names}），購物車的內容已經不同，請重新載入後再結帳。"
    code = "ORD-CATALOG-CHANGED"


class NotSold(Conflict):
    code = "ORD-NOT-SOLD"
    sentence = "商品「{names}」已經下架，請從購物車移除後再結帳。"


class ClockWrong(BadInput):
    """The device's date is not the server's (B.6.4): the paper would bear a wrong day.

    ``device`` and ``server`` are the dates in Taipei, ``apart`` in words how far the clocks differ.
    """

    code = "ORD-CLOCK"
    sentence = (
        "這台裝置的日期是 {device}，伺服器是 {server}（相差約 {apart}），已停止開立發票。"
        "請在系統設定開啟「自動設定時間」、時區選「台北」，校時後再結帳。"
    )


class NoLines(BadInput):
    code = "ORD-NO-LINES"
    sentence = "購物車是空的，請先加入商品。"


class TooManyLines(BadInput):
    """mof.md V14: 1 to 9,999 lines, discounts included."""

    code = "ORD-LINES"
    sentence = "一筆交易最多 {limit} 項（含折扣），目前有 {lines} 項，請分成幾筆結帳。"


class BadQuantity(BadInput):
    code = "ORD-QUANTITY"
    sentence = "第 {line} 項的數量「{value}」不正確：需大於 0，最多 999999.999。"


class BadPrice(BadInput):
    code = "ORD-PRICE"
    sentence = "第 {line} 項的金額超出範圍（0 到 {limit} 元）。"


class BadDiscount(BadInput):
    code = "ORD-DISCOUNT"
    sentence = "折扣 {discount} 元大於可折抵的 {limit} 元，請調整折扣。"


class TotalTooLarge(BadInput):
    code = "ORD-TOTAL"
    sentence = "總金額 {total} 元超過發票上限 {limit} 元，請分成幾筆結帳。"


class BadName(BadInput):
    """product.md B.5.13, mof.md V23."""

    code = "ORD-NAME"
    sentence = "第 {line} 項的品名第 {place} 個字 {character} 是{wrong}，發票無法使用，請修改。"


class BadNote(BadInput):
    code = "ORD-TEXT"
    sentence = "「{label}」的第 {place} 個字 {character} 是{wrong}，請刪除。"


class TextTooLong(BadInput):
    code = "ORD-TEXT-LONG"
    sentence = "「{label}」最多 {limit} 個字，目前有 {length} 個字。"


class NameMissing(BadInput):
    code = "ORD-NAME-MISSING"
    sentence = "第 {line} 項沒有品名。"


class BadDate(BadInput):
    code = "ORD-DATE"
    sentence = "日期 {value} 超出範圍（{first} 到 {last} 年），請檢查裝置的時間。"


class BadTaxType(BadInput):
    code = "ORD-TAX-TYPE"
    sentence = "第 {line} 項的稅別「{value}」不正確。"


class TaxMix(BadInput):
    """mof.md §2.6: taxable with exempt, or taxable with zero-rated, and nothing else."""

    code = "ORD-TAX-MIX"
    sentence = "零稅率與免稅商品不能開在同一張發票，請分成兩筆結帳。"


class ZeroRateReason(BadInput):
    """mof.md V21."""

    code = "ORD-ZERO-RATE"
    sentence = "零稅率商品需要同一個零稅率原因與通關方式；請補齊，或把不同原因的商品分開結帳。"


class ZeroInvoice(BadInput):
    """mof.md V17, E0105."""

    code = "ORD-ZERO-INVOICE"
    sentence = "總額 0 元的交易依規定不開立發票。"


class BadChoice(BadInput):
    """A field that does not go with the chosen kind of invoice (mof.md §2.1)."""

    code = "ORD-CHOICE"
    sentence = "{detail}"


class BadBan(BadInput):
    code = "ORD-BAN"
    sentence = "統一編號「{value}」不正確：需為 8 碼數字且通過檢查碼，請再核對一次。"


class BadMobileBarcode(BadInput):
    code = "ORD-MOBILE-BARCODE"
    sentence = "手機條碼「{value}」不正確：斜線加 7 碼（0-9、A-Z、. + -），請重新掃描。"


class BadCitizenCertificate(BadInput):
    code = "ORD-CITIZEN"
    sentence = "自然人憑證條碼「{value}」不正確：兩個大寫英文字母加 14 位數字，請重新掃描。"


class BadMember(BadInput):
    code = "ORD-MEMBER"
    sentence = "會員載具不正確：{detail}"


class BadDonation(BadInput):
    code = "ORD-DONATION"
    sentence = "捐贈碼「{value}」不正確：需為 3 到 7 位數字，請再核對一次。"


class BadNumber(BadInput):
    code = "ORD-NUMBER"
    sentence = "發票號碼「{value}」不正確：兩個大寫英文字母加 8 位數字，例如 AB12345678。"


class OwnNumber(Conflict):
    """A hand-written number must not be one that the system itself hands out (mof.md §4)."""

    code = "ORD-OWN-NUMBER"
    sentence = (
        "發票號碼 {number} 屬於系統的電子發票字軌，不能當作自行開立的號碼，請看清楚紙本發票。"
    )


class NumberOfOtherPeriod(BadInput):
    code = "ORD-NUMBER-PERIOD"
    sentence = "發票 {number} 不是 {label} 的發票，與這筆交易的日期不符，請看清楚紙本發票。"


class IllegalInvoice(BadInput):
    """What the catalogue of mof.md §13 refuses and no other error names; ``faults`` has all."""

    code = "ORD-ILLEGAL"
    sentence = "這筆交易不能開立發票：{detail}"


class OrderNotFound(NotFound):
    code = "ORD-NOT-FOUND"
    sentence = "找不到這筆訂單，請確認訂單編號或發票號碼。"


class AlreadyInvoiced(Conflict):
    code = "ORD-INVOICED"
    sentence = "這筆訂單已經有發票 {number}，不能再開一張。"


class AlreadyCancelled(Conflict):
    code = "ORD-CANCELLED"
    sentence = "訂單 {number} 已經取消。"


class LateIssue(Conflict):
    """product.md S2.25, X1: same day only."""

    code = "ORD-LATE"
    sentence = (
        "發票只能在交易當天補開；這筆是 {day} 的交易。請改填「自行開立」的號碼，"
        "或取消訂單後重新結帳。"
    )


class OtherRegister(Conflict):
    code = "ORD-REGISTER"
    sentence = "這筆訂單是在另一台 POS 機結帳的，請在那一台補開發票。"


class ChoiceNeeded(BadInput):
    code = "ORD-CHOICE-NEEDED"
    sentence = "這筆訂單還沒有選擇發票類型，請先選擇再開立。"


class NothingToPrint(Conflict):
    """``for_good``: nothing that anybody does later makes it printable, its job need not wait."""

    code = "ORD-NOTHING-TO-PRINT"
    sentence = "{detail}"


class ReasonNeeded(BadInput):
    code = "ORD-REASON"
    sentence = "請填寫原因（1 到 {limit} 個字）。"


class TooManyParked(Conflict):
    code = "PARK-FULL"
    sentence = "掛單最多 {limit} 筆，請先取回或刪除舊的掛單。"


class ParkedNotFound(NotFound):
    code = "PARK-NOT-FOUND"
    sentence = "找不到這筆掛單：可能已取回、已刪除，或超過 24 小時。"


class CashReason(BadInput):
    code = "SHIFT-REASON"
    sentence = "實點現金與應有現金相差 {difference} 元，請填寫原因。"


class TakenTooMuch(BadInput):
    code = "SHIFT-TAKEN"
    sentence = "取出 {taken} 元大於實點的 {counted} 元，請再確認。"


class NothingToClose(Conflict):
    code = "SHIFT-EMPTY"
    sentence = "上次關帳之後還沒有小結，請先做一次小結再關帳。"


class ConfirmClosing(Conflict):
    """product.md B.11.2."""

    code = "SHIFT-CONFIRM"
    sentence = "今天已經關帳 {count} 次，確定要再關帳一次嗎？"


class ClosingBusy(Conflict):
    """Two closings of the same span at the same instant."""

    code = "SHIFT-BUSY"
    sentence = "這台 POS 機剛剛才關帳，這次沒有完成，請再按一次。"


class ShiftReused(Conflict):
    code = "SHIFT-REUSED"
    sentence = "這個小結編號已經用過，內容不同，請重新整理後再試。"


class LedgerBusy(GuitaiError):
    code = "ORD-BUSY"
    status = 503
    sentence = "系統忙碌，這筆交易還沒有完成，請再按一次結帳。"
