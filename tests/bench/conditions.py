"""``conditions``: every trouble of an emulated printer, its code, and the seconds until pages know.

One line a condition and wire; with ``--write`` the table in docs/conditions.md as well.
"""

import logging
import sys
import tempfile
from pathlib import Path

from guitai_agent.knowledge import remedy
from guitai_agent.printer.session import Timings
from guitai_agent.printer.worker import Pace
from guitai_agent.tests.conditions import CONDITIONS, LIMIT, SEARCH, Condition, play
from guitai_agent.tests.stage import TIMINGS, Stage
from tests.bench import report

DOCUMENT = Path(__file__).parents[2] / "docs" / "conditions.md"
WIRES = {"pty": "序列埠", "tcp": "網路"}
Measured = tuple[Condition, str, float, float]


def run() -> None:
    """Notice against one second (issue: "noticed within a second")."""
    logging.disable(logging.WARNING)  # the log's own lines would stand between the JSON
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="conditions-") as folder:
        for wire in WIRES:
            stage = Stage(Path(folder) / wire, wire)
            try:
                found += [_one(stage, each) for each in CONDITIONS if wire in each.wires]
            finally:
                stage.close()
    if "--write" in sys.argv:
        DOCUMENT.write_text(_document(found), "utf-8")


def _one(stage: Stage, condition: Condition) -> Measured:
    seconds, cured = play(stage, condition)
    report.line(
        "condition",
        seconds,
        "s",
        LIMIT,
        condition=condition.name,
        wire=stage.wire,
        code=condition.codes[0],
        mended=round(cured, 2),
    )
    return condition, stage.wire, seconds, cured


def _document(found: list[Measured]) -> str:
    rows = [_row(*each) for each in found]
    return HEAD + "\n".join(rows) + "\n" + FOOT


def _row(condition: Condition, wire: str, seconds: float, cured: float) -> str:
    words = remedy(condition.codes[0], "PP-8800")
    after = condition.by_itself or words.steps[0]
    cells = [condition.zh, WIRES[wire], f"`{condition.codes[0]}`", f"{seconds:.2f}", after]
    return "| " + " | ".join(cells) + " |"


HEAD = """# 發票機狀況一覽：名稱、代碼、幾秒得知

這張表由 `python -m tests.bench conditions --write` 產生：完整的列印程式接上模擬發票機（序列埠與
TCP 9100），逐一製造每種狀況，量到收銀頁面收到通知為止；排除後確認回到正常，且列印途中中斷的單據
不會接在下一張前面。處理方式取自狀況書（`guitai_agent/knowledge/remedies.toml`）的第一步。

| 狀況 | 線路 | 代碼 | 秒 | 排除方式 |
|---|---|---|---|---|
"""

FOOT = f"""
從哪一刻起算：

* 感應器、線路、驅動程式的狀況，從發生的那一刻起算。閒置時列印程式每 {Pace().heartbeat} 秒詢問一次，
  {Timings().prompt} 秒沒有回覆就當作無回應，因此最慢不到一秒。
* 「印完的回報遺失」「停止接收資料」「序列埠途中斷電」沒有感應器：只能等。從等待期滿起算；店內等待
  {Timings().fence:.0f} 秒再加上資料量（每 {Timings().slowest_rate} 位元組一秒），本表縮短為
  {TIMINGS.fence:.0f} 秒。
* 開關被改時，一秒內就得知無回應；接著逐一嘗試每種鮑率與流量控制，最多 {SEARCH:.0f} 秒找回
  （每種 0.5 秒），找不到則持續顯示步驟並一再重試。
* 紙張空白與異音沒有感應器：由測試頁後的提問得知，從人員回答的那一刻起算。
* Windows 查詢裝置管理員約需一秒，每兩秒一次；驅動程式的狀況在 Windows 最慢約三秒得知。
"""
