"""Faults that can be switched on and off while the sandbox runs (provider sheet §3.6)."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

MIRLE = {
    "drop_reply": "完成並寫入後不回覆、直接斷線",
    "close_before_commit": "收到後直接斷線，不寫入",
    "duplicate": "同一訊息處理兩次，回覆第二次的結果",
    "storm_5xx": "回覆 HTTP 錯誤（status 預設 503；commit=true 時先寫入）",
    "wrong_charset": "標頭寫 utf-8，內容卻是 cp950",
    "dollar_range": "取號回覆的起號前兩碼為 $$",
    "exhausted": "取號一律回覆無可用發票號碼",
    "range_twice": "取號時把最近一次發出的區間再發一次",
    "slow": "回覆延遲 seconds 秒（已寫入）",
    "suspended": "帳號停用",
    "garbage": "回覆不是協定內容（commit=false 時不寫入）",
    "out_of_order": "號碼未遞增時拒收",
    "clock_skew": "回覆的系統時間偏移 seconds 秒",
}
TURNKEY = {
    "never_answer": "不產生 ProcessResult（lost=true 時平台也沒有收到）",
    "answer_late": "延遲 seconds 秒才產生 ProcessResult",
    "result_code": "指定 number 的處理結果為 code，且平台不收",
    "summary_missing": "SummaryResult 缺少指定 number",
    "out_of_order": "發票日期及票號未依序時拒收（E0209）",
}
CATALOGUE = {"mirle": MIRLE, "turnkey": TURNKEY}
MATCH_KEYS = ("message", "number", "seller")
NUMBER_KEYS = {"seconds": float, "status": int}
FLAG_KEYS = ("commit", "lost")
TEXT_KEYS = (*MATCH_KEYS, "code")


class UnknownFault(ValueError):
    """The order names a face, a fault or a parameter that does not exist."""


@dataclass(slots=True)
class Fault:
    """One fault that is switched on; ``times`` counts down to its end, ``None`` means until off."""

    name: str
    times: int | None
    params: dict[str, Any]

    def fits(self, **facts: str) -> bool:
        """Say whether the message in hand is one this fault was ordered for."""
        return all(facts.get(key) == self.params[key] for key in MATCH_KEYS if key in self.params)


class Board:
    """The switched-on faults of one face, cached, and written through to the database."""

    def __init__(self, link: sqlite3.Connection, face: str) -> None:
        self.link, self.face = link, face
        self.active: list[Fault] = []
        self.reload()

    def reload(self) -> None:
        """Read the faults again (another process may have switched some)."""
        rows = self.link.execute("SELECT * FROM faults WHERE face = ?", (self.face,))
        self.active = [Fault(r["name"], r["times"], json.loads(r["params"])) for r in rows]

    def switch_on(self, name: str, times: int | None = None, **params: Any) -> None:
        """Switch a fault on; the same fault with the same parameters is replaced."""
        clean = check_order(self.face, name, times, params)
        self.link.execute(
            "INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?)",
            (self.face, name, times, json.dumps(clean, sort_keys=True, ensure_ascii=False)),
        )
        self.reload()

    def switch_off(self, name: str | None = None) -> int:
        """Switch one fault off, or all of them; return how many were on."""
        if name is not None and name not in CATALOGUE[self.face]:
            raise UnknownFault(f"{self.face}: {name}")
        clause = "" if name is None else " AND name = ?"
        values = (self.face,) if name is None else (self.face, name)
        gone = self.link.execute(f"DELETE FROM faults WHERE face = ?{clause}", values).rowcount
        self.reload()
        return gone

    def take(self, name: str, **facts: str) -> dict[str, Any] | None:
        """Use one turn of a fault that fits; return its parameters, or ``None`` when it is off."""
        for fault in self.active:
            if fault.name == name and fault.fits(**facts):
                self._use(fault)
                return fault.params
        return None

    def peek(self, name: str, **facts: str) -> dict[str, Any] | None:
        """Return the parameters of a fault that fits without using a turn of it."""
        fits = (one.params for one in self.active if one.name == name and one.fits(**facts))
        return next(fits, None)

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        key = (self.face, fault.name, json.dumps(fault.params, sort_keys=True, ensure_ascii=False))
        fault.times -= 1
        where = "WHERE face = ? AND name = ? AND params = ?"
        if fault.times > 0:
            self.link.execute(f"UPDATE faults SET times = ? {where}", (fault.times, *key))
        else:
            self.link.execute(f"DELETE FROM faults {where}", key)
            self.active.remove(fault)

    def show(self) -> list[dict[str, Any]]:
        """Return what is switched on, for the control face."""
        return [
            {"face": self.face, "name": f.name, "times": f.times, "params": f.params}
            for f in self.active
        ]


def check_order(face: str, name: str, times: int | None, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse an order nobody could obey; return its parameters with their right types."""
    if name not in CATALOGUE.get(face, {}):
        raise UnknownFault(f"{face}: {name}")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise UnknownFault(f"times: {times!r}")
    clean: dict[str, Any] = {}
    for key, value in params.items():
        if key in NUMBER_KEYS:
            clean[key] = NUMBER_KEYS[key](value)
        elif key in FLAG_KEYS:
            clean[key] = bool(value)
        elif key in TEXT_KEYS:
            clean[key] = str(value)
        else:
            raise UnknownFault(f"parameter: {key}")
    return clean
