"""What the pages do: errors at their field, the till's cookie, files, hostile input."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from guitai.catalog import services as catalog
from guitai.catalog.models import Product, ProductImport
from guitai.catalog.rules import ProductDraft
from guitai.kernel import scope
from guitai.tenancy import queries, services
from guitai.tenancy.models import Register, Staff

NINE = {"store": "@store", "code": "9", "name": "甲"}
BOOKS = {"name": "甲", "role": "accountant"}
HEAD = "商品編號,商品名稱,售價\n"


def url(name, *args):
    return reverse(f"desk:{name}", args=args)


def inside(shop):
    return scope.tenant(shop.merchant_id)


def faults_at(answer):
    """Field → sentences, as the form behind the page has them."""
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def test_every_error_stands_at_its_field(desk, shop):
    answer = desk(shop, "owner").post(
        url("product-new"),
        {"sku": "", "name": "珍奶🧋", "price": "12.5", "tax_type": "2", "barcode": "條碼"},
    )
    assert set(faults_at(answer)) == {
        "sku", "name", "price", "barcode", "zero_tax_reason", "customs_mark",
    }  # fmt: skip
    page = answer.content.decode()
    assert "🧋（U+1F9CB）" in page
    assert 'id="productform_price_error"' in page
    assert page.count("is-wrong") == 6
    assert 'value="珍奶🧋"' in page


@pytest.mark.parametrize(
    ("name", "posted", "field"),
    [
        ("entity-new", {"ban": "12345678", "name": "甲", "address": "乙"}, "ban"),
        ("entity-new", {"ban": "12345675", "name": "甲", "address": "乙"}, "ban"),
        ("entity-new", {"ban": "04595257", "name": "甲\u0007", "address": "乙"}, "name"),
        ("store-new", {"entity": "@entity", "code": "A01", "name": "甲"}, "code"),
        ("store-new", {"entity": "00000000-0000-0000-0000-000000000000"}, "entity"),
        ("register-new", {**NINE, "default_float": "x"}, "default_float"),
        ("register-new", {**NINE, "default_float": "99999999999"}, "default_float"),
        ("register-new", {**NINE, "printer_profile": "no"}, "printer_profile"),
        ("staff-new", {"name": "甲", "role": "emperor", "store": "@store"}, "role"),
        ("staff-new", {"name": "甲", "role": "clerk", "store": ""}, "store"),
        ("staff-new", {"name": "甲", "role": "clerk", "store": "@store", "pin": "12"}, "pin"),
        ("staff-new", {**BOOKS, "email": "nonsense", "password": "x"}, "email"),
        ("staff-new", {**BOOKS, "email": "a@example.com", "password": "x"}, "password"),
        ("staff-new", {"name": "長" * 5000, "role": "clerk", "store": "@store"}, "name"),
    ],
)  # fmt: skip
def test_bad_input_is_told_at_its_field_and_changes_nothing(desk, shop, name, posted, field):
    ids = {"@entity": str(shop.entity.id), "@store": str(shop.store.id)}
    with inside(shop):
        before = (Staff.objects.count(), Register.objects.count(), queries.stores().count())
    answer = desk(shop, "owner").post(url(name), {k: ids.get(v, v) for k, v in posted.items()})
    assert answer.status_code == 200
    assert field in faults_at(answer)
    with inside(shop):
        after = (Staff.objects.count(), Register.objects.count(), queries.stores().count())
    assert after == before


def test_opening_the_till_here_sets_a_cookie_that_is_a_device(desk, shop):
    browser = desk(shop, "store_manager")
    answer = browser.post(url("register-open-here", shop.register.id), {"device_name": "櫃台 PC"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/pos/")
    cookie = answer.cookies["guitai_till"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/")
    merchant_id, binding = queries.authenticate_device(cookie.value)
    assert (merchant_id, binding.register_id) == (shop.merchant_id, shop.register.id)
    assert cookie.value.split(".")[1] not in answer.content.decode()
    again = browser.post(url("register-open-here", shop.register.id), {"device_name": "櫃台 PC"})
    assert again.headers["Location"] == "/pos/"
    assert "guitai_till" not in again.cookies


def test_a_held_register_says_who_holds_it(desk, shop):
    with inside(shop):
        services.bind_here(shop.owner, shop.register.id, "櫃台左側 PC")
    answer = desk(shop, "store_manager").post(
        url("register-open-here", shop.register.id), {"device_name": "別台"}
    )
    assert answer.status_code == 422
    assert "此 POS 機目前由 <strong>[櫃台左側 PC]</strong> 使用中" in answer.content.decode()
    assert "guitai_till" not in answer.cookies


def test_a_binding_code_is_shown_once_and_binds(desk, shop):
    answer = desk(shop, "store_manager").post(url("register-code", shop.register.id))
    code = answer.context["code"]
    assert code in answer.content.decode()
    fresh = services.bind_by_code(shop.entity.ban, code, "櫃台 A")
    assert queries.authenticate_device(fresh.token)


@pytest.mark.parametrize(
    ("key", "sees"), [("owner", True), ("store_manager", True), ("co_manager", False)]
)
def test_the_invoice_setting_is_seen_by_owner_and_manager_only(desk, shop, key, sees):
    browser = desk(shop, key)
    page = browser.get(url("register", shop.register.id)).content.decode()
    assert ("POS 發票設定（店長專屬）" in page) == sees
    direct = browser.get(url("register-invoice", shop.register.id))
    assert direct.status_code == (200 if sees else 403)


def test_the_manager_of_another_store_does_not_find_this_stores_register(desk, shop):
    browser = desk(shop, "other_manager")
    assert browser.get(url("register-invoice", shop.register.id)).status_code == 404
    assert str(shop.register.id) not in browser.get(url("registers")).content.decode()
    assert browser.get(url("register-invoice", shop.other_register.id)).status_code == 200


def test_a_product_changed_by_two_is_not_overwritten(desk, shop):
    with inside(shop):
        product = catalog.add_product(shop.owner, ProductDraft(sku="P", name="甲", price=5))
    browser = desk(shop, "owner")
    form = browser.get(url("product", product.id)).context["form"]
    posted = {k: v for k, v in form.initial.items() if v not in {False, None}}
    with inside(shop):
        catalog.update_product(shop.owner, product.id, ProductDraft(sku="P", name="乙", price=5))
    answer = browser.post(url("product", product.id), {**posted, "price": "9"}, follow=True)
    assert "剛被別人改過" in answer.content.decode()
    with inside(shop):
        assert Product.objects.values_list("name", "price").get() == ("乙", 5)


def upload(browser, content, name="商品.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    return browser.post(url("product-import"), {"file": SimpleUploadedFile(name, content)})


def test_a_file_is_looked_at_before_it_is_taken(desk, shop):
    browser = desk(shop, "owner")
    answer = upload(browser, HEAD + "A1,珍珠奶茶,55\nA2,紅茶,30\n")
    seen = browser.get(answer.headers["Location"])
    assert "確認匯入 2 列" in seen.content.decode()
    with inside(shop):
        assert not Product.objects.exists()
        waiting = ProductImport.objects.get()
    done = browser.post(url("product-import-apply", waiting.id), follow=True)
    assert "新增 2 項" in done.content.decode()
    again = browser.post(url("product-import-apply", waiting.id), follow=True)
    assert "已經完成" in again.content.decode()
    with inside(shop):
        assert Product.objects.count() == 2


def test_a_wrong_file_is_listed_row_by_row_and_cannot_be_taken(desk, shop):
    browser = desk(shop, "owner")
    answer = upload(browser, HEAD + "A1,<b>粗</b>😀,55\n,空,1.5\n")
    page = browser.get(answer.headers["Location"]).content.decode()
    for text in ("3 個錯誤", "CAT-CHARACTER", "CAT-PRICE", "&lt;b&gt;粗", "（U+1F600）"):
        assert text in page
    assert "<b>粗" not in page
    assert "確認匯入" not in page
    with inside(shop):
        waiting = ProductImport.objects.get()
    refused = browser.post(url("product-import-apply", waiting.id), follow=True)
    assert "一筆都沒有匯入" in refused.content.decode()
    with inside(shop):
        assert not Product.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02",
        b"PK\x03\x04broken",
        b'sku,name,price\n"',
        b"x" * (5 * 1024 * 1024 + 1),
        b"a,b\n",
    ],
)
def test_a_broken_file_is_refused_at_the_field(desk, shop, content):
    answer = upload(desk(shop, "owner"), content, "壞.xlsx")
    assert answer.status_code == 200
    assert set(faults_at(answer)) == {"file"}
    with inside(shop):
        assert not ProductImport.objects.exists()


def test_an_upload_of_nothing_is_told(desk, shop):
    assert "請選擇檔案" in desk(shop, "owner").post(url("product-import")).content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_can_be_imported_again(desk, shop, kind):
    with inside(shop):
        catalog.add_product(shop.owner, ProductDraft(sku="=1", name="+甲", price=5))
    browser = desk(shop, "owner")
    content = browser.get(url("product-export", kind)).content
    answer = upload(browser, content, f"x.{kind}")
    assert "不需要匯入" in browser.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?q=%ED%A0%80",
        "?page=999999",
        "?page=x",
        "?tax=%00",
        "?state=zzz",
        "?q=" + "x" * 4000,
    ],
)
@pytest.mark.parametrize("name", ["products", "audit", "staff", "registers"])
def test_nonsense_in_the_address_breaks_no_list(desk, shop, name, query):
    answer = desk(shop, "owner").get(
        url(name) + query.replace("q=", "q=" if name == "products" else "who=")
    )
    assert answer.status_code == 200


def test_names_are_escaped_everywhere(desk, shop):
    hostile = "<script>alert(1)</script>"
    with inside(shop):
        services.add_staff(
            shop.owner, name=hostile, role="clerk", store_id=shop.store.id, pin="1357"
        )
        services.update_store(shop.owner, shop.store.id, name=hostile)
        catalog.add_product(shop.owner, ProductDraft(sku="X", name=hostile, price=1))
        services.bind_here(shop.owner, shop.register.id, hostile)
    browser = desk(shop, "owner")
    for name in ("home", "staff", "stores", "registers", "products", "audit"):
        page = browser.get(url(name)).content.decode()
        assert hostile not in page
        assert name == "home" or "&lt;script&gt;" in page
    assert hostile not in browser.get(url("register", shop.register.id)).content.decode()


def test_the_search_of_htmx_gets_the_table_alone(desk, shop):
    browser = desk(shop, "owner")
    part = browser.get(url("products") + "?q=zzz", headers={"HX-Request": "true"}).content.decode()
    assert "<table" in part
    assert "<html" not in part
    out = Client().get(url("products"), headers={"HX-Request": "true"})
    assert out.headers["HX-Redirect"] == "/account/login/"


def test_the_qr_key_is_never_sent_back(desk, shop):
    key = "FE05F029154F6AA67A78B338ED2F6601"
    browser = desk(shop, "owner")
    browser.post(url("entity", shop.entity.id), {"name": "甲", "address": "乙", "qr_key": key})
    with inside(shop):
        assert queries.entity(shop.entity.id).qr_key == key
    page = browser.get(url("entity", shop.entity.id)).content.decode()
    assert key not in page
    assert "已設定" in page
    refused = browser.post(url("entity", shop.entity.id), {"name": "", "qr_key": key})
    assert key not in refused.content.decode()


def test_the_menu_holds_only_what_one_may_open(desk, shop):
    for key in shop.people:
        browser = desk(shop, key)
        home = browser.get(url("home"))
        assert home.context["menu"]
        for group in home.context["menu"]:
            for link in group.links:
                assert browser.get(link.href).status_code == 200, (key, link.label)


def test_an_accountant_sees_the_trail_with_words(desk, shop):
    with inside(shop):
        services.update_store(shop.owner, shop.store.id, telephone="02-1")
    page = desk(shop, "accountant").get(url("audit") + "?subject=tenancy.store").content.decode()
    assert "修改" in page
    assert "02-1" in page
    assert "store.change" not in page
