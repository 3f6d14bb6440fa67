"""Files that were cut off, chewed by a spreadsheet, or never were tables: refused, nothing kept.

Sources: issue "broken CSV"; mof.md §4 (the platform's allocation file); S2.24. What each fault of a
well-meant file is called is tested beside the readers; here nobody means well.
"""

import csv
import gzip
import io
import random
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from guitai.api.tests.http import Page, sale_body
from guitai.catalog import services as catalog
from guitai.kernel import clock, scope
from guitai.kernel.errors import GuitaiError
from guitai.numbering import services as numbering
from guitai.numbering.models import Allocation
from guitai.numbering.tests.shop import BOSS, csv_of, csv_row
from guitai.orders.models import Order
from guitai.orders.tests.till import NOON
from guitai.tenancy.models import Register, Store
from tests.hostile.photograph import difference, photograph
from tests.hostile.test_bad_text import undone
from tests.hostile.test_openapi import CODE, HAN

HEAD = "商品編號,商品名稱,售價（含稅）,稅別,條碼\r\n"
PRODUCTS = (HEAD + 'A1,"拿鐵, 大杯",120,應稅,4710088410016\r\nA2,麵包,35,免稅,\r\n').encode(
    "utf-8-sig"
)


@pytest.fixture(autouse=True)
def at_noon():
    with clock.moved(NOON):
        yield


@pytest.fixture
def scoped(shop):
    with scope.tenant(shop.merchant_id):
        yield shop


def allocation(shop):
    """A good file of two rows, as the platform writes it."""
    ban = shop.entity.ban
    return csv_of(csv_row(0, 149, ban=ban), csv_row(50, 99, ban=ban, track="CD"))


def attempted(work, data):
    """``(what was taken, None)``, or ``(None, the refusal)`` after which nothing had changed.

    Anything but a refusal with a code and a sentence is a failure of the test.
    """
    before = photograph()
    with undone():
        try:
            return work(data), None
        except GuitaiError as error:
            assert CODE.fullmatch(error.code)
            assert HAN.search(error.message)
            # A file that can be read is kept for the look before the import, faults and all.
            kept = {"catalog_productimport"} if error.code == "CAT-IMPORT-FAULTS" else set()
            assert set(difference(before, photograph())) <= kept, error.code
            return None, error


def bitten(data, seed):
    """The file with a few bytes replaced, dropped, doubled or moved."""
    dice, found = random.Random(seed), bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(found))
        match dice.randrange(4):
            case 0:
                found[place] = dice.choice(b'\x00\n\r",;\t=-~/ 0129AZ\xa4\xff')
            case 1:
                del found[place : place + dice.randint(1, 9)]
            case 2:
                found[place:place] = found[place : place + dice.randint(1, 40)]
            case _:
                found = found[place:] + found[:place]
    return bytes(found)


class TestAllocations:
    """A number that nobody allotted must never be issued: a doubtful file is no file."""

    def spans(self):
        return {(a.period, a.track, a.begin_no, a.end_no) for a in Allocation.objects.all()}

    def take(self, data):
        numbering.import_allocation(data, "字軌.csv", BOSS)
        return self.spans()

    def test_cut_off_anywhere_it_brings_whole_rows_or_nothing(self, scoped):
        data = allocation(scoped)
        whole, _ = attempted(self.take, data)
        assert len(whole) == 2
        taken = [attempted(self.take, data[:end])[0] for end in range(len(data))]
        assert all(spans is None or spans < whole or spans == whole for spans in taken)
        # Whole rows only: after the first row, with or without its line's end, and at the end.
        assert sum(spans is not None for spans in taken) <= 5

    @pytest.mark.parametrize("seed", range(8))
    def test_bitten_files_never_raise_and_never_bring_odd_books(self, scoped, seed):
        data = allocation(scoped)
        for bite in range(40):
            spans, error = attempted(self.take, bitten(data, seed * 1000 + bite))
            if error is None:
                assert all(begin % 50 == 0 and end % 50 == 49 for _, _, begin, end in spans)
                assert all(period == "11512" for period, *_ in spans)

    @pytest.mark.parametrize(
        "months",
        [
            "115/10 ~ 115/11",
            "115/11 ~ 115/11",
            "115/12 ~ 115/11",
            "115/11 ~ 116/12",
            "115/13 ~ 115/14",
            "Nov-15",
            "2026/11 ~ 2026/12x",
            "=A1",
            "",
        ],
    )
    def test_months_that_are_no_period(self, scoped, months):
        data = csv_of(csv_row(0, 49, ban=scoped.entity.ban, months=months))
        _, error = attempted(self.take, data)
        assert error.code == "NUM-FILE"
        assert error.params["rows"][0]["row"] == 2

    def test_what_a_spreadsheet_does_to_it(self, scoped):
        text = allocation(scoped).decode("cp950")
        chewed = {
            "leading zeros lost": text.replace("00000000", "0").replace("00000149", "149"),
            "quoted": text.replace("AB", '"AB"'),
            "saved as UTF-8": text.encode(),
            "saved as UTF-8 with a mark": text.encode("utf-8-sig"),
            "saved as UTF-16": text.encode("utf-16"),
            "tabs": text.replace(",", "\t"),
            "semicolons": text.replace(",", ";"),
            "a column more": text.replace("\r\n", ",\r\n"),
            "as numbers": text.replace("00000149", "149.0"),
            "in exponents": text.replace("00000149", "1.49E+02"),
            "formula": text.replace("00000000", "=0+0"),
            "full-width digits": text.replace("00000000", "００００００００"),
            "NUL": text.replace("AB", "A\x00B"),
            "header twice": text + text,
            "blank lines between": text.replace("\r\n", "\r\n\r\n"),
        }
        for name, data in chewed.items():
            data = data if isinstance(data, bytes) else data.encode("cp950")
            taken, error = attempted(self.take, data)
            assert taken is None, name
            assert error.params["rows"], name


