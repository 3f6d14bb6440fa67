"""Code lists of Taiwan's e-invoices as TOML, each with its source.

``load("platform_results")["E0103"].zh`` is 發票明細加總與總金額不符. Every file has ``source``, the
texts in Traditional Chinese and English, and whatever else its list needs (``more``).
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

NAMES = (
    "allowance_types",
    "bonded_areas",
    "buyer_remarks",
    "carrier_types",
    "currencies",
    "customs_marks",
    "faults",
    "format_codes",
    "invoice_types",
    "platform_results",
    "prizes",
    "tax_types",
    "turnkey_results",
    "zero_tax_reasons",
)
"""Every list there is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code with its text in Traditional Chinese and English, and what else is known of it."""

    code: str
    zh: str
    en: str
    more: Mapping[str, Any] = field(default_factory=dict)


class CodeList(Mapping[str, Entry]):
    """The entries of one file by code, in the order of the file."""

    def __init__(self, name: str, source: str, entries: Mapping[str, Entry]) -> None:
        self.name = name
        self.source = source
        self._entries = MappingProxyType(dict(entries))

    def __getitem__(self, code: str) -> Entry:
        return self._entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@cache
def load(name: str) -> CodeList:
    """The list ``name`` of ``NAMES``. Raises ``KeyError`` for another name.

    Raises ``ValueError`` where a file lacks its source or a text, or names a code twice.
    """
    if name not in NAMES:
        raise KeyError(name)
    text = resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
    data = tomllib.loads(text)
    entries: dict[str, Entry] = {}
    for raw in data["entry"]:
        entry = _entry(name, raw)
        if entry.code in entries:
            raise ValueError(f"{name}: {entry.code} twice")
        entries[entry.code] = entry
    if not data.get("source"):
        raise ValueError(f"{name}: no source")
    return CodeList(name, data["source"], entries)


def _entry(name: str, raw: dict[str, Any]) -> Entry:
    code, zh, en = (raw.pop(key, "") for key in ("code", "zh", "en"))
    if not (code and zh and en):
        raise ValueError(f"{name}: {code or raw} lacks a code or a text")
    return Entry(code, zh, en, MappingProxyType(raw))
