"""What can go wrong with invoices and with sending them."""

from guitai.kernel.errors import Conflict, GuitaiError, NotFound


class InvoiceNotFound(NotFound):
    code = "INV-NOT-FOUND"
    sentence = "找不到這張發票，請確認發票號碼或訂單編號。"


class NumberUsed(Conflict):
    code = "INV-NUMBER-USED"
    sentence = (
        "發票號碼 {number} 在這一期已經使用過，請重新整理後再試；若持續發生請聯絡客服檢查字軌。"
    )


class BadDocument(GuitaiError):
    code = "INV-DOCUMENT"
    status = 422
    sentence = "發票內容不完整（{detail}），沒有開立。請重新結帳；若持續發生請聯絡客服。"


class VoidWindowClosed(Conflict):
    """product.md B.7.2, mof.md §5.1."""

    code = "INV-WINDOW"
    sentence = "{period_label} 發票已過作廢期限（{deadline} 23:59），請改開折讓單。"


class AlreadyVoid(Conflict):
    code = "INV-ALREADY-VOID"
    sentence = "發票 {number} 已經作廢，不需要再作廢一次。"


class BadReason(GuitaiError):
    code = "INV-REASON"
    status = 422
    sentence = "作廢原因需要 1 到 20 個字。"


class ReasonText(BadReason):
    """product.md B.5.13, mof.md V23: the reason travels to the centre like every other text."""

    code = "INV-REASON-TEXT"
    sentence = "作廢原因的第 {place} 個字 {character} 是{wrong}，請刪除。"


class BadNumber(GuitaiError):
    code = "INV-NUMBER"
    status = 422
    sentence = "發票號碼是兩個大寫英文字母加八個數字，例如 AB12345678。"


class AccountNotFound(NotFound):
    code = "CENTRE-NOT-FOUND"
    sentence = "還沒有設定這台收銀機的加值中心帳號，請到後台「加值中心設定」填寫。"


class UnknownCentre(GuitaiError):
    code = "CENTRE-UNKNOWN"
    status = 422
    sentence = "系統不認得加值中心「{centre}」，請從清單中選擇。"


class BadAccount(GuitaiError):
    code = "CENTRE-ACCOUNT"
    status = 422
    sentence = "加值中心帳號設定有誤：{detail}"


class CentreCannot(Conflict):
    code = "CENTRE-CANNOT"
    sentence = "{centre} 不提供「{ability}」，請改用其他方式。"


class CentreRefused(Conflict):
    """A centre said no to something that is not a document (numbers, ranges, time)."""

    code = "CENTRE-REFUSED"
    sentence = "加值中心沒有接受：{message}。{advice}"


class NoNumbersAtCentre(CentreRefused):
    """Seed sentence S2.26."""

    code = "CENTRE-NO-NUMBERS"
    sentence = (
        "發票開立錯誤，未收到發票號碼：加值中心回覆「{message}」。"
        "請到加值中心確認 {period_label} 的字軌是否已匯入或已用完。"
    )


class BadTransition(Conflict):
    code = "TRX-STATE"
    sentence = "這筆上傳目前是「{state}」，不能{verb}，請重新整理後再看。"


class TransmissionNotFound(NotFound):
    code = "TRX-NOT-FOUND"
    sentence = "找不到這筆上傳紀錄。"


class StillUnderway(Conflict):
    code = "TRX-UNDERWAY"
    sentence = "剛剛才送出或查詢，回覆可能還在路上；請 1 分鐘後再試。"
