"""People and their rights."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from guitai.backoffice.access import desk_page, page, posted
from guitai.backoffice.forms.people import (
    AccountForm,
    NewStaffForm,
    PasswordForm,
    PinForm,
    RoleForm,
    StaffForm,
)
from guitai.backoffice.forms.shop import ReasonForm
from guitai.backoffice.views.paging import filter_links
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError
from guitai.tenancy import queries, services
from guitai.tenancy.models import Staff, Store
from guitai.tenancy.rules import ROLE_NAMES, TILL_ROLES, Member, Permission, Role, manages

MANAGE = Permission.MANAGE_STAFF


@desk_page(MANAGE, methods=("GET",))
def staff(request: Any) -> HttpResponse:
    wanted = request.GET.get("state", "")
    found = queries.staff(request.member)
    if wanted != "all":
        found = found.filter(suspended_at__isnull=wanted != "suspended")
    people = sorted(found, key=lambda p: (list(Role).index(Role(p.role)), p.name))
    emails = queries.emails(people)
    now = clock.now()
    rows = [
        {
            "person": person,
            "role": ROLE_NAMES[Role(person.role)],
            "email": emails.get(person.id, ""),
            "till": Role(person.role) in TILL_ROLES,
            "locked": bool(person.pin_locked_until and person.pin_locked_until > now),
        }
        for person in people
    ]
    states = filter_links(request, "state", [("", "在職"), ("suspended", "停權"), ("all", "全部")])
    return page(request, "staff.html", rows=rows, states=states)


def _roles_for(member: Member) -> list[Role]:
    return [role for role in Role if manages(member.role, role)]


def _stores_for(member: Member) -> list[Store]:
    return list(queries.stores(member).filter(closed_at=None))


@desk_page(MANAGE)
def staff_new(request: Any) -> HttpResponse:
    member = request.member
    form = NewStaffForm(
        posted(request),
        roles=_roles_for(member),
        stores=_stores_for(member),
        empty=member.store_id is None,
        initial={"role": Role.CLERK.value, "store": member.store_id or ""},
    )
    if request.method == "POST" and form.takes(lambda v: _add(member, v)):
        messages.success(request, f"已新增「{form.cleaned_data['name']}」。")
        return redirect("desk:staff")
    return page(request, "form.html", form=form, title="新增人員", back="desk:staff")


def _add(member: Member, values: dict[str, Any]) -> None:
    store = values.pop("store")
    services.add_staff(member, store_id=UUID(store) if store else None, **values)


@desk_page(MANAGE)
def staff_one(request: Any, staff_id: UUID) -> HttpResponse:
    person = queries.staff_member(staff_id, request.member)
    form = StaffForm.of(person, posted(request))
    if request.method == "POST" and form.takes(
        lambda v: services.update_staff(
            request.member,
            staff_id,
            name=v["name"],
            extra_permissions=v.get("extra_permissions", person.extra_permissions),
        )
    ):
        messages.success(request, "已儲存。")
        return redirect("desk:staff-one", staff_id)
    return _person_page(request, person, form=form)


def _person_page(request: Any, person: Staff, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Everything about one person; a refused form comes back in its place with its errors."""
    member = request.member
    role = Role(person.role)
    may_appoint = (
        member.may(Permission.APPOINT_MANAGER)
        and role in {Role.CLERK, Role.ETICKET_CLERK}
        and person.suspended_at is None
    )
    values = {
        "form": StaffForm.of(person),
        "role_form": _role_form(member, person),
        "pin_form": PinForm(),
        "password_form": PasswordForm(),
        "account_form": AccountForm(),
        "reason_form": ReasonForm(),
        **forms,
    }
    return page(
        request,
        "staff_one.html",
        status=status,
        person=person,
        role_name=ROLE_NAMES[role],
        email=queries.emails([person]).get(person.id, ""),
        till=role in TILL_ROLES,
        manageable=manages(member.role, role),
        may_appoint=may_appoint,
        may_transfer=member.role is Role.OWNER and role is not Role.OWNER and person.account_id,
        old_manager=queries.managers().get(person.store_id) if may_appoint else None,
        **values,
    )


