"""What can go wrong with people, places and devices. Codes are stable."""

from guitai.kernel.errors import BadInput, Conflict, GuitaiError, NotAllowed


class BadBan(BadInput):
    code = "TEN-BAN"
    sentence = "統一編號「{value}」不正確：需為 8 碼數字且通過檢查碼，請再核對一次。"


class BanTaken(Conflict):
    code = "TEN-BAN-TAKEN"
    sentence = "統一編號 {value} 已經登錄在這個商家。"


class CodeTaken(Conflict):
    code = "TEN-CODE-TAKEN"
    sentence = "代碼「{value}」已經有人使用，請換一個。"


class BadCode(BadInput):
    code = "TEN-CODE"
    sentence = "代碼「{value}」不正確：限 1 到 20 個英文字母、數字、- 或 _。"


class BadText(BadInput):
    code = "TEN-TEXT"
    sentence = "{label}的第 {place} 個字 {character} 是{wrong}，發票與收據無法使用，請刪除。"


class TextMissing(BadInput):
    code = "TEN-TEXT-MISSING"
    sentence = "請填寫{label}。"


class TextTooLong(BadInput):
    code = "TEN-TEXT-LONG"
    sentence = "{label}最多 {limit} 個字，目前有 {length} 個字。"


class BadQrKey(BadInput):
    code = "TEN-QR-KEY"
    sentence = "AES KEY 需為 32 個十六進位字元（0–9、A–F），請從財政部平台重新複製。"


class BadCarrierType(BadInput):
    """mof.md §1.4, §7.1: issued to that seller (or its centre), never a public carrier's."""

    code = "TEN-CARRIER-TYPE"
    sentence = (
        "會員載具類別號碼「{value}」不正確：財政部平台核發給本營業人的 6 碼"
        "（2 碼英數字加 4 碼數字），不是手機條碼或自然人憑證的號碼。"
    )


class BadEmail(BadInput):
    code = "TEN-EMAIL"
    sentence = "電子郵件「{value}」不正確，請再核對一次。"


class EmailTaken(Conflict):
    code = "TEN-EMAIL-TAKEN"
    sentence = (
        "電子郵件 {value} 在這個商家已經有人使用；每個人需要不同的信箱（可用 abc+1@… 的寫法）。"
    )


class EmailNeeded(BadInput):
    code = "TEN-EMAIL-NEEDED"
    sentence = "{role}需要登入後台，請填寫電子郵件與初始密碼。"


class BadPassword(BadInput):
    code = "TEN-PASSWORD"
    sentence = "{detail}"


class PasswordElsewhere(Conflict):
    code = "TEN-PASSWORD-ELSEWHERE"
    sentence = "這個帳號也屬於別的商家，不能由您重設密碼；請本人在登入頁按「忘記密碼」。"


class BadRole(BadInput):
    code = "TEN-ROLE"
    sentence = "沒有「{value}」這個角色，請重新選擇。"


class StoreNeeded(BadInput):
    code = "TEN-STORE-NEEDED"
    sentence = "{role}必須屬於一家門市，請選擇門市。"


class StoreClosed(Conflict):
    code = "TEN-STORE-CLOSED"
    sentence = "門市「{name}」已經歇業，請先恢復營業。"


class StoreHasRegisters(Conflict):
    code = "TEN-STORE-HAS-REGISTERS"
    sentence = "門市「{name}」還有使用中的 POS 機，請先停用它們。"


class RoleNotYours(NotAllowed):
    code = "TEN-ROLE-NOT-YOURS"
    sentence = "您的身分不能管理{role}，請洽網站擁有者。"


class OwnerStays(Conflict):
    code = "TEN-OWNER-STAYS"
    sentence = "商家必須有一位網站擁有者；請先把擁有者移轉給別人。"


class ManagerByAppointment(Conflict):
    code = "TEN-MANAGER-BY-APPOINTMENT"
    sentence = "每家門市只有一位店長；請由網站擁有者指派新店長，原店長會自動改為店員。"


class StaffSuspended(Conflict):
    code = "TEN-STAFF-SUSPENDED"
    sentence = "{name}的帳號已停權，請洽店長或網站擁有者。"


class MerchantSuspended(GuitaiError):
    code = "TEN-MERCHANT-SUSPENDED"
    status = 403
    sentence = "這個商家已停用，請洽系統營運人員。"


class BadPin(BadInput):
    code = "PIN-SHAPE"
    sentence = "PIN 碼需為 4 到 8 位數字。"


class PinNotForRole(Conflict):
    code = "PIN-ROLE"
    sentence = "{role}不使用收銀台，不需要 PIN 碼。"


class PinMissing(Conflict):
    code = "PIN-NONE"
    sentence = "{name}還沒有設定 PIN 碼，請店長在後台「人員」設定。"


class PinWrong(GuitaiError):
    code = "PIN-WRONG"
    status = 401
    sentence = "PIN 碼不正確，還可以再試 {left} 次。"


class PinLocked(GuitaiError):
    code = "PIN-LOCKED"
    status = 423
    sentence = "PIN 碼連續錯誤 {tries} 次，{until} 之前不能再試；店長可以在後台重設 PIN 碼。"


class TillNotForRole(NotAllowed):
    code = "TILL-ROLE"
    sentence = "{role}不使用收銀台；請由店長或店員登入。"


class TillOtherStore(NotAllowed):
    code = "TILL-STORE"
    sentence = "{name}屬於別的門市，不能在這台 POS 機登入。"


class SessionClosed(GuitaiError):
    code = "TILL-SESSION"
    status = 401
    sentence = "收銀登入已結束，請重新輸入 PIN 碼。"


class BindingTaken(Conflict):
    code = "BIND-TAKEN"
    sentence = "此 POS 機目前由 [{holder}] 使用中"


class BindingCodeRefused(GuitaiError):
    code = "BIND-CODE"
    status = 422
    sentence = "綁定碼不正確、已用過或已超過 10 分鐘；請在後台「POS 機」重新產生一組。"


class NotBound(GuitaiError):
    code = "BIND-NONE"
    status = 401
    sentence = "POS 未綁定：這台裝置已被解鎖或尚未綁定，請向店長索取綁定碼。"


class RegisterRetired(Conflict):
    code = "TEN-REGISTER-RETIRED"
    sentence = "POS 機「{name}」已停用，請選擇別台。"
