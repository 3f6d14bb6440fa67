"""Products in files: encodings, row-by-row faults, all or nothing, defused formulas."""

import csv
import io
import time
import zipfile

import openpyxl
import pytest
import xlsxwriter

from guitai.catalog import errors, queries, services
from guitai.catalog.models import Product, ProductImport
from guitai.catalog.rules import COLUMNS, ProductDraft
from guitai.catalog.services import tables
from guitai.kernel.models import AuditEntry

HEAD = "商品編號,商品名稱,售價（含稅）,稅別,條碼\n"


def taken(shop, text, *, encoding="utf-8-sig", name="商品.csv"):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return services.apply(shop.owner, services.upload(shop.owner, content, name).id)


def workbook(*rows, **cells):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
        for cell, formula in cells.items():
            sheet.write_formula(cell, formula)
    return out.getvalue()


def faults(content, name="商品.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    found = services.preview(content, name).faults
    return [(fault.row, fault.column, fault.value, fault.code) for fault in found]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp950", "utf-16"])
def test_the_encodings_that_offices_write(shop, encoding):
    done = taken(shop, HEAD + "A1,珍珠奶茶,55,應稅,\nA2,白米,120,免稅,4710\n", encoding=encoding)
    assert (len(done.new), len(done.changed)) == (2, 0)
    rows = Product.objects.order_by("sku").values_list("name", "price", "tax_type", "barcode")
    assert list(rows) == [("珍珠奶茶", 55, "1", ""), ("白米", 120, "3", "4710")]


def test_an_excel_file_with_numbers_for_text(shop):
    content = workbook(
        ["商品編號", "商品名稱", "售價（含稅）", "條碼", "販售中"],
        [1001, "豆漿", 25.0, 4710000000016, True],
    )
    taken(shop, content, name="商品.xlsx")
    product = Product.objects.get()
    assert (product.sku, product.price, product.barcode) == ("1001", 25, "4710000000016")


def test_same_number_updates_and_missing_columns_keep_their_values(shop):
    taken(shop, HEAD + "A1,珍珠奶茶,55,應稅,4710\nA2,紅茶,30,應稅,\n")
    done = taken(shop, "sku,name,price\nA1,珍珠奶茶,60\nA2,紅茶,30\nA3,綠茶,30\n")
    assert (len(done.new), len(done.changed), done.unchanged) == (1, 1, 1)
    assert Product.objects.values_list("price", "barcode").get(sku="A1") == (60, "4710")
    changed = AuditEntry.objects.filter(verb="product.change")
    assert [(e.before, e.after) for e in changed] == [({"price": 55}, {"price": 60})]


def test_faults_name_row_column_value_and_nothing_is_imported(shop):
    text = HEAD + (
        "A1,珍珠奶茶,55,應稅,\n"
        ",沒編號,55,應稅,\n"
        "A3,笑臉😀,55,應稅,\n"
        "A4,小數,12.5,應稅,\n"
        "\n"
        "A5,壞稅,10,混稅,\n"
        "A1,重複,10,應稅,\n"
        "A6,科學,10,應稅,4.71E+12\n"
        "A7,逗號,1,200,應稅,,多\n"
        "A\0,零字元,1,應稅,\n"
    )
    assert faults(text) == [
        (3, "商品編號", "", "CAT-EMPTY"),
        (4, "商品名稱", "笑臉😀", "CAT-CHARACTER"),
        (5, "售價（含稅）", "12.5", "CAT-PRICE"),
        (7, "稅別", "混稅", "CAT-TAX"),
        (8, "商品編號", "A1", "CAT-ROW-TWICE"),
        (9, "條碼", "4.71E+12", "CAT-BARCODE-SCIENTIFIC"),
        (10, "", "", "CAT-ROW-WIDTH"),
        (11, "商品編號", "A\0", "CAT-CHARACTER"),
    ]
    with pytest.raises(errors.ImportHasFaults):
        taken(shop, text)
    assert not Product.objects.exists()
    assert queries.catalog_version() == 0


def test_every_fault_of_a_row_is_told_at_once(shop):
    """A price that cannot be read must not hide the name's fault until the next try."""
    text = HEAD + "A1,茶,10,應稅,\nA1,笑臉😀,八十,混稅,\n"
    assert [code for row, *_, code in faults(text) if row == 3] == [
        "CAT-ROW-TWICE", "CAT-CHARACTER", "CAT-PRICE", "CAT-TAX",
    ]  # fmt: skip


def test_a_barcode_of_a_product_outside_the_file_is_refused(shop):
    services.add_product(shop.owner, ProductDraft(sku="OLD", name="舊", price=1, barcode="4710"))
    assert faults(HEAD + "NEW,新,1,應稅,4710\n") == [(2, "條碼", "4710", "CAT-BARCODE-TAKEN")]


def test_barcodes_can_be_swapped_in_one_file(shop):
    taken(shop, HEAD + "A,甲,1,應稅,111\nB,乙,1,應稅,222\n")
    taken(shop, HEAD + "A,甲,1,應稅,222\nB,乙,1,應稅,111\n")
    assert dict(Product.objects.values_list("sku", "barcode")) == {"A": "222", "B": "111"}


def test_a_zero_rated_product_comes_with_its_reason(shop):
    head = "商品編號,商品名稱,售價,稅別,零稅率原因,通關方式\n"
    assert [f[3] for f in faults(head + "Z,機票,1,零稅率,,\n")] == ["CAT-ZERO-RATE"] * 2
    taken(shop, head + "Z,機票,1,零稅率,75 國際間之運輸,非經海關出口\n")
    assert Product.objects.values_list("zero_tax_reason", "customs_mark").get() == ("75", "1")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CAT-FILE"),
        (b"   \n", "CAT-FILE"),
        (HEAD.encode() + b'A1,"open quote,1,\n', "CAT-FILE"),
        (HEAD.encode() + b"A1,\xff\xfe\xff,1\n", "CAT-FILE"),
        (b"PK\x03\x04 not really a workbook", "CAT-FILE"),
        (b"\xd0\xcf\x11\xe0 an old xls", "CAT-FILE"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "CAT-FILE"),
        ("商品編號,商品名稱\nA,甲\n".encode(), "CAT-FILE-HEADER"),
        ("商品編號,商品名稱,售價,顏色\n".encode(), "CAT-FILE-HEADER"),
        ("sku,商品編號,name,price\n".encode(), "CAT-FILE-HEADER"),
        (b"x" * (tables.MAX_BYTES + 1), "CAT-FILE-SIZE"),
        (b"sku,name,price\n" + b"A,B,1\n" * (tables.MAX_ROWS + 1), "CAT-FILE-ROWS"),
    ],
)
def test_broken_files_are_refused_by_code_and_leave_nothing(shop, content, code):
    from guitai.kernel.errors import GuitaiError

    with pytest.raises(GuitaiError) as caught:
        services.upload(shop.owner, content, "壞.csv")
    assert caught.value.code == code
    assert not ProductImport.objects.exists()


