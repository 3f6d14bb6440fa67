"""Write the golden printer bytes anew, with ``src`` as path:

    python -m guitai_agent.tests.regenerate_escpos

For every example that goes on paper ``out/<case>.escpos`` holds what a PP-8800 is sent: its slips
one after the other, in the hybrid mode.
"""

from pathlib import Path

from guitai_agent.escpos.encoders import encode
from guitai_agent.knowledge import profile
from twinvoice import paper
from twinvoice.tests.regenerate_paper import EXAMPLES, documents, slips_of

PRINTER = "PP-8800"


def printed() -> dict[str, tuple[paper.Slip, ...]]:
    """Case → its slips, of the examples that are printed at all."""
    found = {case: slips_of(document) for case, document in documents().items()}
    return {case: slips for case, slips in found.items() if slips}


def golden_bytes() -> dict[Path, bytes]:
    """Every golden file with the bytes it should have, relative to ``examples/``."""
    used = profile(PRINTER)
    return {
        Path("out") / f"{case}.escpos": b"".join(encode(slip, used).data for slip in slips)
        for case, slips in printed().items()
    }


def main() -> None:
    for path, data in golden_bytes().items():
        (EXAMPLES / path).write_bytes(data)


if __name__ == "__main__":
    main()
