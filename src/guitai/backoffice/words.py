"""The desk's words for what the audit trail stores as codes.

What is unknown is shown as stored: a new verb of another room is never hidden.
"""

from collections.abc import Iterable
from typing import Any

from guitai.catalog.rules import TAX_TYPE_NAMES
from guitai.numbering.rules import Owner, RangeState
from guitai.tenancy.rules import ROLE_NAMES

SUBJECTS = {
    "catalog.product": "商品",
    "catalog.productimport": "商品匯入",
    "tenancy.staff": "人員",
    "tenancy.register": "POS 機",
    "tenancy.tillsession": "收銀登入",
    "tenancy.store": "門市",
    "tenancy.businessentity": "營業人",
    "tenancy.merchant": "商家",
    "orders.order": "訂單",
    "orders.shiftfigures": "小結關帳",
    "invoicing.invoice": "發票",
    "numbering.allocation": "字軌",
    "invoicing.transmission": "上傳",
    "invoicing.centreaccount": "加值中心帳號",
    "numbering.range": "配號",
    "devices.printjob": "列印",
    "devices.agent": "列印程式",
}

_VERBS = {
    "add": "新增",
    "change": "修改",
    "create": "建立",
    "import": "匯入",
    "close": "結束",
    "open": "開始",
    "reopen": "恢復營業",
    "retire": "停用",
    "restore": "恢復",
    "suspend": "停權",
    "role": "變更角色",
    "appoint": "指派店長",
    "demote": "卸任",
    "own": "接任擁有者",
    "pin_set": "設定 PIN 碼",
    "pin_locked": "PIN 碼錯誤鎖定",
    "password_reset": "重設密碼",
    "account": "建立登入帳號",
    "bind": "綁定裝置",
    "unlock": "解鎖",
    "code_made": "產生綁定碼",
    "agent.code_made": "產生連線碼",
    "agent.join": "列印程式連線",
    "agent.remove": "移除列印程式",
    "invoice_settings": "變更發票設定",
    "issue": "開立",
    "void": "作廢",
    "cancel": "取消",
    "complete": "結帳",
    "manual": "登記手寫發票",
    "manual_number": "補登發票號碼",
    "reprint": "補印",
    "summary": "小結",
    "shift.close": "關帳",
    "drawer.open": "開錢櫃",
    "till.open": "登入收銀台",
    "till.close": "離開收銀台",
    "store.close": "歇業",
    "assign": "分配號碼",
    "take_back": "收回號碼",
    "numbering.state": "變更狀態",
    "unbooked": "標記備份後已開立的號碼",
    "save": "儲存設定",
    "pause": "暫停",
    "resume": "恢復",
    "tell_range": "回報號碼區間",
    "try_now": "立即上傳",
    "transmission.waiting": "改為等待上傳",
    "transmission.parked": "改為待人工處理",
    "transmission.confirmed": "改為已確認",
    "transmission.rejected": "改為被退回",
    "transmission.sent": "改為已上傳",
}

_FIELDS = {
    "sku": "商品編號", "name": "名稱", "price": "售價", "tax_type": "稅別", "barcode": "條碼",
    "unit": "單位", "zero_tax_reason": "零稅率原因", "customs_mark": "通關方式",
    "active": "販售中", "role": "角色", "store": "門市", "extra_permissions": "額外權限",
    "email": "電子郵件", "code": "代碼", "address": "地址", "telephone": "電話",
    "person_in_charge": "負責人", "head_ban": "總公司統編", "qr_key": "AES KEY", "ban": "統一編號",
    "centre": "加值中心", "auto_issue": "自動開立", "auto_print": "自動列印",
    "print_detail": "列印明細", "printer_profile": "發票機", "default_float": "預設找零金",
    "device": "裝置", "register": "POS 機", "file": "檔案", "new": "新增", "changed": "更新",
    "total": "金額", "number": "號碼", "reason": "原因", "state": "狀態", "invoice": "發票",
    "invoice_voided": "發票已作廢", "period": "期別", "range": "區間", "what": "單據",
    "copy": "份", "outcome": "結果", "next_try_at": "下次上傳", "base_url": "網址",
    "problem": "問題", "key_changed": "更換金鑰", "track": "字軌", "begin": "起號", "end": "迄號",
    "owner_kind": "使用者", "owner_id": "POS 機",
}  # fmt: skip


_OWNERS = {Owner.REGISTER: "POS 機", Owner.WEB: "網路商店", Owner.STOCK: "庫存"}
RANGE_STATES = {
    RangeState.ACTIVE: "使用中",
    RangeState.PAUSED: "已暫停",
    RangeState.CLOSED: "已結束",
    RangeState.REPORTED: "空白已申報",
    RangeState.UNBOOKED: "備份後已開立",
}


def verb_word(verb: str) -> str:
    """``product.change`` → 修改; the part after the dot decides, unless the whole has a word."""
    return _VERBS.get(verb) or _VERBS.get(verb.rpartition(".")[2], verb)


def in_order(fields: Iterable[str]) -> list[str]:
    """As the words stand here: the database keeps no order of its own."""
    places = list(_FIELDS)
    return sorted(fields, key=lambda f: places.index(f) if f in places else len(places))


def field_word(field: str) -> str:
    return _FIELDS.get(field, field)


def value_word(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if field == "role":
        return {r.value: n for r, n in ROLE_NAMES.items()}.get(str(value), str(value))
    if field == "tax_type":
        return {t.value: n for t, n in TAX_TYPE_NAMES.items()}.get(str(value), str(value))
    if field == "owner_kind":
        return {o.value: n for o, n in _OWNERS.items()}.get(str(value), str(value))
    if field == "state":
        return {s.value: n for s, n in RANGE_STATES.items()}.get(str(value), str(value))
    if field in {"begin", "end"} and isinstance(value, int):
        return f"{value:08d}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return "、".join(str(part) for part in value) or "（無）"
    return str(value) if value not in {None, ""} else "（空白）"