def _role_form(member: Member, person: Staff, data: Any = None) -> RoleForm | None:
    roles: list[Role] = [r for r in _roles_for(member) if r != Role.STORE_MANAGER]
    if person.role == Role.STORE_MANAGER or not roles:
        return None
    return RoleForm(
        data,
        roles=roles,
        stores=_stores_for(member),
        empty=member.store_id is None,
        initial={"role": person.role, "store": person.store_id or ""},
    )


def _post(
    request: Any, staff_id: UUID, slot: str, form: Any, done: str, act: Callable[[Any], Any]
) -> HttpResponse:
    """One of the person's small forms: done and back, or the page with the form's errors."""
    person = queries.staff_member(staff_id, request.member)
    if form.takes(act):
        messages.success(request, done)
        return redirect("desk:staff-one", staff_id)
    return _person_page(request, person, status=422, **{slot: form})


@desk_page(MANAGE, methods=("POST",))
def staff_pin(request: Any, staff_id: UUID) -> HttpResponse:
    return _post(
        request,
        staff_id,
        "pin_form",
        PinForm(request.POST),
        "PIN 碼已更新，鎖定也一併解除。",
        lambda v: services.set_pin(request.member, staff_id, v["pin"]),
    )


@desk_page(MANAGE, methods=("POST",))
def staff_password(request: Any, staff_id: UUID) -> HttpResponse:
    return _post(
        request,
        staff_id,
        "password_form",
        PasswordForm(request.POST),
        "密碼已重設，請轉告本人。",
        lambda v: services.reset_password(request.member, staff_id, v["password"]),
    )


@desk_page(MANAGE, methods=("POST",))
def staff_account(request: Any, staff_id: UUID) -> HttpResponse:
    return _post(
        request,
        staff_id,
        "account_form",
        AccountForm(request.POST),
        "已建立後台登入帳號。",
        lambda v: services.attach_account(
            request.member, staff_id, email=v["email"], password=v["password"]
        ),
    )


@desk_page(MANAGE, methods=("POST",))
def staff_role(request: Any, staff_id: UUID) -> HttpResponse:
    person = queries.staff_member(staff_id, request.member)
    form = _role_form(request.member, person, request.POST)
    if form is None:
        return redirect("desk:staff-one", staff_id)
    return _post(
        request,
        staff_id,
        "role_form",
        form,
        "角色已變更，收銀台需要重新登入。",
        lambda v: services.change_role(
            request.member,
            staff_id,
            v["role"],
            store_id=UUID(v["store"]) if v["store"] else None,
        ),
    )


@desk_page(Permission.APPOINT_MANAGER, methods=("POST",))
def staff_appoint(request: Any, staff_id: UUID) -> HttpResponse:
    return _verb(
        request,
        staff_id,
        lambda: services.appoint_manager(request.member, staff_id),
        "已指派為店長，原店長改為店員。",
    )


@desk_page(MANAGE, methods=("POST",))
def staff_suspend(request: Any, staff_id: UUID) -> HttpResponse:
    return _post(
        request,
        staff_id,
        "reason_form",
        ReasonForm(request.POST),
        "帳號已停權，收銀台登入已結束。",
        lambda v: services.suspend_staff(request.member, staff_id, reason=v["reason"]),
    )


@desk_page(MANAGE, methods=("POST",))
def staff_restore(request: Any, staff_id: UUID) -> HttpResponse:
    return _verb(
        request,
        staff_id,
        lambda: services.restore_staff(request.member, staff_id),
        "帳號已恢復。",
    )


@desk_page(Permission.APPOINT_MANAGER, methods=("POST",))
def staff_transfer(request: Any, staff_id: UUID) -> HttpResponse:
    return _verb(
        request,
        staff_id,
        lambda: services.transfer_ownership(request.member, staff_id),
        "擁有者已移轉，您現在是共同管理者。",
    )


def _verb(request: Any, staff_id: UUID, act: Callable[[], Any], done: str) -> HttpResponse:
    queries.staff_member(staff_id, request.member)
    try:
        act()
    except GuitaiError as error:
        if error.status == 403:
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("desk:staff-one", staff_id)
