"""The engine and the accounts it sends through: refused, paused, missing, or locked."""

import pytest
from django.db import connection

from guitai.invoicing.models import CentreAccount, CentreAlarm
from guitai.invoicing.ports import Answer
from guitai.invoicing.rules import Outcome
from guitai.invoicing.services import accounts
from guitai.invoicing.services.transmission import run_until_idle
from guitai.invoicing.tests import fakes
from guitai.invoicing.tests import shop as shops
from guitai.invoicing.tests.fakes import FakeCentre, Moment, sending, states
from guitai.kernel import scope
from guitai.kernel.audit import Actor

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = Actor("person", "林老闆")


@pytest.fixture
def now():
    return Moment()


@pytest.fixture
def shop():
    shop = shops.open_shop()
    fakes.open_account(shop)
    return shop


def test_a_refusal_of_the_account_pauses_it_and_the_document_waits(shop, now):
    for number in ("AB00000036", "AB00000037"):
        shops.record(shop, shops.invoice_json(number))
    centre = FakeCentre(script=lambda parcel, go: Answer(Outcome.AUTH, "S201", "驗證失敗"))
    with fakes.engine(centre, now=now, batch=1) as engine:
        assert run_until_idle(engine).sent == 1
        now.on(hours=3)
        assert not engine.tick().busy
        with scope.tenant(shop.merchant):
            account = CentreAccount.objects.get()
            assert (account.state, account.problem_outcome) == ("paused", "AUTH")
            assert CentreAlarm.objects.get(kind="paused").closed_at is None
            assert accounts.resume(account.id, actor=OWNER, now=now())
            assert CentreAlarm.objects.get(kind="paused").closed_at is not None
        centre.script = None
        assert run_until_idle(engine).sent == 2
    assert states(shop) == {"sent": 2}


def test_a_paused_account_does_not_hold_up_another_merchant(shop, now):
    other = shops.open_shop("別家")
    fakes.open_account(other)
    with scope.tenant(shop.merchant):
        CentreAccount.objects.update(state="paused")
    shops.record(shop)
    shops.record(other)
    with fakes.engine(FakeCentre(), now=now) as engine:
        run_until_idle(engine)
    assert (states(shop), states(other)) == ({"waiting": 1}, {"sent": 1})


@pytest.mark.parametrize(("paused", "goes"), [("entity", "sent"), ("register", "waiting")])
def test_a_document_heeds_the_account_it_goes_through_and_no_other(shop, now, paused, goes):
    """A register with an account of its own is not held up by its entity's, nor freed by it."""
    with scope.tenant(shop.merchant):
        CentreAccount.objects.update(register_id=None)
    fakes.open_account(shop)
    with scope.tenant(shop.merchant):
        mine = CentreAccount.objects.filter(register_id=shop.register)
        theirs = CentreAccount.objects.filter(register_id=None)
        assert (mine.count(), theirs.count()) == (1, 1)
        (theirs if paused == "entity" else mine).update(state="paused")
    shops.record(shop)
    with fakes.engine(FakeCentre(), now=now) as engine:
        run_until_idle(engine)
    assert states(shop) == {goes: 1}


def test_without_an_account_the_document_waits_and_says_why(now):
    shop = shops.open_shop()
    shops.record(shop)
    centre = FakeCentre()
    with fakes.engine(centre, now=now) as engine:
        engine.tick()
        found = sending(shop)
        assert (found.state, found.provider_code) == ("waiting", "NO-ACCOUNT")
        fakes.open_account(shop)
        now.on(hours=1)
        engine.tick()
    assert (sending(shop).state, len(centre.calls)) == ("sent", 1)


def test_a_channel_key_that_opens_with_no_key_holds_up_its_own_merchant_only(shop, now):
    other = shops.open_shop("別家")
    fakes.open_account(other)
    for one in (shop, other):
        shops.record(one)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoicing_centreaccount SET channel_key = 'sealed elsewhere'"
            " WHERE merchant_id = %s",
            [shop.merchant],
        )
        cursor.execute("UPDATE invoicing_transmission SET state = 'in_doubt', attempts = 1")
    with fakes.engine(FakeCentre(), now=now) as engine:
        engine.tick()
        now.on(hours=1)
        engine.tick()
    found = sending(shop)
    assert (found.state, found.claimed_by) == ("in_doubt", None)
    assert states(other) == {"sent": 1}


def test_a_document_says_that_its_channel_key_cannot_be_opened(shop, now):
    shops.record(shop)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE invoicing_centreaccount SET channel_key = 'sealed elsewhere'")
    with fakes.engine(FakeCentre(), now=now) as engine:
        engine.tick()
    assert (sending(shop).state, sending(shop).provider_code) == ("waiting", "SECRET-KEY")
    assert "secrets" in sending(shop).provider_message
