"""設備: the way from page to paper at every register, what is wrong and what to do (S3.14-15)."""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string

from guitai.backoffice import words_devices as words
from guitai.backoffice.access import context, desk_page, page
from guitai.backoffice.views.invoicing_base import links, typed, typed_id
from guitai.backoffice.words_invoicing import shown_job
from guitai.devices import queries as devices
from guitai.devices.models import Agent, AgentBeat
from guitai.devices.rules import AGENT_PAGE, Queue, standing
from guitai.devices.services import agents
from guitai.kernel import clock
from guitai.kernel.errors import NotFound
from guitai.orders import queries as orders
from guitai.tenancy import queries as tenancy
from guitai.tenancy.models import Register, TillSession
from guitai.tenancy.rules import Permission
from guitai_agent import knowledge

VIEW = Permission.REGISTER_SETTINGS
REFRESH_SECONDS = 5
_NO_QUEUE = Queue()


@desk_page(VIEW, methods=("GET",))
def device_list(request: Any) -> HttpResponse:
    """Every register that a person sees; htmx asks for the table alone, again and again."""
    seen = list(tenancy.registers(request.member))
    chosen = typed_id(request, "store")
    registers = [one for one in seen if chosen in {None, one.store_id}]
    rows = shown_registers(registers)
    troubles = sum(row["standing"].is_trouble for row in rows)
    if typed(request, "show") == "trouble":
        rows = [row for row in rows if row["standing"].is_trouble]
    live = _live(request, "devices/table.html", rows=rows, count=len(registers), troubles=troubles)
    if request.htmx:
        return live
    stores = {one.store_id: one.store.name for one in seen}
    return page(
        request,
        "devices/list.html",
        live=live.content.decode(),
        stores=links(
            request, "store", [("", "全部"), *((str(key), name) for key, name in stores.items())]
        ),
        shown=links(request, "show", [("", "全部"), ("trouble", "只看有狀況的")]),
        download=AGENT_PAGE,
    )


def _live(request: Any, template: str, **values: Any) -> HttpResponse:
    """A part that asks for itself again; 204 (htmx then swaps nothing) while it says the same."""
    html = render_to_string(f"desk/{template}", context(request, **values), request)
    mark = hashlib.sha256(html.encode()).hexdigest()[:16]
    if request.htmx and request.GET.get("mark") == mark:
        return HttpResponse(status=204)
    query = request.GET.copy()
    query["mark"] = mark
    shell = context(request, html=html, address=f"{request.path}?{query.urlencode()}")
    shell["seconds"] = REFRESH_SECONDS
    return HttpResponse(render_to_string("desk/devices/live.html", shell, request))


def shown_registers(registers: list[Register]) -> list[dict[str, Any]]:
    """The registers with what is known of their devices, in three reads however many they are."""
    ids = [register.id for register in registers]
    beats, queues = devices.beats(ids), devices.queues(ids)
    opened = dict(
        TillSession.objects.filter(register_id__in=ids, closed_at=None).values_list(
            "register_id", "opened_at"
        )
    )
    return [
        _shown(
            register,
            beats.get(register.id),
            queues.get(register.id, _NO_QUEUE),
            opened.get(register.id),
        )
        for register in registers
    ]


def _shown(register: Register, beat: AgentBeat | None, queue: Queue, opened: Any) -> dict[str, Any]:
    now = clock.now()
    stands = standing(
        beat, prints=bool(register.printer_profile), opened_at=opened, queue=queue, now=now
    )
    profile = (beat.profile if beat else "") or register.printer_profile
    findings = words.shown_findings(beat, stands, profile)
    return {
        "register": register,
        "beat": beat,
        "standing": stands,
        "state": words.standing_word(beat, stands, now),
        "tone": words.STANDINGS[stands.state][1],
        "hops": words.shown_hops(beat, stands),
        "findings": findings,
        "cause": words.cause_of(beat, stands, findings),
        "seen": words.ago_words(beat.seen_at, now) if beat else "",
        "source": words.SOURCES[beat.source] if beat else "",
        "agent": words.shown_version(beat),
        "printer": (beat.printer if beat else "") or profile_title(profile),
        "set_to": profile_title(register.printer_profile),
        "paper": words.paper_word(beat, stands),
        "queue": words.shown_queue(beat, queue),
        "drift": words.drift_words(beat.drift_ms) if beat else "",
    }


def profile_title(name: str) -> str:
    known = knowledge.profiles().get(name)
    return known.title if known else name


@desk_page(VIEW, methods=("GET",))
def device(request: Any, register_id: UUID) -> HttpResponse:
    """One register: its hops, what to do, its slips, the agent that joined for it."""
    found = tenancy.register(register_id, request.member)
    (row,) = shown_registers([found])
    open_ones = list(devices.open_jobs(found.id).defer("doc")[:50])
    recent = devices.recent_jobs(found.id)
    ended = [job for job in recent if job.state in {"done", "cancelled"}][:20]
    sold = orders.orders_of_subjects({job.subject_id for job in [*open_ones, *ended]})
    live = _live(
        request,
        "devices/health.html",
        row=row,
        open_jobs=[shown_job(job, sold.get(job.subject_id)) for job in open_ones],
        ended=[shown_job(job, sold.get(job.subject_id)) for job in ended],
    )
    if request.htmx:
        return live
    return page(
        request,
        "devices/one.html",
        live=live.content.decode(),
        register=found,
        agents=list(devices.agents().filter(register_id=found.id)),
        download=AGENT_PAGE,
    )


@desk_page(VIEW, methods=("GET",))
def device_picture(request: Any, name: str) -> HttpResponse:
    """A drawing of the book. Only ever an image: nothing in it may run or load anything."""
    try:
        drawing = knowledge.picture(name)
    except KeyError:
        raise NotFound from None
    answer = HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


@desk_page(VIEW, methods=("POST",))
def device_agent_code(request: Any, register_id: UUID) -> HttpResponse:
    """產生連線碼: shown once; it is in no address and no log."""
    found = tenancy.register(register_id, request.member)
    fresh = agents.open_join_code(found.id, request.member)
    return page(
        request,
        "devices/code.html",
        register=found,
        code=f"{fresh.code[:4]}-{fresh.code[4:]}",
        plain=fresh.code,
        expires_at=fresh.expires_at,
        server=request.build_absolute_uri("/").rstrip("/"),
    )


@desk_page(VIEW, methods=("POST",))
def device_agent_remove(request: Any, agent_id: UUID) -> HttpResponse:
    """移除: the agent's token is worth nothing from now on."""
    agents.remove(agent_id, request.member)
    messages.success(request, "列印程式已移除，它不能再經由伺服器連線；要恢復請重新產生連線碼。")
    return redirect("desk:device", Agent.objects.get(id=agent_id).register_id)