def test_a_workbook_that_unpacks_to_a_mountain_is_refused_unopened(shop):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (tables.MAX_UNPACKED + 1))
    with pytest.raises(errors.FileTooLarge):
        services.upload(shop.owner, out.getvalue(), "bomb.xlsx")


def test_formulas_and_dates_in_cells_are_named_as_such(shop):
    from datetime import datetime

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["sku", "name", "price"])
        sheet.write_datetime(1, 0, datetime(2026, 1, 2), book.add_format({"num_format": "m-d"}))  # noqa: DTZ001 - a spreadsheet's dates know no zone
        sheet.write_string(1, 1, "甲")
        sheet.write_formula(1, 2, "=1+1")
    found = services.preview(out.getvalue(), "x.xlsx").faults
    assert [fault.column for fault in found] == ["商品編號", "售價（含稅）"]
    assert "日期" in found[0].sentence
    assert "公式" in found[1].sentence


def test_an_import_is_applied_once_and_only_by_who_uploaded_it(shop):
    waiting = services.upload(shop.owner, (HEAD + "A,甲,1,應稅,\n").encode(), "a.csv")
    with pytest.raises(errors.ImportGone):
        services.apply(shop.member("co_manager"), waiting.id)
    services.apply(shop.owner, waiting.id)
    with pytest.raises(errors.ImportGone):
        services.apply(shop.owner, waiting.id)
    assert Product.objects.count() == 1


def test_the_file_is_judged_again_when_it_is_applied(shop):
    waiting = services.upload(shop.owner, (HEAD + "A,甲,1,應稅,4710\n").encode(), "a.csv")
    services.add_product(shop.owner, ProductDraft(sku="B", name="乙", price=1, barcode="4710"))
    with pytest.raises(errors.ImportHasFaults):
        services.apply(shop.owner, waiting.id)
    assert Product.objects.count() == 1


NASTY = ["=1+1", "+886", "-5", "@SUM(A1)", "＝cmd", "'quoted", 'a,b"c']


def test_exports_come_back_equal_and_run_nothing(shop):
    for place, name in enumerate(NASTY):
        services.add_product(
            shop.owner,
            ProductDraft(sku=f"{place:03}", name=name, price=place, barcode=f"00{place}"),
        )
    for content, filename in (
        (services.export_csv(), "商品.csv"),
        (services.export_xlsx(), "商品.xlsx"),
    ):
        seen = services.preview(content, filename)
        assert seen.faults == []
        assert (len(seen.new), len(seen.changed), seen.unchanged) == (0, 0, len(NASTY))
    rows = list(csv.reader(io.StringIO(services.export_csv().decode("utf-8-sig"))))
    assert rows[0] == list(COLUMNS.values())
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(tuple("=+-@＝"))]
    sheet = openpyxl.load_workbook(io.BytesIO(services.export_xlsx())).active
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "n"}


def test_templates_can_be_filled_and_imported(shop):
    for content, name in (
        (services.template_csv(), "範本.csv"),
        (services.template_xlsx(), "範本.xlsx"),
    ):
        seen = services.preview(content, name)
        assert (seen.total, seen.faults) == (0, [])


def test_ten_thousand_rows_are_a_matter_of_seconds(shop):
    """Not a benchmark: a guard against work that grows with the square of the rows."""
    lines = [f"S{n:05},商品名稱第{n}號,{n},應稅,47{n:08}" for n in range(10_000)]
    content = (HEAD + "\n".join(lines)).encode()
    started = time.process_time()
    taken(shop, content)
    assert Product.objects.count() == 10_000
    changed = content.replace(b",\xe6\x87\x89\xe7\xa8\x85,", b",\xe5\x85\x8d\xe7\xa8\x85,")
    assert len(taken(shop, changed).changed) == 10_000
    assert time.process_time() - started < 60
