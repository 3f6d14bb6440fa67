"""Addresses of the desk. A new page also needs a line in tests/test_access.py."""

from django.urls import URLPattern, URLResolver, path, register_converter

from guitai.backoffice import urls_invoicing
from guitai.backoffice.views import (
    audit,
    devices,
    home,
    platform,
    products,
    registers,
    shop,
    sign_in,
    staff,
)


class FileKind:
    """``csv`` or ``xlsx`` in an address."""

    regex = "csv|xlsx"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FileKind, "filekind")

app_name = "desk"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("me/", home.me, name="me"),
    path("choose/", sign_in.choose, name="choose"),
    path("entities/", shop.entities, name="entities"),
    path("entities/new/", shop.entity_new, name="entity-new"),
    path("entities/<uuid:entity_id>/", shop.entity, name="entity"),
    path("stores/", shop.stores, name="stores"),
    path("stores/new/", shop.store_new, name="store-new"),
    path("stores/<uuid:store_id>/", shop.store, name="store"),
    path("stores/<uuid:store_id>/close/", shop.store_close, name="store-close"),
    path("stores/<uuid:store_id>/reopen/", shop.store_reopen, name="store-reopen"),
    path("registers/", registers.registers, name="registers"),
    path("registers/new/", registers.register_new, name="register-new"),
    path("registers/<uuid:register_id>/", registers.register, name="register"),
    path(
        "registers/<uuid:register_id>/invoice/", registers.register_invoice, name="register-invoice"
    ),
    path("registers/<uuid:register_id>/unlock/", registers.register_unlock, name="register-unlock"),
    path("registers/<uuid:register_id>/code/", registers.register_code, name="register-code"),
    path(
        "registers/<uuid:register_id>/open-here/",
        registers.register_open_here,
        name="register-open-here",
    ),
    path("registers/<uuid:register_id>/retire/", registers.register_retire, name="register-retire"),
    path(
        "registers/<uuid:register_id>/restore/",
        registers.register_restore,
        name="register-restore",
    ),
    path("devices/", devices.device_list, name="devices"),
    path("devices/pictures/<slug:name>.svg", devices.device_picture, name="device-picture"),
    path("devices/<uuid:register_id>/", devices.device, name="device"),
    path(
        "devices/<uuid:register_id>/agent-code/",
        devices.device_agent_code,
        name="device-agent-code",
    ),
    path(
        "devices/agents/<uuid:agent_id>/remove/",
        devices.device_agent_remove,
        name="device-agent-remove",
    ),
    path("staff/", staff.staff, name="staff"),
    path("staff/new/", staff.staff_new, name="staff-new"),
    path("staff/<uuid:staff_id>/", staff.staff_one, name="staff-one"),
    path("staff/<uuid:staff_id>/pin/", staff.staff_pin, name="staff-pin"),
    path("staff/<uuid:staff_id>/password/", staff.staff_password, name="staff-password"),
    path("staff/<uuid:staff_id>/account/", staff.staff_account, name="staff-account"),
    path("staff/<uuid:staff_id>/role/", staff.staff_role, name="staff-role"),
    path("staff/<uuid:staff_id>/appoint/", staff.staff_appoint, name="staff-appoint"),
    path("staff/<uuid:staff_id>/suspend/", staff.staff_suspend, name="staff-suspend"),
    path("staff/<uuid:staff_id>/restore/", staff.staff_restore, name="staff-restore"),
    path("staff/<uuid:staff_id>/transfer/", staff.staff_transfer, name="staff-transfer"),
    path("products/", products.products, name="products"),
    path("products/new/", products.product_new, name="product-new"),
    path("products/<uuid:product_id>/", products.product, name="product"),
    path("products/export.<filekind:kind>", products.product_export, name="product-export"),
    path("products/template.<filekind:kind>", products.product_template, name="product-template"),
    path("products/import/", products.product_import, name="product-import"),
    path(
        "products/import/<uuid:import_id>/",
        products.product_import_preview,
        name="product-import-preview",
    ),
    path(
        "products/import/<uuid:import_id>/apply/",
        products.product_import_apply,
        name="product-import-apply",
    ),
    path("audit/", audit.audit, name="audit"),
    path("platform/", platform.platform, name="platform"),
    path("platform/new/", platform.platform_new, name="platform-new"),
    path(
        "platform/<uuid:merchant_id>/suspend/", platform.platform_suspend, name="platform-suspend"
    ),
    path(
        "platform/<uuid:merchant_id>/restore/", platform.platform_restore, name="platform-restore"
    ),
    *urls_invoicing.urlpatterns,
]
