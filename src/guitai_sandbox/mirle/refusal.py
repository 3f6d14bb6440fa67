"""Why this centre refuses: the texts are the sandbox's own, for Mirle's are not published.

``ERROR_CODE`` values of the real centre are unknown (provider sheet §2.8); a client must treat
them as opaque. These ``S…`` codes exist so that tests of the sandbox itself can name a reason.
"""

from __future__ import annotations

CODES = {
    "S101": "XML 無法解析",
    "S102": "訊息代號不支援",
    "S103": "欄位不在協定內、重複或順序不符",
    "S104": "必填欄位缺少或空白",
    "S105": "欄位內容不符",
    "S201": "驗證失敗",
    "S202": "帳號停用",
    "S301": "無可用發票號碼",
    "S302": "字軌區間不可用",
    "S303": "發票號碼不在配發區間",
    "S304": "發票日期與號碼期別不符",
    "S305": "發票日期不可晚於今日",
    "S306": "發票號碼未依序",
    "S401": "重複上傳，內容相同",
    "S402": "號碼已存在，內容不同",
    "S501": "查無原單據",
    "S502": "原單據狀態不允許",
    "S503": "與原單據不符",
    "S504": "超過作廢期限",
    "S505": "折讓超過原發票金額",
    "S601": "金額不符",
    "S602": "交付方式不符",
}


class Refused(Exception):
    """The centre says no: ``REPLY`` 0 with this text."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.message = ""
        """Code of the message refused, once it is known."""
        self.text = CODES[code] + (f"：{detail}" if detail else "")
        super().__init__(self.text)
