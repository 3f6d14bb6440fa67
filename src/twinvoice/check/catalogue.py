"""The entry: which rules belong to which document (mof.md §13)."""

import typing
from collections.abc import Callable, Iterator
from typing import Any

from twinvoice import document as model
from twinvoice import mig
from twinvoice.check import corrections, invoices, numbers
from twinvoice.check.context import NOTHING_KNOWN, Context
from twinvoice.faults import Fault


def faults(document: model.Document, *, context: Context | None = None) -> list[Fault]:
    """Everything that is wrong with ``document``, in the order of the catalogue.

    An empty list means that it may leave; faults of level ``warn`` may be let pass with a log.
    Rules that need outside knowledge run where ``context`` brings it. Codes are ``TWI-Vnn`` of
    mof.md §13, and ``TWI-RANGE``, ``TWI-AWARD``, ``TWI-SUMMARY`` for what the platform sends.
    Raises ``TypeError`` for what is no document.
    """
    rules = _RULES.get(type(document))
    if rules is None:
        raise TypeError(f"not a document: {type(document).__name__}")
    known = context or NOTHING_KNOWN
    found = list(rules(document, known))
    if isinstance(document, typing.get_args(model.Outgoing)):
        found.extend(_bytes(typing.cast(model.Outgoing, document), found, known))
    return found


def _bytes(document: model.Outgoing, found: list[Fault], context: Context) -> Iterator[Fault]:
    """V31: the bytes to be sent, against the official schema that the context brings."""
    if context.schema_error is None or any(fault.level == "hard" for fault in found):
        return
    if error := context.schema_error(mig.write(document)):
        yield Fault("TWI-V31", "", {"reason": error})


def _no_rules(document: model.ProcessResult, context: Context) -> Iterator[Fault]:
    """A ProcessResult is what the platform says; there is nothing in it to disagree with."""
    return iter(())


_RULES: dict[type, Callable[[Any, Context], Iterator[Fault]]] = {
    model.Invoice: invoices.invoice_faults,
    model.Void: corrections.void_faults,
    model.Annulment: corrections.annulment_faults,
    model.Allowance: corrections.allowance_faults,
    model.AllowanceVoid: corrections.allowance_void_faults,
    model.BranchAllocation: numbers.branch_allocation_faults,
    model.BlankReport: numbers.blank_report_faults,
    model.Assignment: lambda document, _: numbers.assignment_faults(document),
    model.AwardList: lambda document, _: numbers.award_list_faults(document),
    model.ProcessResult: _no_rules,
    model.SummaryResult: lambda document, _: numbers.summary_faults(document),
}
