"""A small shop for tests: made by the services themselves, so that it is a lawful one."""

from dataclasses import dataclass, field
from itertools import count

from guitai.kernel import scope
from guitai.tenancy import queries, services
from guitai.tenancy.models import BusinessEntity, Register, Staff, Store
from guitai.tenancy.rules import Member, Role

PASSWORD = "correct-horse-9"
PIN = "2468"
BANS = ("12345675", "04595257", "10458575", "22099131")
_serial = count(1)


@dataclass
class Shop:
    owner: Member
    entity: BusinessEntity
    store: Store
    other_store: Store
    register: Register
    other_register: Register
    people: dict[str, Staff] = field(default_factory=dict)

    @property
    def merchant_id(self):
        return self.owner.merchant_id

    def member(self, key: str) -> Member:
        """The rights of ``key`` (a role's value, or ``other_manager``) as they are now."""
        with scope.tenant(self.merchant_id):
            return queries.as_member(Staff.objects.get(id=self.people[key].id))

    def email(self, key: str) -> str:
        with scope.tenant(self.merchant_id):
            return queries.emails([self.people[key]])[self.people[key].id]


def a_shop(name: str = "小城咖啡", ban: str = BANS[0]) -> Shop:
    """Two stores with a register each and one person of every role, with PINs for the till."""
    mark = next(_serial)
    owner = services.create_merchant_with_owner(
        name, f"owner{mark}@example.com", PASSWORD, owner_name="王大業"
    )
    with scope.tenant(owner.merchant_id):
        entity = services.add_entity(
            owner, ban=ban, name=f"{name}有限公司", address="臺北市中正區重慶南路1段122號"
        )
        store = services.add_store(owner, entity_id=entity.id, code="A01", name="中正店")
        other = services.add_store(owner, entity_id=entity.id, code="B02", name="信義店")
        shop = Shop(
            owner,
            entity,
            store,
            other,
            services.add_register(owner, store_id=store.id, code="1", name="一號機"),
            services.add_register(owner, store_id=other.id, code="1", name="信義一號機"),
        )
        shop.people["owner"] = Staff.objects.get(id=owner.staff_id)
        for role, place in _CREW:
            key = "other_manager" if place == "other" else role.value
            shop.people[key] = services.add_staff(
                owner,
                name=f"{key}",
                role=role.value,
                store_id={"own": store.id, "other": other.id, "": None}[place],
                email=f"{key}{mark}@example.com",
                password=PASSWORD,
                pin=PIN if place else "",
            )
    return shop


_CREW = (
    (Role.CO_MANAGER, ""),
    (Role.ACCOUNTANT, ""),
    (Role.STORE_MANAGER, "own"),
    (Role.STORE_MANAGER, "other"),
    (Role.CLERK, "own"),
    (Role.ETICKET_CLERK, "own"),
)
