"""Agents that join over the server, and pages that reach one through the relay (§10).

Source of the shapes: docs/agent-protocol.md §10.
"""

import secrets
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from msgspec import Meta

from guitai.api.endpoints import NOBODY, Call, Endpoint
from guitai.api.shapes import Answer, Body, Moment, Ok, Short
from guitai.devices import queries, rules
from guitai.devices.errors import NoAgent
from guitai.devices.models import Agent
from guitai.devices.services import agents
from guitai.kernel import clock
from guitai.kernel.audit import Actor


class JoinIn(Body):
    code: Short
    agent_id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(max_length=60)] = ""
    version: Annotated[str, Meta(max_length=20)] = ""


class JoinedRegister(Answer):
    id: UUID
    code: str
    name: str


class JoinedStore(Answer):
    name: str


class JoinOut(Answer):
    token: str
    register: JoinedRegister
    store: JoinedStore
    relay_url: str
    server_time: Moment


class AgentCodeOut(Answer):
    code: str
    server: str
    expires: Moment


class TicketIn(Body):
    agent_of: UUID | None = None


class AgentOut(Answer):
    register_id: UUID
    register_name: str
    name: str
    own: bool


class TicketOut(Answer):
    url: str
    ticket: str
    expires: Moment
    agent: AgentOut
    agents: list[AgentOut]


def join(call: Call) -> JoinOut:
    """A code for a token; the agent keeps it, we keep its hash."""
    body: JoinIn = call.body
    fresh = agents.join(body.code, agent_id=body.agent_id, name=body.name, version=body.version)
    register = fresh.agent.register
    return JoinOut(
        token=fresh.token,
        register=JoinedRegister(id=register.id, code=register.code, name=register.name),
        store=JoinedStore(name=register.store.name),
        relay_url=f"{relay_of(call.request)}/agent",
        server_time=clock.now(),
    )


def leave(call: Call) -> Ok:
    """The agent goes; its token is the proof that it is the one."""
    given = str(call.request.META.get("HTTP_AUTHORIZATION", ""))
    agents.leave(given.removeprefix("Bearer ").strip())
    return Ok()


def code(call: Call) -> AgentCodeOut:
    """For the agent beside the page, which the page tells to join (agent-protocol.md §10.2)."""
    register = call.device.register
    actor = Actor(kind="register", name=register.name, id=register.id)
    fresh = agents.open_join_code(register.id, actor)
    return AgentCodeOut(code=fresh.code, server=origin_of(call.request), expires=fresh.expires_at)


def ticket(call: Call) -> TicketOut:
    """A way to the register's own agent, or to the chosen one of the same store (B.17.6)."""
    body: TicketIn = call.body
    register = call.device.register
    near = list(queries.agents_of_store(register.store_id))
    wanted = body.agent_of or register.id
    shown = [_shown(agent, register.id) for agent in near]
    found = next((agent for agent in near if agent.register_id == wanted), None)
    if found is None:
        raise NoAgent(agents=[_plain(agent) for agent in shown])
    made = rules.Ticket(
        merchant=call.device.merchant_id,
        agent=found.id,
        binding=call.device.binding.id,
        origin=origin_of(call.request),
        issued=clock.now().timestamp(),
        nonce=secrets.token_urlsafe(12),
    )
    return TicketOut(
        url=f"{relay_of(call.request)}/page",
        ticket=rules.sign_ticket(agents.ticket_key(), made),
        expires=datetime.fromtimestamp(made.expires, UTC),
        agent=_shown(found, register.id),
        agents=shown,
    )


def _shown(agent: Agent, own: UUID) -> AgentOut:
    return AgentOut(
        register_id=agent.register_id,
        register_name=agent.register.name,
        name=agent.name,
        own=agent.register_id == own,
    )


def _plain(agent: AgentOut) -> dict[str, str | bool]:
    """As it may stand among an error's params."""
    return {
        "register_id": str(agent.register_id),
        "register_name": agent.register_name,
        "name": agent.name,
        "own": agent.own,
    }


def origin_of(request: HttpRequest) -> str:
    """The origin of the page that asks: one that we trust, or our own as it was addressed."""
    said = str(request.META.get("HTTP_ORIGIN", ""))
    if said in settings.CSRF_TRUSTED_ORIGINS:
        return said
    return f"{request.scheme}://{request.get_host()}"


def relay_of(request: HttpRequest) -> str:
    """The relay's address for whoever reached us at this one."""
    return rules.relay_address(
        settings.GUITAI_RELAY_URL,
        request.get_host(),
        settings.GUITAI_RELAY_PORT,
        secure=request.is_secure(),
    )


AGENT_ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", "join", "列印程式連到伺服器", JoinOut, join, JoinIn, who=NOBODY),
    Endpoint("POST", "leave", "列印程式離開伺服器", Ok, leave, who=NOBODY),
)
"""Below /api/agent/: who asks is an agent, by code or token, and no till."""
