"""A page for tests: speaks to /api/till/ as the till's page does."""

import json
from typing import Any

from django.test import Client

from guitai.kernel import clock
from guitai.orders.tests.till import Till

BASE = "/api/till/"


class Page:
    """``token`` travels as the cookie, ``session`` as the header; empty ones are left out."""

    def __init__(self, token: str = "", session: object = "", *, mark: bool = True) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if token:
            self.client.cookies["guitai_till"] = token
        self.headers = {"X-Guitai-Till": "1"} if mark else {}
        if session:
            self.headers["X-Guitai-Session"] = str(session)

    @classmethod
    def of(cls, till: Till) -> "Page":
        return cls(till.token, till.session.id)

    def send(self, method: str, path: str, body: Any = None, **headers: str | None):
        """Tells its clock as the till's page does; a header that is ``None`` is left out."""
        told = {"X-Guitai-Clock": clock.now().isoformat(), **self.headers, **headers}
        given = {"headers": {name: value for name, value in told.items() if value is not None}}
        if body is not None:
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            given |= {"data": text, "content_type": "application/json"}
        return self.client.generic(method, BASE + path, **given)

    def get(self, path: str, **headers: str):
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None):
        return self.send("POST", path, {} if body is None else body)


def sale_body(till: Till, *, name: str = "拿鐵", **more: Any) -> dict[str, Any]:
    from guitai.kernel import ids

    product = till.products[name]
    line = {
        "id": str(ids.new_id()),
        "product_id": str(product.id),
        "name": name,
        "quantity": "1",
        "unit_price": product.price,
        "discount": 0,
        "tax_type": product.tax_type,
    }
    return {
        "id": str(ids.new_id()),
        "started_at": "2026-11-21T12:00:00+08:00",
        "lines": [line],
        "order_discount": 0,
        "tenders": [{"method": "cash", "amount": product.price, "received": 200}],
        "invoice": {"kind": "paper", "print": True},
        "total": product.price,
        **more,
    }
