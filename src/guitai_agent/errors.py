"""What can go wrong between the page and the paper, each with a stable code and a sentence.

Two families: ``AgentError`` answers a request (codes in lower case, docs/agent-protocol.md §8);
``REASONS`` are the printer's conditions (upper case, printing.md §6).
"""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "malformed": "訊息格式不正確，請更新收銀頁面後再試。",
    "unsupported_version": "列印程式與收銀頁面的版本不相容，請更新列印程式。",
    "unknown_type": "列印程式不認得這個指令，請更新列印程式。",
    "not_paired": "此網站尚未與列印程式配對，請先取得配對碼並完成配對。",
    "not_authenticated": "請先以配對憑證登入列印程式。",
    "not_allowed": "此操作只能在列印程式自己的頁面進行。",
    "page_only": "此操作只能在收銀頁面進行。",
    "bad_token": "配對憑證無效或已解除，請重新配對。",
    "bad_code": "配對碼不正確，請再輸入一次。",
    "code_expired": "配對碼已失效，請在列印程式頁面重新取得。",
    "too_many_tries": "配對碼輸入錯誤次數過多，請重新取得配對碼。",
    "bad_doc": "列印內容不完整或不正確，無法列印。",
    "hash_mismatch": "列印內容與檢查碼不符，已拒絕列印。請重新送出。",
    "expired": "這張單據送來時已過列印期限，沒有列印。",
    "conflict": "相同的列印編號已有不同內容，已拒絕列印。",
    "queue_full": "等待列印的工作太多，請先排除發票機的問題。",
    "unknown_job": "查無此列印工作。",
    "wrong_state": "此列印工作目前的狀態不允許這個操作。",
    "unknown_device": "找不到這台發票機，請重新偵測。",
    "device_in_use": "這個連接埠已作其他用途（發票機或掃描器），請選擇別的連接埠。",
    "unknown_profile": "沒有這個機型的設定。",
    "unknown_fix": "列印程式不會做這項修復，請更新列印程式。",
    "unknown_picture": "沒有這張圖。",
    "printer_offline": "發票機目前無法使用，請先排除問題。",
    "not_virtual": "只有虛擬發票機可以模擬故障。",
    "rate_limited": "送出太頻繁，請稍候再試。",
    "disk_full": "磁碟空間不足，無法儲存，因此沒有收下。請空出 1 GB 以上後再試一次。",
    "journal_locked": "列印日誌正被其他程式使用，請關閉該程式（如備份、防毒）後再試。",
    "journal_broken": "列印日誌已損毀，為避免重複列印而停止。請保留 journal.db 並聯絡客服。",
    "journal_newer": "列印日誌由較新版的列印程式建立，請更新列印程式。",
    "journal_unwritable": "列印日誌無法讀寫，請檢查磁碟與資料夾權限。",
    "too_many_pairings": "已配對的頁面太多，請先解除不用的配對。",
    "insecure_server": "這個網址沒有加密（http），連線碼與憑證會被旁人看見；請改用 https。",
    "server_unreachable": "連不上伺服器，請檢查網址與網路後再試。",
    "server_refused": "伺服器沒有接受，請在後台重新取得連線碼後再試。",
    "join_not_kept": (
        "伺服器收下了，但這台電腦存不下來（磁碟已滿或無法寫入），連線已取消。"
        "請先空出 1 GB 以上，再到後台取得新的連線碼。"
    ),
    "joined_elsewhere": "列印程式已連到另一個伺服器，請先在列印程式的頁面離開。",
    "too_large": "內容太大，無法經由伺服器傳送，請減少筆數後再試。",
    "not_joined": "列印程式尚未連到任何伺服器。",
    "bad_server": "伺服器網址不正確，例：https://shop.example。",
    "internal": "列印程式發生內部錯誤，請重試；若仍發生請將紀錄檔交給客服。",
}

REASONS: Mapping[str, str] = {
    "OK": "發票機就緒。",
    "PAPER_NEAR": "紙捲將盡，請準備換紙（部分機型會暫停列印）。",
    "PAPER_NEAR_HALT": "紙捲快用完，發票機已停止列印，請現在換紙。",
    "PAPER_END": "紙張用完，請換紙。",
    "COVER_OPEN": "上蓋未關好，請關好上蓋。",
    "CUTTER_ERR": "裁刀卡住：請打開上蓋，把紙捲擺正並拉出一小段，蓋好後再試。",
    "PRN_HOT": "印字頭過熱，請稍候。",
    "PRN_FATAL": "發票機故障：請關機 10 秒後再開。",
    "PRN_OFFLINE": "發票機暫停中，請檢查發票機上的燈號與按鍵。",
    "PRN_SILENT": "連接埠已開啟但發票機沒有回應。",
    "PORT_BUSY": "連接埠被其他程式占用，請關閉舊的 POS 程式。",
    "PORT_DENIED": "這台電腦不允許列印程式使用連接埠。",
    "PORT_GONE": "與發票機的連線中斷，正在自動重新連線…",
    "NO_PRINTER": "找不到發票機，請確認電源與 USB 線。",
    "FENCE_TIMEOUT": "資料已送出，但發票機沒有回報印完。",
    "LINK_STALLED": "資料送到一半，發票機停止接收。",
    "AGENT_RESTARTED": "列印途中列印程式重新啟動。",
    "CONFIRMED": "已由人員確認印好。",
    "NOT_PRINTED": "已由人員確認未印出。",
    "UNPRINTABLE": "內容無法在這台發票機上列印。",
    "TAKEN_BACK": "已取消列印。",
    "EXPIRED": "等太久，已過列印期限，還沒有印。",
    "TOO_LATE": "發票機太久沒有就緒，已取消。",
}

UNCERTAIN_HINT = "上一張可能沒有印完整，請檢查紙本後選擇「已印好」或「補印」。"


class AgentError(Exception):
    """A refused request: ``code`` is stable, ``message`` is for the person, ``params`` for both."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    @property
    def message(self) -> str:
        return MESSAGES[self.code]


class LinkError(Exception):
    """The way to the printer is closed: ``code`` is one of ``REASONS`` (printing.md §6)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code
        self.detail = detail


class DataDirBusy(Exception):
    """Another agent already owns the data directory."""
