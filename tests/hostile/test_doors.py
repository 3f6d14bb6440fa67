"""Every address × everybody. No door is forgotten, and who is refused changed nothing anywhere.

Who may do what at which page is proven beside the pages (backoffice/tests/test_access.py,
test_access_invoicing.py, api/tests/test_doors.py); their tables are used here. What is added is
the other half: that the tables name the whole URLconf, that everybody who is refused there, of
every kind, finds the whole database as it was, and the addresses that belong to no table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from guitai.api.agents import AGENT_ENDPOINTS
from guitai.api.endpoints import CLERK, NOBODY, Route
from guitai.api.routes import ENDPOINTS
from guitai.api.tests.http import BASE, Page
from guitai.api.tests.test_doors import Things
from guitai.backoffice.tests import test_access, test_access_invoicing
from guitai.backoffice.tests.test_access import ROLES
from guitai.config import urls as addresses
from guitai.kernel import clock, scope
from guitai.numbering.tests.shop import OTHER_BAN, make_shop
from guitai.orders.tests.till import NOON, make_till
from guitai.tenancy import services as tenancy
from guitai.tenancy.models import Account, Binding
from guitai.tenancy.rules import ROLE_PERMISSIONS, Role, hash_of
from guitai.tenancy.tests.shops import PIN
from tests.hostile.photograph import difference, photograph

DESK = {**test_access.TABLE, **test_access_invoicing.TABLE}
OPERATORS = test_access.ELSEWHERE
UUID = "01a1fdf8-0000-7000-8000-000000000000"

# name: (arguments, (GET, POST) for nobody, (GET, POST) for a clerk of the desk). 302 of nobody is
# always to the sign-in page; what a person may do to his own account is tested in test_sign_in.
ELSEWHERE = {
    "landing": ({}, (200, 405), (200, 405)),
    "till": ({}, (200, 405), (200, 405)),
    "remedies": ({}, (200, 405), (200, 405)),
    "picture": ({"name": "cover"}, (200, 405), (200, 405)),
    "agent-page": ({}, (200, 405), (200, 405)),
    "agent-file": ({"name": "latest.json"}, (404, 405), (404, 405)),
    "openapi": ({}, (200, 200), (200, 200)),
    "healthz": ({}, (200, 200), (200, 200)),
    "readyz": ({}, (200, 200), (200, 200)),
    "metrics": ({}, (200, 200), (200, 200)),
    "account_login": ({}, (200, 200), (302, 302)),
    "account_logout": ({}, (302, 302), (200, None)),
    "account_inactive": ({}, (200, 405), (200, 405)),
    "account_signup": ({}, (200, 200), (302, 302)),
    "account_reauthenticate": ({}, (302, 302), (200, 200)),
    "account_email": ({}, (404, 404), (404, 404)),
    "account_email_verification_sent": ({}, (404, 404), (404, 404)),
    "account_confirm_email": ({"key": "a"}, (200, 404), (200, 404)),
    "account_change_password": ({}, (302, 302), (200, 200)),
    "account_set_password": ({}, (404, 404), (404, 404)),
    "account_reset_password": ({}, (200, 200), (200, 200)),
    "account_reset_password_done": ({}, (200, 405), (200, 405)),
    "account_reset_password_from_key": ({"uidb36": "a", "key": "b-c"}, (200, 200), (200, 200)),
    "account_reset_password_from_key_done": ({}, (200, 405), (200, 405)),
    "account_confirm_login_code": ({}, (404, 404), (404, 404)),
    "mfa_index": ({}, (302, 302), (200, 405)),
    "mfa_authenticate": ({}, (302, 302), (302, 302)),
    "mfa_reauthenticate": ({}, (302, 302), (302, 302)),
    "mfa_activate_totp": ({}, (302, 302), (302, 302)),
    "mfa_deactivate_totp": ({}, (302, 302), (404, 404)),
    "mfa_view_recovery_codes": ({}, (302, 302), (404, 405)),
    "mfa_generate_recovery_codes": ({}, (302, 302), (302, 302)),
    "mfa_download_recovery_codes": ({}, (302, 302), (404, 404)),
}


def leaves(patterns, before="") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the server as ``(where it is mounted, its pattern)``."""
    for pattern in patterns:
        where = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield where, pattern
        else:
            yield from leaves(pattern.url_patterns, where)


