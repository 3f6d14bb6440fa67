"""The audit trail: who changed what, when, from what to what, why."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.views.invoicing_base import his_registers
from guitai.backoffice.views.paging import filter_links, kept_query, paged
from guitai.backoffice.words import SUBJECTS, field_word, in_order, value_word, verb_word
from guitai.kernel import clock, text
from guitai.kernel.models import AuditEntry
from guitai.tenancy.rules import Permission


@desk_page(Permission.VIEW_AUDIT, methods=("GET",))
def audit(request: Any) -> HttpResponse:
    found = AuditEntry.objects.order_by("-at", "-id")
    subject, who = request.GET.get("subject", ""), request.GET.get("who", "").strip()[:100]
    day = _day(request.GET.get("day", ""))
    if subject:
        found = found.filter(subject_kind=subject) if subject in SUBJECTS else found.none()
    if who:
        found = found.none() if text.first_fault(who) else found.filter(actor_name__icontains=who)
    if day is not None:
        begin = datetime.combine(day, time.min, clock.TAIPEI)
        found = found.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    rows = paged(request, found)
    registers = {
        str(register.id): f"{register.store.name} {register.name}"
        for register in his_registers(request.member)
    }
    return page(
        request,
        "audit.html",
        rows=rows,
        entries=[_shown(entry, registers) for entry in rows],
        subjects=filter_links(request, "subject", [("", "全部"), *SUBJECTS.items()]),
        subject=subject,
        who=who,
        day=day.isoformat() if day else "",
        query=kept_query(request),
    )


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        return None


def _shown(entry: AuditEntry, registers: dict[str, str]) -> dict[str, Any]:
    before, after = entry.before or {}, entry.after or {}

    def word(field: str, facts: dict[str, Any]) -> str | None:
        if field not in facts:
            return None
        if field == "owner_id":
            return registers.get(str(facts[field]), value_word(field, facts[field]))
        return value_word(field, facts[field])

    return {
        "entry": entry,
        "verb": verb_word(entry.verb),
        "subject": SUBJECTS.get(entry.subject_kind, entry.subject_kind),
        "changes": [
            {
                "label": field_word(field),
                # What stayed as it was is told once.
                "before": word(field, before) if before.get(field) != after.get(field) else None,
                "after": word(field, after),
            }
            for field in in_order({**before, **after})
            if field in before or after[field] not in ("", None, [])
        ],
    }
