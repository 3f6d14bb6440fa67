"""Printer profiles: the differences between models as data (``printers.toml``; printing.md §1)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import AgentError

DEFAULT = "generic-80"


@dataclass(frozen=True, slots=True)
class Profile:
    """One model. ``dots`` is the layout width on 57 mm paper; the rest is told in the data file."""

    name: str
    title: str
    dots: int
    dpi: int
    big5: bool
    cut: int
    drawers: tuple[int, ...]
    clear: str
    bauds: tuple[int, ...]
    usb: tuple[tuple[int, int], ...]
    confidence: str


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles by name, in the order of the file."""
    table = tomllib.loads(files(__package__).joinpath("printers.toml").read_text("utf-8"))
    return {name: _profile(name, row) for name, row in table.items()}


def profile(name: str) -> Profile:
    """The profile of that name; ``unknown_profile`` otherwise."""
    try:
        return profiles()[name]
    except KeyError:
        raise AgentError("unknown_profile", known=list(profiles())) from None


def by_usb(vendor: int | None, product: int | None) -> Profile | None:
    """The profile of a USB device, by vendor: the product ids of PP-88xx are unpublished."""
    for candidate in profiles().values():
        for known_vendor, known_product in candidate.usb:
            if vendor == known_vendor and known_product in (0, product):
                return candidate
    return None


def _profile(name: str, row: Mapping[str, Any]) -> Profile:
    return Profile(
        name=name,
        title=row["title"],
        dots=row["dots"],
        dpi=row["dpi"],
        big5=row["big5"],
        cut=row["cut"],
        drawers=tuple(row["drawers"]),
        clear=row["clear"],
        bauds=tuple(row["bauds"]),
        usb=tuple((int(vendor, 16), int(product, 16)) for vendor, product in row["usb"]),
        confidence=row["confidence"],
    )