def test_no_address_is_without_a_table():
    """Whoever mounts a page, an endpoint or a library has to say here who may open it."""
    unknown = []
    endpoints = {f"api/till/{endpoint.path}" for endpoint in ENDPOINTS}
    endpoints |= {f"api/agent/{endpoint.path}" for endpoint in AGENT_ENDPOINTS}
    closed = {f"account/{address}" for address in addresses.CLOSED}
    for where, pattern in leaves(get_resolver().url_patterns):
        named = (
            (where.startswith("desk/") and pattern.name in {*DESK, *OPERATORS})
            or (where in endpoints and isinstance(pattern.callback, Route))
            or (where in closed and pattern.callback is addresses.closed)
            or where == r"api/^[\s\S]*$"
            or (not where.startswith("desk/") and pattern.name in ELSEWHERE)
        )
        unknown += [] if named else [where]
    assert unknown == []


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is taken back, so that the next one finds the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Doorman:
    """Lets people knock and remembers whoever changed anything."""

    def __init__(self) -> None:
        self.before = photograph()
        self.wrong: list[tuple[object, ...]] = []

    def knock(self, what, ask, statuses, **expected):
        """``ask()`` must answer one of ``statuses`` and leave the database as it was."""
        with undone():
            answer = ask()
            changed = difference(self.before, photograph())
        if answer.status_code not in statuses or changed:
            self.wrong.append((*what, answer.status_code, changed))
        for header, beginning in expected.items():
            if not answer.headers.get(header, "").startswith(beginning):
                self.wrong.append((*what, header, answer.headers.get(header)))
        return answer


@pytest.fixture
def at_noon():
    with clock.moved(NOON):
        yield


def device(shop, released):
    """A browser that holds one of the shop's devices and nobody signed in."""
    with scope.tenant(shop.merchant_id):
        spare = tenancy.add_register(
            shop.owner, store_id=shop.store.id, code=f"D{next(serial)}", name="備機"
        )
        held = tenancy.bind_here(shop.owner, spare.id, "備用裝置")
        if released:
            tenancy.unlock(shop.owner, spare.id, reason="測試")
    browser = Client()
    browser.cookies["guitai_till"] = held.token
    return browser


serial = count(1)


def strangers_of(desk, shop, outside, operator):
    """Everybody who is no member of the merchant, as a browser each."""
    return {
        "nobody": Client(),
        "our device": device(shop, released=False),
        "released device": device(shop, released=True),
        "their device": device(outside, released=False),
        "outsider": desk(outside, "owner"),
        "outsider's accountant": desk(outside, "accountant"),
        "operator": operator,
    }


NOT_SIGNED_IN = {"nobody", "our device", "released device", "their device"}
ANYONES_OWN = {"product-export", "product-template", "device-picture"}
"""Addresses with an argument that names nothing of a merchant: a stranger gets his own."""


@pytest.mark.parametrize("module", ["test_access", "test_access_invoicing"])
class TestDesk:
    @pytest.fixture
    def world(self, request, module, db, settings, tmp_path):
        (tmp_path / "turnkey").mkdir()
        settings.GUITAI_TURNKEY_FOLDER = str(tmp_path / "turnkey")
        name = "desk_things" if module == "test_access" else "counter_things"
        with clock.moved(NOON):
            yield globals()[module].call, request.getfixturevalue(name)

    @pytest.fixture
    def table(self, module):
        return globals()[module].TABLE

    def test_members_without_the_right(self, desk, shop, world, table):
        call, things = world
        browsers = {role: desk(shop, role) for role in ROLES}
        doorman = Doorman()
        for name, row in table.items():
            for role in sorted(set(ROLES) - row[3]):
                statuses = {403, 404, 409}
                if (name, role) in test_access.TOLD_AT_THE_FIELD:
                    statuses = {200}
                elif name in test_access.SOFT:
                    statuses = {302, 403}
                doorman.knock(
                    (name, role), lambda n=name, r=role: call(browsers[r], n, things), statuses
                )
        assert doorman.wrong == []

    def test_everybody_else(self, desk, shop, outside, operator, world, table):
        call, things = world
        browsers = strangers_of(desk, shop, outside, operator)
        doorman = Doorman()
        for name, row in table.items():
            ours = any(not str(v).startswith("=") for v in row[1].values()) and bool(row[1])
            for who, browser in browsers.items():
                if who not in NOT_SIGNED_IN and who != "operator" and not ours:
                    continue  # their own list or form: their own business, not ours
                if name in ANYONES_OWN and who.startswith("outsider"):
                    continue
                expected = {}
                if who in NOT_SIGNED_IN:
                    statuses, expected = {302}, {"Location": "/account/login/"}
                elif who == "operator":
                    statuses, expected = {302}, {"Location": reverse("desk:platform")}
                else:
                    statuses = {302} if name in test_access.SOFT else {403, 404, 409}
                if name in test_access.SOFT and who == "outsider's accountant":
                    statuses = {403}
                ask = lambda n=name, b=browser: call(b, n, things)  # noqa: E731 - bound in a loop
                doorman.knock((name, who), ask, statuses, **expected)
        assert doorman.wrong == []

    def test_other_methods(self, desk, shop, world, table, module):
        """Nothing answers to a method that it does not name, the owner's least of all."""
        _, things = world
        browser, doorman = desk(shop, "owner"), Doorman()
        for name, row in table.items():
            kwargs = arguments(module, row[1], things)
            for method in ("PUT", "PATCH", "DELETE"):
                address = reverse(f"desk:{name}", kwargs=kwargs)
                doorman.knock(
                    (name, method),
                    lambda m=method, a=address: browser.generic(m, a, b"{}"),
                    {405},
                )
        assert doorman.wrong == []


