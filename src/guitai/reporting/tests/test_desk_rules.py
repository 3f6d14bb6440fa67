"""What a search means, what is masked, what codes and ages say."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from guitai.invoicing.rules import Outcome
from guitai.reporting.queries.keyset import Cursor
from guitai.reporting.rules import (
    SearchKind,
    age_of,
    explained,
    masked,
    searched,
    span_of_prefix,
)
from twinvoice import codes

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("", SearchKind.NOTHING, ""),
        ("   ", SearchKind.NOTHING, ""),
        ("AB12345678", SearchKind.NUMBER, "AB12345678"),
        (" ab-1234 5678 ", SearchKind.NUMBER, "AB12345678"),
        ("12345678", SearchKind.DIGITS, "12345678"),
        ("AB12345", SearchKind.PREFIX, "AB12345"),
        ("AB1234", SearchKind.OTHER, "AB1234"),
        ("/trm+o+p", SearchKind.CARRIER, "/TRM+O+P"),
        ("/ABC-123", SearchKind.CARRIER, "/ABC-123"),
        ("TP03000001234567", SearchKind.CARRIER, "TP03000001234567"),
        ("11512AB123456784827", SearchKind.SCAN, "AB12345678"),
        ("A01-1-261121-0001", SearchKind.OTHER, "A01-1-261121-0001"),
        ("a\x00b", SearchKind.UNUSABLE, ""),
        ("a\ud800", SearchKind.UNUSABLE, ""),
        ("長" * 500, SearchKind.OTHER, "長" * 200),
    ],
)
def test_what_somebody_typed_or_scanned(typed, kind, value):
    found = searched(typed)
    assert (found.kind, found.value) == (kind, value)


def test_a_scanned_code_tells_its_period():
    assert searched("11512AB123456784827").period == "11512"


def test_a_prefix_spans_numbers_of_full_length():
    assert span_of_prefix("AB123") == ("AB12300000", "AB12399999")
    assert span_of_prefix("AB1234567") == ("AB12345670", "AB12345679")


@pytest.mark.parametrize(
    ("carrier", "shown"),
    [
        ("/TRM+O+P", "/T****+P"),
        ("abcd", "****"),
        ("", ""),
        ("TP03000001234567", "TP************67"),
    ],
)
def test_a_carrier_shows_its_ends_only(carrier, shown):
    assert masked(carrier) == shown


def test_every_code_of_the_lists_and_every_outcome_is_explained_with_a_cure():
    for name in ("platform_results", "turnkey_results", "faults"):
        for code in codes.load(name):
            found = explained(code)
            assert found.meaning
            assert found.cure
    for outcome in Outcome:
        assert explained("", outcome).cure
    assert explained("", "") is None
    assert explained("未知", "") is None


@pytest.mark.parametrize(
    ("minutes", "tone", "words"),
    [
        (0, "", "期限還有 48 小時"),
        (90, "", "期限還有 46 小時"),
        (36 * 60 - 1, "", "期限還有"),
        (36 * 60, "warn", "還有 12 小時"),
        (48 * 60 - 1, "warn", "還有 1 分"),
        (48 * 60, "bad", "超過 0 分"),
        (48 * 60 + 4 * 24 * 60, "bad", "超過 4 天"),
        (-5, "", "期限還有 48 小時"),
    ],
)
def test_ages_at_their_edges(minutes, tone, words):
    age = age_of(NOW - timedelta(minutes=minutes), NOW)
    assert age.tone == tone
    assert words in age.text


def test_a_cursor_reads_back_and_nonsense_is_the_first_page():
    cursor = Cursor(NOW + timedelta(microseconds=123457), UUID(int=5))
    assert Cursor.parse(str(cursor)) == cursor
    for text in ("", "x", "1.", ".0", "1.zz", "-1.00", "9" * 40 + "." + "0" * 32, "²." + "0" * 32):
        assert Cursor.parse(text) is None
