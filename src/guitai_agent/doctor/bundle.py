"""The evidence bundle for support: what is known, without a secret and without a document.

Nothing is taken whole: settings and jobs go in field by field, so that a field somebody adds later
stays out until it is named here. Log lines are the exception; they are masked.
"""

import hashlib
import io
import json
import platform
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from .. import __version__
from ..datadir import Settings
from ..drivers.pnp import UsbPresence
from ..drivers.ports import Device
from ..journal import Job
from ..printer.report import device_json, moment

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
MASKS = (
    re.compile(r"[A-Za-z0-9_\-]{32,}(?:\.[A-Za-z0-9_\-]+)*"),  # tokens, hashes
    re.compile(r"\b[A-Z]{2}-?[0-9]{8}\b"),  # invoice numbers
    re.compile(r"(?<![\w/])/[0-9A-Z.+\-]{7}(?![\w/])"),  # mobile carriers
    re.compile(r"\b[A-Z]{2}[0-9]{14}\b"),  # citizen certificates
    re.compile(r"\b[0-9]{6,8}\b(?!-)"),  # pairing codes, business numbers
)
MASK = "***"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a bundle is made of."""

    health: dict[str, object]
    devices: Sequence[Device]
    presences: Sequence[UsbPresence]
    lines: Sequence[str]
    jobs: Sequence[Job]
    settings: Settings


def bundle_name(now: datetime) -> str:
    """A file name that sorts by time."""
    return f"guitai-agent-{now:%Y%m%d-%H%M%S}.zip"


def pack(evidence: Evidence) -> bytes:
    """The zip: five JSON files and the last log lines."""
    files = {
        "health.json": _json(evidence.health),
        "devices.json": _json(devices_told(evidence)),
        "jobs.json": _json(jobs_told(evidence.jobs)),
        "settings.json": _json(settings_told(evidence.settings)),
        "system.json": _json(system_told()),
        "log.txt": "\n".join(masked(line) for line in evidence.lines) + "\n",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return out.getvalue()


def devices_told(evidence: Evidence) -> dict[str, object]:
    """What could be opened and what the system sees plugged in."""
    return {
        "devices": [device_json(each) for each in evidence.devices],
        "plugged": [asdict(each) for each in evidence.presences],
    }


def jobs_told(jobs: Sequence[Job]) -> dict[str, object]:
    """States, reasons and times; not a word of what was printed."""
    return {
        "counts": dict(Counter(job.state.value for job in jobs)),
        "jobs": [
            {
                "job": job_name(job.job_id),
                "kind": job.kind,
                "copy": job.copy,
                "state": job.state.value,
                "reason": job.reason,
                "bytes": job.bytes,
                "submitted_at": moment(job.submitted_at),
                "updated_at": moment(job.updated_at),
            }
            for job in jobs
        ],
    }


def job_name(job_id: str) -> str:
    """A UUID says nothing and is told; any other id might hold an invoice number."""
    if UUID.fullmatch(job_id):
        return job_id
    return f"sha256:{hashlib.sha256(job_id.encode()).hexdigest()[:16]}"


def settings_told(settings: Settings) -> dict[str, object]:
    """The chosen printer and who is paired; no token, no hash of one."""
    return {
        "agent_id": settings.agent_id,
        "device_id": settings.device_id,
        "profile": settings.profile,
        "pairings": [
            {"origin": pairing.origin, "created": moment(pairing.created)}
            for pairing in settings.pairings
        ],
    }


def system_told() -> dict[str, object]:
    """Versions of agent, Python and system."""
    return {
        "agent": __version__,
        "python": sys.version.split()[0],
        "system": platform.system(),
        "release": platform.release(),
        "version": platform.version(),
        "machine": platform.machine(),
    }


def masked(line: str) -> str:
    """A log line without what looks like a token, an invoice number, a carrier or a code."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\0{len(kept) - 1}\0"

    text = UUID.sub(keep, line)
    for pattern in MASKS:
        text = pattern.sub(MASK, text)
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match[1])], text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
