"""Who may do what: roles, permissions, lock-out. product.md B.14 and C."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from guitai.kernel.errors import NotAllowed
from twinvoice.carrier import MemberCarrier
from twinvoice.faults import Fault


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


@dataclass(frozen=True, slots=True)
class Member:
    """A person who acts at one merchant, with rights; ``store_id`` confines him to that store."""

    merchant_id: UUID
    staff_id: UUID
    name: str
    role: Role
    permissions: frozenset[Permission]
    store_id: UUID | None = None
    account_id: UUID | None = None

    def may(self, permission: Permission, store_id: UUID | None = None) -> bool:
        """Whether he has the right; with ``store_id``, whether he has it at that store."""
        return permission in self.permissions and (store_id is None or self.sees(store_id))

    def sees(self, store_id: UUID) -> bool:
        """Whether that store is his business at all (B.14.9: other stores stay hidden)."""
        return self.store_id is None or self.store_id == store_id

    def require(self, permission: Permission, store_id: UUID | None = None) -> None:
        if not self.may(permission, store_id):
            raise NotAllowed(permission=permission.value)


_MANAGES: dict[Role, frozenset[Role]] = {
    Role.OWNER: frozenset(Role) - {Role.OWNER},
    Role.CO_MANAGER: frozenset({Role.ACCOUNTANT, Role.CLERK, Role.ETICKET_CLERK}),
    Role.STORE_MANAGER: frozenset({Role.CLERK, Role.ETICKET_CLERK}),
}

NEEDS_ACCOUNT = frozenset({Role.OWNER, Role.CO_MANAGER, Role.STORE_MANAGER, Role.ACCOUNTANT})
"""Roles whose work is (also) at the desk; a clerk may live with a PIN alone."""


def manages(who: Role, whom: Role) -> bool:
    """Whether the first role may add, change or suspend people of the second (B.14.2).

    The owner manages everybody but himself; nobody manages an equal or a higher role, so that no
    right can be raised through a colleague's account.
    """
    return whom in _MANAGES.get(who, frozenset())


_PIN = re.compile(r"[0-9]{4,8}")
_CODE = re.compile(r"[0-9A-Za-z_-]{1,20}")
_QR_KEY = re.compile(r"[0-9A-Fa-f]{32}")

DEVICE_CODE_LENGTH = 8
DEVICE_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 O 1 I L: codes are read aloud. 31^8 = 8.5e11 codes; at a thousand guesses a second for the
ten minutes that a code lives, one guess in 1.4 million shops would hit. It leads a device, or a
counter's agent, to its register."""
DEVICE_CODE_LIFE = timedelta(minutes=10)


def is_pin(text: str) -> bool:
    return _PIN.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Codes of stores and registers: they go into file names and to the centres."""
    return _CODE.fullmatch(text) is not None


def is_qr_key(text: str) -> bool:
    return _QR_KEY.fullmatch(text) is not None


def is_carrier_type(text: str) -> bool:
    """A class of a seller's own carriers (mof.md §1.4, §7.1): not the two public ones."""
    try:
        MemberCarrier(text, "0")
    except Fault:
        return False
    return True


def tidy_device_code(text: str) -> str:
    """As typed by hand: blanks and dashes are dropped, letters become capitals."""
    return re.sub(r"[\s-]", "", text).upper()


def is_device_code(text: str) -> bool:
    """Whether a tidied text can be such a code at all."""
    return len(text) == DEVICE_CODE_LENGTH and set(text) <= set(DEVICE_CODE_ALPHABET)


def hash_of(secret: str) -> bytes:
    """SHA-256: tokens and codes are random, so a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode()).digest()


def join_token(merchant_id: UUID, secret: str) -> str:
    """The device's token, ``<merchant>.<secret>`` (DESIGN §4 Keys)."""
    return f"{merchant_id}.{secret}"


def split_token(token: str) -> tuple[UUID, bytes] | None:
    """``(merchant, hash of the secret)``, or ``None`` where ``token`` has not that shape."""
    merchant, dot, secret = token.partition(".")
    if not dot or not 16 <= len(secret) <= 128 or not secret.isascii():
        return None
    try:
        return UUID(merchant), hash_of(secret)
    except ValueError:
        return None
