"""Invoice numbers (字軌號碼), ranges of them, and the platform's allocation file.

Source: mof.md §1.4, §4 and mof-vectors.md §8. Numbers are allotted in books (本) of fifty: a range
begins at …00 or …50 and ends at …49 or …99. Ranges inside a shop need not keep to book borders (the
unused tail of a range does not), so only what is allotted or split is held to them. The file is
held to its shape; whether the BAN is the merchant's own is for the importer to say.
"""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from twinvoice.faults import Fault
from twinvoice.period import Period

BOOK = 50
"""Numbers in one 本 (組, 卷)."""

_NUMBER = re.compile(r"([A-Z]{2})-?([0-9]{8})")
_TRACK = re.compile(r"[A-Z]{2}")
_DIGITS = re.compile(r"[0-9]{8}")
_LAST = 99_999_999


@dataclass(frozen=True, slots=True, order=True)
class InvoiceNumber:
    """Two letters of the track and eight digits: ``AB00000050``. Raises ``TWI-NUMBER``."""

    track: str
    digits: str

    def __post_init__(self) -> None:
        if not _TRACK.fullmatch(self.track) or not _DIGITS.fullmatch(self.digits):
            raise Fault("TWI-NUMBER", "InvoiceNumber", {"value": f"{self.track}{self.digits}"})

    @classmethod
    def parse(cls, text: str) -> "InvoiceNumber":
        """``AB00000050`` or, as printed, ``AB-00000050``. Raises ``Fault("TWI-NUMBER")``."""
        match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise Fault("TWI-NUMBER", "InvoiceNumber", {"value": text})
        return cls(match[1], match[2])

    @classmethod
    def of(cls, track: str, value: int) -> "InvoiceNumber":
        """From the track and the number as an integer: ``("AB", 50)`` → ``AB00000050``."""
        return cls(track, f"{value:08d}")

    @property
    def value(self) -> int:
        return int(self.digits)

    @property
    def printed(self) -> str:
        """As on the proof copy: ``AB-00000050`` (mof.md §3.2)."""
        return f"{self.track}-{self.digits}"

    def __str__(self) -> str:
        return self.track + self.digits


