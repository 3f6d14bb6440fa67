"""The golden documents in ``examples/``: JSON in, MIG out, byte for byte."""

import json

import pytest

from twinvoice import check, jsonform, mig
from twinvoice.tests.regenerate import EXAMPLES, OUTPUTS, golden_files
from twinvoice.tests.samples import SCENARIOS

CASES = sorted(path.stem for path in EXAMPLES.glob("*.json"))


def document_of(case):
    return jsonform.from_json(json.loads((EXAMPLES / f"{case}.json").read_text("utf-8")))


def test_every_scenario_has_its_files_and_no_other_stands_there():
    assert sorted(SCENARIOS) == CASES
    for suffix in OUTPUTS:
        found = {path.name.removesuffix(f".{suffix}") for path in EXAMPLES.glob(f"out/*.{suffix}")}
        assert found == set(CASES)


@pytest.mark.parametrize("path", golden_files(), ids=str)
def test_the_golden_file_is_what_the_library_makes(path):
    assert (EXAMPLES / path).read_bytes() == golden_files()[path], (
        "run: python -m twinvoice.tests.regenerate"
    )


@pytest.mark.parametrize("case", CASES)
def test_the_document_goes_from_json_to_mig_and_back(case):
    document = document_of(case)
    data = (EXAMPLES / "out" / f"{case}.mig.xml").read_bytes()
    assert check.faults(document) == []
    assert mig.write(document) == data
    assert mig.read(data) == document
