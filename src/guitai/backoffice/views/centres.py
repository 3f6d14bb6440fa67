"""加值中心設定: how each register reaches its centre, the connection test, Turnkey's folder."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.forms.invoicing import CentreForm, NewCentreForm
from guitai.backoffice.views.invoicing_base import actor_of
from guitai.invoicing import queries as invoicing
from guitai.invoicing import registry
from guitai.invoicing.errors import AccountNotFound
from guitai.invoicing.models import CentreAccount
from guitai.invoicing.ports import ABILITY_NAMES, Ability
from guitai.invoicing.rules import AccountState, Outcome
from guitai.invoicing.services import accounts
from guitai.invoicing.services.journal import BufferedJournal
from guitai.kernel import clock
from guitai.reporting import turnkey
from guitai.reporting.rules import explained
from guitai.tenancy import queries as tenancy
from guitai.tenancy.models import BusinessEntity, Register
from guitai.tenancy.rules import Member, Permission

SETTINGS = Permission.INVOICE_SETTINGS
UNPUBLISHED = "規格未公開"


def _accounts(member: Member) -> list[CentreAccount]:
    """Those a person may see; the key never leaves the database, only whether there is one."""
    key_set = ExpressionWrapper(~Q(channel_key=""), output_field=BooleanField())
    found = invoicing.accounts().prefetch_related("register__store")
    rows = list(found.annotate(key_set=key_set))
    return [row for row in rows if row.register is None or member.sees(row.register.store_id)]


def _account(member: Member, account_id: UUID) -> CentreAccount:
    """One that he may change: an entity's account is nobody's who is confined to a store."""
    for row in _accounts(member):
        if row.id == account_id and (row.register is not None or member.store_id is None):
            return row
    raise AccountNotFound


@desk_page(SETTINGS, methods=("GET",))
def centres(request: Any) -> HttpResponse:
    member = request.member
    rows = _accounts(member)
    return page(
        request,
        "centres/list.html",
        rows=[_row(row, member) for row in rows],
        registers=[_register(one, rows) for one in tenancy.registers(member)],
        centres=[_centre(key) for key in registry.CENTRES],
        health=turnkey.health(settings.GUITAI_TURNKEY_FOLDER),
        folder=settings.GUITAI_TURNKEY_FOLDER if member.store_id is None else "",
    )


def _row(row: CentreAccount, member: Member) -> dict[str, Any]:
    return {
        "account": row,
        "centre": registry.name_of(row.centre),
        "owner": _owner(row),
        "paused": row.state == AccountState.PAUSED,
        "said": explained("", row.problem_outcome) if row.problem_outcome else None,
        "plain": row.base_url.startswith("http://"),
        "may_change": row.register is not None or member.store_id is None,
        "skewed": abs(row.clock_offset_seconds or 0) > accounts.SKEW_ALARM.total_seconds(),
    }


def _owner(row: CentreAccount) -> str:
    if row.register is not None:
        return f"{row.register.store.name} {row.register.name}"
    return f"{row.entity.ban} {row.entity.name}（全部 POS 機）"


def _register(register: Register, rows: list[CentreAccount]) -> dict[str, Any]:
    """Which account a register's documents go through, or that there is none."""
    mine = [
        row
        for row in rows
        if row.centre == register.centre
        and (row.register_id == register.id or _of_entity(row, register))
    ]
    mine.sort(key=lambda row: row.register_id is None)
    known = register.centre in registry.CENTRES
    return {
        "register": register,
        "centre": registry.name_of(register.centre),
        "account": mine[0] if mine else None,
        "own": bool(mine and mine[0].register_id),
        "trouble": "" if mine else _missing(known),
    }


def _of_entity(row: CentreAccount, register: Register) -> bool:
    return row.register_id is None and row.entity_id == register.store.entity_id


def _missing(known: bool) -> str:
    if known:
        return "還沒有帳號，發票會留在「等待上傳」。"
    return "還沒有選加值中心，只能自行開立。"


def _centre(key: str) -> dict[str, Any]:
    centre = registry.open_centre(key, BufferedJournal())
    return {
        "key": key,
        "name": centre.name,
        "published": centre.published,
        "abilities": "、".join(ABILITY_NAMES[a] for a in Ability if a in centre.abilities),
    }


@desk_page(SETTINGS, methods=("GET",))
def centre_new(request: Any) -> HttpResponse:
    """Step one: which centre, for whom. A link, so that the second page can be bookmarked."""
    member = request.member
    entities = [] if member.store_id else list(tenancy.entities())
    registers = list(tenancy.registers(member))
    form = NewCentreForm(request.GET or None, entities=entities, registers=registers)
    if request.GET and form.is_valid():
        kind, _, owner = form.cleaned_data["owner"].partition(":")
        values = [form.cleaned_data["centre"], kind, owner]
        return redirect(reverse("desk:centre", args=values))
    return page(request, "centres/new.html", form=form)


@desk_page(SETTINGS)
def centre(request: Any, centre: str, kind: str, owner_id: UUID) -> HttpResponse:
    """The account of one register or of one entity at one centre; new or kept."""
    entity, register = _subject(request.member, kind, owner_id)
    row = _stored(request.member, centre, entity, register)
    form = CentreForm.of(centre, row, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.takes(
        lambda values: accounts.save(
            centre=centre,
            entity_id=entity.id,
            register_id=register.id if register else None,
            actor=actor_of(request.member),
            options=row.options if row else None,
            **{**values, "channel_key": values.get("channel_key") or None},
        )
    ):
        messages.success(request, "加值中心帳號已儲存。請按「測試連線」確認。")
        return redirect("desk:centres")
    return page(
        request,
        "centres/edit.html",
        status=422 if form.errors else 200,
        form=form,
        row=row,
        centre=_centre(centre),
        owner=f"{register.store.name} {register.name}"
        if register
        else f"{entity.ban} {entity.name}",
    )


def _subject(member: Member, kind: str, owner_id: UUID) -> tuple[BusinessEntity, Register | None]:
    if kind == "register":
        register = tenancy.register(owner_id, member)
        member.require(SETTINGS, register.store_id)
        return register.store.entity, register
    if member.store_id is not None:
        raise AccountNotFound
    return tenancy.entity(owner_id), None


def _stored(
    member: Member, centre: str, entity: BusinessEntity, register: Register | None
) -> CentreAccount | None:
    wanted = (centre, entity.id, register.id if register else None)
    for row in _accounts(member):
        if (row.centre, row.entity_id, row.register_id) == wanted:
            return row
    return None


@desk_page(SETTINGS, methods=("POST",))
def centre_test(request: Any, account_id: UUID) -> HttpResponse:
    """Y01 at Mirle, the folder at Turnkey; a refusal of the account pauses it, success resumes."""
    row = _account(request.member, account_id)
    answer = accounts.check(row.id, now=clock.now())
    name = f"{registry.name_of(row.centre)}・{_owner(row)}"
    if answer.outcome is not Outcome.OK:
        said = explained(answer.code, answer.outcome)
        advice = f"{said.meaning}{said.cure}" if said else ""
        words = f"「{answer.message}」" if answer.message else ""
        messages.error(request, f"{name} 連線失敗{words}：{advice}")
    elif answer.moment is not None:
        seconds = int((answer.moment - clock.now()).total_seconds())
        messages.success(request, f"{name} 連線正常，時間相差 {abs(seconds)} 秒。")
    else:
        messages.success(request, f"{name} 連線正常。")
    return redirect("desk:centres")
