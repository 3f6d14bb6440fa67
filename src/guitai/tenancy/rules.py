"""Who may do what: roles, permissions, lock-out. product.md B.14 and C."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    CO_MANAGER = "co_manager"
    STORE_MANAGER = "store_manager"
    CLERK = "clerk"
    ACCOUNTANT = "accountant"
    ETICKET_CLERK = "eticket_clerk"


ROLE_NAMES = {
    Role.OWNER: "網站擁有者",
    Role.CO_MANAGER: "共同管理者",
    Role.STORE_MANAGER: "店長",
    Role.CLERK: "店員",
    Role.ACCOUNTANT: "會計",
    Role.ETICKET_CLERK: "電子票券門市店員",
}


class Permission(StrEnum):
    """At the till (till.*) and at the desk (desk.*)."""

    CHECKOUT = "till.checkout"
    ORDER_QUERY = "till.order_query"
    CANCEL = "till.cancel"
    PRICE_CHANGE = "till.price_change"
    LINE_DISCOUNT = "till.line_discount"
    ORDER_DISCOUNT = "till.order_discount"
    CLOSING = "till.closing"
    OPEN_DRAWER = "till.open_drawer"
    REDEEM = "till.redeem"
    UNLOCK_REGISTER = "desk.unlock_register"
    REGISTER_SETTINGS = "desk.register_settings"
    INVOICE_SETTINGS = "desk.invoice_settings"
    MANAGE_STAFF = "desk.manage_staff"
    APPOINT_MANAGER = "desk.appoint_manager"
    MANAGE_SHOP = "desk.manage_shop"
    MANAGE_PRODUCTS = "desk.manage_products"
    MANAGE_NUMBERS = "desk.manage_numbers"
    VIEW_INVOICES = "desk.view_invoices"
    MANAGE_INVOICES = "desk.manage_invoices"
    VIEW_ORDERS = "desk.view_orders"
    VIEW_AUDIT = "desk.view_audit"


_TILL = frozenset(
    {
        Permission.CHECKOUT,
        Permission.ORDER_QUERY,
        Permission.CLOSING,
        Permission.REDEEM,
    }
)
_TILL_MANAGER = _TILL | {
    Permission.CANCEL,
    Permission.PRICE_CHANGE,
    Permission.LINE_DISCOUNT,
    Permission.ORDER_DISCOUNT,
    Permission.OPEN_DRAWER,
}
_DESK_ALL = frozenset(p for p in Permission if p.value.startswith("desk."))

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    # Owner and co-managers do not use the till (B.14.1).
    Role.OWNER: _DESK_ALL,
    # The invoice setting is the store manager's and the owner's, not the co-manager's (S0.11-12).
    Role.CO_MANAGER: _DESK_ALL
    - {Permission.APPOINT_MANAGER, Permission.UNLOCK_REGISTER, Permission.INVOICE_SETTINGS},
    Role.STORE_MANAGER: _TILL_MANAGER
    | {
        Permission.UNLOCK_REGISTER,
        Permission.REGISTER_SETTINGS,
        Permission.INVOICE_SETTINGS,
        Permission.MANAGE_STAFF,
        Permission.MANAGE_PRODUCTS,
        Permission.VIEW_INVOICES,
        Permission.VIEW_ORDERS,
    },
    Role.CLERK: _TILL,
    Role.ACCOUNTANT: frozenset(
        {
            Permission.MANAGE_NUMBERS,
            Permission.VIEW_INVOICES,
            Permission.MANAGE_INVOICES,
            Permission.VIEW_ORDERS,
            Permission.VIEW_AUDIT,
        }
    ),
    Role.ETICKET_CLERK: frozenset({Permission.REDEEM}),
}

TILL_ROLES = frozenset({Role.STORE_MANAGER, Role.CLERK, Role.ETICKET_CLERK})
STORE_ROLES = TILL_ROLES
GRANTABLE = frozenset(
    {
        Permission.CANCEL,
        Permission.PRICE_CHANGE,
        Permission.LINE_DISCOUNT,
        Permission.ORDER_DISCOUNT,
        Permission.OPEN_DRAWER,
    }
)
"""What a manager may give a single clerk on top of the role (B.14.4-5)."""


def permissions_of(role: Role, extra: frozenset[Permission] = frozenset()) -> frozenset[Permission]:
    """The rights of a person: those of the role and what was granted on top, if grantable."""
    return ROLE_PERMISSIONS[role] | (extra & GRANTABLE)


PIN_TRIES = 5
PIN_LOCK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PinState:
    """How often a PIN was wrong in a row, and until when it is locked."""

    failures: int
    locked_until: datetime | None

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def after_failure(self, now: datetime) -> "PinState":
        failures = self.failures + 1
        if failures >= PIN_TRIES:
            return PinState(0, now + PIN_LOCK)
        return PinState(failures, None)
