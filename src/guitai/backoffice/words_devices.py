"""The hops, findings and reports of the registers' devices as the desk says them."""

from datetime import datetime, timedelta
from typing import Any

from guitai.devices.models import AgentBeat
from guitai.devices.rules import (
    AGENT_LATEST,
    AGENT_MIN_VERSION,
    HOPS,
    LOST_AFTER,
    Queue,
    Standing,
    is_older,
)
from guitai.kernel import clock
from guitai_agent import knowledge

HOP_NAMES = {
    "page": "收銀頁面",
    "agent": "列印程式",
    "driver": "驅動程式",
    "port": "連接埠",
    "printer": "發票機",
    "paper": "紙張",
    "clock": "時鐘",
    "server": "伺服器",
}
HOP_STATES = {
    "ok": ("正常", "good", "✓"),
    "warn": ("注意", "warn", "!"),
    "error": ("異常", "bad", "✕"),
    "unknown": ("不明", "", "?"),
}
STANDINGS = {
    "ok": ("正常", "good"),
    "warn": ("需要注意", "warn"),
    "error": ("有問題", "bad"),
    "unknown": ("不明", "warn"),
    "silent": ("失去聯絡", "bad"),
    "away": ("失去聯絡", "warn"),
    "never": ("還沒有回報過", "warn"),
    "none": ("不列印", ""),
}
PAPERS = {"ok": "足夠", "near": "將盡", "end": "用完", "unknown": "不明"}
SOURCES = {"page": "收銀頁面", "relay": "列印程式直接連線"}
_RANK = {"error": 0, "warn": 1, "ok": 2}
_BOOK = knowledge.remedies()
_AWAY = "店內電腦可能已關機；要使用時請開機，並確認列印程式執行中。"
_PARTLY = "還不知道從列印程式到紙張的每一站，請在收銀頁面按「重新檢查」。"
_NEVER = "列印程式還沒有回報過：請安裝列印程式，並在收銀頁面配對。"


def shown_hops(beat: AgentBeat | None, standing: Standing) -> list[dict[str, Any]]:
    """All hops in their order. Of a lost agent only its loss is certain."""
    told = {hop["hop"]: hop for hop in beat.hops} if beat else {}
    if beat is not None and _page_is_joined(beat):
        told.setdefault("page", {**_JOINED})
    ahead = _ahead(beat)
    return [_hop(name, told.get(name), standing, ahead) for name in HOPS]


_JOINED = {"hop": "page", "state": "ok", "message": "", "since": ""}


def _page_is_joined(beat: AgentBeat) -> bool:
    """A page that passes reports on has reached the agent, by whatever road."""
    return beat.page_at is not None and beat.seen_at - beat.page_at <= LOST_AFTER


def _ahead(beat: AgentBeat | None) -> timedelta:
    """How far the agent's clock is ahead of ours: its moments are by that clock."""
    return timedelta(milliseconds=(beat.drift_ms or 0) if beat else 0)


def _hop(
    name: str, told: dict[str, str] | None, standing: Standing, ahead: timedelta
) -> dict[str, Any]:
    state = told["state"] if told else "unknown"
    message = told["message"] if told else ""
    if standing.is_lost:
        message = f"最後一次回報：{message or HOP_STATES[state][0]}" if told else ""
        state = "unknown"
        if name == "agent":
            state = "error" if standing.state == "silent" else "warn"
            message = _BOOK["AGENT_SILENT"].message
    elif name == "agent" and told is None and standing.state not in {"never", "none"}:
        # Its report is here, so it runs, whatever it says of itself.
        state = "ok"
    word, tone, sign = HOP_STATES[state]
    return {
        "hop": name,
        "name": HOP_NAMES[name],
        "state": word,
        "tone": tone,
        "sign": sign,
        "message": message,
        "since": _moment(told["since"], ahead) if told and not standing.is_lost else None,
    }


def _moment(text: str, ahead: timedelta) -> datetime | None:
    return datetime.fromisoformat(text) - ahead if text else None


def shown_findings(
    beat: AgentBeat | None, standing: Standing, profile: str
) -> list[dict[str, Any]]:
    """What is wrong with its cure, the worst first: the server's own, then what the agent told.

    Of two as bad, what stops the printing comes before what became of single slips.
    Words come from the book where it knows the code; else those that the agent sent along. What a
    lost agent once told is left out: nobody knows whether it still holds.
    """
    own = [{"code": code} for code in standing.codes]
    told = beat.findings if beat and not standing.is_lost else []
    rows = [_finding(row, profile, beat) for row in [*own, *told]]
    found = [row for row in rows if row["level"] != "ok"]
    return sorted(found, key=lambda row: (_RANK[row["level"]], row["code"].startswith("JOB_")))


