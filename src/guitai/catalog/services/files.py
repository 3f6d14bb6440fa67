"""Products in and out of files: template, export, preview, import. All or nothing."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from guitai.catalog import queries
from guitai.catalog.errors import FieldFault, HeaderWrong, ImportGone, ImportHasFaults
from guitai.catalog.models import Product, ProductImport
from guitai.catalog.rules import (
    COLUMNS,
    CUSTOMS_MARKS,
    DRAFT_FIELDS,
    REQUIRED_COLUMNS,
    TAX_TYPE_NAMES,
    ZERO_TAX_REASONS,
    ProductDraft,
    TaxType,
    active_of,
    code_of,
    faults_of,
    half_width,
    price_of,
    tax_type_of,
    tidied,
)
from guitai.catalog.services import tables
from guitai.catalog.services.products import (
    actor_of,
    barcode_taken,
    next_version,
)
from guitai.kernel import audit, clock, ids, scope, text
from guitai.kernel.models import AuditEntry
from guitai.tenancy.rules import Member, Permission

BATCH = 1_000
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RowFault:
    """One mistake: where it is in the file, what stands there, and what to do."""

    row: int
    column: str
    value: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one row will do: ``before`` is empty for a new product."""

    row: int
    draft: ProductDraft
    product_id: UUID | None
    before: dict[str, object]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do. Nothing is applied while ``faults`` is not empty."""

    total: int
    new: list[Change]
    changed: list[Change]
    unchanged: int
    faults: list[RowFault]


def _columns_of(header: list[str]) -> list[str]:
    """The field of each column; the header may use our labels, the field names, or old labels."""
    known = {_plain(label): field for field, label in COLUMNS.items()}
    known |= {field: field for field in COLUMNS}
    known |= {"售價": "price", "含稅售價": "price", "sku編號": "sku", "品名": "name"}
    known |= {"商品稅別": "tax_type", "國際條碼": "barcode"}
    found = []
    for title in header:
        field = known.get(_plain(title))
        if field is None:
            raise HeaderWrong(field="file", detail=f"不認得「{title[:40]}」這一欄。")
        if field in found:
            raise HeaderWrong(field="file", detail=f"「{title[:40]}」出現了兩次。")
        found.append(field)
    missing = [COLUMNS[field] for field in REQUIRED_COLUMNS if field not in found]
    if missing:
        raise HeaderWrong(field="file", detail=f"缺少{'、'.join(missing)}。")
    return found


def _plain(title: str) -> str:
    """Titles are compared without brackets, blanks and width."""
    folded = half_width(title).lower()
    return "".join(c for c in folded if c not in " ()\u3000*").removesuffix("含稅")


def preview(content: bytes, filename: str) -> Preview:
    """What the file would do to the catalogue as it is now; writes nothing."""
    table = tables.read(content, filename)
    columns = _columns_of(table.header)
    typed = [(row, _typed(columns, row)) for row in table.rows]
    existing = _existing({text.tidy(cells["sku"]) for _, cells in typed})
    plan = _Plan(existing)
    for row, cells in typed:
        plan.take(row, cells, len(columns))
    plan.refuse_foreign_barcodes()
    return plan.preview(len(table.rows))


def _typed(columns: list[str], row: tables.Row) -> dict[str, str]:
    cells = row.cells + [""] * (len(columns) - len(row.cells))
    return dict(zip(columns, cells, strict=False))


def _existing(skus: set[str]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    # Numbers that no product can have are not asked for; PostgreSQL refuses some of them outright.
    wanted = sorted(sku for sku in skus if sku and text.first_fault(sku) is None)
    for start in range(0, len(wanted), BATCH):
        rows = Product.objects.filter(sku__in=wanted[start : start + BATCH])
        found.update({product.sku: product for product in rows})
    return found


class _Plan:
    """Collects what the rows of one file ask for, and what is wrong with them."""

    def __init__(self, existing: dict[str, Product]) -> None:
        self.existing = existing
        self.new: list[Change] = []
        self.changed: list[Change] = []
        self.faults: list[RowFault] = []
        self.unchanged: list[Change] = []
        self._row_of_sku: dict[str, int] = {}
        self._row_of_barcode: dict[str, int] = {}

    def take(self, row: tables.Row, cells: dict[str, str], width: int) -> None:
        if len(row.cells) > width:
            sentence = (
                f"這一列有 {len(row.cells)} 格，標題只有 {width} 格；可能是內容裡的逗號沒有加引號。"
            )
            self.faults.append(RowFault(row.number, "", "", "CAT-ROW-WIDTH", sentence))
            return
        product = self.existing.get(text.tidy(cells["sku"]))
        draft, unread = _draft(cells, product)
        faults = unread + _further(draft, {fault.field for fault in unread})
        faults = faults + self._repeated(row.number, draft)
        for fault in faults:
            value = _shown(cells.get(fault.field, ""))
            label = COLUMNS[fault.field]
            self.faults.append(RowFault(row.number, label, value, fault.code, fault.sentence))
        if not faults:
            self._sort(row.number, draft, product)

    def _repeated(self, number: int, draft: ProductDraft) -> list[FieldFault]:
        found = []
        for field, seen in (("sku", self._row_of_sku), ("barcode", self._row_of_barcode)):
            value = getattr(draft, field)
            if not value:
                continue
            first = seen.setdefault(value, number)
            if first != number:
                sentence = f"{COLUMNS[field]}「{value}」與第 {first} 列重複。"
                found.append(FieldFault("CAT-ROW-TWICE", field, sentence))
        return found

    def _sort(self, number: int, draft: ProductDraft, product: Product | None) -> None:
        if product is None:
            self.new.append(Change(number, draft, None, {}))
            return
        now = asdict(draft)
        before = {f: getattr(product, f) for f in DRAFT_FIELDS if getattr(product, f) != now[f]}
        change = Change(number, draft, product.id, before)
        (self.changed if before else self.unchanged).append(change)

    def refuse_foreign_barcodes(self) -> None:
        """A barcode of a product that the file does not touch, or leaves with that barcode."""
        changes = self.new + self.changed
        wanted = {c.draft.barcode: c for c in changes if c.draft.barcode}
        freed = {c.product_id for c in self.changed if "barcode" in c.before}
        for holder in _holders(list(wanted)):
            change = wanted[holder.barcode]
            if holder.id != change.product_id and holder.id not in freed:
                fault = barcode_taken(holder.barcode, by=holder.name)
                self.faults.append(
                    RowFault(
                        change.row, COLUMNS["barcode"], holder.barcode, fault.code, fault.sentence
                    )
                )

    def preview(self, total: int) -> Preview:
        places = ["", *COLUMNS.values()]
        faults = sorted(self.faults, key=lambda fault: (fault.row, places.index(fault.column)))
        return Preview(total, self.new, self.changed, len(self.unchanged), faults)


def _holders(barcodes: list[str]) -> Iterator[Product]:
    for start in range(0, len(barcodes), BATCH):
        yield from Product.objects.filter(barcode__in=barcodes[start : start + BATCH])


def _further(draft: ProductDraft, unread: set[str]) -> list[FieldFault]:
    """What else is wrong with the row, so that it need not be mended fault by fault.

    Of cells that could not be read nothing more is said, nor of what depends on them.
    """
    if "tax_type" in unread:
        unread = unread | {"zero_tax_reason", "customs_mark"}
    return [fault for fault in faults_of(draft) if fault.field not in unread]


def _draft(cells: dict[str, str], product: Product | None) -> tuple[ProductDraft, list[FieldFault]]:
    """The row as a draft, without the cells that cannot be read.

    Columns that the file lacks keep what the product has.
    """
    base = ProductDraft(sku="", name="", price=0)
    if product is not None:
        base = ProductDraft(**{field: getattr(product, field) for field in DRAFT_FIELDS})
    values: dict[str, object] = {}
    faults = []
    for field, typed in cells.items():
        try:
            values[field] = _value(field, typed)
        except ValueError as error:
            faults.append(FieldFault(_CODES.get(field, "CAT-CELL"), field, str(error)))
    return tidied(replace(base, **values)), faults  # type: ignore[arg-type]  # fields of the draft


_CODES = {"price": "CAT-PRICE", "active": "CAT-ACTIVE"}


def _value(field: str, typed: str) -> object:
    if typed == tables.FORMULA:
        raise ValueError(f"{COLUMNS[field]}是公式，請貼上「值」再匯入。")
    if typed == tables.DATE:
        raise ValueError(f"{COLUMNS[field]}被試算表改成了日期，請把該欄設為「文字」後重新輸入。")
    match field:
        case "price":
            return price_of(typed)
        case "tax_type":
            return tax_type_of(typed)
        case "active":
            return active_of(typed)
        case "zero_tax_reason":
            return code_of(typed, ZERO_TAX_REASONS)
        case "customs_mark":
            return code_of(typed, CUSTOMS_MARKS)
        case _:
            return typed


def _shown(typed: str) -> str:
    return "" if typed in {tables.FORMULA, tables.DATE} else typed[:60]


def upload(member: Member, content: bytes, filename: str) -> ProductImport:
    """Keeps a readable file for the look before the import; it replaces the person's last one."""
    member.require(Permission.MANAGE_PRODUCTS)
    _columns_of(tables.read(content, filename).header)
    with transaction.atomic():
        ProductImport.objects.filter(applied_at=None, uploaded_by=member.staff_id).delete()
        ProductImport.objects.filter(uploaded_at__lt=clock.now() - KEPT).delete()
        return ProductImport.objects.create(
            filename=filename[-200:], content=content, uploaded_by=member.staff_id
        )


