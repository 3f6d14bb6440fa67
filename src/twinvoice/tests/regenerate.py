"""Write the golden documents anew: ``python -m twinvoice.tests.regenerate`` (with ``src`` as path).

``examples/<case>.json`` holds the document, ``examples/out/<case>.<suffix>`` what the library makes
of it; ``OUTPUTS`` says how. ``test_examples.py`` compares; after a wanted change run this and
look at the difference before it is committed.
"""

import json
from collections.abc import Callable
from pathlib import Path

from twinvoice import jsonform, mig
from twinvoice.document import Document
from twinvoice.tests.samples import SCENARIOS

EXAMPLES = Path(__file__).parents[3] / "examples"
OUTPUTS: dict[str, Callable[[Document], bytes]] = {"mig.xml": mig.write}
"""File suffix → what makes the file's bytes."""


def json_bytes(document: Document) -> bytes:
    """The JSON form as it stands in a golden file: indented, UTF-8, one newline at the end."""
    return (json.dumps(jsonform.to_json(document), ensure_ascii=False, indent=2) + "\n").encode()


def golden_files() -> dict[Path, bytes]:
    """Every golden file with the bytes it should have, relative to ``examples/``."""
    files = {}
    for case, document in SCENARIOS.items():
        files[Path(f"{case}.json")] = json_bytes(document)
        for suffix, make in OUTPUTS.items():
            files[Path("out") / f"{case}.{suffix}"] = make(document)
    return files


def main() -> None:
    for path, data in golden_files().items():
        target = EXAMPLES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


if __name__ == "__main__":
    main()
