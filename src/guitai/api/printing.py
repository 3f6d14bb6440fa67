"""Print jobs between the server and the page, which hands them to the agent."""

from guitai.api import shapes
from guitai.api.endpoints import Call
from guitai.api.errors import WrongShape
from guitai.devices import queries
from guitai.devices.models import PrintJob
from guitai.devices.rules import JobState
from guitai.kernel import clock
from guitai.orders import queries as orders
from guitai.orders import services


def listed(call: Call) -> shapes.JobsOut:
    """``state=waiting`` (also the default): every job whose outcome is still awaited."""
    wanted = call.query("state", "waiting")
    jobs = queries.open_jobs(call.register_id)
    if wanted != "waiting":
        if wanted not in set(JobState):
            raise WrongShape(field="state", detail=f"沒有「{wanted[:20]}」這個狀態")
        jobs = queries.jobs_in(call.register_id, wanted)
    return shapes.JobsOut(jobs=jobs_out(list(jobs)))


def jobs_out(jobs: list[PrintJob]) -> list[shapes.JobOut]:
    sold = orders.orders_of_subjects({job.subject_id for job in jobs})
    ids = {subject: order.id for subject, order in sold.items()}
    withdrawn = orders.withdrawn(jobs)
    return [
        shapes.JobOut(
            id=job.id,
            kind=job.kind,
            copy=job.copy,
            state=job.state,
            detail=job.detail,
            subject_id=job.subject_id,
            order_id=ids.get(job.subject_id),
            withdrawn=job.id in withdrawn,
            created_at=job.created_at,
        )
        for job in jobs
    ]


def slip(call: Call) -> services.Slip:
    job = queries.job(call.register_id, call.ids["id"])
    return services.slip_of(job, clock.now())


def report(call: Call) -> shapes.JobStateOut:
    body: shapes.JobStateIn = call.body
    job = services.report(call.register_id, call.ids["id"], body.state, body.detail, clock.now())
    return shapes.JobStateOut(job=jobs_out([job])[0])
