"""The desk's menu: one line a page. Who adds a page adds a line here."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from guitai.tenancy.rules import Member, Permission


@dataclass(frozen=True, slots=True)
class Item:
    """``url`` is the name inside ``desk:``; shown to who has one of ``any_of`` (empty: all).

    ``routes`` are the beginnings of url names that belong to the item, so that it stays marked on
    its sub-pages.
    """

    group: str
    label: str
    url: str
    any_of: tuple[Permission, ...] = ()
    routes: tuple[str, ...] = ()


P = Permission
ITEMS: tuple[Item, ...] = (
    Item("", "總覽", "home"),
    Item("銷售", "訂單", "orders", (P.VIEW_ORDERS,), ("order",)),
    Item("銷售", "商品", "products", (P.MANAGE_PRODUCTS,), ("product",)),
    Item("電子發票", "發票號碼", "numbers", (P.MANAGE_NUMBERS,), ("number",)),
    Item("電子發票", "發票", "invoices", (P.VIEW_INVOICES,), ("invoice",)),
    Item("電子發票", "上傳", "transmissions", (P.VIEW_INVOICES,), ("transmission",)),
    Item("電子發票", "加值中心設定", "centres", (P.INVOICE_SETTINGS,), ("centre",)),
    Item("商店", "POS 機", "registers", (P.REGISTER_SETTINGS,), ("register",)),
    Item("商店", "設備", "devices", (P.REGISTER_SETTINGS,), ("device",)),
    Item("商店", "門市", "stores", (P.MANAGE_SHOP, P.REGISTER_SETTINGS), ("store",)),
    Item("商店", "營業人", "entities", (P.MANAGE_SHOP,), ("entit",)),
    Item("商店", "人員與權限", "staff", (P.MANAGE_STAFF,), ("staff",)),
    Item("商店", "操作紀錄", "audit", (P.VIEW_AUDIT,), ("audit",)),
)


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    links: list[Link]


def menu_for(member: Member | None, user: Any, route: str) -> list[Group]:
    """The groups of links that this person may open; pages that are not mounted are left out."""
    groups: dict[str, list[Link]] = {}
    if member is not None:
        for item in ITEMS:
            link = _link(item, member, route)
            if link is not None:
                groups.setdefault(item.group, []).append(link)
    if getattr(user, "is_operator", False):
        here = route.startswith("platform")
        groups["平台"] = [Link("商家列表", reverse("desk:platform"), here)]
    return [Group(label, links) for label, links in groups.items()]


def _link(item: Item, member: Member, route: str) -> Link | None:
    if item.any_of and not any(member.may(permission) for permission in item.any_of):
        return None
    try:
        href = reverse(f"desk:{item.url}")
    except NoReverseMatch:
        return None
    here = route == item.url or bool(item.routes and route.startswith(item.routes))
    return Link(item.label, href, here)
