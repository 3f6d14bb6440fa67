"""What Turnkey throws to ERR, and what the platform refuses (mof.md §2, §9.6, §13)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from guitai_sandbox.tests.office import (
    ALLOW,
    ANNUL,
    BLANK,
    BRANCH,
    COMPANY,
    MOBILE,
    PRINTED,
    SELLER,
    UNALLOW,
    VOID,
    ZERO,
    Office,
    numbered,
)

XSD = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "mig-xsd"
# mig-elements.md: every element marked [1], by message
REQUIRED = {
    PRINTED: (
        "InvoiceNumber InvoiceDate InvoiceTime Seller Buyer InvoiceType DonateMark PrintMark "
        "Description Quantity UnitPrice SequenceNumber SalesAmount FreeTaxSalesAmount "
        "ZeroTaxSalesAmount TaxRate TaxAmount TotalAmount Main Details Identifier Name"
    ),
    VOID: ("CancelInvoiceNumber InvoiceDate BuyerId SellerId CancelDate CancelTime CancelReason"),
    ANNUL: "VoidInvoiceNumber InvoiceDate BuyerId SellerId VoidDate VoidTime VoidReason",
    ALLOW: (
        "AllowanceNumber AllowanceDate AllowanceType OriginalInvoiceDate OriginalInvoiceNumber "
        "OriginalDescription Quantity UnitPrice Tax AllowanceSequenceNumber TaxType TaxAmount "
        "TotalAmount"
    ),
    UNALLOW: (
        "CancelAllowanceNumber AllowanceType AllowanceDate BuyerId SellerId CancelDate CancelTime "
        "CancelReason"
    ),
    BRANCH: (
        "HeadBan BranchBan InvoiceType YearMonth InvoiceTrack InvoiceBeginNo InvoiceEndNo "
        "InvoiceBooklet"
    ),
    BLANK: "HeadBan BranchBan InvoiceType YearMonth InvoiceTrack InvoiceBeginNo InvoiceEndNo",
}
CASES = [(text, name) for text, names in REQUIRED.items() for name in names.split()]


def without(text: str, name: str) -> str:
    """Take the first element of this name out."""
    root = etree.fromstring(text.encode())
    element = next(one for one in root.iter() if etree.QName(one).localname == name)
    element.getparent().remove(element)
    return etree.tostring(root, encoding="unicode")


def set_first(text: str, **values: str) -> str:
    for name, value in values.items():
        text, count = re.subn(
            rf"<{name}>[^<]*</{name}>", f"<{name}>{value}</{name}>", text, count=1
        )
        assert count == 1, name
    return text


def local_code(office: Office) -> str:
    row = office.turnkey.book.execute("SELECT code FROM deliveries ORDER BY id DESC").fetchone()
    return row["code"]


@pytest.mark.parametrize(("text", "name"), CASES, ids=[f"{t[-12:-1]}-{n}" for t, n in CASES])
def test_a_missing_element_goes_to_err(office, text, name):
    assert office.send(without(text, name)) == []
    assert len(office.errors()) == 1
    assert local_code(office) == "Err008"


# the table at the end of mof-vectors §9, and what the platform does where the schema sleeps
LOCAL = {
    "random code of three digits": set_first(PRINTED, RandomNumber="695"),
    "tax rate 5": set_first(PRINTED, TaxRate="5"),
    "negative total": set_first(PRINTED, TotalAmount="-1"),
    "type 05": set_first(PRINTED, InvoiceType="05"),
    "tax with decimals": set_first(PRINTED, TaxAmount="0.5"),
    "small letters": PRINTED.replace("AB00000050", "ab00000050"),
    "time without seconds": set_first(PRINTED, InvoiceTime="14:05"),
    "empty buyer remark": PRINTED.replace("<InvoiceType>", "<BuyerRemark/><InvoiceType>"),
    "main out of order": re.sub(
        r"(<InvoiceDate>.*?</InvoiceDate>)(\s*)(<InvoiceTime>.*?</InvoiceTime>)", r"\3\2\1", PRINTED
    ),
    "address before name": re.sub(
        r"(<Name>測.*?</Name>)(<Address>.*?</Address>)", r"\2\1", PRINTED
    ),
    "seller of seven digits": PRINTED.replace(f">{SELLER}<", ">0459525<"),
    "print mark y": set_first(PRINTED, PrintMark="y"),
    "no way to the buyer": set_first(PRINTED, PrintMark="N"),
    "printed with carrier": set_first(MOBILE, PrintMark="Y"),
    "company donates": set_first(COMPANY, DonateMark="1"),
    "allowance by the buyer": set_first(ALLOW, AllowanceType="1"),
    "odd month": set_first(BLANK, YearMonth="11501"),
    "bar in the month": set_first(BLANK, YearMonth="1150|"),
    "reason too long": set_first(VOID, CancelReason="字" * 21),
    "unknown element": PRINTED.replace("<PrintMark>", "<CheckNumber>1</CheckNumber><PrintMark>"),
    "attribute": PRINTED.replace("<PrintMark>", '<PrintMark a="b">'),
}


@pytest.mark.parametrize("name", LOCAL)
def test_turnkey_throws_to_err(office, name):
    assert office.send(LOCAL[name]) == []
    assert len(office.errors()) == 1
    assert office.desk.control("GET", "documents?face=turnkey")["documents"] == []


PLATFORM = {
    "empty random code": (set_first(PRINTED, RandomNumber=""), "E0503"),
    "negative exempt amount": (set_first(PRINTED, FreeTaxSalesAmount="-5"), "E0305"),
    "half a dollar": (set_first(PRINTED, TotalAmount="110.5"), "E0305"),
    "date that is none": (set_first(PRINTED, InvoiceDate="20260231"), "E0305"),
    "24 o'clock": (set_first(PRINTED, InvoiceTime="24:00:00"), "E0305"),
    "time with zone": (set_first(PRINTED, InvoiceTime="14:05:09+08:00"), "E0305"),
    "buyer with letters": (PRINTED.replace(">0000000000<", ">00000000AB<"), "E0104"),
    "empty description": (set_first(PRINTED, Description=""), "E0503"),
    "no seller address": (without(PRINTED, "Address"), "E0503"),
    "unknown seller": (PRINTED.replace(SELLER, "12345675"), "E0101"),
    "track of nobody": (PRINTED.replace("AB00000050", "ZZ00000050"), "E0102"),
    "number outside": (PRINTED.replace("AB00000050", "AB00000500"), "E0102"),
    "track of another period": (set_first(PRINTED, InvoiceDate="20251231"), "E0107"),
    "tomorrow": (set_first(PRINTED, InvoiceDate="20260117"), "E1002"),
    "lines differ": (set_first(PRINTED, Amount="61"), "E0103"),
    "header differs": (set_first(PRINTED, TotalAmount="111"), "E0103"),
    "nothing sold": (
        re.sub(r"<(SalesAmount|TotalAmount)>110", r"<\1>0", PRINTED),
        "E0105",
    ),
    "quantity zero": (set_first(PRINTED, Quantity="0"), "E0106"),
    "customs mark on a taxed sale": (
        PRINTED.replace(
            "<InvoiceType>", "<CustomsClearanceMark>1</CustomsClearanceMark><InvoiceType>"
        ),
        "E0112",
    ),
    "same sequence twice": (PRINTED.replace("<SequenceNumber>2", "<SequenceNumber>1"), "E0220"),
    "wrong rate": (set_first(PRINTED, TaxRate="0.15"), "E0225"),
    "special type, common tax": (set_first(PRINTED, InvoiceType="08"), "E0226"),
    "zero rate without customs mark": (without(ZERO, "CustomsClearanceMark"), "E0228"),
    "zero rate without reason": (without(ZERO, "ZeroTaxRateReason"), "E0228"),
    "line of another tax": (
        PRINTED.replace("<TaxType>1</TaxType><Amount>50", "<TaxType>3</TaxType><Amount>50"),
        "E0305",
    ),
    "donated to nobody": (
        MOBILE.replace("<DonateMark>0", "<DonateMark>1"),
        "E1001",
    ),
    "carrier with a blank": (
        MOBILE.replace("<CarrierId2>/TRM+O+P", "<CarrierId2>/TRM+O+P "),
        "E1005",
    ),
    "carriers differ": (MOBILE.replace("<CarrierId2>/TRM+O+P", "<CarrierId2>/ABC1234"), "E0305"),
    "company tax wrong": (
        set_first(COMPANY, SalesAmount="1300", TaxAmount="80").replace(
            "<Amount>1314", "<Amount>1300"
        ),
        "E0305",
    ),
    "void of nothing": (VOID, "E0202"),
    "withdrawal of nothing": (ANNUL, "E0202"),
    "allowance on nothing": (ALLOW.replace("20260320", "20260116"), "E0229"),
    "void of no allowance": (UNALLOW, "E0205"),
    "branch range nobody has": (set_first(BRANCH, YearMonth="11504"), "E0601"),
    "wrong booklets": (set_first(BRANCH, InvoiceBooklet="3"), "E0608"),
    "blank outside": (BLANK.replace("10458575", SELLER).replace("00000299", "00000500"), "E0613"),
}


@pytest.mark.parametrize("name", PLATFORM)
def test_the_platform_answers_with_a_code(office, name):
    text, code = PLATFORM[name]
    if name == "blank outside":
        text = set_first(text, HeadBan=SELLER)
    assert office.send(text) == [code]
    assert office.errors() == []
    assert office.desk.control("GET", "documents?face=turnkey")["documents"] == []


def test_doubles(office):
    other = MOBILE.replace("/TRM+O+P", "/ABC1234")
    assert office.send(MOBILE) == ["00000"]
    assert office.send(MOBILE) == ["E0201"]
    assert office.send(other) == ["E1003"]
    assert office.send(COMPANY) == ["00000"]
    assert office.send(COMPANY.replace("4321", "4322")) == ["E0201"]


def test_voids(office):
    office.send(PRINTED)
    assert office.send(VOID.replace("0000000000", "10458575")) == ["E0202"]
    assert office.send(set_first(VOID, CancelTime="24:00:00")) == ["E0305"]
    assert office.send(VOID) == ["00000"]
    assert office.send(VOID) == ["E0402"]
    office.at("2026-03-20T12:00:00")
    allowance = ALLOW.replace("AB00000053<", "AB00000050<").replace("10458575", "0000000000")
    assert office.send(allowance) == ["E0403"]


def test_a_void_after_the_fifteenth_needs_an_approval(office):
    office.send(PRINTED)
    office.at("2026-03-16T00:00:01")
    assert office.send(VOID) == ["E0207"]
    approved = VOID.replace(
        "</CancelReason>",
        "</CancelReason><ReturnTaxDocumentNumber>財北國稅1</ReturnTaxDocumentNumber>",
    )
    assert office.send(approved) == ["00000"]


def test_allowances_stay_within_the_invoice(office):
    office.send(COMPANY)
    office.at("2026-03-21T12:00:00")
    assert office.send(ALLOW.replace(">438<", ">1400<")) == ["E0309"]
    assert office.send(ALLOW.replace(">22<", ">67<")) == ["E0221"]
    big = ALLOW.replace("<Amount>438", "<Amount>1000").replace(
        "<TotalAmount>438", "<TotalAmount>1000"
    )
    assert office.send(big.replace(">22<", ">50<")) == ["00000"]
    assert office.send(ALLOW.replace("53A001", "53A002")) == ["E0221"]


def test_branches_do_not_overlap(office):
    assert office.send(BRANCH) == ["00000"]
    assert office.send(BRANCH.replace("10458575", "12345675")) == ["E0612"]
    outside = BRANCH.replace("00000299<", "00000549<").replace(">2<", ">7<")
    assert office.send(outside) == ["E0603"]
    twice = re.sub(r"(<BranchTrackItem>.*?</BranchTrackItem>)", r"\1\1", BRANCH)
    assert office.send(twice) == ["E0609"]


def test_files_move_whole_into_dated_folders(office):
    office.send(PRINTED)
    (file,) = office.root.glob("UpCast/B2SSTORAGE/F0401/BAK/20260116/12/*.xml")
    assert file.read_text("utf-8") == PRINTED
    assert list(office.src("F0401").iterdir()) == []
    (result,) = office.results()
    assert result.parent == office.root / "Unpack/BAK/ProcessResult/20260116/12"
    assert list((office.root / "Unpack").glob(".*.part")) == []


def test_files_that_are_not_xml_stay_and_half_files_go_to_err(office):
    src = office.src("F0401")
    (src / "0001.xml.tmp").write_text(PRINTED, "utf-8")
    (src / "0002.txt").write_text(PRINTED, "utf-8")
    (src / "0003.xml").write_bytes(PRINTED.encode()[:700])
    (src / "0004.xml").write_bytes(PRINTED.replace("UTF-8", "Big5").encode("cp950"))
    (src / "0005.xml").write_text(VOID, "utf-8")
    (src / "0006.xml").write_text(PRINTED.replace(":4.1", ":4.0"), "utf-8")
    assert office.turnkey.run_once()["errors"] == 4
    assert sorted(one.name for one in src.iterdir()) == ["0001.xml.tmp", "0002.txt"]
    rows = office.turnkey.book.execute("SELECT code FROM deliveries ORDER BY id").fetchall()
    assert [row["code"] for row in rows] == ["Err004", "Err004", "Err028", "Err019"]
    assert office.results() == []
    (office.root / "UpCast/B2SSTORAGE/E0402").mkdir()
    (office.root / "UpCast/B2SSTORAGE/E0402/x.xml").write_text(BLANK, "utf-8")
    assert sum(office.turnkey.run_once().values()) == 0, "E messages belong to B2PMESSAGE"


def test_the_same_file_name_never_overwrites(office):
    for text in (PRINTED, MOBILE):
        (office.src("F0401") / "a.xml").write_text(text, "utf-8")
        office.turnkey.run_once()
    found = sorted(f.name for f in office.root.glob("UpCast/*/F0401/BAK/*/*/*"))
    assert found == ["a.1.xml", "a.xml"]


@pytest.mark.skipif(not XSD.is_dir(), reason="the official schemas are not beside the repository")
def test_with_the_official_schemas_the_samples_pass_and_a_fault_is_seen(tmp_path):
    office = Office(tmp_path, xsd=XSD)
    assert office.send(PRINTED, MOBILE, COMPANY, ZERO, VOID, ANNUL, BRANCH) == ["00000"] * 7
    assert office.send(BLANK) == ["00000"]
    schemas = office.turnkey.schemas
    with pytest.raises(Exception, match="Err008"):
        schemas.check("F0401", numbered(PRINTED, 70).replace(">0.05<", ">0.5<").encode())
