"""上傳: how sending stands at every centre, what a person must decide, and the deadlines."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.forms.invoicing import DecisionForm
from guitai.backoffice.views.invoicing_base import (
    actor_of,
    confined_to,
    cursor_of,
    exported,
    kept,
    kept_fields,
    links,
    next_page,
    tried,
    typed,
)
from guitai.backoffice.words_invoicing import shown_sending, shown_transmission
from guitai.invoicing import queries as invoicing
from guitai.invoicing import registry, rules
from guitai.invoicing.errors import AccountNotFound
from guitai.invoicing.rules import Kind, TransmissionState
from guitai.invoicing.services import accounts, desk, hurry
from guitai.kernel import clock
from guitai.reporting import exports
from guitai.reporting.queries import sending as reads
from guitai.reporting.queries.sending import SendingFilter
from guitai.reporting.rules import STATE_TONES, explained
from guitai.tenancy.rules import Permission

VIEW, MANAGE = Permission.VIEW_INVOICES, Permission.MANAGE_INVOICES
S = TransmissionState


def _wanted(request: Any) -> SendingFilter:
    late = typed(request, "late")
    return SendingFilter(
        registers=confined_to(request.member),
        state=typed(request, "state"),
        centre=typed(request, "centre"),
        kind=typed(request, "kind"),
        number=typed(request, "q", 20),
        late=late if late in {"36", "48"} else "",
    )


@desk_page(VIEW, methods=("GET",))
def transmissions(request: Any) -> HttpResponse:
    """Counts that lead to their documents, what is wrong above them, and the list itself."""
    wanted, now = _wanted(request), clock.now()
    found = reads.page(wanted, now, cursor_of(request))
    hindered = reads.hindered(found.rows)
    rows = [shown_transmission(row, now, hindered.get(row.id, "")) for row in found.rows]
    values = {
        "rows": rows,
        "next": next_page(request, found.after),
        "query": kept(request),
        "wanted": wanted,
        "may_manage": request.member.may(MANAGE),
    }
    if request.htmx:
        return page(request, "transmissions/table.html", **values)
    return page(
        request,
        "transmissions/list.html",
        **values,
        **_filters(request),
        keep=kept_fields(request, "q"),
        counts=[_counts(row) for row in reads.counts(wanted.registers, now)],
        states=[rules.STATE_NAMES[s] for s in (*reads.UNSENT, *reads.SETTLED)],
        lateness=reads.lateness(wanted.registers, now),
        paused=_paused(request),
        alarms=_alarms(wanted),
    )


def _filters(request: Any) -> dict[str, Any]:
    states = [(s.value, rules.STATE_NAMES[s]) for s in (*reads.UNSENT, *reads.SETTLED)]
    centres = [(key, registry.name_of(key)) for key in registry.CENTRES]
    kinds = [(k.value, rules.KIND_NAMES[k]) for k in (Kind.ISSUE, Kind.VOID)]
    every = ("", "全部")
    return {
        "by_state": links(request, "state", [every, *states]),
        "by_centre": links(request, "centre", [every, *centres]),
        "by_kind": links(request, "kind", [every, *kinds]),
        "by_age": links(
            request, "late", [every, ("36", "逾 36 小時未送達"), ("48", "逾 48 小時未送達")]
        ),
    }


def _counts(row: reads.CentreCounts) -> dict[str, Any]:
    cells = [
        {
            "count": row.by_state.get(state, 0),
            "tone": STATE_TONES[state],
            "href": f"?state={state.value}&centre={row.centre}",
            "state": rules.STATE_NAMES[state],
        }
        for state in (*reads.UNSENT, *reads.SETTLED)
    ]
    return {"centre": registry.name_of(row.centre), "unsent": row.unsent, "cells": cells}


def _paused(request: Any) -> list[dict[str, Any]]:
    """Paused accounts; who is confined to a store sees those of its registers and of its seller."""
    rows = []
    for account in reads.paused(invoicing.accounts()):
        if _sees(request.member, account):
            rows.append(
                {
                    "account": account,
                    "name": registry.name_of(account.centre),
                    "owner": _owner(account),
                    "said": explained("", account.problem_outcome),
                    "may_resume": _may_resume(request.member, account),
                }
            )
    return rows


def _owner(account: Any) -> str:
    if account.register is not None:
        return str(account.register.name)
    return f"{account.entity.ban} {account.entity.name}"


def _sees(member: Any, account: Any) -> bool:
    return account.register is None or member.sees(account.register.store_id)


def _may_resume(member: Any, account: Any) -> bool:
    """The accountant everywhere; a store's manager for the registers of his store."""
    if member.may(MANAGE):
        return True
    own = account.register is not None and member.sees(account.register.store_id)
    return bool(own and member.may(Permission.INVOICE_SETTINGS))


