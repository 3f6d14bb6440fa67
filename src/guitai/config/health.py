"""Is the process alive, can it do its work, and what does it count."""

import structlog
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")

log = structlog.get_logger("guitai.health")


def alive(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and no migration waits, else 503 with the reason."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        log.error(
            "not ready", problem=str(error)
        )  # addresses and names are not the asker's business
        return JsonResponse({"ready": False, "why": "database"}, status=503)
    if waiting:
        return JsonResponse({"ready": False, "why": "migrations wait"}, status=503)
    return JsonResponse({"ready": True})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; for the machine itself only.

    What a reverse proxy passes on comes from its own address, and says by its headers that it was
    passed on.
    """
    passed_on = any(name in request.META for name in FORWARDED)
    if passed_on or request.META.get("REMOTE_ADDR") not in {"127.0.0.1", "::1", None, ""}:
        return JsonResponse({"error": {"code": "GT-NOT-ALLOWED"}}, status=403)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
