"""Forms of products and their files."""

from datetime import datetime
from typing import Any

from django import forms

from guitai.backoffice.forms.base import DeskForm, amount, choice, line, switch
from guitai.catalog.models import Product
from guitai.catalog.rules import (
    COLUMNS,
    CUSTOMS_MARKS,
    DRAFT_FIELDS,
    LIMITS,
    TAX_TYPE_NAMES,
    ZERO_TAX_REASONS,
    ProductDraft,
    faults_of,
    price_of,
    tidied,
)


class ProductForm(DeskForm):
    sku = line(COLUMNS["sku"], limit=LIMITS["sku"], needed=True)
    name = line(
        COLUMNS["name"],
        limit=LIMITS["name"],
        needed=True,
        hint="不能有表情符號與特殊符號，否則訂單與發票會失敗。",
    )
    price = amount(COLUMNS["price"], needed=True, hint="新臺幣整數。")
    tax_type = choice(COLUMNS["tax_type"], [(t.value, n) for t, n in TAX_TYPE_NAMES.items()])
    barcode = line(COLUMNS["barcode"], limit=LIMITS["barcode"], hint="可直接用掃描槍輸入。")
    unit = line(COLUMNS["unit"], limit=LIMITS["unit"], hint="例如：杯、份、公斤。")
    zero_tax_reason = choice(
        COLUMNS["zero_tax_reason"],
        [("", "（不是零稅率）"), *((c, f"{c} {n}") for c, n in ZERO_TAX_REASONS.items())],
        hint="零稅率的商品必填。",
    )
    customs_mark = choice(
        COLUMNS["customs_mark"],
        [("", "（不是零稅率）"), *((c, f"{c} {n}") for c, n in CUSTOMS_MARKS.items())],
        hint="零稅率的商品必填。",
    )
    active = switch("販售中", hint="取消勾選後，收銀台不再出現。")
    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_price(self) -> int:
        try:
            return price_of(self.cleaned_data["price"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_seen_at(self) -> datetime | None:
        """When the row was read; somebody else's change since then is told, not overwritten."""
        typed = self.cleaned_data["seen_at"]
        try:
            return datetime.fromisoformat(typed) if typed else None
        except ValueError as error:
            raise forms.ValidationError("頁面已過期，請重新整理。") from error

    def clean(self) -> dict[str, Any]:
        """Every fault at once: a wrong price must not hide a wrong name until the next try."""
        values = {"price": 0, **self.cleaned_data}
        if all(field in values for field in DRAFT_FIELDS):
            draft = ProductDraft(**{field: values[field] for field in DRAFT_FIELDS})
            for fault in faults_of(tidied(draft)):
                self.add_error(fault.field, fault.sentence)
        return self.cleaned_data

    def draft(self) -> ProductDraft:
        return ProductDraft(**{field: self.cleaned_data[field] for field in DRAFT_FIELDS})

    @classmethod
    def of(cls, product: Product, data: Any = None) -> "ProductForm":
        initial = {field: getattr(product, field) for field in DRAFT_FIELDS}
        return cls(data, initial={**initial, "seen_at": product.updated_at.isoformat()})


class UploadForm(DeskForm):
    file = forms.FileField(
        label="檔案",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx", "required": True}),
        help_text="Excel（.xlsx）或 CSV（UTF-8、Big5 都可以），最多 20,000 列、5 MB。",
    )

    def clean_file(self) -> Any:
        found = self.cleaned_data.get("file")
        if not found:
            raise forms.ValidationError("請選擇檔案。")
        return found
