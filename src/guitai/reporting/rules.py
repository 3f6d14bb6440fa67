"""Decisions of the desk's lists: what a search means, what is masked, what a code means. Pure.

Sources: product.md B.12.3 and B.13 (search and filters that no centre offers), B.7.6 (scanning an
invoice), F.3 (1); providers.md §3.5 (36 and 48 hours); mof.md §9.6 (platform codes).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from guitai.invoicing.rules import ALARM_AFTER, LATE_AFTER, Outcome, TransmissionState
from guitai.kernel import text as characters
from guitai.orders.rules import scanned
from twinvoice import codes


class SearchKind(StrEnum):
    """What somebody typed or scanned."""

    NOTHING = "nothing"
    SCAN = "scan"
    NUMBER = "number"
    PREFIX = "prefix"
    DIGITS = "digits"
    """Eight digits: a buyer's BAN, or an invoice number without its letters."""
    CARRIER = "carrier"
    OTHER = "other"
    """An order number, or a member's carrier."""
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Search:
    """``value`` is tidied; ``period`` is known of a scanned code only (five digits)."""

    kind: SearchKind
    value: str = ""
    period: str = ""


_NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}")
_PREFIX = re.compile(r"[A-Z]{2}[0-9]{5,7}")
"""At least five digits, so that never more than a thousand numbers of a period begin so."""
_DIGITS = re.compile(r"[0-9]{8}")
_CARRIER = re.compile(r"/[0-9A-Z.+\-]{7}|[A-Z]{2}[0-9]{14}")
LONGEST_SEARCH = 200


def searched(typed: str) -> Search:
    """What the text in the search box is: a scan, a number, a BAN, a carrier or an order."""
    wanted = characters.tidy(typed)[:LONGEST_SEARCH]
    if not wanted:
        return Search(SearchKind.NOTHING)
    if any(not character.isprintable() for character in wanted):
        return Search(SearchKind.UNUSABLE)
    scan = scanned(wanted)
    if scan is not None:
        return Search(SearchKind.SCAN, scan.number, scan.period)
    plain = wanted.upper()
    joined = plain.replace("-", "").replace(" ", "")
    if _NUMBER.fullmatch(joined):
        return Search(SearchKind.NUMBER, joined)
    if _DIGITS.fullmatch(joined):
        return Search(SearchKind.DIGITS, joined)
    if _CARRIER.fullmatch(plain):
        return Search(SearchKind.CARRIER, plain)
    if _PREFIX.fullmatch(joined):
        return Search(SearchKind.PREFIX, joined)
    return Search(SearchKind.OTHER, wanted)


def span_of_prefix(prefix: str) -> tuple[str, str]:
    """``AB123`` → first and last number that begin so; both of equal length, so any collation."""
    missing = 10 - len(prefix)
    return prefix + "0" * missing, prefix + "9" * missing


