"""A small shop for tests: merchant, seller, store, registers, numbers."""

from dataclasses import dataclass, field
from uuid import UUID

from guitai.kernel import ids, scope
from guitai.kernel.audit import Actor
from guitai.numbering import services
from guitai.numbering.services import OwnerRef
from guitai.tenancy.models import BusinessEntity, Merchant, Register, Store

BOSS = Actor(kind="person", name="王店長")
BAN = "04595257"
OTHER_BAN = "12345675"
HEADER = "營業人統編,發票類別代號,發票類別,發票期別,發票字軌名稱,發票起號,發票迄號"


def csv_of(*rows: str) -> bytes:
    """The platform's file: Big5, CR LF."""
    return "\r\n".join([HEADER, *rows, ""]).encode("cp950")


def csv_row(
    begin: int, end: int, *, ban: str = BAN, track: str = "AB", months: str = "115/11 ~ 115/12"
):
    return f"{ban},7,一般稅額計算,{months},{track},{begin:08d},{end:08d}"


@dataclass
class Shop:
    merchant: UUID
    entity: BusinessEntity
    store: Store
    registers: list[Register] = field(default_factory=list)

    def tenant(self):
        return scope.tenant(self.merchant)

    @property
    def register(self) -> Register:
        return self.registers[0]


def make_shop(
    *, registers: int = 1, ban: str = BAN, name: str = "巷口咖啡", centre: str = "turnkey"
) -> Shop:
    merchant = Merchant.objects.create(name=name)
    with scope.tenant(merchant.id):
        entity = BusinessEntity.objects.create(
            ban=ban,
            name="巷口咖啡有限公司",
            address="臺北市中正區重慶南路一段122號",
            qr_key="0123456789ABCDEF0123456789ABCDEF",
        )
        store = Store.objects.create(entity_id=entity.id, code="S1", name="重慶店")
        made = [
            Register.objects.create(
                store_id=store.id, code=f"A{index + 1:02d}", name=f"收銀{index + 1}", centre=centre
            )
            for index in range(registers)
        ]
    return Shop(merchant.id, entity, store, made)


def import_numbers(shop: Shop, *rows: str) -> services.ImportResult:
    with shop.tenant():
        return services.import_allocation(csv_of(*rows), "字軌.csv", BOSS)


def give_evenly(shop: Shop, period: str = "11512"):
    with shop.tenant():
        owners = [OwnerRef.register(register.id) for register in shop.registers]
        return services.distribute_evenly(shop.entity.id, period, owners, BOSS)


def new_id() -> UUID:
    return ids.new_id()
