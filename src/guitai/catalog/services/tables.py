"""Files of rows, read and written: CSV (UTF-8, UTF-16, Big5) and XLSX.

Nothing here knows what a product is; a table is a header and rows of text.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import openpyxl
import xlsxwriter

from guitai.catalog.errors import FileTooLarge, FileUnreadable, TooManyRows
from guitai.catalog.rules import safe_cell, unsafe_cell

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 80 * 1024 * 1024
MAX_ROWS = 20_000

FORMULA = "\x00formula"
DATE = "\x00date"
"""What a cell becomes that holds no plain value; the rules of the columns refuse it by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is 1) and its cells as text."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    header: list[str]
    rows: list[Row]


def read(content: bytes, filename: str) -> Table:
    """The first sheet of a file. Raises ``FileTooLarge``, ``TooManyRows``, ``FileUnreadable``."""
    if len(content) > MAX_BYTES:
        size = f"{len(content) / 1024 / 1024:.1f}"
        raise FileTooLarge(field="file", size=size, limit=MAX_BYTES // 1024 // 1024)
    if not content.strip():
        raise FileUnreadable(field="file", detail="檔案是空的。")
    if content[:4] == b"\xd0\xcf\x11\xe0":
        detail = "這是舊式的 .xls，請在試算表另存為 .xlsx 或 CSV。"
        raise FileUnreadable(field="file", detail=detail)
    lines = _xlsx_lines(content) if content[:2] == b"PK" else _csv_lines(content)
    return _table(lines)


def _table(lines: Iterator[list[str]]) -> Table:
    header: list[str] = []
    rows: list[Row] = []
    for number, cells in enumerate(lines, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            continue
        rows.append(Row(number, [unsafe_cell(cell) for cell in cells]))
        if len(rows) > MAX_ROWS:
            raise TooManyRows(field="file", limit=f"{MAX_ROWS:,}")
    return Table(header, rows)


def _csv_lines(content: bytes) -> Iterator[list[str]]:
    text = decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        detail = f"第 {reader.line_num} 行的 CSV 格式有誤，常見原因是引號沒有成對。"
        raise FileUnreadable(field="file", detail=detail) from error


def decoded(content: bytes) -> str:
    """The text of a CSV: by its byte order mark, else UTF-8, else Big5 as Windows writes it."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _as(content, "utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _as(content, "cp950")


def _as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        detail = f"第 {line} 行的文字既不是 UTF-8 也不是 Big5，請另存為 UTF-8 的 CSV。"
        raise FileUnreadable(field="file", detail=detail) from error


def _xlsx_lines(content: bytes) -> Iterator[list[str]]:
    _refuse_bomb(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # A file may claim any size; the rows that are there count.
        sheet.reset_dimensions()
        for row in sheet.iter_rows():
            yield _trimmed([_cell(cell) for cell in row])
    # Whatever zip, zlib and the XML parser meet in a broken file escapes; there is no common base.
    except Exception as error:
        raise FileUnreadable(field="file", detail=_BROKEN) from error


_BROKEN = "這不是完整的 Excel 檔（.xlsx），請重新另存一次。"


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise FileUnreadable(field="file", detail=_BROKEN) from error
    if unpacked > MAX_UNPACKED:
        size = f"{unpacked / 1024 / 1024:.0f}"
        raise FileTooLarge(field="file", size=size, limit=MAX_UNPACKED // 1024 // 1024)


def _cell(cell: object) -> str:
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    if getattr(cell, "data_type", "") == "f":
        return FORMULA
    if isinstance(value, (datetime, date, time)):
        return DATE
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads it; formulas are defused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(
    header: Sequence[str],
    rows: Iterable[Sequence[str | int]],
    *,
    notes: Iterable[str] = (),
    title: str = "商品",
) -> bytes:
    """Text cells are written as text (barcodes keep their zeros) and never as formulas."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True, "bg_color": "#EBE8E1"})
        plain = book.add_format({"num_format": "@", "quote_prefix": True})
        money = book.add_format({"num_format": "#,##0"})
        sheet.write_row(0, 0, header, bold)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(place, column, cell, money)
                elif cell:
                    sheet.write_string(place, column, cell, plain)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, 16)
        _write_notes(book, list(notes))
    return out.getvalue()


def _write_notes(book: "xlsxwriter.Workbook", notes: list[str]) -> None:
    if not notes:
        return
    sheet = book.add_worksheet("填寫說明")
    sheet.set_column(0, 0, 90)
    for place, note in enumerate(notes):
        sheet.write_string(place, 0, note)
