"""Vectors of mof-vectors.md §5 (official examples of the Ministry of Finance among them)."""

import pytest

from twinvoice import ban
from twinvoice.faults import Fault

VALID_BOTH = [
    "04595257",
    "10458575",
    "10458574",
    "22099131",
    "30000007",
    "30000013",
    "30000029",
    "12345675",
    "12345676",
    "20000077",
    "24634102",
    "97162640",
    "27934855",
    "04622803",
    "53212539",
    "54834795",
    "83196607",
]
VALID_SINCE_2023 = [
    "04595252",
    "10458570",
    "10000004",
    "10000010",
    "10000026",
    "12345670",
    "12345671",
    "12458576",
    "20000072",
    "20000170",
    "90170888",
    "90288850",
    "90298359",
    "22891804",
]
INVALID = [
    "12345678",
    "12345672",
    "04595253",
    "28080624",
    "40000000",
    "40000002",
    "40000003",
    "90002300",
    "12168316",
    "16545004",
    "90000067",
    "1234567",
    "123456769",
    "1234567x",
    "0000000000",
    "00000000",
]


@pytest.mark.parametrize("text", VALID_BOTH + VALID_SINCE_2023)
def test_valid_numbers_pass(text):
    assert ban.is_valid(text)
    assert ban.check(text) == text


@pytest.mark.parametrize("text", [*INVALID, "", " 04595257 ", "０４５９５２５７", "0459525²", None])
def test_invalid_numbers_are_refused(text):
    assert not ban.is_valid(text)
    with pytest.raises(Fault) as caught:
        ban.check(text)
    assert caught.value.code == "TWI-BAN"


def test_one_wrong_digit_is_always_noticed_unless_the_checksum_cannot_see_it():
    """Mod 5 sees most single-digit errors; at least seven of ten, or the rule is not applied."""
    changed = [
        f"{'04595257'[:i]}{d}{'04595257'[i + 1 :]}"
        for i in range(8)
        for d in "0123456789"
        if "04595257"[i] != d
    ]
    noticed = sum(not ban.is_valid(text) for text in changed)
    assert noticed >= len(changed) * 0.7


def test_about_a_fifth_of_all_numbers_is_valid():
    valid = sum(ban.is_valid(f"{value:08d}") for value in range(10_000_000, 10_010_000))
    assert 1900 < valid < 2400
