"""What can go wrong with invoice numbers. Codes are stable."""

from guitai.kernel.errors import BadInput, Conflict, GuitaiError, NotFound


class NoNumber(GuitaiError):
    """Nothing was issued. The seed's own words come first (S2.26), then why and what to do."""

    code = "NUM-NONE"
    status = 409
    sentence = (
        "發票開立錯誤，未收到發票號碼：這台 POS 機沒有 {period}期的發票號碼。"
        "請到後台「發票號碼」匯入本期字軌並分配給這台 POS 機，或改選「自行開立」。"
    )


class Exhausted(NoNumber):
    code = "NUM-EXHAUSTED"
    sentence = (
        "發票開立錯誤，未收到發票號碼：這台 POS 機 {period}期的號碼已用完。"
        "請到後台「發票號碼」再分配一本給這台 POS 機，或改選「自行開立」。"
    )


class OtherPeriodOnly(NoNumber):
    code = "NUM-OTHER-PERIOD"
    sentence = (
        "發票開立錯誤，未收到發票號碼：這台 POS 機只有 {periods}期的號碼，現在是 {period}期，"
        "不同期別的號碼不能使用。請到後台「發票號碼」匯入並分配 {period}期的字軌。"
    )


class Paused(NoNumber):
    code = "NUM-PAUSED"
    sentence = (
        "發票開立錯誤，未收到發票號碼：這台 POS 機 {period}期的號碼已暫停使用。"
        "請會計或網站擁有者到後台「發票號碼」核對後恢復使用，或改選「自行開立」。"
    )


class PeriodClosed(NoNumber):
    code = "NUM-CLOSED"
    sentence = (
        "發票開立錯誤，未收到發票號碼：{period}期的號碼已結束，空白號碼已申報，不能再開立。"
        "請改選「自行開立」並洽會計。"
    )


class NoCentre(NoNumber):
    """product.md B.5.3: the connection is not active for this register."""

    code = "NUM-NO-CENTRE"
    sentence = (
        "發票開立錯誤，未收到發票號碼：這台 POS 機沒有連接加值中心，只能「自行開立」。"
        "要開立電子發票，請店長到後台這台 POS 機的「發票設定」選擇加值中心。"
    )


class NoRegister(NoNumber):
    code = "NUM-NO-REGISTER"
    sentence = "發票開立錯誤，未收到發票號碼：找不到這台 POS 機或它已停用，請洽店長。"


class ClockBack(NoNumber):
    """Numbers ascend in time (mof.md §4, E0209)."""

    code = "NUM-CLOCK-BACK"
    sentence = (
        "發票開立錯誤，未收到發票號碼：主機時間 {now} 比上一張發票 {last} 還早。"
        "請先校正主機時間再結帳。"
    )


class WrongDay(NoNumber):
    code = "NUM-DAY"
    sentence = "發票開立錯誤，未收到發票號碼：只能開立今天（{today}）的發票，不能開立 {day} 的。"


class PastDay(WrongDay):
    code = "NUM-DAY-PAST"
    sentence = (
        "發票開立錯誤，未收到發票號碼：只能開立今天（{today}）的發票，{day} 的交易不能補開。"
        "請改用「自行開立」，或取消訂單後重新結帳。"
    )


class FutureDay(WrongDay):
    code = "NUM-DAY-FUTURE"
    sentence = (
        "發票開立錯誤，未收到發票號碼：{day} 還沒到，只能開立今天（{today}）的發票。"
        "請確認主機日期。"
    )


class OtherPeriodDay(WrongDay):
    code = "NUM-DAY-PERIOD"
    sentence = (
        "發票開立錯誤，未收到發票號碼：{day} 不在本期（今天是 {today}），非當期的號碼不能開立。"
        "請改用「自行開立」，或取消訂單後重新結帳。"
    )


class AllocationFileRefused(BadInput):
    """The whole file is refused; ``rows`` lists every fault: ``{row, code, message}``."""

    code = "NUM-FILE"
    sentence = "字軌檔有 {count} 個問題，整份檔案都沒有匯入。第一個：{first}"


