"""Words and times of the command line, in the person's language and of the shop's clock."""

from datetime import datetime, timedelta, timezone

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")

STATES = {
    "queued": "排隊中",
    "waiting": "等待中",
    "sending": "列印中",
    "done": "已印好",
    "uncertain": "不確定",
    "expired": "已逾時",
    "cancelled": "已取消",
}
KINDS = {"document": "單據", "selftest": "測試", "pairing": "配對碼"}


def local(text: str) -> str:
    """A moment of the protocol (RFC 3339) as the clock on the wall shows it."""
    return _taipei(text).strftime("%H:%M:%S")


def local_day(text: str) -> str:
    """The same with its day: ``11-21 18:00:05``."""
    return _taipei(text).strftime("%m-%d %H:%M:%S")


def _taipei(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(TAIPEI)