def arguments(module, given, things):
    """The two tables spell what they point at in their own ways."""
    if module == "test_access":
        return test_access.filled(given, things)
    return {k: v[1:] if v.startswith("=") else things[v] for k, v in given.items()}


def test_the_platforms_pages_are_the_operators_alone(desk, shop, outside, operator, at_noon):
    people = {role: desk(shop, role) for role in ROLES}
    people |= strangers_of(desk, shop, outside, operator)
    doorman = Doorman()
    for name in sorted(OPERATORS - {"choose"}):
        kwargs = {"merchant_id": shop.merchant_id} if name.endswith(("suspend", "restore")) else {}
        address = reverse(f"desk:{name}", kwargs=kwargs)
        for who, browser in people.items():
            if who == "operator":
                continue
            # The list itself is only looked at, the switches are only posted.
            only = {"GET"} if name == "platform" else {"POST"} if kwargs else {"GET", "POST"}
            for method in ("GET", "POST"):
                status = 302 if who in NOT_SIGNED_IN else 403 if method in only else 405
                ask = lambda m=method, b=browser, a=address: b.generic(  # noqa: E731 - in a loop
                    m, a, b"reason=x&name=x", content_type="application/x-www-form-urlencoded"
                )
                doorman.knock((name, who, method), ask, {status})
    assert doorman.wrong == []


class TestTill:
    """The till's REST knows devices and the person at them; no sign-in of the desk opens it."""

    @pytest.fixture
    def till(self, db, at_noon):
        return make_till()

    def test_no_person_of_the_desk_without_a_device(self, desk, shop, outside, operator, till):
        things = Things(till)
        people = {role: desk(shop, role) for role in ROLES}
        people |= strangers_of(desk, shop, outside, operator)
        doorman = Doorman()
        for endpoint in ENDPOINTS:
            for who, browser in people.items():
                page = Page()
                held = browser.cookies.get("guitai_till")
                page.client = browser
                page.headers["X-Guitai-Session"] = str(till.session.id)
                statuses = statuses_for(endpoint, held is not None and who != "released device")
                if statuses is None:
                    continue
                ask = lambda e=endpoint, p=page: things.ask(p, e)  # noqa: E731 - bound in a loop
                answer = doorman.knock((endpoint.method, endpoint.path, who), ask, statuses)
                assert answer.json()["error"]["code"]
        assert doorman.wrong == []

    @pytest.mark.parametrize("role", [Role.STORE_MANAGER, Role.CLERK, Role.ETICKET_CLERK])
    def test_each_role_at_the_till_does_what_its_rights_say(self, shop, role, at_noon):
        """Signed in by PIN; the rights are the role's, nothing is asked of the page."""
        page, things = self.signed_in(shop, role)
        rights = {permission.value for permission in ROLE_PERMISSIONS[role]}
        doorman = Doorman()
        for endpoint in (e for e in ENDPOINTS if e.who == CLERK):
            what = (endpoint.method, endpoint.path, role.value)
            if set(endpoint.needs) <= rights:
                with undone():
                    answer = things.ask(page, endpoint)
                refused = answer.status_code in {401, 403}
                doorman.wrong += [(*what, answer.status_code)] if refused else []
            else:
                ask = lambda e=endpoint: things.ask(page, e)  # noqa: E731 - bound in a loop
                answer = doorman.knock(what, ask, {403})
                assert answer.json()["error"]["code"] == "GT-NOT-ALLOWED"
        assert doorman.wrong == []

    def signed_in(self, shop, role):
        counter = test_access_invoicing.open_counter(shop)
        things = Things(counter.till)
        page = Page(counter.till.token)
        staff = str(shop.people[role.value].id)
        answer = page.post("sign-in", {"staff_id": staff, "pin": PIN})
        assert answer.status_code == 200, answer.content
        page.headers["X-Guitai-Session"] = answer.json()["session"]["id"]
        return page, things

    @pytest.mark.parametrize("who", ["owner", "co_manager", "accountant", "other_manager"])
    def test_who_has_no_till_here_cannot_sign_in(self, shop, outside, who, at_noon):
        page = Page(test_access_invoicing.open_counter(shop).till.token)
        doorman = Doorman()
        body = {"staff_id": str(shop.people[who].id), "pin": PIN}
        answer = doorman.knock((who,), lambda: page.post("sign-in", body), {403})
        assert answer.json()["error"]["code"].startswith("TILL-")
        stranger = {"staff_id": str(outside.people["clerk"].id), "pin": PIN}
        doorman.knock(("stranger",), lambda: page.post("sign-in", stranger), {404})
        assert doorman.wrong == []

    def test_another_merchants_device_with_our_ids(self, till):
        things = Things(till)
        other = make_till(make_shop(name="別家", ban=OTHER_BAN))
        page, doorman = Page.of(other), Doorman()
        for endpoint in (e for e in ENDPOINTS if "<uuid:id>" in e.path and e.method != "PUT"):
            ask = lambda e=endpoint: things.ask(page, e)  # noqa: E731 - bound in a loop
            doorman.knock((endpoint.method, endpoint.path), ask, {404})
        with other.shop.tenant():
            Binding.objects.update(token_hash=hash_of("another"))
        doorman.before = photograph()
        for endpoint in (e for e in ENDPOINTS if e.who != NOBODY):
            ask = lambda e=endpoint: things.ask(page, e)  # noqa: E731 - bound in a loop
            doorman.knock((endpoint.method, endpoint.path, "old token"), ask, {401})
        assert doorman.wrong == []


