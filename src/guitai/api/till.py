"""The register itself: bind, state, sign in and out, products, checks of a field, the agent."""

from typing import Any

import msgspec
from django.http import HttpResponse

from guitai.api import auth, shapes, wire
from guitai.api.endpoints import Call
from guitai.api.errors import OneCheck
from guitai.catalog import queries as catalog
from guitai.devices import services as devices
from guitai.devices.rules import AGENT_LATEST, AGENT_MIN_VERSION, AGENT_PAGE
from guitai.invoicing import queries as invoicing
from guitai.kernel import clock
from guitai.numbering import queries as numbering
from guitai.orders import rules
from guitai.tenancy import queries, services
from guitai.tenancy.models import Register, TillSession
from guitai.tenancy.rules import ROLE_NAMES, Role


def bind(call: Call) -> HttpResponse:
    """The device takes the register of a fresh code; its token goes into the cookie only."""
    body: shapes.BindIn = call.body
    fresh = services.bind_by_code(body.ban, body.code, body.device_name)
    _, binding = queries.authenticate_device(fresh.token)
    response = wire.answer(wire.encoded(shapes.BindOut(register=_register(binding.register))))
    auth.give_cookie(response, fresh.token)
    return response


def state(call: Call) -> shapes.StateOut:
    """All that the page shows around a sale."""
    register = call.device.register
    services.touch(call.device.binding)
    now = clock.now()
    store, entity = register.store, register.store.entity
    period = numbering.current_period()
    key = numbering.centre_of(register.id, register.centre, period.code)
    centre = invoicing.centre_state(register.id, key, entity.ban, now)
    session = queries.open_session(register.id)
    return shapes.StateOut(
        register=_register(register),
        store=shapes.StoreOut(id=store.id, code=store.code, name=store.name),
        entity=shapes.EntityOut(
            ban=entity.ban, name=entity.name, member_carrier=bool(entity.member_carrier_type)
        ),
        staff=[
            shapes.StaffOut(
                id=person.id,
                name=person.name,
                role=person.role,
                role_name=ROLE_NAMES[Role(person.role)],
            )
            for person in queries.till_staff(store.id)
        ],
        session=_session(session) if session else None,
        numbers=shapes.NumbersOut(
            remaining=numbering.remaining(register.id, period.code),
            paused=numbering.paused(register.id, period.code),
            period=period.code,
            period_label=period.label,
        ),
        centre=shapes.CentreOut(
            **{name: getattr(centre, name) for name in shapes.CentreOut.__struct_fields__}
        ),
        agent=shapes.AgentVersions(
            min_version=AGENT_MIN_VERSION, latest=AGENT_LATEST, download=AGENT_PAGE
        ),
        now=now,
        catalog_version=catalog.catalog_version(),
    )


def _register(register: Register) -> shapes.RegisterOut:
    return shapes.RegisterOut(
        **{name: getattr(register, name) for name in shapes.RegisterOut.__struct_fields__}
    )


def _session(session: TillSession) -> shapes.SessionOut:
    return shapes.SessionOut(
        id=session.id,
        staff=shapes.PersonOut(id=session.staff_id, name=session.staff_name),
        permissions=list(session.permissions),
        opened_at=session.opened_at,
    )


def sign_in(call: Call) -> shapes.SignInOut:
    """A clerk signs in by PIN; whoever stood there before is signed out (B.15.4)."""
    body: shapes.SignInIn = call.body
    session = services.open_session(call.register_id, body.staff_id, body.pin)
    return shapes.SignInOut(session=_session(session))


def sign_out(call: Call) -> shapes.Ok:
    """Signing out twice is fine."""
    session_id = auth.session_id_of(call.request.META)
    if session_id is not None:
        services.close_session(call.register_id, session_id)
    return shapes.Ok()


def products(call: Call) -> HttpResponse | shapes.ProductsOut:
    """What may be sold; 304 where the page has this version already."""
    version = catalog.catalog_version()
    tag = f'"{version}"'
    if call.request.META.get("HTTP_IF_NONE_MATCH") == tag:
        response = HttpResponse(status=304)
    else:
        rows = catalog.for_sale().values("id", "sku", "barcode", "name", "price", "tax_type")
        listed: dict[str, Any] = {"version": version, "products": list(rows)}
        response = wire.answer(wire.encoded(listed))
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


def check(call: Call) -> shapes.Ok:
    """Whether a code can be right, before the sale; a wrong one is refused at its field."""
    body: shapes.CheckIn = call.body
    given = {name: getattr(body, name) for name in body.__struct_fields__ if getattr(body, name)}
    if len(given) != 1:
        raise OneCheck
    ((name, value),) = given.items()
    {
        "ban": rules.checked_ban,
        "mobile_barcode": rules.checked_mobile,
        "citizen_certificate": rules.checked_citizen,
        "npoban": rules.checked_donation,
    }[name](value)
    return shapes.Ok()


def agent(call: Call) -> shapes.Ok:
    """The page passes on what the agent beside it says, so that the desk can see it."""
    body: shapes.AgentIn = call.body
    devices.store_beat(
        call.register_id,
        agent_id=body.agent_id,
        version=body.version,
        health=msgspec.to_builtins(body),
        source="page",
        now=clock.now(),
    )
    return shapes.Ok()
