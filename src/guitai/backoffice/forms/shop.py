"""Forms of business entities, stores and registers."""

from typing import Any

from django import forms

from guitai.backoffice.forms.base import DeskForm, amount, choice, line, secret, switch
from guitai.catalog.rules import price_of
from guitai.invoicing import registry
from guitai.tenancy.models import BusinessEntity, Register, Store
from guitai_agent import knowledge

PRINTER_PROFILES = (
    ("", "不列印（沒有發票機）"),
    *((name, profile.title) for name, profile in knowledge.profiles().items()),
)
"""The book of printers that the counter agent reads too (decision 0010)."""


class EntityForm(DeskForm):
    ban = line("統一編號", limit=8, needed=True, inputmode="numeric", hint="8 碼，登錄後不能更改。")
    name = line("營業人名稱", limit=60, needed=True, hint="須與稅籍登記相同，會印在發票上。")
    address = line("營業地址", limit=100, needed=True)
    person_in_charge = line("負責人", limit=30)
    telephone = line("電話", limit=26, inputmode="tel")
    email = line("電子郵件", limit=400, inputmode="email")
    head_ban = line("總公司統一編號", limit=8, inputmode="numeric", hint="分支機構才填。")
    qr_key = secret(
        "AES KEY",
        hint="財政部平台提供的 32 個十六進位字元，用來產生發票 QR Code；存檔後不再顯示。",
        autocomplete="off",
    )

    member_carrier_type = line(
        "會員載具類別號碼",
        limit=6,
        autocapitalize="characters",
        hint="財政部平台核發給本營業人（或所屬加值中心）的 6 碼，填了收銀台才會提供「會員載具」；"
        "沒有申請請留空。",
    )

    @classmethod
    def of(cls, entity: BusinessEntity, data: Any = None) -> "EntityForm":
        names = (
            "ban", "name", "address", "person_in_charge", "telephone", "email", "head_ban",
            "member_carrier_type",
        )  # fmt: skip
        form = cls(data, initial={name: getattr(entity, name) for name in names})
        form.fields["ban"].disabled = True
        key = form.fields["qr_key"]
        if entity.qr_key:
            key.help_text = "已設定。要更換才填；留空表示不變。"
        return form


class StoreForm(DeskForm):
    entity = choice("營業人", (), needed=True)
    code = line("門市代碼", limit=20, needed=True, hint="英文、數字、- 或 _；建立後不能更改。")
    name = line("門市名稱", limit=60, needed=True)
    address = line("門市地址", limit=100)
    telephone = line("電話", limit=26, inputmode="tel")

    def __init__(self, *args: Any, entities: list[BusinessEntity], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["entity"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(str(e.id), f"{e.ban} {e.name}") for e in entities]

    @classmethod
    def of(cls, store: Store, data: Any = None) -> "StoreForm":
        initial = {n: getattr(store, n) for n in ("code", "name", "address", "telephone")}
        form = cls(data, entities=[store.entity], initial={**initial, "entity": store.entity_id})
        form.fields["entity"].disabled = form.fields["code"].disabled = True
        return form


def _typed_amount(form: DeskForm, field: str) -> int:
    typed = form.cleaned_data.get(field) or "0"
    try:
        return price_of(typed)
    except ValueError as error:
        raise forms.ValidationError("請填 0 以上的整數金額。") from error


class RegisterForm(DeskForm):
    name = line("POS 機名稱", limit=60, needed=True)
    printer_profile = choice("發票機型號", PRINTER_PROFILES)
    default_float = amount("預設找零金", hint="開班時抽屜裡的現金，元。")

    def clean_default_float(self) -> int:
        return _typed_amount(self, "default_float")

    @classmethod
    def of(cls, register: Register, data: Any = None) -> "RegisterForm":
        names = ("name", "printer_profile", "default_float")
        return cls(data, initial={name: getattr(register, name) for name in names})


class NewRegisterForm(RegisterForm):
    store = choice("門市", (), needed=True)
    code = line("POS 機碼", limit=20, needed=True, hint="同一門市內不能重複；建立後不能更改。")
    field_order = ("store", "code", "name", "printer_profile", "default_float")

    def __init__(self, *args: Any, stores: list[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["store"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(str(s.id), f"{s.code} {s.name}") for s in stores]


class InvoiceSettingsForm(DeskForm):
    """POS 發票設定（店長專屬）: S0.10–S0.12 and the three switches of B.6.1."""

    centre = choice("發票加值中心", (), needed=True)
    auto_issue = switch("自動開立發票", hint="收款完成後立即開立；關閉時由店員按「開立發票」。")
    auto_print = switch("自動列印證明聯", hint="需要紙本的發票，開立後立即列印。")
    print_detail = switch("自動列印明細", hint="打統編的發票一律連同明細列印，不受此設定影響。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["centre"]
        assert isinstance(chosen, forms.ChoiceField)
        keys = ["none", *registry.CENTRES]
        chosen.choices = [(key, registry.name_of(key)) for key in keys]

    @classmethod
    def of(cls, register: Register, data: Any = None) -> "InvoiceSettingsForm":
        names = ("centre", "auto_issue", "auto_print", "print_detail")
        return cls(data, initial={name: getattr(register, name) for name in names})


class DeviceForm(DeskForm):
    device_name = line(
        "裝置名稱", limit=60, needed=True, hint="別台裝置會看到「此 POS 機目前由 [名稱] 使用中」。"
    )


class ReasonForm(DeskForm):
    reason = line("原因", limit=200, hint="會記在操作紀錄裡。")