def masked(carrier: str) -> str:
    """A carrier as a screen may show it: two characters at each end, stars between."""
    if len(carrier) <= 4:
        return "*" * len(carrier)
    return carrier[:2] + "*" * (len(carrier) - 4) + carrier[-2:]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``meaning`` of a code or outcome, and what the person does about it."""

    meaning: str
    cure: str


_HANDLING = {
    "success": "不需要處理。",
    "retry": "平台暫時的問題：系統會自動再送；若一直發生，請按「立即重試」。",
    "done": "平台已經有這張：請核對平台上的內容，相同就按「標記為已上傳」。",
    "data": "內容要更正：這張不能直接重送，請作廢後重新開立，或洽客服。",
    "human": "請到財政部平台確認營業人資格、字軌或憑證，處理好之後按「重送」。",
}
_OWN_CODES = {
    "UNREACHABLE": Explanation(
        "連不上加值中心，資料沒有送出。", "請檢查網路；系統會自動重試，也可以按「立即重試」。"
    ),
    "NO-ANSWER": Explanation(
        "送出後沒有收到完整的回覆。", "系統會先查詢再決定，不會重複上傳；不需要處理。"
    ),
    "PLAIN-HTTP": Explanation(
        "網址沒有加密（http），系統拒絕傳送。", "請到「加值中心設定」改用 https，或勾選允許。"
    ),
    "NO-ACCOUNT": Explanation(
        "這台 POS 機還沒有加值中心帳號。", "請到「加值中心設定」填寫，之後會自動上傳。"
    ),
    "EXCEPTION": Explanation("系統處理回覆時發生問題。", "系統會查詢後再試；請通知客服。"),
    "FOLDER": Explanation(
        "Turnkey 資料夾無法讀寫。", "請檢查 Turnkey 主機、網路磁碟與資料夾權限。"
    ),
    "CLEANED": Explanation(
        "檔案可能已被 Turnkey 清除。", "請到平台查詢這個號碼，再選「標記為已上傳」或「重送」。"
    ),
    "BAD-RANGE": Explanation(
        "加值中心給的號碼不正確，沒有採用。", "請聯絡加值中心確認字軌，再取號一次。"
    ),
    "OTHER-NUMBER": Explanation("回覆的是另一張發票。", "系統會查詢後再決定；不需要處理。"),
}
_OUTCOMES = {
    Outcome.OK: Explanation("加值中心已接受。", "不需要處理。"),
    Outcome.DUP_SAME: Explanation("加值中心已有相同內容的這一張。", "不需要處理。"),
    Outcome.DUP_CONFLICT: Explanation(
        "加值中心已有同號碼、但內容不同的單據。",
        "請到加值中心查這個號碼：若那一張正確，按「標記為已上傳」；否則請洽客服。",
    ),
    Outcome.IN_DOUBT: Explanation(
        "不確定加值中心有沒有收到。", "系統會查詢後再決定，不會重複上傳。"
    ),
    Outcome.TEMPORARY: Explanation(
        "加值中心暫時無法處理。", "系統會自動重試，也可以按「立即重試」。"
    ),
    Outcome.AUTH: Explanation(
        "機號或通道金鑰不被接受。", "請到「加值中心設定」更正金鑰，測試連線後恢復上傳。"
    ),
    Outcome.CLOCK: Explanation("主機時間與加值中心相差太多。", "請校正主機時間，再恢復上傳。"),
    Outcome.SUSPENDED: Explanation(
        "加值中心帳號停用或合約到期。", "請聯絡加值中心恢復帳號，再恢復上傳。"
    ),
    Outcome.NOT_OPEN: Explanation(
        "加值中心網址不正確或尚未開通。", "請到「加值中心設定」檢查網址，再恢復上傳。"
    ),
    Outcome.NO_NUMBERS: Explanation(
        "加值中心沒有這個字軌的號碼。", "請到加值中心確認字軌已匯入，再按「重送」。"
    ),
    Outcome.RANGE_UNKNOWN: Explanation(
        "加值中心不認得這段號碼。", "請到加值中心匯入這段字軌，再按「重送」。"
    ),
    Outcome.NOT_FOUND_ORIGINAL: Explanation(
        "加值中心找不到原發票。", "請先處理同一張發票的開立上傳，再按「重送」。"
    ),
    Outcome.STATE_CONFLICT: Explanation(
        "發票在加值中心的狀態不允許這個動作。", "請到加值中心查這張發票，再決定結案或重送。"
    ),
    Outcome.INVALID: Explanation(
        "加值中心不接受單據的內容。", "請依加值中心的說明更正；無法更正時請洽客服。"
    ),
}
_LISTS = ("platform_results", "turnkey_results", "faults")


def explained(code: str, outcome: str = "") -> Explanation | None:
    """What a centre's or our own code means and what to do; by the outcome where it is unknown.

    ``None`` where nothing was answered yet.
    """
    if code in _OWN_CODES:
        return _OWN_CODES[code]
    for name in _LISTS:
        entry = codes.load(name).get(code)
        if entry is not None:
            cure = _HANDLING[str(entry.more.get("handling", "data"))]
            return Explanation(f"{entry.zh}。", cure)
    return _OUTCOMES.get(Outcome(outcome)) if outcome in set(Outcome) else None


STATE_TONES = {
    TransmissionState.WAITING: "",
    TransmissionState.IN_FLIGHT: "info",
    TransmissionState.SENT: "good",
    TransmissionState.CONFIRMED: "good",
    TransmissionState.IN_DOUBT: "warn",
    TransmissionState.REJECTED: "bad",
    TransmissionState.PARKED: "bad",
}


@dataclass(frozen=True, slots=True)
class Age:
    """How old an unsent document is, in words; ``tone`` is empty, ``warn`` or ``bad``."""

    text: str
    tone: str


def age_of(created_at: datetime, now: datetime) -> Age:
    """36 hours warn, 48 hours are the edge for consumers' invoices (providers.md §3.5)."""
    age = max(now - created_at, timedelta())
    if age >= LATE_AFTER:
        return Age(f"已逾 48 小時（超過 {_span(age - LATE_AFTER)}）", "bad")
    if age >= ALARM_AFTER:
        return Age(f"已逾 36 小時，期限還有 {_span(LATE_AFTER - age)}", "warn")
    return Age(f"期限還有 {_span(LATE_AFTER - age)}", "")


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} 分"
    hours, rest = divmod(minutes, 60)
    if hours >= 72:
        return f"{hours // 24} 天"
    return f"{hours} 小時 {rest} 分" if rest and hours < 12 else f"{hours} 小時"
