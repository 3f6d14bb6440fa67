"""Printer profiles: the differences between models as data (``printers.toml``; printing.md §1)."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import AgentError

DEFAULT = "generic-80"
CODE_PAGES = ("big5", "gb18030", "none")
FLOWS = ("xonxoff", "none")
CONNECTIONS = ("usb-vcom", "serial", "network", "built-in")
SETUPS = ("dip", "utility", "none")
CONFIDENCES = ("H", "M", "L")

UsbRange = tuple[int, int, int]
"""Vendor, first product, last product."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the firmware can do by itself. Codes are drawn here all the same (printing.md §0)."""

    qr: bool
    page_mode: bool
    asb: bool
    process_id: bool
    cutter: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """One position of one DIP switch; ``wanted``: how the FAQ wants it (S3.7)."""

    switch: str
    position: str
    meaning: str
    wanted: bool
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Driver:
    """What to install on Windows: its name, the folder with its .inf, what to mind."""

    name: str
    folder: str
    note: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One model. ``dots`` is the layout width on 57 mm paper; the rest is told in the data file."""

    name: str
    title: str
    dots: int
    native_dots: int
    dpi: int
    code_page: str
    cut: int
    drawers: tuple[int, ...]
    clear: str
    bauds: tuple[int, ...]
    flow: tuple[str, ...]
    setup: str
    connections: tuple[str, ...]
    usb: tuple[UsbRange, ...]
    models: tuple[str, ...]
    features: Features
    driver: Driver
    paper: tuple[str, ...]
    confidence: str
    dip: tuple[Switch, ...] = ()
    certainty: Mapping[str, str] = field(default_factory=dict)

    @property
    def big5(self) -> bool:
        """Can it set Taiwan's characters itself? Then hybrid printing is possible."""
        return self.code_page == "big5"

    def confidence_in(self, fact: str) -> str:
        """H, M or L for one field; the row's own where nothing finer is known."""
        return self.certainty.get(fact, self.confidence)

    def lines(self) -> list[tuple[int, bool]]:
        """(baud, XON/XOFF) in the order of probing."""
        return [(baud, flow == "xonxoff") for baud in self.bauds for flow in self.flow]


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles by name, in the order of the file."""
    rows = {name: row for name, row in _table().items() if isinstance(row, dict)}
    return {name: _profile(name, row) for name, row in rows.items()}


def profile(name: str) -> Profile:
    """The profile of that name; ``unknown_profile`` otherwise."""
    try:
        return profiles()[name]
    except KeyError:
        raise AgentError("unknown_profile", known=list(profiles())) from None


def by_usb(vendor: int | None, product: int | None, text: str = "") -> Profile | None:
    """The profile of a USB device: by its own words when a model is in them, else by number.

    The product ids of PP-88xx are unpublished, so any product of that vendor counts that is not
    known to be something else; ``text`` is the product string.
    """
    if vendor is None or _within(_not_printers(), vendor, product):
        return None
    fitting = [each for each in profiles().values() if _within(each.usb, vendor, product)]
    named = by_model(text)
    return named if named in fitting else (fitting[0] if fitting else None)


def by_model(text: str) -> Profile | None:
    """The profile whose model name stands in ``text`` ("EPSON TM-T82III", GS I 67); the longest
    name that fits, or None."""
    said = _plain(text)
    found = [
        (len(_plain(model)), each)
        for each in profiles().values()
        for model in each.models
        if _plain(model) in said
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _plain(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalnum())


def _within(ranges: Iterable[UsbRange], vendor: int, product: int | None) -> bool:
    return any(
        vendor == known and product is not None and first <= product <= last
        for known, first, last in ranges
    )


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("printers.toml").read_text("utf-8"))


@cache
def _not_printers() -> tuple[UsbRange, ...]:
    return _ranges(_table()["not_printers"])


def _ranges(rows: Iterable[Iterable[str]]) -> tuple[UsbRange, ...]:
    return tuple((int(a, 16), int(b, 16), int(c, 16)) for a, b, c in rows)


LISTS = ("drawers", "bauds", "flow", "connections", "models", "paper")


def _profile(name: str, row: Mapping[str, Any]) -> Profile:
    given = dict(row)
    given.update({key: tuple(row[key]) for key in LISTS})
    given.update(
        usb=_ranges(row["usb"]),
        features=Features(**row["features"]),
        driver=Driver(**row["driver"]),
        dip=tuple(Switch(**switch) for switch in row.get("dip", ())),
    )
    return Profile(name=name, **given)
