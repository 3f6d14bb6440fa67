"""The states of a print job and the steps between them (printing.md §3). Pure, no clock.

Time runs out only for a document that has not begun: it waited too long, or the computer's clock
was set forward. By itself it is then not printed any more (the customer may be gone), and not lost
either: ``expired`` is a question to a person. What never began was never printed, whatever the
clock says; so paper that is still wanted is the same job, back in the queue with the mark it had
(an original stays the original), and however often it is asked for it is one paper.

Only a document is asked about. The agent's own slips (test, pairing code) carry no number, no till
knows them and a new one costs nothing: one that broke off is let go, as one that is late.
"""

import enum
import hashlib
import json
from collections.abc import Mapping


class State(enum.StrEnum):
    """``waiting``: no byte was sent. ``uncertain``: bytes were sent, the paper is unknown.
    ``expired``: no byte was sent in time, a person says whether it is still wanted."""

    QUEUED = "queued"
    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


# sending → waiting is taken only while not one byte has left the agent (``Journal.step_back``).
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.WAITING, State.SENDING, State.EXPIRED, State.CANCELLED}),
    State.WAITING: frozenset({State.WAITING, State.SENDING, State.EXPIRED, State.CANCELLED}),
    State.SENDING: frozenset({State.DONE, State.UNCERTAIN, State.WAITING, State.CANCELLED}),
    State.UNCERTAIN: frozenset({State.DONE, State.CANCELLED}),
    State.DONE: frozenset(),
    State.EXPIRED: frozenset({State.QUEUED, State.CANCELLED}),
    State.CANCELLED: frozenset(),
}

PRINTABLE = (State.QUEUED, State.WAITING)
OPEN = (State.QUEUED, State.WAITING, State.SENDING, State.UNCERTAIN, State.EXPIRED)


def may(old: State, new: State) -> bool:
    """Is ``old → new`` a step a job may take?"""
    return new in TRANSITIONS[old]


def broken_off(kind: str) -> State:
    """What becomes of a job of that kind of which bytes were sent and nobody knows how many."""
    return State.UNCERTAIN if kind == "document" else State.CANCELLED


def canonical(doc: object) -> bytes:
    """The one byte form of a document, over which its SHA-256 is taken (agent-protocol.md §6).

    Raises ``ValueError`` for what has no such form (lone surrogates, not-a-number).
    """
    text = json.dumps(
        doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def digest(doc: object) -> str:
    """SHA-256 of ``canonical(doc)``, lower-case hex."""
    return hashlib.sha256(canonical(doc)).hexdigest()