def _alarms(wanted: SendingFilter) -> list[dict[str, Any]]:
    return [
        {"alarm": row, "centre": registry.name_of(row.centre) if row.centre else ""}
        for row in reads.alarms(wanted.registers)
    ]


@desk_page(VIEW, methods=("GET",))
def transmission_export(request: Any, kind: str) -> HttpResponse:
    """The filter's transmissions as a file."""
    rows = reads.export(_wanted(request), clock.now(), exports.LIMITS[kind] + 1)
    return exported(exports.sendings(rows), kind, f"uploads-{clock.today().isoformat()}")


@desk_page(VIEW, methods=("GET",))
def transmission(request: Any, transmission_id: UUID) -> HttpResponse:
    """One document on its way: state, cause, cure, every event and every byte."""
    return _one(request, transmission_id, DecisionForm())


def _one(
    request: Any, transmission_id: UUID, form: DecisionForm, status: int = 200
) -> HttpResponse:
    row = reads.one(transmission_id, confined_to(request.member))
    return page(
        request,
        "transmissions/one.html",
        status=status,
        sending=shown_sending(reads.journal(row), clock.now()),
        invoice_id=reads.invoice_ids([row]).get(row.id),
        form=form,
        may_manage=request.member.may(MANAGE),
    )


@desk_page(MANAGE, methods=("POST",))
def transmission_now(request: Any, transmission_id: UUID) -> HttpResponse:
    """立即重試."""
    reads.one(transmission_id, confined_to(request.member))
    tried(
        request,
        lambda: hurry.try_now(transmission_id, actor=actor_of(request.member), now=clock.now()),
        "已排入立即重試，幾秒後重新整理可看到結果。",
    )
    return redirect("desk:transmission", transmission_id)


_DECISIONS: dict[str, tuple[Callable[..., None], str]] = {
    "again": (desk.send_again, "已排入重送。"),
    "sent": (desk.confirm_present, "已標記為已上傳。"),
    "close": (desk.give_up, "已結案，這張不會再上傳。"),
    "hold": (desk.park, "已暫停上傳，等您決定。"),
}
DECISIONS = tuple(_DECISIONS)


@desk_page(MANAGE, methods=("POST",))
def transmission_decide(request: Any, transmission_id: UUID, decision: str) -> HttpResponse:
    """What the engine will not decide alone: send again, mark as sent, close, hold back."""
    reads.one(transmission_id, confined_to(request.member))
    act, done = _DECISIONS[decision]
    form = DecisionForm(request.POST)
    actor = actor_of(request.member)
    if not form.takes(
        lambda v: act(transmission_id, actor=actor, reason=v["reason"], now=clock.now())
    ):
        return _one(request, transmission_id, form, status=422)
    messages.success(request, done)
    return redirect("desk:transmission", transmission_id)


@desk_page(MANAGE, Permission.INVOICE_SETTINGS, methods=("POST",))
def transmission_resume(request: Any, account_id: UUID) -> HttpResponse:
    """Lets a paused centre account send again."""
    account = invoicing.accounts().filter(id=account_id).first()
    if account is None or not _may_resume(request.member, account):
        raise AccountNotFound
    tried(
        request,
        lambda: accounts.resume(account_id, actor=actor_of(request.member), now=clock.now()),
        f"已恢復「{registry.name_of(account.centre)}・{_owner(account)}」的上傳。",
    )
    return redirect("desk:centres" if request.POST.get("back") else "desk:transmissions")
