"""Results come down in both shapes, and every fault of the Turnkey face (mof.md §9.5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from guitai_sandbox.faults import CATALOGUE
from guitai_sandbox.tests.office import (
    COMPANY,
    MOBILE,
    PRINTED,
    SELLER,
    VOID,
    Office,
    codes,
    numbered,
)

XSD = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "mig-xsd"


def texts(file: Path, name: str) -> list[str]:
    return etree.parse(file).xpath(f"//*[local-name()='{name}']/text()")


def fault(office: Office, name: str, **order) -> None:
    office.desk.control("POST", "faults", face="turnkey", name=name, **order)


def next_day(office: Office) -> Path:
    office.at("2026-01-17T09:00:00")
    office.turnkey.run_once()
    (file,) = office.results("SummaryResult")
    return file


def test_process_result_names_object_and_numbers(office):
    office.send(PRINTED, MOBILE)
    (file,) = office.results()
    assert texts(file, "Code") == ["00000", "00000"]
    assert texts(file, "Parameter0") == ["InvoiceNumber"] * 2
    assert texts(file, "Parameter1") == ["AB00000050", "AB00000051"]
    (parcel,) = texts(file, "Id")
    assert parcel.startswith("4.1-F0401-20260116-120000000-")
    assert (texts(file, "MessageType"), texts(file, "Action")) == (["F0401"], ["C0401"])
    assert etree.parse(file).getroot().tag == "{urn:GEINV:ProcessResult:4.1}ProcessResult"


def test_summary_of_the_day_before_adds_up(office):
    office.send(PRINTED, COMPANY, numbered(MOBILE, 60).replace(SELLER, "12345675"))
    office.send(VOID)
    assert office.results("SummaryResult") == []
    file = next_day(office)
    assert file.parent == office.root / "Unpack/BAK/SummaryResult/20260117/09"
    assert texts(file, "Count") == ["3", "2", "1", "1", "1", "0"]
    total = texts(file, "ReferenceNumber")[:3]
    assert total == ["AB00000050", "AB00000053", "AB00000060"]
    assert "ResultDetailType" in file.read_text("utf-8")
    office.turnkey.run_once()
    assert office.results("SummaryResult") == [file], "once a day"
    assert office.desk.control("POST", "turnkey/summary", date="2026-01-16") == {
        "summary_results": 1
    }


@pytest.fixture
def schema_shaped(tmp_path: Path) -> Office:
    return Office(tmp_path, shape="xsd")


def test_the_shape_of_the_schema(schema_shaped):
    office = schema_shaped
    office.send(PRINTED, COMPANY)
    text = next_day(office).read_text("utf-8")
    assert "urn:GEINV:SummaryResult:4.0" in text and "<Invocie>" in text
    assert "<Result><Total><Count>2</Count>" in text and "2026-01-15" in text
    assert "urn:GEINV:ProcessResult:4.0" in office.results()[0].read_text("utf-8")


@pytest.mark.skipif(not XSD.is_dir(), reason="the official schemas are not beside the repository")
def test_the_process_result_of_that_shape_is_valid(schema_shaped):
    office = schema_shaped
    office.send(PRINTED, COMPANY)
    schema = etree.XMLSchema(etree.parse(XSD / "common/v40/ProcessResult.xsd"))
    assert schema.validate(etree.parse(office.results()[0])), schema.error_log


def test_assignment_in_an_envelope_and_bare(office):
    order = {"seller": SELLER, "period": "11502"}
    assert office.desk.control("POST", "turnkey/assign", **order) == {"ranges": 1, "files": 1}
    (file,) = office.results("E0501")
    assert texts(file, "InvoiceBooklet") == ["10"]
    assert etree.parse(file).getroot().tag.endswith("}InvoiceEnvelope")
    office.desk.control("POST", "turnkey/assign", envelope=False, **order)
    roots = {etree.parse(one).getroot().tag for one in office.results("E0501")}
    assert "{urn:GEINV:E0501:4.0}InvoiceAssignNo" in roots


def test_never_answer(office):
    fault(office, "never_answer", number="AB00000050")
    assert office.send(PRINTED, MOBILE) == ["00000"]
    assert office.state("AB00000050") == ["live"]
    assert texts(next_day(office), "Count")[0] == "2"


def test_never_answer_because_it_was_lost(office):
    fault(office, "never_answer", number="AB00000050", lost=True)
    assert office.send(PRINTED, MOBILE) == ["00000"]
    assert office.state("AB00000050") == []
    assert texts(next_day(office), "Count")[0] == "1"
    fault(office, "never_answer", on=False)
    assert office.send(PRINTED) == ["00000"], "sent again it is accepted"


def test_answer_late(office):
    fault(office, "answer_late", seconds=3600, times=1)
    assert office.send(PRINTED) == []
    office.at("2026-01-16T12:59:59")
    assert office.turnkey.run_once()["process_results"] == 0
    office.at("2026-01-16T13:00:00")
    assert office.turnkey.run_once()["process_results"] == 1
    assert codes(office.results()[0]) == ["00000"]


def test_result_code_for_one_number(office):
    fault(office, "result_code", number="AB00000051", code="E0001", times=1)
    assert office.send(PRINTED, MOBILE) == ["00000", "E0001"]
    assert office.state("AB00000051") == []
    assert office.send(MOBILE) == ["00000"]


def test_summary_missing(office):
    fault(office, "summary_missing", number="AB00000051")
    office.send(PRINTED, MOBILE)
    file = next_day(office)
    assert texts(file, "Count") == ["1", "1", "0"]
    assert "AB00000051" not in file.read_text("utf-8")


def test_out_of_order(office):
    fault(office, "out_of_order")
    assert office.send(MOBILE) == ["00000"]
    assert office.send(PRINTED.replace("14:05:09", "14:05:10")) == ["E0209"]
    assert office.send(PRINTED) == ["00000"], "the same second is in order"


def test_killed_between_deciding_and_moving_a_file_is_judged_once(office, monkeypatch):
    (office.src("F0401") / "a.xml").write_text(PRINTED, "utf-8")
    (office.src("F0401") / "b.xml").write_text("<half", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(type(office.turnkey), "_finish_moves", lambda *_: None)
        office.turnkey.run_once()
    assert len(list(office.src("F0401").iterdir())) == 2, "decided, not moved"
    done = office.turnkey.run_once()
    assert (done["accepted"], done["refused"], done["errors"]) == (0, 0, 0)
    assert list(office.src("F0401").iterdir()) == []
    assert [file.name for file in office.errors()] == ["b.xml"]
    assert len(office.results()) == 1


def test_a_thousand_messages_make_one_object(office):
    office.desk.control(
        "POST",
        "ranges",
        face="turnkey",
        seller=SELLER,
        period="11502",
        track="CD",
        begin="00000000",
        end="00001999",
    )
    many = [PRINTED.replace("AB00000050", f"CD{number:08d}") for number in range(1001)]
    assert office.send(*many) == ["00000"] * 1001
    assert len(office.results()) == 2
    book = office.desk.control("GET", "ledger?face=turnkey")
    assert book["counts"] == {"invoice/live": 1001} and book["accepted_twice"] == []
    assert [one["gaps"] for one in book["ranges"]] == [[], []]


def test_reset_forgets(office):
    office.send(PRINTED)
    office.desk.control("POST", "reset", everything=True)
    assert office.desk.control("GET", "state?face=turnkey")["counts"] == {
        "mirle": {},
        "turnkey": {},
    }


def test_every_fault_of_the_catalogue_is_tested_here():
    text = Path(__file__).read_text("utf-8")
    assert [name for name in CATALOGUE["turnkey"] if f'"{name}"' not in text] == []
