"""The symbols, read by somebody else's decoder and judged by their own bits."""

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from twinvoice import qr
from twinvoice.faults import Fault
from twinvoice.proof import BYTE_CAPACITY

# ISO/IEC 18004: 17 + 4 x version modules a side; format bits 01 stand for level L.
FORMAT_MASK = 0b101010000010010


def scan(modules: np.ndarray, scale: int = 4) -> zxingcpp.Barcode:
    page = np.pad(~modules, 4, constant_values=True).repeat(scale, 0).repeat(scale, 1)
    found = zxingcpp.read_barcodes(page.astype(np.uint8) * 255, zxingcpp.BarcodeFormat.QRCode)
    assert len(found) == 1
    return found[0]


def format_bits(modules: np.ndarray) -> int:
    """The 15 format bits beside the upper left finder, most significant first."""
    cells = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)]
    cells += [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    return int("".join("1" if modules[cell] else "0" for cell in cells), 2) ^ FORMAT_MASK


def codewords_start(modules: np.ndarray) -> int:
    """The first 8 bits of the data stream: bottom right corner, upwards, unmasked (mask 3)."""
    size = len(modules)
    bits = 0
    for row in range(size - 1, size - 5, -1):
        for column in (size - 1, size - 2):
            bits = bits << 1 | (bool(modules[row, column]) ^ ((row + column) % 3 == 0))
    return bits


@pytest.mark.parametrize(
    "text", ["**", "大小中日本", "カタカナ", "0123456789", "ABC $%*+-./:", "堃喆😀é"]
)
def test_every_text_is_one_byte_segment_without_eci(text):
    left, _ = qr.pair(text, "**")
    mode, high_nibble_of_length = divmod(codewords_start(left), 16)
    # Mode 0100 is bytes; 0111 would be an ECI header, 1000 Kanji, 0001 digits, 0010 letters.
    assert mode == 0b0100
    assert high_nibble_of_length == len(text.encode()) >> 4
    found = scan(left)
    assert found.bytes == text.encode("utf-8")
    # ]Q1 is a QR code without ECI, ]Q2 one with it (ISO/IEC 15424).
    assert found.symbology_identifier == "]Q1"


@pytest.mark.parametrize(
    ("longer", "version"),
    [(1, 6), (134, 6), (135, 7), (154, 7), (155, 8), (192, 8), (193, 9), (230, 9), (231, 10),
     (271, 10), (272, 11), (321, 11), (322, 12), (367, 12)],
)  # fmt: skip
def test_both_have_the_version_the_longer_one_needs(longer, version):
    left, right = qr.pair("x" * longer, "**")
    assert left.shape == right.shape == (17 + 4 * version,) * 2
    assert qr.pair("**", "x" * longer)[0].shape == left.shape
    assert scan(left).bytes == b"x" * longer
    assert scan(right).bytes == b"**"


def test_error_correction_is_l_and_the_mask_is_the_decided_one():
    for modules in qr.pair("x" * 94, "**"):
        level_and_mask = format_bits(modules) >> 10
        assert level_and_mask >> 3 == 0b01
        assert level_and_mask & 7 == qr.FIXED_MASK == 3


@pytest.mark.parametrize("texts", [("", "**"), ("x", ""), ("x" * 368, "**"), ("國" * 123, "**")])
def test_what_no_symbol_takes_is_refused(texts):
    with pytest.raises(Fault, match="TWI-QR-LIMIT"):
        qr.pair(*texts)


def test_shared_symbols_cannot_be_changed():
    left, _ = qr.pair("same", "**")
    assert qr.pair("same", "**")[0] is left
    with pytest.raises(ValueError, match="read-only"):
        left[0, 0] = False


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
        lambda text: len(text.encode()) <= max(BYTE_CAPACITY.values())
    )
)
def test_any_text_comes_back_byte_for_byte(text):
    left, right = qr.pair(text, "**")
    assert scan(left).bytes == text.encode("utf-8")
    assert scan(right).bytes == b"**"
