"""From an empty installation to the first invoice, all through the desk (product.md C, B.14).

Operator, owner, manager, clerk: each does at the desk what is his, and the till can sell.
"""

import re
import subprocess
import sys

import pytest

from guitai.config import demo_shop
from guitai.kernel import clock
from guitai.pos.tests.till_browser import expect, needs_chromium
from tests.house import ROOT
from tests.journeys.counter import Desk, Till
from twinvoice.period import Period

pytestmark = [pytest.mark.browser, needs_chromium]

OPERATOR, OWNER, MANAGER = "operator@example.com", "owner@example.com", "manager@example.com"
PASSWORD = "a-long-enough-word-7"
BAN = "22099131"
PIN = "975318"
TRACK = "QZ"

BROKEN_GOODS = """商品編號,商品名稱,售價（含稅）,稅別,條碼
T001,烏龍茶,120,應稅,4710000000017
T002,,80,應稅,4710000000024
T003,綠茶😀,八十,應稅,4710000000031
"""
GOODS = """商品編號,商品名稱,售價（含稅）,稅別,條碼
T001,烏龍茶,120,應稅,4710000000017
T002,紅茶,80,應稅,4710000000024
T003,鮮梨,45,免稅,4710000000031
"""


def test_from_an_empty_house_to_the_first_invoice(house, device):
    the_installation_has_an_operator(house)
    the_operator_opens_a_merchant(house, device)
    owner = Desk(house, device())
    owner.sign_in(OWNER, PASSWORD)
    the_owner_enters_the_company(owner)
    the_owner_opens_store_and_register(owner)
    the_owner_takes_people_on(owner)
    the_owner_imports_goods(owner)
    the_owner_imports_and_shares_numbers(owner)
    the_till_sells(house, owner, Till(house, device()))
    the_desk_shows_the_sale(owner)
    assert house.run("broken_facts") == []


def the_installation_has_an_operator(house):
    """The one thing that no page can do: the first account is made where the server stands."""
    command = [sys.executable, "-m", "guitai.config.cli", "create-operator", OPERATOR]
    command += ["--password", PASSWORD]
    subprocess.run(command, check=True, env=house.environment, cwd=ROOT, capture_output=True)


def the_operator_opens_a_merchant(house, device):
    desk = Desk(house, device())
    desk.sign_in(OPERATOR, PASSWORD)
    expect(desk.page.get_by_role("main")).to_contain_text("沒有商家")
    desk.follow("新增商家")
    fields = {"商家名稱": "山腰茶行", "擁有者姓名": "高老闆", "擁有者電子郵件": OWNER}
    desk.fill({**fields, "初始密碼": PASSWORD})
    desk.press("儲存")
    expect(desk.page.get_by_role("main")).to_contain_text("山腰茶行")


def the_owner_enters_the_company(owner):
    owner.menu("營業人")
    owner.follow("新增營業人")
    company = {"統一編號": "22099132", "營業人名稱": "山腰茶行有限公司"}
    owner.fill({**company, "營業地址": "南投縣鹿谷鄉中正一路 1 號"})
    owner.press("儲存")
    expect(owner.page.locator(".is-wrong .wrong")).to_contain_text("統一編號")
    owner.fill({"統一編號": BAN, "AES KEY": demo_shop.QR_KEY})
    owner.press("儲存")
    expect(owner.page.get_by_role("link", name=BAN)).to_be_visible()


def the_owner_opens_store_and_register(owner):
    owner.menu("門市")
    owner.follow("新增門市")
    owner.fill({"門市代碼": "T1", "門市名稱": "鹿谷本店"})
    owner.press("儲存")
    owner.menu("POS 機")
    owner.follow("新增 POS 機")
    owner.fill({"POS 機碼": "A", "POS 機名稱": "茶櫃", "發票機型號": "虛擬發票機"})
    owner.press("儲存")
    owner.menu("加值中心設定")
    owner.follow("新增帳號")
    owner.fill({"加值中心": "財政部 Turnkey", "適用": f"營業人 {BAN} 山腰茶行有限公司"})
    owner.press("下一步")
    owner.press("儲存")
    owner.menu("POS 機")
    owner.page.get_by_role("link", name="發票設定").click()
    owner.fill({"發票加值中心": "財政部 Turnkey"})
    owner.press("儲存")


