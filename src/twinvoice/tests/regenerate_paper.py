"""Write the golden papers anew: ``python -m twinvoice.tests.regenerate_paper`` (``src`` as path).

For every ``examples/<case>.json`` that goes on paper: ``out/<case>.qr.txt`` holds the Code 39, the
left and the right QR text, a line each; ``out/<case>.paper.txt`` the slips as text. Documents that
reach their buyer without paper have neither. The key is the published one of the official genKey.
"""

import json
from pathlib import Path

from twinvoice import jsonform, paper, proof
from twinvoice.document import Allowance, Document, Invoice

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = "FE05F029154F6AA67A78B338ED2F6601"


def documents() -> dict[str, Document]:
    """Case → document, of every example."""
    return {
        path.stem: jsonform.from_json(json.loads(path.read_text("utf-8")))
        for path in sorted(EXAMPLES.glob("*.json"))
    }


def slips_of(document: Document) -> tuple[paper.Slip, ...]:
    """The slips that the counter prints for this document; none where nothing is printed."""
    match document:
        case Invoice(print_mark=True) if document.buyer.is_business:
            return (paper.company_proof(document, KEY),)
        case Invoice(print_mark=True):
            return paper.proof_copy(document, KEY), paper.transaction_detail(document)
        case Allowance():
            return (paper.allowance_slip(document),)
        case _:
            return ()


def golden_papers() -> dict[Path, bytes]:
    """Every golden file of paper with the bytes it should have, relative to ``examples/``."""
    files: dict[Path, str] = {}
    for case, document in documents().items():
        slips = slips_of(document)
        if slips:
            files[Path("out") / f"{case}.paper.txt"] = "".join(map(paper.as_text, slips))
        if slips and isinstance(document, Invoice):
            codes = (proof.code39(document), *proof.qr_pair(document, KEY))
            files[Path("out") / f"{case}.qr.txt"] = "".join(f"{code}\n" for code in codes)
    return {path: text.encode("utf-8") for path, text in files.items()}


def main() -> None:
    for path, data in golden_papers().items():
        (EXAMPLES / path).write_bytes(data)


if __name__ == "__main__":
    main()
