"""A join code used twice in one instant joins exactly one agent; a register has one agent.

docs/agent-protocol.md §10.2.
"""

import pytest
from django.db import connection

from guitai.devices.errors import JoinCodeRefused
from guitai.devices.models import Agent, JoinCode
from guitai.devices.services import agents
from guitai.kernel.audit import Actor
from guitai.numbering.tests.shop import make_shop
from tests.race.test_numbers import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
TILL = Actor(kind="register", name="收銀1")
CLIENTS = 4  # of five tries


def fresh_code(shop):
    with shop.tenant():
        return agents.open_join_code(shop.register.id, TILL).code


def joining(code):
    def work(index):
        try:
            return agents.join(code, agent_id=f"a{index}", name=f"PC-{index}", version="").token
        except JoinCodeRefused:
            return None
        finally:
            connection.close()

    return work


def test_exactly_one_of_many_at_once():
    shop = make_shop()
    for _ in range(5):
        code = fresh_code(shop)
        tokens = [token for token in at_once(CLIENTS, joining(code)) if token]
        assert len(tokens) == 1
        with shop.tenant():
            (only,) = Agent.objects.filter(removed_at=None)
        assert agents.recognise(tokens[0]).id == only.id


def test_wrong_guesses_at_once_are_all_counted():
    shop = make_shop()
    code = fresh_code(shop)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert at_once(8, joining(wrong)) == [None] * 8
    with shop.tenant():
        assert JoinCode.objects.get().tries == 5
    assert joining(code)(0) is None