class RangeOverlap(Conflict):
    code = "NUM-OVERLAP"
    sentence = "字軌 {track} {begin} - {end} 與已有的號碼重疊，同一段號碼不能登錄兩次。"


class BadRange(BadInput):
    code = "NUM-RANGE"
    sentence = "號碼區間 {track} {begin} - {end} 不正確：{detail}"


class NotEnoughBooks(Conflict):
    code = "NUM-STOCK"
    sentence = "庫存只有 {available} 本（每本 50 號），不夠分配 {wanted} 本。"


class OrderOfNumbers(Conflict):
    """One till's numbers ascend (LAW-用 §8); lower ones would run back."""

    code = "NUM-ORDER"
    sentence = (
        "可分配的號碼都比這台 POS 機已有的號碼小，號碼必須由小到大使用，請分配給其他 POS 機。"
    )


class NothingToReturn(Conflict):
    code = "NUM-NOTHING-TO-RETURN"
    sentence = "這段號碼沒有整本未使用的可以收回。"


class UnknownOwner(NotFound):
    code = "NUM-OWNER"
    sentence = "找不到要分配號碼的 POS 機，或它已停用。"


class RangeNotFound(NotFound):
    code = "NUM-NOT-FOUND"
    sentence = "找不到這段號碼，可能剛被收回或重新分配，請重新整理。"


class WrongRangeState(Conflict):
    code = "NUM-STATE"
    sentence = "這段號碼目前是「{before}」，不能改成「{after}」。"


class NotPaused(Conflict):
    code = "NUM-NOT-PAUSED"
    sentence = "這段號碼還在使用中或已結束。請先按「暫停」，核對之後再恢復。"


class BadReason(BadInput):
    code = "NUM-REASON"
    sentence = (
        "請寫下原因（1 到 {limit} 個字，不能有表情符號或看不見的字元），"
        "例如「自備份還原，與加值中心核對」。"
    )


class NotInRange(BadInput):
    code = "NUM-NOT-IN-RANGE"
    sentence = (
        "「{number}」不對：帳上的下一號是 {begin}，這段到 {end} 為止。請填兩碼英文加 8 碼數字；"
        "POS 機的號碼是連續開立的，要從 {begin} 填起。"
    )


class PeriodNotOver(Conflict):
    code = "NUM-PERIOD-OPEN"
    sentence = "{label} 還沒有結束（到 {last_day} 為止），不能結束這一期的號碼。"


class PeriodOver(Conflict):
    code = "NUM-PERIOD-OVER"
    sentence = "{label} 已經結束，不能再登錄或分配這一期的號碼。"


class NotOurBan(BadInput):
    code = "NUM-BAN"
    sentence = "統一編號 {ban} 不是這個商家的營業人，請確認檔案，或先在後台新增這個營業人。"


CSV_SENTENCES = {
    "TWI-CSV-ENCODING": "檔案不是平台下載的原始 Big5 檔，請勿用其他程式另存，重新下載後直接上傳。",
    "TWI-CSV-HEADER": "第一列標題與平台的檔案不同，請重新下載後直接上傳。",
    "TWI-CSV-EDITED": "檔案被試算表軟體改過（多了引號或欄位），請重新下載後直接上傳。",
    "TWI-CSV-ZEROS": "號碼或統編開頭的 0 不見了：檔案被 Excel 存過，請重新下載後直接上傳。",
    "TWI-CSV-VALUE": "欄位「{column}」的內容「{value}」不正確。",
    "TWI-CSV-BOOKS": "欄位「{column}」的 {value} 不是整本（起號尾數 00/50、迄號尾數 49/99）。",
    "TWI-CSV-OVERLAP": "與第 {other_row} 列的號碼重疊。",
    "TWI-CSV-EMPTY": "檔案裡沒有任何字軌。",
    "TWI-CSV-SIZE": "檔案太大，字軌檔不會超過 5 MB。",
}
"""Sentence for each code of ``twinvoice.track``'s reader."""
