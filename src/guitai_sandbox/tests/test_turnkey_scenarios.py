"""The 18 go-live scenarios of mof.md §4.2 through the folder, from mof-vectors §9."""

from __future__ import annotations

import pytest

from guitai_sandbox.tests.office import (
    ALLOW,
    ANNUL,
    BLANK,
    BRANCH,
    COMPANY,
    DONATED,
    MOBILE,
    PRINTED,
    SELLER,
    UNALLOW,
    VOID,
    ZERO,
    numbered,
)

CITIZEN = "AB12345678901234"
NPOBAN = "<NPOBAN>919</NPOBAN>\n    <RandomNumber>"


def carried(text: str, kind: str, one: str) -> str:
    carrier = (
        f"<CarrierType>{kind}</CarrierType><CarrierId1>{one}</CarrierId1>"
        f"<CarrierId2>{one}</CarrierId2><PrintMark>"
    )
    return text.replace("<PrintMark>", carrier)


def donated(text: str) -> str:
    marked = text.replace("<DonateMark>0", "<DonateMark>1")
    return marked.replace("<RandomNumber>", NPOBAN)


def bare(number: int) -> str:
    """An unprinted consumer's invoice that still needs a carrier."""
    return numbered(PRINTED, number).replace("<PrintMark>Y", "<PrintMark>N")


def exempt(text: str) -> str:
    text = text.replace("<TaxType>1<", "<TaxType>3<").replace("TaxRate>0.05", "TaxRate>0")
    text = text.replace("<SalesAmount>110", "<SalesAmount>0")
    return text.replace("<FreeTaxSalesAmount>0", "<FreeTaxSalesAmount>110")


def mixed(text: str) -> str:
    text = text.replace("<TaxType>1</TaxType><Amount>50", "<TaxType>3</TaxType><Amount>50")
    text = text.replace("<SalesAmount>110", "<SalesAmount>60")
    text = text.replace("<FreeTaxSalesAmount>0", "<FreeTaxSalesAmount>50")
    return text.replace("<TaxType>1</TaxType><TaxRate>", "<TaxType>9</TaxType><TaxRate>")


MEMBER = "EJ0113", "a1b2c3d4"
ISSUES = {
    "1-1 consumer, 2 print, 15 taxable": PRINTED,
    "1-2 with BAN": COMPANY,
    "7 mobile barcode": MOBILE,
    "8 donation": DONATED,
    "9 mobile barcode and donation": donated(MOBILE),
    "10 mobile barcode with BAN": carried(COMPANY, "3J0002", "/TRM+O+P"),
    "11 member carrier": carried(bare(60), *MEMBER),
    "12 member carrier and donation": donated(carried(bare(61), *MEMBER)),
    "13 citizen certificate": carried(bare(62), "CQ0001", CITIZEN),
    "14 citizen certificate and donation": donated(carried(bare(63), "CQ0001", CITIZEN)),
    "16 zero rate": ZERO,
    "17 exempt": exempt(PRINTED),
    "18 mixed": mixed(PRINTED),
}


@pytest.mark.parametrize("name", ISSUES)
def test_issue(office, name):
    assert office.send(ISSUES[name]) == ["00000"]
    assert office.errors() == []


def test_3_void(office):
    assert office.send(PRINTED) == ["00000"]
    assert office.send(VOID) == ["00000"]
    assert office.state("AB00000050") == ["void"]


def test_4_1_issue_void_withdraw_reissue(office):
    voided = VOID.replace("AB00000050", "AB00000051")
    assert office.send(MOBILE) == office.send(voided) == office.send(ANNUL) == ["00000"]
    assert office.send(MOBILE.replace("/TRM+O+P", "/ABC1234")) == ["00000"]
    assert office.state("AB00000051") == ["withdrawn", "live"]


def test_4_2_issue_withdraw_reissue_keeps_date_and_time(office):
    assert office.send(MOBILE) == office.send(ANNUL) == ["00000"]
    assert office.send(MOBILE.replace("14:05:09", "14:05:10")) == ["E0305"]
    assert office.send(MOBILE) == ["00000"]
    assert office.send(ANNUL) == ["00000"], "a second withdrawal is another round"
    assert office.desk.control("GET", "ledger?face=turnkey")["accepted_twice"] == []


def test_5_and_6_allowance_and_its_void(office):
    assert office.send(COMPANY) == ["00000"]
    office.at("2026-03-21T12:00:00")
    assert office.send(ALLOW) == ["00000"]
    assert office.send(
        VOID.replace("AB00000050", "AB00000053").replace("0000000000", "10458575")
    ) == ["E0213"], "an invoice with a live allowance"
    assert office.send(UNALLOW) == ["00000"]
    assert office.send(UNALLOW) == ["E0218"]
    assert office.send(ALLOW) == ["E0201"], "allowance numbers are unique for ever"


def test_branch_allocation_and_blank_report(office):
    assert office.send(BRANCH) == ["00000"]
    by_branch = numbered(PRINTED, 231).replace(SELLER, "10458575")
    assert office.send(BLANK) == ["00000"]
    assert office.send(by_branch) == ["E0102"], "reported blank"
    assert office.send(numbered(by_branch, 230)) == ["00000"]
    assert office.send(BLANK.replace("00000231", "00000230")) == ["E0612"]
    assert office.send(BLANK) == ["00000"], "the same head replaces"
    assert office.send(BRANCH.replace("00000499", "00000449")) == ["E0601"]


def test_one_run_works_an_issue_before_its_void(office):
    assert office.send(VOID, PRINTED) == ["00000", "00000"]