def statuses_for(endpoint, bound):
    """What somebody without a clerk's session gets; ``None`` where the device alone may ask."""
    if endpoint.path == "bind":
        return {422}
    if not bound:
        return {401}
    return {401} if endpoint.who == CLERK else None


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_each_address_of_no_table(desk, shop, name):
    kwargs, nobody, clerk = ELSEWHERE[name]
    address = reverse(name, kwargs=kwargs)
    people = (("nobody", Client(), nobody), ("clerk", desk(shop, "clerk"), clerk))
    doorman = Doorman()
    for who, browser, statuses in people:
        for method, status in zip(("GET", "POST"), statuses, strict=True):
            if status is not None:
                ask = lambda m=method, b=browser: b.generic(m, address)  # noqa: E731 - in a loop
                doorman.knock((who, method), ask, {status})
    assert doorman.wrong == []


def test_figures_of_the_server_are_for_the_machine_itself():
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    answer = Client(REMOTE_ADDR="203.0.113.9").get("/metrics")
    assert answer.status_code == 403
    assert b"process_" not in answer.content


def test_nobody_takes_the_name_of_who_will_be_invited(desk, shop, outside):
    """A clerk elsewhere must not become our next accountant by calling himself so in time."""
    clerk, wanted = desk(outside, "clerk"), "next-accountant@example.com"
    doorman = Doorman()
    for action in ("action_add", "action_primary"):
        body = {action: "", "email": wanted}
        doorman.knock((action,), lambda b=body: clerk.post(reverse("account_email"), b), {404})
    assert doorman.wrong == []
    with scope.tenant(shop.merchant_id):
        person = tenancy.add_staff(
            shop.owner, name="新會計", role="accountant", email=wanted, password="horse-battery-1"
        )
    assert person.account_id != outside.people["clerk"].account_id
    assert Account.objects.get(id=person.account_id).email == wanted


def test_a_device_in_the_cookie_of_another_site_changes_nothing(till):
    """The browser sends the cookie by itself; the page's own header it does not."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["guitai_till"] = till.token
    doorman, things = Doorman(), {"drawer": {"reason": "x"}, "sign-out": {}, "shift/close": {}}
    for path, body in things.items():
        ask = lambda p=path, b=body: browser.post(  # noqa: E731 - bound in a loop
            BASE + p, b, headers={"X-Guitai-Session": str(till.session.id)}
        )
        assert doorman.knock((path,), ask, {403}).json()["error"]["code"] == "API-MARK"
    assert doorman.wrong == []


def test_the_doorman_sees_what_is_changed(desk, shop):
    """The control: a change of somebody who may is noticed, and taken back."""
    body = {"ban": "22099131", "name": "新公司", "address": "臺北市"}
    browser, doorman = desk(shop, "owner"), Doorman()
    doorman.before = photograph()
    doorman.knock(("owner",), lambda: browser.post(reverse("desk:entity-new"), body), {302})
    assert [(row[0], set(row[2])) for row in doorman.wrong] == [
        ("owner", {"tenancy_businessentity", "kernel_auditentry"})
    ]
    assert difference(doorman.before, photograph()) == {}
