"""What comes down: ProcessResult, SummaryResult, E0501, in the shapes seen (mof.md §9.5).

``wild`` is what running systems report (namespace 4.1, ``ResultType``/``ResultDetailType``/
``Invoice``); ``xsd`` follows the official schema (namespace 4.0, ``Result``, and its misspelt
``Invocie``).
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from guitai_sandbox.facts import BOOK, dashed
from guitai_sandbox.turnkey.codes import TEXTS

SHAPES = ("wild", "xsd")
ACTIONS = {
    "F0401": "C0401",
    "F0501": "C0501",
    "F0701": "C0701",
    "G0401": "D0401",
    "G0501": "D0501",
}
_PLATFORM = "0000000000"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message of an object and what the platform said: its reference, date, code, field."""

    number: str
    day: str
    code: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One uploaded object: up to 1000 messages of one kind."""

    id: str
    message: str
    size: int
    seller: str
    outcomes: tuple[Outcome, ...]


def process_result(parcel: Parcel, shape: str) -> bytes:
    """Write the ProcessResult of one object, one ``Info`` for every message of it.

    Parameter0/1 name the document (``InvoiceNumber``, number), Parameter2/3 the field at fault.
    """
    infos = "".join(_info(parcel.message, one) for one in parcel.outcomes)
    body = (
        f"{_routing(parcel.seller)}<MessageInfo>{_heading(parcel, f'{parcel.size:07d}')}"
        f"</MessageInfo><Result>{infos}</Result>"
    )
    return _document("ProcessResult", shape, body)


def _info(message: str, one: Outcome) -> str:
    name = {"G0401": "AllowanceNumber", "G0501": "AllowanceNumber"}.get(message, "InvoiceNumber")
    values = [name, one.number, *([one.field, one.value] if one.field else [])]
    parameters = "".join(
        f"<Parameter{place}>{escape(value)}</Parameter{place}>"
        for place, value in enumerate(values)
    )
    text = escape(TEXTS.get(one.code, ""))
    return f"<Info><Code>{one.code}</Code><Description>{text}</Description>{parameters}</Info>"


def summary_result(parcels: list[Parcel], shape: str) -> bytes:
    """Write the SummaryResult of a day; Total = Good + Failed for every object."""
    seller = parcels[0].seller if parcels else ""
    messages = "".join(_summary(parcel, shape) for parcel in parcels)
    body = f"{_routing(seller)}<DetailList>{messages}</DetailList>"
    return _document("SummaryResult", shape, body)


def _summary(parcel: Parcel, shape: str) -> str:
    good = [one for one in parcel.outcomes if one.code == "00000"]
    failed = [one for one in parcel.outcomes if one.code != "00000"]
    parts = (("Total", [*good, *failed]), ("Good", good), ("Failed", failed))
    counts = "".join(f"<{name}>{_count(ones, shape)}</{name}>" for name, ones in parts)
    result = "ResultType" if shape == "wild" else "Result"
    return (
        f"<Message><Info>{_heading(parcel, str(parcel.size))}</Info>"
        f"<{result}>{counts}</{result}></Message>"
    )


def _count(ones: list[Outcome], shape: str) -> str:
    count = f"<Count>{len(ones)}</Count>"
    if shape == "xsd":
        return count + "".join(
            f"<Invoices><Invocie><ReferenceNumber>{escape(one.number)}</ReferenceNumber>"
            f"<InvoiceDate>{dashed(one.day)}</InvoiceDate></Invocie></Invoices>"
            for one in ones
        )
    listed = "".join(
        f"<Invoice><ReferenceNumber>{escape(one.number)}</ReferenceNumber>"
        f"<InvoiceDate>{one.day}</InvoiceDate></Invoice>"
        for one in ones
    )
    invoices = f"<Invoices>{listed}</Invoices>" if ones else ""
    return f"<ResultDetailType>{count}{invoices}</ResultDetailType>"


def assignment(seller: str, kind: str, period: str, track: str, begin: int, end: int) -> str:
    """Write one E0501 without declaration; its namespace is 4.0 (mof.md §1.3)."""
    return (
        f'<InvoiceAssignNo xmlns="urn:GEINV:E0501:4.0"><Ban>{seller}</Ban><InvoiceType>{kind}'
        f"</InvoiceType><YearMonth>{period}</YearMonth><InvoiceTrack>{track}</InvoiceTrack>"
        f"<InvoiceBeginNo>{begin:08d}</InvoiceBeginNo><InvoiceEndNo>{end:08d}</InvoiceEndNo>"
        f"<InvoiceBooklet>{(end - begin + 1) // BOOK}</InvoiceBooklet></InvoiceAssignNo>"
    )


def envelope(seller: str, messages: list[str]) -> bytes:
    """Pack E0501 messages into one InvoiceEnvelope, as downloads are seen (sheet §4.2)."""
    body = (
        f"<From><PartyId>{_PLATFORM}</PartyId></From><FromVAC><RoutingId>PLATFORM</RoutingId>"
        f"</FromVAC><To><PartyId>{seller}</PartyId></To><ToVAC><RoutingId>{seller}</RoutingId>"
        f'</ToVAC><InvoicePack messageType="E0501" count="{len(messages)}" version="4.0">'
        f"{''.join(messages)}</InvoicePack>"
    )
    return declared(
        f'<InvoiceEnvelope xmlns="urn:GEINV:InvoiceEnvelope:4.1">{body}</InvoiceEnvelope>'
    )


def declared(text: str) -> bytes:
    """Put the declaration in front and encode."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _document(name: str, shape: str, body: str) -> bytes:
    version = "4.1" if shape == "wild" else "4.0"
    return declared(f'<{name} xmlns="urn:GEINV:{name}:{version}">{body}</{name}>')


def _routing(seller: str) -> str:
    return (
        f"<RoutingInfo><From><PartyId>{seller}</PartyId></From><FromVAC><RoutingId>{seller}"
        f"</RoutingId></FromVAC><To><PartyId>{_PLATFORM}</PartyId></To><ToVAC>"
        "<RoutingId>PLATFORM</RoutingId></ToVAC></RoutingInfo>"
    )


def _heading(parcel: Parcel, size: str) -> str:
    return (
        f"<Id>{parcel.id}</Id><Size>{size}</Size><MessageType>{parcel.message}</MessageType>"
        f"<Service>S</Service><Action>{ACTIONS.get(parcel.message, parcel.message)}</Action>"
    )
