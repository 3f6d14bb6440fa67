"""The door of the desk: who is it, at which merchant, with which rights.

Every page of the desk is a function under ``desk_page``. It resolves the person anew at each
request, so that suspending somebody acts at once, opens the tenant scope around the page, and
turns a refusal that the page did not place at a field into a page of its own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render, resolve_url
from django_htmx.http import HttpResponseClientRedirect

from guitai.backoffice.navigation import menu_for
from guitai.kernel import scope
from guitai.kernel.errors import GuitaiError, NotAllowed
from guitai.tenancy import queries
from guitai.tenancy.rules import Member, Permission

CHOSEN = "desk_merchant"
Page = Callable[..., HttpResponse]


def desk_page(*any_of: Permission, methods: tuple[str, ...] = ("GET", "POST")) -> Any:
    """A page that needs one of the permissions (none named: any member of the merchant)."""

    def decorate(page: Page) -> Page:
        @wraps(page)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            refused = _refused_before(request, methods)
            if refused is not None:
                return refused
            member = member_of(request)
            if member is None:
                return _without_merchant(request)
            request.member = member
            with scope.tenant(member.merchant_id):
                return _inside(page, any_of, request, args, kwargs)

        guarded.desk_permissions = any_of  # type: ignore[attr-defined]  # read by the access test
        return guarded

    return decorate


def _inside(
    page: Page, any_of: tuple[Permission, ...], request: Any, args: Any, kwargs: Any
) -> HttpResponse:
    try:
        if any_of and not any(request.member.may(p) for p in any_of):
            raise NotAllowed
        return page(request, *args, **kwargs)
    except GuitaiError as error:
        return error_page(request, error)


def operator_page(*, methods: tuple[str, ...] = ("GET", "POST")) -> Any:
    """A page of the platform's operator, outside every merchant."""

    def decorate(page: Page) -> Page:
        @wraps(page)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            refused = _refused_before(request, methods)
            if refused is not None:
                return refused
            if not request.user.is_operator:
                return error_page(request, NotAllowed())
            try:
                return page(request, *args, **kwargs)
            except GuitaiError as error:
                return error_page(request, error)

        guarded.desk_permissions = "operator"  # type: ignore[attr-defined]  # as above
        return guarded

    return decorate


def signed_in_page(page: Page) -> Page:
    """A page for who is signed in, member of a merchant or not."""

    @wraps(page)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        refused = _refused_before(request, ("GET", "POST"))
        return refused if refused is not None else page(request, *args, **kwargs)

    guarded.desk_permissions = ()  # type: ignore[attr-defined]  # as above
    return guarded


def _refused_before(request: Any, methods: tuple[str, ...]) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    if request.method not in {*methods, "HEAD" if "GET" in methods else ""}:
        return HttpResponseNotAllowed(methods)
    return None


def _to_sign_in(request: Any) -> HttpResponse:
    if getattr(request, "htmx", False):
        # A fragment must not be replaced by the sign-in page: the whole page goes there.
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/desk/")


def member_of(request: Any) -> Member | None:
    """The person's rights at the merchant chosen in this session, or at the only one there is."""
    chosen = request.session.get(CHOSEN)
    if chosen:
        found = queries.member_of(request.user.id, UUID(chosen))
        if found is not None:
            return found
    open_ones = [m for m in queries.memberships(request.user.id) if not m.suspended]
    if len(open_ones) != 1:
        return None
    request.session[CHOSEN] = str(open_ones[0].merchant_id)
    return queries.member_of(request.user.id, open_ones[0].merchant_id)


def _without_merchant(request: Any) -> HttpResponse:
    if any(not m.suspended for m in queries.memberships(request.user.id)):
        return redirect("desk:choose")
    if request.user.is_operator:
        return redirect("desk:platform")
    return render(request, "desk/no_merchant.html", context(request), status=403)


def posted(request: Any) -> Any:
    """What was posted, even where it is empty; ``None`` for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def error_page(request: Any, error: GuitaiError) -> HttpResponse:
    """The refusal as a page (or, for htmx, as a line): the sentence, the code, a way on."""
    template = "desk/error_line.html" if getattr(request, "htmx", False) else "desk/error.html"
    return render(request, template, context(request, error=error), status=error.status)


def context(request: Any, **values: Any) -> dict[str, Any]:
    """What every template of the desk needs: the person, his menu, where he is."""
    member: Member | None = getattr(request, "member", None)
    route = request.resolver_match.url_name if request.resolver_match else ""
    if member is not None:
        values.setdefault("merchant", queries.merchant())
    return {"member": member, "menu": menu_for(member, request.user, route), **values}


def page(request: Any, template: str, *, status: int = 200, **values: Any) -> HttpResponse:
    """Renders ``desk/<template>`` with the shell's context."""
    return render(request, f"desk/{template}", context(request, **values), status=status)
