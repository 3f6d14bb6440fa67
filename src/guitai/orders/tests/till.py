"""A till for tests: a shop with a bound register, a signed-in clerk, products and numbers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from guitai.catalog.models import Product
from guitai.kernel import clock, ids
from guitai.kernel.testing import taipei
from guitai.numbering.tests.shop import Shop, csv_row, give_evenly, import_numbers, make_shop
from guitai.orders import services
from guitai.orders.rules import Choice, InvoiceChoiceKind, Sale, SaleLine
from guitai.orders.services import Clerk, Credentials
from guitai.payments.rules import Method, Tender
from guitai.tenancy.models import Binding, Staff, TillSession
from guitai.tenancy.rules import ROLE_PERMISSIONS, Role, hash_of, join_token

NOON = taipei(2026, 11, 21)
PAPER = Choice(InvoiceChoiceKind.PAPER)
EVERYTHING = sorted(p.value for p in ROLE_PERMISSIONS[Role.STORE_MANAGER])


@dataclass
class Till:
    """One register as its clerk sees it."""

    shop: Shop
    register: object
    session: TillSession
    secret: str
    products: dict[str, Product] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return join_token(self.shop.merchant, self.secret)

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.shop.merchant, hash_of(self.secret), self.session.id)

    @property
    def clerk(self) -> Clerk:
        from guitai.tenancy.models import Register

        with self.shop.tenant():
            register = Register.objects.select_related("store__entity").get(id=self.register.id)
        return Clerk(register, self.session)

    def line(self, name: str, quantity: str = "1", **more) -> SaleLine:
        product = self.products[name]
        given = {"unit_price": product.price, "tax_type": product.tax_type, **more}
        return SaleLine(name, Decimal(quantity), product_id=product.id, **given)

    def sale(self, *lines: SaleLine, choice: Choice = PAPER, **more) -> Sale:
        lines = lines or (self.line("拿鐵"),)
        due = sum(line.amount - line.discount for line in lines) - more.get("order_discount", 0)
        tenders = (Tender(Method.CASH, due, due + 100),) if due else ()
        given = {"tenders": tenders, "total": due, "started_at": NOON, "id": ids.new_id(), **more}
        return Sale(lines=tuple(lines), invoice=choice, **given)

    def sell(self, sale: Sale | None = None, now: datetime = NOON, body: bytes = b"x" * 32):
        with clock.moved(now):
            return msgspec.json.decode(
                services.complete_sale(self.credentials, sale or self.sale(), body, now)
            )


def make_till(
    shop: Shop | None = None, index: int = 0, *, permissions=None, books: int = 2
) -> Till:
    if shop is None:
        shop = make_shop()
        with clock.moved(NOON):
            import_numbers(shop, csv_row(0, books * 50 - 1))
            give_evenly(shop)
    register = shop.registers[index]
    secret = f"secret-of-{register.id}"
    with shop.tenant(), clock.moved(NOON):
        Binding.objects.create(
            register_id=register.id, device_name="櫃台電腦", token_hash=hash_of(secret)
        )
        clerk = Staff.objects.create(name=f"店員{index}", role="clerk", store_id=shop.store.id)
        session = TillSession.objects.create(
            register_id=register.id,
            staff_id=clerk.id,
            staff_name=clerk.name,
            permissions=EVERYTHING if permissions is None else permissions,
        )
        products = {product.name: product for product in Product.objects.all()} or _products()
    return Till(shop, register, session, secret, products)


def _products() -> dict[str, Product]:
    rows = [("拿鐵", 120, "1"), ("麵包", 35, "1"), ("鮮奶", 90, "3"), ("贈品", 0, "1")]
    made = [
        Product.objects.create(sku=f"P{i}", name=name, price=price, tax_type=kind)
        for i, (name, price, kind) in enumerate(rows)
    ]
    made.append(
        Product.objects.create(
            sku="Z1", name="外銷茶", price=500, tax_type="2", zero_tax_reason="71", customs_mark="2"
        )
    )
    return {product.name: product for product in made}


def new_id() -> UUID:
    return ids.new_id()
