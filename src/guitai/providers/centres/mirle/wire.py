"""Writing and reading Mirle's XML: flat elements, one escape for every text, two charsets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from twinvoice.faults import Fault

Pair = tuple[str, str]

# What XML 1.0 cannot carry at all, escaped or not.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_FULL_WIDTH = str.maketrans({"&": "＆", "<": "＜", ">": "＞", "'": "＇"})
ANSWER_DEPTH = 3


class BrokenAnswer(ValueError):
    """The reply is not one of this protocol: what became of the message is unknown."""


def element(name: str, text: str, *, full_width: bool = False) -> str:
    """``<name>text</name>``, always with both tags, as the centre's clients send it.

    Real XML entities by default; ``full_width`` replaces ``< > & '`` as older clients do
    (docs/decisions/0007-mirle-text.md). Raises ``Fault("TWI-V23")`` for characters no XML can hold.
    """
    if _FORBIDDEN.search(text):
        raise Fault("TWI-V23", name, {"value": text[:40]})
    written = text.translate(_FULL_WIDTH if full_width else _ENTITIES)
    return f"<{name}>{written}</{name}>"


def message(root: str, parts: Iterable[str]) -> bytes:
    """The message as UTF-8 without declaration, as recorded from real clients."""
    return f"<{root}>{''.join(parts)}</{root}>".encode()


def elements(pairs: Iterable[Pair], *, full_width: bool = False) -> str:
    return "".join(element(name, text, full_width=full_width) for name, text in pairs)


@dataclass(frozen=True, slots=True)
class Index:
    """A reply: the fields of ``<INDEX>`` by name, and its repeated ``INVOICEDATA`` blocks."""

    fields: dict[str, str]
    ranges: list[dict[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def accepted(self) -> bool:
        return self.get("REPLY") == "1"


def decode(body: bytes) -> str:
    """UTF-8, else cp950: the header says utf-8 whatever the bytes are (providers.md §2.2)."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return body.decode("cp950")
        except UnicodeDecodeError as error:
            raise BrokenAnswer("neither UTF-8 nor cp950") from error


def read(body: bytes) -> Index:
    """The reply as fields; raises ``BrokenAnswer`` for anything that is no whole ``<INDEX>``."""
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(body))
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BrokenAnswer("a document type")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BrokenAnswer(f"not XML: {error}"[:120]) from error
    if _local(root) != "INDEX":
        raise BrokenAnswer(f"root {_local(root)[:20]}")
    index = Index({}, [])
    for child in root:
        if _local(child) == "INVOICEDATA":
            index.ranges.append({_local(one): (one.text or "").strip() for one in child})
        else:
            index.fields[_local(child)] = (child.text or "").strip()
    if index.get("REPLY") not in {"0", "1"}:
        raise BrokenAnswer("no REPLY")
    return index


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""
