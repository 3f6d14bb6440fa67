"""The doctor's messages (agent-protocol.md §11): health, diagnosis, repairs, evidence."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import AgentError
from ..knowledge import picture
from . import messages

if TYPE_CHECKING:
    from .desk import Desk
    from .handler import Peer

Reply = dict[str, object]
Verb = Callable[["Peer", messages.Message], Reply]

RELAYED = "relay:"
"""How the origin of a page begins that comes over the outbound connection."""


class DoctorVerbs:
    """Answers what pages and the owner ask about health."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def table(self) -> dict[str, Verb]:
        return {
            "health.get": lambda peer, message: self._desk.doctor.health(),
            "diag.run": lambda peer, message: self._desk.diagnose(),
            "diag.fix": self._fix,
            "diag.answer": self._answer,
            "diag.picture": self._picture,
            "diag.bundle": self._bundle,
            "clock.tell": self._clock_tell,
        }

    def _fix(self, peer: "Peer", message: messages.Message) -> Reply:
        name = messages.need(message, "name", str, longest=20)
        return self._desk.fix(name, peer.origin)

    def _answer(self, peer: "Peer", message: messages.Message) -> Reply:
        question = messages.need(message, "id", str, longest=64)
        yes = messages.one_of(message, "answer", ("yes", "no")) == "yes"
        self._desk.doctor.answer(question, yes)
        return self._desk.doctor.health()

    def _picture(self, peer: "Peer", message: messages.Message) -> Reply:
        name = messages.need(message, "name", str, longest=40)
        try:
            return {"svg": picture(name)}
        except KeyError:
            raise AgentError("unknown_picture") from None

    def _bundle(self, peer: "Peer", message: messages.Message) -> Reply:
        filename, data = self._desk.evidence()
        return {"filename": filename, "zip_b64": base64.b64encode(data).decode()}

    def _clock_tell(self, peer: "Peer", message: messages.Message) -> Reply:
        text = messages.need(message, "time", str, longest=40)
        try:
            told = datetime.fromisoformat(text)
            if told.tzinfo is None:
                raise ValueError("offset missing")
            seconds = told.timestamp()
        except (ValueError, OverflowError):
            raise AgentError("malformed", field="time") from None
        source = "server" if peer.origin.startswith(RELAYED) else "page"
        self._desk.doctor.tell_time(seconds, source)
        return {}
