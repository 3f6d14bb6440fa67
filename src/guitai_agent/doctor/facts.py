"""What the doctor looked at, as plain values: no device, no clock and no socket in here."""

from dataclasses import dataclass, field
from typing import Protocol

from .history import Past


class Plugged(Protocol):
    """A USB device as the system lists it; ``drivers.pnp.UsbPresence`` is one."""

    @property
    def vendor(self) -> int | None: ...
    @property
    def product(self) -> int | None: ...
    @property
    def problem(self) -> int | None: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A printer that could be opened now: device id and name for the person."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs by what holds them: ``stuck`` wait for a reason, the others as in the journal."""

    waiting: int = 0
    sending: int = 0
    uncertain: int = 0
    expired: int = 0
    stuck: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The agent's clock against the server's: ``drift_ms`` > 0 when ours is ahead.

    ``same_date``: both show the same day in Taipei. None: nobody has told us the time.
    """

    drift_ms: int | None = None
    same_date: bool = True
    source: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at everything.

    ``link`` (up, connecting, down; unseen: it could not be looked at) and ``code`` are the
    worker's report, ``ready``: a job could begin now. ``chosen`` is the device a person chose (id,
    empty: none), ``model`` its profile or the likeliest one, ``plugged`` the USB devices that may
    be printers, ``candidates`` the printers that could be opened, ``ports`` how many serial ports
    there are beside them. ``agent`` false: no agent is running. ``journal``: why file or disk
    refuse the journal (``disk_full`` and the like); empty: they do not.
    """

    link: str = "up"
    code: str = "OK"
    ready: bool = True
    chosen: str = ""
    model: str = ""
    plugged: tuple[Plugged, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    ports: int = 0
    paired: bool = True
    agent: bool = True
    journal: str = ""
    queue: Queue = field(default_factory=Queue)
    past: Past = field(default_factory=Past)
    clock: Clock = field(default_factory=Clock)
