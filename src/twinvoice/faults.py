"""The one shape in which this library says what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Fault(ValueError):
    """A rule that a value or document breaks.

    ``code`` is stable (``TWI-V16``, ``TWI-BAN``) and documented in ``twinvoice/codes/faults.toml``
    with the platform code it prevents. ``path`` names the field in MIG spelling
    (``Details/ProductItem[2]/Quantity``), ``params`` holds what a sentence for people needs.
    ``level`` is ``hard`` (refuse) or ``warn`` (allow with a log): mof.md §13.
    """

    code: str
    path: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    level: str = "hard"

    # Not frozen: contextlib assigns ``__traceback__`` to an exception that passes through a
    # generator context manager, which a frozen dataclass would turn into another error.
    def __hash__(self) -> int:
        return hash((self.code, self.path, self.level))

    def __str__(self) -> str:
        detail = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return " ".join(part for part in (self.code, self.path, detail) if part)
