"""The official schemas accept what is written: the go-live scenarios and thousands of invoices.

The schemas are the Ministry's and not part of this repository. They are looked for beside it; where
they are absent these tests are skipped by name and ``test_mig_read.py`` still holds the order
of the elements.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from lxml import etree

from twinvoice import check, mig
from twinvoice.document import Allowance, AllowanceVoid, Annulment, Void
from twinvoice.tests.samples import SCENARIOS, legal_documents
from twinvoice.tests.strategies import of

SCHEMAS = Path(__file__).parents[4] / "shared" / "data" / "mig-xsd"
OUTGOING = ("F0401", "F0501", "F0701", "G0401", "G0501", "E0401", "E0402")

pytestmark = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason="the Ministry's schemas are not beside this clone (shared/data)"
)


def load(name):
    return (SCHEMAS / name).read_bytes()


@pytest.fixture(scope="module")
def schemas():
    return {code: mig.compile_schema(load, f"v41/{code}.xsd") for code in OUTGOING}


def refusal(schemas, document):
    schema = schemas[mig.message_code(document)]
    if schema.validate(etree.fromstring(mig.write(document))):
        return None
    return str(schema.error_log)


@pytest.mark.parametrize("case", SCENARIOS)
def test_the_schema_accepts_the_scenario(schemas, case):
    assert refusal(schemas, SCENARIOS[case]) is None


@pytest.mark.parametrize("seed", range(4))
def test_the_schema_accepts_thousands_of_invoices(schemas, seed):
    for document in legal_documents(1_000, seed):
        assert refusal(schemas, document) is None


@given(of(Void) | of(Annulment) | of(AllowanceVoid) | of(Allowance))
@settings(max_examples=100)
def test_what_check_accepts_the_schema_accepts(schemas, document):
    """Mostly wrong documents: whichever has no hard fault must pass the schema."""
    if not [fault for fault in check.faults(document) if fault.level == "hard"]:
        assert refusal(schemas, document) is None


def test_a_wrong_document_does_not_pass(schemas):
    broken = mig.write(SCENARIOS["01-1-consumer"]).replace(b"<PrintMark>Y", b"<PrintMark>y")
    assert not schemas["F0401"].validate(etree.fromstring(broken))


def test_the_blank_in_a_name_is_what_breaks_the_untouched_schema(schemas):
    """The control of ``schema_text``: without it the valid document is refused (mof.md §1.3)."""
    untouched = etree.XMLSchema(etree.parse(SCHEMAS / "v41" / "E0402.xsd"))
    document = etree.fromstring(mig.write(SCENARIOS["20-blank-report"]))
    assert not untouched.validate(document)
    assert schemas["E0402"].validate(document)
