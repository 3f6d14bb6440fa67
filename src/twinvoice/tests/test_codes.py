"""Every code list loads, has its source, and says what the facts say (mof.md)."""

import ast
import re
from decimal import Decimal
from pathlib import Path

import pytest

from twinvoice import codes

ROOT = Path(codes.__file__).parents[1]
HANDLING = {"success", "retry", "done", "data", "human"}


@pytest.mark.parametrize("name", codes.NAMES)
def test_every_list_loads(name):
    found = codes.load(name)
    assert len(found) >= 2 and found.source
    for code, entry in found.items():
        assert entry.code == code == code.strip()
        assert entry.zh.strip() and entry.en.strip()


def test_every_file_is_a_list():
    files = {path.stem for path in (ROOT / "codes").glob("*.toml")}
    assert files == set(codes.NAMES)
    with pytest.raises(KeyError):
        codes.load("colours")


def test_lists_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        codes.load("prizes")["first"].more["amount"] = 1


def raised_codes():
    """Every ``TWI-…`` that stands as a whole text in the library's own modules."""
    for path in ROOT.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = re.fullmatch(r"TWI-[A-Z0-9]+(?:-[A-Z0-9]+)*", node.value)
                if found:
                    yield node.value, path.name


def test_every_fault_code_is_documented_and_every_documented_code_is_raised():
    raised = dict(raised_codes())
    documented = set(codes.load("faults"))
    assert {code: raised[code] for code in set(raised) - documented} == {}
    assert documented - set(raised) == set()


def test_the_whole_catalogue_is_there():
    assert {f"TWI-V{index:02d}" for index in range(1, 33)} <= set(codes.load("faults"))


def test_faults_name_platform_codes_that_exist():
    platform = codes.load("platform_results")
    for entry in codes.load("faults").values():
        assert entry.more["level"] in ("hard", "warn")
        assert set(entry.more["prevents"]) <= set(platform)


def test_platform_results():
    platform = codes.load("platform_results")
    assert platform["00000"].more["handling"] == "success"
    assert platform["E0103"].zh == "發票明細加總與總金額不符"
    assert {entry.more["handling"] for entry in platform.values()} == HANDLING
    done = {code for code, entry in platform.items() if entry.more["handling"] == "done"}
    assert done == {"E0201", "E1003", "E0402"}
    assert all(re.fullmatch(r"E[0-9]{4}|00000", code) for code in platform)


def test_turnkey_results():
    turnkey = codes.load("turnkey_results")
    assert len(turnkey) == 32
    assert turnkey["Err007"].zh == "簽章錯誤"
    assert {code for code, e in turnkey.items() if e.more["handling"] == "retry"} == {
        "Err012", "Err013", "Err014", "Err015", "Err016", "Err017", "Err018", "Err026",
    }  # fmt: skip


def test_tax_types_and_zero_tax_reasons():
    taxes = codes.load("tax_types")
    assert list(taxes) == ["1", "2", "3", "4", "9"]
    assert [Decimal(rate) for rate in taxes["4"].more["rates"]] == [
        Decimal("0.02"),
        Decimal("0.05"),
        Decimal("0.15"),
        Decimal("0.25"),
    ]
    assert list(codes.load("zero_tax_reasons")) == [str(code) for code in range(71, 80)]


def test_small_lists():
    assert list(codes.load("customs_marks")) == ["1", "2"]
    assert list(codes.load("buyer_remarks")) == list(codes.load("bonded_areas")) == list("1234")
    assert list(codes.load("invoice_types")) == ["07", "08"]
    assert codes.load("carrier_types")["3J0002"].more["public"]
    assert len(codes.load("currencies")) == 170 and "TWD" in codes.load("currencies")


def test_prizes_are_those_of_the_law():
    prizes = {entry.zh: entry.more["amount"] for entry in codes.load("prizes").values()}
    assert prizes["特別獎"] == 10_000_000 and prizes["特獎"] == 2_000_000
    ladder = ("頭獎", "二獎", "三獎", "四獎", "五獎", "六獎", "增開六獎")
    assert [prizes[name] for name in ladder] == [200_000, 40_000, 10_000, 4_000, 1_000, 200, 200]
