"""The dashboard and one's own account."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page, posted
from guitai.backoffice.cards import cards_for
from guitai.backoffice.forms.people import PinForm
from guitai.kernel import clock
from guitai.tenancy import queries, services
from guitai.tenancy.rules import ROLE_NAMES, TILL_ROLES


@desk_page(methods=("GET",))
def home(request: Any) -> HttpResponse:
    return page(request, "home.html", cards=cards_for(request.member), today=clock.today())


@desk_page()
def me(request: Any) -> HttpResponse:
    """Who I am here, my till PIN; password and second factor are allauth's own pages."""
    member = request.member
    form = PinForm(posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.set_pin(member, member.staff_id, v["pin"])
    ):
        messages.success(request, "PIN 碼已更新。")
        return redirect("desk:me")
    return page(
        request,
        "me.html",
        form=form,
        role_name=ROLE_NAMES[member.role],
        has_till=member.role in TILL_ROLES,
        store=queries.store(member.store_id) if member.store_id else None,
        others=len(queries.memberships(member.account_id)) > 1,
    )
