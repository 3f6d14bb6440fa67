"""Who is connected, and who speaks to whom. An agent and its pages never leave their merchant."""

import itertools
from uuid import UUID

from guitai.devices.rules import Ticket
from guitai.relay.links import AWAY, CROWDED, GONE, REPLACED, AgentLink, FromAgent, PageLink

MOST_PAGES = 8


class Hub:
    """All links of this process, on one event loop."""

    def __init__(self) -> None:
        self._agents: dict[tuple[UUID, UUID], AgentLink] = {}
        self._names = itertools.count(1)

    def arrive(self, agent: AgentLink) -> None:
        """The agent is here; an older connection of the same one has to go."""
        older = self._agents.get(agent.key)
        self._agents[agent.key] = agent
        if older is not None:
            self._let_go(older)
            older.hang_up(REPLACED, "replaced by a newer connection")

    def depart(self, agent: AgentLink) -> bool:
        """Forgets a closed link; whether the agent is gone with it, and not here by another."""
        newest = self._agents.get(agent.key) is agent
        if newest:
            del self._agents[agent.key]
        self._let_go(agent)
        return newest

    def enter(self, page: PageLink, ticket: Ticket, message_id: str) -> AgentLink | None:
        """Seats a page at the agent of its ticket; ``None`` after refusing it."""
        agent = self._agents.get((ticket.merchant, ticket.agent))
        if agent is None:
            page.turn_away("agent_away", AWAY, message_id)
            return None
        if len(agent.pages) >= MOST_PAGES:
            page.turn_away("too_many_pages", CROWDED, message_id)
            return None
        page.name, page.ticket = f"p{next(self._names)}", ticket
        said = {"id": message_id, "origin": ticket.origin}
        if not agent.put({"peer": page.name, "enter": said}):
            page.turn_away("agent_busy", AWAY, message_id)
            return None
        agent.pages[page.name] = page
        return agent

    def leave(self, agent: AgentLink, page: PageLink) -> None:
        if agent.pages.pop(page.name, None) is not None:
            agent.put({"peer": page.name, "leave": True})

    def answer(self, agent: AgentLink, frame: FromAgent) -> None:
        """From an agent to one of its own pages; what names another is dropped."""
        page = agent.pages.get(frame.peer)
        if page is None:
            return
        if frame.close:
            del agent.pages[frame.peer]
            page.hang_up(1008, "refused by the agent")
        elif said := bytes(frame.message):
            page.tell(said)

    def release(self, agent: AgentLink, bound: frozenset[UUID]) -> None:
        """Hangs up on the pages whose device was unlocked meanwhile."""
        for name, binding in agent.bindings.items():
            if binding not in bound:
                page = agent.pages[name]
                self.leave(agent, page)
                page.hang_up(GONE, "not bound any more")

    def _let_go(self, agent: AgentLink) -> None:
        for page in list(agent.pages.values()):
            page.hang_up(AWAY, "agent_away")
        agent.pages.clear()
