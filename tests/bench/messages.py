"""``mig_write`` and ``mig_write_and_validate`` per core, beside lxml's etree."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lxml import etree

from tests.bench import report
from tests.bench.papers import sample
from twinvoice import mig

XSD = Path(__file__).resolve().parents[3] / "shared" / "data" / "mig-xsd"
NAMESPACE = "urn:GEINV:eInvoiceMessage:F0401:4.1"


def run() -> None:
    documents = [replace(sample(3), number=f"AB{n:08d}") for n in range(2_000)]
    trees = [etree.fromstring(mig.write(d)) for d in documents]
    contenders = {
        "ours": lambda: _rate(lambda: [mig.write(d) for d in documents], len(documents)),
        "etree": lambda: _rate(lambda: [_etree(tree) for tree in trees], len(documents)),
    }
    schema = _schema()
    if schema is not None:
        contenders["validated"] = lambda: _rate(
            lambda: [schema.assertValid(etree.fromstring(mig.write(d))) for d in documents],
            len(documents),
        )
    found = report.interleaved(contenders)
    report.line("mig_write", found["ours"], "documents/s", found["etree"], limit_is="lxml etree")
    if "validated" in found:
        report.line("mig_write_and_validate", found["validated"], "documents/s", found["etree"])


def _schema() -> "etree.XMLSchema | None":
    path = XSD / "v41" / "F0401.xsd"
    return etree.XMLSchema(etree.parse(str(path))) if path.exists() else None


def _rate(work: Callable[[], object], count: int) -> float:
    return count * 1000 / report.milliseconds(work, 1)


def _etree(source: "etree._Element") -> bytes:
    """The same elements with the same texts, built the way most programs would."""
    return etree.tostring(_copy(source), xml_declaration=True, encoding="UTF-8")


def _copy(source: "etree._Element") -> "etree._Element":
    made = etree.Element(source.tag, nsmap=source.nsmap)
    made.text = source.text
    for child in source:
        made.append(_copy(child))
    return made