def apply(member: Member, import_id: UUID) -> Preview:
    """Imports a waiting file: every row of it, or none (``ImportHasFaults``).

    The file is judged once more under the catalogue's lock, because the catalogue may have
    changed since the preview. Raises ``ImportGone`` where it was applied already.
    """
    member.require(Permission.MANAGE_PRODUCTS)
    with transaction.atomic():
        next_version()
        waiting = (
            ProductImport.objects.select_for_update().filter(id=import_id, applied_at=None).first()
        )
        if waiting is None or waiting.uploaded_by != member.staff_id:
            raise ImportGone
        plan = preview(bytes(waiting.content), waiting.filename)
        if plan.faults:
            raise ImportHasFaults(count=len(plan.faults))
        _write(member, plan)
        waiting.applied_at, waiting.content = clock.now(), b""
        waiting.save(update_fields=["applied_at", "content"])
        audit.record(
            actor_of(member),
            "product.import",
            waiting,
            after={"file": waiting.filename, "new": len(plan.new), "changed": len(plan.changed)},
        )
    return plan


def _write(member: Member, plan: Preview) -> None:
    now = clock.now()
    rebarcoded = [c.product_id for c in plan.changed if "barcode" in c.before]
    for start in range(0, len(rebarcoded), BATCH):
        # Two products may swap barcodes: all are let go before any is taken.
        Product.objects.filter(id__in=rebarcoded[start : start + BATCH]).update(barcode="")
    rows = [
        Product(id=change.product_id or ids.new_id(), updated_at=now, **asdict(change.draft))
        for change in plan.new + plan.changed
    ]
    Product.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["merchant_id", "id"],
        update_fields=[*DRAFT_FIELDS, "updated_at"],
    )
    _audit(member, plan.new + plan.changed, rows)


