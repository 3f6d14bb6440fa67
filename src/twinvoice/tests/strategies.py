"""Hypothesis strategies: any well-typed document, legal or not, whose texts XML can carry."""

import dataclasses
import datetime as dt
import types
import typing
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from twinvoice import document as model

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("&<>\"'\t\n\r ]臺灣堃😀"),
    max_size=12,
)
_SIMPLE = {
    str: TEXTS,
    int: st.integers(-(10**12), 10**12),
    bool: st.booleans(),
    Decimal: st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=7)
    | st.integers(-(10**12), 10**12).map(Decimal),
    dt.date: st.dates(dt.date(1912, 1, 1), dt.date(2900, 12, 31)),
    dt.time: st.times().map(lambda time: time.replace(microsecond=0)),
}
_SPECIAL = {
    (model.BlankReport, "items"): st.lists(
        st.builds(model.NumberSpan, TEXTS, TEXTS, st.none()), max_size=3
    ).map(tuple),
    (model.NumberSpan, "booklets"): st.integers(0, 10**9),
    (model.ResultLine, "parameters"): st.lists(TEXTS.filter(bool), max_size=5).map(tuple),
    (model.ProcessResult, "size"): st.integers(0, 10**9),
}


def _for(hint):
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if dataclasses.is_dataclass(hint):
        return of(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is types.UnionType:
        return st.none() | _for(arguments[0])
    if arguments[-1] is ...:
        return st.lists(_for(arguments[0]), max_size=3).map(tuple)
    return st.tuples(*map(_for, arguments))


@cache
def of(cls):
    """Any instance of a document class, its fields drawn by their types."""
    hints = typing.get_type_hints(cls)
    return st.builds(
        cls,
        **{
            item.name: _SPECIAL[cls, item.name]
            if (cls, item.name) in _SPECIAL
            else _for(hints[item.name])
            for item in dataclasses.fields(cls)
        },
    )


def outgoing():
    return st.one_of([of(cls) for cls in typing.get_args(model.Outgoing)])


def any_document():
    return st.one_of([of(cls) for cls in typing.get_args(model.Document)])
