"""Documents as JSON and back: the form in which the server stores them and examples are written.

``to_json`` gives a dict that any JSON encoder takes; ``from_json`` validates and gives back an
equal document. The form is stable (``FORM`` counts up if it ever changes, and old forms stay
readable):

- the outermost object carries ``"type"`` (the class name in ``twinvoice.document``) and ``"form"``;
- every other key is the field name of the dataclass, nested objects have no tag;
- ``date`` is ``"2026-01-15"``, ``time`` ``"14:05:09"``, ``Decimal`` a string (``"476.19"``),
  amounts in whole TWD are JSON integers, tuples are arrays;
- a field whose value is empty (``""``, ``null``, ``false``, no elements) and whose default is that
  same empty value is left out. Defaults that mean something (a consumer's ten zeros) are written.

Reading refuses unknown keys, missing fields and wrong types with ``Fault("TWI-JSON")``. Whether the
content obeys the law is for ``check.faults``: a wrong document can be stored and shown.
"""

import dataclasses
import datetime as dt
import re
import reprlib
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from twinvoice import document as model
from twinvoice.faults import Fault

FORM = 1

# Bounded in depth and length: what was sent may be nested a thousand times.
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80

_Encode = Callable[[Any], Any]
_Decode = Callable[[Any, str], Any]
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-]?[0-9]{1,3})?")


def to_json(document: model.Document) -> dict[str, Any]:
    """The type-tagged form of ``document``.

    Raises ``TypeError`` for what is no document and ``Fault("TWI-JSON")`` for values that have no
    form (a decimal that is not finite or beyond 1E±999, a time with a zone).
    """
    codec = _CODECS.get(type(document).__name__)
    if codec is None or codec.cls is not type(document):
        raise TypeError(f"not a document: {type(document).__name__}")
    return {"type": codec.cls.__name__, "form": FORM, **codec.encode(document)}


def from_json(data: Mapping[str, Any]) -> model.Document:
    """The document that ``to_json`` wrote. Raises ``Fault("TWI-JSON")`` naming the field."""
    if not isinstance(data, Mapping):
        raise _fault("", "not an object", data)
    body = dict(data)
    name, form = body.pop("type", None), body.pop("form", None)
    if type(form) is not int or form != FORM:
        raise _fault("form", "unknown form", form)
    codec = _CODECS.get(name) if isinstance(name, str) else None
    if codec is None:
        raise _fault("type", "unknown type", name)
    return typing.cast(model.Document, codec.decode(body, ""))


def _fault(path: str, reason: str, value: object) -> Fault:
    return Fault("TWI-JSON", path, {"reason": reason, "value": _SHORT.repr(value)[:80]})


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    encode: _Encode | None
    decode: _Decode
    required: bool
    empty: object
    """The default where it is empty and so left out, else ``...``."""


class _Codec:
    """Encodes and decodes one dataclass; built once from its type hints."""

    def __init__(self, cls: type) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        self._fields = tuple(_field(item, hints[item.name]) for item in dataclasses.fields(cls))
        self._names = frozenset(item.name for item in self._fields)

    def encode(self, value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for item in self._fields:
            content = getattr(value, item.name)
            if item.empty is not ... and content == item.empty:
                continue
            out[item.name] = content if item.encode is None else item.encode(content)
        return out

    def decode(self, data: Any, path: str) -> Any:
        if not isinstance(data, Mapping):
            raise _fault(path, "not an object", data)
        if unknown := data.keys() - self._names:
            raise _fault(f"{path}{min(map(str, unknown))}", "unknown field", ...)
        values = {}
        for item in self._fields:
            if item.name in data:
                values[item.name] = item.decode(data[item.name], path + item.name)
            elif item.required:
                raise _fault(path + item.name, "missing", ...)
        return self.cls(**values)


def _field(item: "dataclasses.Field[Any]", hint: Any) -> _Field:
    encode, decode = _codec_for(hint)
    default = item.default
    required = default is dataclasses.MISSING
    empty = ... if required or default not in ("", None, False, ()) else default
    return _Field(item.name, encode, decode, required, empty)


def _codec_for(hint: Any) -> tuple[_Encode | None, _Decode]:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if dataclasses.is_dataclass(hint):
        codec = _Codec(typing.cast(type, hint))
        return codec.encode, lambda data, path: codec.decode(data, path + "/")
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _SIMPLE[str]
    if origin is tuple:
        return _tuple_codec(arguments)
    if origin is types.UnionType and arguments[1:] == (types.NoneType,):
        return _optional_codec(arguments[0])
    raise TypeError(f"no JSON form for {hint}")


def _optional_codec(hint: Any) -> tuple[_Encode | None, _Decode]:
    encode, decode = _codec_for(hint)
    wrapped = None if encode is None else lambda value: None if value is None else encode(value)
    return wrapped, lambda data, path: None if data is None else decode(data, path)


def _tuple_codec(arguments: tuple[Any, ...]) -> tuple[_Encode, _Decode]:
    many = arguments[-1] is ...
    parts = [_codec_for(hint) for hint in (arguments[:-1] if many else arguments)]

    def pair(index: int) -> tuple[_Encode | None, _Decode]:
        return parts[0] if many else parts[index]

    def encode(values: tuple[Any, ...]) -> list[Any]:
        return [
            value if (one := pair(index)[0]) is None else one(value)
            for index, value in enumerate(values)
        ]

    def decode(data: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(data, list | tuple) or not (many or len(data) == len(parts)):
            raise _fault(path, "not an array of that length", data)
        return tuple(pair(i)[1](value, f"{path}[{i}]") for i, value in enumerate(data))

    return encode, decode


def _exactly(kind: type, reason: str) -> _Decode:
    def decode(data: Any, path: str) -> Any:
        if type(data) is not kind:
            raise _fault(path, reason, data)
        return data

    return decode


def _textual(shape: re.Pattern[str], build: Callable[[str], Any], reason: str) -> _Decode:
    def decode(data: Any, path: str) -> Any:
        if not isinstance(data, str) or not shape.fullmatch(data):
            raise _fault(path, reason, data)
        try:
            return build(data)
        except (ValueError, InvalidOperation) as error:
            raise _fault(path, reason, data) from error

    return decode


def _decimal_text(value: Decimal) -> str:
    text = str(value)
    if not _DECIMAL.fullmatch(text):
        raise _fault("", "not a finite decimal of a usual size", value)
    return text


def _time_text(value: dt.time) -> str:
    if value.tzinfo is not None:
        raise _fault("", "a time with a zone", value)
    return value.isoformat()


_SIMPLE: dict[Any, tuple[_Encode | None, _Decode]] = {
    str: (None, _exactly(str, "not a text")),
    int: (None, _exactly(int, "not an integer")),
    bool: (None, _exactly(bool, "not true or false")),
    Decimal: (_decimal_text, _textual(_DECIMAL, Decimal, "not a decimal text")),
    dt.date: (dt.date.isoformat, _textual(_DATE, dt.date.fromisoformat, "not a date")),
    dt.time: (_time_text, _textual(_TIME, dt.time.fromisoformat, "not a time")),
}

_CODECS: dict[str, _Codec] = {cls.__name__: _Codec(cls) for cls in typing.get_args(model.Document)}
