"""The messages about the server this agent belongs to (agent-protocol.md §10.2)."""

import logging
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import AgentError
from . import messages
from .joining import MembershipFile, ask_to_join, checked_server, give_back
from .outbound import Outbound

if TYPE_CHECKING:
    from .handler import Peer

log = logging.getLogger(__name__)

Reply = dict[str, object]


class ServerVerbs:
    """Join, leave, and how it stands. Waits for the server, so that it runs in a thread."""

    def __init__(
        self, file: MembershipFile, outbound: Outbound, *, agent_id: str, version: str
    ) -> None:
        self._file, self._outbound = file, outbound
        self._about = {"agent_id": agent_id, "version": version}

    def table(self) -> dict[str, Callable[["Peer", messages.Message], Reply]]:
        return {"agent.join": self._join, "agent.leave": self._leave, "agent.server": self._state}

    def _state(self, peer: "Peer", message: messages.Message) -> Reply:
        return {"server": self._outbound.state()}

    def _join(self, peer: "Peer", message: messages.Message) -> Reply:
        address = messages.need(message, "server", str)
        code = messages.need(message, "code", str, longest=40)
        name = messages.maybe(message, "name", str, "", longest=60) or platform.node()[:60]
        insecure = messages.maybe(message, "insecure", bool, False)
        before = self._file.now
        if peer.role != "owner":
            self._refuse_page(peer, address, insecure)
        server = checked_server(address, insecure=insecure)
        about = {**self._about, "name": name}
        with self._file.joining() as keep:
            granted = ask_to_join(server, code, about, insecure=insecure)
            try:
                keep(granted)
            except OSError as error:  # whatever the disk said a moment ago
                give_back(granted.server, granted.token)
                raise AgentError("join_not_kept", detail=str(error)) from error
        log.info("joined %s", server.origin)
        self._outbound.restart()
        if before is not None and not before.refused:
            give_back(before.server, before.token)
        return self._state(peer, message)

    def _refuse_page(self, peer: "Peer", address: str, insecure: bool) -> None:
        """A page may bring in its own server, and nobody else's (owner: everything)."""
        own = checked_server(address, insecure=False).origin == peer.origin
        if insecure or not own or peer.by_server:
            raise AgentError("not_allowed")
        now = self._file.now
        if now is not None and now.server != peer.origin and not now.refused:
            raise AgentError("joined_elsewhere", server=now.server)

    def _leave(self, peer: "Peer", message: messages.Message) -> Reply:
        before = self._file.now
        if before is None:
            raise AgentError("not_joined")
        self._file.keep(None)
        self._outbound.restart()
        if not before.refused:
            give_back(before.server, before.token)
        return self._state(peer, message)
