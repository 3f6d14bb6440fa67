"""The official schemas, when their folder is at hand: a second, foreign opinion (mof.md §1.3)."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from guitai_sandbox.turnkey.layout import LocalError


class Schemas:
    """Compiles ``<folder>/v41/<message>.xsd`` once each, blanks in ``@name`` taken out."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "v41").is_dir():
            raise FileNotFoundError(f"no v41 schemas in {folder}")
        self.folder = folder
        self.compiled: dict[str, etree.XMLSchema] = {}

    def check(self, message: str, data: bytes) -> None:
        """Raise ``Err008`` when the official schema does not accept the file."""
        schema = self.compiled.get(message) or self._compile(message)
        if not schema.validate(etree.fromstring(data)):
            raise LocalError("Err008", str(schema.error_log)[:200])

    def _compile(self, message: str) -> etree.XMLSchema:
        tree = etree.parse(self.folder / "v41" / f"{message}.xsd")
        for element in tree.iter():
            if "name" in element.attrib:
                element.set("name", element.get("name", "").strip())
        self.compiled[message] = etree.XMLSchema(tree)
        return self.compiled[message]
