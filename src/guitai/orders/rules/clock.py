"""Whether a device's clock may issue (B.6.4, printing.md §6 and §7). Pure."""

from datetime import datetime, timedelta

from guitai.kernel.moments import day_of
from guitai.orders.errors import ClockWrong

TOLERANCE = timedelta(seconds=120)
"""Around midnight two good clocks may show two dates for so long."""


def check_clock(device: datetime | None, server: datetime) -> None:
    """Refuses a device whose date is not the server's (``ORD-CLOCK``).

    Both moments aware; ``None`` is a device that did not tell. The dates are Taipei's. Two dates
    are let pass while the clocks are at most ``TOLERANCE`` apart, equal dates always.
    """
    if device is None or abs(device - server) <= TOLERANCE or day_of(device) == day_of(server):
        return
    raise ClockWrong(
        device=day_of(device).isoformat(),
        server=day_of(server).isoformat(),
        apart=_in_words(abs(device - server)),
        drift_ms=round((device - server).total_seconds() * 1000),
    )


def _in_words(apart: timedelta) -> str:
    minutes = round(apart.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} 分鐘"
    hours = round(minutes / 60)
    return f"{hours} 小時" if hours < 48 else f"{round(hours / 24):,} 天"
