"""What this centre answers: root ``INDEX``, ``REPLY`` 1 or 0, text in ``MESSAGE`` (§2.4–§2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

Pairs = Iterable[tuple[str, str]]
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def index(pairs: Pairs, inner: str = "") -> str:
    """Write one reply; ``inner`` is ready markup that goes behind the fields."""
    fields = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in pairs)
    return f"{_HEAD}<INDEX>{fields}{inner}</INDEX>"


def stamp(moment: datetime) -> str:
    """Write a moment as this protocol does."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def verdict(
    code: str,
    who: tuple[str, str, str],
    at: datetime,
    outcome: tuple[str, str, str],
    document: Pairs = (),
) -> str:
    """Answer an uploaded document; ``outcome`` is REPLY, ERROR_CODE, MESSAGE."""
    reply, error, text = outcome
    return index(
        (
            ("FUNCTIONCODE", code),
            ("REPLY", reply),
            ("ERROR_CODE", error),
            ("MESSAGE", text),
            *document,
            *_who(who),
            ("SYSTIME", stamp(at)),
        )
    )


def function_refused(
    code: str, who: tuple[str, str, str], at: datetime, error: str, text: str
) -> str:
    """Refuse A01, C01, B01, Y01."""
    return index(
        (
            ("FUNCTIONCODE", code),
            ("REPLY", "0"),
            ("MESSAGE", text),
            ("ERROR_CODE", error),
            *_who(who),
            ("SYSTIME", stamp(at)),
        )
    )


def function_done(code: str, who: tuple[str, str, str], at: datetime, more: Pairs = ()) -> str:
    """Answer A01, C01, B01, Y01 with what they asked for."""
    return index(
        (
            ("FUNCTIONCODE", code),
            ("REPLY", "1"),
            ("MESSAGE", "OK"),
            *_who(who),
            ("SYSTIME", stamp(at)),
            ("USERID", ""),
            *more,
        )
    )


def ranges(
    code: str,
    who: tuple[str, str, str],
    at: datetime,
    outcome: tuple[str, str, str],
    data: Iterable[Pairs] = (),
) -> str:
    """Answer A02, C02 (with the ranges) and A03, C03 (without)."""
    reply, error, text = outcome
    inner = "".join(
        "<INVOICEDATA>" + "".join(f"<{n}>{escape(v)}</{n}>" for n, v in one) + "</INVOICEDATA>"
        for one in data
    )
    return index(
        (
            ("INVOICE_CODE", code),
            *_who(who),
            ("SYSTIME", stamp(at)),
            ("REPLY", reply),
            ("MESSAGE", text),
            ("ERROR_CODE", error),
        ),
        inner,
    )


def _who(who: tuple[str, str, str]) -> Pairs:
    return zip(("SELLERID", "POSID", "POSSN"), who, strict=True)
