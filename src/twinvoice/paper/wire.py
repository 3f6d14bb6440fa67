"""A slip as JSON: how it travels from the server through the page to the agent.

One object a block, its kind under ``block``; fields that have their default are left out::

    [{"block": "text", "text": "電子發票證明聯", "scale": 2, "align": "centre"}, {"block": "cut"}]
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

from twinvoice.faults import Fault
from twinvoice.paper.blocks import (
    Align,
    Block,
    Code39,
    Columns,
    Cut,
    Feed,
    QrPair,
    Rule,
    Ruler,
    Slip,
    Text,
)

CODE39_ALPHABET = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%")
LONGEST_FEED = 8_000
"""One metre of paper, in dots."""

_KINDS: Mapping[str, type[Block]] = {
    "text": Text,
    "columns": Columns,
    "code39": Code39,
    "qr_pair": QrPair,
    "rule": Rule,
    "ruler": Ruler,
    "feed": Feed,
    "cut": Cut,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(slip: Slip) -> list[dict[str, Any]]:
    """The slip as values that ``json.dumps`` takes; ``from_json`` gives the equal slip back."""
    return [_object_of(block) for block in slip]


def from_json(value: object) -> Slip:
    """The slip of an object that ``to_json`` made, here or elsewhere; strict.

    Raises ``Fault`` TWI-PAPER for anything unknown: a block, a field, a type, an alignment or a
    scale; ``path`` names the place (``[3]/align``).
    """
    if not isinstance(value, list):
        raise Fault("TWI-PAPER", params={"expected": "array"})
    return tuple(_block_of(item, f"[{index}]") for index, item in enumerate(value))


def _object_of(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {"block": _NAMES[type(block)]}
    for field in fields(block):
        value = getattr(block, field.name)
        if value != field.default:
            found[field.name] = value
    return found


def _block_of(item: object, path: str) -> Block:
    if not isinstance(item, dict):
        raise Fault("TWI-PAPER", path, {"expected": "object"})
    name = item.get("block")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Fault("TWI-PAPER", f"{path}/block", {"block": str(name)[:40]})
    known = {field.name: field for field in fields(kind)}
    for key in item:
        if key != "block" and key not in known:
            raise Fault("TWI-PAPER", f"{path}/{str(key)[:40]}", {"unknown": str(key)[:40]})
    values: dict[str, Any] = {name: _value_of(item, field, path) for name, field in known.items()}
    block = kind(**values)
    _check_range(block, path)
    return block


def _value_of(item: Mapping[str, object], field: Field[Any], path: str) -> object:
    value = item.get(field.name, field.default)
    path = f"{path}/{field.name}"
    if value is MISSING:
        raise Fault("TWI-PAPER", path, {"missing": field.name})
    # A field with a default has the default's type; those without are texts, but for the feed.
    expected = int if field.name == "dots" else str
    if field.default is not MISSING:
        expected = type(field.default)
    if type(value) is not expected:
        raise Fault("TWI-PAPER", path, {"expected": expected.__name__})
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise Fault("TWI-PAPER", path, {"expected": "Unicode text"})
    return value


def _check_range(block: Block, path: str) -> None:
    match block:
        case Text(scale=scale) if scale not in (1, 2):
            raise Fault("TWI-PAPER", f"{path}/scale", {"scale": scale})
        case Text(align=align) if align not in get_args(Align):
            raise Fault("TWI-PAPER", f"{path}/align", {"align": align[:40]})
        case Feed(dots=dots) if not 0 <= dots <= LONGEST_FEED:
            raise Fault("TWI-PAPER", f"{path}/dots", {"dots": dots, "most": LONGEST_FEED})
        case Code39(data=data) if not data or not CODE39_ALPHABET.issuperset(data):
            raise Fault("TWI-PAPER", f"{path}/data", {"data": data[:40]})
        case QrPair(left=left, right=right) if not left or not right:
            raise Fault("TWI-PAPER", path, {"missing": "left" if not left else "right"})
        case _:
            pass
