"""Rows of numbers, invoices and uploads as the desk says them: words, tones, causes and cures."""

from datetime import datetime
from typing import Any

from guitai.backoffice.words import field_word, value_word, verb_word
from guitai.devices.models import PrintJob
from guitai.devices.rules import Copy, JobKind, JobState
from guitai.invoicing import registry
from guitai.invoicing.models import Transmission
from guitai.invoicing.rules import KIND_NAMES, STATE_NAMES, Kind, TransmissionState
from guitai.kernel.models import AuditEntry
from guitai.orders.models import Order
from guitai.reporting.queries.invoices import Sending
from guitai.reporting.queries.sending import UNSENT, hindered
from guitai.reporting.rules import STATE_TONES, Explanation, age_of, explained
from guitai_agent import knowledge

JOB_NAMES = {
    JobKind.PROOF: "證明聯",
    JobKind.COMPANY_PROOF: "證明聯連明細",
    JobKind.DETAIL: "交易明細",
    JobKind.SHIFT: "小結單",
    JobKind.ALLOWANCE: "折讓單",
}
JOB_STATES = {
    JobState.WAITING: ("等待列印", ""),
    JobState.SENT: ("已交給列印程式", "info"),
    JobState.DONE: ("已印出", "good"),
    JobState.UNCERTAIN: ("不確定有沒有印出", "warn"),
    JobState.EXPIRED: ("等太久，還沒有印", "warn"),
    JobState.CANCELLED: ("已取消", ""),
}
_FIELDS = {
    "invoice": "發票",
    "track": "字軌",
    "begin": "起號",
    "end": "迄號",
    "period": "期別",
    "owner_kind": "使用者",
    "next_try_at": "下次嘗試",
    "base_url": "網址",
    "key_changed": "更換金鑰",
    "outcome": "結果",
    "problem": "原因",
}
_VERBS = {
    "order.complete": "結帳",
    "order.cancel": "取消訂單",
    "order.issue": "開立發票",
    "order.manual_number": "登錄手寫號碼",
    "centre_account.pause": "暫停上傳",
    "centre_account.resume": "恢復上傳",
    "centre_account.save": "儲存帳號",
    "invoice.manual": "登錄手寫號碼",
    "invoice.reprint": "補印",
    "numbering.assign": "分配號碼",
    "numbering.take_back": "收回號碼",
    "numbering.state": "變更狀態",
    "transmission.try_now": "立即重試",
    "transmission.waiting": "重送",
    "transmission.sent": "標記為已上傳",
    "transmission.rejected": "結案",
    "transmission.parked": "暫停上傳",
}
_VALUES = {state.value: name for state, name in STATE_NAMES.items()} | {
    "issued": "已開立",
    "voided": "已作廢",
}


_HURRY = {TransmissionState.WAITING, TransmissionState.IN_DOUBT}
HINDRANCES = {
    "no_centre": Explanation("這台 POS 機沒有加值中心。", "請設定加值中心，之後會自動上傳。"),
    "paused": Explanation(
        "加值中心帳號已暫停上傳。", "原因在「上傳」頁上方；排除後按「恢復上傳」。"
    ),
    "behind": Explanation("排在同一張發票的開立之後。", "開立送達後會自動上傳；請先處理開立。"),
}
"""Why a waiting document does not go, although nothing was answered about it."""


def shown_transmission(row: Transmission, now: datetime, hindrance: str = "") -> dict[str, Any]:
    """State with cause, cure and how long there is; explained where something was answered.

    ``hindrance`` is why a waiting document does not go (``reporting.queries.sending.hindered``).
    """
    state = TransmissionState(row.state)
    open_still = state in UNSENT
    said = explained(row.provider_code, row.outcome) if open_still else None
    said = HINDRANCES.get(hindrance, said)
    return {
        "row": row,
        "kind": KIND_NAMES[Kind(row.kind)],
        "state": STATE_NAMES[state],
        "tone": STATE_TONES[state],
        "centre": registry.name_of(row.centre),
        "age": age_of(row.created_at, now) if open_still else None,
        "said": said,
        "in_batch": state is TransmissionState.WAITING and not row.attempts and row.due_at > now,
        "may_hurry": state in _HURRY and hindrance not in {"paused", "no_centre"},
        "hurry": _hurry(row, state),
        "may_resend": state in {TransmissionState.PARKED, TransmissionState.REJECTED},
        "may_settle": state is TransmissionState.PARKED,
    }


def _hurry(row: Transmission, state: TransmissionState) -> str:
    if state is TransmissionState.IN_DOUBT:
        return "立即查詢"
    return "立即重試" if row.attempts else "立即上傳"


def shown_sending(one: Sending, now: datetime) -> dict[str, Any]:
    """A transmission with its journal, ready for ``desk/transmissions/journal.html``."""
    hindrance = hindered([one.transmission]).get(one.transmission.id, "")
    events = [
        {
            "event": event,
            "before": _VALUES.get(event.before, event.before),
            "after": _VALUES.get(event.after, event.after),
            "said": explained(event.provider_code, event.outcome),
        }
        for event in one.events
    ]
    return {
        **shown_transmission(one.transmission, now, hindrance),
        "events": events,
        "exchanges": one.exchanges,
    }


JOB_REASONS = {
    "CONFIRMED": "店員確認已印好。",
    "NOT_PRINTED": "店員確認沒有印出。",
    "CLERK": "店員在收銀台取消。",
    "EXPIRED": "已過列印期限，還沒有印；請到開這張單的那台收銀機回答還要不要印。",
    "UNPRINTABLE": "這張單據無法列印。",
    "AGENT_RESTARTED": "列印中列印程式重新啟動，不確定有沒有印完整。",
}
_BOOK = knowledge.remedies()


def job_reason(job: PrintJob) -> str:
    """Why the slip stands where it does; what is no code is shown as it was written."""
    if job.state == JobState.SENT:
        # The page notes there which agent has it.
        return ""
    if job.detail in _BOOK and job.detail != "OK":
        return _BOOK[job.detail].message
    return JOB_REASONS.get(job.detail, "" if job.detail == "OK" else job.detail)


def shown_job(job: PrintJob, order: Order | None = None) -> dict[str, Any]:
    """``order``: the sale that the slip belongs to, where a page lists those of many."""
    state, tone = JOB_STATES[JobState(job.state)]
    return {
        "job": job,
        "order": order,
        "kind": JOB_NAMES[JobKind(job.kind)],
        "reason": job_reason(job),
        "copy": "補印" if job.copy == Copy.REPRINT else "正本",
        "state": state,
        "tone": tone,
    }


def shown_audit(entry: AuditEntry) -> dict[str, Any]:
    before, after = entry.before or {}, entry.after or {}
    return {
        "entry": entry,
        "verb": _VERBS.get(entry.verb, verb_word(entry.verb)),
        "changes": [
            {
                "label": _FIELDS.get(name) or field_word(name),
                "before": _value(name, before[name]) if name in before else None,
                "after": _value(name, after[name]) if name in after else None,
            }
            for name in {**before, **after}
        ],
    }


def _value(name: str, value: Any) -> str:
    return _VALUES[value] if name == "state" and value in _VALUES else value_word(name, value)
