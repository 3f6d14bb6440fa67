"""發票號碼: what each register has in a period, and everything that moves numbers."""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.forms.invoicing import (
    AllocationForm,
    IssuedSinceForm,
    ShareForm,
    TakeBackForm,
)
from guitai.backoffice.views.invoicing_base import actor_of, exported, tried
from guitai.backoffice.words import RANGE_STATES
from guitai.invoicing import registry
from guitai.invoicing.ports import Which
from guitai.invoicing.services import numbers as centre_numbers
from guitai.kernel import clock
from guitai.kernel.errors import GuitaiError, NotFound
from guitai.numbering import queries as numbering
from guitai.numbering import services
from guitai.numbering.errors import AllocationFileRefused, NotEnoughBooks, OrderOfNumbers
from guitai.numbering.rules import Owner, RangeState, returnable
from guitai.numbering.services import OwnerRef
from guitai.reporting import exports
from guitai.reporting.queries import numbers as reads
from guitai.tenancy import queries as tenancy
from guitai.tenancy.rules import Permission
from twinvoice.period import Period
from twinvoice.track import BOOK

MANAGE = Permission.MANAGE_NUMBERS
MAX_FILE = 5 * 1024 * 1024
TONES = {RangeState.ACTIVE: "good", RangeState.PAUSED: "warn"}
SHOWN_SPANS = 500
COMPARE = "這一期曾自備份還原，這些號碼可能已經開過，先暫停使用：請逐一按「核對」，再按「恢復」。"


class NoSuchPeriod(NotFound):
    code = "NUM-PERIOD"
    sentence = "沒有「{text}」這一期，請由上方選擇期別。"


def _period(text: str) -> Period:
    if not text:
        return numbering.current_period()
    try:
        return Period.parse(text)
    except ValueError as error:
        raise NoSuchPeriod(text=text[:20]) from error


@desk_page(MANAGE, methods=("GET",))
def numbers(request: Any) -> HttpResponse:
    """One period: allotments, owners, ranges, forecast, warnings; of a finished one its blanks."""
    period = _period(request.GET.get("period", ""))
    now = numbering.current_period()
    sellers = reads.period_view(period)
    return page(
        request,
        "numbers/list.html",
        period=period,
        tabs=_tabs(period),
        sellers=[_seller(one) for one in sellers],
        troubles=[
            {"line": line, "entity": one.entity}
            for one in sellers
            for line in one.owners
            if line.trouble
        ],
        current=period == now,
        finished=period < now,
        may_take=period in {now, now.next()},
        may_settings=request.member.may(Permission.INVOICE_SETTINGS),
        days_to_go=(now.last_day - clock.today()).days + 1,
        **_blanks(period),
    )


def _tabs(period: Period) -> list[dict[str, Any]]:
    address = reverse("desk:numbers")
    return [
        {
            "label": f"{tab.label}{f'（{tab.word}）' if tab.word else ''}",
            "href": f"{address}?period={tab.code}",
            "here": tab.code == period.code,
        }
        for tab in reads.period_tabs()[:10]
    ]


def _seller(one: reads.SellerNumbers) -> dict[str, Any]:
    return {"seller": one, "ranges": [_range(row) for row in one.ranges]}


def _range(row: Any) -> dict[str, Any]:
    state, tone = RANGE_STATES[RangeState(row.state)], TONES.get(RangeState(row.state), "")
    if row.state == RangeState.ACTIVE.value and _over(row.period):
        state, tone = "期別已過", "warn"
    unbooked = row.state == RangeState.UNBOOKED.value
    left = 0 if unbooked else row.end_no - row.next_no + 1
    spare = returnable(row.begin_no, row.end_no, row.next_no)
    owned = row.owner_kind != Owner.STOCK
    active = row.state == RangeState.ACTIVE.value
    return {
        "row": row,
        "owner": _owner_name(row),
        "span": f"{row.track} {row.begin_no:08d}–{row.end_no:08d}",
        "next": f"{row.track}{row.next_no:08d}" if left else "",
        "total": row.end_no - row.begin_no + 1,
        "used": (row.end_no + 1 if unbooked else row.next_no) - row.begin_no,
        "left": left,
        "state": state,
        "tone": tone,
        "spare_books": spare.count // BOOK if spare and owned and active else 0,
        "may_pause": active and owned and left,
        "may_resume": row.state == RangeState.PAUSED.value and left,
        "centre": registry.name_of(row.centre) if row.centre else "",
    }


def _over(period: str) -> bool:
    return Period.parse(period).last_day < clock.today()


