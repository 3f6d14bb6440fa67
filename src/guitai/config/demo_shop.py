"""The shop of the demo: small, but with everything a real one has."""

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from guitai.catalog import services as catalog
from guitai.catalog.rules import ProductDraft
from guitai.invoicing.ports import Which
from guitai.invoicing.services import accounts
from guitai.invoicing.services import numbers as centre_numbers
from guitai.kernel import clock, scope
from guitai.kernel.audit import SYSTEM
from guitai.numbering import services as numbering
from guitai.numbering.services import OwnerRef
from guitai.tenancy import services as tenancy
from guitai.tenancy.models import Account, BusinessEntity, Merchant, Register, Staff, Store
from guitai.tenancy.rules import Member
from twinvoice.period import Period

NAME = "好日子商行（示範）"
BAN = "12345675"
QR_KEY = "FE05F029154F6AA67A78B338ED2F6601"  # mof.md §3.7's published vector: a demo key, no secret
PASSWORD = "guitai-demo-2026"
OWNER, MANAGER, ACCOUNTANT = "owner@example.com", "manager@example.com", "accountant@example.com"
MANAGER_PIN, CLERK_PIN = "246810", "135790"
CHANNEL_KEY = "00112233445566778899"

PRODUCTS = (
    ("A001", "4710088410016", "美式咖啡（大）", 65, "1"),
    ("A002", "4710088410023", "拿鐵咖啡（中）", 80, "1"),
    ("A003", "4710088410030", "鮮奶茶", 60, "1"),
    ("B001", "4710088420015", "肉桂捲", 55, "1"),
    ("B002", "4710088420022", "可頌麵包", 48, "1"),
    ("B003", "4710088420039", "紅豆吐司", 75, "1"),
    ("C001", "4710088430014", "濾掛咖啡禮盒 10 入", 420, "1"),
    ("C002", "4710088430021", "手沖壺", 1280, "1"),
    ("C003", "4710088430038", "隨行杯 350ml", 590, "1"),
    ("D001", "4710088440013", "台東池上米 2 公斤", 260, "3"),
    ("D002", "4710088440020", "鳳梨（顆）", 90, "3"),
    ("E001", "4710088450012", "環保提袋", 39, "1"),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """What the demo needs to know of the shop it made or found."""

    merchant_id: UUID
    owner: Member
    entity_id: UUID
    turnkey_register: UUID
    mirle_register: UUID
    clerk_id: UUID


def ensure(sandbox: str) -> Shop:
    """The demo shop, made now or found from last time; ``sandbox`` is its address."""
    found = _find()
    shop = found or _make(sandbox)
    with scope.tenant(shop.merchant_id):
        _numbers(shop)
    return shop


def _find() -> Shop | None:
    merchant = Merchant.objects.filter(name=NAME).first()
    if merchant is None:
        return None
    with scope.tenant(merchant.id):
        from guitai.tenancy import queries

        owner = queries.as_member(Staff.objects.get(role="owner"))
        registers = {row.code: row.id for row in Register.objects.all()}
        return Shop(
            merchant.id,
            owner,
            BusinessEntity.objects.get(ban=BAN).id,
            registers["01"],
            registers["02"],
            Staff.objects.get(role="clerk").id,
        )


def _make(sandbox: str) -> Shop:
    owner = tenancy.create_merchant_with_owner(NAME, OWNER, PASSWORD, owner_name="王老闆")
    if not Account.objects.filter(email="operator@example.com").exists():
        tenancy.create_operator("operator@example.com", PASSWORD, name="平台營運")
    with scope.tenant(owner.merchant_id):
        entity = tenancy.add_entity(
            owner,
            ban=BAN,
            name="好日子商行",
            address="臺北市信義區市府路 1 號",
            telephone="02-2720-0000",
            qr_key=QR_KEY,
        )
        store = tenancy.add_store(
            owner, entity_id=entity.id, code="001", name="信義門市", address=entity.address
        )
        first, second = (
            tenancy.add_register(
                owner, store_id=store.id, code=code, name=name, printer_profile="virtual"
            )
            for code, name in (("01", "前台一號機"), ("02", "前台二號機"))
        )
        clerk = _people(owner, store.id)
        shop = Shop(owner.merchant_id, owner, entity.id, first.id, second.id, clerk)
        _centres(shop, sandbox)
        add_products(owner)
    return shop


def add_products(owner: Member) -> None:
    for sku, barcode, name, price, tax_type in PRODUCTS:
        draft = ProductDraft(sku=sku, barcode=barcode, name=name, price=price, tax_type=tax_type)
        catalog.add_product(owner, draft)


def _people(owner: Member, store_id: UUID) -> UUID:
    tenancy.add_staff(
        owner,
        name="陳店長",
        role="store_manager",
        store_id=store_id,
        email=MANAGER,
        password=PASSWORD,
        pin=MANAGER_PIN,
    )
    tenancy.add_staff(owner, name="張會計", role="accountant", email=ACCOUNTANT, password=PASSWORD)
    clerk = tenancy.add_staff(owner, name="林小芳", role="clerk", store_id=store_id, pin=CLERK_PIN)
    return clerk.id


def _centres(shop: Shop, sandbox: str) -> None:
    """Register 01 goes out through the Turnkey folder, register 02 through Mirle."""
    accounts.save(centre="turnkey", entity_id=shop.entity_id, register_id=None, actor=SYSTEM)
    connect(shop, shop.turnkey_register, "turnkey", sandbox)
    connect(shop, shop.mirle_register, "mirle", sandbox, posid="2")


def connect(shop: Shop, register: UUID, centre: str, sandbox: str, *, posid: str = "") -> None:
    """The register's invoice settings, and its account at Mirle where that is its centre."""
    settings = tenancy.InvoiceSettings(
        centre=centre,
        auto_issue=True,
        auto_print=True,
        print_detail=False,
    )
    tenancy.update_invoice_settings(shop.owner, register, settings)
    if centre == "mirle":
        accounts.save(
            centre="mirle",
            entity_id=shop.entity_id,
            register_id=register,
            actor=SYSTEM,
            base_url=sandbox,
            posid=posid,
            channel_key=CHANNEL_KEY,
            allow_plain_http=True,
        )


def _numbers(shop: Shop) -> None:
    """This and the next period: by the platform's file for register 01, by the centre for 02."""
    today = Period.of(clock.today())
    for period, track in ((today, "GT"), (today.next(), "GU")):
        data = allocation_csv(BAN, period, track, 0, 999)
        if numbering.import_allocation(data, f"{period.code7}.csv", SYSTEM).added:
            numbering.distribute_by_hand(
                shop.entity_id,
                period.code,
                {OwnerRef.register(shop.turnkey_register): 10},
                SYSTEM,
            )


def allocation_csv(ban: str, period: Period, track: str, begin: int, end: int) -> bytes:
    """The platform's file as it is downloaded (mof.md §4), in Big5."""
    roc, odd, even = period.code7[:3], period.code7[3:5], period.code7[5:]
    head = "營業人統編,發票類別代號,發票類別,發票期別,發票字軌名稱,發票起號,發票迄號"
    row = f"{ban},07,一般稅額計算,{roc}/{odd} ~ {roc}/{even},{track},{begin:08d},{end:08d}"
    return f"{head}\r\n{row}\r\n".encode("cp950")


def prepare_sandbox(sandbox: str) -> None:
    """Tells the sandbox which seller and which numbers exist on its side of the wire."""
    add_machine(sandbox, "2")
    today = Period.of(clock.today())
    for period, own, centres in ((today, "GT", "MR"), (today.next(), "GU", "MS")):
        allot(sandbox, period, own, 999, face="turnkey")
        allot(sandbox, period, centres, 4999, face="mirle")


def add_machine(sandbox: str, posid: str) -> None:
    machines = [{"posid": posid, "possn": CHANNEL_KEY}]
    _tell(sandbox, "sellers", {"ban": BAN, "name": "好日子商行", "machines": machines})


def allot(sandbox: str, period: Period, track: str, last: int, *, face: str) -> None:
    """Numbers 0 to ``last`` of the track exist for the demo's seller, on one face."""
    body = {"seller": BAN, "period": period.code, "track": track, "begin": f"{0:08d}"}
    _tell(sandbox, "ranges", body | {"end": f"{last:08d}", "face": face})


def _tell(sandbox: str, path: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{sandbox}/_sandbox/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def store_id() -> UUID:
    """The demo's one store; inside its tenant scope."""
    found: UUID = Store.objects.get(code="001").id
    return found


def add_register(shop: Shop, store: UUID, code: str, centre: str, sandbox: str) -> UUID:
    """One more register, connected to its centre."""
    row = tenancy.add_register(shop.owner, store_id=store, code=code, name=f"前台 {code} 機")
    connect(shop, row.id, centre, sandbox, posid=str(int(code)))
    return row.id


def take_from_centre(shop: Shop, register: UUID, wanted: int) -> None:
    """Takes numbers of this period from the register's centre until ``wanted`` are there."""
    taken = 0
    while taken < wanted:
        got = centre_numbers.take_numbers(register, Which.CURRENT, actor=SYSTEM, now=clock.now())
        taken += got.count


def receipts(folder: Path) -> list[Path]:
    """The pictures that the virtual printer has drawn, oldest first."""
    return sorted(folder.glob("*.png"))
