"""Print jobs: kinds and states. Pure. Source: printing.md §3, docs/agent-protocol.md §6."""

from collections.abc import Mapping
from enum import StrEnum


class JobKind(StrEnum):
    PROOF = "proof"
    COMPANY_PROOF = "company_proof"
    DETAIL = "detail"
    SHIFT = "shift"
    ALLOWANCE = "allowance"


class Copy(StrEnum):
    ORIGINAL = "original"
    REPRINT = "reprint"


class JobState(StrEnum):
    """``sent``: handed to the agent, which has it on disk; from then on it is asked by its id."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset(
        {JobState.SENT, JobState.DONE, JobState.UNCERTAIN, JobState.CANCELLED}
    ),
    JobState.SENT: frozenset({JobState.DONE, JobState.UNCERTAIN, JobState.CANCELLED}),
    JobState.UNCERTAIN: frozenset({JobState.DONE, JobState.CANCELLED}),
    JobState.DONE: frozenset(),
    JobState.CANCELLED: frozenset(),
}

OPEN = frozenset({JobState.WAITING, JobState.SENT, JobState.UNCERTAIN})
"""States that a page lists again after a reload: nothing expires in silence."""


def may_change(before: str, after: str) -> bool:
    return JobState(after) in TRANSITIONS[JobState(before)]