def _owner_name(row: Any) -> str:
    if row.register is not None:
        return f"{row.register.store.name} {row.register.name}"
    return reads.WEB_NAME if row.owner_kind == Owner.WEB else reads.STOCK_NAME


def _blanks(period: Period) -> dict[str, Any]:
    spans = reads.blanks(period)
    return {
        "blanks": spans[:SHOWN_SPANS],
        "more_blanks": max(0, len(spans) - SHOWN_SPANS),
        "blank_count": sum(one.span.count for one in spans),
        "ranges_open": reads.ranges_open(period) if spans else 0,
    }


@desk_page(MANAGE, methods=("GET",))
def number_blanks(request: Any, period: str, kind: str) -> HttpResponse:
    """The blank numbers of a finished period as a file."""
    found = _period(period)
    return exported(exports.blanks(reads.blanks(found)), kind, f"blank-{found.code}")


@desk_page(MANAGE)
def number_import(request: Any) -> HttpResponse:
    """字軌匯入: all rows or none; every fault by its row."""
    posted = request.method == "POST"
    form = AllocationForm(request.POST, request.FILES) if posted else AllocationForm()
    rows: list[dict[str, Any]] = []
    if posted and form.is_valid():
        try:
            done = _import(request, form.cleaned_data["file"])
        except AllocationFileRefused as error:
            rows = error.params["rows"]
            form.add_error("file", error.message)
        except GuitaiError as error:
            form.refuse(error)
        else:
            then = COMPARE if done.paused else "接著請分配給 POS 機。"
            messages.success(
                request,
                f"匯入完成：新增 {done.added} 段、{done.numbers:,} 個號碼；"
                f"{done.known} 段先前已經匯入。{then}",
            )
            return redirect("desk:numbers")
    status = 422 if form.errors else 200
    return page(request, "numbers/import.html", status=status, form=form, faults=rows)


def _import(request: Any, upload: Any) -> services.ImportResult:
    # One byte more than allowed is read, so that the reader itself says that it is too long.
    data = upload.read(MAX_FILE + 1)
    return services.import_allocation(data, upload.name or "", actor_of(request.member))


# --- sharing out


@desk_page(MANAGE)
def number_share(request: Any, entity_id: UUID, period: str) -> HttpResponse:
    """分配: a proposal (evenly, by use), changed by hand, previewed, then done as previewed."""
    entity, wanted = tenancy.entity(entity_id), _period(period)
    owners = reads.candidates(entity_id, wanted)
    fields = [(_key(owner.ref), owner.name) for owner in owners]
    if request.method == "GET" and request.GET.get("way") not in {"hand", "preview"}:
        form = ShareForm(owners=fields, initial=_proposed(request, entity_id, wanted, owners))
        return _share_page(request, entity, wanted, owners, form, [])
    form = ShareForm(request.POST or request.GET, owners=fields)
    if not form.is_valid():
        return _share_page(request, entity, wanted, owners, form, [], status=422)
    books = form.books()
    given = {owner.ref: books[_key(owner.ref)] for owner in owners if books[_key(owner.ref)]}
    lines = reads.plan(entity_id, wanted, given, owners)
    if lines is None:
        form.refuse(_does_not_fit(entity_id, wanted, sum(given.values())))
        return _share_page(request, entity, wanted, owners, form, [], status=422)
    if request.method == "POST" and lines:
        if request.POST.get("seen") == _mark(lines):
            return _share(request, entity_id, wanted, given)
        messages.warning(request, "庫存剛剛變動過，請再看一次預覽。")
    return _share_page(request, entity, wanted, owners, form, lines)


def _key(ref: OwnerRef) -> str:
    return f"{ref.kind.value}-{ref.id}"


def _proposed(request: Any, entity_id: UUID, period: Period, owners: Any) -> dict[str, int]:
    way = request.GET.get("way", "")
    if way not in {"even", "use"}:
        return {}
    typed = request.GET.get("books", "")
    free = reads.books_free(entity_id, period)
    books = min(int(typed), free) if typed.isascii() and typed.isdigit() else free
    # The web channel takes part where it issues already: a shop without one must not lose books.
    taking = [o for o in owners if o.ref.kind is Owner.REGISTER or o.used_before or o.remaining]
    shares = reads.proposal(way, books, taking)
    return {_key(owner.ref): count for owner, count in zip(taking, shares, strict=True)}


def _does_not_fit(entity_id: UUID, period: Period, wanted: int) -> GuitaiError:
    free = reads.books_free(entity_id, period)
    if wanted > free:
        return NotEnoughBooks(available=free, wanted=wanted)
    return OrderOfNumbers()


