"""A counter behind the desk for tests: numbers, sales, sendings in every state, accounts."""

from dataclasses import dataclass
from uuid import UUID

from guitai.invoicing.models import CentreAccount, Transmission
from guitai.invoicing.rules import TransmissionState
from guitai.kernel import clock, scope
from guitai.kernel.testing import taipei
from guitai.numbering.models import Range
from guitai.numbering.tests.shop import Shop as NumberShop
from guitai.numbering.tests.shop import csv_row, give_evenly, import_numbers
from guitai.orders.rules import Choice, InvoiceChoiceKind
from guitai.orders.tests.till import NOON, Till, make_till
from guitai.tenancy.models import BusinessEntity

CARRIER = "/TRM+O+P"
KEY = "00112233445566778899"
PERIOD = "11512"
LATER = taipei(2027, 1, 5, 0, 0, 0)
"""The first moment after the void window of 115年11-12月期 (B.7.2)."""


@dataclass
class Counter:
    """A shop of ``tenancy.tests.shops`` that sells; all at noon of 2026-11-21."""

    merchant: UUID
    till: Till
    account: CentreAccount

    def tenant(self):
        return scope.tenant(self.merchant)

    def sell(self, kind=InvoiceChoiceKind.PAPER, *, now=NOON, **choice):
        """(order id, invoice id) of one sale of a latte."""
        lines = (self.till.line("拿鐵"), self.till.line("麵包", "2"))
        answer = self.till.sell(self.till.sale(*lines, choice=Choice(kind, **choice)), now)
        made = answer["invoice"]
        return UUID(answer["order"]["id"]), UUID(made["id"]) if made and made["id"] else None

    def sending(self, invoice_id) -> Transmission:
        with self.tenant():
            return Transmission.objects.get(subject_id=invoice_id)

    def put(self, invoice_id, state: TransmissionState, **more) -> UUID:
        """Moves the invoice's transmission to a state, as an answer of the centre would."""
        with self.tenant():
            Transmission.objects.filter(subject_id=invoice_id).update(state=state, **more)
        return self.sending(invoice_id).id

    def ranges(self) -> list[Range]:
        with self.tenant():
            return list(Range.objects.order_by("begin_no"))


def open_counter(shop, *, books: int = 4, centre: str = "mirle") -> Counter:
    """Gives the shop's register a centre, an account, a QR key, numbers, products and a clerk."""
    with scope.tenant(shop.merchant_id), clock.moved(NOON):
        BusinessEntity.objects.filter(id=shop.entity.id).update(
            qr_key="0123456789ABCDEF0123456789ABCDEF"
        )
        shop.register.centre = centre
        shop.register.save(update_fields=["centre"])
        account = CentreAccount.objects.create(
            centre=centre,
            entity_id=shop.entity.id,
            register_id=shop.register.id,
            seller_ban=shop.entity.ban,
            base_url="https://centre.example/",
            posid="1",
            channel_key=KEY,
        )
        whole = NumberShop(shop.merchant_id, shop.entity, shop.store, [shop.register])
        import_numbers(whole, csv_row(0, books * 50 - 1, ban=shop.entity.ban))
        give_evenly(whole, PERIOD)
    return Counter(shop.merchant_id, make_till(whole), account)
