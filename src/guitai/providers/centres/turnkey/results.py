"""What comes back: ProcessResult, SummaryResult, and files that Turnkey itself refused.

mof.md §9.4–§9.6. Read by ``twinvoice.mig``; here only what they mean for one document each.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from guitai.invoicing.ports import ResultFile, ResultItem
from guitai.invoicing.rules import Finding, Kind
from twinvoice import mig
from twinvoice.document import ProcessResult, ResultLine, SummaryMessage, SummaryResult
from twinvoice.faults import Fault

SUCCESS = "00000"
ALREADY_THERE = {
    Kind.ISSUE: frozenset({"E0201", "E1003"}),
    Kind.VOID: frozenset({"E0201", "E0402"}),
}
"""訊息重複, B2C重覆開立, 已作廢: the number is there already, not necessarily by us (§9.6)."""
_NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}")
_DAY_IN_ID = re.compile(r"(?:^|-)(20[0-9]{6})(?:-|$)")
_OUR_NAME = re.compile(r"([A-Z][0-9]{4})_([A-Z]{2}[0-9]{8})_([0-9a-f-]{36})(?:\.[0-9]+)?\.xml$")


def refused_here(name: str) -> ResultFile:
    """A file under ERR: it failed Turnkey's own check and never left the machine (§9.3)."""
    match = _OUR_NAME.search(name)
    if match is None:
        return ResultFile(name, problem="不是本系統的檔案")
    item = ResultItem(
        Kind(match[1]),
        Finding.REJECTED,
        match[2],
        UUID(match[3]),
        "TURNKEY-ERR",
        "Turnkey 檢核失敗，檔案在 ERR 資料夾",
    )
    return ResultFile(name, (item,))


def read(name: str, data: bytes) -> ResultFile:
    """The meaning of one downloaded file."""
    try:
        document = mig.read(data)
    except Fault as fault:
        return ResultFile(name, problem=str(fault)[:200])
    if isinstance(document, ProcessResult):
        return ResultFile(name, tuple(_processed(document)))
    if isinstance(document, SummaryResult):
        items = [item for one in document.messages for item in _summed(one)]
        days = frozenset(day for one in document.messages if (day := _day_of(one)))
        return ResultFile(name, tuple(items), days)
    return ResultFile(name, problem=f"不是處理結果：{type(document).__name__}")


def _kind(message_type: str) -> Kind | None:
    return Kind(message_type) if message_type in set(Kind) else None


def _processed(document: ProcessResult) -> Iterator[ResultItem]:
    kind = _kind(document.message_type)
    if kind is None:
        return
    for line in document.lines:
        number = _number_in(line)
        if number:
            yield ResultItem(kind, _finding(kind, line.code), number, None, line.code, _text(line))


def _number_in(line: ResultLine) -> str:
    """The document a line is about. The meaning of Parameter0…4 is not fixed, so by its shape."""
    found = [value for value in line.parameters if _NUMBER.fullmatch(value.strip())]
    return found[0].strip() if found else ""


def _text(line: ResultLine) -> str:
    return "；".join(part for part in (line.description, *line.parameters) if part)


def _finding(kind: Kind, code: str) -> Finding:
    if code == SUCCESS:
        return Finding.CONFIRMED
    if code in ALREADY_THERE.get(kind, frozenset()):
        return Finding.DIFFERENT
    return Finding.REJECTED


def _summed(message: SummaryMessage) -> Iterator[ResultItem]:
    kind = _kind(message.message_type)
    if kind is None:
        return
    for number, _ in message.good_references:
        yield ResultItem(kind, Finding.CONFIRMED, number, None, SUCCESS, "每日彙總：成功")
    for number, _ in message.failed_references:
        yield ResultItem(kind, Finding.REJECTED, number, None, "SUMMARY", "每日彙總：失敗")


def _day_of(message: SummaryMessage) -> date | None:
    """The day an object was sent, from its id (``4.1-F0401-20260824-141623456-…``)."""
    found = _DAY_IN_ID.search(message.message_id)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        return None
