"""Around signing in: locked out, choosing a merchant."""

from datetime import datetime
from typing import Any
from uuid import UUID

from axes.conf import settings as axes_settings
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from guitai.backoffice.access import CHOSEN, error_page, page, signed_in_page
from guitai.kernel import clock
from guitai.kernel.errors import NotFound
from guitai.tenancy import queries
from guitai.tenancy.accounts import name_tried


def locked_out(
    request: HttpRequest, response: Any = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """After five failures (django-axes calls this): until when, and what to do meanwhile."""
    until = _locked_until(request, name_tried(request, credentials) or "")
    return render(
        request,
        "account/locked_out.html",
        {"until": until, "limit": axes_settings.AXES_FAILURE_LIMIT},
        status=429,
    )


def _locked_until(request: Any, name: str) -> datetime:
    """The end of the lock: the cool-off after the last failure that counted."""
    cool_off = get_cool_off(request)
    assert cool_off is not None  # settings give one; without it the lock would never end
    last = (
        AccessAttempt.objects.filter(username=name, ip_address=request.axes_ip_address)
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    return clock.in_taipei((last or clock.now()) + cool_off)


@signed_in_page
def choose(request: Any) -> HttpResponse:
    """Which merchant to work at; asked where an account works at several."""
    found = queries.memberships(request.user.id)
    if request.method == "POST":
        wanted = request.POST.get("merchant", "")
        if wanted not in {str(m.merchant_id) for m in found if not m.suspended}:
            return error_page(request, NotFound())
        request.session[CHOSEN] = str(UUID(wanted))
        return redirect("desk:home")
    return page(request, "choose.html", memberships=found)
