"""The printer's condition as the page sees it (agent-protocol.md §5)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ..drivers.ports import Device
from ..errors import REASONS
from ..knowledge import profile
from .status import PrinterState


@dataclass(frozen=True, slots=True)
class Report:
    """``link`` is up, connecting or down; ``code`` the one condition worth telling."""

    link: str
    code: str
    state: PrinterState
    device: Device | None
    since: float = 0.0

    @property
    def online(self) -> bool:
        return self.link == "up" and self.state.ready

    def as_json(self) -> dict[str, object]:
        state = self.state if self.link == "up" else PrinterState()
        paper = _word(state.paper_end, "end", _word(state.paper_near, "near", "ok"))
        return {
            "link": self.link,
            "online": self.online,
            "paper": paper,
            "cover": _word(state.cover_open, "open", "closed"),
            "cutter": _word(state.cutter_error, "error", "ok"),
            "drawer": _word(state.drawer_high, "open", "closed"),
            "code": self.code,
            "message": REASONS[self.code],
            "since": moment(self.since),
            "device": device_json(self.device) if self.device else None,
        }


def device_json(device: Device) -> dict[str, object]:
    return {
        "id": device.id,
        "kind": device.kind,
        "name": device.name,
        "port": device.port,
        "profile": device.profile,
        "dots": profile(device.profile).dots,
    }


def moment(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _word(flag: bool | None, yes: str, no: str) -> str:
    return "unknown" if flag is None else (yes if flag else no)