class TestProducts:
    def take(self, shop):
        def taken(data):
            return catalog.apply(shop.owner, catalog.upload(shop.owner, data, "商品.csv").id)

        return taken

    def test_cut_off_anywhere_it_never_raises(self, scoped):
        take = self.take(scoped)
        for end in range(len(PRODUCTS)):
            attempted(take, PRODUCTS[:end])
        done, _ = attempted(take, PRODUCTS)
        assert len(done.new) == 2

    @pytest.mark.parametrize("seed", range(8))
    def test_bitten_files_never_raise(self, scoped, seed):
        take = self.take(scoped)
        for bite in range(30):
            attempted(take, bitten(PRODUCTS, seed * 1000 + bite))

    @pytest.mark.parametrize("seed", range(4))
    def test_bitten_workbooks_never_raise(self, scoped, seed):
        workbook = catalog.template_xlsx()
        take = self.take(scoped)
        for bite in range(10):
            attempted(take, bitten(workbook, seed * 1000 + bite))

    def test_a_workbook_that_asks_for_somebody_elses_file(self, scoped):
        """XML's entities are not followed, and not unfolded either."""
        out = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(catalog.template_xlsx())) as good,
            zipfile.ZipFile(out, "w") as bad,
        ):
            for entry in good.infolist():
                data = good.read(entry)
                if entry.filename == "xl/sharedStrings.xml":
                    entities = "".join(
                        f'<!ENTITY {b} "{f"&{a};" * 50}">'
                        for a, b in zip("abcdefg", "bcdefgh", strict=True)
                    )
                    head = (
                        '<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">'
                        f'<!ENTITY a "lol">{entities}]>'
                    )
                    data = data.replace(b"<sst", head.encode() + b"<sst", 1)
                    data = data.replace(b"<t>", b"<t>&x;&h;", 1)
                bad.writestr(entry.filename, data)
        taken, error = attempted(self.take(scoped), out.getvalue())
        assert taken is None
        assert "root:" not in error.message


GARBAGE = {
    "nothing": b"",
    "NULs": b"\x00" * 4096,
    "every byte": bytes(range(256)) * 16,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "gzip": gzip.compress(PRODUCTS),
    "an empty archive": b"PK\x05\x06" + b"\x00" * 18,
    "HTML": b"<html><table><tr><td>1</td></tr></table></html>",
    "JSON": b'{"sku": "A1"}',
    "one long line": b"A" * 1_000_000,
    "one long quote": b'"' + b"A" * 1_000_000,
    "a million commas": b"," * 1_000_000,
    "line ends only": b"\r\n" * 100_000,
    "50 MB": b"A1,B,1\r\n" * (50 * 1024 * 1024 // 8),
}


@pytest.mark.parametrize("page", ["product-import", "number-import"])
def test_garbage_at_the_desk_is_told_at_the_field(desk, shop, page):
    browser, wrong = desk(shop, "owner"), []
    before = photograph()
    for name, data in GARBAGE.items():
        file = SimpleUploadedFile("../../壞\u202e檔.csv", data, content_type="text/csv")
        with undone():
            answer = browser.post(reverse(f"desk:{page}"), {"file": file})
            changed = difference(before, photograph())
        told = answer.status_code in {200, 422} and "is-wrong" in answer.content.decode()
        if changed or not told:
            wrong.append((name, answer.status_code, changed))
    assert wrong == []


FORMULAS = ("=HYPERLINK(1)", "+886", "-5", "@SUM(A1)", "=1+1", "\uff1d1+1")


@pytest.mark.parametrize("place", ["store", "clerk"])
@pytest.mark.parametrize("page", ["order-export", "invoice-export", "transmission-export"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_list_of_the_desk_runs_a_formula(desk, shop, counter_things, page, kind, place):
    """What people typed as names and notes comes out as text, in every cell of every list."""
    with scope.tenant(shop.merchant_id):
        if place == "store":
            Store.objects.filter(id=shop.store.id).update(name=FORMULAS[0])
            Register.objects.filter(id=shop.register.id).update(name=FORMULAS[1])
        else:
            Order.objects.update(staff_name=FORMULAS[2], note=FORMULAS[3])
    answer = desk(shop, "owner").get(reverse(f"desk:{page}", kwargs={"kind": kind}))
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if kind == "csv":
        cells = [c for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for c in row]
        assert [c for c in cells if c.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))] == []
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert [c.value for c in cells if c.data_type == "f"] == []
    assert len(cells) > 10


def test_a_formula_sold_is_sold_as_text(till):
    """The till takes the name as it is: it is lawful on an invoice, and never runs on the way."""
    line = {**sale_body(till)["lines"][0], "product_id": None, "name": FORMULAS[0]}
    sold = Page.of(till).post("sales", sale_body(till, lines=[line]))
    assert sold.status_code == 201