@dataclass(frozen=True, slots=True, order=True)
class NumberRange:
    """Consecutive numbers of one track in one period; ``begin`` and ``end`` are both inside.

    ``begin`` and ``end`` are integers (0 … 99,999,999); ``begin_digits`` and ``end_digits`` are
    the eight digits. Raises ``Fault("TWI-RANGE")``.
    """

    period: Period
    track: str
    begin: int
    end: int

    def __post_init__(self) -> None:
        if not _TRACK.fullmatch(self.track) or not 0 <= self.begin <= self.end <= _LAST:
            raise self._fault("not a range")

    def _fault(self, reason: str, **more: object) -> Fault:
        params = {"track": self.track, "begin": self.begin, "end": self.end, "reason": reason}
        return Fault("TWI-RANGE", "InvoiceBeginNo", {**params, **more})

    @classmethod
    def parse(cls, period: Period, track: str, begin: str, end: str) -> "NumberRange":
        """From the eight-digit texts of MIG and the CSV; lost zeros raise ``TWI-RANGE``."""
        if not _DIGITS.fullmatch(begin) or not _DIGITS.fullmatch(end):
            raise Fault("TWI-RANGE", "InvoiceBeginNo", {"begin": begin, "end": end})
        return cls(period, track, int(begin), int(end))

    @property
    def begin_digits(self) -> str:
        return f"{self.begin:08d}"

    @property
    def end_digits(self) -> str:
        return f"{self.end:08d}"

    @property
    def count(self) -> int:
        return self.end - self.begin + 1

    @property
    def on_book_borders(self) -> bool:
        return self.begin % BOOK == 0 and self.end % BOOK == BOOK - 1

    @property
    def books(self) -> int:
        """How many books of fifty; raises ``TWI-RANGE`` where a border cuts a book."""
        if not self.on_book_borders:
            raise self._fault("not on book borders")
        return self.count // BOOK

    def __contains__(self, number: InvoiceNumber) -> bool:
        return number.track == self.track and self.begin <= number.value <= self.end

    def __iter__(self) -> Iterator[InvoiceNumber]:
        return (InvoiceNumber.of(self.track, value) for value in range(self.begin, self.end + 1))

    def covers(self, other: "NumberRange") -> bool:
        """Whether ``other`` lies wholly inside this range."""
        return (
            self.period == other.period
            and self.track == other.track
            and self.begin <= other.begin
            and other.end <= self.end
        )

    def overlaps(self, other: "NumberRange") -> bool:
        """Whether the two share a number (same period and track)."""
        return (
            self.period == other.period
            and self.track == other.track
            and self.begin <= other.end
            and other.begin <= self.end
        )

    def split(self, parts: int | Sequence[int]) -> tuple["NumberRange", ...]:
        """Cut on book borders: evenly into ``parts`` ranges, or by counts of numbers.

        An ``int`` shares out the books so that no part has more than one book over another; parts
        that get no book are left out. A sequence of counts (each a positive multiple of fifty)
        cuts from the front; what is over comes last. Raises ``Fault("TWI-RANGE")``.
        """
        if isinstance(parts, int):
            return self.split_by_weight([1] * parts)
        if any(count <= 0 or count % BOOK for count in parts) or sum(parts) > self.count:
            raise self._fault("counts do not fit", counts=tuple(parts))
        rest = self.count - sum(parts)
        return self._cut([count // BOOK for count in parts] + [rest // BOOK])

    def split_by_weight(self, weights: Sequence[int]) -> tuple["NumberRange", ...]:
        """Cut whole books in proportion to ``weights`` (average use), largest remainder first.

        A weight that earns no book gets no range, so the result may be shorter than ``weights``;
        ``books_by_weight`` says who gets how many. Raises ``Fault("TWI-RANGE")``.
        """
        return self._cut(books_by_weight(self.books, weights))

    def _cut(self, books: Sequence[int]) -> tuple["NumberRange", ...]:
        if self.books != sum(books):
            raise self._fault("books do not add up", books=tuple(books))
        pieces, begin = [], self.begin
        for share in books:
            if share:
                end = begin + share * BOOK - 1
                pieces.append(NumberRange(self.period, self.track, begin, end))
                begin = end + 1
        return tuple(pieces)


def books_by_weight(books: int, weights: Sequence[int]) -> list[int]:
    """Share ``books`` in proportion to non-negative integer weights, one share per weight.

    The largest remainder wins the next book, the earlier weight on a tie. Raises ``TWI-RANGE``
    where there is no weight above zero.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise Fault("TWI-RANGE", "", {"reason": "no weights", "weights": tuple(weights)})
    shares = [books * weight // total for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(books * weights[index] % total), index)
    )
    for index in by_remainder[: books - sum(shares)]:
        shares[index] += 1
    return shares


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the platform allotted to one BAN: one row of the CSV. ``row`` counts from the header."""

    ban: str
    invoice_type: Literal["07", "08"]
    range: NumberRange
    row: int = 0

    @property
    def period(self) -> Period:
        return self.range.period

    @property
    def track(self) -> str:
        return self.range.track


CSV_HEADER = (
    "營業人統編",
    "發票類別代號",
    "發票類別",
    "發票期別",
    "發票字軌名稱",
    "發票起號",
    "發票迄號",
)
_CSV_LIMIT = 5_000_000
_FORBIDDEN = frozenset('"\t\x00')
_TYPES: dict[str, tuple[Literal["07", "08"], str]] = {
    "7": ("07", "一般稅額計算"),
    "07": ("07", "一般稅額計算"),
    "8": ("08", "特種稅額計算"),
    "08": ("08", "特種稅額計算"),
}


def read_allocation_csv(data: bytes) -> list[Allocation]:
    """Read the platform's Big5 allocation file (mof.md §4) untouched, or raise its first fault.

    ``allocation_csv_faults`` lists all of them. Codes: ``TWI-CSV-ENCODING`` (not the platform's
    Big5: saved anew), ``TWI-CSV-HEADER``, ``TWI-CSV-EDITED`` (quotes, extra columns: a spreadsheet
    wrote it), ``TWI-CSV-ZEROS`` (leading zeros lost), ``TWI-CSV-VALUE``, ``TWI-CSV-BOOKS``,
    ``TWI-CSV-OVERLAP``, ``TWI-CSV-EMPTY``, ``TWI-CSV-SIZE``; ``params["row"]`` is the line.
    """
    allocations, faults = _read(data)
    if faults:
        raise faults[0]
    return allocations


def allocation_csv_faults(data: bytes) -> list[Fault]:
    """Every fault of an allocation file, row by row; empty where it can be read."""
    return _read(data)[1]


def _read(data: bytes) -> tuple[list[Allocation], list[Fault]]:
    allocations: list[Allocation] = []
    faults: list[Fault] = []
    taken = _Taken()
    try:
        rows = _rows(data)
    except Fault as fault:
        return [], [fault]
    for number, row in rows:
        try:
            allocation = _allocation(number, row)
            taken.add(allocation)
        except Fault as fault:
            faults.append(fault)
        else:
            allocations.append(allocation)
    return allocations, faults


def _decode(data: bytes) -> str:
    if len(data) > _CSV_LIMIT:
        raise Fault("TWI-CSV-SIZE", "", {"bytes": len(data), "limit": _CSV_LIMIT})
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Fault("TWI-CSV-ENCODING", "", {"reason": "byte order mark"})
    try:
        text = data.decode("cp950")
    except UnicodeDecodeError as error:
        raise Fault("TWI-CSV-ENCODING", "", {"byte": error.start}) from error
    if CSV_HEADER[0].encode() in data[:200]:
        raise Fault("TWI-CSV-ENCODING", "", {"reason": "UTF-8"})
    return text


def _rows(data: bytes) -> list[tuple[int, list[str]]]:
    text = _decode(data)
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    for row, line in enumerate(lines, 1):
        if not _FORBIDDEN.isdisjoint(line):
            raise Fault("TWI-CSV-EDITED", "", {"row": row, "reason": "quotes or tabs"})
    if tuple(lines[0].split(",")) != CSV_HEADER:
        raise Fault("TWI-CSV-HEADER", "", {"row": 1, "value": lines[0][:200]})
    # Nothing is quoted, so every comma parts two cells.
    rows = [(row, line.split(",")) for row, line in enumerate(lines[1:], 2)]
    if not rows:
        raise Fault("TWI-CSV-EMPTY", "", {"row": 1})
    return rows


def _csv_fault(code: str, row: int, column: int, value: str) -> Fault:
    name = CSV_HEADER[column]
    return Fault(code, name, {"row": row, "column": name, "value": value[:80]})


def _allocation(row: int, cells: list[str]) -> Allocation:
    if len(cells) != len(CSV_HEADER):
        raise Fault("TWI-CSV-EDITED", "", {"row": row, "columns": len(cells)})
    ban, kind, kind_name, period_text, track, begin, end = cells
    for column, text in ((0, ban), (5, begin), (6, end)):
        if not _DIGITS.fullmatch(text):
            lost = text.isascii() and 0 < len(text) < 8 and text.isdigit()
            raise _csv_fault("TWI-CSV-ZEROS" if lost else "TWI-CSV-VALUE", row, column, text)
    if kind not in _TYPES:
        raise _csv_fault("TWI-CSV-VALUE", row, 1, kind)
    if _TYPES[kind][1] != kind_name:
        raise _csv_fault("TWI-CSV-VALUE", row, 2, kind_name)
    if not _TRACK.fullmatch(track):
        raise _csv_fault("TWI-CSV-VALUE", row, 4, track)
    span = _span(row, period_text, track, begin, end)
    return Allocation(ban, _TYPES[kind][0], span, row)


def _span(row: int, period_text: str, track: str, begin: str, end: str) -> NumberRange:
    try:
        period = Period.parse(period_text)
    except Fault as fault:
        raise _csv_fault("TWI-CSV-VALUE", row, 3, period_text) from fault
    if int(begin) > int(end):
        raise _csv_fault("TWI-CSV-VALUE", row, 6, end)
    span = NumberRange.parse(period, track, begin, end)
    if not span.on_book_borders:
        column, value = (5, begin) if span.begin % BOOK else (6, end)
        raise _csv_fault("TWI-CSV-BOOKS", row, column, value)
    return span


class _Taken:
    """The spans read so far, kept sorted so that a long file is checked in n log n."""

    def __init__(self) -> None:
        self._spans: dict[tuple[Period, str], list[tuple[int, int, int]]] = {}

    def add(self, new: Allocation) -> None:
        """Remember ``new``; raises ``TWI-CSV-OVERLAP`` where an earlier row shares a number."""
        spans = self._spans.setdefault((new.period, new.track), [])
        place = bisect.bisect(spans, (new.range.begin, _LAST, 0))
        for begin, end, row in spans[max(place - 1, 0) : place + 1]:
            if begin <= new.range.end and new.range.begin <= end:
                raise Fault("TWI-CSV-OVERLAP", "發票起號", {"row": new.row, "other_row": row})
        spans.insert(place, (new.range.begin, new.range.end, new.row))
