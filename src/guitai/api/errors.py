"""What the edge itself refuses, before any room is asked."""

from guitai.kernel.errors import BadInput, GuitaiError, NotAllowed, NotFound


class NotJson(GuitaiError):
    code = "API-JSON"
    status = 400
    sentence = "送來的內容不是正確的 JSON（{detail}），請重新整理頁面後再試。"


class WrongShape(BadInput):
    code = "API-BODY"
    sentence = "送來的內容有誤：{detail}"


class TooLarge(GuitaiError):
    code = "API-TOO-LARGE"
    status = 413
    sentence = "送來的內容超過 {limit} 位元組；若是商品太多，請分成幾筆結帳。"


class MissingMark(NotAllowed):
    """A request by cookie without the page's own header: it may come from another site."""

    code = "API-MARK"
    sentence = "這個要求不是收銀頁面送出的，請重新整理頁面後再試。"


class BadClock(GuitaiError):
    """The header with the device's own clock is no RFC 3339 moment."""

    code = "API-CLOCK"
    status = 400
    sentence = "裝置時間「{value}」不正確，請重新整理頁面後再試。"


class MissingClock(BadClock):
    """A till page that does not tell its clock cannot be guarded against a wrong one."""

    code = "API-CLOCK-MISSING"
    sentence = "這個收銀頁面沒有告訴裝置的時間，無法開立發票，請重新整理頁面後再試。"


class NoSuchAddress(NotFound):
    code = "API-NOT-FOUND"
    sentence = "沒有這個位址。"


class WrongMethod(GuitaiError):
    code = "API-METHOD"
    status = 405
    sentence = "這個位址不接受 {method}。"


class OneCheck(BadInput):
    code = "API-CHECK"
    sentence = "請一次檢查一個欄位。"


class Busy(GuitaiError):
    code = "API-BUSY"
    status = 503
    sentence = "資料庫暫時沒有回應，這筆還沒有完成，請稍候再試。"


class Internal(GuitaiError):
    code = "API-INTERNAL"
    status = 500
    sentence = "系統發生錯誤（{ref}），請再試一次；若持續發生請告訴客服這組代碼。"
