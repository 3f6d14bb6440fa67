"""Long lists in pages, with links that keep the filters."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class FilterLink:
    """A filter as a link: where it leads and whether it is the one in force."""

    label: str
    href: str
    here: bool


def paged(request: Any, rows: Any, per_page: int = PER_PAGE) -> Page[Any]:
    """The page that ``?page=`` asks for; nonsense gives the first, too far the last."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def kept_query(request: Any, **changes: str) -> str:
    """``?…`` with the present filters, ``changes`` put over them; ``page`` starts anew."""
    values = {k: v for k, v in request.GET.items() if k != "page" and v}
    values.update(changes)
    return "?" + urlencode({k: v for k, v in values.items() if v})


def filter_links(request: Any, name: str, choices: list[tuple[str, str]]) -> list[FilterLink]:
    present = request.GET.get(name, "")
    return [
        FilterLink(label, kept_query(request, **{name: value}), present == value)
        for value, label in choices
    ]
