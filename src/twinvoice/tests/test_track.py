"""Numbers, ranges and the platform's CSV: mof.md §4, mof-vectors.md §8."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinvoice.faults import Fault
from twinvoice.period import Period
from twinvoice.track import (
    CSV_HEADER,
    InvoiceNumber,
    NumberRange,
    allocation_csv_faults,
    books_by_weight,
    read_allocation_csv,
)

PERIOD = Period.parse("11002")
HEADER = ",".join(CSV_HEADER) + "\r\n"
ROW = "12345678,7,一般稅額計算,110/01 ~ 110/02,KD,00883650,00884099\r\n"


def spread(begin=0, end=499, track="AB"):
    return NumberRange(PERIOD, track, begin, end)


def test_numbers_are_read_and_shown():
    number = InvoiceNumber.parse("AB-00000050")
    assert (number.track, number.digits, number.value) == ("AB", "00000050", 50)
    assert (str(number), number.printed) == ("AB00000050", "AB-00000050")
    assert InvoiceNumber.of("AB", 50) == number < InvoiceNumber.parse("AB00000051")


@pytest.mark.parametrize(
    "text",
    ["ab00000050", "A100000050", "AB0000050", "AB000000500", "ＡＢ00000050", "", "AB0000005²"],
)
def test_wrong_numbers_are_refused(text):
    with pytest.raises(Fault) as caught:
        InvoiceNumber.parse(text)
    assert caught.value.code == "TWI-NUMBER"


def test_ranges_count_and_contain():
    span = NumberRange.parse(PERIOD, "KD", "00883650", "00884099")
    assert (span.count, span.books, span.begin_digits, span.end_digits) == (
        450,
        9,
        "00883650",
        "00884099",
    )
    assert InvoiceNumber.parse("KD00884099") in span
    assert InvoiceNumber.parse("KD00884100") not in span
    assert InvoiceNumber.parse("KE00884099") not in span
    assert [str(number) for number in spread(48, 50)] == ["AB00000048", "AB00000049", "AB00000050"]


def test_a_range_without_book_borders_has_no_books():
    assert not spread(1, 50).on_book_borders
    with pytest.raises(Fault):
        _ = spread(1, 50).books


@pytest.mark.parametrize(("begin", "end"), [(5, 4), (-1, 4), (0, 100_000_000)])
def test_wrong_ranges_are_refused(begin, end):
    with pytest.raises(Fault) as caught:
        spread(begin, end)
    assert caught.value.code == "TWI-RANGE"


def test_overlap_needs_a_common_number_in_one_period():
    assert spread(0, 99).overlaps(spread(99, 120))
    assert not spread(0, 99).overlaps(spread(100, 149))
    assert not spread(0, 99).overlaps(spread(0, 99, "AC"))
    assert not spread(0, 99).overlaps(NumberRange(PERIOD.next(), "AB", 0, 99))
    assert spread(0, 99).covers(spread(50, 99)) and not spread(50, 99).covers(spread(0, 99))


def test_an_even_split_differs_by_one_book_at_most():
    assert [part.books for part in spread(0, 499).split(3)] == [4, 3, 3]
    assert [part.books for part in spread(0, 99).split(3)] == [1, 1]


def test_a_split_by_counts_leaves_the_rest_last():
    parts = spread(0, 499).split([100, 50])
    assert [(part.begin, part.end) for part in parts] == [(0, 99), (100, 149), (150, 499)]
    assert [part.count for part in spread(0, 99).split([50, 50])] == [50, 50]


@pytest.mark.parametrize("parts", [0, -1, [25], [0], [-50], [550], [500, 50]])
def test_a_split_that_does_not_fit_is_refused(parts):
    with pytest.raises(Fault) as caught:
        spread(0, 499).split(parts)
    assert caught.value.code == "TWI-RANGE"


def test_a_cut_book_is_not_split():
    with pytest.raises(Fault):
        spread(7, 499).split(2)


@given(st.integers(1, 500), st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_a_split_loses_and_doubles_no_number(books, weights):
    span = spread(1000, 1000 + books * 50 - 1)
    if not any(weights):
        weights = [*weights, 1]
    shares = books_by_weight(books, weights)
    parts = span.split_by_weight(weights)
    assert sum(shares) == books and len(shares) == len(weights)
    assert [part.books for part in parts] == [share for share in shares if share]
    assert parts[0].begin == span.begin and parts[-1].end == span.end
    assert all(a.end + 1 == b.begin for a, b in pairwise(parts))
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - books * weight / sum(weights)) < 1


def big5(*rows, header=HEADER):
    return (header + "".join(rows)).encode("cp950")


def test_the_platform_file_is_read():
    (first, second) = read_allocation_csv(big5(ROW, ROW.replace("KD", "KE").replace(",7,", ",07,")))
    assert (first.ban, first.invoice_type, first.period.code) == ("12345678", "07", "11002")
    assert (str(first.track), first.range.books, first.row) == ("KD", 9, 2)
    assert (second.track, second.row) == ("KE", 3)


def test_line_ends_of_either_kind_and_special_tax():
    data = big5(ROW.replace("7,一般", "8,特種")).replace(b"\r\n", b"\n")
    assert read_allocation_csv(data)[0].invoice_type == "08"


def swapped(old, new):
    return big5(ROW.replace(old, new))


@pytest.mark.parametrize(
    ("data", "code", "row"),
    [
        ((HEADER + ROW).encode("utf-8"), "TWI-CSV-ENCODING", None),
        ((HEADER + ROW).encode("utf-8-sig"), "TWI-CSV-ENCODING", None),
        ((HEADER + ROW).encode("utf-16"), "TWI-CSV-ENCODING", None),
        (b"\xff\xff" + big5(ROW), "TWI-CSV-ENCODING", None),
        (b"", "TWI-CSV-HEADER", 1),
        (big5(ROW, header=HEADER.replace("發票迄號", "發票訖號")), "TWI-CSV-HEADER", 1),
        (big5(ROW, header=HEADER.replace("\r\n", ",,\r\n")), "TWI-CSV-HEADER", 1),
        (big5(ROW, header=""), "TWI-CSV-HEADER", 1),
        (big5(), "TWI-CSV-EMPTY", 1),
        (swapped("KD", '"KD"'), "TWI-CSV-EDITED", 2),
        (big5(ROW, ROW.replace(",", "\t")), "TWI-CSV-EDITED", 3),
        (swapped("00884099", "00884099,,"), "TWI-CSV-EDITED", 2),
        (swapped("00883650,00884099", "883650,884099"), "TWI-CSV-ZEROS", 2),
        (swapped("12345678", "2345678"), "TWI-CSV-ZEROS", 2),
        (swapped("00883650", "8.8E+05"), "TWI-CSV-VALUE", 2),
        (swapped("KD", "kd"), "TWI-CSV-VALUE", 2),
        (swapped(",7,", ",9,"), "TWI-CSV-VALUE", 2),
        (swapped(",7,", ",8,"), "TWI-CSV-VALUE", 2),
        (swapped("110/01 ~ 110/02", "Jan-10"), "TWI-CSV-VALUE", 2),
        (swapped("00883650", "00884150"), "TWI-CSV-VALUE", 2),
        (swapped("00883650", "00883651"), "TWI-CSV-BOOKS", 2),
        (swapped("00884099", "00884098"), "TWI-CSV-BOOKS", 2),
        (big5(ROW, ROW), "TWI-CSV-OVERLAP", 3),
        (big5(ROW, ROW.replace("00883650", "00884050")), "TWI-CSV-OVERLAP", 3),
        (big5(ROW, ROW.replace("00883650", "00883500")), "TWI-CSV-OVERLAP", 3),
        (big5(ROW, "\r\n", ROW.replace("KD", "KE")), "TWI-CSV-EDITED", 3),
        (b"x" * 5_000_001, "TWI-CSV-SIZE", None),
    ],
)
def test_a_file_that_somebody_touched_is_refused(data, code, row):
    with pytest.raises(Fault) as caught:
        read_allocation_csv(data)
    assert (caught.value.code, caught.value.params.get("row")) == (code, row)


def test_every_faulty_row_is_named():
    data = big5(
        ROW, ROW.replace("KD", "k"), ROW.replace("KD", "KE"), ROW.replace("00883650", "883650")
    )
    assert [fault.params["row"] for fault in allocation_csv_faults(data)] == [3, 5]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_allocation_csv(data)
    except Fault as fault:
        assert fault.code.startswith("TWI-CSV-")
