"""Forms of people: their roles, PINs, accounts."""

from typing import Any

from django import forms

from guitai.backoffice.forms.base import DeskForm, choice, line, secret
from guitai.tenancy.models import Staff, Store
from guitai.tenancy.rules import GRANTABLE, ROLE_NAMES, Permission, Role

GRANT_NAMES = {
    Permission.CANCEL: "取消訂單",
    Permission.PRICE_CHANGE: "改價",
    Permission.LINE_DISCOUNT: "單品折扣",
    Permission.ORDER_DISCOUNT: "整單折扣",
    Permission.OPEN_DRAWER: "開錢箱",
}
PIN_HINT = "4 到 8 位數字，用來登入收銀台。"


def _grants() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="額外權限",
        required=False,
        choices=[(p.value, GRANT_NAMES[p]) for p in Permission if p in GRANTABLE],
        widget=forms.CheckboxSelectMultiple,
        help_text="店長本來就有這些權限；店員重新登入收銀台後生效。",
    )


def role_choices(roles: list[Role]) -> list[tuple[str, str]]:
    return [(role.value, ROLE_NAMES[role]) for role in roles]


def store_choices(stores: list[Store], *, empty: bool) -> list[tuple[str, str]]:
    found = [(str(store.id), f"{store.code} {store.name}") for store in stores]
    return [("", "不屬於門市（總部人員）"), *found] if empty else found


class RoleForm(DeskForm):
    role = choice("角色", (), needed=True)
    store = choice("門市", (), hint="店長、店員、電子票券店員必須屬於一家門市。")

    def __init__(
        self, *args: Any, roles: list[Role], stores: list[Store], empty: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("role", role_choices(roles)),
            ("store", store_choices(stores, empty=empty)),
        ):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ChoiceField)
            chosen.choices = choices


class NewStaffForm(RoleForm):
    name = line("姓名", limit=60, needed=True)
    email = line(
        "電子郵件",
        limit=254,
        inputmode="email",
        hint="用來登入後台；店員只在收銀台工作時可以不填。",
        autocomplete="off",
    )
    password = secret("初始密碼", hint="至少 8 個字，不能全是數字；請本人登入後自行更改。")
    pin = secret("PIN 碼", hint=PIN_HINT, inputmode="numeric", maxlength=8)
    extra_permissions = _grants()
    field_order = ("name", "role", "store", "email", "password", "pin", "extra_permissions")


class StaffForm(DeskForm):
    name = line("姓名", limit=60, needed=True)
    extra_permissions = _grants()

    @classmethod
    def of(cls, person: Staff, data: Any = None) -> "StaffForm":
        initial = {"name": person.name, "extra_permissions": list(person.extra_permissions)}
        form = cls(data, initial=initial)
        if person.role not in {Role.CLERK, Role.ETICKET_CLERK}:
            del form.fields["extra_permissions"]
        return form


class PinForm(DeskForm):
    pin = secret("新的 PIN 碼", needed=True, hint=PIN_HINT, inputmode="numeric", maxlength=8)


class PasswordForm(DeskForm):
    password = secret("新的密碼", needed=True, hint="至少 8 個字，不能全是數字。")


class AccountForm(PasswordForm):
    email = line("電子郵件", limit=254, needed=True, inputmode="email", autocomplete="off")
    field_order = ("email", "password")


class MerchantForm(DeskForm):
    """A new tenant, opened by the platform's operator."""

    name = line("商家名稱", limit=60, needed=True)
    owner_name = line("擁有者姓名", limit=60, needed=True)
    email = line("擁有者電子郵件", limit=254, needed=True, inputmode="email", autocomplete="off")
    password = secret("初始密碼", hint="至少 8 個字；這個信箱已有帳號時沿用原密碼。")
