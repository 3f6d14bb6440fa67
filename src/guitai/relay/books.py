"""What the relay asks of the database, in threads: the event loop never waits for it."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import Error, close_old_connections

from guitai.devices.errors import AgentUnknown
from guitai.devices.services import agents, store_beat, store_departure
from guitai.kernel import clock, scope
from guitai.orders import queries as orders
from guitai.tenancy.errors import MerchantSuspended

THREADS = 4
MOST_WAITING = 200
DRAWER_WITHIN = timedelta(seconds=60)
"""So long a cash sale, or a written reason, is good for opening a drawer."""
Result = TypeVar("Result")


class Unavailable(Exception):
    """The database does not answer, or has too much to do."""


@dataclass(frozen=True, slots=True)
class Joined:
    """An agent as the database knows it."""

    merchant: UUID
    id: UUID
    register_id: UUID
    agent_id: str
    version: str
    register: str
    store: str
    token: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with an agent: still ours, and which of its pages' devices still are."""

    joined: bool
    bound: frozenset[UUID] = frozenset()


class Books:
    """The relay's few questions. Raises ``Unavailable`` where there is no answer."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="books")
        self._waiting = 0

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def recognise(self, token: str) -> Joined:
        """Raises ``AgentUnknown`` and ``MerchantSuspended``."""
        return await self._ask(lambda: _recognised(token))

    async def keep(self, agent: Joined, health: Any, bindings: Iterable[UUID]) -> Standing:
        """Stores what an agent says (if it says something), and looks whether it still may."""
        # Now, and not when a thread is free: who hangs up meanwhile was heard before.
        pages, heard = list(bindings), clock.now()
        return await self._ask(lambda: _kept(agent, health, pages, heard))

    async def may_set_up(self, agent: Joined, binding: UUID) -> bool:
        """Whether that device's page may choose what is plugged in at the agent's register."""
        return await self._ask(lambda: _may_set_up(agent, binding))

    async def drawer_reasons(self, agent: Joined, binding: UUID) -> dict[UUID, datetime]:
        """What was just written down that a drawer may open for that device: ids and moments."""
        since = clock.now() - DRAWER_WITHIN
        return await self._ask(lambda: _drawer_reasons(agent, binding, since))

    async def part(self, agent: Joined, closed: datetime) -> None:
        """Stores that an agent's line closed."""
        await self._ask(lambda: _parted(agent, closed))

    async def _ask(self, question: Callable[[], Result]) -> Result:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("too many questions wait")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: _asked(question))
        finally:
            self._waiting -= 1


def _asked(question: Callable[[], Result]) -> Result:
    """A thread of the pool keeps its connection, and gives up one that went bad."""
    close_old_connections()
    try:
        return question()
    except Error as error:
        raise Unavailable(str(error)) from error
    finally:
        close_old_connections()


def _recognised(token: str) -> Joined:
    found = agents.recognise(token)
    return Joined(
        merchant=found.merchant_id,
        id=found.id,
        register_id=found.register_id,
        agent_id=found.agent_id,
        version=found.version,
        register=found.register.name,
        store=found.register.store.name,
        token=token,
    )


def _kept(agent: Joined, health: Any, bindings: list[UUID], heard: datetime) -> Standing:
    try:
        agents.recognise(agent.token)
    except (AgentUnknown, MerchantSuspended):
        return Standing(joined=False)
    with scope.tenant(agent.merchant):
        if health is not None:
            store_beat(
                agent.register_id,
                agent_id=agent.agent_id,
                version="",
                health=health,
                source="relay",
                now=heard,
            )
        bound = agents.still_bound(bindings) if bindings else set()
    return Standing(joined=True, bound=frozenset(bound))


def _may_set_up(agent: Joined, binding: UUID) -> bool:
    with scope.tenant(agent.merchant):
        return agents.may_set_up(agent.register_id, binding)


def _drawer_reasons(agent: Joined, binding: UUID, since: datetime) -> dict[UUID, datetime]:
    with scope.tenant(agent.merchant):
        return orders.drawer_reasons(binding, since)


def _parted(agent: Joined, closed: datetime) -> None:
    with scope.tenant(agent.merchant):
        store_departure(agent.register_id, agent_id=agent.agent_id, now=closed)
