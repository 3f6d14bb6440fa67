"""Every condition between the page and the paper: its code, its words, its cure.

Source: printing.md §6, product.md A.3 (S3.1–S3.17). The data is ``remedies.toml``, and in
``linux.toml`` what is done otherwise there; pictures are line drawings in ``pictures/``.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

HOPS = ("page", "agent", "driver", "port", "printer", "paper", "clock", "server")
"""The way from the till page to the paper, in order, and two things beside it."""

LEVELS = ("ok", "warn", "error")


@dataclass(frozen=True, slots=True)
class Fix:
    """What software can do itself: ``name`` is the verb of ``diag.fix``, ``label`` the button."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What no sensor sees: a question for the person, with the words on its two buttons.

    ``id`` goes back with the answer (``diag.answer``).
    """

    id: str
    question: str
    yes: str
    no: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """One condition. ``message`` says what is wrong, ``steps`` what to do, in order.

    ``told`` is the same sentence with the case at hand in it, as ``{names}`` of a finding's params.
    """

    code: str
    level: str
    hop: str
    message: str
    steps: tuple[str, ...]
    picture: str = ""
    fix: Fix | None = None
    ask: Ask | None = None
    told: str = ""

    def on(self, platform: str) -> "Remedy":
        """The same on a computer of that ``sys.platform``: the book speaks of Windows."""
        if not platform.startswith("linux"):
            return self
        steps = tuple(on_linux().get(step, step) for step in self.steps)
        return replace(self, steps=steps, picture=self.picture if steps == self.steps else "")

    def say(self, params: Mapping[str, object]) -> str:
        """The sentence for this case; the general one where the particulars are unknown."""
        try:
            return self.told.format_map(params) if self.told else self.message
        except KeyError:
            return self.message


def remedies() -> Mapping[str, Remedy]:
    """Every condition by code, in the order of the way."""
    return {code: _remedy(code, row) for code, row in _table().items()}


def remedy(code: str, model: str = "") -> Remedy:
    """The words for ``code`` on that model; KeyError for an unknown code."""
    row = _table()[code]
    general = _remedy(code, row)
    special = row.get("models", {}).get(model)
    if special is None:
        return general
    return replace(
        general,
        message=special.get("message", general.message),
        steps=tuple(special.get("steps", general.steps)),
        picture=special.get("picture", general.picture),
    )


@cache
def on_linux() -> Mapping[str, str]:
    """What is done otherwise on Linux: the book's step, and the one in its place."""
    return {row["windows"]: row["linux"] for row in _read("linux.toml")["step"]}


@cache
def picture(name: str) -> str:
    """The drawing as SVG text; KeyError for an unknown name."""
    drawing = files(__package__).joinpath("pictures", f"{name}.svg")
    if not name.replace("-", "").isalnum() or not drawing.is_file():
        raise KeyError(name)
    return drawing.read_text("utf-8")


@cache
def _table() -> Mapping[str, Any]:
    return _read("remedies.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def _remedy(code: str, row: Mapping[str, Any]) -> Remedy:
    return Remedy(
        code=code,
        level=row["level"],
        hop=row["hop"],
        message=row["message"],
        steps=tuple(row["steps"]),
        picture=row.get("picture", ""),
        fix=Fix(**row["fix"]) if "fix" in row else None,
        ask=Ask(**row["ask"]) if "ask" in row else None,
        told=row.get("told", ""),
    )
