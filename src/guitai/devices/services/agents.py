"""Agents that join over the server: codes, joining, recognising, removing (agent-protocol.md §10).

One agent stands at one register; its neighbours in the same store may use it (product.md B.17.6).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.crypto import salted_hmac

from guitai.devices import queries
from guitai.devices.errors import AgentNotFound, AgentUnknown, JoinCodeRefused
from guitai.devices.models import Agent, JoinCode
from guitai.devices.rules import JOIN_HANDLE_LENGTH, JOIN_TRIES, plain
from guitai.kernel import audit, clock, scope
from guitai.kernel.audit import Actor
from guitai.kernel.errors import NotFound
from guitai.tenancy.errors import RegisterRetired
from guitai.tenancy.models import Binding, Register, TillSession
from guitai.tenancy.queries import refuse_suspended
from guitai.tenancy.rules import (
    Member,
    Permission,
    hash_of,
    is_device_code,
    join_token,
    split_token,
    tidy_device_code,
)
from guitai.tenancy.services import FreshCode, fresh_code


@dataclass(frozen=True, slots=True)
class FreshAgent:
    """An agent that just joined, with its token in the clear: given once."""

    agent: Agent
    token: str


def open_join_code(register_id: UUID, by: Member | Actor) -> FreshCode:
    """A code of eight characters: ten minutes, five tries, one use; older codes stop working.

    ``by``: a person of the desk, who needs the right to a register's settings at its store, or the
    bound register itself (its ``Actor``). Raises ``GT-NOT-ALLOWED``, ``GT-NOT-FOUND`` and
    ``TEN-REGISTER-RETIRED``.
    """
    with transaction.atomic():
        register = _locked(register_id)
        if isinstance(by, Member):
            by.require(Permission.REGISTER_SETTINGS, register.store_id)
        JoinCode.objects.filter(register_id=register_id).delete()
        fresh = fresh_code()
        JoinCode.objects.create(
            register_id=register_id,
            handle=fresh.code[:JOIN_HANDLE_LENGTH],
            code_hash=hash_of(fresh.code),
            expires_at=fresh.expires_at,
        )
        audit.record(_actor(by), "agent.code_made", register)
    return fresh


def join(code: str, *, agent_id: str, name: str, version: str) -> FreshAgent:
    """An agent takes the register's place of the agent; who stood there before is removed.

    Needs no scope: the code tells the merchant. Raises ``AGENT-CODE`` (one answer for unknown,
    wrong, used, expired, worn out) and ``TEN-MERCHANT-SUSPENDED``.
    """
    merchant_id, code_id = _tried(tidy_device_code(code))
    with scope.tenant(merchant_id), transaction.atomic():
        register = _locked(_register_of(code_id))
        used = JoinCode.objects.filter(id=code_id, used_at=None, expires_at__gt=clock.now())
        if not used.update(used_at=clock.now()):
            raise JoinCodeRefused(field="code")
        return _joined(register, plain(agent_id, 64), plain(name, 60), plain(version, 20))


def recognise(token: str) -> Agent:
    """The agent of that token with its register and store; needs no scope.

    Raises ``AGENT-TOKEN`` for unknown, removed and retired, and ``TEN-MERCHANT-SUSPENDED``.
    """
    parts = split_token(token)
    if parts is None:
        raise AgentUnknown
    merchant_id, token_hash = parts
    with scope.tenant(merchant_id):
        found = queries.agents().filter(token_hash=token_hash).first()
    if found is None:
        raise AgentUnknown
    refuse_suspended(merchant_id)
    return found


def remove(agent_id: UUID, by: Member) -> None:
    """Takes an agent's token away; the relay hangs up within its next beat. Twice is fine.

    ``agent_id`` is the row. Raises ``AGENT-NOT-FOUND`` and ``GT-NOT-ALLOWED``.
    """
    with transaction.atomic():
        found = Agent.objects.select_related("register").filter(id=agent_id).first()
        if found is None or not by.sees(found.register.store_id):
            raise AgentNotFound
        by.require(Permission.REGISTER_SETTINGS, found.register.store_id)
        _retire(Agent.objects.filter(id=agent_id), _actor(by), "後台移除")


def leave(token: str) -> None:
    """The agent itself goes. Raises as ``recognise``."""
    found = recognise(token)
    with scope.tenant(found.merchant_id), transaction.atomic():
        actor = Actor(kind="agent", name=found.name)
        _retire(Agent.objects.filter(id=found.id), actor, "列印程式自行離開")


def still_bound(binding_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these devices still hold their register, in the open scope."""
    held = Binding.objects.filter(
        id__in=list(binding_ids), released_at=None, register__retired_at=None
    )
    return set(held.values_list("id", flat=True))