def _audit(member: Member, changes: list[Change], rows: list[Product]) -> None:
    """One entry a product, written in batches; ``audit.record`` would take a round trip each."""
    actor = actor_of(member)
    entries = []
    for change, product in zip(changes, rows, strict=True):
        after = asdict(change.draft)
        if change.product_id:
            after = {field: after[field] for field in change.before}
        entries.append(
            AuditEntry(
                merchant_id=scope.current(),
                actor_kind=actor.kind,
                actor_id=actor.id,
                actor_name=actor.name,
                verb="product.change" if change.product_id else "product.add",
                subject_kind=Product._meta.label_lower,
                subject_id=product.id,
                before=change.before or None,
                after=after,
                reason="匯入",
            )
        )
    AuditEntry.objects.bulk_create(entries, batch_size=BATCH)


def export_rows() -> Iterator[list[str | int]]:
    """Every product of the merchant as the cells of one row, in the order of ``COLUMNS``."""
    for product in queries.products().iterator(chunk_size=2_000):
        yield [
            product.sku,
            product.name,
            product.price,
            TAX_TYPE_NAMES[TaxType(product.tax_type)],
            product.barcode,
            product.unit,
            product.zero_tax_reason,
            product.customs_mark,
            "是" if product.active else "否",
        ]


def export_csv() -> bytes:
    return tables.write_csv(list(COLUMNS.values()), export_rows())


def export_xlsx() -> bytes:
    return tables.write_xlsx(list(COLUMNS.values()), export_rows())


def template_csv() -> bytes:
    return tables.write_csv(list(COLUMNS.values()), [])


def template_xlsx() -> bytes:
    """The empty table, with a second sheet that explains the columns."""
    return tables.write_xlsx(list(COLUMNS.values()), [], notes=_NOTES)


_NOTES = [
    "商品編號、商品名稱、售價（含稅）必填；商品編號相同的商品會被更新，其餘新增。",
    "售價是含稅的新臺幣整數，不能有角分。",
    "稅別：應稅、零稅率、免稅；留空視為應稅。",
    "條碼：半形英數；請把整欄設為「文字」，否則試算表會吃掉前面的 0 或改成科學記號。",
    "單位最多 6 個字，例如：杯、份、公斤。",
    "零稅率原因：只有零稅率的商品才填。"
    + "；".join(f"{code} {name}" for code, name in ZERO_TAX_REASONS.items()),
    "通關方式：只有零稅率的商品才填。"
    + "；".join(f"{code} {name}" for code, name in CUSTOMS_MARKS.items()),
    "販售中：是、否；留空視為是。",
    "商品名稱不能有表情符號、特殊符號與控制字元，否則訂單與發票會失敗。",
    "檔案裡沒有的欄位，既有商品保持原值。整個檔案全部成功，或者一筆都不匯入。",
]
