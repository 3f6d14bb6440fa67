"""The worker: sends documents in a tight loop, and runs the jobs and schedules of all rooms.

``python -m guitai.config.worker``. SIGTERM ends it gracefully: what is on the wire is awaited, what
is only claimed goes back. It outlives restarts of the database, and a kill -9 at any point
is made good by the next worker (docs/flows/transmission.md).
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guitai.config.settings")

import django

log = logging.getLogger("guitai.worker")

IDLE_SECONDS = 0.5
BACK_AFTER_SECONDS = 1.0
JOB_THREADS = 4
STALLED_AFTER_SECONDS = 60.0


class TransmissionLoop(threading.Thread):
    """Ticks the engine until it is told to stop; starts anew where the database went away."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(name="transmission")
        self.stop = stop

    def run(self) -> None:
        from django.db import DatabaseError, InterfaceError, close_old_connections, connection
        from psycopg import Error as PsycopgError

        while not self.stop.is_set():
            try:
                self._send()
            except (DatabaseError, InterfaceError, PsycopgError) as error:
                log.warning("database went away, trying again: %s", error)
                connection.close()
                self.stop.wait(BACK_AFTER_SECONDS)
            except Exception:  # a mistake must not end the uploads of every merchant
                log.exception("transmission loop failed, starting again")
                self.stop.wait(BACK_AFTER_SECONDS)
            finally:
                close_old_connections()
        connection.close()

    def _send(self) -> None:
        from guitai.invoicing.services.transmission import Engine

        with Engine(stopping=self.stop.is_set) as engine:
            while not self.stop.is_set():
                if not engine.tick().busy:
                    self.stop.wait(IDLE_SECONDS)


def _worker_app() -> Any:
    """The jobs of all rooms on connections of the worker's own.

    A twin, so that jobs that defer further jobs still do so in Django's transaction.
    """
    from procrastinate.contrib.django import procrastinate_app

    known: Any = procrastinate_app.current_app
    twin = type(known)(
        connector=known.connector.get_worker_connector(),
        import_paths=known.import_paths,
        worker_defaults=known.worker_defaults,
    )
    twin.tasks, twin.periodic_registry = known.tasks, known.periodic_registry
    return twin


async def _retry_stalled(app: Any, stop: threading.Event) -> None:
    """Gives back, again and again, the jobs that a killed worker left half done."""
    while not stop.is_set():
        found = await app.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=STALLED_AFTER_SECONDS
        )
        for job in found:
            log.warning("job %s (%s) was left by a dead worker, running it again", job.id, job)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_AFTER_SECONDS / 2)


async def _run_jobs(stop: threading.Event) -> None:
    """Runs jobs until a signal; raises where the database went away."""
    app = _worker_app()
    async with app.open_async():
        rescuer = asyncio.create_task(_retry_stalled(app, stop))
        try:
            await app.run_worker_async(
                concurrency=JOB_THREADS,
                delete_jobs="successful",
                shutdown_graceful_timeout=20,
                name=f"worker-{os.getpid()}",
            )
        finally:
            rescuer.cancel()


def _run(stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            asyncio.run(_run_jobs(stop))
        except Exception:  # the database went away, or a mistake: jobs must go on
            log.exception("the job runner starts again")
            stop.wait(BACK_AFTER_SECONDS)
        else:
            return


def _open_metrics() -> None:
    port = os.environ.get("GUITAI_WORKER_METRICS_PORT", "")
    if port:
        from prometheus_client import start_http_server

        start_http_server(int(port), addr="127.0.0.1")


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns the exit status."""
    django.setup()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _open_metrics()
    sender = TransmissionLoop(stop)
    sender.start()
    try:
        _run(stop)
    finally:
        stop.set()
        sender.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
