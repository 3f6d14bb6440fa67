"""What the pages of numbers, invoices, uploads, orders and centres share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse

from guitai.kernel import text
from guitai.kernel.audit import Actor
from guitai.kernel.errors import GuitaiError
from guitai.reporting import exports
from guitai.reporting.queries.keyset import Cursor
from guitai.tenancy import queries as tenancy
from guitai.tenancy.models import Register
from guitai.tenancy.rules import Member

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "png": "image/png",
    "xml": "application/xml; charset=utf-8",
}
LONGEST = 200


def actor_of(member: Member) -> Actor:
    return Actor(kind="person", name=member.name, id=member.staff_id)


def his_registers(member: Member) -> list[Register]:
    """Those a person sees, retired ones too: they have invoices (B.14.9)."""
    return list(tenancy.registers(member, retired=True))


def confined_to(member: Member) -> tuple[UUID, ...] | None:
    """The registers of his store for who is confined to one; ``None`` for everybody else."""
    if member.store_id is None:
        return None
    return tuple(register.id for register in his_registers(member))


def typed(request: Any, name: str, limit: int = LONGEST) -> str:
    """A value of the address as text that a database takes; what cannot be typed is dropped."""
    value = text.tidy(request.GET.get(name, ""))[:limit]
    return "".join(c for c in value if c.isprintable() and not "\ud800" <= c <= "\udfff")


def typed_day(request: Any, name: str = "day") -> date | None:
    try:
        return date.fromisoformat(typed(request, name))
    except ValueError:
        return None


def typed_id(request: Any, name: str) -> UUID | None:
    try:
        return UUID(typed(request, name))
    except ValueError:
        return None


def narrowed(registers: tuple[UUID, ...] | None, chosen: UUID | None) -> tuple[UUID, ...] | None:
    """The register that was chosen, if he sees it; nothing at all if not."""
    if chosen is None:
        return registers
    return (chosen,) if registers is None or chosen in registers else ()


@dataclass(frozen=True, slots=True)
class NextPage:
    """Links below a list that is paged by key."""

    older: str
    first: str


def next_page(request: Any, after: Cursor | None) -> NextPage:
    kept = [(k, v) for k, v in request.GET.items() if k != "after" and v]
    older = "?" + urlencode([*kept, ("after", str(after))]) if after else ""
    first = "?" + urlencode(kept) if request.GET.get("after") else ""
    return NextPage(older, first)


def cursor_of(request: Any) -> Cursor | None:
    return Cursor.parse(request.GET.get("after", "")[:80])


def kept(request: Any, **changes: str) -> str:
    """``?…`` with the present filters and ``changes`` put over them; the page starts anew."""
    values = {k: v for k, v in request.GET.items() if k not in {"after", "page"} and v}
    values.update(changes)
    return "?" + urlencode({k: v for k, v in values.items() if v})


def kept_fields(request: Any, *typed_ones: str) -> list[tuple[str, str]]:
    """The filters that a search form carries along: all but those it has fields for."""
    leave = {"after", "page", *typed_ones}
    return [(name, value) for name, value in request.GET.items() if name not in leave and value]


@dataclass(frozen=True, slots=True)
class FilterLink:
    label: str
    href: str
    here: bool


def links(request: Any, name: str, choices: Iterable[tuple[str, str]]) -> list[FilterLink]:
    """One filter as links; the one in force is marked."""
    present = request.GET.get(name, "")
    return [
        FilterLink(label, kept(request, **{name: value}), present == value)
        for value, label in choices
    ]


def attached(content: bytes, kind: str, name: str) -> HttpResponse:
    """A file to save, kept out of every cache."""
    answer = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def exported(sheet: exports.Sheet, kind: str, name: str) -> HttpResponse:
    return attached(exports.written(sheet, kind), kind, f"{name}.{kind}")


def tried(request: Any, act: Callable[[], Any], done: str) -> bool:
    """Does it and says so, or says why not; for buttons whose page is a list."""
    try:
        act()
    except GuitaiError as error:
        messages.error(request, error.message)
        return False
    messages.success(request, done)
    return True
