"""The audit trail: who changed what, when, from what to what, why."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse

from guitai.backoffice.access import desk_page, page
from guitai.backoffice.views.paging import filter_links, kept_query, paged
from guitai.backoffice.words import SUBJECTS, field_word, value_word, verb_word
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
    return page(
        request,
        "audit.html",
        rows=rows,
        entries=[_shown(entry) for entry in rows],
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


def _shown(entry: AuditEntry) -> dict[str, Any]:
    before, after = entry.before or {}, entry.after or {}
    return {
        "entry": entry,
        "verb": verb_word(entry.verb),
        "subject": SUBJECTS.get(entry.subject_kind, entry.subject_kind),
        "changes": [
            {
                "label": field_word(field),
                "before": value_word(field, before[field]) if field in before else None,
                "after": value_word(field, after[field]) if field in after else None,
            }
            for field in {**before, **after}
            if field in before or after[field] not in ("", None, [])
        ],
    }