def may_set_up(register_id: UUID, binding_id: UUID) -> bool:
    """Whether a device's page may choose the printer and scanner of that register (S0.14).

    At its own register everybody who stands there may (product.md B.17.11: whoever opens the shop
    gets the printer going). At another one it takes a person with the right to a register's
    settings, the store manager (product.md C), signed in at the device now.
    """
    held = Binding.objects.filter(id=binding_id, released_at=None).first()
    if held is None:
        return False
    if held.register_id == register_id:
        return True
    manager = TillSession.objects.filter(
        register_id=held.register_id,
        closed_at=None,
        permissions__contains=[Permission.REGISTER_SETTINGS.value],
    )
    return manager.exists()


def ticket_key() -> bytes:
    """Signs and opens the pages' tickets: edge and relay derive it from the server's own key."""
    return salted_hmac("guitai.relay", "ticket", algorithm="sha256").digest()


def _tried(code: str) -> tuple[UUID, UUID]:
    """(merchant, code row) of a right guess. Every guess is paid for before it is compared."""
    if is_device_code(code):
        with scope.across_merchants("a join code tells which merchant the agent belongs to"):
            near = list(
                JoinCode.objects.filter(
                    handle=code[:JOIN_HANDLE_LENGTH], used_at=None, expires_at__gt=clock.now()
                )
            )
        for row in near:
            with scope.tenant(row.merchant_id):
                open_still = JoinCode.objects.filter(id=row.id, tries__lt=JOIN_TRIES)
                paid = open_still.update(tries=F("tries") + 1)
            if paid and secrets.compare_digest(bytes(row.code_hash), hash_of(code)):
                refuse_suspended(row.merchant_id)
                return row.merchant_id, row.id
    raise JoinCodeRefused(field="code")


def _register_of(code_id: UUID) -> UUID:
    row = JoinCode.objects.filter(id=code_id).first()
    if row is None:  # a newer code took its place just now
        raise JoinCodeRefused(field="code")
    return row.register_id


def _joined(register: Register, agent_id: str, name: str, version: str) -> FreshAgent:
    actor = Actor(kind="agent", name=name or agent_id)
    _retire(Agent.objects.filter(register_id=register.id), actor, "另一個列印程式接手")
    secret = secrets.token_urlsafe(32)
    made = Agent.objects.create(
        register_id=register.id,
        name=name or "列印程式",
        agent_id=agent_id,
        version=version,
        token_hash=hash_of(secret),
        joined_at=clock.now(),
    )
    audit.record(actor, "agent.join", made, after={"register": register.name, "device": made.name})
    return FreshAgent(queries.agents().get(id=made.id), join_token(register.merchant_id, secret))


def _retire(agents: QuerySet[Agent], actor: Actor, reason: str) -> None:
    for gone in agents.select_for_update(no_key=True).filter(removed_at=None):
        Agent.objects.filter(id=gone.id).update(removed_at=clock.now())
        audit.record(actor, "agent.remove", gone, before={"device": gone.name}, reason=reason)


def _locked(register_id: UUID) -> Register:
    """The register under lock, so that two joinings of one register wait for each other."""
    found = Register.objects.select_for_update(no_key=True).filter(id=register_id).first()
    if found is None:
        raise NotFound
    if found.retired_at is not None:
        raise RegisterRetired(name=found.name)
    return found


def _actor(by: Member | Actor) -> Actor:
    if isinstance(by, Actor):
        return by
    return Actor(kind="person", name=by.name, id=by.staff_id)