def _mark(lines: list[reads.PlanLine]) -> str:
    """What the person saw, so that nothing else is done than that."""
    seen = repr([(_key(line.owner.ref), line.books, line.spans) for line in lines])
    return hashlib.sha256(seen.encode()).hexdigest()


def _share(
    request: Any, entity_id: UUID, period: Period, books: dict[OwnerRef, int]
) -> HttpResponse:
    total = sum(books.values())
    tried(
        request,
        lambda: services.distribute_by_hand(
            entity_id, period.code, books, actor_of(request.member)
        ),
        f"已分配 {total} 本（{total * BOOK:,} 個號碼）。",
    )
    return redirect(f"{reverse('desk:numbers')}?period={period.code}")


def _share_page(
    request: Any,
    entity: Any,
    period: Period,
    owners: list[reads.Candidate],
    form: ShareForm,
    lines: list[reads.PlanLine],
    status: int = 200,
) -> HttpResponse:
    return page(
        request,
        "numbers/share.html",
        status=status,
        entity=entity,
        period=period,
        free=reads.books_free(entity.id, period),
        over=period.last_day < clock.today(),
        owners=[{"owner": owner, "field": form[_key(owner.ref)]} for owner in owners],
        form=form,
        lines=lines,
        total=sum(line.books for line in lines),
        mark=_mark(lines) if lines else "",
        before="、".join(Period.parse(c).label for c in numbering.last_two(period)),
    )


# --- single ranges


def _back(period: str) -> HttpResponse:
    return redirect(f"{reverse('desk:numbers')}?period={period}")


@desk_page(MANAGE, methods=("POST",))
def number_take_back(request: Any, range_id: UUID) -> HttpResponse:
    """收回: unused whole books, from the end, back to the stock."""
    row = _range_row(range_id)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, "；".join(str(e) for errors in form.errors.values() for e in errors)
        )
        return _back(row.period)
    books = form.cleaned_data["books"]
    tried(
        request,
        lambda: services.take_back(range_id, actor_of(request.member), books=books),
        "已收回未使用的整本號碼到庫存。",
    )
    return _back(row.period)


@desk_page(MANAGE, methods=("POST",))
def number_pause(request: Any, range_id: UUID) -> HttpResponse:
    row = _range_row(range_id)
    tried(
        request,
        lambda: services.pause(range_id, actor_of(request.member)),
        "這段號碼已暫停，POS 機不會再用它開立。",
    )
    return _back(row.period)


@desk_page(MANAGE, methods=("POST",))
def number_resume(request: Any, range_id: UUID) -> HttpResponse:
    row = _range_row(range_id)
    tried(
        request,
        lambda: services.resume(range_id, actor_of(request.member)),
        "這段號碼已恢復使用。",
    )
    return _back(row.period)


@desk_page(MANAGE)
def number_reconcile(request: Any, range_id: UUID) -> HttpResponse:
    """核對: after a restore, what was issued since the backup is taken out of use."""
    row = _range_row(range_id)
    form = IssuedSinceForm(request.POST or None, initial={"first": _range(row)["next"]})
    if request.method == "POST" and form.takes(
        lambda typed: services.note_issued(range_id, actor=actor_of(request.member), **typed)
    ):
        messages.success(
            request, "這些號碼不會再開立，也不會列為空白發票。其餘號碼還暫停著，請按「恢復」。"
        )
        return _back(row.period)
    status = 422 if form.errors else 200
    return page(request, "numbers/reconcile.html", status=status, form=form, range=_range(row))


def _range_row(range_id: UUID) -> Any:
    row = numbering.ranges().filter(id=range_id).first()
    if row is None:
        raise NotFound
    return row


@desk_page(MANAGE, methods=("POST",))
def number_take(request: Any, register_id: UUID, which: str) -> HttpResponse:
    """取號: this or the next period's numbers from the register's centre."""
    register = tenancy.register(register_id, request.member)
    wanted, now = Which(which), numbering.current_period()
    period = now if wanted is Which.CURRENT else now.next()
    try:
        taken = centre_numbers.take_numbers(
            register.id, wanted, actor=actor_of(request.member), now=clock.now()
        )
    except GuitaiError as error:
        messages.error(request, error.message)
    else:
        compare = COMPARE if numbering.is_restored(period.code) else ""
        messages.success(request, f"「{register.name}」取得 {taken.count:,} 個號碼。{compare}")
    return _back(period.code)