def _finding(told: dict[str, Any], profile: str, beat: AgentBeat | None) -> dict[str, Any]:
    known = knowledge.remedy(told["code"], profile) if told["code"] in _BOOK else None
    level = told.get("level") or (known.level if known else "warn")
    hop = told.get("hop") or (known.hop if known else "")
    return {
        "code": told["code"],
        "level": level,
        "tone": HOP_STATES[level][1],
        "state": HOP_STATES[level][0],
        "hop": HOP_NAMES.get(hop, ""),
        "message": _message(told, known, beat.drift_ms if beat else None),
        "steps": told.get("steps") or (list(known.steps) if known else []),
        "picture": _picture(told.get("picture") or (known.picture if known else "")),
        "since": _moment(told.get("since", ""), _ahead(beat)),
    }


def _message(told: dict[str, Any], known: knowledge.Remedy | None, drift_ms: int | None) -> str:
    """Of a clock in our own words: it is the agent's, whose register may sell on another device."""
    if known is not None and known.hop == "clock" and drift_ms is not None:
        return known.say(knowledge.drift_params(drift_ms))
    return told.get("message") or (known.message if known else "")


def _picture(name: str) -> str:
    """The name of a drawing that the book has; empty for every other."""
    try:
        knowledge.picture(name)
    except KeyError:
        return ""
    return name


def cause_of(beat: AgentBeat | None, standing: Standing, findings: list[dict[str, Any]]) -> str:
    """The one sentence of the list."""
    if standing.state == "never":
        return _NEVER
    if findings:
        return str(findings[0]["message"])
    if standing.state == "away":
        return _AWAY
    if beat is not None and standing.state in {"warn", "error"}:
        return beat.message
    if standing.state == "unknown":
        return _PARTLY
    return ""


def standing_word(beat: AgentBeat | None, standing: Standing, now: datetime) -> str:
    """``失去聯絡（最後 14:05）``: how it stands, and since when nothing is known."""
    word = STANDINGS[standing.state][0]
    if beat is None or not standing.is_lost:
        return word
    seen = clock.in_taipei(beat.seen_at)
    same_day = seen.date() == clock.in_taipei(now).date()
    return f"{word}（最後 {seen:{'%H:%M' if same_day else '%m-%d %H:%M'}}）"


def paper_word(beat: AgentBeat | None, standing: Standing) -> str:
    """The paper as it was last told; nobody knows what a lost agent's printer holds now."""
    if beat is None:
        return ""
    word = PAPERS[beat.paper]
    return f"不明（最後：{word}）" if standing.is_lost and beat.paper != "unknown" else word


def shown_version(beat: AgentBeat | None) -> dict[str, str]:
    """The agent's version, marked where it is too old or may be updated."""
    if beat is None:
        return {"version": "", "mark": "", "tone": ""}
    if is_older(beat.version, AGENT_MIN_VERSION):
        return {"version": beat.version, "mark": "太舊", "tone": "bad"}
    if is_older(beat.version, AGENT_LATEST):
        return {"version": beat.version, "mark": "可更新", "tone": "info"}
    return {"version": beat.version, "mark": "", "tone": ""}


def shown_queue(beat: AgentBeat | None, queue: Queue) -> dict[str, int]:
    """Slips that wait here or in the agent; an uncertain one is known to both."""
    waiting = queue.waiting + (beat.queue_waiting if beat else 0)
    uncertain = max(queue.uncertain, beat.queue_uncertain if beat else 0)
    return {"waiting": waiting, "uncertain": uncertain}


def drift_words(drift_ms: int | None) -> str:
    """``快 3 秒``: the device's clock against the server's."""
    if drift_ms is None:
        return ""
    if abs(drift_ms) < 1000:
        return "相同"
    return ("快 " if drift_ms > 0 else "慢 ") + span_words(timedelta(milliseconds=abs(drift_ms)))


def ago_words(moment: datetime, now: datetime) -> str:
    """``3 分鐘前``, so coarse that a quiet page does not change every second."""
    passed = now - moment
    return "剛剛" if passed < timedelta(minutes=1) else f"{span_words(passed)}前"


def span_words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("天", 86_400), ("小時", 3_600), ("分鐘", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} 秒"
