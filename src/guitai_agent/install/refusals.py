"""Why an installation or an update did not happen; nothing was changed then."""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    "update_no_source": (
        "找不到更新來源：請先在列印程式的頁面加入伺服器，"
        "或執行 guitai-agent update --from，後面接網址或資料夾（例如隨身碟）。"
    ),
    "update_insecure": (
        "這個更新來源無法確認是真的（沒有簽章可以核對，也不是已加入伺服器的 https 網址），"
        "已拒絕更新。請從伺服器的「/agent/」頁面下載安裝檔，重新安裝一次。"
    ),
    "update_unreachable": (
        "找不到更新來源，無法確認有沒有新版：請確認網路正常、伺服器有提供安裝檔、隨身碟已插上，"
        "或用 --from 指定其他來源。"
    ),
    "update_none": (
        "伺服器上沒有放置列印程式的安裝檔，現在無法更新，仍使用原來的版本。請聯絡系統管理者放上安裝檔。"
    ),
    "update_malformed": "latest.json 的內容不正確，已拒絕更新。",
    "update_format": "更新的格式比這個版本新，請先依安裝說明重新安裝列印程式。",
    "update_unsigned": "這次的更新沒有簽章，無法確認是真的，已拒絕更新。請聯絡系統管理者。",
    "update_signature": (
        "更新的簽章與安裝時記下的公鑰不符，已拒絕更新。換過伺服器時，"
        "請從新伺服器的「/agent/」頁面下載安裝檔，重新安裝一次。"
    ),
    "update_address": (
        "更新來源不正確，沒有更新。請輸入 https:// 或 http:// 開頭的網址，或資料夾的路徑。"
    ),
    "update_key": "公鑰檔無法讀取，或內容不正確，沒有更新。",
    "update_size": "下載不完整，已拒絕更新；請再試一次。",
    "update_hash": "下載的檔案與檢查碼不符，已拒絕更新。",
    "update_python": "這個更新需要較新的 Python，請先更新 Python。",
    "update_older": "更新來源的版本比目前的舊，已拒絕更新；要退回請用 update --back。",
    "install_older": (
        "安裝檔的版本比這台電腦上的舊，沒有安裝，也沒有變更任何設定。目前的版本可以繼續使用，"
        "也可以直接加入這個伺服器；要由它更新，請先請系統管理者放上較新的安裝檔。"
    ),
    "install_signature": (
        "安裝檔的簽章與公鑰檔不符，沒有安裝。請從同一個伺服器的「/agent/」頁面重新下載全部檔案。"
    ),
    "update_busy": "發票機正在列印，請稍候再更新。",
    "update_running": "另一個更新正在進行。",
    "update_install": "新版本安裝失敗，繼續使用目前的版本。",
    "update_not_starting": "新版本沒有啟動，已退回原來的版本。",
    "update_not_restarted": (
        "新版本裝好了，但系統沒有讓列印程式重新啟動，所以沒有切換，仍使用原來的版本。"
        "請重新啟動電腦，再更新一次。"
    ),
    "update_not_started_again": (
        "新版本沒有啟動，已退回原來的版本，但系統沒有讓它重新啟動。請重新啟動電腦。"
    ),
    "update_disk_full": "磁碟空間不足，沒有更新，仍使用原來的版本。請空出 1 GB 以上後再試。",
    "update_unwritable": "無法寫入安裝的資料夾，沒有更新，仍使用原來的版本。",
    "update_no_previous": "沒有可以退回的版本。",
    "install_no_version": (
        "這裡還沒有安裝可以啟動的版本；整台電腦共用請先執行 sudo ./install.sh --system。"
    ),
    "install_refused": "系統拒絕了這個動作。",
    "install_disk_full": "磁碟空間不足，沒有設定完成。請空出 1 GB 以上後再執行一次。",
    "install_no_session": (
        "這次登入沒有使用者服務（常見於 su、sudo 與遠端登入），還不能設定自動啟動。請執行這一行：\n"
        '    sudo loginctl enable-linger "$(id -un)" && '
        "XDG_RUNTIME_DIR=/run/user/$(id -u) ~/.local/bin/guitai-agent install-service"
    ),
    "install_no_systemd": (
        "這台電腦沒有使用 systemd，無法設定自動啟動。"
        "請讓系統在開機或登入時執行：guitai-agent run --quiet"
    ),
    "install_unsupported": "這個作業系統沒有對應的安裝方式，請依說明自行設定開機啟動。",
    "install_not_root": "系統層級的安裝需要系統管理者權限。",
}

FIRST_TIME: Mapping[str, str] = {
    "update_none": ("伺服器上沒有放置列印程式的安裝檔，沒有安裝。請聯絡系統管理者放上安裝檔。"),
    "update_install": "安裝失敗，列印程式還沒有裝好。請排除下面的原因後再安裝一次。",
    "update_not_starting": "裝好的版本沒有啟動，還不能使用。請重新啟動電腦，再安裝一次。",
    "update_not_restarted": (
        "列印程式裝好了，但系統沒有讓它啟動，還不能使用。請重新啟動電腦，再安裝一次。"
    ),
    "update_disk_full": "磁碟空間不足，列印程式還沒有裝好。請空出 1 GB 以上後再安裝一次。",
    "update_unwritable": (
        "無法寫入安裝的資料夾，列印程式還沒有裝好。請確認可以寫入這個資料夾後再安裝一次。"
    ),
}
"""The same where no version was in use before, which could go on being used."""


class InstallRefused(Exception):
    """``code`` is stable; ``message`` is for the person; ``detail`` for whoever helps.

    ``first``: there was no version before this one.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail, self.first = code, detail, False

    @property
    def message(self) -> str:
        return (FIRST_TIME.get(self.code) if self.first else None) or MESSAGES[self.code]
