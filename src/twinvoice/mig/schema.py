"""The official schemas, made fit for libxml2. The schemas themselves are the Ministry's.

Source: mof.md §1.3. Two of them have ``name=" InvoiceBeginNo"`` and ``name=" BranchBan"``: Xerces
collapses the blank, libxml2 does not and then refuses every valid document.
"""

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

_BLANK_NAME = re.compile(rb'(\sname=")\s+([^"]*?)\s*(")')


def schema_text(data: bytes) -> bytes:
    """The bytes of a schema with the blanks in its ``@name`` attributes removed."""
    return _BLANK_NAME.sub(rb"\1\2\3", data)


def compile_schema(load: Callable[[str], bytes], name: str) -> etree.XMLSchema:
    """Compile the schema ``name``; ``load`` gives the bytes of a file name, includes too.

    The library does no I/O: the caller decides where the schemas are. Raises
    ``lxml.etree.XMLSchemaParseError`` where they are broken.
    """
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Includes(load))
    return etree.XMLSchema(etree.fromstring(schema_text(load(name)), parser, base_url=name))


class _Includes(etree.Resolver):
    def __init__(self, load: Callable[[str], bytes]) -> None:
        super().__init__()
        self._load = load

    # The stubs have forgotten the third argument that lxml passes and resolve_string needs.
    def resolve(self, url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        return self.resolve_string(schema_text(self._load(url)), context, base_url=url)
