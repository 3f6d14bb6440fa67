"""The golden papers in ``examples/out``, byte for byte, and what a decoder reads from them."""

from dataclasses import replace

import numpy as np
import pytest
import zxingcpp

from twinvoice import paper, proof, raster
from twinvoice.document import Invoice
from twinvoice.faults import Fault
from twinvoice.tests.regenerate_paper import EXAMPLES, KEY, documents, golden_papers, slips_of

DOCUMENTS = documents()
PRINTED = [case for case, document in DOCUMENTS.items() if slips_of(document)]
PROOFS = [case for case in PRINTED if isinstance(DOCUMENTS[case], Invoice)]


@pytest.mark.parametrize("path", golden_papers(), ids=str)
def test_the_golden_paper_is_what_the_library_makes(path):
    assert (EXAMPLES / path).read_bytes() == golden_papers()[path], (
        "run: python -m twinvoice.tests.regenerate_paper"
    )


def test_there_is_a_paper_for_what_is_printed_and_for_nothing_else():
    expected = {path.name for path in golden_papers()}
    found = {
        path.name for suffix in ("qr", "paper") for path in EXAMPLES.glob(f"out/*.{suffix}.txt")
    }
    assert found == expected
    assert len(PROOFS) >= 10
    assert "05-allowance.paper.txt" in found


@pytest.mark.parametrize("case", PROOFS)
def test_the_golden_codes_agree_with_the_document(case):
    document = DOCUMENTS[case]
    bar, left, right = (EXAMPLES / "out" / f"{case}.qr.txt").read_text("utf-8").splitlines()
    assert proof.read_code39(bar).number == document.number
    read = proof.read_pair(left, right)
    assert read.left.total == document.totals.total
    assert read.left.date == document.date
    assert read.left.buyer_ban == document.buyer.ban
    assert read.left.random_code == document.random_code
    assert [item.name for item in read.items] == [line.description for line in document.lines]


@pytest.mark.parametrize("case", PROOFS)
def test_the_drawn_paper_is_read_back(case):
    page = raster.page(slips_of(DOCUMENTS[case])[0], 384)
    found = zxingcpp.read_barcodes((~np.pad(page, 36)).astype(np.uint8) * 255)
    expected = (EXAMPLES / "out" / f"{case}.qr.txt").read_text("utf-8").splitlines()
    assert sorted(code.text for code in found) == sorted(expected)


def test_stored_and_donated_examples_are_refused_on_paper():
    refused = 0
    for document in DOCUMENTS.values():
        stored = isinstance(document, Invoice) and not document.print_mark
        if stored and not document.buyer.is_business:
            with pytest.raises(Fault, match="TWI-PRINT"):
                paper.proof_copy(replace(document, print_mark=True), KEY)
            refused += 1
    assert refused >= 5
