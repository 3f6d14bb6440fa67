"""Numbers, invoices, uploads, orders and centres × who may: joined to ``test_access.OTHERS``.

name: (method, arguments, what is posted, who may). Arguments with ``=`` in front stand so.
"""

OWNER, CO, MANAGER = "owner", "co_manager", "store_manager"
OTHER, ACCOUNTANT, CLERK, ETICKET = "other_manager", "accountant", "clerk", "eticket_clerk"
ROLES = (OWNER, CO, MANAGER, OTHER, ACCOUNTANT, CLERK, ETICKET)
HEAD = frozenset({OWNER, CO, ACCOUNTANT})
VIEWERS = frozenset({OWNER, CO, ACCOUNTANT, MANAGER, OTHER})
"""Lists: everybody with the right; the other store's manager sees his own store in them."""
OWN = frozenset({OWNER, CO, ACCOUNTANT, MANAGER})
"""One thing of the first store: its own manager, not the other one's."""
SETTINGS = frozenset({OWNER, MANAGER})

TABLE = {
    "numbers": ("GET", {}, None, HEAD),
    "number-import": ("GET", {}, None, HEAD),
    "number-blanks": ("GET", {"period": "=11510", "kind": "=csv"}, None, HEAD),
    "number-share": (
        "POST",
        {"period": "=11512", "entity_id": "entity"},
        {"register": "1"},
        HEAD,
    ),
    "number-take-back": ("POST", {"range_id": "range"}, {"books": "1"}, HEAD),
    "number-pause": ("POST", {"range_id": "range"}, {}, HEAD),
    "number-resume": ("POST", {"range_id": "paused_range"}, {}, HEAD),
    "number-reconcile": (
        "POST",
        {"range_id": "paused_range"},
        {"first": "ZZ00000000", "last": "ZZ00000003", "reason": "自備份還原"},
        HEAD,
    ),
    "number-take": ("POST", {"register_id": "free_register", "which": "=current"}, {}, HEAD),
    "invoices": ("GET", {}, None, VIEWERS),
    "invoice-export": ("GET", {"kind": "=xlsx"}, None, VIEWERS),
    "invoice": ("GET", {"invoice_id": "invoice"}, None, OWN),
    "invoice-void": ("POST", {"invoice_id": "invoice"}, {"reason": "打錯金額"}, HEAD),
    "invoice-proof": ("GET", {"invoice_id": "invoice"}, None, OWN),
    "invoice-xml": ("GET", {"invoice_id": "invoice", "message": "=F0401"}, None, OWN),
    "transmissions": ("GET", {}, None, VIEWERS),
    "transmission-export": ("GET", {"kind": "=csv"}, None, VIEWERS),
    "transmission": ("GET", {"transmission_id": "waiting"}, None, OWN),
    "transmission-now": ("POST", {"transmission_id": "waiting"}, {}, HEAD),
    "transmission-decide": (
        "POST",
        {"transmission_id": "parked", "decision": "=again"},
        {"reason": "已查過"},
        HEAD,
    ),
    "transmission-resume": ("POST", {"account_id": "account"}, {}, OWN),
    "orders": ("GET", {}, None, VIEWERS),
    "order-export": ("GET", {"kind": "=csv"}, None, VIEWERS),
    "order": ("GET", {"order_id": "order"}, None, OWN),
    "order-handwritten": ("POST", {"order_id": "bare_order"}, {"number": "YY12345678"}, HEAD),
    "centres": ("GET", {}, None, frozenset({OWNER, MANAGER, OTHER})),
    "centre-new": ("GET", {}, None, frozenset({OWNER, MANAGER, OTHER})),
    "centre-test": ("POST", {"account_id": "folder_account"}, {}, SETTINGS),
    "centre": (
        "POST",
        {"centre": "=mirle", "kind": "=register", "owner_id": "register"},
        {"base_url": "https://new.example/", "posid": "2", "channel_key": ""},
        SETTINGS,
    ),
}