def the_owner_takes_people_on(owner):
    owner.menu("人員與權限")
    owner.follow("新增人員")
    owner.fill({"姓名": "高店長", "角色": "店長", "門市": "T1 鹿谷本店", "電子郵件": MANAGER})
    owner.fill({"初始密碼": PASSWORD, "PIN 碼": PIN})
    owner.press("儲存")
    owner.menu("人員與權限")
    row = owner.page.locator("tr", has_text="高店長")
    expect(row).to_contain_text("店長")
    expect(row).to_contain_text("已設定")


def the_owner_imports_goods(owner):
    """Errors row by row and nothing taken; then the mended file as a whole."""
    owner.menu("商品")
    owner.go("/desk/products/import/")
    upload(owner, "壞的.csv", BROKEN_GOODS.encode())
    owner.press("上傳並預覽")
    expect(owner.page.get_by_role("alert")).to_contain_text("3 個錯誤，一筆都不會匯入")
    rows = owner.page.locator("table.rows tbody tr")
    assert [row.locator("th").inner_text() for row in rows.all()] == ["3", "4", "4"]
    expect(rows.nth(0)).to_contain_text("請填寫商品名稱")
    expect(rows.nth(1)).to_contain_text("請刪除")
    expect(rows.nth(2)).to_contain_text("八十")
    owner.follow("換一個檔案")
    upload(owner, "商品.csv", GOODS.encode("cp950"))
    owner.press("上傳並預覽")
    owner.press("確認匯入 3 列")
    expect(owner.page.get_by_role("main")).to_contain_text("鮮梨")


def the_owner_imports_and_shares_numbers(owner):
    """A file that a spreadsheet has saved is refused; the platform's own is taken and shared."""
    period = Period.of(clock.today())
    file = demo_shop.allocation_csv(BAN, period, TRACK, 0, 99)
    owner.menu("發票號碼")
    owner.page.get_by_role("main").get_by_role("link", name="匯入字軌檔").click()
    upload(owner, "excel.csv", file.replace(b"00000000,00000099", b"0,99"))
    owner.press("匯入")
    expect(owner.page.get_by_role("main")).to_contain_text("檔案被 Excel 存過")
    upload(owner, "platform.csv", file)
    owner.press("匯入")
    owner.menu("發票號碼")
    owner.page.get_by_role("main").get_by_role("link", name="分配", exact=True).first.click()
    owner.page.get_by_label("茶櫃").fill("2")
    owner.press("預覽")
    expect(owner.page.get_by_role("main")).to_contain_text(f"{TRACK} 00000000–00000099")
    owner.press("確認分配 2 本")
    expect(owner.page.locator(".seller tr", has_text="茶櫃").first).to_contain_text("100")


def upload(owner, name, data):
    chosen = {"name": name, "mimeType": "text/csv", "buffer": data}
    owner.page.locator("input[type=file]").set_input_files(chosen)


def the_till_sells(house, owner, till):
    code = owner.binding_code("茶櫃")
    till.open()
    till.bind(BAN, code, "茶櫃平板")
    till.sign_in("高店長", PIN)
    till.at_sale()
    expect(till.strip("號碼")).to_have_text("剩 100 張")
    till.scan("4710000000017")
    till.search("鮮梨")
    till.total(165)
    till.checkout()
    till.cash(200)
    assert till.confirm() == f"{TRACK}00000000"
    till.change(35)
    assert till.faults == []


def the_desk_shows_the_sale(owner):
    owner.menu("發票")
    row = owner.page.locator("table.rows tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(re.compile(f"{TRACK}-?00000000"))
    expect(row).to_contain_text("165")
