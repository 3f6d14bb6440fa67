"""Forms of numbers, invoices, uploads and centres. The services judge; these only carry."""

from typing import Any

from django import forms

from guitai.backoffice.forms.base import DeskForm, choice, line, secret, switch
from guitai.invoicing import registry
from guitai.invoicing.models import CentreAccount
from guitai.invoicing.rules import LONGEST_REASON
from guitai.tenancy.models import BusinessEntity, Register


class VoidForm(DeskForm):
    reason = line(
        "作廢原因",
        limit=LONGEST_REASON,
        needed=True,
        hint=f"1 到 {LONGEST_REASON} 個字，會隨作廢單上傳。作廢後不能復原。",
    )


class NumberForm(DeskForm):
    number = line(
        "發票號碼",
        limit=10,
        needed=True,
        autocapitalize="characters",
        hint="紙本發票上的號碼，例如 AB12345678；這筆訂單會標記為「自行開立」，不會上傳。",
    )


class AllocationForm(DeskForm):
    """The platform's CSV, exactly as downloaded (mof.md §4)."""

    file = forms.FileField(
        label="字軌檔",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt", "required": True}),
        help_text="財政部平台下載的字軌 CSV（Big5）。下載後直接上傳，不要用 Excel 存過。",
    )

    def clean_file(self) -> Any:
        found = self.cleaned_data.get("file")
        if not found:
            raise forms.ValidationError("請選擇字軌檔。")
        return found


class ShareForm(DeskForm):
    """Books for each owner: one field an owner, whole numbers from zero on."""

    MOST = 100_000

    def __init__(self, *args: Any, owners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in owners:
            self.fields[key] = forms.IntegerField(
                label=label,
                required=False,
                min_value=0,
                max_value=self.MOST,
                widget=forms.NumberInput(attrs={"min": 0, "max": self.MOST, "size": 6}),
                error_messages={
                    "invalid": "請填 0 以上的整數。",
                    "min_value": "請填 0 以上的整數。",
                    "max_value": "本數太大，請檢查。",
                },
            )

    def books(self) -> dict[str, int]:
        return {key: self.cleaned_data.get(key) or 0 for key in self.fields}


class TakeBackForm(DeskForm):
    books = forms.IntegerField(
        label="本數",
        required=False,
        min_value=1,
        max_value=ShareForm.MOST,
        help_text="留空表示全部未使用的整本。",
        error_messages={"invalid": "請填整數。", "min_value": "至少 1 本。"},
    )


class IssuedSinceForm(DeskForm):
    """What was issued after the backup from which the books were restored."""

    first = line("備份後第一張", limit=20, needed=True, autocapitalize="characters")
    last = line(
        "備份後最後一張",
        limit=20,
        needed=True,
        autocapitalize="characters",
        hint="收銀台最後一張紙本，或加值中心後台查到的最後一號，例如 AB12345678。",
    )
    reason = line("原因", limit=100, needed=True, hint="會記在操作紀錄裡。")


class DecisionForm(DeskForm):
    """What a person decides about a parked or refused document, and why."""

    reason = line("原因", limit=100, needed=True, hint="會記在操作紀錄裡。")


class CentreForm(DeskForm):
    """One account at one centre: of a register, or of the whole business entity.

    The fields of the other centre are left alone by the service; the page shows those that count.
    """

    base_url = line(
        "加值中心網址",
        limit=200,
        hint="由加值中心提供，例如 https://xml.example.com.tw/。",
        inputmode="url",
        autocomplete="off",
    )
    posid = line("機號（POSID）", limit=10, hint="英文或數字，由加值中心提供，例如 1。")
    channel_key = secret(
        "通道金鑰", hint="20 個十六進位字元；存檔後不再顯示。", autocomplete="off", maxlength=40
    )
    allow_plain_http = switch(
        "允許未加密連線（http）",
        hint="通道金鑰與發票內容會以明碼傳送，途中任何人都看得到。請先向加值中心要 https 網址。",
    )

    MIRLE_ONLY = ("base_url", "posid", "channel_key", "allow_plain_http")

    def __init__(self, *args: Any, centre: str, key_set: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if centre != "mirle":
            for name in self.MIRLE_ONLY:
                del self.fields[name]
        elif key_set:
            self.fields["channel_key"].help_text = "已設定。要更換才填；留空表示不變。"

    @classmethod
    def of(cls, centre: str, row: CentreAccount | None, data: Any = None) -> "CentreForm":
        names = ("base_url", "posid", "allow_plain_http")
        initial = {name: getattr(row, name) for name in names} if row else {}
        key_set = bool(row and getattr(row, "key_set", False))
        return cls(data, centre=centre, key_set=key_set, initial=initial)


class NewCentreForm(DeskForm):
    """Which centre, and for whom."""

    centre = choice("加值中心", (), needed=True)
    owner = choice("適用", (), needed=True, hint="POS 機自己的帳號優先於營業人的帳號。")

    def __init__(
        self,
        *args: Any,
        entities: list[BusinessEntity],
        registers: list[Register],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        centres = [(key, registry.name_of(key)) for key in registry.CENTRES]
        owners = [(f"entity:{e.id}", f"營業人 {e.ban} {e.name}") for e in entities]
        owners += [(f"register:{r.id}", f"POS 機 {r.store.name} {r.name}") for r in registers]
        for name, choices in (("centre", centres), ("owner", owners)):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ChoiceField)
            chosen.choices = choices
